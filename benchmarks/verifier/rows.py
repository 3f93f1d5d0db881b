"""Pairs of the verifier's training, measured by the checks before it: a row each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions.pairs import Pair
from benchmarks.verifier.examples import Example
from benchmarks.verifier.written import Written
from datagen.rephrase.fidelity import features, forms, hygiene, ledger, verifier
from datagen.rephrase.fidelity.copying import copied_share
from datagen.rephrase.fidelity.evidence import Evidence
from datagen.rephrase.fidelity.facts import Facts

Side = verifier.Direction
LOSSES = frozenset(["sentence_dropped", "half_dropped", "truncated", "step_dropped"])
"""Kinds that lose and invent nothing."""


@dataclass
class Row:
    """A pair, measured."""

    part: str
    kind: str
    label: bool
    ahead: NDArray[np.float64]
    back: NDArray[np.float64]
    tail: dict[str, Any]
    asked: list[tuple[str, str]] = field(default_factory=list)
    asked_back: list[tuple[str, str]] = field(default_factory=list)
    rows: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    written: bool = False
    """The rewrite was written, not made by rule."""

    def fault(self, side: Side) -> bool | None:
        """True if the side is at fault; None where the pair says nothing about it."""
        if self.tail["claim"]:
            return not self.label if side == "supported" else None
        if self.label:
            return False
        if side == "kept":
            return True if self.kind in LOSSES else None
        return None if self.kind in LOSSES else True


def measured(source: str, text: str, subject: str) -> tuple[Any, ...]:
    theirs = Facts(source)
    mine = Facts(forms.respelled(theirs, Facts(text)))
    entered = ledger.compare(theirs, mine, lambda: Facts(""), kind=subject)  # type: ignore[arg-type]
    ahead = features.compared(features.claims_of(mine.text), Evidence(source))
    back = features.compared(features.claims_of(source), Evidence(mine.text))
    told = {
        "entered": entered, "copied": copied_share(theirs, mine),
        "ratio": hygiene.length_ratio(theirs, mine), "math": subject == "math",
    }  # fmt: skip
    return ahead, back, told


def of_pairs(found: Iterable[Pair], part: str, *, written: bool = False) -> list[Row]:
    made = []
    for pair in found:
        ahead, back, told = measured(pair.source, pair.text, pair.subject)
        told |= {"claim": False, "compared": (ahead, back)}
        row = Row(part, pair.kind, pair.label, ahead.relations, back.relations, told)
        row.written = written
        made.append(row)
    return made


def of_examples(found: Iterable[Example], part: str) -> list[Row]:
    made = []
    for one in found:
        ahead, back, told = measured(one.evidence, one.claim, "knowledge")
        told |= {"claim": True, "compared": (ahead, back)}
        kind = f"{one.origin}:{one.kind}"
        made.append(Row(part, kind, one.supported, ahead.relations, back.relations, told))
    return made


def of_texts(found: Iterable[Written], part: str) -> list[Row]:
    """Summaries, claims and rewrites by hand: whether they are supported is known, what they leave
    out is not asked."""
    made = []
    for one in found:
        ahead, back, told = measured(one.source, one.text, "knowledge")
        told |= {"claim": True, "compared": (ahead, back)}
        made.append(
            Row(part, f"hand:{one.kind}", one.supported, ahead.relations, back.relations, told)
        )
    return made
