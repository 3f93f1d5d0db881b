"""Type names of other languages and libraries, as JSON Schema says them.

Source of the list: the types that occur in BFCL's function documents (`dict`, `float`, `tuple`,
Java's and JavaScript's names), Gemini's declarations (upper case), Docker's registry, OpenAPI
formats used as types, and Python annotations rendered as text. A name that is not here stays as it
is, and the schema is refused for it."""

from typing import Any

JSON_TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}
MAX_TYPE_CHARS = 100
"""Longer than any union of names seen; `[]` and `|` recurse."""
_NAMES: dict[str, dict[str, Any]] = {
    **{name: {"type": "object"} for name in ("dict", "map", "hashmap", "hashtable", "dictionary")},
    **{name: {"type": "object"} for name in ("mapping", "record", "struct", "json")},
    **{name: {"type": "array"} for name in ("list", "tuple", "arraylist", "set", "sequence")},
    **{name: {"type": "number"} for name in ("float", "double", "decimal", "numeric", "float64")},
    **{name: {"type": "integer"} for name in ("int", "long", "short", "byte", "bigint", "int32")},
    **{name: {"type": "integer"} for name in ("int64", "uint", "uint32", "uint64")},
    **{name: {"type": "string"} for name in ("str", "text", "char", "character", "file", "path")},
    **{name: {"type": "string"} for name in ("enum", "choice", "password", "base64")},
    **{name: {"type": "boolean"} for name in ("bool", "flag")},
    **{name: {"type": "null"} for name in ("none", "nonetype", "void")},
    **{name: {} for name in ("any", "mixed", "unknown", "")},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "date-time": {"type": "string", "format": "date-time"},
    "timestamp": {"type": "string", "format": "date-time"},
    "email": {"type": "string", "format": "email"},
    "url": {"type": "string", "format": "uri"},
    "uri": {"type": "string", "format": "uri"},
    "uuid": {"type": "string", "format": "uuid"},
}


def typed(name: str) -> dict[str, Any] | None:
    """The schema that a type name means: empty for any value, None for a name nobody knows."""
    if len(name) > MAX_TYPE_CHARS:
        return None
    known = name.strip().lower()
    if known in JSON_TYPES:
        return {"type": known}
    if known in _NAMES:
        return dict(_NAMES[known])
    if known.endswith("[]"):
        items = typed(known[:-2])
        return None if items is None else {"type": "array", "items": items}
    if "|" in known:
        return _union([typed(part) for part in known.split("|")])
    return None


def _union(found: list[dict[str, Any] | None]) -> dict[str, Any] | None:
    if any(part is None or set(part) - {"type"} for part in found):
        return None
    names = [part.get("type") for part in found if part is not None]
    return {} if None in names else {"type": list(dict.fromkeys(names))}
