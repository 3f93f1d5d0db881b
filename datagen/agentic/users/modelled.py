"""A user played by a model: structured output, each move checked, a faulty one asked for again.

The model sees the conversation as a transcript, not as a chat with swapped roles, so that it isn't
drawn into the assistant's role."""

from collections.abc import Sequence
from typing import Any

from datagen.agentic.calling import json_object
from datagen.agentic.nouns import Task, Turn
from datagen.agentic.prompting import filled
from datagen.agentic.users.moves import MAX_MESSAGE_CHARS, Move, UserFault, fault_of
from datagen.engines.base import Completion, Message, Request, Sampling
from datagen.schemas import derived_seed
from datagen.stage import Ask

ROLE = "user"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"finished": {"type": "boolean"}, "message": {"type": "string"}},
    "required": ["finished", "message"],
    "additionalProperties": False,
}


class ModelledUser:
    """Plays users with the run's user engine."""

    def __init__(
        self, *, attempts: int, temperature: float, max_tokens: int, tools: Sequence[str]
    ) -> None:
        self.attempts = attempts
        self.temperature = temperature
        self.max_tokens = max_tokens
        self.tools = tools

    async def reply(
        self, task: Task, turns: Sequence[Turn], *, row: str, seed: int, ask: Ask
    ) -> tuple[Move | UserFault, list[UserFault]]:
        faults: list[UserFault] = []
        for attempt in range(self.attempts):
            request = self._request(task, turns, row, seed, attempt)
            move = _read(await ask(ROLE, request))
            if isinstance(move, Move):
                fault = fault_of(task, turns, move, self.tools)
                if fault is None:
                    return move, faults
                faults.append(fault)
            else:
                faults.append(move)
        return faults[-1], faults

    def _request(
        self, task: Task, turns: Sequence[Turn], row: str, seed: int, attempt: int
    ) -> Request:
        known = "\n".join(f"- {name}: {value}" for name, value in task.known.items())
        system = filled(
            "user",
            name=task.persona.name,
            style=task.persona.style,
            request=task.request,
            known=known or "- nothing more",
        )
        shown = "\n".join(_line(turn) for turn in turns if _line(turn))
        return Request(
            messages=(
                Message("system", system),
                Message("user", f"The conversation so far:\n{shown}\n\nYour next message:"),
            ),
            sampling=Sampling(
                temperature=self.temperature,
                max_tokens=self.max_tokens,
                seed=derived_seed(seed, row, "user", len(turns), attempt),
            ),
            schema=SCHEMA,
            row=row,
            attempt=attempt,
        )


def _line(turn: Turn) -> str:
    """What the user sees of a turn: words, no tools."""
    if turn.role == "user":
        return f"You: {turn.content}"
    if turn.role == "assistant" and turn.content:
        return f"Assistant: {turn.content}"
    return ""


def _read(completion: Completion) -> Move | UserFault:
    if completion.finish_reason == "length":
        return UserFault("user_truncated")
    said = json_object(completion.text) or {}
    message, finished = said.get("message"), said.get("finished")
    if not isinstance(message, str) or not isinstance(finished, bool):
        return UserFault("user_broken_json", completion.text[:200])
    if len(message) > MAX_MESSAGE_CHARS:
        return UserFault("user_leak", f"a message of {len(message):,} characters")
    return Move(message.strip(), finished)
