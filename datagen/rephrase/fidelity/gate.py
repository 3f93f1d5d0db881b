"""The fidelity gate: tiers, cheap first, in both directions.

`supported` (nothing invented) and `kept` (nothing lost) are scored apart and multiplied: a rewrite
has to be both, and the two fail independently. With `relations` both are calibrated probabilities;
without, they are the earlier tiers' own marks, which only order rewrites. A hard reason rejects
whatever the product is; the threshold catches what is weak in many places. Not covered: whether the
source itself is true, and relations in a translation or in a script that is not Latin.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.rephrase.fidelity import alignment, forms, hygiene, language, ledger
from datagen.rephrase.fidelity.comparable import has_meaning, same, too_little
from datagen.rephrase.fidelity.copying import FEWEST_WORDS, copied_share
from datagen.rephrase.fidelity.equal_formulas import respelled_formulas
from datagen.rephrase.fidelity.facts import Facts
from datagen.rephrase.fidelity.judging import (
    Asker,
    Judgement,
    entailed,
    judged,
    moved,
    shares,
)
from datagen.rephrase.fidelity.mathematics import judge_math
from datagen.rephrase.fidelity.models import Models
from datagen.rephrase.fidelity.options import COMPARING, Expectation, FidelityOptions, Tier
from datagen.rephrase.fidelity.routes import carried
from datagen.rephrase.fidelity.sentences import Sentence, content, sentences
from datagen.rephrase.fidelity.verification import Read, Verification, Verified
from datagen.schemas import FidelityReason, Scores

Embed = Callable[[Sequence[str]], Awaitable[NDArray[Any]]]
"""Sentences → their embeddings, (sentences, dim), rows of length 1."""

MOST_MISSED = 8
LONGEST_DETAIL = 200
INVENTED = (1.0, 0.2, 0.08, 0.03)
"""`supported` of the ledger by the number of facts invented. Order is what matters: one is most of
the harm. Own choice, to be calibrated."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the gate found out about one rewritten chunk."""

    faithful: bool
    reason: FidelityReason | None = None
    detail: str = ""
    """The fact, sentence or phrase that decided; at most 200 characters."""
    missed: tuple[str, ...] = ()
    """Facts and sentences of the source to ask for again; at most 8."""
    invented: tuple[str, ...] = ()
    """Facts and sentences that the source does not have; at most 8."""
    scores: Scores = field(default_factory=Scores)
    verified: Verified | None = field(default=None, compare=False, repr=False)
    """What relations and the reader saw; None where they were not asked."""


