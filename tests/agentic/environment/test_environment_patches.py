"""A patch says exactly how one value becomes another, and nothing is applied by halves."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.agentic.environment.patches import BadPatch, applied, diff, refuse_wholesale, same

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("ab/~", max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text("ab/~", max_size=3), VALUES, max_size=4)


@given(OBJECTS, OBJECTS)
def test_the_difference_applied_gives_the_second_value(one: Any, other: Any) -> None:
    before = copy.deepcopy(one)
    assert same(applied(one, diff(one, other)), other)
    assert same(one, before)


@given(OBJECTS)
def test_equal_values_differ_in_nothing(value: Any) -> None:
    assert diff(value, copy.deepcopy(value)) == ()


def test_true_is_not_one() -> None:
    assert not same({"a": True}, {"a": 1})
    assert diff({"a": 1}, {"a": True}) == ({"op": "replace", "path": "/a", "value": True},)


@pytest.mark.parametrize(
    "change",
    [
        {"op": "replace", "path": "/missing", "value": 1},
        {"op": "remove", "path": "/missing"},
        {"op": "add", "path": "", "value": {}},
        {"op": "add", "path": "/a"},
        {"op": "add", "path": "/a/b/c", "value": 1},
        {"op": "add", "path": "/list/9", "value": 1},
        {"op": "replace", "path": "/list/-1", "value": 1},
        {"op": "copy", "path": "/a", "from": "/list"},
        {},
    ],
)
def test_a_patch_that_can_t_be_applied_changes_nothing(change: dict[str, Any]) -> None:
    state = {"a": 1, "list": [1, 2]}
    with pytest.raises(BadPatch):
        applied(state, [{"op": "replace", "path": "/a", "value": 2}, change])
    assert state == {"a": 1, "list": [1, 2]}


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "remove", "path": "/loans"}],
        [{"op": "replace", "path": "/loans", "value": {}}],
        [{"op": "add", "path": "/new", "value": {}}],
        [{"op": "remove", "path": f"/loans/L-{n}"} for n in range(4)],
    ],
)
def test_whole_collections_are_out_of_reach(patch: list[dict[str, Any]]) -> None:
    with pytest.raises(BadPatch):
        refuse_wholesale({"loans": {f"L-{n}": {} for n in range(9)}, "today": "x"}, patch)


def test_a_scalar_at_the_root_may_change() -> None:
    refuse_wholesale({"today": "x"}, [{"op": "replace", "path": "/today", "value": "y"}])
