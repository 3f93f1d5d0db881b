"""Every claim of an answer is checked; the reason says what was wrong."""

import json
from typing import Any

import pytest
from evolve_fakes import answer, application, new_application, outline, parameter, tool
from jsonschema import Draft202012Validator

from datagen.agentic.tools.evolve.answers import (
    LIMITED,
    Outline,
    ToolAnswer,
    outline_schema,
    tool_schema,
)
from datagen.agentic.tools.evolve.copied import copied, shown_example
from datagen.agentic.tools.evolve.rows import draft
from datagen.agentic.tools.evolve.spec import (
    Fault,
    example_value,
    mcp_spec,
    outline_fault,
    read_answer,
    tool_fault,
)
from datagen.agentic.tools.evolve.verbs import effects_of
from datagen.engines.base import Completion
from datagen.schemas import Tool


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (Completion(json.dumps(tool()), "length"), "truncated"),
        (Completion("  \n"), "no_answer"),
        (Completion('{"name": "a"'), "not_json"),
        (Completion("```json\n{}\n```"), "not_json"),
        (Completion("[1]"), "not_an_object"),
        (Completion('"a"'), "not_an_object"),
        (Completion("{}"), "incomplete"),
        (Completion(json.dumps(tool(name="Switch Lamp"))), "incomplete"),
        (Completion(json.dumps(tool(idempotent="yes"))), "incomplete"),
        (Completion(json.dumps(tool(extra=1))), "incomplete"),
        (Completion("{" * 5_000), "not_json"),
        (Completion(json.dumps(tool(description="x" * 100_000))), "incomplete"),
    ],
)
def test_an_answer_of_another_form_is_refused(completion: Completion, reason: str) -> None:
    fault = read_answer(completion, ToolAnswer)

    assert isinstance(fault, Fault)
    assert fault.reason == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"description": "Switch lamp."}, "no_description"),
        ({"reads": ["sofa"]}, "unknown_entity"),
        ({"reads": [], "writes": [], "effect": "reads"}, "unknown_entity"),
        ({"errors": [{"code": "exploded", "when": "it did"}]}, "unknown_error"),
        ({"effect": "reads"}, "contradictory_hints"),
        ({"writes": []}, "contradictory_hints"),
        ({"name": "list_lamps"}, "contradictory_hints"),
        ({"name": "create_lamp", "effect": "reads", "writes": []}, "contradictory_hints"),
        ({"name": "delete_lamp", "effect": "adds"}, "contradictory_hints"),
        ({"parameters": [parameter(), parameter()]}, "bad_schema"),
        ({"parameters": [parameter(description="lamp id")]}, "undescribed_parameter"),
        ({"parameters": [parameter(type="integer", example="three")]}, "bad_example"),
        ({"parameters": [parameter(type="date", example="soon")]}, "bad_example"),
        ({"parameters": [parameter(values=["a", "b"], example="c")]}, "bad_example"),
        ({"parameters": [parameter(values=["a", "a"], example="a")]}, "bad_schema"),
        (
            {"parameters": [parameter(type="boolean", example="true", values=["true"])]},
            "bad_schema",
        ),
        ({"parameters": [parameter(type="number", example="1.5")]}, "incomplete"),
    ],
)
def test_a_claim_that_does_not_hold_is_refused(changes: dict[str, Any], reason: str) -> None:
    fault = tool_fault(answer(**changes), application())

    assert fault is not None
    assert fault.reason == reason


def test_a_tool_with_nothing_wrong_has_no_fault() -> None:
    assert tool_fault(answer(), application()) is None


