"""The tiers `relations` and `verifier`: from a pair to two calibrated probabilities.

Relations are computed for every pair, in both directions, and cost no model. The reader is asked
only where they leave doubt, and only about the claims they suspect most, so that one core keeps up
with a fast engine. Each source is indexed once for all of its rewrites.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.rephrase.fidelity import features, verifier
from datagen.rephrase.fidelity.arithmetic import without_added
from datagen.rephrase.fidelity.evidence import Evidence
from datagen.rephrase.fidelity.ledger import Ledger
from datagen.rephrase.fidelity.operations import operations
from datagen.rephrase.fidelity.sentences import FEWEST_STEMS, Sentence, content

Read = Callable[[Sequence[tuple[str, str]]], Awaitable[NDArray[Any]]]
"""(evidence, claim) pairs → log-odds that each claim, its worst word and its second worst word are
unsupported, (pairs, 3)."""

CERTAIN_FAULT, CERTAIN_FAITHFUL = 0.3, 0.93
"""Fidelity by relations alone outside which the reader is not asked. On the test documents of
`benchmarks/verifier/train.py` a wider band (0.02 to 0.985) reads three times as many pairs, and
precision and recall at a threshold of 0.9 stay within a point."""
MOST_READ, MOST_READ_BACK = 4, 2
"""Claims of the text, and sentences of the source, that are read per pair, the most suspect."""
ORDER = frozenset(("loose", "unbound", "reordered", "causes"))
"""Relations in which a sentence differs from its evidence though no word of it is lost."""
COMPLETE = 0.99
"""`kept` of a complete text, at least. Of 553 complete ones among 1,600 pairs of the development
documents 6 had lost something, all of them steps of mathematics; where all operations were
there, 1 of 298."""
EVIDENCE_WORDS = 60
"""Words of evidence per claim, as the reader was trained."""
_STEP_STEMS = content(
    "add subtract multiply divide sum difference product quotient total altogether check verify "
    "calculate compute calculation substitute plug give get obtain equal leave left remain find"
)
"""Words that introduce a computed step. Own choice."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What relations say of a pair, and what the verifier needs to say more."""

    supported: float
    kept: float
    ahead: features.Compared
    back: features.Compared
    suspicions: NDArray[np.float64]
    suspicions_back: NDArray[np.float64]
    row: NDArray[np.float64]
    row_back: NDArray[np.float64]
    reading: tuple[float, ...] = ()
    """What the reader adds to `row`, in the order of `verifier.READ`; empty if it was not asked."""
    reading_back: tuple[float, ...] = ()
    """The same for `row_back`."""
    steps_kept: bool = True
    """Mathematics: the source has operations, and the text has every one."""

    @property
    def in_doubt(self) -> bool:
        """True where relations alone don't settle whether the text is faithful."""
        return CERTAIN_FAULT < self.supported * self.kept < CERTAIN_FAITHFUL

    @property
    def complete(self) -> bool:
        """True where the text has every word and fact of every sentence of the source, in whatever
        order: short texts lose words like "by" and "was" and look shortened. Of mathematics also
        every operation: steps repeat each other's figures."""
        told = [place for place, name in enumerate(features.RELATIONS) if name not in ORDER]
        lost = [features.BACKWARD.index(name) for name in ("lost", "lost_share", "answer_lost")]
        missing = self.back.relations[:, told].any() or self.row_back[lost].any()
        whole = self.steps_kept and not missing
        return 0 < len(self.back.claims) < features.MOST_CLAIMS and whole

    @property
    def named(self) -> dict[str, float]:
        """Every feature by its name in `FEATURES`; the reader's only where it was asked."""
        values = (*self.row, *self.reading), (*self.row_back, *self.reading_back)
        return {
            name: float(value)
            for side, row in zip(_SIDES, values, strict=True)
            for name, value in zip(_names(side), row, strict=False)
        }

    @property
    def worst(self) -> str:
        """The claim of the text that relations suspect most."""
        return _top(self.ahead.claims, self.suspicions)

    @property
    def most_lost(self) -> str:
        """The sentence of the source that relations find least of."""
        return _top(self.back.claims, self.suspicions_back)

    @property
    def flips(self) -> int:
        """Words of the text that stand for their opposite, and outright denials that differ."""
        names = features.RELATIONS
        columns = [names.index("flips"), names.index("denials")]
        return int(self.ahead.relations[:, columns].sum()) if self.ahead.claims else 0

    @property
    def moved(self) -> int:
        """Figures of the source that stand with another claim."""
        column = features.RELATIONS.index("figures_far")
        return int(self.ahead.relations[:, column].sum()) if self.ahead.claims else 0


