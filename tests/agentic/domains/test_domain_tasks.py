"""Drawn tasks can be done, are not done at the start, and follow from their number and seed."""

import json
import random
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from datagen.agentic.agents import AgentDraws
from datagen.agentic.domains import load_domain
from datagen.agentic.domains.building import Wanted, reference_trajectory
from datagen.agentic.domains.tasks import draw_task
from datagen.agentic.domains.wording import FRAMES
from datagen.agentic.environment.compiled import state_fault
from datagen.agentic.environment.patches import applied
from datagen.agentic.nouns import AgentSpec, Task
from datagen.agentic.recipe import TaskOptions
from datagen.agentic.users.moves import Move, UserFault, asked_facts, fault_of
from datagen.agentic.users.ruled import move
from datagen.agentic.verify import progress
from datagen.agentic.wishes import personas, wish
from datagen.schemas import Tool

LIBRARY = load_domain("library")
ROWS = LIBRARY.rows()
BY_ID = {row.id: row for row in ROWS}
WRITES = {tool.name for tool in LIBRARY.tools if not tool.read_only}
COUNT = 520
ACTS = ("ordinary", "clarify", "parallel")


@cache
def agents() -> AgentDraws:
    return AgentDraws(ROWS, [], about=LIBRARY.about, policy=LIBRARY.policy, sizes=(3, 30), seed=0)


def wanted(number: int) -> Wanted:
    one = wish(number, TaskOptions(), 0)
    return Wanted(
        kind=one.kind,
        tier=one.tier,
        persona=one.persona,
        fails=one.fails,
        number=number,
        seed=one.seed,
    )


