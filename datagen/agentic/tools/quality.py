"""Whether a spec is one that a trainer, an API and a verifier can work with.

Two measures. Every tool must have a legal name and a valid schema whose references lead somewhere;
what else is wrong with a real tool is told in its flags, since a third of all tools in the wild
have a parameter that is not described. An evolved tool has no such excuse: `check(tool,
strict=True)` wants every parameter described and typed with an example, a result schema, hints that
agree with the state it touches, and its errors. Not checked: whether a description is true."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import (
    SchemaError,
    ValidationError,
)

from datagen.agentic.tools.keywords import SIGNS, pointer, schemas
from datagen.agentic.tools.names import LEGAL_NAME
from datagen.agentic.tools.plain import is_plain_and_valid
from datagen.agentic.tools.refs import REF_KEYS, Refs
from datagen.agentic.tools.shapes import HINTS
from datagen.schemas import Tool, ToolReason

Fault = tuple[ToolReason, str]
"""A reason and one line that says where."""
MIN_DESCRIPTION_WORDS = 3
"""Strict: below that a description repeats the name."""
_PARAMETER_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
"""Source: the pattern of property names in Anthropic's API reference."""
_UNIT = re.compile(
    r"(?i)\b(in|number|count|how many|amount|percent(age)?|degrees?|index|id|identifier|page|limit|"
    r"ratio|share|score|rank|rating|quantity|seconds?|minutes?|hours?|days?|weeks?|months?|years?|"
    r"met(er|re)s?|kilomet(er|re)s?|km|cm|mm|miles?|grams?|kg|kilograms?|lit(er|re)s?|bytes?|[kmg]i?b|"
    r"usd|eur|gbp|dollars?|euros?|cents?|hz|watts?|kwh|volts?|pixels?|celsius|fahrenheit|bpm|points?)\b"
    r"|[%°€$£]"
)
"""Words by which a numeric parameter says what it counts; own list, strict only."""


def schema_fault(schema: Mapping[str, Any]) -> Fault | None:
    """What is wrong with a schema that is 2020-12 already, if anything is."""
    try:
        if not is_plain_and_valid(schema):
            Draft202012Validator.check_schema(schema)
    except SchemaError as problem:
        return "bad_schema", _said(problem)
    except RecursionError:
        return "too_deep", "the schema is nested too deep to be checked"
    if _refers(schema) and (lost := Refs(schema).unresolvable()):
        return "unresolvable_ref", lost
    return None