class FidelityGate:
    """Judges rewritten chunks. Keeps what it read of recent sources and contexts; not thread-safe.

    `embed` answers with unit sentence embeddings; without it, and with the tier `verifier`, the
    alignment goes by words alone. `read` is the verifier's reader; without it the gate loads one
    in this process when it first has a doubt. `thorough`: it reads where the decision is certain
    or taken too, for scores that order pairs; several times as slow.
    """

    def __init__(
        self,
        options: FidelityOptions,
        embed: Embed | None = None,
        read: Read | None = None,
        *,
        thorough: bool = False,
    ) -> None:
        self._options = options
        self._embed = None if "verifier" in options.tiers else embed
        self._read = read
        self._thorough = thorough
        self._models = Models()
        self._verification = Verification() if _RELATED.intersection(options.tiers) else None
        self._verified: Verified | None = None
        self._sources = _Recent(512)
        self._contexts = _Recent(64)

    async def check(
        self,
        source: str,
        text: str,
        *,
        context: str = "",
        expectation: Expectation,
        by: Asker | None = None,
    ) -> Finding:
        """Judge a rewrite. `context`: the window and title, where names may come from. `by`: how
        the engine is asked, for options that need it."""
        options = self._options
        computes = "mathematics" in options.tiers and expectation.kind == "math"
        if computes and not _translated(self._sources(source), expectation):
            text = await asyncio.to_thread(respelled_formulas, source, text)
        finding = self.check_cheap(source, text, context=context, expectation=expectation)
        verified = self._verified
        if computes and finding.faithful:
            finding = await self._prove(finding, source, text, expectation)
        if _unread(self._sources(source), expectation):
            return await self._carry(finding, source, text, expectation, by)
        if finding.faithful:
            finding = self._comparable(finding, source, text, words=computes or bool(verified))
        if finding.faithful and "alignment" in options.tiers:
            claims, needed = sentences(text), sentences(source)
            aligned = await self._align(claims, needed)
            finding = self._decide(finding, aligned, expectation, calibrated=verified is not None)
        wanted = finding.faithful or self._thorough
        if wanted and verified is not None and "verifier" in options.tiers:
            finding = await self._read_doubts(finding, verified, expectation)
            verified = finding.verified or verified
        if verified is not None:
            finding = await self._weigh(finding, verified, expectation, source, text, by)
            finding = replace(finding, verified=verified)
        return finding

    @property
    def embeds(self) -> bool:
        """True if `embed` may be called."""
        return self._embed is not None and "alignment" in self._options.tiers

    async def close(self) -> None:
        """Release the models that the gate loaded itself."""
        await self._models.close()

    def _comparable(self, finding: Finding, source: str, text: str, *, words: bool) -> Finding:
        """Not faithful where the tiers found no fault because there was nothing to compare."""
        if not COMPARING.intersection(self._options.tiers):
            return finding
        little = too_little(source, text, words=words)
        if little is None:
            return finding
        zero = dict.fromkeys(("supported", "kept", "fidelity"), 0.0)
        return replace(
            finding,
            faithful=False,
            reason="too_little_to_compare",
            detail=little.strip()[:LONGEST_DETAIL],
            scores=finding.scores.model_copy(update=zero),
        )

    async def _prove(self, finding: Finding, source: str, text: str, told: Expectation) -> Finding:
        translated = _translated(self._sources(source), told)
        made = await asyncio.to_thread(judge_math, source, text, translated=translated)
        if made.reason is None:
            return finding
        missed = (made.detail,) if made.reason.startswith("lost_") else ()
        return replace(
            finding,
            faithful=False,
            reason=made.reason,
            detail=made.detail,
            missed=(*finding.missed, *missed)[:MOST_MISSED],
            scores=finding.scores.model_copy(update={"fidelity": 0.0}),
        )

    async def _carry(
        self, finding: Finding, source: str, text: str, told: Expectation, by: Asker | None
    ) -> Finding:
        """What the routes to the meaning of a translation, or of a script that is not read, say;
        without any, it is not faithful by default."""
        options, embed, theirs = self._options, None, self._sources(source)
        if not options.tiers:
            return finding
        if finding.faithful and same(source, text):
            whole = dict.fromkeys(("supported", "kept", "fidelity"), 1.0)
            return replace(finding, scores=finding.scores.model_copy(update=whole))
        if not options.multilingual and not (options.translate_back and by is not None):
            zero = dict.fromkeys(("supported", "kept", "fidelity"), 0.0)
            unread = replace(finding, scores=finding.scores.model_copy(update=zero))
            detail = f"the source is not in {told.language!r}: nothing compares across languages"
            if not _translated(theirs, told):
                detail = "of words in this script nothing is read"
            if not finding.faithful:
                return unread
            return replace(unread, faithful=False, reason="meaning_unchecked", detail=detail)
        if not finding.faithful:
            return finding
        if options.multilingual:
            embed = await self._models.polyglot(options.multilingual)
        made = await carried(theirs, text, options, embed, by)
        marks: dict[str, float | None] = {**made.marks, "supported": None, "kept": None}
        if finding.scores.fidelity is not None:  # the ledger's, of figures
            marks["fidelity"] = min(made.marks["fidelity"], finding.scores.fidelity)
        scores = finding.scores.model_copy(update=marks)
        if made.reason is None:
            return replace(finding, scores=scores)
        return replace(
            finding,
            faithful=False,
            reason=made.reason,
            detail=made.detail[:LONGEST_DETAIL],
            scores=scores,
        )

    async def _weigh(
        self,
        finding: Finding,
        made: Verified,
        told: Expectation,
        source: str,
        text: str,
        by: Asker | None,
    ) -> Finding:
        """The finding after what judges say, where the threshold alone decided and is near."""
        options, scores, found = self._options, finding.scores, list[Judgement]()
        fidelity = 1.0 if scores.fidelity is None else scores.fidelity
        by_threshold = finding.faithful or (
            finding.reason in ("unsupported_sentence", "lost_sentence")
            and fidelity < options.threshold
        )
        low, high = options.judge_band
        if not (by_threshold and low <= fidelity <= high):
            return finding
        losses = not told.structured
        if "nli" in options.tiers:
            nli = await self._models.nli(options.nli)
            found += await entailed(made, source, text, losses=losses, by=nli)
        if "judge" in options.tiers and by is not None:
            votes = options.judge_votes
            found += await judged(made, source, text, votes=votes, losses=losses, by=by)
        if not (marks := shares(found)):
            return finding
        missed = tuple([one for one in finding.missed if one != finding.detail])
        open_again = Finding(True, missed=missed, scores=scores.model_copy(update=marks))
        after = (
            moved(scores.supported, found, "supported"),
            moved(scores.kept, found, "kept"),
        )
        return self._judge(open_again, made, after, told, final=True)

    async def _read_doubts(self, finding: Finding, made: Verified, told: Expectation) -> Finding:
        if not (made.in_doubt or self._thorough):
            return finding
        assert self._verification is not None
        made = await self._verification.read(made, self._read or await self._models.reader())
        finding = replace(finding, verified=made)
        refused = finding.scores.fidelity == 0.0  # by a check that no score outweighs
        read = self._judge(finding, made, (made.supported, made.kept), told, final=True)
        if not refused:
            return read
        return replace(read, scores=read.scores.model_copy(update={"fidelity": 0.0}))

    def check_cheap(
        self, source: str, text: str, *, context: str = "", expectation: Expectation
    ) -> Finding:
        """Judge by copying, hygiene, ledger and relations only; never awaits."""
        options = self._options
        self._verified = None
        if not options.tiers:
            return Finding(True)
        theirs, mine = self._sources(source), Facts(text)
        copied = copied_share(theirs, mine)
        ratio = hygiene.length_ratio(theirs, mine)
        fault: tuple[FidelityReason, str] | None = None
        if "hygiene" in options.tiers:
            fault = hygiene.fault(theirs, mine, expectation)
        if fault is None and copied > options.max_copied and len(theirs.words) >= FEWEST_WORDS:
            fault = "near_copy", f"{copied:.2f} of the 5-grams are the source's"
        finding = Finding(True, scores=Scores(length_ratio=ratio, copied=copied))
        if "ledger" in options.tiers:
            entered = mine
            if not _translated(theirs, expectation):
                alike = forms.respelled(theirs, mine)
                entered = mine if alike == text else Facts(alike)
            finding = self._enter(theirs, entered, context, expectation, finding.scores)
        if fault is not None:
            reason, detail = fault
            scores = finding.scores.model_copy(update={"fidelity": 0.0})
            detail = detail[:LONGEST_DETAIL]
            return replace(finding, faithful=False, reason=reason, detail=detail, scores=scores)
        return finding

    def _enter(
        self,
        theirs: Facts,
        mine: Facts,
        context: str,
        told: Expectation,
        scores: Scores,
    ) -> Finding:
        entered = ledger.compare(
            theirs,
            mine,
            lambda: self._contexts(context),
            kind=told.kind,
            translated=_translated(theirs, told),
            nouns_capitalised=told.language == "de",
        )
        verified = self._relate(theirs, mine, context, told, entered)
        new = entered.invented
        supported = INVENTED[min(len(new), len(INVENTED) - 1)]
        options = self._options
        least = options.min_facts_kept_structured if told.structured else options.min_facts_kept
        kept = _relaxed(entered.kept, told) * (0.3 if entered.answer_lost else 1.0)
        reason: FidelityReason | None = None
        detail = ""
        if new:
            reason, detail = new[0].reason, new[0].surface
        elif entered.answer_lost or (entered.kept < least and len(entered.lost) > 1):
            reason, detail = "lost_facts", ", ".join(entered.lost) or "the final answer"
        elif verified is None and supported * kept < options.threshold:
            reason, detail = "low_fidelity", ", ".join(entered.lost)
        finding = Finding(
            reason is None,
            reason,
            detail[:LONGEST_DETAIL],
            entered.lost[:MOST_MISSED],
            tuple([fact.surface for fact in new[:MOST_MISSED]]),
            scores.model_copy(
                update={
                    "supported": supported,
                    "kept": kept,
                    "fidelity": supported * kept,
                    "facts_invented": len(new),
                    "facts_kept": entered.kept,
                }
            ),
        )
        if verified is None:
            return finding
        final = "verifier" not in self._options.tiers or not (verified.in_doubt or self._thorough)
        return self._judge(
            finding, verified, (verified.supported, verified.kept), told, final=final
        )

    def _relate(
        self,
        theirs: Facts,
        mine: Facts,
        context: str,
        told: Expectation,
        entered: ledger.Ledger,
    ) -> Verified | None:
        if self._verification is None or _unread(theirs, told):
            return None
        if not (has_meaning(theirs.text) and has_meaning(mine.text)):
            return None
        self._verified = self._verification.related(
            theirs.text,
            mine.text,
            entered,
            copied=copied_share(theirs, mine),
            ratio=hygiene.length_ratio(theirs, mine),
            math_kind=told.kind == "math",
            also=_stems(context),
            computes="mathematics" in self._options.tiers and told.kind == "math",
        )
        return self._verified

    def _judge(
        self,
        finding: Finding,
        made: Verified,
        scores: tuple[float, float],
        told: Expectation,
        *,
        final: bool,
    ) -> Finding:
        """The finding with calibrated scores; weak ones fail it if nothing has yet. What is not
        final is left to the reader."""
        supported, kept = scores
        fidelity = supported * _relaxed(kept, told)
        marks = {
            "supported": supported, "kept": kept, "fidelity": fidelity,
            "flips": made.flips, "facts_moved": made.moved,
        }  # fmt: skip
        finding = replace(finding, scores=finding.scores.model_copy(update=marks))
        if not (final and finding.faithful) or fidelity >= self._options.threshold:
            return finding
        reason: FidelityReason = "unsupported_sentence" if supported <= kept else "lost_sentence"
        detail = made.worst if supported <= kept else made.most_lost
        return replace(
            finding,
            faithful=False,
            reason=reason,
            detail=detail[:LONGEST_DETAIL],
            missed=(*finding.missed, *((detail,) if kept < supported else ()))[:MOST_MISSED],
            invented=(detail,) if supported <= kept else (),
        )

    async def _align(
        self, claims: Sequence[Sentence], needed: Sequence[Sentence]
    ) -> alignment.Alignment:
        support = alignment.overlaps(claims, needed)
        echo = alignment.overlaps(needed, claims)
        doubts, losses = alignment.doubtful(support), alignment.doubtful(echo)
        forward = backward = None
        if self._embed is not None and (doubts or losses):
            mine = claims if losses else [claims[index] for index in doubts]
            other = needed if doubts else [needed[index] for index in losses]
            rows = np.asarray(await self._embed([one.text for one in (*mine, *other)]))
            cosines = rows[: len(mine)] @ rows[len(mine) :].T
            forward = cosines[doubts] if losses else cosines
            backward = (cosines[:, losses] if doubts else cosines).T
        return alignment.align(
            claims,
            needed,
            alignment.blend(support, doubts, forward),
            alignment.blend(echo, losses, backward),
        )

    def _decide(
        self, finding: Finding, aligned: alignment.Alignment, told: Expectation, *, calibrated: bool
    ) -> Finding:
        options = self._options
        scores = finding.scores
        supported = 1.0 if scores.supported is None else scores.supported
        kept = 1.0 if scores.kept is None else scores.kept
        if not calibrated:
            supported *= aligned.supported
            kept *= _relaxed(aligned.covered, told)
        least = options.min_covered_structured if told.structured else options.min_covered
        reason: FidelityReason | None = None
        detail = ""
        if aligned.supported < options.min_sentence_support:
            reason, detail = "unsupported_sentence", aligned.weakest
        elif aligned.covered < least:
            reason, detail = "lost_sentence", aligned.lost[0]
        elif not calibrated and supported * kept < options.threshold:
            reason = "low_fidelity"
            detail = aligned.weakest if supported < kept else "; ".join(aligned.lost)
        return Finding(
            reason is None,
            reason,
            detail[:LONGEST_DETAIL],
            (*finding.missed, *aligned.lost)[:MOST_MISSED],
            (aligned.weakest,) if reason == "unsupported_sentence" else (),
            scores.model_copy(
                update={
                    "supported": supported,
                    "kept": kept,
                    "fidelity": scores.fidelity if calibrated else supported * kept,
                    "sentences_supported": aligned.supported,
                    "sentences_covered": aligned.covered,
                }
            ),
        )


class _Recent:
    """What was read of the texts asked for last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._read: OrderedDict[str, Facts] = OrderedDict()

    def __call__(self, text: str) -> Facts:
        facts = self._read.get(text)
        if facts is None:
            facts = self._read[text] = Facts(text)
            if len(self._read) > self._size:
                self._read.popitem(last=False)
        else:
            self._read.move_to_end(text)
        return facts


_RELATED = frozenset[Tier](["relations", "verifier"])


@lru_cache(maxsize=64)
def _stems(context: str) -> frozenset[str]:
    return content(context)


def _translated(theirs: Facts, told: Expectation) -> bool:
    return not theirs.speaks(told.language)


def _unread(theirs: Facts, told: Expectation) -> bool:
    """Whether words can't be compared: in another language, or in a script that is not read."""
    return _translated(theirs, told) or not language.is_read(theirs.text)


def _relaxed(kept: float, told: Expectation) -> float:
    """A style that selects loses less by leaving out: half of what it left counts."""
    return 0.5 + 0.5 * kept if told.structured else kept
