"""Numbers that a user asks for and that add up from several answers may be told; others may not."""

import json
from typing import Any

import pytest
from verify_cases import TOOLS, reference, refusals, task_of

from datagen.agentic.nouns import Task, ToolCall, Trajectory, Turn
from datagen.agentic.verify import verify

TASK = task_of("ordinary", "dependent")
RIGHT = reference(TASK)
ORDERS = [
    {
        "items": [{"price": 235.13}, {"price": 197.33}, {"price": 346.97}, {"price": 511.24}],
        "refund": -60.78,
    },
    {"items": [{"price": 54.04}, {"price": 12.5}], "refund": 167.87, "storage": "64GB"},
    {
        "items": [{"price": 20.25}],
        "variants": {
            "a": {"available": True},
            "b": {"available": True},
            "c": {"available": True},
            "d": {"available": True},
            "e": {"available": False},
        },
    },
]


def asked_for(fact: str) -> Task:
    """A task that asks for one fact and changes nothing."""
    return TASK.model_copy(update={"answer": (fact,), "reference": (), "goal": ()})


def told(words: str, orders: list[Any] | None = None) -> Trajectory:
    """The orders are looked up one after the other; then the agent speaks."""
    turns = [RIGHT.turns[0], Turn(role="user", content="What do I get back?")]
    for number, order in enumerate(ORDERS if orders is None else orders):
        call = ToolCall(id=f"functions.look:{number}", name=TOOLS[0].name, arguments={})
        turns.append(Turn(role="assistant", tool_calls=(call,)))
        turns.append(
            Turn(role="tool", content=json.dumps(order), tool_call_id=call.id, name=call.name)
        )
    turns.append(Turn(role="assistant", content=words))
    update = {"turns": tuple(turns), "final_state": TASK.initial_state, "changes": ()}
    return RIGHT.model_copy(update=update)


def claimed(fact: str, words: str) -> set[str]:
    found = refusals(verify(asked_for(fact), told(words), TOOLS))
    return {one for one in found if one.startswith(("claims", "answer"))}


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        ("1093.34", "three of the four items of one order"),
        ("107.09", "the refunds of two orders, of which one is negative"),
        ("60.78", "a refund, told without its sign"),
        ("4", "how many are available"),
        ("5", "how many variants there are"),
        ("309.42", "the first items of all three orders"),
    ],
)
def test_what_was_asked_for_may_be_added_up(fact: str, why: str) -> None:
    assert claimed(fact, f"It is {fact} in all.") == set(), why


@pytest.mark.parametrize("fact", ["1093.35", "811.42", "17"])
def test_what_does_not_add_up_is_a_guess(fact: str) -> None:
    assert claimed(fact, f"It is {fact} in all.") == {"claims:unsupported_fact"}


def test_a_total_that_nobody_asked_for_needs_a_plainer_source() -> None:
    assert claimed("20.25", "It is 20.25, and 1093.34 for the others.") == {
        "claims:unsupported_figure"
    }


def test_a_total_is_not_told_before_its_parts_are_known() -> None:
    early = told("It is 1093.34 in all.", orders=[])
    late = told("So it is, 1093.34.").turns[2:]
    both = early.model_copy(
        update={"turns": (*early.turns, Turn(role="user", content="Sure?"), *late)}
    )

    found = refusals(verify(asked_for("1093.34"), both, TOOLS))

    assert "claims:unsupported_figure" in found


@pytest.mark.parametrize("words", ["It has 64GB.", "It has 64 GB.", "It has 64gb of storage."])
def test_a_figure_keeps_its_unit_or_not(words: str) -> None:
    assert claimed("64GB", words) <= {"answer:fact_missing"}


@pytest.mark.parametrize("words", ["It has 128GB.", "It has 46 GB."])
def test_another_figure_with_the_unit_is_invented(words: str) -> None:
    assert "claims:unsupported_figure" in claimed("20.25", words)
