"""Where real tools are that no synthetic tool comes near: what to evolve next.

A region is chosen by what it would gain: the real tool around which most uncovered real tools lie
within the radius, then again without those, and so on. So a hole's size is the number of real tools
that become covered when tools like its centre are made, and big regions come before strange single
tools, without a number of clusters to choose. Cells are counted, not measured: a cell of the
taxonomy with fewer tools than half of the median cell is short of that many.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from datagen.agentic.tools.coverage.neighbours import Vectors, counts_within, nearest, unit
from datagen.schemas import Tool

REPRESENTATIVES = 5
"""Tools that stand for a hole: as many as a prompt shows at a glance."""

Cell = tuple[str, str]
"""Category and domain."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of the space of tools that wants more synthetic ones; heaviest first in lists."""

    kind: Literal["region", "cell"]
    """`region`: real tools without a synthetic one near. `cell`: a taxonomy cell with few tools."""
    category: str
    """Most frequent category of its real tools; of a cell, its own."""
    domain: str
    """Most frequent domain in that category; empty where the tools name none."""
    representatives: tuple[str, ...]
    """Ids of the tools nearest its centre, nearest first; of a cell, of what lies in it."""
    names: tuple[str, ...]
    """`server/name` of the representatives, in the same order."""
    size: int
    """Real tools not covered; of a cell, tools that are missing."""
    weight: float
    """Share of what is missing, in (0, 1]; the weights of a list sum to 1."""
    nearest_category: str
    nearest_domain: str
    """Category and domain of the synthetic tool nearest the centre: where in the taxonomy of the
    synthetic tools the hole lies. Empty without synthetic tools."""
    centroid: tuple[float, ...]
    """Direction of its real tools, length 1; empty for a cell."""


def holes(
    real: Sequence[Tool],
    real_vectors: Vectors,
    synthetic: Sequence[Tool],
    synthetic_vectors: Vectors,
    *,
    radius: float,
    cells: Sequence[Cell] = (),
    limit: int = 40,
) -> list[Hole]:
    """Regions of real tools outside `radius` (cosine) of every synthetic one, and thin cells.

    Vectors are (tools, dim), in the order of the tools. `cells` are the (category, domain) pairs
    that the repository wants; none: those that occur among the synthetic tools. Independent of the
    order of tools; at most `limit` holes, heaviest first.

    Raises: RecipeError where an embedding is zero or not finite.
    """
    real, real_vectors = _in_order(real, real_vectors)
    synthetic, synthetic_vectors = _in_order(synthetic, synthetic_vectors)
    found = [
        *_regions(real, real_vectors, synthetic, synthetic_vectors, radius, limit),
        *_thin_cells(synthetic, cells),
    ]
    found.sort(key=lambda hole: (-hole.size, hole.kind, hole.category, hole.domain, hole.names))
    found = found[:limit]
    total = sum(hole.size for hole in found)
    return [replace(hole, weight=hole.size / total) for hole in found]


def _in_order(tools: Sequence[Tool], vectors: Vectors) -> tuple[list[Tool], Vectors]:
    """By id, so that ties fall alike whatever order the tools came in."""
    if len(tools) != len(vectors):
        raise ValueError(f"{len(tools)} tools, {len(vectors)} embeddings")
    if not tools:
        return [], np.zeros((0, vectors.shape[-1]), dtype=np.float32)
    order = sorted(range(len(tools)), key=lambda row: tools[row].id)
    return [tools[row] for row in order], unit(np.asarray(vectors)[order])


def _regions(
    real: list[Tool],
    vectors: Vectors,
    synthetic: list[Tool],
    synthetic_vectors: Vectors,
    radius: float,
    limit: int,
) -> Iterable[Hole]:
    if not real:
        return
    if synthetic:
        _, cosines = nearest(vectors, synthetic_vectors)
        outside = np.flatnonzero(cosines < radius)
    else:
        outside = np.arange(len(real))
    tools, points = [real[row] for row in outside], vectors[outside]
    for members in _by_gain(points, radius, limit):
        centre = points[members].mean(axis=0)
        centre /= max(float(np.linalg.norm(centre)), 1e-9)
        shown = members[np.argsort(-(points[members] @ centre), kind="stable")]
        category, domain = _most_frequent([tools[row] for row in members])
        near = _nearest_cell(centre, synthetic, synthetic_vectors)
        yield Hole(
            "region",
            category,
            domain,
            *_represented([tools[row] for row in shown]),
            size=len(members),
            weight=1.0,
            nearest_category=near[0],
            nearest_domain=near[1],
            centroid=tuple(round(float(value), 5) for value in centre),
        )


def _by_gain(points: Vectors, radius: float, limit: int) -> Iterable[NDArray[np.int64]]:
    """Greedy cover: rows around the point that covers most, then of what is left.

    Counts are kept and lowered by what was taken, so all rounds together cost one pass over
    rows × rows, and none of it is kept.
    """
    left = np.ones(len(points), dtype=bool)
    counts = counts_within(points, points, radius)
    for _ in range(min(limit, len(points))):
        if not left.any():
            return
        centre = int(np.where(left, counts, -1).argmax())
        within = points @ points[centre] >= radius
        within[centre] = True
        taken = np.flatnonzero(within & left)
        left[taken] = False
        counts -= counts_within(points, points[taken], radius)
        yield taken


def _thin_cells(synthetic: list[Tool], wanted: Sequence[Cell]) -> Iterable[Hole]:
    by_cell: dict[Cell, list[Tool]] = {cell: [] for cell in wanted}
    for tool in synthetic:
        if not wanted or (tool.category, tool.domain) in by_cell:
            by_cell.setdefault((tool.category, tool.domain), []).append(tool)
    if len(by_cell) < 2:
        return
    floor = max(1, int(np.median([len(tools) for tools in by_cell.values()])) // 2)
    for (category, domain), tools in sorted(by_cell.items()):
        if (missing := floor - len(tools)) > 0:
            yield Hole(
                "cell",
                category,
                domain,
                *_represented(tools),
                size=missing,
                weight=1.0,
                nearest_category=category,
                nearest_domain=domain,
                centroid=(),
            )


def _represented(tools: list[Tool]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    shown = tools[:REPRESENTATIVES]
    return tuple(tool.id for tool in shown), tuple(f"{tool.server}/{tool.name}" for tool in shown)


def _most_frequent(tools: list[Tool]) -> Cell:
    """The category of most tools and its most frequent domain; ties by name."""
    category = _mode(tool.category for tool in tools)
    return category, _mode(tool.domain for tool in tools if tool.category == category)


def _mode(values: Iterable[str]) -> str:
    return min(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))[0]


def _nearest_cell(centre: Vectors, synthetic: list[Tool], vectors: Vectors) -> Cell:
    if not synthetic:
        return "", ""
    tool = synthetic[int((vectors @ centre).argmax())]
    return tool.category, tool.domain
