"""An operator's child must differ from its parent in the way that the operator names."""

from typing import Any

import pytest
from evolve_fakes import answer, application, parameter, tool

from datagen.agentic.tools.evolve.answers import ToolAnswer
from datagen.agentic.tools.evolve.asks import Derivation, OperatorName, Parent
from datagen.agentic.tools.evolve.operators import OPERATORS, operator_fault

SCENE = tool(
    name="store_scene",
    description="Stores the state of all lamps as a scene.",
    parameters=[parameter("scene_id", description="Which of the scenes is meant.")],
    reads=["lamp"],
    writes=["scene"],
)
FIELD = {"name": "power", "type": "number", "description": "Watts that it takes now."}
CONFLICT = {"code": "conflict", "when": "it was changed meanwhile"}


def ask(operator: OperatorName) -> Derivation:
    parents = [Parent(id="p0", tool=answer())]
    if OPERATORS[operator].parents == 2:
        parents.append(Parent(id="p1", tool=ToolAnswer.model_validate(SCENE)))
    return Derivation(
        round=1,
        date="2026-01-01",
        operator=operator,
        application=application(),
        parents=tuple(parents),
        entity="scene" if operator == "change_entity" else "",
        taken=("dim_lamp",),
    )


def child(**more: Any) -> ToolAnswer:
    values = {"name": "child_tool", "description": "Does something else with one lamp."}
    return answer(**(values | more))


APPLIED: dict[OperatorName, dict[str, Any]] = {
    "add_constraint": {
        "parameters": [parameter(), parameter("until", type="date", example="2026-01-01")]
    },
    "deepen": {"result": [*tool()["result"], FIELD]},
    "specialise": {"parameters": []},
    "combine": {"parameters": [parameter(), SCENE["parameters"][0]], "writes": ["lamp", "scene"]},
    "add_failure_modes": {"errors": [*tool()["errors"], CONFLICT]},
    "change_entity": {"reads": ["scene"], "writes": ["scene"]},
}
NOT_APPLIED: dict[OperatorName, dict[str, Any]] = {
    "add_constraint": {},
    "deepen": {},
    "specialise": {"parameters": [parameter(), parameter("more")]},
    "combine": {"parameters": [parameter()]},
    "add_failure_modes": {"errors": [CONFLICT]},
    "change_entity": {},
}


def test_every_operator_has_a_case_here() -> None:
    assert APPLIED.keys() == NOT_APPLIED.keys() == OPERATORS.keys()


@pytest.mark.parametrize("operator", APPLIED)
def test_a_child_that_its_operator_was_applied_to_has_no_fault(operator: OperatorName) -> None:
    assert operator_fault(child(**APPLIED[operator]), ask(operator)) is None


@pytest.mark.parametrize("operator", NOT_APPLIED)
def test_the_parent_under_a_new_name_is_refused(operator: OperatorName) -> None:
    fault = operator_fault(child(**NOT_APPLIED[operator]), ask(operator))

    assert fault is not None
    assert fault.reason == "operator_not_applied"


@pytest.mark.parametrize("operator", APPLIED)
@pytest.mark.parametrize("name", ["switch_lamp", "dim_lamp"])
def test_a_name_that_the_application_has_is_refused(operator: OperatorName, name: str) -> None:
    fault = operator_fault(child(name=name, **APPLIED[operator]), ask(operator))

    assert fault is not None
    assert fault.reason == "duplicate"


def test_the_parents_description_is_refused_whatever_its_case() -> None:
    said = str(tool()["description"]).upper()

    fault = operator_fault(child(description=said, **APPLIED["deepen"]), ask("deepen"))

    assert fault is not None
    assert fault.reason == "operator_not_applied"
