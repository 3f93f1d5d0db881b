"""Pieces that find out which records there are, or how many."""

from collections.abc import Iterator, Mapping

from datagen.agentic.domains.compiling.plans import Action, Binding, Field
from datagen.agentic.domains.drawing.lookups import look_up
from datagen.agentic.domains.drawing.scene import Record, Scene, as_fact, call
from datagen.agentic.domains.drawing.speech import pick, things
from datagen.agentic.domains.pieces import Piece
from datagen.agentic.nouns import Call

MOST_LISTED = 4
"""Records that a user wants to hear of by name."""


def which(scene: Scene) -> Piece | None:
    """The names of the records that agree with a filter."""
    for action, binding, record in _filters(scene):
        plan = scene.plan(action)
        name = plan.label or plan.key.name
        made = _narrowed(scene, action, binding, record)
        if made is None or not scene.shows(action, plan.key.name, name):
            continue
        found = scene.answered(action, made[0])
        if not 0 < len(found) <= MOST_LISTED or scene.is_secret(plan.name, name):
            continue
        if any(scene.is_withheld(plan.name, one) for one in found):
            continue
        asked = things(plan) if plan.label else f"IDs of the {things(plan)}"
        clause = pick(
            scene.chance,
            f"tell me which {things(plan)} there are {made[1]}",
            f"list the {asked} {made[1]}",
            f"give me the {'names of the ' if plan.label else ''}{asked} {made[1]}",
        )
        return Piece(
            clause,
            (call(action, made[0]),),
            tuple(dict.fromkeys(as_fact(one[name]) for one in found)),
            about=f"{plan.name} {made[1]}",
        )
    return None


def how_many(scene: Scene) -> Piece | None:
    """The number of records that agree with a filter."""
    for action, binding, record in _filters(scene, counts=True):
        made = _narrowed(scene, action, binding, record)
        if made is None:
            continue
        plan = scene.plan(action)
        found = [
            one
            for one in scene.state[plan.name].values()
            if one.get(binding.field) == record[binding.field]
        ]
        if len(found) < 2 or not scene.counts(action, made[0], len(found)):
            continue
        clause = pick(
            scene.chance,
            f"tell me how many {things(plan)} there are {made[1]}",
            f"count the {things(plan)} {made[1]}",
            f"find out how many {things(plan)} there are {made[1]}",
        )
        return Piece(
            clause, (call(action, made[0]),), (str(len(found)),), about=f"{plan.name} {made[1]}"
        )
    return None


def in_named(scene: Scene) -> Piece | None:
    """How many records belong to one that the user knows by its name, or which."""
    for action, binding, record in _filters(scene):
        plan = scene.plan(action)
        field = plan.fields[binding.field]
        parent = scene.domain.plans.get(field.refers)
        owner = scene.state.get(field.refers, {}).get(str(record[field.name]))
        found = look_up(scene, parent, owner) if parent is not None and owner is not None else None
        made = _narrowed(scene, action, binding, record)
        if found is None or made is None or _differ(found.call.arguments, made[0]):
            continue
        place = made[1].replace(scene.where(plan, field, record[field.name]), f"of {found.said}")
        piece = _those_there(scene, action, made[0], place, found.call)
        if piece is not None:
            return piece
    return None


def _those_there(
    scene: Scene, action: Action, arguments: dict[str, object], place: str, first: Call
) -> Piece | None:
    """The number or the names of the records of a place."""
    plan = scene.plan(action)
    there = scene.answered(action, arguments)
    names = [as_fact(one[plan.label]) for one in there] if plan.label else []
    counts = not names or len(names) > MOST_LISTED or scene.chance.random() < 0.5
    if (len(there) < 2 and counts) or not (counts or scene.shows(action, plan.label)):
        return None
    ways = ("tell me how many {} there are {}", "count the {} {}")
    if not counts:
        ways = ("tell me which {} there are {}", "list the {} {}")
    return Piece(
        pick(scene.chance, *ways).format(things(plan), place),
        (first, call(action, arguments)),
        (str(len(there)),) if counts else tuple(dict.fromkeys(names)),
        about=f"{plan.name} {place}",
    )


def _differ(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two calls take a parameter of one name with two values: another place for each."""
    return any(name in other and other[name] != value for name, value in one.items())


def _filters(scene: Scene, *, counts: bool = False) -> Iterator[tuple[Action, Binding, Record]]:
    """Lists with a parameter to hold against a field, and a record whose value to take."""
    for action in scene.actions("list", "count") if counts else scene.actions("list"):
        plan = scene.plan(action)
        for binding in scene.chance.sample(action.bound("equals"), len(action.bound("equals"))):
            field = plan.fields.get(binding.field)
            if field is None or not (field.options or field.refers or _is_kind(field)):
                continue
            for record in scene.records(plan.name)[:2]:
                if record.get(field.name) is not None:
                    yield action, binding, record


def _is_kind(field: Field) -> bool:
    return field.words[-1] in ("status", "type", "category", "priority", "city", "country", "role")


def _narrowed(
    scene: Scene, action: Action, binding: Binding, record: Record
) -> tuple[dict[str, object], str] | None:
    """Arguments of a list with one filter, and how the user says it."""
    plan = scene.plan(action)
    value = record[binding.field]
    arguments: dict[str, object] = {}
    binding.parameter.put(arguments, str(value) if binding.parameter.kind == "string" else value)
    given = scene.completed(action, arguments, record, plan)
    if given is None or not _all_given(action, given.arguments):
        return None
    said = scene.where(plan, plan.fields[binding.field], value)
    return (given.arguments, f"{said} {given.said}".strip()) if said else None


def _all_given(action: Action, arguments: dict[str, object]) -> bool:
    return all(
        b.parameter.given(arguments) is not None or not b.parameter.required
        for b in action.bindings
    )
