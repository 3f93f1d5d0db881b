"""What a gate does with labelled pairs: caught and kept per kind, AUROC, precision and recall.

The precision of a real run depends on how many rewrites are faithful to begin with; it is computed
for a mix in which four in five are, from the rates on both classes.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

MIX = 0.8
"""Share of faithful texts for which precision is given. Own choice: small rewriters do worse."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair after the gate."""

    label: bool
    kind: str
    passed: bool
    score: float
    """Fidelity, 0 where the gate gave none."""
    reason: str


@dataclass(frozen=True, slots=True)
class KindLine:
    """One kind's row of the table."""

    kind: str
    label: bool
    count: int
    failed: int
    """Texts that the gate did not pass: caught, or false alarms where the kind is faithful."""
    auroc: float
    """Against the kind's own texts of the other label, or all of that label where it has none; NaN
    where there are none."""
    balanced: float
    """Balanced accuracy with the same texts."""
    precision: float
    """Of what passes of the same texts, in a mix with `MIX` faithful."""
    reasons: tuple[tuple[str, int], ...]


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that a positive scores above a negative, ties by half; NaN where one is empty."""
    if not positive or not negative:
        return math.nan
    scores = np.concatenate([positive, negative])
    order = np.sort(scores)
    ranks = (np.searchsorted(order, scores) + np.searchsorted(order, scores, "right") + 1) / 2
    count = len(positive)
    area = ranks[:count].sum() - count * (count + 1) / 2
    return float(area / (count * len(negative)))


def by_kind(judged: Iterable[Judged]) -> list[KindLine]:
    """Kinds in alphabetic order, faithful ones first."""
    groups: dict[tuple[bool, str], list[Judged]] = defaultdict(list)
    every: dict[bool, list[Judged]] = {True: [], False: []}
    for one in judged:
        groups[not one.label, one.kind].append(one)
        every[one.label].append(one)
    lines: list[KindLine] = []
    for (unfaithful, kind), group in sorted(groups.items()):
        against = groups.get((not unfaithful, kind)) or every[unfaithful]
        fine, bad = (against, group) if unfaithful else (group, against)
        area = auroc([one.score for one in fine], [one.score for one in bad])
        reasons: dict[str, int] = defaultdict(int)
        for one in group:
            if not one.passed:
                reasons[one.reason] += 1
        most = sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0]))
        failed = sum(not one.passed for one in group)
        lines.append(
            KindLine(
                kind, not unfaithful, len(group), failed, area,
                (_passed(fine) + 1 - _passed(bad)) / 2, _mixed(fine, bad), tuple(most[:3]),
            )
        )  # fmt: skip
    return lines


def table(judged: Sequence[Judged]) -> str:
    """The figures as text: a line per kind, then all of them."""
    rows = [
        f"{'kind':20} {'label':10} {'n':>5} {'failed':>7} {'AUROC':>6} {'bal.acc':>7} {'prec.':>6}"
        "  reasons"
    ]
    for line in by_kind(judged):
        label = "faithful" if line.label else "unfaithful"
        reasons = ", ".join(f"{reason} {count}" for reason, count in line.reasons)
        rows.append(
            f"{line.kind:20} {label:10} {line.count:5} {line.failed / line.count:7.3f} "
            f"{line.auroc:6.3f} {line.balanced:7.3f} {line.precision:6.3f}  {reasons}"
        )
    return "\n".join([*rows, *overall(judged)])


def overall(judged: Sequence[Judged]) -> list[str]:
    """AUROC, the two rates, precision and recall as labelled and for the mix."""
    fine = [one for one in judged if one.label]
    bad = [one for one in judged if not one.label]
    area = auroc([one.score for one in fine], [one.score for one in bad])
    kept, leaked = _passed(fine), _passed(bad)
    true = sum(one.passed for one in fine)
    precision = _share(true, true + sum(one.passed for one in bad))
    mixed = _mixed(fine, bad)
    return [
        f"all: {len(fine)} faithful, {len(bad)} unfaithful: AUROC {area:.3f}, "
        f"balanced accuracy {(kept + 1 - leaked) / 2:.3f}, caught {1 - leaked:.3f}, "
        f"false alarms {1 - kept:.3f}",
        f"as labelled: precision {precision:.3f}, recall {kept:.3f}; "
        f"of a mix with {MIX:.0%} faithful: precision {mixed:.3f}",
    ]


def _passed(judged: Sequence[Judged]) -> float:
    return _share(sum(one.passed for one in judged), len(judged))


def _mixed(fine: Sequence[Judged], bad: Sequence[Judged]) -> float:
    """Precision of what passes, of a mix with `MIX` faithful."""
    kept, leaked = _passed(fine), _passed(bad)
    return _share(MIX * kept, MIX * kept + (1 - MIX) * leaked)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
