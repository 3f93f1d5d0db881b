"""Finding a record that the user has no id of: the call that does, and how the user puts it.

By what people call it, where it has a name that no other record has; else by a field whose value
no other one shares."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from datagen.agentic.domains.compiling.names import is_person
from datagen.agentic.domains.compiling.plans import Action, Binding, EntityPlan, Field
from datagen.agentic.domains.compiling.texts import TEXTS
from datagen.agentic.domains.compiling.words import spoken_noun
from datagen.agentic.domains.drawing.scene import Record, Scene, call, run_on
from datagen.agentic.domains.drawing.speech import called, field_name, spoken
from datagen.agentic.nouns import Call


@dataclass(frozen=True, slots=True)
class Found:
    """A way to a record."""

    action: Action
    call: Call
    what: str
    """The record by what is known of it."""
    parts: tuple[str, ...]
    """Where it is, if that has to be known."""
    missing: dict[str, str]
    """What tells it from the others, by name."""
    field: str
    """The field that it is known by."""
    known: frozenset[str]
    """That field, and those by which the list narrows down."""

    @property
    def said(self) -> str:
        return run_on((self.what, *self.parts))

    @property
    def place(self) -> str:
        return run_on(self.parts)


def look_up(scene: Scene, plan: EntityPlan, record: Record) -> Found | None:
    """A call of a list that shows the record; None where no tool finds it."""
    for field in _marks(scene, plan, record):
        for action in scene.actions("list", entity=plan.name):
            if not scene.shows(action, plan.key.name, field.name):
                continue
            found = _by(scene, action, plan, field, record)
            if found is not None:
                return found
    return None


def _marks(scene: Scene, plan: EntityPlan, record: Record) -> Iterator[Field]:
    """Fields whose value no other record has: the name first."""
    others = scene.state[plan.name].values()
    fields = [one for one in plan.fields.values() if one.name != plan.label and not one.refers]
    scene.chance.shuffle(fields)
    if plan.label and not plan.natural:
        fields = [plan.field(plan.label), *fields]
    for one in fields:
        value = record.get(one.name)
        named = one.name == plan.label
        plain = one.kind != "number" and not set(one.words) & TEXTS
        if not named and not (plain and scene.can_be_told(plan, one, value)):
            continue
        if value is not None and sum(other.get(one.name) == value for other in others) == 1:
            yield one


def _by(
    scene: Scene, action: Action, plan: EntityPlan, field: Field, record: Record
) -> Found | None:
    """The call of a list that finds a record by a field."""
    arguments: dict[str, Any] = {}
    value = record[field.name]
    if (by := _parameter(action, plan, field)) is not None:
        text = str(value) if by.parameter.kind != "integer" else value
        by.parameter.put(arguments, [text] if by.parameter.kind == "strings" else text)
    given = scene.completed(action, arguments, record, plan)
    if given is None or _unsaid(action, given.arguments):
        return None
    if action.narrow and not given.arguments:
        return None
    if record not in scene.answered(action, given.arguments):
        return None
    named = field.name == plan.label
    what = called(plan, record) if named else _described(plan, field, value)
    missing = {"_".join((*plan.noun, "name") if named else field.words): str(value)}
    narrowed = {
        one.field
        for one in action.bound("equals", "contains")
        if one.parameter.given(given.arguments) is not None
    }
    known = frozenset((field.name, *narrowed))
    made = call(action, given.arguments)
    return Found(action, made, what, given.parts, missing, field.name, known)


def searches(scene: Scene, plan: EntityPlan, name: str) -> Iterator[tuple[Action, dict[str, Any]]]:
    """Lists that show whether there is a record of that name, wherever it is, and the arguments."""
    field = plan.field(plan.label)
    for action in scene.actions("list", entity=plan.name):
        if not scene.shows(action, field.name):
            continue
        arguments: dict[str, Any] = {}
        if (by := _parameter(action, plan, field)) is not None:
            by.parameter.put(arguments, [name] if by.parameter.kind == "strings" else name)
        given = scene.completed(action, arguments, {}, plan)
        if given is None or given.said or _unsaid(action, given.arguments):
            continue
        if given.arguments or not action.narrow:
            yield action, given.arguments


def _described(plan: EntityPlan, field: Field, value: Any) -> str:
    noun = spoken_noun(plan.noun)
    if is_person(plan.noun) or field.words[-1] in ("email", "phone"):
        return f"the {noun} whose {field_name(field, plan)} is {spoken(value, field)}"
    return f"the {noun} with the {field_name(field, plan)} {spoken(value, field)}"


def _parameter(action: Action, plan: EntityPlan, field: Field) -> Binding | None:
    """The parameter of a list that takes the value of a field; what people search for is a name."""
    named = [b for b in action.bound("contains", "equals") if b.field == field.name]
    plain = field.kind == "string" and not field.options
    searches = action.bound("query") if plain and field.name == plan.label else []
    return next(iter([*named, *searches]), None)


def _unsaid(action: Action, arguments: dict[str, Any]) -> bool:
    """Whether a required parameter is not given."""
    return any(
        b.parameter.required and b.parameter.given(arguments) is None for b in action.bindings
    )
