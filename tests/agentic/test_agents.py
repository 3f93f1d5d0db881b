"""Agents and wishes by number: distinct, of the stated sizes, balanced by quota."""

from collections import Counter

import pytest
from counter_ground import tool

from datagen.agentic.agents import AgentDraws
from datagen.agentic.recipe import TaskOptions
from datagen.agentic.wishes import BLOCK, wish
from datagen.schemas import Tool

OWN = [tool(f"{verb}_{thing}") for verb in ("read", "make", "list") for thing in "abcdefgh"]
OTHERS = [tool(f"other_{number}", "elsewhere") for number in range(40)]


def draws(
    others: list[Tool] = OTHERS, sizes: tuple[int, int] = (3, 30), seed: int = 0
) -> AgentDraws:
    return AgentDraws(OWN, others, about="letters", policy="Be kind.", sizes=sizes, seed=seed)


def test_two_thousand_agents_are_distinct_and_of_the_stated_sizes() -> None:
    made = draws()
    agents = [made(number) for number in range(2000)]

    sizes = [len(agent.tools) for agent in agents]
    assert len({agent.id for agent in agents}) == 2000
    assert (min(sizes), max(sizes)) == (3, 30)
    assert 8 <= sorted(sizes)[1000] <= 10  # log-uniform: the geometric mean of the bounds
    assert all(set(agent.core) <= set(agent.tools) for agent in agents)
    assert all(len(set(agent.tools)) == len(agent.tools) for agent in agents)


def test_every_tool_has_agents_and_most_tool_sets_overlap_little() -> None:
    made = draws()
    agents = [made(number) for number in range(400)]

    held = Counter(known for agent in agents for known in agent.tools)
    assert {one.id for one in (*OWN, *OTHERS)} == set(held)
    own = [held[one.id] for one in OWN]
    assert max(own) < 6 * min(own)


def test_an_agents_core_is_of_the_domain_and_the_prompt_holds_the_policy() -> None:
    ids = {one.id for one in OWN}
    made = draws()
    for number in range(50):
        agent = made(number)
        assert set(agent.core) <= ids
        assert len(agent.core) >= 3
        assert "Be kind." in agent.system_prompt
        assert "{" not in agent.system_prompt


def test_agents_are_a_function_of_their_number_whatever_was_drawn_before() -> None:
    late, early = draws(), draws()
    expected = [early(number) for number in range(40)]

    assert late(39) == expected[39]
    assert draws(seed=1)(39) != expected[39]


def test_tools_of_one_name_are_never_in_one_set() -> None:
    twins = [tool("read_a", "elsewhere"), tool("read_b", "elsewhere")] * 5
    made = draws(others=twins, sizes=(20, 26))

    for number in range(20):
        names = [one.name for one in (*OWN, *twins) if one.id in made(number).tools]
        distinct = [one for one in made(number).tools]
        assert len(distinct) == len(set(distinct))
        assert len({name for name in names}) == len(distinct)


@pytest.mark.parametrize("block", [0, 3])
def test_each_block_has_exactly_the_recipes_shares(block: int) -> None:
    options = TaskOptions()
    wishes = [wish(block * BLOCK + place, options, seed=7) for place in range(BLOCK)]

    assert Counter(one.kind for one in wishes) == {
        "ordinary": 30, "clarify": 12, "refuse": 6, "no_tool": 6, "parallel": 6,
    }  # fmt: skip
    assert Counter(one.tier for one in wishes) == {"single": 30, "dependent": 20, "long": 10}
    assert sum(one.fails for one in wishes) == 15


def test_wishes_differ_by_seed_and_are_the_same_again() -> None:
    options = TaskOptions()
    one = [wish(number, options, seed=1) for number in range(100)]

    assert one == [wish(number, options, seed=1) for number in range(100)]
    assert one != [wish(number, options, seed=2) for number in range(100)]
    assert len({each.seed for each in one}) == 100