def agent_of(number: int) -> tuple[AgentSpec, list[Tool]]:
    agent = agents()(number // 4)
    return agent, [BY_ID[key] for key in agent.tools]


@cache
def drawn() -> tuple[tuple[int, Task | None], ...]:
    return tuple(
        (number, draw_task(LIBRARY, *agent_of(number), wanted(number))) for number in range(COUNT)
    )


def tasks() -> list[Task]:
    return [task for _, task in drawn() if task is not None]


def holds(task: Task, state: Any) -> bool:
    for one in task.goal:
        value = state
        for key in one.path:
            value = value.get(key) if isinstance(value, dict) else None
        if value != one.value:
            return False
    return True


def test_nearly_every_wish_gives_a_task_and_no_two_are_alike() -> None:
    assert len(tasks()) >= 0.97 * COUNT
    assert len({task.id for task in tasks()}) == len(tasks())
    assert len({task.opening for task in tasks()}) >= 0.97 * len(tasks())


def test_kinds_are_those_that_were_wished_for_and_tiers_nearly_so() -> None:
    kept = Counter()  # type: ignore[var-annotated]
    for number, task in drawn():
        if task is not None:
            assert task.kind == wanted(number).kind
            kept[task.tier == wanted(number).tier or task.kind in ("refuse", "no_tool")] += 1
    assert kept[True] >= 0.85 * kept.total()
    counted = Counter((task.kind, task.tier) for task in tasks())
    for kind in ACTS:
        assert all(counted[kind, tier] for tier in ("single", "dependent", "long"))


def test_where_only_the_tier_will_do_no_other_comes() -> None:
    for number, task in drawn()[:120]:
        one = replace(wanted(number), exact=True)
        exact = draw_task(LIBRARY, *agent_of(number), one)
        assert exact is None or (exact.kind, exact.tier) == (one.kind, one.tier)
        if task is not None and task.tier == one.tier:
            assert exact == task


def test_each_reference_reaches_its_goal_and_the_start_does_not() -> None:
    for task in tasks():
        trajectory = reference_trajectory(task, LIBRARY)
        assert holds(task, trajectory.final_state), task.opening
        if task.kind in ACTS:
            assert not task.goal or not holds(task, task.initial_state), task.opening
            assert task.goal or task.answer, task.opening
        else:
            assert trajectory.final_state == task.initial_state
        state: Any = task.initial_state
        for change in trajectory.changes:
            state = applied(state, change.patch)
        assert state == trajectory.final_state


def test_references_end_in_states_that_keep_the_rules_and_the_policy() -> None:
    for task in tasks():
        trajectory = reference_trajectory(task, LIBRARY)
        assert state_fault(LIBRARY, trajectory.final_state) == ""
        start = task.initial_state
        for call in task.reference:
            given = call.arguments
            if call.name == "renew_loan":
                loan = start["loans"][given["loan_id"]]
                assert loan["renewals"] < 2
                assert start["members"][loan["member_id"]]["owes"] <= 10
            if call.name in ("checkout_book", "place_hold"):
                assert not start["books"][given["book_id"]]["reference"]
            if call.name == "checkout_book":
                assert start["members"][given["member_id"]]["owes"] <= 10


def test_references_use_the_agent_s_tools_and_no_others() -> None:
    for number, task in drawn():
        if task is not None:
            names = {tool.name for tool in agent_of(number)[1]}
            assert {call.name for call in task.reference} <= names


def test_tiers_are_what_they_are_called() -> None:
    for task in tasks():
        calls = len(task.reference)
        if task.kind in ("ordinary", "clarify"):
            low, high = {"single": (1, 1), "dependent": (2, 3), "long": (4, 12)}[task.tier]
            assert low <= calls <= high, (task.tier, task.opening)
        if task.tier == "long":
            assert task.failures


def test_clarify_tasks_leave_something_out_that_the_user_knows() -> None:
    for task in tasks():
        assert bool(task.known) == (task.kind == "clarify")
        hidden = [fact for fact in task.known.values() if fact not in task.opening]
        assert hidden == list(task.known.values())
        assert all(fact in task.request for fact in hidden), task.request


def test_a_question_by_name_gets_each_hidden_fact_from_the_ruled_user() -> None:
    from datagen.agentic.nouns import Turn

    for task in tasks():
        for name, fact in task.known.items():
            asked = Turn(role="assistant", content=f"What is the {name.replace('_', ' ')}, please?")
            turns = [Turn(role="user", content=task.opening), asked]
            assert name in asked_facts(task, asked.content)
            said = move(task, turns)
            assert isinstance(said, Move)
            assert fact in said.message
            assert not isinstance(fault_of(task, turns, said), UserFault)


def test_refusals_have_something_forbidden_that_the_agent_could_do() -> None:
    for number, task in drawn():
        if task is not None and task.kind == "refuse":
            names = {tool.name for tool in agent_of(number)[1]}
            assert any(call.name in names for call in task.rubric.pattern.forbidden)
            assert not {call.name for call in task.reference} & WRITES


def test_parallel_tasks_name_calls_that_the_reference_makes_in_one_turn() -> None:
    for task in tasks():
        together = Counter(task.rubric.pattern.parallel)
        if task.kind == "parallel":
            assert together.total() >= 2
            turns = reference_trajectory(task, LIBRARY).turns
            made = [Counter(call.name for call in turn.tool_calls) for turn in turns]
            assert any(not together - one for one in made), task.opening


def test_every_planned_failure_comes_to_pass_and_is_recovered_from() -> None:
    failing = [task for task in tasks() if task.failures]
    assert len(failing) > 50
    for task in failing:
        trajectory = reference_trajectory(task, LIBRARY)
        assert sorted(map(repr, trajectory.injected)) == sorted(map(repr, task.failures))


def test_kinds_of_failures_are_balanced() -> None:
    kinds = Counter(failure.kind for task in tasks() for failure in task.failures)
    assert len(kinds) == 7
    assert max(kinds.values()) < 2.5 * min(kinds.values())


def test_final_words_of_a_reference_state_every_fact_of_the_answer() -> None:
    for task in tasks():
        said = reference_trajectory(task, LIBRARY).turns[-1]
        assert said.role == "assistant"
        assert not said.tool_calls
        assert all(fact in said.content for fact in task.answer)


def test_weights_can_be_divided_by() -> None:
    for task in tasks():
        if task.reference:
            assert sum(point.weight for point in task.rubric.checkpoints) > 0
        assert task.rubric.success


@pytest.mark.parametrize("number", random.Random(5).sample(range(COUNT), 12))
def test_a_task_follows_from_its_number_and_seed(number: int) -> None:
    again = draw_task(LIBRARY, *agent_of(number), wanted(number))
    assert again == drawn()[number][1]


def test_tasks_survive_being_written_down() -> None:
    for task in tasks()[:60]:
        assert Task.model_validate(json.loads(task.model_dump_json())) == task


def test_personas_write_in_their_own_style() -> None:
    styles = {persona.style for persona in personas()}
    assert styles & set(FRAMES) == set(FRAMES)
    assert not any("{" in task.opening for task in tasks())


def test_an_agent_without_tools_of_the_domain_can_only_decline() -> None:
    agent = agents()(0)
    stranger = ROWS[0].model_copy(update={"server": "other", "id": "x", "name": "sing"})
    for number in range(60):
        task = draw_task(LIBRARY, agent, [stranger], wanted(number))
        assert task is None or task.kind == "no_tool"


def test_another_look_up_that_tells_as_much_reaches_the_same_checkpoint() -> None:
    found = 0
    for number, task in drawn():
        names = {tool.name for tool in agent_of(number)[1]}
        for place, point in enumerate(task.rubric.checkpoints if task else ()):
            for other in point.calls[1:]:
                assert task is not None
                assert other.name in names - WRITES
                calls = [*task.reference[:place], other, *task.reference[place + 1 :]]
                trajectory = reference_trajectory(task, LIBRARY, calls=calls)
                assert progress(task, trajectory) == pytest.approx(1.0)
                found += 1
    assert found > COUNT // 50
