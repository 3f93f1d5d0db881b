"""The field that tells an entity's records apart: what it is called, and which values fit it
wherever a tool takes or gives it."""

import random
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from datagen.agentic.domains.compiling.entities import EntityDraft
from datagen.agentic.domains.compiling.parameters import Kind
from datagen.agentic.domains.compiling.plans import Field
from datagen.agentic.domains.compiling.values import Values
from datagen.agentic.domains.compiling.words import words_of

_LIMITS = ("minimum", "maximum", "minLength", "maxLength", "pattern", "format", "enum")


def key_field(entity: EntityDraft) -> Field | None:
    """The id of an entity; None where its tools want what no value is."""
    names = [
        binding.parameter.name
        for bindings in entity.bindings.values()
        for binding in bindings
        if binding.role == "key" and len(binding.parameter.path) == 1
    ]
    name = next((one for one in names if one == "id"), names[0] if names else "id")
    if entity.natural and (known := entity.fields.found.get(entity.key_words)) is not None:
        name = known.name
    kind = _kind(entity.keys)
    schema = _agreed(entity.keys)
    if kind is None or schema is None:
        return None
    made = Field(name, words_of(name), kind, {"type": kind, **schema}, nullable=False)
    return made if not schema or _can_be_drawn(made) else None


def _can_be_drawn(key: Field) -> bool:
    values = Values(random.Random(0), date(2026, 1, 1))
    return values.drawn(key.words, key.kind, key.schema, key.words, named=False) is not None


def _kind(schemas: Sequence[Mapping[str, Any]]) -> Kind | None:
    """Numbers where one tool takes nothing else: text that spells them fits the others."""
    kinds = {str(schema.get("type", "string")) for schema in schemas} or {"string"}
    if not kinds <= {"string", "integer", "number"}:
        return None
    if "string" not in kinds:
        return "integer"
    return "string" if kinds == {"string"} else None


def _agreed(schemas: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    made: dict[str, Any] = {}
    for schema in schemas:
        for limit in _LIMITS:
            if limit not in schema:
                continue
            if made.get(limit, schema[limit]) != schema[limit]:
                return None
            made[limit] = schema[limit]
        if "examples" not in made and isinstance(schema.get("examples"), list):
            made["examples"] = schema["examples"]
    return made
