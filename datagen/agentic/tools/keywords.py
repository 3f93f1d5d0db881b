"""Where the schemas inside a JSON Schema are.

Every walk goes by keyword, so that a parameter that happens to be called `type`, `required` or
`definitions` is never taken for the keyword, and examples, enums and defaults are never taken for
schemas."""

from collections.abc import Iterator, Mapping
from typing import Any

SCHEMAS = {
    "items",
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
}
"""Keywords that hold a schema."""
LISTS = {"allOf", "anyOf", "items", "oneOf", "prefixItems"}
"""Keywords that hold a list of schemas; `items` did until draft 2019-09."""
MAPS = {"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties"} | {
    "properties"
}
"""Keywords that hold schemas by name."""
SIGNS = (
    SCHEMAS
    | LISTS
    | MAPS
    | {"$ref", "const", "enum", "format", "maximum", "minimum", "pattern", "required", "type"}
)
"""Keywords by which an object is recognised as a schema."""

Place = tuple[str | int, ...]
"""Steps from the root of a schema to a part of it."""


def parts(schema: Mapping[str, Any]) -> Iterator[tuple[Place, Any]]:
    """The schemas directly inside a schema, with the steps to them; whatever stands there."""
    for key, value in schema.items():
        if key in LISTS and isinstance(value, list):
            yield from (((key, index), part) for index, part in enumerate(value))
        elif key in MAPS and isinstance(value, Mapping):
            yield from (((key, name), part) for name, part in value.items())
        elif key in SCHEMAS:
            yield (key,), value


def schemas(root: Any) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """The schema and all schemas inside it, outer ones first; booleans are left out."""
    stack: list[tuple[Place, Any]] = [((), root)]
    while stack:
        place, one = stack.pop()
        if isinstance(one, Mapping):
            yield place, one
            inner = [((*place, *steps), part) for steps, part in parts(one)]
            stack.extend(reversed(inner))


def pointer(place: Place) -> str:
    """The place as people write it: `properties/city`; `the schema` for the root."""
    return "/".join(str(step) for step in place) or "the schema"
