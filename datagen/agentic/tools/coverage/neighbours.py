"""Nearest tools by cosine, a block at a time: no step holds tools × tools numbers.

Vectors are (tools, dim) float32 with rows of length 1, so a product is a cosine.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datagen.errors import RecipeError

Vectors = NDArray[np.float32]
Cosines = NDArray[np.float32]

BLOCK_NUMBERS = 16_000_000
"""Cosines held at a time: 64 MB."""


def unit(vectors: Vectors) -> Vectors:
    """The rows at length 1.

    Raises: RecipeError where a row is not finite or has no direction.
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    if vectors.ndim != 2:
        raise RecipeError(f"embeddings must be (tools, dimensions), they are {vectors.shape}")
    lengths = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(bad):
        raise RecipeError(
            f"{len(bad)} of {len(vectors)} embeddings are zero or not finite, first in row {bad[0]}"
        )
    return np.asarray(vectors / lengths[:, None], dtype=np.float32)


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of `rows` whose product with `columns` stays under `BLOCK_NUMBERS`."""
    size = max(1, BLOCK_NUMBERS // max(1, columns))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def nearest(
    of: Vectors,
    among: Vectors,
    *,
    groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> tuple[NDArray[np.int64], Cosines]:
    """For each row of `of` the position of its nearest row of `among`, and their cosine.

    With `groups` (of `of`, of `among`) a row of the same group does not count, which leaves out
    the row itself and its server. -1 and cosine -1 where there is none; ties go to the first.
    """
    positions, cosines = kth_nearest(of, among, 1, groups=groups)
    return positions, cosines


def kth_nearest(
    of: Vectors,
    among: Vectors,
    k: int,
    *,
    groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> tuple[NDArray[np.int64], Cosines]:
    """As `nearest`, for the k-th nearest; -1 where fewer than k rows count."""
    positions = np.full(len(of), -1, dtype=np.int64)
    cosines = np.full(len(of), -1, dtype=np.float32)
    if len(among) < k:
        return positions, cosines
    for part in blocks(len(of), len(among)):
        products = of[part] @ among.T
        if groups is not None:
            products[groups[0][part][:, None] == groups[1][None, :]] = -2
        found = products.argmax(axis=1) if k == 1 else _kth(products, k)
        values = products[np.arange(len(found)), found]
        there = values > -2
        positions[part] = np.where(there, found, -1)
        cosines[part] = np.where(there, np.clip(values, -1, 1), -1)
    return positions, cosines


def counts_within(of: Vectors, among: Vectors, radius: float) -> NDArray[np.int64]:
    """For each row of `of`, how many rows of `among` have at least this cosine."""
    found = np.zeros(len(of), dtype=np.int64)
    for part in blocks(len(of), len(among)):
        found[part] = (of[part] @ among.T >= radius).sum(axis=1)
    return found


def _kth(products: Cosines, k: int) -> NDArray[np.int64]:
    found = np.argpartition(products, -k, axis=1)[:, -k]
    return np.asarray(found, dtype=np.int64)
