"""A quick yes for schemas that use common keywords as the 2020-12 meta-schema says.

`jsonschema` needs a millisecond or more for a small schema, which is most of an import's time. What
is accepted here is valid; what is not is left to `jsonschema` to judge and to word, so that this
may be ignorant but not wrong (a property test compares the two)."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from datagen.agentic.tools.keywords import LISTS, MAPS, SCHEMAS, schemas
from datagen.agentic.tools.typenames import JSON_TYPES

_LOCAL_REF = re.compile(r"#(/[A-Za-z0-9_$.-]+)*")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_schema(value: Any) -> bool:
    return isinstance(value, Mapping | bool)


def _is_type(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, str) for one in value) and _distinct_types(value)
    return isinstance(value, str) and value in JSON_TYPES


def _distinct_types(value: list[str]) -> bool:
    return set(value) <= JSON_TYPES and len(set(value)) == len(value)


def _are_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(one, str) for one in value)
        and len(set(value)) == len(value)
    )


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except (re.error, RecursionError, OverflowError):
        return False


_FITS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("default", "const"), lambda value: True),
    **dict.fromkeys(("title", "description", "$comment", "format"), _is_text),
    **dict.fromkeys(("contentEncoding", "contentMediaType"), _is_text),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), _is_flag),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), _is_count),
    **dict.fromkeys(("enum", "examples"), lambda value: isinstance(value, list)),
    **dict.fromkeys(SCHEMAS - {"additionalItems"}, _is_schema),
    **dict.fromkeys(
        LISTS - {"items"},
        lambda value: isinstance(value, list) and bool(value) and all(map(_is_schema, value)),
    ),
    **dict.fromkeys(
        MAPS - {"definitions", "dependencies", "patternProperties"},
        lambda value: isinstance(value, Mapping) and all(map(_is_schema, value.values())),
    ),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "type": _is_type,
    "required": _are_names,
    "pattern": _is_pattern,
    "$ref": lambda value: isinstance(value, str) and bool(_LOCAL_REF.fullmatch(value)),
}
_LEFT_TO_JSONSCHEMA = {
    "additionalItems",
    "contentSchema",
    "definitions",
    "dependencies",
    "dependentRequired",
    "patternProperties",
}


def is_plain_and_valid(root: Mapping[str, Any]) -> bool:
    """Whether the schema is valid beyond doubt; False says nothing."""
    return all(_fits(key, value) for _, schema in schemas(root) for key, value in schema.items())


def _fits(key: str, value: Any) -> bool:
    if key in _LEFT_TO_JSONSCHEMA:
        return False
    if (fits := _FITS.get(key)) is not None:
        return fits(value)
    return not key.startswith("$")
