"""Sentence alignment: each sentence of the text needs a source, each of the source an echo.

Shared content words decide where they can. Only what they leave in doubt is compared by sentence
embedding, and that only rescues a paraphrase or condemns what is off topic: cosine ranks corrupted
copies above paraphrases, so it never outranks words. A changed word inside a sentence that aligns
is invisible here; the ledger and later tiers look for it.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.rephrase.fidelity.sentences import Sentence

CERTAIN = 0.6
"""Share of a sentence's content words in its sources at which no embedding is asked."""
OVERLAP, COSINE, OFFSET = 8.0, 6.0, -8.3
"""Logistic fit of "has a counterpart" on 92 sentences of hand-written rewrites against 223 that
were dropped or taken from the neighbouring paragraph; accuracy 0.91, rounded."""
USUAL_COSINE = 0.75
"""Cosine taken as given where words decide, and without embeddings: the median of faithful
sentences at an overlap of 0.6. Without embeddings only what shares few words is condemned."""
COVERED = 0.4
"""A source sentence aligned below this is lost: the lowest of the hand-written rewrites has 0.6."""


class Alignment(NamedTuple):
    """How well two texts' sentences answer each other."""

    supported: float
    """Weakest support of a sentence of the text, in [0, 1]; 1 where it claims nothing."""
    weakest: str
    covered: float
    """Share of the source's sentences that the text covers; 1 where it claims nothing."""
    lost: tuple[str, ...]
    """Source sentences without an echo."""


def overlaps(sentences: Sequence[Sentence], others: Sequence[Sentence]) -> list[float]:
    """For each sentence, the largest share of its content words in one or two adjacent others.

    All of the others together count too, a little less: a sentence may draw on several.
    """
    windows = [other.stems for other in others]
    windows += [one.stems | two.stems for one, two in pairwise(others)]
    union = frozenset[str]().union(*windows)
    return [
        max(
            max((len(sentence.stems & window) for window in windows), default=0),
            0.85 * len(sentence.stems & union),
        )
        / len(sentence.stems)
        for sentence in sentences
    ]


def doubtful(shares: Sequence[float]) -> list[int]:
    """Indices of the sentences that shared words don't decide."""
    return [index for index, share in enumerate(shares) if share < CERTAIN]


def blend(
    shares: Sequence[float], doubts: Sequence[int], cosines: NDArray[np.float32] | None
) -> list[float]:
    """Probability that each sentence has a counterpart.

    `cosines`: (doubts, others), unit rows multiplied; None where nothing could be embedded.
    """
    support = [_probability(share, USUAL_COSINE) for share in shares]
    for row, index in enumerate(doubts):
        best = USUAL_COSINE
        if cosines is not None:
            best = float(cosines[row].max()) if cosines.shape[1] else 0.0
        support[index] = _probability(shares[index], best)
    return support


def _probability(overlap: float, cosine: float) -> float:
    return 1 / (1 + math.exp(-(OVERLAP * overlap + COSINE * cosine + OFFSET)))


def align(
    text: Sequence[Sentence],
    source: Sequence[Sentence],
    support: Sequence[float],
    echo: Sequence[float],
) -> Alignment:
    """Summarise supports of the text's sentences and echoes of the source's."""
    weakest = min(range(len(text)), key=support.__getitem__, default=None)
    lost = tuple(
        sentence.text for sentence, share in zip(source, echo, strict=True) if share < COVERED
    )
    return Alignment(
        1.0 if weakest is None else support[weakest],
        "" if weakest is None else text[weakest].text,
        1 - len(lost) / len(source) if source else 1.0,
        lost,
    )
