"""From a tool as the model specified it to a row of the repository, with everything it claims
checked.

The model's types and examples are words and text; here they become JSON Schema. A fault has a
reason from the closed set and a sentence that the model is told when it is asked again. Not
checked: whether a description is true of what the tool would do; no model in the loop says that."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeVar

import orjson
from pydantic import ValidationError

from datagen.agentic.tools.evolve.answers import (
    LIMITED,
    Answer,
    Application,
    Outline,
    Parameter,
    ToolAnswer,
    touched,
)
from datagen.agentic.tools.evolve.verbs import effects_of
from datagen.engines.base import Completion
from datagen.schemas import ToolReason

_TYPES: Mapping[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "list_of_strings": {"type": "array", "items": {"type": "string"}},
    "list_of_integers": {"type": "array", "items": {"type": "integer"}},
    "list_of_objects": {"type": "array", "items": {"type": "object"}},
}
FORM_WORDS = {"code", "when", "error", "errors", "name"}
"""What a model takes from the asked form where it has no error code to give."""
NO_UNIT = {"none", "n/a", "-", "no unit"}
MIN_DESCRIPTION_WORDS = 5
"""A description below that names the tool again; of 5,194 real tools one in 20 is shorter."""
_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,10})?")
_WORD = re.compile(r"[^\W_]+")


EvolveReason = Literal[
    "bad_example",
    "contradictory_hints",
    "copied_example",
    "no_answer",
    "operator_not_applied",
    "unknown_entity",
    "unknown_error",
]
"""Why a model's tool is refused, beside what any tool is refused for."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an answer."""

    reason: EvolveReason | ToolReason
    said: str
    """For the model and for the reject: one sentence without its full stop."""


A = TypeVar("A", bound=Answer)


def read_answer(completion: Completion, form: type[A]) -> A | Fault:
    """The answer in its form, or why it is not one. A cut answer is not looked into."""
    if completion.finish_reason == "length":
        return Fault("truncated", "the answer was longer than allowed; be brief")
    if not completion.text.strip():
        return Fault("no_answer", "the answer was empty")
    try:
        content = orjson.loads(completion.text)
    except orjson.JSONDecodeError:
        return Fault("not_json", "the answer was not one JSON object")
    if not isinstance(content, dict):
        return Fault("not_an_object", "the answer was not one JSON object")
    try:
        return form.model_validate(content)
    except ValidationError as problem:
        mistake = problem.errors()[0]
        where = ".".join(str(part) for part in mistake["loc"])
        return Fault("incomplete", f"{where}: {mistake['msg'].lower()}")


def outline_fault(outline: Outline, count: int) -> Fault | None:
    """What is wrong with an outline that has the right form, if anything is."""
    for what, names in (
        ("entity", [entity.name for entity in outline.entities]),
        ("error code", [error.code for error in outline.errors]),
        ("tool", [tool.name for tool in outline.tools]),
    ):
        if repeated := _repeated(names):
            return Fault("duplicate", f"the {what} {repeated} stands there twice")
    if echoed := FORM_WORDS & {error.code for error in outline.errors}:
        return Fault("incomplete", f"{sorted(echoed)[0]} is no error code")
    purposes = [" ".join(_words(tool.purpose)) for tool in outline.tools]
    if repeated := _repeated(purposes):
        return Fault("duplicate", f"two tools have the same purpose: {repeated}")
    if len(outline.tools) != count:
        return Fault("incomplete", f"there must be {count} tools (there are {len(outline.tools)})")
    return None


def tool_fault(
    tool: ToolAnswer, application: Application, *, new_errors: bool = False
) -> Fault | None:
    """The first thing that is wrong with a tool of this application, if anything is."""
    return next(_faults(tool, application, new_errors), None)


def _faults(tool: ToolAnswer, application: Application, new_errors: bool) -> Iterator[Fault]:
    yield from _description_faults(tool)
    yield from _state_faults(tool, application)
    yield from _hint_faults(tool)
    codes = [error.code for error in tool.errors]
    known = application.error_codes
    if repeated := _repeated(codes):
        yield Fault("duplicate", f"the error {repeated} stands there twice")
    for code in codes:
        if code not in known and not new_errors:
            yield Fault("unknown_error", f"{code} is not one of the errors {', '.join(known)}")
    for kind, names in (
        ("parameter", [parameter.name for parameter in tool.parameters]),
        ("result field", [field.name for field in tool.result]),
    ):
        if repeated := _repeated(names):
            yield Fault("bad_schema", f"the {kind} {repeated} stands there twice")
    for parameter in tool.parameters:
        yield from _parameter_faults(parameter)


def _description_faults(tool: ToolAnswer) -> Iterator[Fault]:
    said = _words(tool.description)
    if len(said) < MIN_DESCRIPTION_WORDS or said == _words(tool.name):
        yield Fault("no_description", "the description must say what the tool does in a sentence")
    for name, text in [
        *((p.name, p.description) for p in tool.parameters),
        *((f.name, f.description) for f in tool.result),
    ]:
        if not set(_words(text)) - set(_words(name)):
            yield Fault("undescribed_parameter", f"{name}: the description only repeats the name")


