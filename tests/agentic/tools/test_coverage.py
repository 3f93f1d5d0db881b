"""The numbers of a repository's coverage, on sets whose answers are known by hand."""

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.agentic.tools.coverage.diversity import effective_number, evenness
from datagen.agentic.tools.coverage.holes import holes
from datagen.agentic.tools.coverage.measure import kept, measure
from datagen.agentic.tools.coverage.neighbours import kth_nearest, nearest, unit
from datagen.agentic.tools.coverage.page import page, summary
from datagen.agentic.tools.coverage.picture import drawn, plane, sample
from datagen.agentic.tools.coverage.reach import RADIUS, neighbour_reach
from datagen.agentic.tools.coverage.text import MAX_CHARACTERS, embedded_text, words
from datagen.schemas import Tool


def tool(id: str, *, server: str = "", origin: str = "imported", **more) -> Tool:
    fields = {
        **dict.fromkeys(
            [
                "title",
                "description",
                "category",
                "domain",
                "output_schema",
                "licence",
                "date",
                "raw",
                "parent_id",
                "operator",
                "model",
            ],
            "",
        ),
        **{"input_schema": "{}", "annotations": "{}", "errors": "[]", "source": "{}", "round": -1},
        **{"reads": [], "writes": [], "fixes": [], "flags": [], "name": f"tool_{id}"},
    }
    return Tool(id=id, server=server or id, origin=origin, **(fields | more))


