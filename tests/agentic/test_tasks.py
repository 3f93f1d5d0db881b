"""Tasks by number: whose they are, and what is tried before a wish is given up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import agentic_fakes
import pytest
from counter_ground import CounterGround

from datagen.agentic.grounds import Gate, Wish
from datagen.agentic.nouns import AgentSpec, Task
from datagen.agentic.recipe import AgenticRecipe
from datagen.agentic.tasks import NEAR, OTHERS, TaskDraws
from datagen.schemas import Tool, row_id

RECIPE = AgenticRecipe.model_validate({"tasks": {"tiers": {"long": 1}, "kinds": {"ordinary": 1}}})
EACH = RECIPE.agents.tasks_each


@dataclass
class PickyGround(CounterGround):
    """Gives long tasks to some agents, short ones to more, and refuses those of some more."""

    long: Sequence[int] = ()
    short: Sequence[int] = ()
    refuses: Sequence[int] = ()
    tried: list[tuple[int, bool]] = field(default_factory=list)

    def draw(self, wish: Wish, agent: AgentSpec, tools: Sequence[Tool]) -> Task | None:
        number = int(agent.id)
        self.tried.append((number, wish.exact))
        long = number in self.long
        if not long and (wish.exact or number not in self.short):
            return None
        return agentic_fakes.task(
            id=row_id(wish.number, agent.id),
            agent_id=agent.id,
            kind=wish.kind,
            tier="long" if long else "single",
        )

    def audit(self, task: Task, tools: Sequence[Tool]) -> Gate:
        return Gate(int(task.agent_id) not in self.refuses, "reference_fails")


def draws(ground: PickyGround) -> TaskDraws:
    def agent(number: int) -> AgentSpec:
        return agentic_fakes.agent(id=str(number))

    return TaskDraws(RECIPE, ground, agent, lambda _: [])


def came(drawn: Any) -> tuple[int, str, bool]:
    return int(drawn.agent.id), drawn.task.tier if drawn.task else "", drawn.passed


def test_a_task_is_its_own_agents_where_that_agent_can_have_it() -> None:
    ground = PickyGround(long=range(100))
    made = draws(ground)

    assert [came(made(number)) for number in range(40)] == [
        (number // EACH, "long", True) for number in range(40)
    ]
    assert len(ground.tried) == 40


def test_another_agent_has_a_task_of_the_wanted_tier_before_it_becomes_an_easier_one() -> None:
    made = draws(PickyGround(long=(1, 2, 3), short=range(100)))

    for number in range(4 * EACH, 9 * EACH):
        agent, tier, passed = came(made(number))
        assert agent in (1, 2, 3)
        assert (tier, passed) == ("long", True)


def test_the_other_agents_are_some_of_those_before() -> None:
    ground = PickyGround()
    made = draws(ground)
    for number in (0, EACH, 5 * EACH, 200 * EACH + 1):
        own = number // EACH
        ground.tried.clear()
        assert came(made(number)) == (own, "", False)
        others = [agent for agent, exact in ground.tried if exact][1:]
        assert len(set(others)) == len(others) == min(own, OTHERS)
        assert all(max(0, own - NEAR) <= other < own for other in others)
        assert len(ground.tried) == 2 * (1 + len(others))


def test_where_no_agent_gives_the_tier_the_own_one_gives_another() -> None:
    made = draws(PickyGround(short=range(100)))

    assert came(made(50)) == (50 // EACH, "single", True)


def test_what_the_gate_refuses_is_tried_with_others_and_kept_where_none_passes() -> None:
    picky = PickyGround(long=range(100), refuses=range(10, 100))

    agent, tier, passed = came(draws(picky)(10 * EACH))
    assert (agent < 10, tier, passed) == (True, "long", True)
    assert came(draws(PickyGround(long=range(9), refuses=range(9)))(8 * EACH)) == (8, "long", False)


@pytest.mark.parametrize("number", [7, 63, 64, 901])
def test_a_task_follows_from_its_number_alone(number: int) -> None:
    def fresh() -> TaskDraws:
        return draws(PickyGround(long=range(0, 400, 3)))

    late, early = fresh(), fresh()
    for earlier in range(max(0, number - 20), number):
        early(earlier)
    assert late(number) == early(number)
