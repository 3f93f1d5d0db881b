"""How an agent's turn is asked for and read: through the engine's tools, or as JSON under a schema.

`native`: tools go to the engine, whose chat template or server writes and parses calls. `schema`:
the tools stand in the system message and the turn is one JSON object, `{"calls": […]}` or
`{"say": …}`; small models whose templates know no tools, or which write calls in other markup,
need it. Both give the same turns, so what is written down doesn't tell them apart. A model's answer
is never trusted: what can't be read is a `Fault`, what is no JSON object stays text."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from datagen.agentic.nouns import ToolCall, Turn
from datagen.engines.base import Completion, Message, RequestedCall

Calling = Literal["native", "schema"]
FaultReason = Literal[
    "truncated",
    "empty_turn",
    "broken_json",
    "wrong_role",
    "oversized_turn",
    "too_many_calls",
    "filtered",
    "request_refused",
    "repeated_call",
]
MAX_TURN_CHARS = 20_000
"""Longest text or arguments of one turn; a thousand times what a call needs."""
MAX_PARALLEL = 8
"""Calls of one turn."""
_ROLE = re.compile(r"\s*(?:<\|im_start\|>)?(?:user|human|system|tool)\s*(?:\n|:\s)", re.IGNORECASE)
_THOUGHT = re.compile(r"\s*<think>(.*?)(?:</think>|\Z)\s*", re.DOTALL)
INSTRUCTIONS = """\
You can use these tools:
{tools}

Answer with one JSON object and nothing else. To use tools:
{{"calls": [{{"name": "…", "arguments": {{…}}}}]}}
To speak to the user, when you need to ask something or when the work is done:
{{"say": "…"}}
Use only ids and figures that stand in the conversation. What you don't have, look up with a tool \
or ask the user for. Never make a call twice that was answered."""
AFTER_RESULTS = """\
If this is all you need, report it to the user with {"say": "…"}; else make the next call."""
"""Stands under results. Without it Qwen2.5-Coder-0.5B made the same call until its turns were used
up in 10 of 12 rollouts."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a completion is no turn."""

    reason: FaultReason
    detail: str = ""
    text: str = ""
    """What came, at most `MAX_TURN_CHARS` of it."""


@dataclass(frozen=True, slots=True)
class ToolForm:
    """A tool as a model sees it."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    def openai(self) -> dict[str, Any]:
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": dict(self.parameters),
        }
        return {"type": "function", "function": function}


def native_messages(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """The conversation for an engine that takes tools."""
    return tuple(
        Message(
            turn.role,
            turn.content,
            tuple(
                RequestedCall(call.id, call.name, arguments_text(call.arguments))
                for call in turn.tool_calls
            ),
            turn.tool_call_id,
            turn.name,
        )
        for turn in turns
    )


def schema_messages(turns: Sequence[Turn], tools: Sequence[ToolForm]) -> tuple[Message, ...]:
    """The conversation for an engine that knows no tools. Results come as the user's messages,
    those of one turn together."""
    made: list[Message] = []
    for number, turn in enumerate(turns):
        if turn.role == "system":
            listed = INSTRUCTIONS.format(tools="\n".join(map(_listed, tools)))
            made.append(Message("system", f"{turn.content}\n\n{listed}"))
        elif turn.role == "assistant":
            made.append(Message("assistant", _as_action(turn)))
        elif turn.role == "tool":
            result = f"Result of {turn.name}: {turn.content}"
            if turns[number - 1].role == "tool":
                result = f"{made.pop().content}\n{result}"
            if number + 1 == len(turns) or turns[number + 1].role != "tool":
                result = f"{result}\n{AFTER_RESULTS}"
            made.append(Message("user", result))
        else:
            made.append(Message("user", turn.content))
    return tuple(made)


def action_schema(tools: Sequence[ToolForm], *, parallel: int) -> dict[str, Any]:
    """JSON Schema of a turn: calls of known tools with arguments that fit, or words; without tools
    words only."""
    words = _closed({"say": {"type": "string"}})
    if not tools:
        return words
    calls = [
        _closed({"name": {"const": tool.name}, "arguments": dict(tool.parameters)})
        for tool in tools
    ]
    items = {"anyOf": calls} if len(calls) > 1 else calls[0]
    several = {"type": "array", "items": items, "minItems": 1, "maxItems": parallel}
    return {"anyOf": [_closed({"calls": several}), words]}


def read_turn(completion: Completion, calling: Calling, *, counter: int) -> Turn | Fault:
    """The agent's turn that a completion holds. `counter` numbers its first call."""
    size = len(completion.text) + sum(len(call.arguments) for call in completion.tool_calls)
    text = completion.text[:MAX_TURN_CHARS]
    if size > MAX_TURN_CHARS:
        return Fault("oversized_turn", f"{size:,} characters", text)
    if completion.finish_reason == "length":
        return Fault("truncated", f"cut off after {completion.completion_tokens} tokens", text)
    if completion.finish_reason == "content_filter":
        return Fault("filtered", "the server withheld the answer", text)
    if len(completion.tool_calls) > MAX_PARALLEL:
        return Fault("too_many_calls", f"{len(completion.tool_calls)} calls in one turn", text)
    said, thought = _split_thoughts(completion)
    found = _action(said, counter) if calling == "schema" else _native(completion, said, counter)
    if isinstance(found, Fault):
        return found
    words, calls = found
    if not words.strip() and not calls:
        return Fault("empty_turn", "neither words nor calls", text)
    if _ROLE.match(words):
        return Fault("wrong_role", words[:80], text)
    return Turn(
        role="assistant", content=words.strip(), reasoning=thought, tool_calls=calls, train=True
    )


