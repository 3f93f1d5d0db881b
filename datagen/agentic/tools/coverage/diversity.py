"""How many tools there are in effect, and how evenly they spread over categories."""

import math
from collections.abc import Iterable

import numpy as np

from datagen.agentic.tools.coverage.neighbours import Vectors

ROWS_AT_A_TIME = 4096


def effective_number(vectors: Vectors) -> float:
    """Vendi score: the exponential of the entropy of the eigenvalues of K/n, K the cosines.

    1 for tools that are all alike, n for n orthogonal ones, and never above the dimension of the
    embedding (384 for MiniLM), so it compares repositories and is not a count. K (n × n) and the
    covariance (dim × dim) share their eigenvalues above 0; the smaller one is taken, so the number
    is exact at any n. 0 without tools. Source: Friedman and Dieng, "The Vendi Score" (2022),
    definition 3.1 and section 3.3.
    """
    tools, dimensions = vectors.shape
    if not tools:
        return 0.0
    if tools <= dimensions:
        wide = vectors.astype(np.float64)
        kernel = wide @ wide.T
    else:
        kernel = np.zeros((dimensions, dimensions))
        for start in range(0, tools, ROWS_AT_A_TIME):
            wide = vectors[start : start + ROWS_AT_A_TIME].astype(np.float64)
            kernel += wide.T @ wide
    shares = np.linalg.eigvalsh(kernel / np.trace(kernel))
    return math.exp(_entropy(shares))


def evenness(counts: Iterable[int]) -> float | None:
    """Pielou's J: entropy of the shares ÷ its largest value, ln(number of groups).

    1 where all groups are alike, towards 0 where one holds nearly all; None with fewer than two
    groups, where it is not defined. Groups of 0 count: a group nobody filled is uneven.
    Source: Pielou, "The measurement of diversity in different types of biological collections"
    (1966).
    """
    sizes = np.array(list(counts), dtype=np.float64)
    if len(sizes) < 2 or sizes.sum() == 0:
        return None
    return _entropy(sizes / sizes.sum()) / math.log(len(sizes))


def _entropy(shares: np.ndarray) -> float:
    """In nats; what rounding pushed to 0 or below adds nothing."""
    above = shares[shares > 1e-12]
    return float(max(0.0, -(above * np.log(above)).sum()))
