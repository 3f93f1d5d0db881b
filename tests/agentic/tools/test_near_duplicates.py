"""Near-duplicates: the outcome belongs to the set of tools, and what is out has its like kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.agentic.tools.near_duplicates import (
    ACROSS_SERVERS,
    WITHIN_SERVER,
    near_duplicates,
    opposed,
)
from datagen.errors import RecipeError
from datagen.schemas import Tool


def tool(
    id: str, *, name: str = "look", server: str = "", origin: str = "imported", **more
) -> Tool:
    fields = {
        **dict.fromkeys(
            "title description category domain output_schema licence date raw parent_id operator model".split(),
            "",
        ),
        **{"input_schema": "{}", "annotations": "{}", "errors": "[]", "source": "{}", "round": -1},
        **{"reads": [], "writes": [], "fixes": [], "flags": []},
    }
    return Tool(id=id, name=name, server=server or id, origin=origin, **(fields | more))


def at(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def chain(count: int) -> tuple[list[Tool], np.ndarray]:
    """Tools 15° (cosine 0.966) apart: each repeats its neighbours and no other."""
    return [tool(f"{n:02}") for n in range(count)], at(*(15 * n for n in range(count)))


def test_a_chain_loses_only_tools_whose_like_is_kept():
    tools, vectors = chain(7)

    out = {found.id: found.other_id for found in near_duplicates(tools, vectors)}

    assert out == {"01": "00", "03": "02", "05": "04"}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 359), st.sampled_from("abc"), st.sampled_from(["imported", "evolved"])
        ),
        min_size=1,
        max_size=40,
    ),
    st.randoms(use_true_random=False),
)
def test_the_outcome_does_not_depend_on_the_order_of_arrival(made, random):
    tools = [
        tool(f"{n:02}", server=server, origin=origin) for n, (_, server, origin) in enumerate(made)
    ]
    vectors = at(*(degrees for degrees, _, _ in made))
    order = list(range(len(tools)))
    random.shuffle(order)

    straight = near_duplicates(tools, vectors)
    shuffled = near_duplicates([tools[n] for n in order], vectors[order])

    assert straight == shuffled
    gone = {found.id for found in straight}
    assert not gone & {found.other_id for found in straight}
    assert all(found.cosine >= ACROSS_SERVERS - 1e-4 for found in straight)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 359), min_size=2, max_size=40))
def test_no_two_tools_that_stay_repeat_each_other(degrees):
    tools, vectors = [tool(f"{n:02}") for n in range(len(degrees))], at(*degrees)

    gone = {found.id for found in near_duplicates(tools, vectors)}

    stay = [n for n, each in enumerate(tools) if each.id not in gone]
    cosines = vectors[stay] @ vectors[stay].T - 2 * np.eye(len(stay))
    assert cosines.max() < ACROSS_SERVERS + 1e-6


def test_blocks_do_not_change_the_outcome():
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(700, 24)), 2, axis=0).astype(np.float32)
    tools = [tool(f"{n:04}") for n in rng.permutation(1400)]

    out = near_duplicates(tools, vectors)

    pairs = {frozenset((a.id, b.id)) for a, b in zip(tools[::2], tools[1::2], strict=True)}
    assert {frozenset((found.id, found.other_id)) for found in out} == pairs
    assert all(found.other_id < found.id for found in out)


def test_a_real_tool_stays_where_a_synthetic_one_repeats_it():
    tools = [tool("a", origin="evolved", description="best", round=0), tool("b")]

    out = near_duplicates(tools, at(0, 1))

    assert [(found.id, found.other_id) for found in out] == [("a", "b")]


def test_the_fuller_spec_stays():
    tools = [tool("a"), tool("b", description="what it does")]

    assert [found.id for found in near_duplicates(tools, at(0, 0))] == ["a"]


def test_tools_of_one_server_may_lie_closer():
    degrees = float(np.degrees(np.arccos((ACROSS_SERVERS + WITHIN_SERVER) / 2)))

    same = near_duplicates([tool("a", server="s"), tool("b", server="s")], at(0, degrees))
    other = near_duplicates([tool("a", server="s"), tool("b", server="t")], at(0, degrees))

    assert not same
    assert [found.id for found in other] == ["b"]


@pytest.mark.parametrize(
    ("name", "other", "answer"),
    [
        ("encrypt_text", "decryptText", True),
        ("aes_encrypt", "aes_decrypt", True),
        ("createUser", "delete_user", True),
        ("get_user", "fetch_user", False),
        ("get_user", "look", False),
        ("", "📦", False),
        ("create_or_delete", "delete", False),
    ],
)
def test_opposite_actions_tell_tools_apart(name, other, answer):
    assert opposed(name, other) is answer
    assert opposed(other, name) is answer
    out = near_duplicates([tool("a", name=name), tool("b", name=other)], at(0, 1))
    assert bool(out) is not answer


def test_identical_tools_leave_one():
    tools = [tool(f"{n:04}") for n in range(1500)]

    out = near_duplicates(tools, at(*[7.0] * 1500))

    assert len(out) == 1499
    assert {found.other_id for found in out} == {"0000"}
    assert out[0].detail == "cosine 1.000 with 0000"


def test_one_id_twice_is_no_near_duplicate_of_itself():
    assert near_duplicates([tool("a", server="s"), tool("a", server="t")], at(0, 0)) == []


def test_no_tools_have_no_near_duplicates():
    assert near_duplicates([], np.zeros((0, 3), dtype=np.float32)) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_embeddings_that_are_no_direction_end_in_one_line(bad):
    vectors = at(0, 40)
    vectors[1] = bad

    with pytest.raises(
        RecipeError, match="1 of 2 embeddings are zero or not finite, first in row 1"
    ):
        near_duplicates([tool("a"), tool("b")], vectors)