def arguments_text(arguments: Mapping[str, Any] | str) -> str:
    """A call's arguments as the wire has them."""
    return arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()


def call_id(name: str, counter: int) -> str:
    """`functions.{name}:{n}`, n counted over the dialogue. Source: arXiv 2507.20534, appendix B."""
    return f"functions.{name}:{counter}"


def _native(completion: Completion, said: str, counter: int) -> tuple[str, tuple[ToolCall, ...]]:
    calls = tuple(
        ToolCall(
            id=call_id(call.name, counter + number),
            name=call.name[:200],
            arguments=_parsed(call.arguments),
        )
        for number, call in enumerate(completion.tool_calls)
    )
    return said, calls


def _action(said: str, counter: int) -> tuple[str, tuple[ToolCall, ...]] | Fault:
    """What a JSON action says, read strictly: one object with `calls` or `say`."""
    action = json_object(said)
    if action is None:
        return Fault("broken_json", said[:200], said)
    if isinstance(action.get("say"), str) and "calls" not in action:
        return action["say"], ()
    calls = action.get("calls")
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        return Fault("broken_json", "neither `calls` nor `say`", said)
    if len(calls) > MAX_PARALLEL:
        return Fault("too_many_calls", f"{len(calls)} calls in one turn", said)
    made = []
    for number, call in enumerate(calls):
        name, arguments = call.get("name"), call.get("arguments", {})
        if not isinstance(name, str) or not isinstance(arguments, dict):
            return Fault("broken_json", "a call without name or arguments", said)
        made.append(
            ToolCall(id=call_id(name, counter + number), name=name[:200], arguments=arguments)
        )
    return "", tuple(made)


def _parsed(arguments: str) -> dict[str, Any] | str:
    """Arguments as an object; the text as it came where it holds none."""
    found = json_object(arguments or "{}")
    return arguments if found is None else found


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is; None where it is none that every reader takes."""
    try:
        found = json.loads(text, parse_constant=_refuse)
        orjson.dumps(found)  # TypeError for what no wire takes: half a surrogate pair, 10**40
    except (ValueError, TypeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _split_thoughts(completion: Completion) -> tuple[str, str]:
    """What was said and what was thought, where the server left both in the text."""
    if completion.reasoning:
        return completion.text, completion.reasoning[:MAX_TURN_CHARS]
    if found := _THOUGHT.match(completion.text):
        return completion.text[found.end() :], found[1].strip()
    return completion.text, ""


def _as_action(turn: Turn) -> str:
    if not turn.tool_calls:
        return json.dumps({"say": turn.content}, ensure_ascii=False)
    calls = [{"name": call.name, "arguments": call.arguments} for call in turn.tool_calls]
    return json.dumps({"calls": calls}, ensure_ascii=False)


def _listed(tool: ToolForm) -> str:
    properties = tool.parameters.get("properties") or {}
    required = set(tool.parameters.get("required") or ())
    arguments = ", ".join(
        f"{name}{'' if name in required else '?'}: {_type(schema)}"
        for name, schema in properties.items()
    )
    return f"- {tool.name}({arguments}): {tool.description}"


def _type(schema: Any) -> str:
    if not isinstance(schema, Mapping):
        return "any"
    if "enum" in schema:
        return "|".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    return str(schema.get("type", "any"))


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
