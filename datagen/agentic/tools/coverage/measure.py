"""The coverage of a repository as numbers, from its tools and their embeddings.

Real tools are those that were harvested or imported, synthetic ones those that were evolved. A
number that is not defined (no synthetic tools, one category) is None and never 0. Near-duplicates
are taken out first; everything else is measured on what stays.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.agentic.tools.coverage.diversity import effective_number, evenness
from datagen.agentic.tools.coverage.holes import Cell, Hole, holes
from datagen.agentic.tools.coverage.neighbours import Vectors, nearest, unit
from datagen.agentic.tools.coverage.reach import (
    RADIUS,
    NeighbourReach,
    Reach,
    calibrated_radius,
    neighbour_reach,
    reach,
)
from datagen.agentic.tools.near_duplicates import NearDuplicate, near_duplicates
from datagen.schemas import Tool

UNNAMED = "(none)"
"""Shown for tools without a category."""


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """One category."""

    category: str
    real: int
    synthetic: int
    servers: int
    domains: int
    domain_evenness: float | None
    effective: float
    """Effective number of its tools."""
    covered: float | None
    """Share of its real tools within the radius of a synthetic tool of any category."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a repository covers."""

    tools: int
    """After near-duplicates."""
    real: int
    synthetic: int
    near_duplicates: tuple[NearDuplicate, ...]
    radius: float
    """Cosine from which a tool counts as covered."""
    radius_here: tuple[float, float, float] | None
    """Quartiles of the cosine that the radius is the median of, on this repository's real tools."""
    real_by_synthetic: Reach | None
    """How far the synthetic tools cover the real ones: the coverage."""
    synthetic_by_real: Reach | None
    """How far the real tools cover the synthetic ones; low where they go beyond."""
    real_by_peers: Reach | None
    """How far real tools cover those of other servers: what the coverage compares with."""
    neighbours: NeighbourReach | None
    effective: Mapping[str, float]
    """Effective number of tools: `all`, `real`, `synthetic`."""
    evenness: Mapping[str, float | None]
    """Pielou's J over categories: `all`, `real`, `synthetic`."""
    categories: tuple[CategoryRow, ...]
    """Largest first."""
    holes: tuple[Hole, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """The tools that stay, with their embeddings, in order of ids."""

    tools: tuple[Tool, ...]
    vectors: Vectors


def kept(tools: Sequence[Tool], vectors: Vectors) -> tuple[Kept, tuple[NearDuplicate, ...]]:
    """Take near-duplicates and repeated ids out."""
    duplicates = near_duplicates(tools, vectors)
    gone = {duplicate.id for duplicate in duplicates}
    rows: dict[str, int] = {}
    for row in sorted(range(len(tools)), key=lambda row: (tools[row].id, _place(tools[row]))):
        if tools[row].id not in gone:
            rows.setdefault(tools[row].id, row)
    chosen = list(rows.values())
    points = unit(np.asarray(vectors)[chosen])
    return Kept(tuple(tools[row] for row in chosen), points), tuple(duplicates)


def is_real(tool: Tool) -> bool:
    return tool.origin != "evolved"


def measure(
    repository: Kept, duplicates: Sequence[NearDuplicate] = (), *, cells: Sequence[Cell] = ()
) -> Coverage:
    """All numbers; `cells` as for `holes`."""
    tools, vectors = repository.tools, repository.vectors
    real_mask = np.array([is_real(tool) for tool in tools], dtype=bool)
    real, synthetic = vectors[real_mask], vectors[~real_mask]
    real_tools = [tool for tool in tools if is_real(tool)]
    synthetic_tools = [tool for tool in tools if not is_real(tool)]
    servers = _numbers([tool.server for tool in real_tools])
    real_near = nearest(real, synthetic)[1] if len(synthetic) else np.zeros(0, np.float32)
    synthetic_near = nearest(synthetic, real)[1] if len(real) else np.zeros(0, np.float32)
    peers = nearest(real, real, groups=(servers, servers))[1]
    found = holes(real_tools, real, synthetic_tools, synthetic, radius=RADIUS, cells=cells)
    return Coverage(
        tools=len(tools),
        real=len(real),
        synthetic=len(synthetic),
        near_duplicates=tuple(duplicates),
        radius=RADIUS,
        radius_here=calibrated_radius(peers),
        real_by_synthetic=reach(real_near),
        synthetic_by_real=reach(synthetic_near),
        real_by_peers=reach(peers[peers > -1]),
        neighbours=neighbour_reach(real, servers, synthetic),
        effective={
            "all": effective_number(vectors),
            "real": effective_number(real),
            "synthetic": effective_number(synthetic),
        },
        evenness={
            "all": _category_evenness(tools),
            "real": _category_evenness(real_tools),
            "synthetic": _category_evenness(synthetic_tools),
        },
        categories=_categories(repository, real_mask, real_near),
        holes=tuple(found),
    )


def _categories(
    repository: Kept, real_mask: NDArray[np.bool_], real_near: NDArray[np.float32]
) -> tuple[CategoryRow, ...]:
    """`real_near`: cosine of each real tool with its nearest synthetic one; empty without any."""
    near = np.full(len(repository.tools), np.nan)
    if len(real_near):
        near[real_mask] = real_near
    rows_of: dict[str, list[int]] = {}
    for row, tool in enumerate(repository.tools):
        rows_of.setdefault(tool.category, []).append(row)
    found = []
    for category, rows in rows_of.items():
        tools = [repository.tools[row] for row in rows]
        domains = Counter(tool.domain for tool in tools if tool.domain)
        cosines = near[rows]
        cosines = cosines[~np.isnan(cosines)]
        found.append(
            CategoryRow(
                category=category or UNNAMED,
                real=int(real_mask[rows].sum()),
                synthetic=int((~real_mask[rows]).sum()),
                servers=len({tool.server for tool in tools}),
                domains=len(domains),
                domain_evenness=evenness(domains.values()),
                effective=effective_number(repository.vectors[rows]),
                covered=float((cosines >= RADIUS).mean()) if len(cosines) else None,
            )
        )
    return tuple(sorted(found, key=lambda row: (-row.real - row.synthetic, row.category)))


def _category_evenness(tools: Sequence[Tool]) -> float | None:
    return evenness(Counter(tool.category for tool in tools).values())


def _numbers(names: Sequence[str]) -> NDArray[np.int64]:
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(name, len(seen)) for name in names], dtype=np.int64)


def _place(tool: Tool) -> tuple[str, str, str]:
    return tool.server, tool.category, tool.domain
