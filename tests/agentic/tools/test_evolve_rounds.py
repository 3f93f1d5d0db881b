"""What a round asks for follows from what was accepted, what was asked and what is missing."""

from collections import Counter

import pytest
from evolve_fakes import FakeAsk, new_application

from datagen.agentic.tools.coverage.holes import Hole
from datagen.agentic.tools.evolve.asks import Derivation, NewApplication, partitions
from datagen.agentic.tools.evolve.pipeline import EvolvePipeline
from datagen.agentic.tools.evolve.requests import GrowOptions
from datagen.agentic.tools.evolve.rounds import History, RoundOptions, RoundPlanning
from datagen.agentic.tools.evolve.rows import Made
from datagen.agentic.tools.evolve.taxonomy import load_taxonomy
from datagen.schemas import Tool

CELL = ("smart_home", "lighting scenes and dimmers")


def planning(**rounds: object) -> RoundPlanning:
    options = RoundOptions.model_validate(rounds)
    return RoundPlanning(load_taxonomy(), options, GrowOptions(), seed=3, date="2026-01-01")


async def accepted(count: int = 4) -> list[Tool]:
    slots = await EvolvePipeline(GrowOptions(), 0).work(new_application(slots=count), FakeAsk())
    return [slot.row for slot in slots if isinstance(slot, Made)]


def hole(kind: str = "region", place: tuple[str, str] = CELL, weight: float = 1.0) -> Hole:
    return Hole(
        kind=kind,  # type: ignore[arg-type]
        category=place[0] if kind == "cell" else "browser",
        domain=place[1] if kind == "cell" else "",
        representatives=("r0", "r1"),
        names=("s/a", "s/b"),
        size=3,
        weight=weight,
        nearest_category=place[0],
        nearest_domain=place[1],
        centroid=(),
    )


@pytest.mark.parametrize(
    ("number", "missing", "have", "asked", "slots"),
    [
        (0, 1000, 0, 0, 32),
        (1, 1000, 30, 32, 64),
        (3, 1000, 100, 200, 256),
        (50, 10**6, 100, 200, 4096),
        (0, 10, 0, 0, 11),
        (3, 10, 100, 200, 22),
        (3, 10, 0, 200, 256),
        (3, 1, 200, 200, 2),
    ],
)
def test_rounds_double_and_do_not_ask_for_much_more_than_is_missing(
    number: int, missing: int, have: int, asked: int, slots: int
) -> None:
    assert planning().slots(number, missing=missing, accepted=have, asked=asked) == slots


def test_without_tools_a_round_is_applications_spread_over_the_taxonomy() -> None:
    asks = planning().asks(0, 4 * 287, [], History())

    cells = Counter((a.category, a.domain) for a in asks if isinstance(a, NewApplication))
    assert len(cells) == 287
    assert set(cells.values()) == {1}


def test_the_next_round_goes_to_cells_that_have_fewest_applications() -> None:
    history, plan = History(), planning()
    for partition in partitions(plan.asks(0, 400, [], history), 0, slots=64):
        history.add(partition)

    second = plan.asks(1, 4 * 187, [], history)

    both = history.applications + Counter(
        (a.category, a.domain) for a in second if isinstance(a, NewApplication)
    )
    assert set(both.values()) == {1}


async def test_no_ask_is_planned_twice_until_none_is_left() -> None:
    tools, history, plan = await accepted(), History(), planning(operator_share=1.0)
    seen: list[str] = []
    for number in range(30):
        asks = [a for a in plan.asks(number, 8, tools, history) if isinstance(a, Derivation)]
        seen += [ask.id for ask in asks]
        for partition in partitions(asks, number, slots=8):
            history.add(partition)

    # Five operators per tool, change_entity for one free entity, combine for each pair.
    assert len(seen) == len(set(seen)) == 4 * 5 + 6


async def test_parents_that_were_derived_from_least_come_first() -> None:
    tools, history = await accepted(), History()
    history.parents.update({tools[0].id: 5, tools[1].id: 5, tools[2].id: 5})

    asks = planning(operator_share=0.25).asks(1, 4, tools, history)

    derived = [ask for ask in asks if isinstance(ask, Derivation)]
    assert [ask.parents[0].id for ask in derived] == [tools[3].id]


async def test_holes_get_their_share_of_applications_and_show_real_tools() -> None:
    tools = await accepted()
    real = {tool.id: tool for tool in tools}
    target = hole()
    shown = {"r0": tools[0], "r1": tools[1]}

    asks = planning(operator_share=0.0, hole_share=0.5).asks(
        1, 40, tools, History(), [target], real | shown
    )

    meant = [a for a in asks if isinstance(a, NewApplication) and a.like]
    assert len(meant) == 5
    assert {(a.category, a.domain) for a in meant} == {CELL}
    assert meant[0].like[0].startswith(f"{tools[0].name}: ")
    assert all("Desk" in name for a in meant for name in a.other)


def test_a_thin_cell_is_asked_for_and_one_that_is_not_ours_is_not() -> None:
    mine, strange = hole("cell", weight=0.5), hole("cell", ("not", "ours"), weight=0.5)

    asks = planning(hole_share=1.0).asks(1, 8, [], History(), [mine, strange])

    places = [(a.category, a.domain) for a in asks if isinstance(a, NewApplication)]
    assert places[0] == CELL
    assert places[1] != ("not", "ours")


async def test_a_plan_is_the_same_whatever_the_order_of_the_tools() -> None:
    tools = await accepted()

    one = planning().asks(2, 16, tools, History())
    two = planning().asks(2, 16, tools[::-1], History())

    assert [a.id for a in one if isinstance(a, Derivation)] == [
        a.id for a in two if isinstance(a, Derivation)
    ]


async def test_a_derivation_knows_the_errors_that_its_parents_brought() -> None:
    tools, plan = await accepted(), planning(operator_share=1.0)
    extra = tools[0].model_copy(
        update={"source": tools[0].source.replace('"code":"not_found"', '"code":"melted"')}
    )

    asks = [a for a in plan.asks(1, 8, [extra], History()) if isinstance(a, Derivation)]

    codes = {e.code for ask in asks for p in ask.parents for e in p.tool.errors}
    assert all(codes <= set(ask.application.error_codes) for ask in asks)
