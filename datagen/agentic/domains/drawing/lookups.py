"""Finding a record by what people call it: the call that does, and how the user puts it."""

from dataclasses import dataclass
from typing import Any

from datagen.agentic.domains.compiling.plans import Action, Binding, EntityPlan
from datagen.agentic.domains.drawing.scene import Record, Scene, call
from datagen.agentic.domains.drawing.speech import called
from datagen.agentic.nouns import Call


@dataclass(frozen=True, slots=True)
class Found:
    """A way to a record."""

    action: Action
    call: Call
    said: str
    """The record by its name, and where it is, if that has to be known."""


def look_up(scene: Scene, plan: EntityPlan, record: Record) -> Found | None:
    """A call of a list that shows the record, by its name where that can be given; None where no
    tool finds it, or another record has the name."""
    if not plan.label or plan.natural:
        return None
    name = record[plan.label]
    if sum(one[plan.label] == name for one in scene.state[plan.name].values()) != 1:
        return None
    for action in scene.actions("list", entity=plan.name):
        if not scene.shows(action, plan.key.name, plan.label):
            continue
        arguments: dict[str, Any] = {}
        if (by := _by_name(action, plan)) is not None:
            by.parameter.put(
                arguments, [str(name)] if by.parameter.kind == "strings" else str(name)
            )
        given = scene.completed(action, arguments, record, plan)
        if given is None or _unsaid(action, given.arguments):
            continue
        if record in scene.answered(action, given.arguments):
            said = f"{called(plan, record)} {given.said}".strip()
            return Found(action, call(action, given.arguments), said)
    return None


def _by_name(action: Action, plan: EntityPlan) -> Binding | None:
    """The parameter of a list that takes a name."""
    named = [b for b in action.bound("contains", "equals") if b.field == plan.label]
    return next(iter([*named, *action.bound("query")]), None)


def _unsaid(action: Action, arguments: dict[str, Any]) -> bool:
    """Whether a required parameter is not given."""
    return any(
        b.parameter.required and b.parameter.given(arguments) is None for b in action.bindings
    )
