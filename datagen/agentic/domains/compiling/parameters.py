"""The parameters of an input schema, flat: what each is called, of which kind it is, where it
stands.

Unions with null count as what else they hold, references within the schema are followed, and an
object that is there to wrap all arguments (`body`, `data`) is opened one level. What no value can
be drawn for is of kind `other`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from datagen.agentic.domains.compiling.words import Words, words_of
from datagen.agentic.tools.refs import Refs

Kind = Literal["string", "integer", "number", "boolean", "strings", "other"]
KINDS: Mapping[str, Kind] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
WRAPPERS = frozenset(
    "arguments args attributes body data fields input options params payload props properties "
    "record request update updates values".split()
)
CONDITIONS = frozenset(
    ("allOf", "anyOf", "oneOf", "not", "if", "dependentRequired", "dependentSchemas", "$ref")
)
"""Keywords at the root of a schema by which arguments depend on each other."""
MOST_PARAMETERS = 60
"""More than any tool has whose call a person would ask for: 5,177 real ones have at most 47."""
MOST_REFERENCES = 8
_TYPES = frozenset("str int bool obj dict arr".split())
"""Last words of names that only repeat the type."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument that a tool takes."""

    path: tuple[str, ...]
    """Keys from the root of the arguments; more than one inside a wrapper."""
    words: Words
    kind: Kind
    schema: Mapping[str, Any]
    """Resolved, without null."""
    required: bool

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def options(self) -> tuple[Any, ...]:
        """Values of its enum; empty where it has none."""
        if "const" in self.schema:
            return (self.schema["const"],)
        values = self.schema.get("enum")
        return tuple(v for v in values if v is not None) if isinstance(values, list) else ()

    def given(self, arguments: Mapping[str, Any]) -> Any:
        """Its value in a call's arguments; None where it is not given, or null."""
        value: Any = arguments
        for key in self.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def put(self, arguments: dict[str, Any], value: Any) -> None:
        """Write a value into a call's arguments."""
        holder = arguments
        for key in self.path[:-1]:
            holder = holder.setdefault(key, {})
        holder[self.path[-1]] = value


def parameters_of(schema: Mapping[str, Any], noun: Words = ()) -> list[Parameter] | None:
    """The parameters; None where the schema is not one of plain arguments. `noun`: what the tool
    is about; an object of that name wraps its fields."""
    if CONDITIONS & schema.keys():
        return None
    properties = schema.get("properties") or {}
    refs = refs_of(schema)
    required = _names(schema)
    found: list[Parameter] = []
    for name, raw in properties.items():
        part = resolved(raw, refs)
        if _wraps(name, part, len(properties), noun):
            inside = part.get("properties") or {}
            needed = _names(part) if name in required else set()
            found += [
                _parameter((name, key), resolved(one, refs), required=key in needed)
                for key, one in inside.items()
            ]
            if name in required and not needed and not inside:
                return None
        else:
            found.append(_parameter((name,), part, required=name in required))
    if len(found) > MOST_PARAMETERS or not required <= set(properties):
        return None
    return found


def _parameter(path: tuple[str, ...], schema: Mapping[str, Any], *, required: bool) -> Parameter:
    words = words_of(path[-1])
    if len(words) > 1 and words[-1] in _TYPES:
        words = words[:-1]
    return Parameter(path, words, kind_of(schema), schema, required)


def _wraps(name: str, part: Mapping[str, Any], count: int, noun: Words) -> bool:
    if part.get("type") != "object" or not part.get("properties"):
        return False
    words = words_of(name)
    return CONDITIONS.isdisjoint(part) and (
        name.lower() in WRAPPERS or words == noun or words[-1:] == noun[-1:] or count == 1
    )


def kind_of(schema: Mapping[str, Any]) -> Kind:
    """The kind of the values that fit a resolved schema."""
    kind = schema.get("type")
    if kind is None and isinstance(schema.get("enum"), list):
        values = [value for value in schema["enum"] if value is not None]
        return "string" if values and all(isinstance(v, str) for v in values) else "other"
    if isinstance(kind, str) and kind in KINDS:
        return KINDS[kind]
    if kind == "array":
        items = schema.get("items")
        return (
            "strings" if isinstance(items, Mapping) and items.get("type") == "string" else "other"
        )
    return "other"


def refs_of(schema: Mapping[str, Any]) -> Refs | None:
    """The references of a schema that has some."""
    return Refs(schema) if "$defs" in schema or "definitions" in schema else None


def resolved(schema: Any, refs: Refs | None) -> Mapping[str, Any]:
    """The schema behind references and unions with null: of several kinds the first."""
    made: dict[str, Any] = dict(schema) if isinstance(schema, Mapping) else {}
    for _ in range(MOST_REFERENCES):
        inner = _inner(made, refs)
        if inner is None:
            break
        made = {key: v for key, v in made.items() if key not in ("anyOf", "oneOf", "allOf", "$ref")}
        made = {**inner, **made}
    kinds = made.get("type")
    if isinstance(kinds, list):
        kept = [kind for kind in kinds if kind != "null"]
        made["type"] = "string" if "string" in kept else kept[0] if kept else "null"
    return made


def _inner(schema: Mapping[str, Any], refs: Refs | None) -> Mapping[str, Any] | None:
    """The next schema on the way to what a union or a reference means."""
    if isinstance(ref := schema.get("$ref"), str):
        try:
            target = refs.target(ref) if refs is not None else None
        except KeyError:
            return None
        return target if isinstance(target, Mapping) else None
    for key in ("anyOf", "oneOf", "allOf"):
        choices = schema.get(key)
        if isinstance(choices, list) and (key != "allOf" or len(choices) == 1):
            real = [c for c in choices if isinstance(c, Mapping) and c.get("type") != "null"]
            if real:
                return next((one for one in real if one.get("type") in KINDS), real[0])
    return None


def _names(schema: Mapping[str, Any]) -> set[str]:
    named = schema.get("required")
    return {name for name in named if isinstance(name, str)} if isinstance(named, list) else set()