def spread(count: int, dimensions: int = 24, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return unit(rng.normal(size=(count, dimensions)).astype(np.float32))


def one_hot(*axes: int, dimensions: int = 6) -> np.ndarray:
    return np.eye(dimensions, dtype=np.float32)[list(axes)]


def covered(tools, vectors):
    repository, duplicates = kept(tools, vectors)
    return measure(repository, duplicates)


# text


def test_the_text_says_what_a_tool_does_and_takes():
    schema = {"properties": {"userId": {"description": "whose"}, "limit": {"type": "integer"}}}
    spec = tool(
        "a", name="getUserByID", description="Reads a\n user.", input_schema=json.dumps(schema)
    )

    assert embedded_text(spec) == "get user by id. Reads a user. Takes user id: whose; limit"


def test_server_category_and_origin_do_not_enter_the_text():
    assert embedded_text(tool("a", name="x")) == embedded_text(
        tool("b", name="x", server="s", category="c", domain="d", origin="evolved")
    )


@pytest.mark.parametrize(
    "schema",
    ["", "[]", "not json", '{"properties": 3}', '{"properties": {"a": null}}', "[" * 100_000, '{"properties": {"a": {"description": 4}}}'],
)  # fmt: skip
def test_a_schema_that_says_nothing_costs_nothing(schema):
    assert embedded_text(tool("a", name="x", input_schema=schema)).startswith("x.")


@given(st.text(max_size=900), st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_the_text_is_bounded_and_never_empty(description, name):
    text = embedded_text(tool("a", name=name, description=description))

    assert 0 < len(text) <= MAX_CHARACTERS


def test_names_become_words():
    assert [words(n) for n in ("getUserByID", "get-user_by.id", "HTTPServer")] == [
        "get user by id",
        "get user by id",
        "http server",
    ]


# neighbours


def test_the_nearest_of_another_server_leaves_the_own_server_out():
    vectors = unit(np.array([[1, 0], [1, 0.01], [1, 1]], dtype=np.float32))
    servers = np.array([0, 0, 1])

    positions, cosines = nearest(vectors, vectors, groups=(servers, servers))

    assert positions.tolist() == [2, 2, 1]
    assert cosines[0] == pytest.approx(math.sqrt(0.5), abs=1e-5)


def test_one_server_has_no_neighbours_on_others():
    servers = np.zeros(3, dtype=np.int64)

    positions, cosines = nearest(spread(3), spread(3), groups=(servers, servers))

    assert positions.tolist() == [-1] * 3
    assert cosines.tolist() == [-1] * 3


def test_the_kth_nearest_agrees_with_sorting():
    of, among = spread(40), spread(60, seed=1)

    _, cosines = kth_nearest(of, among, 5)

    assert cosines == pytest.approx(np.sort(of @ among.T, axis=1)[:, -5], abs=1e-6)


# diversity


@pytest.mark.parametrize("count", [1, 2, 6])
def test_orthogonal_tools_count_in_full(count):
    assert effective_number(np.eye(8, dtype=np.float32)[:count]) == pytest.approx(count)


def test_alike_tools_are_one_tool_and_none_are_none():
    assert effective_number(np.tile(spread(1), (500, 1))) == pytest.approx(1, abs=1e-6)
    assert effective_number(np.zeros((0, 4), dtype=np.float32)) == 0


def test_the_small_matrix_gives_the_number_of_the_large_one():
    vectors = spread(90)  # more tools than dimensions: the covariance is used
    values = np.linalg.eigvalsh((vectors @ vectors.T).astype(np.float64) / 90)
    values = values[values > 1e-12]

    assert effective_number(vectors) == pytest.approx(
        math.exp(-(values * np.log(values)).sum()), rel=1e-5
    )


def test_copies_of_a_repository_add_nothing():
    vectors = spread(50)

    assert effective_number(np.tile(vectors, (7, 1))) == pytest.approx(
        effective_number(vectors), rel=1e-5
    )


def test_evenness_is_one_for_like_groups_and_undefined_for_one():
    assert evenness([5, 5, 5]) == pytest.approx(1)
    assert evenness([100, 1]) < 0.2
    assert evenness([7]) is None
    assert evenness([]) is None
    assert evenness([0, 0]) is None


# reach


def test_real_tools_count_as_covered_within_the_radius_only():
    close = unit(np.array([[1, 0, 0], [math.cos(1.0), math.sin(1.0), 0]], dtype=np.float32))
    tools = [tool("a"), tool("b"), tool("s", origin="evolved")]
    vectors = np.vstack([close, [[1, 0.5, 0]]])

    coverage = covered(tools, vectors)

    # b is 1 rad from a (cosine 0.54) and 0.54 rad from s; both real tools are covered.
    assert coverage.real_by_synthetic.covered == 1
    assert coverage.real_by_peers.covered == 0
    assert coverage.radius == RADIUS


def test_a_set_covers_itself_at_density_one_or_more():
    real = spread(60)
    servers = np.arange(60)

    found = neighbour_reach(real, servers, real)

    assert found.coverage == 1
    assert found.density > 1


def test_synthetic_tools_far_away_cover_nothing():
    real = np.hstack([spread(30), np.zeros((30, 24), dtype=np.float32)])
    away = np.hstack([np.zeros((30, 24), dtype=np.float32), spread(30)])

    assert neighbour_reach(real, np.arange(30), away).coverage == 0


# holes


def regions() -> tuple[list[Tool], np.ndarray, list[Tool], np.ndarray]:
    """Three real tools at axis 0, two at axis 1, one at axis 2; synthetic ones at axis 2."""
    axes = (0, 0, 0, 1, 1, 2)
    categories = ("money", "money", "mail", "maps", "maps", "games")
    real = [tool(f"r{n}", category=c, server="s") for n, c in enumerate(categories)]
    synthetic = [tool("e0", origin="evolved", category="play", domain="cards")]
    return real, one_hot(*axes), synthetic, one_hot(2)


def test_holes_are_what_no_synthetic_tool_is_near_heaviest_first():
    real, vectors, synthetic, points = regions()

    found = holes(real, vectors, synthetic, points, radius=0.6)

    assert [(hole.category, hole.size, hole.representatives) for hole in found] == [
        ("money", 3, ("r0", "r1", "r2")),
        ("maps", 2, ("r3", "r4")),
    ]
    assert found[0].names[0] == "s/tool_r0"
    assert found[0].centroid == (1, 0, 0, 0, 0, 0)
    assert (found[0].nearest_category, found[0].nearest_domain) == ("play", "cards")
    assert sum(hole.weight for hole in found) == pytest.approx(1)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(30)))
def test_holes_do_not_depend_on_the_order_of_tools(order):
    tools, vectors = [tool(f"{n:02}", category="ab"[n % 2]) for n in range(30)], spread(30, 4)
    synthetic, points = [tool("s", origin="evolved")], spread(1, 4, seed=3)

    straight = holes(tools, vectors, synthetic, points, radius=0.7)
    shuffled = holes([tools[n] for n in order], vectors[order], synthetic, points, radius=0.7)

    assert straight == shuffled


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 9))
def test_holes_hold_each_uncovered_tool_once(count, synthetic_count):
    tools, vectors = [tool(f"{n:02}") for n in range(count)], spread(count, 5)
    points = spread(synthetic_count, 5, seed=1)
    synthetic = [tool(f"s{n}", origin="evolved") for n in range(synthetic_count)]

    found = holes(tools, vectors, synthetic, points, radius=0.6, limit=100)

    near = (vectors @ points.T).max(axis=1, initial=-1)
    assert sum(hole.size for hole in found if hole.kind == "region") == (near < 0.6).sum()


