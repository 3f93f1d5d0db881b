"""Initial states: a few records of each entity, drawn from a seed, with references that lead
somewhere and some records that are called the same.

Also what a new record gets that nobody gave: its id, which follows from what it is, so that the
order of calls doesn't matter, and the fields that a result promises."""

import random
import zlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from datagen.agentic.domains.base import State
from datagen.agentic.domains.compiling.names import is_person
from datagen.agentic.domains.compiling.patterns import matching
from datagen.agentic.domains.compiling.plans import EntityPlan, Field
from datagen.agentic.domains.compiling.values import Values, fits, is_told
from datagen.agentic.tools.specs import json_text

LEAST, MOST = 5, 10
"""Records of an entity; a state is part of every task, and is a few kilobytes so."""
TWINS = 2
"""Records of an entity that are given another one's name."""
DIGITS = 9
"""Of an id that people know by heart and whose name tells nothing, such as a tax number."""
_SPANS: tuple[tuple[set[str], set[str]], ...] = (
    ({"start", "begin", "from"}, {"end", "until", "to"}),
    ({"arrival", "checkin", "pickup"}, {"departure", "checkout", "return"}),
    ({"created"}, {"updated", "due", "closed"}),
)
"""Words of fields that hold the first and the last day of something."""
RARE_TRIES = 3
KEY_TRIES = 60
FIRST_DAY = date(2026, 1, 5)
TODAY = "today"
_NAMES = ("name", "title", "label", "session", "project")


def draw_state(server: str, entities: Sequence[EntityPlan], seed: int) -> State:
    """A state; `today` lies in 2026."""
    chance = random.Random(f"{server} {seed}")
    today = FIRST_DAY + timedelta(days=chance.randrange(330))
    state: State = {TODAY: today.isoformat()}
    values = Values(chance, today)
    for entity in _parents_first(entities):
        records: dict[str, Any] = {}
        state[entity.name] = records
        for _ in range(chance.randint(LEAST, MOST)):
            key = _new_key(server, entity, values, records)
            if key is not None:
                records[str(key)] = _record(entity, key, values, state)
        _settle_names(entity, records, chance)
    for entity in entities:
        _close_circles(entity, values, state)
    return state


def _close_circles(entity: EntityPlan, values: Values, state: State) -> None:
    """References to records that were drawn later than those that refer to them."""
    for record in state[entity.name].values():
        for field in entity.fields.values():
            if field.refers and record[field.name] is None:
                record[field.name] = drawn(entity, field, values, state)


def _parents_first(entities: Sequence[EntityPlan]) -> list[EntityPlan]:
    """Entities behind those they refer to, as far as that can be."""
    left, done = list(entities), list[EntityPlan]()
    names = {entity.name for entity in entities}
    while left:
        ready = next(
            (
                one
                for one in left
                if {f.refers for f in one.fields.values() if f.refers in names}
                <= {other.name for other in done} | {one.name}
            ),
            left[0],
        )
        left.remove(ready)
        done.append(ready)
    return done


def _record(entity: EntityPlan, key: Any, values: Values, state: State) -> dict[str, Any]:
    record = {entity.key.name: key}
    for field in entity.fields.values():
        record[field.name] = _rare(entity, field, values, state)
    in_order(record, entity)
    if entity.label in record and "email" in record and is_person(entity.noun):
        name = str(record[entity.label])
        made = f"{name.lower().replace(' ', '.')}@example.org"
        if "@" not in name and fits(made, entity.field("email").schema):
            record["email"] = made
    return record


def in_order(record: dict[str, Any], entity: EntityPlan) -> None:
    """Exchange days of a record of which the later one would come first."""
    for first, last in _SPANS:
        names = [
            next((one.name for one in entity.fields.values() if set(one.words) & edge), "")
            for edge in (first, last)
        ]
        begins, ends = (str(record.get(name, "")) for name in names)
        if begins[:2] == ends[:2] == "20" and len(begins) == len(ends) and begins > ends:
            record[names[0]], record[names[1]] = ends, begins


def _rare(entity: EntityPlan, field: Field, values: Values, state: State) -> Any:
    """A value for a field; of texts one that few others of the entity have, so that a record is
    told by them."""
    taken = {str(one.get(field.name)) for one in state[entity.name].values()}
    made = drawn(entity, field, values, state)
    if field.kind == "string" and not field.options and not field.refers:
        for _ in range(RARE_TRIES):
            if made not in taken:
                break
            made = drawn(entity, field, values, state)
    return made


def drawn(entity: EntityPlan, field: Field, values: Values, state: Mapping[str, Any]) -> Any:
    """A value for a field of a record: of a reference an id that is there."""
    if field.refers:
        there = state.get(field.refers) or {}
        known = [_id_of(one, str(key), field) for key, one in there.items()]
        return values.chance.choice(known) if known else None
    return value_of(entity, field, values)


