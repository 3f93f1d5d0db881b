"""What is new becomes a tool; which of two twins stays depends on what they are."""

from typing import Any

import numpy as np
from evolve_fakes import answer, application, new_application

from datagen.agentic.tools.evolve.rows import draft
from datagen.agentic.tools.evolve.settle import Settled, Vectors, draft_order, settle
from datagen.schemas import Tool

AXES = np.eye(16, dtype=np.float32)


def made(name: str, *, round: int = 0, number: int = 0, server: str = "", **more: Any) -> Tool:
    place = application()
    if server:
        place = place.model_copy(update={"server": server})
    row = draft(new_application(number, round=round), answer(name=name, **more), place, model="m")
    assert isinstance(row, Tool)
    return row


def settled(
    drafts: list[Tool], vectors: Vectors, known: list[Tool] | None = None, most: int = 99
) -> Settled:
    known = known or []
    order = sorted(range(len(drafts)), key=lambda row: draft_order(drafts[row]))
    return settle(
        [drafts[row] for row in order],
        vectors[order],
        known,
        AXES[-len(known) :] if known else AXES[:0],
        most=most,
        across=0.92,
        within=0.995,
    )


def test_different_tools_all_stay() -> None:
    drafts = [made(f"work_{n}") for n in range(5)]

    found = settled(drafts, AXES[:5])

    assert len(found.tools) == 5
    assert found.duplicates == []
    assert found.vectors.shape == (5, 16)


def test_of_near_twins_the_same_one_stays_in_any_order() -> None:
    drafts = [made(f"work_{n}", server=f"app-{n}") for n in range(6)]
    vectors = AXES[[0, 0, 1, 1, 2, 3]]

    one = settled(drafts, vectors)
    two = settled(drafts[::-1], vectors[::-1])

    assert [tool.id for tool in one.tools] == [tool.id for tool in two.tools]
    assert [row.reason for row in one.duplicates] == ["near_duplicate"] * 2
    assert one.duplicates == two.duplicates


def test_the_earlier_round_stays() -> None:
    late, early = made("work_a", round=3, server="x"), made("work_b", round=1, server="y")

    found = settled([late, early], AXES[[0, 0]])

    assert [tool.name for tool in found.tools] == ["work_b"]


def test_a_known_tool_is_not_made_again() -> None:
    known, same = made("work_a"), made("work_a", number=4, server="elsewhere")

    found = settled([same, made("work_b")], AXES[:2], [known])

    assert [tool.name for tool in found.tools] == ["work_b"]
    assert [row.reason for row in found.duplicates] == ["duplicate"]


def test_a_name_stands_once_in_an_application() -> None:
    one = made("work_a")
    other = made("work_a", number=1, description="Does quite another thing with one lamp.")

    found = settled([one, other], AXES[:2])

    assert len(found.tools) == 1
    assert [row.reason for row in found.duplicates] == ["duplicate"]


def test_two_asks_that_came_to_the_same_tool_are_told_apart_in_the_rejects() -> None:
    drafts = [made("work_a", number=number, server=f"app-{number}") for number in range(4)]

    found = settled(drafts, AXES[:4])

    assert len(found.tools) == 1
    assert len({row.id for row in found.duplicates}) == 3


def test_a_settled_tool_outlasts_a_late_draft_of_an_earlier_round() -> None:
    known, late = made("work_a", round=3, server="x"), made("work_b", round=1, server="y")

    found = settled([late], AXES[-1:], [known])

    assert found.tools == []
    assert [row.reason for row in found.duplicates] == ["near_duplicate"]


def test_what_comes_after_the_last_wanted_tool_stays_undecided() -> None:
    drafts = sorted((made(f"work_{n}") for n in range(6)), key=draft_order)

    first = settled(drafts, AXES[:6], most=2)
    rest = settled(drafts[2:], AXES[2:6], first.tools, most=99)

    assert [tool.id for tool in first.tools] == [tool.id for tool in drafts[:2]]
    assert [tool.id for tool in rest.tools] == [tool.id for tool in drafts[2:]]
