"""The fields of an entity, as its tools name them one after another.

Two names are one field where they differ by the entity's own name or by `new`: `task_title`,
`new_title`, `title`. What several tools say of it must agree; what is narrower holds."""

import re
from collections.abc import Mapping
from typing import Any

from datagen.agentic.domains.compiling.parameters import Kind
from datagen.agentic.domains.compiling.plans import Field
from datagen.agentic.domains.compiling.words import Words, camel, snake

TYPES = {"strings": "array"}
"""JSON types of kinds that are not called so."""
_BEFORE = frozenset(("new", "updated", "initial"))
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength")
_KEPT = ("format", "pattern", "multipleOf", "items", "minItems", "maxItems", *_BOUNDS)
_SAME: Mapping[Words, Words] = {
    ("desc",): ("description",),
    ("qty",): ("quantity",),
    ("state",): ("status",),
    ("deadline",): ("due", "date"),
    ("due",): ("due", "date"),
}
"""Names that mean one thing; only looked at where the entity has the other one already."""
_QUOTED = re.compile(r"(?<!\w)(?:'([A-Za-z][\w -]{1,24})'|\"([A-Za-z][\w -]{1,24})\")(?!\w)")
MOST_SAID, MOST_SHOWN = 400, 12
_EITHER = frozenset(("all", "any", "*", "", "both", "none"))
"""Options of a filter that hold nothing against a field."""


class Fields:
    """Collects the fields of one entity."""

    def __init__(self, noun: Words, *, camels: bool, marks: frozenset[str] = frozenset()) -> None:
        """`marks`: first words of parameters that mean nothing."""
        self.noun = noun
        self.marks = marks
        self.camels = camels
        self.found: dict[Words, Field] = {}

    def canonical(self, words: Words) -> Words:
        """The words of a field without the entity's name and `new`."""
        while len(words) > 1 and (words[0] in _BEFORE or words[0] in self.marks):
            if words[1] in ("at", "by", "on", "date", "time"):  # updated_at
                break
            words = words[1:]
        for size in range(len(self.noun), 0, -1):
            if len(words) > size and words[:size] == self.noun[-size:]:
                words = words[size:]
                break
        if words not in self.found and (other := _SAME.get(words)) in self.found:
            assert other is not None
            return other
        return words

    def get(self, words: Words) -> Field | None:
        return self.found.get(self.canonical(words))

    def add(
        self,
        words: Words,
        kind: Kind,
        schema: Mapping[str, Any],
        *,
        refers: str = "",
        promised: bool = False,
        written: bool = False,
        filters: bool = False,
    ) -> Field | None:
        """The field of that name with what one more tool says of it; None where that contradicts
        what others said. `promised`: a result always holds it."""
        canonical = self.canonical(words)
        kept = {"type": TYPES.get(kind, kind), **_kept(schema, filters=filters)}
        known = self.found.get(canonical)
        if known is None:
            name = camel(canonical) if self.camels else snake(canonical)
            made = Field(name, canonical, kind, kept, refers, not promised, written)
        else:
            merged = _merged(known, kind, kept)
            if merged is None:
                return None
            made = Field(
                known.name,
                canonical,
                *merged,
                known.refers or refers,
                known.nullable and not promised,
                known.writable or written,
            )
        self.found[canonical] = made
        return made


def _kept(schema: Mapping[str, Any], *, filters: bool) -> dict[str, Any]:
    kept = {key: schema[key] for key in _KEPT if key in schema}
    options = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if isinstance(options, list):
        options = [value for value in options if value is not None]
        if filters:
            options = [value for value in options if str(value).lower() not in _EITHER]
        if options:
            kept["enum"] = options
    if "enum" not in kept and (shown := shown_values(schema)):
        kept["examples"] = shown
    return kept


def shown_values(schema: Mapping[str, Any]) -> list[Any]:
    """Values that a description quotes, at least two: "one of 'low' and 'high'"."""
    said = schema.get("description")
    if schema.get("type") not in ("string", "array") or not isinstance(said, str):
        return []
    quoted = _QUOTED.findall(said[:MOST_SAID])
    found = list(dict.fromkeys(one or other for one, other in quoted))
    return found if 2 <= len(found) <= MOST_SHOWN else []


def _merged(
    known: Field, kind: Kind, schema: Mapping[str, Any]
) -> tuple[Kind, dict[str, Any]] | None:
    """Kind and schema that both agree to."""
    kinds = {known.kind, kind}
    if len(kinds) > 1 and kinds != {"integer", "number"}:
        return None
    made = dict(known.schema)
    for key, value in schema.items():
        if key not in made:
            made[key] = value
        elif key == "enum":
            both = [one for one in made["enum"] if one in value]
            if not both:
                return None
            made["enum"] = both
        elif key in ("minimum", "exclusiveMinimum", "minLength", "minItems"):
            made[key] = max(made[key], value)
        elif key in ("maximum", "exclusiveMaximum", "maxLength", "maxItems"):
            made[key] = min(made[key], value)
        elif key not in ("type", "examples") and made[key] != value:
            return None
    agreed: Kind = "integer" if "integer" in kinds else known.kind
    return agreed, made | {"type": TYPES.get(agreed, agreed)}