def test_a_thin_cell_is_a_hole_and_a_wanted_one_without_tools_too():
    tools = [tool(f"{n:02}", origin="evolved", category="c", domain="full") for n in range(8)]
    tools += [tool(f"b{n}", origin="evolved", category="c", domain="half") for n in range(4)]
    wanted = [("c", "full"), ("c", "half"), ("c", "none")]

    found = holes([], spread(0), tools, spread(12), radius=0.6, cells=wanted)

    assert [(hole.kind, hole.domain, hole.size, hole.names) for hole in found] == [
        ("cell", "none", 2, ())
    ]


def test_without_synthetic_tools_all_real_ones_are_holes():
    real, vectors, _, _ = regions()

    found = holes(real, vectors, [], vectors[:0], radius=0.6)

    assert sum(hole.size for hole in found) == len(real)
    assert {hole.nearest_category for hole in found} == {""}


def test_nothing_has_no_holes_and_limits_hold():
    real, vectors, synthetic, points = regions()

    assert holes([], vectors[:0], [], vectors[:0], radius=0.6) == []
    assert len(holes(real, vectors, synthetic, points, radius=0.6, limit=1)) == 1


# measure, page, picture

ODD = {
    "one tool": ([tool("a")], spread(1)),
    "identical tools": ([tool(f"{n}") for n in range(9)], np.tile(spread(1), (9, 1))),
    "only synthetic": ([tool(f"{n}", origin="evolved") for n in range(6)], spread(6)),
    "one server": ([tool(f"{n}", server="s") for n in range(6)], spread(6)),
    "a category of one": ([tool(f"{n}", category=c) for n, c in enumerate("aaaab")], spread(5)),
    "odd text": (
        [tool(f"{n}", category="<b>$x_1$ \ud800 مرحبا" * 4, name="📦") for n in range(6)],
        spread(6),
    ),
}


@pytest.mark.parametrize("case", ODD, ids=str)
def test_odd_repositories_have_defined_numbers_a_picture_and_a_page(case):
    tools, vectors = ODD[case]
    repository, duplicates = kept(tools, vectors)

    coverage = measure(repository, duplicates)
    picture, points = drawn(repository)
    told = page(coverage, picture, points)

    assert coverage.tools == len(repository.tools) >= 1
    assert math.isfinite(coverage.effective["all"])
    assert all(even is None or math.isfinite(even) for even in coverage.evenness.values())
    assert picture.startswith(b"\x89PNG")
    assert told.encode()
    assert "<b>" not in told
    assert "http" not in told
    assert summary(coverage)[0].startswith("tools ")


def test_the_table_counts_each_tool_once():
    tools = [tool(f"{n}", category="ab"[n % 2], domain=str(n % 3), origin=o) for n, o in enumerate(["imported", "evolved"] * 10)]  # fmt: skip

    coverage = covered(tools, spread(20))

    assert sum(row.real + row.synthetic for row in coverage.categories) == coverage.tools == 20
    assert {row.domains for row in coverage.categories} == {3}


def test_the_order_of_tools_does_not_change_the_coverage():
    tools = [tool(f"{n}", category="abc"[n % 3], origin=o) for n, o in enumerate(["imported", "evolved"] * 15)]  # fmt: skip
    vectors = spread(30, 6)
    order = np.random.default_rng(1).permutation(30)

    assert covered(tools, vectors) == covered([tools[n] for n in order], vectors[order])


def test_a_sample_holds_each_category_and_source_in_its_share():
    tools = [tool(f"{n:03}", category="a" if n < 80 else "b", origin="evolved" if n % 4 else "imported") for n in range(100)]  # fmt: skip

    rows = sample(tools, 50)

    assert rows == sorted(set(rows))
    assert len(rows) == 50
    assert sum(tools[row].category == "a" for row in rows) == 40
    assert sum(tools[row].origin == "evolved" for row in rows) in range(36, 40)


def test_the_plane_is_the_same_for_the_same_vectors():
    vectors = spread(40)

    assert (plane(vectors) == plane(vectors)).all()


def test_the_picture_has_two_panels_side_by_side():
    repository, _ = kept([tool(f"{n}") for n in range(30)], spread(30))

    picture, points = drawn(repository)

    width, height = struct.unpack(">II", picture[16:24])
    assert points == 30
    assert width > 2 * height
