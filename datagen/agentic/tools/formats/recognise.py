"""Tool specs at any depth of a JSON value.

A spec is recognised by a name together with a schema of arguments, by its vendor's wrapper, or by
standing among specs. What looks alike is left alone: a call (`arguments` with values), a prompt,
a `package.json`, the properties of a JSON Schema. Nothing inside a spec is looked at, so that a
nested parameter is never a tool."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from datagen.agentic.tools.formats.found import TOOL_LISTS, Context, Found, Unreadable
from datagen.agentic.tools.formats.parse import parsed
from datagen.agentic.tools.keywords import SIGNS
from datagen.agentic.tools.shapes import INPUT_KEYS, OUTPUT_KEYS

STRONG_KEYS = ("inputSchema", "input_schema", "args_schema")
"""Keys that hold the schema of a tool's arguments and nothing else."""
SPEC_KEYS = {"name", "title", "description", "desc", "annotations", "icons", "_meta", "type"} | {
    "strict",
    "version",
    "enabled",
    "tags",
    "execution",
    *INPUT_KEYS,
    *OUTPUT_KEYS,
}
"""All keys of an object that is a tool by the company it keeps."""
MAX_TEXT_BYTES = 16 << 20
"""JSON inside of a JSON text, as datasets keep their tools, is read up to here."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value on the way, and how it is held."""

    value: Any
    context: Context
    place: tuple[str | int, ...] = ()
    listed: bool = False
    """Among tools."""
    expected: bool = False
    """Where only a tool can be meant, whatever it looks like."""


def walk(start: Node) -> Iterator[Found]:
    """The specs in a value, in order; no recursion."""
    stack = [start]
    while stack:
        node = stack.pop()
        value = node.value
        if isinstance(value, Mapping):
            if node.expected or is_tool(value, listed=node.listed):
                yield Found(value, node.context, place_text(node.place))
            else:
                stack.extend(reversed(list(_inside_object(node, value))))
        elif isinstance(value, list):
            stack.extend(reversed(list(_inside_list(node, value))))


def is_tool(value: Mapping[str, Any], *, listed: bool = False) -> bool:
    """Whether an object is a tool spec; `listed` if it stands among tools."""
    for key in ("function", "toolSpec"):
        inner = value.get(key)
        if isinstance(inner, Mapping) and isinstance(inner.get("name"), str):
            return "name" not in value and (_says(inner) or _takes(inner))
    name = value.get("name")
    if not isinstance(name, str | None) or isinstance(value.get("description"), Mapping):
        return False
    if any(isinstance(value.get(key), Mapping) for key in STRONG_KEYS):
        return True
    if name is None:
        return False
    return _takes(value) or (listed and _says(value) and value.keys() <= SPEC_KEYS)


def place_text(place: tuple[str | int, ...]) -> str:
    return "".join(f"/{step}" for step in place)[:500]


def _inside_object(node: Node, value: Mapping[str, Any]) -> Iterator[Node]:
    context = node.context.inside(value)
    for key, part in value.items():
        place = (*node.place, str(key))
        in_tools = key in TOOL_LISTS
        if isinstance(part, str):
            part = _json_inside(part) if in_tools or key == "tool" else None
        if in_tools and isinstance(part, Mapping):
            yield from _by_name(part, context, place)
        elif isinstance(part, Mapping):
            expected = key == "tool" and isinstance(value.get("server"), str)
            yield Node(part, context, place, expected=expected)
        elif isinstance(part, list) and key != "prompts":
            yield Node(part, context, place, listed=in_tools)


def _inside_list(node: Node, value: list[Any]) -> Iterator[Node]:
    tools = [isinstance(part, Mapping) and is_tool(part, listed=node.listed) for part in value]
    known = any(tools)
    for index, part in enumerate(value):
        place = (*node.place, index)
        if isinstance(part, Mapping):
            yield Node(part, node.context, place, known or node.listed, known and node.listed)
        elif isinstance(part, list):
            yield Node(part, node.context, place)
        elif known and node.listed:
            yield Node({"not_an_object": part}, node.context, place, expected=True)


def _by_name(tools: Mapping[str, Any], context: Context, place: tuple[str | int, ...]) -> Any:
    """Tools as an object by name; another kind of object is walked like any."""
    for name, part in tools.items():
        named = isinstance(part, Mapping) and "name" not in part and is_tool({**part, "name": name})
        value = {"name": name, **part} if named else part
        yield Node(value, context, (*place, str(name)))


def _says(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("description", value.get("desc")), str)


def _takes(value: Mapping[str, Any]) -> bool:
    """Whether it states the arguments that it takes, rather than gives some."""
    for key in INPUT_KEYS:
        given = value.get(key)
        if isinstance(given, list) and given and key in ("arguments", "parameters"):
            return all(_is_argument(one) for one in given)
        if isinstance(given, Mapping) and key != "arguments":
            empty = not given and _says(value) and value.keys() <= SPEC_KEYS
            if empty or _is_object_schema(given):
                return True
    return False


def _is_argument(one: Any) -> bool:
    # A prompt's arguments have neither a type nor `desc`.
    return (
        isinstance(one, Mapping)
        and isinstance(one.get("name"), str)
        and (isinstance(one.get("type"), str | list) or isinstance(one.get("desc"), str))
    )


def _is_object_schema(given: Mapping[str, Any]) -> bool:
    if isinstance(given.get("properties"), Mapping | list):
        return True
    kind = given.get("type")
    if isinstance(kind, str) and kind.lower() in ("object", "dict"):
        return True
    if {"$ref", "anyOf", "oneOf", "allOf"} & given.keys():
        return True
    return bool(given) and all(
        isinstance(part, Mapping) and SIGNS & part.keys() for part in given.values()
    )


def _json_inside(text: str) -> Any:
    if text[:1] not in ("[", "{") or len(text) > MAX_TEXT_BYTES:
        return None
    value = parsed(text.encode("utf-8", "replace"), "")
    return None if isinstance(value, Unreadable) else value
