"""What is demanded of an evolved tool, one demand at a time."""

import json
from typing import Any

import pytest

from datagen.agentic.tools.quality import check
from datagen.agentic.tools.specs import Provenance, normalise
from datagen.schemas import Tool

FROM = Provenance(
    "orders", "shop", "orders", "Apache-2.0", "2026-01-02", {}, "evolved", "round 0", round=0
)


def evolved(**changes: Any) -> Tool:
    raw = {
        "name": "refund_order",
        "description": "Refunds an order that was delivered.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "order_id": {
                    "type": "string",
                    "description": "Identifier of the order",
                    "examples": ["O-1"],
                },
                "amount": {"type": "number", "description": "Amount in euros", "examples": [12.5]},
            },
            "required": ["order_id"],
        },
        "outputSchema": {"type": "object", "properties": {"ok": {"type": "boolean"}}},
        "annotations": {"readOnlyHint": False, "destructiveHint": False},
        "reads": ["order"],
        "writes": ["refund"],
        "errors": [{"code": "not_found", "when": "there is no such order"}],
    }
    row = normalise({**raw, **changes}, FROM)
    assert isinstance(row, Tool), row
    return row


def parameter(**schema: Any) -> dict[str, Any]:
    return {"inputSchema": {"type": "object", "properties": {"p": schema}}}


def test_a_complete_evolved_tool_has_no_fault() -> None:
    tool = evolved()

    assert check(tool, strict=True) == []
    assert (tool.reads, tool.writes, tool.round) == (["order"], ["refund"], 0)


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"description": ""}, "no_description", "not described"),
        ({"outputSchema": None}, "no_output_schema", "no schema"),
        ({"annotations": {}}, "incomplete", "readOnlyHint"),
        (
            {"annotations": {"readOnlyHint": True, "destructiveHint": False}},
            "incomplete",
            "read-only, and writes refund",
        ),
        ({"writes": []}, "incomplete", "writes nothing"),
        (
            {"annotations": {"readOnlyHint": True, "destructiveHint": True}, "writes": []},
            "incomplete",
            "destructive",
        ),
        ({"reads": [], "writes": []}, "incomplete", "neither"),
        ({"errors": []}, "incomplete", "no errors"),
        ({"errors": [{"code": "x"}]}, "incomplete", "without when"),
        ({"errors": "boom"}, "incomplete", "JSON list"),
        (parameter(type="string", examples=["x"]), "undescribed_parameter", "p is not described"),
        (parameter(description="what it is", examples=["x"]), "incomplete", "p has no type"),
        (parameter(type="string", description="what it is"), "incomplete", "p has no example"),
        (
            parameter(type="string", description="what it is", examples=[3]),
            "incomplete",
            "does not fit",
        ),
        (
            parameter(type="number", description="how it is", examples=[3]),
            "incomplete",
            "say of what",
        ),
        (
            {"inputSchema": {"type": "object", "properties": {}, "required": ["x"]}},
            "contradictory_required",
            "required",
        ),
    ],
)
def test_each_demand_is_made(changes: dict[str, Any], reason: str, said: str) -> None:
    faults = check(evolved(**changes), strict=True)

    assert any(found == reason and said in detail for found, detail in faults), faults


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "description": "Number of items", "examples": [2]},
        {"type": "number", "description": "Weight in kilograms", "default": 1.5},
        {"type": "string", "description": "Which one", "enum": ["a", "b"]},
        {"type": "boolean", "description": "Whether to ask first"},
    ],
)
def test_a_parameter_that_is_well_said_passes(schema: dict[str, Any]) -> None:
    assert check(evolved(**parameter(**schema)), strict=True) == []


def test_real_tools_are_not_held_to_the_strict_measure() -> None:
    assert check(evolved(annotations={}, errors=[], reads=[], writes=[], outputSchema=None)) == []


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", "a b", "bad_name"),
        ("name", "x" * 65, "bad_name"),
        ("input_schema", "", "bad_schema"),
        ("input_schema", "[", "bad_schema"),
        ("input_schema", "[]", "bad_schema"),
        ("input_schema", '{"type": "object", "properties": 3}', "bad_schema"),
        (
            "input_schema",
            '{"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}}',
            "unresolvable_ref",
        ),
        ("output_schema", '{"type": 3}', "bad_schema"),
        (
            "input_schema",
            json.dumps(
                {
                    "type": "object",
                    "properties": {},
                    "required": ["x"],
                    "additionalProperties": False,
                }
            ),
            "contradictory_required",
        ),
    ],
)
def test_a_row_that_was_changed_afterwards_is_measured_again(
    field: str, value: str, reason: str
) -> None:
    tool = evolved().model_copy(update={field: value})

    assert reason in [found for found, _ in check(tool)]
