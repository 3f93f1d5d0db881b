"""How users speak of records, fields and values: literally, in words that people use."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from datagen.agentic.domains.compiling.names import is_person
from datagen.agentic.domains.compiling.plans import EntityPlan, Field
from datagen.agentic.domains.compiling.texts import TEXTS
from datagen.agentic.domains.compiling.words import Words, human, spoken_noun, spoken_nouns

Record = Mapping[str, Any]
_BARE = frozenset(
    "email phone url link website path filename file address id code sku number key city country "
    "symbol ticker coin currency language color status state priority severity type kind category "
    "role department date time day timezone version barcode slug username".split()
)
"""Last words of fields whose values stand without quotation marks."""
_DAYS: Mapping[str, str] = {
    "created": "creation date",
    "updated": "date of the last update",
    "archived": "archiving date",
    "completed": "completion date",
    "closed": "closing date",
    "started": "start date",
    "published": "publication date",
}
_SMALL = frozenset("in on to of up at by no go".split())
_VAGUE = frozenset(("of",))


def spoken(value: Any, field: Field) -> str:
    """A value as it stands in a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return listed([spoken(one, field) for one in value])
    if field.options and isinstance(value, str):
        return option(value)
    if not isinstance(value, str):
        return str(value)
    last = field.words[-1] if field.words else ""
    if field.refers or (last in _BARE and field.words[0] not in TEXTS):
        return value
    return value if _is_name(value, field) or value[:1].isdigit() else f"“{value}”"


def option(value: str) -> str:
    """One of a list of options, as people say it: `IN_PROGRESS` is in progress."""
    parts = value.split("_")
    if any(len(part) < 3 and part.lower() not in _SMALL for part in parts):
        return value
    said = " ".join(parts)
    return said.lower() if value.isupper() and len(value) > 4 else said


def listed(values: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(values[:-1]), values[-1]))) if values else ""


def called(plan: EntityPlan, record: Record) -> str:
    """A record by the name that people call it."""
    name = record.get(plan.label)
    noun = spoken_noun(plan.noun)
    field = plan.field(plan.label)
    if is_person(plan.noun) and field.words[-1] in ("name", "username"):
        return f"{noun} {name}"
    if field.words[-1] in _BARE or (plan.natural and str(name).isdecimal()):
        return f"the {noun} {name}"
    return f"the {noun} “{name}”"


def numbered(plan: EntityPlan, record: Record) -> str:
    """A record by its id."""
    if plan.natural:
        return called(plan, record)
    return f"{spoken_noun(plan.noun)} {record[plan.key.name]}"


def field_name(field: Field, plan: EntityPlan) -> str:
    """What people call a field."""
    words = field.words
    if len(words) > 1 and words[-1] in ("id", "uid", "ids"):
        words = words[:-1]
    if len(words) > 1 and words[-1] == "at":
        return _DAYS.get(words[0], f"{words[0]} date")
    if len(words) > 1 and words[-1] in _VAGUE:
        words = words[:-1]
    if words[:1] == ("is",):
        words = words[1:]
    if words == plan.noun:
        words = words[-1:] if len(words) > 1 else ("content",)
    return human(words) if words != ("type",) else f"{spoken_noun(plan.noun)} type"


def things(plan: EntityPlan) -> str:
    return spoken_nouns(plan.noun)


def pick(chance: random.Random, *ways: str) -> str:
    return chance.choice(ways)


def _is_name(value: str, field: Field) -> bool:
    """Whether a value is the name of a person."""
    words: Words = field.words
    last = words[-1] if words else ""
    return last in _PERSONS or (last == "name" and len(words) > 1 and words[-2] in _PERSONS)


_PERSONS = frozenset(
    "owner author assignee customer contact manager creator reviewer guest patient host doctor "
    "teacher student employee member user recipient first last full".split()
)
