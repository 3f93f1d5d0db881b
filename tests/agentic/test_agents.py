"""Agents and wishes by number: distinct, of the stated sizes, balanced by quota."""

from collections import Counter
from typing import get_args

import pytest
from counter_ground import tool
from hypothesis import assume, given
from hypothesis import strategies as st

from datagen.agentic.agents import AgentDraws
from datagen.agentic.nouns import TaskKind, Tier
from datagen.agentic.recipe import TaskOptions
from datagen.agentic.wishes import BLOCK, DECLINED, DECLINED_AT_ONCE, DeclinedTiers, wish
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


@pytest.mark.parametrize(
    ("declined", "fitting"),
    [(DECLINED, {"single", "dependent"}), (DECLINED_AT_ONCE, {"single"})],
)
def test_what_is_declined_has_short_tiers_and_the_shares_stay(
    declined: DeclinedTiers, fitting: set[str]
) -> None:
    options = TaskOptions.model_validate({"tiers": {"single": 1, "dependent": 2, "long": 2}})
    wishes = [wish(number, options, 3, declined) for number in range(4 * BLOCK)]

    assert {one.tier for one in wishes if one.kind == "no_tool"} == {"single"}
    assert {one.tier for one in wishes if one.kind == "refuse"} == fitting
    tiers = Counter(one.tier for one in wishes)
    assert tiers == {"single": 48, "dependent": 96, "long": 96}


WEIGHTS = st.integers(0, 5)


@given(
    st.fixed_dictionaries(dict.fromkeys(get_args(TaskKind), WEIGHTS)),
    st.fixed_dictionaries(dict.fromkeys(get_args(Tier), WEIGHTS)),
)
def test_shares_of_tiers_are_missed_by_no_more_than_too_much_to_decline(
    kinds: dict[str, int], tiers: dict[str, int]
) -> None:
    assume(any(kinds.values()) and any(tiers.values()))
    options = TaskOptions.model_validate({"kinds": kinds, "tiers": tiers})
    free = TaskOptions.model_validate({"kinds": {"ordinary": 1}, "tiers": tiers})
    wishes = [wish(number, options, 0) for number in range(BLOCK)]

    asked = Counter(wish(number, free, 0).tier for number in range(BLOCK))
    got = Counter(one.tier for one in wishes)
    no_tool, refuse = (sum(one.kind == kind for one in wishes) for kind in ("no_tool", "refuse"))
    too_many = max(
        0, no_tool - asked["single"], no_tool + refuse - asked["single"] - asked["dependent"]
    )
    assert (asked - got).total() == (got - asked).total() == too_many
    for kind, fitting in DECLINED:
        assert {one.tier for one in wishes if one.kind == kind} <= set(fitting)


def test_wishes_differ_by_seed_and_are_the_same_again() -> None:
    options = TaskOptions()
    one = [wish(number, options, seed=1) for number in range(100)]

    assert one == [wish(number, options, seed=1) for number in range(100)]
    assert one != [wish(number, options, seed=2) for number in range(100)]
    assert len({each.seed for each in one}) == 100
