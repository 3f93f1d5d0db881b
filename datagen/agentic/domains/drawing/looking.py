"""Pieces that find out a fact of a record, or of one that it refers to."""

from collections.abc import Iterator

from datagen.agentic.domains.compiling.plans import Action, EntityPlan, Field
from datagen.agentic.domains.drawing.lookups import look_up
from datagen.agentic.domains.drawing.scene import Record, Scene, as_fact, call, run_on
from datagen.agentic.domains.drawing.speech import (
    field_name,
    listed,
    pick,
    things,
)
from datagen.agentic.domains.pieces import Piece


def fact(scene: Scene) -> Piece | None:
    """A field of a record that the user knows the id of, or two of them."""
    for action in scene.actions("read"):
        for record in scene.records(action.entity)[:3]:
            given = scene.to(action, record)
            fields = scene.facts(action, record)
            if given is None or not fields:
                continue
            plan = scene.plan(action)
            chosen = scene.chance.sample(fields, min(len(fields), scene.chance.choice((1, 1, 2))))
            what = f"{scene.named(action, record)} {given.said}".strip()
            return Piece(
                _asked(scene, plan, chosen, what),
                (call(action, given.arguments),),
                tuple(as_fact(record[one.name]) for one in chosen),
                _asked(scene, plan, chosen, f"{one_of(plan)} {given.said}".strip()),
                missing_record(action, plan, record),
                about=f"{plan.name} {record[plan.key.name]}",
            )
    return None


def named_fact(scene: Scene) -> Piece | None:
    """A field of a record that the user knows by its name: found, then read."""
    for action in scene.actions("read"):
        plan = scene.plan(action)
        for record in scene.records(action.entity)[:3]:
            found = look_up(scene, plan, record)
            given = scene.to(action, record)
            if found is None or given is None:
                continue
            shown = scene.shown(found.action) or {*plan.fields}
            told = shown | found.known
            fields = [one for one in scene.facts(action, record) if one.name not in told]
            if not fields:
                continue
            field = scene.chance.choice(fields)
            what = run_on((found.what, *found.parts, *given.parts))
            return Piece(
                _asked(scene, plan, [field], what),
                (found.call, call(action, given.arguments)),
                (as_fact(record[field.name]),),
                _asked(scene, plan, [field], f"{one_of(plan)} {found.place}".strip()),
                found.missing,
                about=f"{plan.name} {record[plan.key.name]}",
            )
    return None


def listed_fact(scene: Scene) -> Piece | None:
    """A field that a list shows, of a record that the user knows by its name."""
    for plan in scene.chance.sample([*scene.domain.plans.values()], len(scene.domain.plans)):
        for record in scene.records(plan.name)[:3]:
            found = look_up(scene, plan, record)
            if found is None:
                continue
            fields = [f for f in scene.facts(found.action, record) if f.name not in found.known]
            if not fields:
                continue
            field = scene.chance.choice(fields)
            return Piece(
                _asked(scene, plan, [field], found.said),
                (found.call,),
                (as_fact(record[field.name]),),
                _asked(scene, plan, [field], f"{one_of(plan)} {found.place}".strip()),
                found.missing,
                about=f"{plan.name} {record[plan.key.name]}",
            )
    return None


def fact_beyond(scene: Scene) -> Piece | None:
    """A field of the record that another one refers to."""
    for action in scene.actions("read"):
        plan = scene.plan(action)
        for record in scene.records(action.entity)[:2]:
            for field, other in _references(scene, plan, record):
                given = scene.to(action, record)
                if given is None or not scene.shows(action, field.name):
                    continue
                if (piece := _beyond(scene, action, record, field, other)) is not None:
                    return piece
    return None


def _beyond(
    scene: Scene, action: Action, record: Record, field: Field, other: Record
) -> Piece | None:
    plan = scene.plan(action)
    first = scene.to(action, record)
    for reader in scene.actions("read", entity=field.refers):
        second, fields = scene.to(reader, other), scene.facts(reader, other)
        if first is None or second is None or second.said or not fields:
            continue
        wanted, there = scene.chance.choice(fields), scene.plan(reader)
        if any(as_fact(record.get(one)) == as_fact(other[wanted.name]) for one in record):
            continue
        what = scene.named(action, record)
        owner = f"the {field_name(field, plan)} of {what} {first.said}".strip()
        return Piece(
            _asked(scene, there, [wanted], owner),
            (call(action, first.arguments), call(reader, second.arguments)),
            (as_fact(other[wanted.name]),),
            _asked(
                scene,
                there,
                [wanted],
                f"the {field_name(field, plan)} of {one_of(plan)} {first.said}".strip(),
            ),
            missing_record(action, plan, record),
            about=f"{there.name} {other[there.key.name]}",
        )
    return None


def _references(scene: Scene, plan: EntityPlan, record: Record) -> Iterator[tuple[Field, Record]]:
    for field in plan.fields.values():
        others = scene.state.get(field.refers) or {}
        other = others.get(str(record.get(field.name)))
        if other is not None and field.refers != plan.name:
            yield field, other


def _asked(scene: Scene, plan: EntityPlan, fields: list[Field], what: str) -> str:
    """A question for facts of a record, as a request."""
    names = listed([f"the {field_name(one, plan)}" for one in fields])
    last = fields[0].words[-1]
    ways = [
        f"tell me {names} of {what}",
        f"look up {names} of {what}",
        f"check {names} of {what}",
        f"find out {names} of {what}",
    ]
    if len(fields) == 1 and last == "date" and fields[0].words[0] == "due":
        ways += [f"tell me when {what} is due"] * 3
    return pick(scene.chance, *ways)


def one_of(plan: EntityPlan) -> str:
    return f"one of the {things(plan)}"


def missing_record(action: Action, plan: EntityPlan, record: Record) -> dict[str, str]:
    """What tells a record from the others, by the name of that."""
    if action.bound("label") and not action.bound("key"):
        return {"_".join((*plan.noun, "name")): str(record[plan.label])}
    words = plan.key.words if plan.natural else (*plan.noun, "id")
    return {"_".join(words): str(record[plan.key.name])}