def value_of(entity: EntityPlan, field: Field, values: Values) -> Any:
    """A value for a field that refers to nothing: a name where records go by it."""
    words = field.words
    named = field.name == entity.label and not (entity.natural and field.name == entity.key.name)
    if entity.natural and field.name == entity.key.name:
        named = words[-1] in _NAMES or words == entity.noun
        if not named and not is_told(words, field.kind, field.schema):
            return (
                "".join(values.texts.digits(1) for _ in range(DIGITS))
                if field.kind == "string"
                else None
            )
    named = named and words[-1] not in ("email", "url", "path", "username")
    return values.drawn(words, field.kind, field.schema, entity.noun, named=named)


def _id_of(record: Mapping[str, Any], key: str, field: Field) -> Any:
    return int(key) if field.kind == "integer" else key


def _new_key(server: str, entity: EntityPlan, values: Values, records: Mapping[str, Any]) -> Any:
    """An id that no record has; None where there are no more."""
    for _ in range(KEY_TRIES):
        made = _key(server, entity, values)
        if made is not None and str(made) not in records:
            return made
    return None


def _key(server: str, entity: EntityPlan, values: Values) -> Any:
    if entity.natural:
        return value_of(entity, entity.key, values)
    number = values.chance.randrange(1000, 10_000)
    return spelled_key(server, entity, number, values.chance)


def spelled_key(server: str, entity: EntityPlan, number: int, chance: random.Random) -> Any:
    """An id with that number in it, in the way that ids of this entity look."""
    schema = entity.key.schema
    if entity.key.kind == "integer":
        low, high = schema.get("minimum", 0), schema.get("maximum", 10**9)
        made: Any = max(int(low), min(number, int(high)))
        return made if fits(made, schema) else None
    if isinstance(schema.get("pattern"), str) and not fits(str(number), schema):
        return matching(schema["pattern"], chance)
    if schema.get("format") == "uuid":
        return Values(chance, FIRST_DAY).drawn((), "string", schema, (), named=False)
    initials = "".join(word[0] for word in entity.noun)
    short = initials if len(initials) > 1 else entity.noun[0][:3]
    style = zlib.crc32(f"{server} {entity.name}".encode()) % 4
    made = (
        f"{short.upper()}-{number}",
        f"{short}_{number}",
        str(number),
        f"{short[0].upper()}{number}",
    )
    return next((one for one in (made[style], str(number)) if fits(one, schema)), None)


def _settle_names(
    entity: EntityPlan, records: Mapping[str, dict[str, Any]], chance: random.Random
) -> None:
    """Names differ, but for a few that are another one's."""
    if not entity.label or entity.natural:
        return
    label, taken = entity.label, set[str]()
    for record in records.values():
        if isinstance(record[label], str) and record[label] in taken:
            record[label] = _numbered(record[label], taken)
        taken.add(record[label])
    keys = list(records)
    if entity.twins and len(keys) > TWINS + 2:
        for key, other in zip(chance.sample(keys, TWINS), keys, strict=False):
            if key != other:
                records[key][label] = records[other][label]


def _numbered(name: str, taken: set[str]) -> str:
    """The name with what sets a second one of it apart."""
    for more in ("II", "North", "South", "East", "West", "New", "Old", "Extra", "Late", "Early"):
        if f"{name} {more}" not in taken:
            return f"{name} {more}"
    return name


def new_key(server: str, entity: EntityPlan, state: State, told: Mapping[str, Any]) -> Any:
    """The id of a record that holds what is told of it."""
    seed = zlib.crc32(json_text(dict(sorted(told.items()))).encode())
    for step in range(KEY_TRIES):
        chance = random.Random(f"{server} {entity.name} {seed} {step}")
        made = spelled_key(server, entity, 1000 + (seed + step) % 9000, chance)
        if made is not None and str(made) not in state[entity.name]:
            return made
    return None


def blank(field: Field, entity: EntityPlan, state: State, seed: str) -> Any:
    """What a field of a new record holds that nobody gave a value for."""
    if field.nullable:
        return None
    if field.words[-1:] == ("at",) or "created" in field.words:
        made: Any = state[TODAY]
        made = made if field.schema.get("format") != "date-time" else f"{made}T09:00:00Z"
        if fits(made, field.schema):
            return made
    if field.options:
        return field.options[0]
    plain: Mapping[str, Any] = {"boolean": False, "strings": [], "string": ""}
    if field.kind in plain and fits(plain[field.kind], field.schema) and field.kind != "string":
        return plain[field.kind]
    today = date.fromisoformat(state[TODAY])
    return drawn(entity, field, Values(random.Random(seed), today), state)
