"""How a runtime answers calls that never reach a tool: unknown ones, and bad arguments.

Codes are a closed set; messages are bounded, whatever the call held."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from datagen.agentic.environment.base import Result
from datagen.agentic.nouns import ToolCall

Code = Literal["unknown_tool", "broken_json", "oversized_arguments", "invalid_arguments"]
MAX_ARGUMENT_CHARS = 50_000
"""Longest arguments that are looked at; a hundred times what the longest real call holds."""
MAX_DEPTH = 40
"""Levels of a value; real arguments and results have under ten, and Python's stack ends at some
hundred."""
MESSAGE_CHARS = 300
Oddity = Literal["not_finite", "too_deep", "half_a_character"]


def error_text(code: str, message: str) -> str:
    return json.dumps({"error": {"code": code, "message": _short(message)}}, ensure_ascii=False)


def refusal(call: ToolCall, validators: Mapping[str, Draft202012Validator]) -> Result | None:
    """The answer to a call that no tool gets to see; None: it is a call that fits."""
    if call.name not in validators:
        return _answer("unknown_tool", f"Unknown tool: {call.name[:80]}")
    if isinstance(call.arguments, str):
        return _answer("broken_json", "The arguments are not the text of a JSON object.")
    if argument_size(call.arguments) > MAX_ARGUMENT_CHARS:
        return _answer("oversized_arguments", f"Arguments over {MAX_ARGUMENT_CHARS:,} characters.")
    odd = oddity(call.arguments)
    if odd == "not_finite":
        return _answer("broken_json", "NaN and Infinity are not JSON.")
    if odd == "too_deep":
        return _answer("invalid_arguments", f"Nested deeper than {MAX_DEPTH} levels.")
    if fault := misfit(validators[call.name], call.arguments):
        return _answer("invalid_arguments", f"Invalid arguments for {call.name}: {fault}")
    return None


def misfit(validator: Draft202012Validator, value: Any) -> str:
    """How a value fails its schema, in a line; empty if it fits."""
    try:
        problem = best_match(validator.iter_errors(value))
    except RecursionError:
        return "nested too deep"
    if problem is None:
        return ""
    where = "/".join(map(str, problem.absolute_path))
    return _short(f"{where}: {problem.message}" if where else problem.message)


def argument_size(arguments: Any) -> int:
    """Characters of the strings and keys in a value, without making text of all of it."""
    size, rest = 0, [arguments]
    while rest and size <= MAX_ARGUMENT_CHARS:
        value = rest.pop()
        if isinstance(value, Mapping):
            size += sum(len(str(key)) for key in value)
            rest.extend(value.values())
        elif isinstance(value, Sequence) and not isinstance(value, str):
            size += len(value)
            rest.extend(value)
        else:
            size += len(value) if isinstance(value, str) else 8
    return size


def oddity(value: Any) -> Oddity | None:
    """What makes a value unfit for JSON that others read; None: nothing. Takes no stack."""
    rest: list[tuple[Any, int]] = [(value, 0)]
    while rest:
        one, depth = rest.pop()
        if depth > MAX_DEPTH:
            return "too_deep"
        if isinstance(one, Mapping):
            rest.extend((inner, depth + 1) for pair in one.items() for inner in pair)
        elif isinstance(one, list | tuple):
            rest.extend((inner, depth + 1) for inner in one)
        elif isinstance(one, float) and not math.isfinite(one):
            return "not_finite"
        elif isinstance(one, str) and not is_whole(one):
            return "half_a_character"
    return None


def is_whole(text: str) -> bool:
    """False for what no file takes: JSON can hold half of a surrogate pair."""
    return text.isascii() or text.encode("utf-8", "replace").decode() == text


def _answer(code: Code, message: str) -> Result:
    return Result(error_text(code, message), is_error=True)


def _short(message: str) -> str:
    clean = message.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= MESSAGE_CHARS else clean[:MESSAGE_CHARS] + "…"
