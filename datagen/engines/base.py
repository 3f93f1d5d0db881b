"""The one seam to models: `Engine.complete(request) -> Completion`.

Everything a pipeline knows about a model is in this file. Engines differ in where the model runs;
they agree on: many calls at a time, `EngineError` for what the server did wrong, a completion (also
an empty, truncated or refusing one) for what the model said.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

ROLES = ("rewriter", "agent", "user", "environment", "judge")
"""What a run asks engines for. One engine serves all roles of a run."""
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class RequestedCall:
    """A tool call as a model asked for it."""

    id: str
    name: str
    arguments: str
    """As the model wrote it: JSON text, or what should have been."""

    def as_dict(self) -> dict[str, Any]:
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.id, "type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[RequestedCall, ...] = ()
    """Of an assistant."""
    tool_call_id: str = ""
    """The call that a tool's message answers."""
    name: str = ""
    """Of the tool that answers."""

    def as_dict(self) -> dict[str, Any]:
        """The message as OpenAI's wire format has it."""
        plain: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            plain["tool_calls"] = [call.as_dict() for call in self.tool_calls]
        if self.tool_call_id:
            plain |= {"tool_call_id": self.tool_call_id, "name": self.name}
        return plain

    def identity(self) -> tuple[object, ...]:
        """What of it decides an answer."""
        calls = [(call.id, call.name, call.arguments) for call in self.tool_calls]
        more = (calls, self.tool_call_id, self.name) if calls or self.tool_call_id else ()
        return (self.role, self.content, *more)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn. Part of the run's identity."""

    temperature: float = 0.6
    top_p: float = 0.95
    max_tokens: int = 640
    seed: int = 0
    """In [0, 2**31). Equal seeds and requests give equal answers where the engine can promise
    it."""
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False
    """Generate exactly `max_tokens` (benchmarks only)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model."""

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    schema: Mapping[str, Any] | None = None
    """JSON Schema that the answer must satisfy (structured output)."""
    tools: tuple[Mapping[str, Any], ...] = ()
    """Tools that the model may call, in OpenAI's form: `{type: function, function: {name,
    description, parameters}}`. For models whose chat template knows tools."""
    row: str = ""
    """Id of the row that asks: requests of one row go to one replica, so that its prefix cache is
    hit."""
    attempt: int = 0
    """0 for the first try at this step, then 1, 2, …"""
    priority: float = 0.0
    """Work left in the row; higher is asked first. Tuning, not identity."""

    def digest(self) -> str:
        """Hash of everything that decides the answer (not of `row` or `priority`). 32 hex
        digits."""
        sampling = self.sampling
        parts: list[object] = [
            [message.identity() for message in self.messages],
            [
                sampling.temperature,
                sampling.top_p,
                sampling.max_tokens,
                sampling.seed,
                sampling.stop,
                sampling.ignore_eos,
            ],
            self.schema,
        ]
        if self.tools:
            parts.append(self.tools)
        text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered."""

    text: str
    finish_reason: FinishReason = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens answered from the prefix cache, where the engine says so."""
    model: str = ""
    tool_calls: tuple[RequestedCall, ...] = ()
    reasoning: str = ""
    """What the model thought, where the server keeps it apart from the answer."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the runner has to know about an engine before it asks it."""

    model: str
    """The model's resolved name; part of the run's identity."""
    concurrency: int
    """Requests the engine can use at a time (all replicas together)."""
    rows_in_flight: float = 1.0
    """Rows to keep open per unit of concurrency. Above 1 the longest can be asked first; at 1 a
    small prefix cache is not thrashed."""
    context_tokens: int | None = None
    """Longest prompt plus answer, where known."""
    extras: Mapping[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """A model that answers. Safe to call from many tasks of one event loop at a time."""

    async def start(self) -> EngineFacts:
        """Load or reach the model. Raises `RecipeError` if the user named something that is not
        there, `EngineError` if it doesn't answer."""
        ...

    async def complete(self, request: Request) -> Completion:
        """Answer one request. Raises `EngineError` after its own retries."""
        ...

    async def close(self) -> None:
        """Release the model; idempotent."""
        ...