def test_new_errors_pass_only_where_they_are_asked_for() -> None:
    child = answer(errors=[{"code": "exploded", "when": "it did"}])

    assert tool_fault(child, application(), new_errors=True) is None


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", " a ", "a"),
        ("integer", "-12", -12),
        ("number", "2.50", 2.5),
        ("boolean", "True", True),
        ("date", "2026-02-28", "2026-02-28"),
        ("datetime", "2026-02-28T09:00", "2026-02-28T09:00:00Z"),
        ("list_of_strings", "a, b", ["a", "b"]),
        ("list_of_integers", "[1, 2]", [1, 2]),
    ],
)
def test_an_example_becomes_a_value_of_its_type(kind: str, text: str, value: object) -> None:
    assert example_value(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "1.5"),
        ("integer", "٣"),
        ("number", "1e999"),
        ("number", "nan"),
        ("boolean", "yes"),
        ("date", "2026-02-30"),
        ("datetime", "2026-02-28"),
        ("list_of_integers", "1, b"),
        ("string", "   "),
    ],
)
def test_text_that_spells_no_value_of_the_type_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError):
        example_value(kind, text)


def test_the_spec_is_valid_json_schema_and_its_examples_fit() -> None:
    kinds = {
        "integer": "3",
        "number": "2.5",
        "boolean": "true",
        "date": "2026-01-01",
        "datetime": "2026-01-01T10:00:00",
        "list_of_strings": "a, b",
        "list_of_integers": "1, 2",
    }
    parameters = [
        parameter(f"p_{kind}", type=kind, example=text, unit="minutes")
        for kind, text in kinds.items()
    ]

    spec = mcp_spec(answer(parameters=parameters))

    for schema in (spec["inputSchema"], spec["outputSchema"]):
        Draft202012Validator.check_schema(schema)
    example = {
        name: part["examples"][0] for name, part in spec["inputSchema"]["properties"].items()
    }
    assert Draft202012Validator(spec["inputSchema"]).is_valid(example)
    assert "(in minutes)" in spec["inputSchema"]["properties"]["p_number"]["description"]


def test_a_draft_holds_what_derivations_need_and_passes_the_strict_measure() -> None:
    row = draft(new_application(), answer(), application(), model="m", repeated=["errors"])

    assert isinstance(row, Tool)
    assert row.fixes == ["repeated_errors"]
    assert json.loads(row.source)["application"]["entities"][0]["name"] == "lamp"
    assert (row.origin, row.category, row.operator, row.round) == (
        "evolved",
        "smart_home",
        "outline",
        0,
    )


def test_a_draft_without_errors_fails_the_strict_measure() -> None:
    fault = draft(new_application(), answer(errors=[]), application(), model="m")

    assert isinstance(fault, Fault)
    assert fault.reason == "incomplete"


def test_the_asked_schemas_are_valid_and_take_a_good_answer() -> None:
    wanted = tool_schema(application(), max_parameters=5)

    Draft202012Validator.check_schema(wanted)
    assert Draft202012Validator(wanted).is_valid(tool())
    assert not Draft202012Validator(wanted).is_valid(tool(reads=["sofa"]))
    assert Draft202012Validator(outline_schema(3)).is_valid(
        outline("a", 3)
        | {
            "errors": [{"code": "aa", "when": "b"}, {"code": "bb", "when": "b"}],
            "entities": [
                {"name": "lamp", "fields": ["id", "on"]},
                {"name": "scene", "fields": ["id", "on"]},
            ],
        }
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tools": [{"name": "aa", "purpose": "x"}, {"name": "aa", "purpose": "y"}]}, "duplicate"),
        ({"tools": [{"name": "aa", "purpose": "X."}, {"name": "bb", "purpose": "x"}]}, "duplicate"),
        ({"tools": [{"name": "aa", "purpose": "x"}]}, "incomplete"),
    ],
)
def test_an_outline_whose_tools_are_not_so_many_different_ones_is_refused(
    changes: dict[str, Any], reason: str
) -> None:
    fault = outline_fault(Outline.model_validate(outline("a", 2) | changes), 2)

    assert fault is not None
    assert fault.reason == reason


def test_the_example_of_the_prompt_is_a_tool_of_the_asked_form_and_refused_as_an_answer() -> None:
    fault = copied(shown_example(), application())

    assert fault is not None
    assert fault.reason == "copied_example"


