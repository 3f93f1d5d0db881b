"""Two calibrated probabilities from a pair's features: nothing invented, nothing lost.

Boosted trees of depth three over the rows of `features`, monotone where more of a measure can only
be worse, read from JSON and computed with numpy; then isotonic calibration on documents that the
trees were not fitted on, at the rate of four faithful rewrites in five. Each direction has two sets
of trees: with and without what the reader says. The shipped figures and how they were measured
stand in the file's `made` entry; `benchmarks/verifier/train.py` makes it.
"""

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from datagen.rephrase.fidelity import features

WEIGHTS = Path(__file__).parent / "weights" / "verifier.json"
READ = ("read_claim", "read_word", "read_second", "read_sum", "read_mean")
"""What the reader adds, over the claims that it read: each output's highest, the highest sum of
claim and word, and the mean sum."""
UNREAD = (-6.0, -6.0, -6.0, -12.0, -12.0)
Direction = Literal["supported", "kept"]
COLUMNS: dict[Direction, tuple[str, ...]] = {
    "supported": features.FORWARD,
    "kept": features.BACKWARD,
}


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted trees and the calibration of their sum."""

    feature: NDArray[np.int64]  # (trees, nodes), -1 at a leaf
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    depth: int
    base: float
    knots: NDArray[np.float64]
    """Log-odds of a fault, rising."""
    probabilities: NDArray[np.float64]
    """Probability of no fault at each knot, falling."""

    def log_odds(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """(rows, features) → log-odds of a fault, before calibration."""
        trees = np.arange(len(self.feature))
        total = np.full(len(rows), self.base)
        for at, row in enumerate(np.nan_to_num(rows, nan=0.0)):
            node = np.zeros(len(trees), dtype=np.int64)
            for _ in range(self.depth):
                feature = self.feature[trees, node]
                below = row[feature] <= self.threshold[trees, node]
                step = np.where(below, self.left[trees, node], self.right[trees, node])
                node = np.where(feature < 0, node, step)
            total[at] += self.value[trees, node].sum()
        return total

    def probability(self, row: NDArray[np.float64]) -> float:
        """Calibrated probability that there is no fault; strictly falling in the log-odds, so that
        ranks survive where the calibration is flat."""
        odds = float(self.log_odds(row[None])[0])
        flat = float(np.interp(odds, self.knots, self.probabilities))
        return 0.98 * flat + 0.02 / (1 + math.exp(min(odds, 60.0)))


@dataclass(frozen=True, slots=True)
class Verifier:
    """What the weights file holds."""

    suspicion: dict[Direction, tuple[NDArray[np.float64], float]]
    cheap: dict[Direction, Trees]
    full: dict[Direction, Trees]
    made: dict[str, Any]
    """How it was fitted, and the figures."""

    def suspicions(self, direction: Direction, relations: NDArray[np.float64]) -> features.Row:
        """Log-odds that each claim lacks support, by its relations."""
        return features.suspicion(relations, *self.suspicion[direction])


@lru_cache(maxsize=4)
def load(path: Path = WEIGHTS) -> Verifier:
    """Read a weights file; JSON, nothing that runs."""
    read = json.loads(path.read_text())
    sides: tuple[Direction, ...] = ("supported", "kept")
    for side in sides:
        if tuple(read["columns"][side]) != COLUMNS[side]:
            raise ValueError(f"{path}: was made for other features; run benchmarks/verifier")
    return Verifier(
        {
            side: (np.array(read["suspicion"][side]["weights"]), read["suspicion"][side]["bias"])
            for side in sides
        },
        {side: _trees(read["cheap"][side]) for side in sides},
        {side: _trees(read["full"][side]) for side in sides},
        read["made"],
    )


def _trees(read: dict[str, Any]) -> Trees:
    nodes = max(len(tree["feature"]) for tree in read["trees"])

    def padded(name: str, kind: type) -> NDArray[Any]:
        fill = -1 if name == "feature" else 0
        return np.array(
            [tree[name] + [fill] * (nodes - len(tree[name])) for tree in read["trees"]], dtype=kind
        )

    return Trees(
        padded("feature", np.int64), padded("threshold", np.float64), padded("left", np.int64),
        padded("right", np.int64), padded("value", np.float64), read["depth"], read["base"],
        np.array(read["knots"]), np.array(read["probabilities"]),
    )  # fmt: skip


def reading(outputs: NDArray[np.floating[Any]]) -> list[float]:
    """`READ` from the reader's outputs, (claims read, 3)."""
    if not len(outputs):
        return list(UNREAD)
    outputs = np.nan_to_num(outputs, nan=9.0, posinf=9.0, neginf=-9.0)
    both = outputs[:, 0] + outputs[:, 1]
    return [*map(float, outputs.max(axis=0)), float(both.max()), float(both.mean())]
