"""The parts of a tool spec, wherever a vendor puts them.

MCP (`inputSchema`, `outputSchema`, `annotations`), OpenAI (`{type: function, function: {…}}`, also
flat), Anthropic (`input_schema`), Bedrock (`toolSpec`), Gemini and BFCL (`parameters`), Docker's
registry (`arguments` as a list). Nothing is judged here; what stands in the place of a schema is
passed on as it is."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datagen.agentic.tools.keywords import SIGNS

INPUT_KEYS = ("inputSchema", "input_schema", "parameters", "args_schema", "schema", "arguments")
OUTPUT_KEYS = ("outputSchema", "output_schema", "returns", "response")
WRAPPERS = ("function", "toolSpec", "tool")
"""Keys whose value is the spec itself."""
HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
"""Source: `ToolAnnotations` of the MCP schema, 2025-11-25."""
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
"""Characters that a reader does not see and a model does: controls, bidi overrides, tags."""


@dataclass(slots=True)
class Shape:
    """The parts of one spec as they came."""

    name: Any = None
    title: str = ""
    description: str = ""
    input: Any = None
    output: Any = None
    annotations: dict[str, Any] = field(default_factory=dict)
    fixes: dict[str, None] = field(default_factory=dict)


def unwrapped(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The spec inside its wrapper, if it has one."""
    for key in WRAPPERS:
        inner = raw.get(key)
        if isinstance(inner, Mapping) and "name" not in raw:
            return inner
    return raw


def shape(raw: Mapping[str, Any]) -> Shape:
    """The parts of a spec of any vendor."""
    spec = unwrapped(raw)
    found = Shape(name=spec.get("name"))
    found.input = _schema(spec, INPUT_KEYS, found)
    found.output = _schema(spec, OUTPUT_KEYS, found)
    notes = spec.get("annotations")
    if isinstance(notes, Mapping):
        found.annotations = _hints(notes, found)
        found.title = _text(notes.get("title"), found)
    found.title = _text(spec.get("title"), found) or found.title
    found.description = _text(spec.get("description", spec.get("desc")), found)
    return found


def _schema(spec: Mapping[str, Any], keys: tuple[str, ...], found: Shape) -> Any:
    for key in keys:
        if spec.get(key) is None:
            continue
        given = spec[key]
        if isinstance(given, Mapping) and set(given) == {"json"}:
            given = given["json"]
        if isinstance(given, list) and keys is INPUT_KEYS:
            found.fixes["flat_arguments"] = None
            return {"type": "object", "properties": given}
        return _bare(given, found)
    return None


def _bare(given: Any, found: Shape) -> Any:
    """Parameters by name without the object around them, as some hand-written specs have them."""
    if not isinstance(given, Mapping) or not given or SIGNS & given.keys():
        return given
    if not all(isinstance(part, Mapping) and SIGNS & part.keys() for part in given.values()):
        return given
    found.fixes["bare_properties"] = None
    return {"type": "object", "properties": given}


def _hints(notes: Mapping[str, Any], found: Shape) -> dict[str, Any]:
    """What the source states, without what is not a hint's value."""
    kept = {
        key: value
        for key, value in notes.items()
        if isinstance(value, bool) or (key not in HINTS and value is not None)
    }
    if any(key in HINTS and key not in kept for key in notes):
        found.fixes["annotation_values"] = None
    return kept


def _text(given: Any, found: Shape) -> str:
    """Text without what hides in it and without the indentation of a docstring."""
    if not isinstance(given, str):
        if given is not None:
            found.fixes["description_shape"] = None
        return ""
    seen = _HIDDEN.sub("", given.replace("\r\n", "\n"))
    if len(seen) != len(given.replace("\r\n", "\n")):
        found.fixes["hidden_characters"] = None
    clean = inspect.cleandoc(seen).strip()
    if clean != seen:
        found.fixes["description_whitespace"] = None
    return clean