def test_a_sentence_of_the_example_is_refused_in_another_tool() -> None:
    theirs = shown_example().parameters[1].description.upper()

    fault = copied(
        answer(parameters=[parameter(), parameter("days", description=theirs)]), application()
    )

    assert fault is not None
    assert fault.reason == "copied_example"


def test_a_tool_of_its_own_is_not_taken_for_the_example() -> None:
    assert copied(answer(), application()) is None


@pytest.mark.parametrize(
    "state",
    [
        {"effect": "reads", "reads": ["lamp"], "writes": ["lamp"], "idempotent": True},
        {"effect": "changes", "reads": ["lamp"]},
        {"effect": "removes", "reads": [], "writes": [], "idempotent": False},
    ],
)
def test_the_asked_schema_cannot_say_that_reading_writes_or_writing_does_not(
    state: dict[str, Any],
) -> None:
    asked = Draft202012Validator(tool_schema(application(), max_parameters=5))

    assert asked.is_valid(tool())
    assert not asked.is_valid({**tool(), "state": state})


def test_a_name_may_read_and_write() -> None:
    assert tool_fault(answer(name="find_and_update_lamp"), application()) is None


@pytest.mark.parametrize(
    ("effect", "hints"),
    [
        ("reads", (True, False)),
        ("adds", (False, False)),
        ("changes", (False, False)),
        ("removes", (False, True)),
    ],
)
def test_the_hints_follow_from_the_effect(effect: str, hints: tuple[bool, bool]) -> None:
    writes = [] if effect == "reads" else ["lamp"]

    found = mcp_spec(answer(name="lamp_work", effect=effect, writes=writes))["annotations"]

    assert (found["readOnlyHint"], found["destructiveHint"]) == hints


def test_an_outline_whose_error_code_is_a_word_of_the_form_is_refused() -> None:
    said = outline("a", 2) | {"errors": [{"code": "when", "when": "something is wrong"}]}

    fault = outline_fault(Outline.model_validate(said), 2)

    assert fault is not None
    assert "when" in fault.said


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("integer", "-12", "twelve"),
        ("number", "1.5", "1.5 EUR"),
        ("boolean", "true", "yes"),
        ("date", "2026-02-28", "2026-02-30"),
        ("datetime", "2026-02-28T23:59:00Z", "2026-02-28"),
        ("list_of_integers", "1, 20", "1; 20"),
    ],
)
def test_the_asked_schema_takes_examples_of_the_type_alone(kind: str, good: str, bad: str) -> None:
    asked = Draft202012Validator(tool_schema(application(), max_parameters=5))
    form = parameter(type=kind)
    if kind not in LIMITED:
        del form["values"]

    assert asked.is_valid(tool(parameters=[form | {"example": good}]))
    assert not asked.is_valid(tool(parameters=[form | {"example": bad}]))
    assert example_value(kind, good) is not None


def test_a_word_of_the_example_is_refused_unless_the_application_has_it() -> None:
    lamp = answer(parameters=[parameter(), parameter("extra_days")])
    lending = application().model_copy(update={"summary": "Lends lamps for extra_days."})

    fault = copied(lamp, application())

    assert fault is not None
    assert fault.reason == "copied_example"
    assert copied(lamp, lending) is None


@pytest.mark.parametrize(
    ("name", "effect", "writes", "fits"),
    [
        ("list_lamps", "changes", ["lamp"], False),
        ("delete_lamp", "adds", ["lamp"], False),
        ("delete_lamp", "removes", ["lamp"], True),
        ("find_and_update_lamp", "changes", ["lamp"], True),
        ("check_lamp", "changes", ["lamp"], True),
    ],
)
def test_a_tool_that_has_its_name_is_asked_for_with_effects_that_fit_it(
    name: str, effect: str, writes: list[str], fits: bool
) -> None:
    schema = tool_schema(application(), max_parameters=5, name=name, effects=effects_of(name))
    asked = Draft202012Validator(schema)

    assert asked.is_valid(tool(name=name, effect=effect, writes=writes)) == fits
    assert not asked.is_valid(tool(name="another_name", effect=effect, writes=writes))
