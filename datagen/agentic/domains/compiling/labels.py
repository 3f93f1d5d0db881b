"""What people call the records of an entity."""

from collections.abc import Collection

from datagen.agentic.domains.compiling.fields import Fields
from datagen.agentic.domains.compiling.names import is_person
from datagen.agentic.domains.compiling.words import Words

_LABELS: tuple[Words, ...] = (
    ("name",),
    ("title",),
    ("subject",),
    ("label",),
    ("summary",),
    ("headline",),
    ("full", "name"),
    ("display", "name"),
    ("question",),
    ("content",),
    ("text",),
    ("body",),
    ("description",),
)
_PERSONS: tuple[Words, ...] = (
    ("name",),
    ("full", "name"),
    ("display", "name"),
    ("username",),
    ("last", "name"),
    ("email",),
)
_NAMELESS = frozenset(
    "order invoice payment transaction shipment booking reservation refund message comment reply "
    "log measurement reading entry transfer receipt delivery claim transcript quote trade position "
    "rating review vote reaction webhook subscription statement alert notification".split()
)
"""Things that go by their number, not by a name."""
_OTHERS = frozenset("first last given family middle user file host domain".split())
"""In front of `name`: of something else than the record."""


def label_of(noun: Words, fields: Fields, held: Collection[str]) -> str:
    """Name of the field that people call a record by; empty: they don't. `held`: fields that a tool
    takes for one. Where no tool names one, records of things that have names get one."""
    if held:
        return sorted(held)[0]
    names = _PERSONS if is_person(noun) else _LABELS
    for words in names[:2] if noun[-1] in _NAMELESS else names:
        known = fields.found.get(words)
        if known is not None and known.kind == "string" and not known.options:
            return known.name
    if any(words[-1] == "name" and words[0] not in _OTHERS for words in fields.found):
        return ""
    if noun[-1] in _NAMELESS or (is_person(noun) and fields.get(("last", "name"))):
        return ""
    made = fields.add(("name",), "string", {}, promised=True)
    return made.name if made is not None else ""
