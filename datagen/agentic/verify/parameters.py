"""The values of a call's arguments, each with what its schema says of it.

References inside the schema are followed and alternatives (`anyOf` and the like) taken together: a
value may be an option, or have the default, of any of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from datagen.agentic.nouns import ToolCall
from datagen.agentic.verify.toolset import Toolset

MOST_STEPS = 20
"""References and alternatives inside each other that are followed; a schema may lead back to
itself."""
MAX_DEPTH = 30
_ALTERNATIVES = ("anyOf", "oneOf", "allOf")


def values(call: ToolCall, tools: Toolset) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """Path, value and schema of every leaf of the arguments."""
    if call.name not in tools or not isinstance(call.arguments, dict):
        return
    schema = tools[call.name].schema
    yield from _leaves(call.arguments, schema, schema, "")


def _leaves(
    value: Any, schema: Any, root: Mapping[str, Any], path: str, depth: int = 0
) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    part = _whole(schema, root)
    if isinstance(value, dict) and depth < MAX_DEPTH:
        for key, inner in value.items():
            there = part["properties"].get(key, {})
            yield from _leaves(inner, there, root, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(value, list) and depth < MAX_DEPTH:
        items = _whole(part.get("items", {}), root)
        said = f"{part['description']} {items['description']}"
        for inner in value:
            yield from _leaves(inner, {**items, "description": said}, root, path, depth + 1)
    else:
        yield path, value, part


def _whole(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """What a schema and those that it refers to say together of options, default, description,
    properties and items."""
    made: dict[str, Any] = {"enum": [], "properties": {}, "description": ""}
    waiting, steps = [schema], 0
    while waiting and steps < MOST_STEPS:
        part, steps = waiting.pop(0), steps + 1
        if not isinstance(part, Mapping):
            continue
        options = part.get("enum")
        made["enum"] += options if isinstance(options, list) else []
        made["enum"] += [part["const"]] if "const" in part else []
        made["description"] = f"{made['description']} {part.get('description') or ''}".strip()
        for key in ("default", "items"):
            if key in part:
                made.setdefault(key, part[key])
        properties = part.get("properties")
        if isinstance(properties, Mapping):
            made["properties"] = {**properties, **made["properties"]}
        if isinstance(ref := part.get("$ref"), str):
            waiting.append(_target(ref, root))
        for key in _ALTERNATIVES:
            waiting += part[key] if isinstance(part.get(key), list) else []
    return made


def _target(ref: str, root: Mapping[str, Any]) -> Any:
    """What a reference into the schema itself points at; None where that is not there."""
    found: Any = root
    for step in ref.removeprefix("#").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if ref.startswith("#") else None