class Verification:
    """Applies the shipped verifier; keeps the index of recent sources. Not thread-safe."""

    def __init__(self) -> None:
        self._model = verifier.load()
        self._sources: OrderedDict[str, tuple[tuple[Sentence, ...], Evidence]] = OrderedDict()

    def related(
        self,
        source: str,
        text: str,
        entered: Ledger,
        *,
        copied: float,
        ratio: float,
        math_kind: bool,
        also: frozenset[str] = frozenset(),
        computes: bool = False,
    ) -> Verified:
        """By relations alone. `also`: stems that names may come from besides the source.
        `computes`: added steps may be true by computation, and then claim only what else they
        say."""
        needed, whole = self._source(source)
        mine = Evidence(text)
        claims = features.claims_of(text)
        if computes:
            claims = _uncomputed(claims, source)
        ahead = features.compared(claims, whole, also)
        back = features.compared(needed, mine)
        model = self._model
        doubts = model.suspicions("supported", ahead.relations)
        losses = model.suspicions("kept", back.relations)
        row = features.forward(
            ahead, doubts, entered, copied=copied, ratio=ratio, math_kind=math_kind
        )
        row_back = features.backward(back, losses, entered, ratio=ratio, math_kind=math_kind)
        made = Verified(
            model.cheap["supported"].probability(row), model.cheap["kept"].probability(row_back),
            ahead, back, doubts, losses, row, row_back,
            steps_kept=not math_kind or _steps(source, text),
        )  # fmt: skip
        return replace(made, kept=max(made.kept, COMPLETE)) if made.complete else made

    async def read(self, made: Verified, read: Read) -> Verified:
        """The same with what the reader says in `supported` and `kept`."""
        ahead = asked(made.ahead, made.suspicions, MOST_READ)
        back = asked(made.back, made.suspicions_back, MOST_READ_BACK)
        outputs = np.asarray(await read([*ahead, *back]))
        model = self._model
        reading = tuple(verifier.reading(outputs[: len(ahead)]))
        reading_back = tuple(verifier.reading(outputs[len(ahead) :]))
        kept = model.full["kept"].probability(np.array([*made.row_back, *reading_back]))
        return replace(
            made,
            supported=model.full["supported"].probability(np.array([*made.row, *reading])),
            kept=max(kept, COMPLETE) if made.complete else kept,
            reading=reading,
            reading_back=reading_back,
        )

    def _source(self, source: str) -> tuple[tuple[Sentence, ...], Evidence]:
        known = self._sources.get(source)
        if known is None:
            known = self._sources[source] = features.claims_of(source), Evidence(source)
            if len(self._sources) > 256:
                self._sources.popitem(last=False)
        else:
            self._sources.move_to_end(source)
        return known


def _uncomputed(claims: Sequence[Sentence], source: str) -> tuple[Sentence, ...]:
    """The claims less their equations that are true; none is left of one whose few other words are
    the source's or introduce a step."""
    known = content(source) | _STEP_STEMS
    found: list[Sentence] = []
    for claim in claims:
        text = without_added(claim.text, source) if "=" in claim.text else claim.text
        stems = claim.stems if text is claim.text else content(text)
        if text is claim.text or len(stems) >= FEWEST_STEMS or stems - known:
            found.append(claim if text is claim.text else Sentence(" ".join(text.split()), stems))
    return tuple(found)


def asked(
    made: features.Compared, suspicions: NDArray[np.float64], most: int
) -> list[tuple[str, str]]:
    """(evidence, claim) of the most suspect claims."""
    order = np.argsort(-suspicions, kind="stable")[:most]
    return [
        (
            made.evidence.about(made.claims[at].stems, words=EVIDENCE_WORDS),
            made.claims[at].text[:1200],
        )
        for at in order
    ]


def doubtful(made: Verified, side: verifier.Direction, most: int) -> list[str]:
    """The statements that relations suspect most: of the text, or of the source (`kept`)."""
    compared, suspicions = (
        (made.ahead, made.suspicions) if side == "supported" else (made.back, made.suspicions_back)
    )
    order = np.argsort(-suspicions, kind="stable")[:most]
    return [compared.claims[at].text for at in order]


_SIDES: tuple[verifier.Direction, ...] = ("supported", "kept")


def _names(side: verifier.Direction) -> list[str]:
    return [f"{side}_{name}" for name in (*verifier.COLUMNS[side], *verifier.READ)]


FEATURES = tuple(name for side in _SIDES for name in _names(side))
"""Names of the verifier's features, by direction: `supported_worst`, `kept_lost_share`, …"""


def _steps(source: str, text: str) -> bool:
    needed = operations(source)
    return bool(needed) and needed <= operations(text)


def _top(claims: Sequence[Sentence], suspicions: NDArray[np.float64]) -> str:
    return claims[int(np.argmax(suspicions))].text if claims else ""
