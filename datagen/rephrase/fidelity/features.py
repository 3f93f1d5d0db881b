"""What the verifier sees of a pair: a fixed row of numbers per direction, in which higher is worse.

Forward asks of the text's claims whether the source supports them, backward asks of the source's
sentences whether the text keeps them; the measures are the same with the roles changed. A text has
many claims and one wrong one spoils it, so the worst claims count, not the mean. `suspicion` orders
claims: a logistic of their relations, fitted on claims with labels of their own.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.rephrase.fidelity.evidence import Evidence
from datagen.rephrase.fidelity.ledger import Ledger
from datagen.rephrase.fidelity.relations import Relation, relate
from datagen.rephrase.fidelity.sentences import Sentence, content, sentences, split

MOST_CLAIMS = 200
"""Claims of a text, and sentences of a source, that are compared; of more, evenly spaced ones."""
PIECES = 3
"""Pieces of the source that a claim is compared with: few sentences of a rewrite join more."""

Row = NDArray[np.float64]

RELATIONS = Relation._fields
SUMMARY = (
    "worst", "second", "third", "mean", "claims",
    *(f"max_{name}" for name in RELATIONS),
    *(f"sum_{name}" for name in ("figures_new", "figures_far", "flips", "denials", "names_new")),
)  # fmt: skip
FORWARD = (*SUMMARY, "invented", "invented_names", "copied", "growth", "math")
BACKWARD = (*SUMMARY, "lost", "lost_share", "answer_lost", "shrinkage", "math")
RISING = frozenset({*SUMMARY, "invented", "lost", "lost_share", "answer_lost"}) - {
    "claims", "mean", "max_run",
}  # fmt: skip
"""Features that may only raise the probability of a fault. Mean and longest run are left free: a
heavier rewrite has more words of its own all over."""


class Compared(NamedTuple):
    """Claims of one text beside another text."""

    claims: tuple[Sentence, ...]
    relations: Row
    """(claims, len(RELATIONS))."""
    evidence: Evidence


def claims_of(text: str) -> tuple[Sentence, ...]:
    """The claiming sentences; of a text without any, all of its pieces. Bounded."""
    found = sentences(text) or [
        Sentence(piece, stems) for piece in split(text) if (stems := content(piece))
    ]
    if len(found) > MOST_CLAIMS:
        found = [found[int(at)] for at in np.linspace(0, len(found) - 1, MOST_CLAIMS)]
    return tuple(found)


def compared(
    claims: Sequence[Sentence], evidence: Evidence, also: frozenset[str] = frozenset()
) -> Compared:
    """Relate every claim to the pieces that answer it. `also`: stems that are not new."""
    rows = [
        relate(claim.text, evidence, evidence.best(claim.stems, PIECES), also) for claim in claims
    ]
    shape = (len(rows), len(RELATIONS))
    return Compared(tuple(claims), np.array(rows, dtype=np.float64).reshape(shape), evidence)


def suspicion(relations: Row, weights: Row, bias: float) -> Row:
    """Log-odds that each claim is unsupported, by its relations alone."""
    scores: Row = squashed(relations) @ weights + bias
    return scores


def squashed(relations: Row) -> Row:
    """Counts grow like their root: the first one matters most."""
    rooted: Row = np.sqrt(np.maximum(relations, 0.0))
    return rooted


def summary(made: Compared, suspicions: Row) -> list[float]:
    """The first `len(SUMMARY)` features of either direction."""
    if not made.claims:
        return [-6.0, -6.0, -6.0, -6.0, 0.0, *[0.0] * (len(SUMMARY) - 5)]
    worst = sorted(suspicions, reverse=True)[:3]
    worst += [-6.0] * (3 - len(worst))
    columns = [RELATIONS.index(name[4:]) for name in SUMMARY if name.startswith("sum_")]
    return [
        *map(float, worst),
        float(np.mean(suspicions)),
        math.log1p(len(made.claims)),
        *map(float, made.relations.max(axis=0)),
        *map(float, np.minimum(made.relations[:, columns].sum(axis=0), 6.0)),
    ]


def forward(
    made: Compared,
    suspicions: Row,
    entered: Ledger,
    *,
    copied: float,
    ratio: float,
    math_kind: bool,
) -> Row:
    """Features in the order of `FORWARD`."""
    named = sum(fact.reason == "invented_name" for fact in entered.invented)
    tail = [min(len(entered.invented), 4), min(named, 3), copied, min(ratio, 4.0), math_kind]
    return np.array([*summary(made, suspicions), *map(float, tail)])


def backward(
    made: Compared, suspicions: Row, entered: Ledger, *, ratio: float, math_kind: bool
) -> Row:
    """Features in the order of `BACKWARD`."""
    tail = [
        min(len(entered.lost), 8), 1 - entered.kept, entered.answer_lost,
        1 / max(min(ratio, 2.0), 0.1), math_kind,
    ]  # fmt: skip
    return np.array([*summary(made, suspicions), *map(float, tail)])
