"""A task is kept only if its checks let the reference pass and refuse each run that must fail."""

import pytest
from verify_cases import DOMAIN, TASKS, TOOLS, task_of

from datagen.agentic.nouns import Assertion, Call, Rubric, Task
from datagen.agentic.verify.audit import audit

ACTING = {"no_op", "echo", "wrong_entity", "over_action", "truncated"}
DECLINING = {"empty_answer", "echo", "complying", "unseen"}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task.kind}-{task.tier}-{task.id[:6]}")
def test_a_drawn_task_is_audited_by_the_runs_of_its_kind(task: Task) -> None:
    found = audit(task, DOMAIN, TOOLS)

    assert found.passed, found.detail
    assert found.record.keys() - {"reference"} == (
        DECLINING if task.kind in ("refuse", "no_tool") else ACTING
    )
    assert found.record["reference"] == "passes"
    assert "passes" not in [run for name, run in found.record.items() if name != "reference"]


def test_most_runs_that_must_fail_can_be_made() -> None:
    records = [audit(task, DOMAIN, TOOLS).record for task in TASKS]
    runs = [outcome for record in records for outcome in record.values()]

    assert sum(outcome == "not_applicable" for outcome in runs) <= len(runs) // 20


def test_a_task_whose_reference_misses_the_goal_is_dropped() -> None:
    task = task_of("ordinary", "dependent")
    wrong = task.model_copy(
        update={"goal": (Assertion(path=("loans", "L-none", "status"), value="renewed"),)}
    )

    found = audit(wrong, DOMAIN, TOOLS)

    assert (found.passed, found.reason) == (False, "reference_fails")


def test_a_task_that_asks_for_nothing_checkable_is_dropped() -> None:
    task = task_of("ordinary", "single")
    empty = task.model_copy(
        update={"goal": (), "answer": (), "reference": (), "rubric": Rubric(success=("x",))}
    )

    assert not audit(empty, DOMAIN, TOOLS).passed


def test_a_refusal_whose_request_is_not_forbidden_is_dropped() -> None:
    """Nothing but the words then tells a run that complies; the state must."""
    task = task_of("refuse")
    lax = task.model_copy(
        update={"reference": (), "answer": ("no such words",), "rubric": Rubric(success=("x",))}
    )

    assert not audit(lax, DOMAIN, TOOLS).passed


def test_a_reference_with_an_unknown_tool_is_dropped_not_crashed_on() -> None:
    task = task_of("ordinary", "single")
    broken = task.model_copy(update={"reference": (Call(name="no_such_tool"),)})

    assert audit(broken, DOMAIN, TOOLS).reason == "reference_fails"
