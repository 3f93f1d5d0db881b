"""How much of the space of real tools synthetic ones reach, and the reverse.

Two views. With one radius for all, a tool is covered by a set if the set has a tool within
`RADIUS`; it reads as a share and compares runs. With the k-th neighbour of each real tool as its
own radius, dense regions ask for more than sparse ones. Neither says that a tool is good.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.agentic.tools.coverage.neighbours import Vectors, blocks, kth_nearest

RADIUS = 0.575
"""Cosine at which a tool counts as covered: the median cosine between a real tool and its nearest
one on another server. So at this radius other real servers cover half of what a real server
offers, and a set that covers more is nearer to it than its peers are.
Source: measured on 5,194 tools of 870 servers (Toucan), `python -m benchmarks.tool_coverage
--calibrate`; quartiles 0.500, 0.575, 0.670."""
RADII = (0.5, RADIUS, 0.67)
"""Quartiles of the same cosine: loose, middle, tight."""
NEIGHBOURS = 5
"""k of the k-nearest-neighbour view. Source: Naeem et al., "Reliable Fidelity and Diversity Metrics
for Generative Models" (2020), section 5, which takes 5."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one set of tools covers another."""

    covered: float
    """Share of the tools that have a tool of the other set within `RADIUS`."""
    covered_at: Mapping[str, float]
    """The same share for each of `RADII`, by the radius as text."""
    median_cosine: float
    """Median over the tools of the cosine with the nearest tool of the other set."""


@dataclass(frozen=True, slots=True)
class NeighbourReach:
    """Naeem et al. (2020), with neighbours on other servers.

    A server's tools lie closer together than any two servers', so with neighbours of the same
    server each ball would hold one server and nothing else could fall into it.
    """

    coverage: float
    """Share of the real tools whose ball, which ends at the k-th nearest tool of another server,
    holds a synthetic tool."""
    density: float
    """Balls a synthetic tool falls into on average ÷ k; above 1 where synthetic tools crowd."""


def reach(cosines: NDArray[np.float32]) -> Reach | None:
    """From the cosine of each tool with its nearest of the other set; None without tools."""
    if not len(cosines):
        return None
    shares = {f"{radius:g}": float((cosines >= radius).mean()) for radius in RADII}
    return Reach(
        covered=shares[f"{RADIUS:g}"],
        covered_at=shares,
        median_cosine=float(np.median(cosines)),
    )


def neighbour_reach(
    real: Vectors, servers: NDArray[np.int64], synthetic: Vectors, *, k: int = NEIGHBOURS
) -> NeighbourReach | None:
    """None where either set is empty or no real tool has k neighbours on other servers."""
    if not len(real) or not len(synthetic):
        return None
    _, radii = kth_nearest(real, real, k, groups=(servers, servers))
    measured = radii > -1
    if not measured.any():
        return None
    balls, edge = real[measured], radii[measured]
    inside = _inside(balls, edge, synthetic)
    return NeighbourReach(
        coverage=float((inside > 0).mean()),
        density=float(inside.sum() / (k * len(synthetic))),
    )


def calibrated_radius(peers: NDArray[np.float32]) -> tuple[float, float, float] | None:
    """Quartiles of the cosine between a real tool and its nearest one on another server.

    `peers` holds that cosine per tool, -1 where there is no other server; None if all are.
    """
    found = peers[peers > -1]
    if not len(found):
        return None
    low, middle, high = (float(value) for value in np.percentile(found, [25, 50, 75]))
    return low, middle, high


def _inside(balls: Vectors, edge: NDArray[np.float32], points: Vectors) -> NDArray[np.int64]:
    """For each ball how many points lie in it."""
    found = np.zeros(len(balls), dtype=np.int64)
    for part in blocks(len(balls), len(points)):
        found[part] = (balls[part] @ points.T >= edge[part][:, None]).sum(axis=1)
    return found
