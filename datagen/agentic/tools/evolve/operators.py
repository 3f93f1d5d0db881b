"""The operators that derive a tool from accepted ones, each with the check that it was applied.

The six are the kinds of step that WizardLM takes with instructions (arXiv 2304.12244, section
3.2), carried over to tools. An operator is a prompt file and a condition on the child that its
parents don't meet: a model that gives the parent back under a new name is refused. Whether the
change makes sense is not checked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from datagen.agentic.tools.evolve.answers import ToolAnswer, parameter_names, touched
from datagen.agentic.tools.evolve.asks import Derivation, OperatorName
from datagen.agentic.tools.evolve.spec import Fault

Applied = Callable[[ToolAnswer, Sequence[ToolAnswer], Derivation], str | None]


@dataclass(frozen=True, slots=True)
class Operator:
    """A step of evolution."""

    name: OperatorName
    missing: Applied
    """What the child lacks to be its result; None where it lacks nothing."""
    parents: int = 1
    new_errors: bool = False
    """Whether the child may answer with errors that the application doesn't have."""


def operator_fault(child: ToolAnswer, ask: Derivation) -> Fault | None:
    """Why the child is not what its operator makes of its parents, if it is not."""
    parents = [parent.tool for parent in ask.parents]
    if child.name in ask.taken or any(child.name == parent.name for parent in parents):
        return Fault("duplicate", f"the name {child.name} is taken")
    if any(_said(child.description) == _said(parent.description) for parent in parents):
        return Fault("operator_not_applied", "the description is that of the tool above")
    missing = OPERATORS[ask.operator].missing(child, parents, ask)
    return Fault("operator_not_applied", missing) if missing else None


def _said(text: str) -> str:
    return " ".join(text.lower().split())


def _constrained(child: ToolAnswer, parents: Sequence[ToolAnswer], _: Derivation) -> str | None:
    before = {parameter.name: parameter for parameter in parents[0].parameters}
    for parameter in child.parameters:
        known = before.get(parameter.name)
        if known is None or (parameter.required and not known.required):
            return None
        if parameter.values and not known.values:
            return None
    return "no parameter holds a condition that the tool above lacks"


def _deepened(child: ToolAnswer, parents: Sequence[ToolAnswer], _: Derivation) -> str | None:
    before = {field.name for field in parents[0].result}
    if {field.name for field in child.result} - before and len(child.result) >= len(before):
        return None
    return "it gives back no more than the tool above"


def _specialised(child: ToolAnswer, parents: Sequence[ToolAnswer], _: Derivation) -> str | None:
    if len(child.parameters) > len(parents[0].parameters):
        return "a narrower tool needs no more parameters than the tool above"
    if touched(child) - touched(parents[0]):
        return "a narrower tool touches no other entities"
    return None


def _combined(child: ToolAnswer, parents: Sequence[ToolAnswer], _: Derivation) -> str | None:
    (names,) = parameter_names([child])
    for parent, before in zip(parents, parameter_names(parents), strict=True):
        if before and not before & names:
            return f"it keeps no parameter of {parent.name}"
        if not touched(parent) & touched(child):
            return f"it touches no entity of {parent.name}"
    return None


def _more_failures(child: ToolAnswer, parents: Sequence[ToolAnswer], _: Derivation) -> str | None:
    before = {error.code for error in parents[0].errors}
    codes = {error.code for error in child.errors}
    if lost := sorted(before - codes):
        return f"it lost the error {lost[0]}"
    return None if codes - before else "it adds no error"


def _other_entity(child: ToolAnswer, parents: Sequence[ToolAnswer], ask: Derivation) -> str | None:
    return None if ask.entity in touched(child) else f"it does not touch {ask.entity}"


OPERATORS: Mapping[OperatorName, Operator] = {
    operator.name: operator
    for operator in (
        Operator("add_constraint", _constrained),
        Operator("deepen", _deepened),
        Operator("specialise", _specialised),
        Operator("combine", _combined, parents=2),
        Operator("add_failure_modes", _more_failures, new_errors=True),
        Operator("change_entity", _other_entity),
    )
}
