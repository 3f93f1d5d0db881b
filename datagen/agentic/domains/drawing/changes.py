"""Changes of one record that a user may wish for: which there are, and how they are said."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from datagen.agentic.domains.compiling.plans import Action, Binding, EntityPlan
from datagen.agentic.domains.compiling.rules import Rule
from datagen.agentic.domains.compiling.values import is_told
from datagen.agentic.domains.compiling.verbs import MARKS, Operation
from datagen.agentic.domains.drawing.scene import Record, Scene, run_on, written
from datagen.agentic.domains.drawing.speech import (
    field_name,
    listed,
    numbered,
    pick,
    spoken,
)

MOST_RECORDS = 6
"""Records that are tried for each tool."""
_TURNED = {"enable": "turn on", "disable": "turn off"}


@dataclass(frozen=True, slots=True)
class Wish:
    """A change of one record, put in words."""

    action: Action
    record: Record
    arguments: dict[str, Any]
    written: dict[str, Any]
    """Values by field."""
    clause: Callable[[str], str]
    """Of what the record is called."""
    parts: tuple[str, ...]
    """What else has to be said of where the record is."""
    loose: Callable[[str], str] | None = None
    """The clause without the new value, where there is one new value."""
    missing: tuple[str, str] = ("", "")
    """Name and text of that value."""

    @property
    def said(self) -> str:
        return run_on(self.parts)


def wishes(scene: Scene, operation: Operation, against: Rule | None = None) -> Iterator[Wish]:
    """Changes that can be made and that no rule forbids, by the tools in turn; or those that are
    `against` a rule."""
    for action in scene.actions(operation, entity=against.entity if against else ""):
        for record in scene.records(action.entity)[:MOST_RECORDS]:
            wish = _MAKERS[operation](scene, action, record, against)
            if wish is None:
                continue
            if against is None:
                fits = scene.allowed(action, record, wish.written)
            else:
                fits = against.forbids(action, record, wish.written)
            if fits:
                yield wish


def _update(scene: Scene, action: Action, record: Record, against: Rule | None) -> Wish | None:
    given = scene.to(action, record) if action.bound("key", "label") else None
    plan = scene.plan(action)
    place = {b.field for b in action.bound("equals")}
    bound = [b for b in written(action) if b.field not in place]
    needed = [b for b in bound if b.parameter.required]
    free = [b for b in bound if not b.parameter.required and _is_plain(scene, plan, b)]
    broken = [b for b in bound if against is not None and b.field == against.field]
    count = min(len(free), scene.chance.choice((1, 1, 1, 2)))
    chosen = needed or broken or scene.chance.sample(free, count)
    if broken and broken[0] not in chosen:
        chosen = [*chosen, *broken]
    if not chosen:
        return None
    arguments = dict(given.arguments) if given is not None else _named(action, record)
    values: dict[str, Any] = {}
    for binding in chosen:
        value = _new(scene, plan, binding, record)
        if against is not None and binding in broken:
            value = _breaking(against, value)
        if value is None or value == record.get(binding.field):
            return None
        values[binding.field] = value
        binding.parameter.put(arguments, value)
    completed = scene.completed(action, arguments, record, plan)
    if completed is None:
        return None
    parts = (given.parts if given is not None else ()) or completed.parts
    return _told(scene, action, record, completed.arguments, values, parts)


def _breaking(rule: Rule, value: Any) -> Any:
    """A value that the rule does not allow."""
    if rule.kind == "barred_value":
        return rule.value
    return rule.value * 2 if rule.kind == "limit" else value


def _named(action: Action, record: Record) -> dict[str, Any]:
    """The arguments that name a record, whatever else the tool requires."""
    arguments: dict[str, Any] = {}
    for binding in action.bound("key", "label")[:1]:
        value = record[binding.field]
        binding.parameter.put(
            arguments, str(value) if binding.parameter.kind == "string" else value
        )
    return arguments


def _is_plain(scene: Scene, plan: EntityPlan, binding: Binding) -> bool:
    """Whether a user would change a field by naming its value."""
    field = plan.field(binding.field)
    if field.kind in ("boolean", "strings") or field.schema.get("format") == "date-time":
        return False
    if field.words == ("id",):  # the record's own, once more
        return False
    told = (
        field.refers or field.name == plan.label or is_told(field.words, field.kind, field.schema)
    )
    return bool(told) and field.name != plan.key.name


def _new(scene: Scene, plan: EntityPlan, binding: Binding, record: Record) -> Any:
    """A new value for a field: of a reference another record there is."""
    field = plan.field(binding.field)
    current = record.get(field.name)
    if field.refers:
        others = [o for o in scene.records(field.refers) if _key(scene, field.refers, o) != current]
        return _key(scene, field.refers, others[0]) if others else None
    value = scene.new_value(field, plan, current)
    if field.name == plan.label and str(value) in scene.other_names(plan):
        return None
    if value is not None and binding.parameter.kind == "integer" and isinstance(value, float):
        return int(value)
    return value


def _key(scene: Scene, entity: str, record: Record) -> Any:
    return record[scene.domain.plans[entity].key.name]


def _told(
    scene: Scene,
    action: Action,
    record: Record,
    arguments: dict[str, Any],
    values: dict[str, Any],
    where: tuple[str, ...],
) -> Wish:
    plan = scene.plan(action)
    names = list(values)
    field = plan.field(names[0])
    new = _value_said(scene, plan, names[0], values[names[0]])
    if len(names) > 1:
        parts = [
            f"the {field_name(plan.field(n), plan)} should be {spoken(v, plan.field(n))}"
            for n, v in values.items()
        ]
        return Wish(
            action, record, arguments, values, lambda what: f"update {what}: {listed(parts)}", where
        )
    if field.refers:
        verb = "assign" if action.verb in ("assign", "reassign") else "move"
        plain = verb == "move" and action.verb != "move"
        way = (
            f"change the {field_name(field, plan)} of {{}} to {new}"
            if plain
            else f"{verb} {{}} to {new}"
        )
        loose = f"change the {field_name(field, plan)} of {{}}"
    elif action.verb == "rename" or (
        field.name == plan.label
        and field.words[-1] in ("name", "title")
        and scene.chance.random() < 0.5
    ):
        way, loose = f"rename {{}} to {new}", "rename {}"
    else:
        verb = pick(scene.chance, "change", "set", "update")
        way = f"{verb} the {field_name(field, plan)} of {{}} to {new}"
        loose = f"change the {field_name(field, plan)} of {{}}"
    missing = ("_".join(field.words), str(values[names[0]]))
    return Wish(action, record, arguments, values, way.format, where, loose.format, missing)


def _value_said(scene: Scene, plan: EntityPlan, name: str, value: Any) -> str:
    field = plan.field(name)
    other = scene.domain.plans.get(field.refers)
    if other is None:
        return spoken(value, field)
    record = scene.state[other.name][str(value)]
    return numbered(other, record)


def _status(scene: Scene, action: Action, record: Record, against: Rule | None) -> Wish | None:
    assert action.sets is not None
    given = scene.to(action, record)
    name, value = action.sets
    if given is None or record.get(name) == value:
        return None
    word = next(
        (w for w, s in MARKS.items() if action.verb == "mark" and w in action.tool.name), ""
    )
    verb = _TURNED.get(action.verb, action.verb)

    def clause(what: str) -> str:
        return f"mark {what} as {word}" if word else f"{verb} {what}"

    return Wish(action, record, given.arguments, {name: value}, clause, given.parts)


def _delete(scene: Scene, action: Action, record: Record, against: Rule | None) -> Wish | None:
    given = scene.to(action, record)
    plan = scene.plan(action)
    if given is None or _is_used(scene, plan, record):
        return None
    verb = pick(scene.chance, "delete", "remove", "delete")
    return Wish(action, record, given.arguments, {}, lambda what: f"{verb} {what}", given.parts)


def _is_used(scene: Scene, plan: EntityPlan, record: Record) -> bool:
    """Whether other records refer to it, so that it can't go."""
    key = record[plan.key.name]
    return any(
        one.get(field.name) == key
        for other in scene.domain.plans.values()
        for field in other.fields.values()
        if field.refers == plan.name
        for one in scene.state[other.name].values()
    )


_MAKERS: dict[str, Callable[[Scene, Action, Record, Rule | None], Wish | None]] = {
    "update": _update,
    "status": _status,
    "delete": _delete,
}