def _state_faults(tool: ToolAnswer, application: Application) -> Iterator[Fault]:
    names = application.entity_names
    for entity in sorted(touched(tool)):
        if entity not in names:
            yield Fault("unknown_entity", f"{entity} is not one of {', '.join(names)}")
    if not touched(tool):
        yield Fault("unknown_entity", f"it must read or write one of {', '.join(names)}")
    for entities in (tool.state.reads, tool.state.writes):
        if repeated := _repeated(entities):
            yield Fault("duplicate", f"the entity {repeated} stands there twice")


def _hint_faults(tool: ToolAnswer) -> Iterator[Fault]:
    """Where the effect, the entities and the tool's name don't say the same."""
    effect = tool.state.effect
    if tool.read_only and tool.state.writes:
        yield Fault("contradictory_hints", "its effect is reads but writes names entities")
    if not tool.read_only and not tool.state.writes:
        yield Fault("contradictory_hints", f"its effect is {effect} but writes is empty")
    if effect not in (fitting := effects_of(tool.name)):
        said = f"{tool.name} by its name {' or '.join(fitting)}, but its effect is {effect}"
        yield Fault("contradictory_hints", said)


def _parameter_faults(parameter: Parameter) -> Iterator[Fault]:
    name = parameter.name
    if parameter.type == "number" and _unit(parameter) is None and not parameter.values:
        yield Fault("incomplete", f"{name}: a number needs a unit such as minutes, EUR or percent")
    if _repeated(parameter.values):
        yield Fault("bad_schema", f"{name}: values holds a value twice")
    if parameter.values and parameter.type not in LIMITED:
        yield Fault("bad_schema", f"{name}: only strings and numbers are limited to values")
        return
    try:
        example = example_value(parameter.type, parameter.example)
        values = [example_value(parameter.type, value) for value in parameter.values]
    except ValueError:
        yield Fault("bad_example", f"{name}: example and values must be of type {parameter.type}")
        return
    if values and example not in values:
        yield Fault("bad_example", f"{name}: the example must be one of values")


def example_value(kind: str, text: str) -> Any:
    """The value that the text spells in this type. Raises `ValueError` if it spells none."""
    text = text.strip()
    if kind == "string" and text:
        return text
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind == "date":
        return date.fromisoformat(text).isoformat()
    if kind == "datetime" and len(text) > len("2026-01-01"):
        moment = datetime.fromisoformat(text)
        return moment.isoformat() + ("" if moment.tzinfo else "Z")
    if kind in ("list_of_strings", "list_of_integers") and text:
        entries = [part.strip().strip("\"'") for part in text.strip("[]").split(",")]
        return [example_value(kind[len("list_of_") : -1], entry) for entry in entries]
    raise ValueError(text)


def mcp_spec(tool: ToolAnswer) -> dict[str, Any]:
    """The tool as an MCP server would list it, with its state and its errors beside."""
    properties = {parameter.name: _property(parameter) for parameter in tool.parameters}
    results = {f.name: {**_TYPES[f.type], "description": f.description} for f in tool.result}
    return {
        "name": tool.name,
        "title": tool.name.replace("_", " ").capitalize(),
        "description": " ".join(tool.description.split()),
        "inputSchema": _object(properties, [p.name for p in tool.parameters if p.required]),
        "outputSchema": _object(results, list(results)),
        "annotations": {
            "readOnlyHint": tool.read_only,
            "destructiveHint": tool.destructive,
            "idempotentHint": tool.state.idempotent,
        },
        "reads": sorted(tool.state.reads),
        "writes": sorted(tool.state.writes),
        "errors": [error.model_dump() for error in tool.errors],
    }


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return {**schema, "additionalProperties": False}


def _property(parameter: Parameter) -> dict[str, Any]:
    """The parameter's schema; a unit stands in the description, where every trainer reads it."""
    description = " ".join(parameter.description.split())
    if unit := _unit(parameter):
        description = f"{description.rstrip('.')} (in {unit})"
    schema = {**_TYPES[parameter.type], "description": description}
    if parameter.values:
        schema["enum"] = [example_value(parameter.type, value) for value in parameter.values]
    return {**schema, "examples": [example_value(parameter.type, parameter.example)]}


def _unit(parameter: Parameter) -> str | None:
    unit = parameter.unit.strip()
    return None if unit.lower() in NO_UNIT else unit


def _repeated(names: Sequence[str]) -> str | None:
    return next((name for name in names if names.count(name) > 1), None)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def as_json(value: Any) -> str:
    """JSON text with keys in the order they have: schemas are read by people too."""
    return json.dumps(value, ensure_ascii=False)