def flags_of(description: str, schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with a tool but tolerated, by name."""
    found = {} if description else {"no_description": None}
    properties = schema.get("properties") or {}
    if not properties:
        found["no_parameters"] = None
    for name, part in properties.items():
        found |= dict.fromkeys(_property_flags(name, part))
    for _, inner in schemas(schema):
        kinds = inner.get("type")
        if kinds == "array" and not {"items", "prefixItems"} & inner.keys():
            found["untyped_items"] = None
        if inner is not schema and kinds == "object" and _is_free(inner):
            found["free_form_object"] = None
    if _refers(schema) and Refs(schema).recursive():
        found["recursive"] = None
    return list(found)


def check(tool: Tool, *, strict: bool = False) -> list[Fault]:
    """Everything that is wrong with a tool, in a fixed order; empty if nothing is."""
    faults: list[Fault] = []
    if not LEGAL_NAME.fullmatch(tool.name):
        faults.append(("bad_name", tool.name[:100]))
    for which, text in (("input_schema", tool.input_schema), ("output_schema", tool.output_schema)):
        schema = _object(text)
        if schema is None:
            if text or which == "input_schema":
                faults.append(("bad_schema", f"{which}: not the text of a JSON object"))
        elif fault := schema_fault(schema):
            faults.append((fault[0], f"{which}: {fault[1]}"))
    faults += [("contradictory_required", where) for where in _lost_required(tool)]
    if strict and not faults:
        faults += _strict(tool)
    return faults


def _property_flags(name: str, part: Any) -> Iterator[str]:
    if not _PARAMETER_NAME.fullmatch(name):
        yield "parameter_name_characters"
    if not isinstance(part, Mapping) or not part.get("description"):
        yield "undescribed_parameter"
    if not isinstance(part, Mapping) or not SIGNS & part.keys():
        yield "untyped_parameter"


def _refers(schema: Mapping[str, Any]) -> bool:
    return any(key in inner for _, inner in schemas(schema) for key in REF_KEYS)


def _is_free(schema: Mapping[str, Any]) -> bool:
    """Whether an object may hold anything under any name."""
    inside = {"properties", "patternProperties", "allOf", "anyOf", "oneOf", "$ref"}
    return not inside & schema.keys() and schema.get("additionalProperties", True) in (True, {})


def _lost_required(tool: Tool) -> list[str]:
    schema = _object(tool.input_schema) or {}
    properties, required = schema.get("properties", {}), schema.get("required", [])
    closed = schema.get("additionalProperties") is False and "patternProperties" not in schema
    lost = (
        [name for name in required if name not in properties]
        if closed and isinstance(required, list) and isinstance(properties, Mapping)
        else []
    )
    said = [f"{name} is required and may not be given" for name in lost]
    if "required_without_property" in tool.fixes:
        said.append("required names a parameter that there is not")
    return said


def _strict(tool: Tool) -> list[Fault]:
    schema = _object(tool.input_schema) or {}
    faults: list[Fault] = []
    if len(tool.description.split()) < MIN_DESCRIPTION_WORDS:
        faults.append(("no_description", "the tool is not described"))
    for name, part in schema.get("properties", {}).items():
        faults += _parameter_faults(name, part if isinstance(part, Mapping) else {}, schema)
    if not _object(tool.output_schema):
        faults.append(("no_output_schema", "the result has no schema"))
    return faults + list(_hint_faults(tool)) + list(_error_faults(tool))


def _parameter_faults(
    name: str, part: Mapping[str, Any], root: Mapping[str, Any]
) -> Iterator[Fault]:
    said = str(part.get("description", ""))
    if not said.strip():
        yield "undescribed_parameter", f"{name} is not described"
    kinds = part.get("type")
    if kinds is None and not {"$ref", "anyOf", "oneOf", "allOf", "const"} & part.keys():
        yield "incomplete", f"{name} has no type"
    counts = {"number", "integer"} & set(kinds if isinstance(kinds, list) else [kinds])
    if counts and not _UNIT.search(f"{said} {name.replace('_', ' ')}"):
        yield "incomplete", f"{name} is a number and its description does not say of what"
    examples = _examples(part)
    if not examples:
        yield "incomplete", f"{name} has no example"
    if any(not _fits(example, part, root) for example in examples):
        yield "incomplete", f"an example of {name} does not fit its own schema"


def _examples(part: Mapping[str, Any]) -> list[Any]:
    """Values that the schema itself offers."""
    for key in ("examples", "enum"):
        if isinstance(given := part.get(key), list) and given:
            return given
    given = [part[key] for key in ("const", "default") if key in part]
    return [True] if part.get("type") == "boolean" and not given else given


def _fits(example: Any, part: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    scope = {key: root[key] for key in ("$defs",) if key in root}
    validator = Draft202012Validator({**part, **scope})
    try:
        return bool(validator.is_valid(example))
    except Exception:  # a reference outside of the definitions: nothing can be said of the example
        return False


def _hint_faults(tool: Tool) -> Iterator[Fault]:
    hints = _object(tool.annotations) or {}
    missing = [hint for hint in HINTS[:2] if not isinstance(hints.get(hint), bool)]
    if missing:
        yield "incomplete", f"annotations without {' and '.join(missing)}"
    if not tool.reads and not tool.writes:
        yield "incomplete", "it neither reads nor writes any entity"
    reads_only = hints.get("readOnlyHint")
    if reads_only is True and tool.writes:
        yield "incomplete", f"read-only, and writes {', '.join(tool.writes)}"
    if reads_only is False and not tool.writes:
        yield "incomplete", "not read-only, and writes nothing"
    if reads_only is True and hints.get("destructiveHint") is True:
        yield "incomplete", "read-only and destructive"


def _error_faults(tool: Tool) -> Iterator[Fault]:
    try:
        errors = json.loads(tool.errors) if tool.errors else []
    except ValueError:
        errors = None
    if not isinstance(errors, list):
        yield "incomplete", "errors: not the text of a JSON list"
    elif not errors:
        yield "incomplete", "it has no errors"
    elif not all(
        isinstance(one, Mapping) and one.get("code") and one.get("when") for one in errors
    ):
        yield "incomplete", "an error without code or without when"


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _said(problem: ValidationError | SchemaError) -> str:
    where = pointer(tuple(problem.absolute_path))
    return " ".join(f"{where}: {problem.message}".split())[:300]
