"""Decide again from stored scores: which rephrasings stay when the gate is made stricter.

Only what differs from the run's own options decides, and only stricter: a chain that was refused
was never finished, so nothing could be let in. What a tier found that is no score (a lead-in, an
invented number) was refused when it was found and stays so. The gate lets a single fact be lost,
whatever its share; how many were lost is not stored, so that `min_facts_kept` decides by the share
alone here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datagen.errors import RecipeError
from datagen.rephrase.assemble import lowest
from datagen.rephrase.fidelity import FidelityOptions, Tier
from datagen.rephrase.fidelity.options import COMPARING
from datagen.rephrase.rewrite import join
from datagen.schemas import FidelityReason, Reject, Rephrasing, RewrittenChunk, Scores
from datagen.stage import Tables
from datagen.tokenizer import TokenCounter

LOWER_IS_STRICTER = ("max_copied",)
_NEEDS: dict[str, tuple[Tier, ...]] = {
    "threshold": tuple(COMPARING),
    "min_facts_kept": ("ledger",),
    "min_facts_kept_structured": ("ledger",),
    "min_sentence_support": ("alignment",),
    "min_covered": ("alignment",),
    "min_covered_structured": ("alignment",),
}
"""Tiers of which one has to have run for an option's scores to be there."""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    source: str


class Refilter:
    """Takes the decisions of one run again, by other options."""

    def __init__(
        self,
        before: FidelityOptions,
        now: FidelityOptions,
        *,
        on_failure: str,
        structured: Mapping[str, bool],
        tokens: TokenCounter,
    ) -> None:
        """`structured`: by style, whether it selects. Raises `RecipeError` for an option that is
        looser, or that no stored score can decide."""
        refuse_looser(before, now)
        self.before = before
        self.options = now
        self.on_failure = on_failure
        self.structured = structured
        self.tokens = tokens

    def __call__(self, tables: Tables) -> Tables:
        """A partition's tables, decided again; rows keep their ids and order."""
        by_rephrasing: dict[str, list[RewrittenChunk]] = defaultdict(list)
        for chunk in tables["chunks"]:
            if isinstance(chunk, RewrittenChunk):
                by_rephrasing[chunk.rephrasing_id].append(chunk)
        rejects, kept = list(tables["rejects"]), list[Rephrasing]()
        decided: dict[str, list[RewrittenChunk]] = {}
        for row in tables["rephrasings"]:
            if isinstance(row, Rephrasing):
                chunks = sorted(by_rephrasing[row.id], key=lambda chunk: chunk.index)
                made, decided[row.id] = self._again(row, chunks)
                if isinstance(made, Rephrasing):
                    kept.append(made)
                else:
                    rejects.append(made)
        chunks = [c for id, old in by_rephrasing.items() for c in decided.get(id, old)]
        return {
            "rejects": sorted(rejects, key=lambda row: row.id),
            "chunks": sorted(chunks, key=lambda row: row.id),
            "rephrasings": sorted(kept, key=lambda row: row.id),
        }

    def _again(
        self, row: Rephrasing, chunks: Sequence[RewrittenChunk]
    ) -> tuple[Rephrasing | Reject, list[RewrittenChunk]]:
        selects = self.structured[row.style]
        reasons = {chunk.index: self.refusal(chunk, structured=selects) for chunk in chunks}
        failing = [chunk for chunk in chunks if reasons[chunk.index]]
        if not failing:
            return row, list(chunks)
        settled = [_settled(c, reasons[c.index], self.on_failure) for c in chunks]
        reason = reasons[failing[0].index] or "low_fidelity"
        if self.on_failure == "reject" or all(c.status == "source" for c in settled):
            return _rejected(row, failing[0], reason), settled
        return self._stitched(row, settled), settled

    def refusal(self, chunk: RewrittenChunk, *, structured: bool) -> FidelityReason | None:
        """Why a chunk doesn't pass any more, or None."""
        if chunk.status != "accepted":
            return None
        suffix = "_structured" if structured else ""
        facts, covered = f"min_facts_kept{suffix}", f"min_covered{suffix}"
        checks: list[tuple[float | None, str, FidelityReason]] = [
            (chunk.fidelity, "threshold", "low_fidelity"),
            (chunk.facts_kept, facts, "lost_facts"),
            (chunk.returned, "min_returned", "low_fidelity"),
        ]
        support, cover = chunk.sentences_supported, chunk.sentences_covered
        if _by_meaning(chunk, self.before):
            checks.append((support, "min_meant", "unsupported_sentence"))
            checks.append((cover, "min_meant", "lost_sentence"))
        else:
            checks.append((support, "min_sentence_support", "unsupported_sentence"))
            checks.append((cover, covered, "lost_sentence"))
        for score, option, reason in checks:
            if score is not None and self._is_new(option) and score < self._bound(option):
                return reason
        copied = chunk.copied if self._is_new("max_copied") else None
        return "near_copy" if copied is not None and copied > self.options.max_copied else None

    def _bound(self, option: str) -> float:
        return float(getattr(self.options, option))

    def _is_new(self, option: str) -> bool:
        """What the run decided by is not decided again: its gate knew more than the scores."""
        return bool(getattr(self.before, option) != getattr(self.options, option))

    def _stitched(self, row: Rephrasing, chunks: Sequence[RewrittenChunk]) -> Rephrasing:
        text = join([_Piece(chunk.text, chunk.source_text) for chunk in chunks])
        return row.model_copy(
            update={
                "text": text,
                "tokens": self.tokens.count(text),
                "source_chunks": sum(chunk.status == "source" for chunk in chunks),
                **{
                    name: lowest(getattr(chunk, name) for chunk in chunks)
                    for name in ("fidelity", "supported", "kept")
                },
            }
        )


def refuse_looser(before: FidelityOptions, now: FidelityOptions) -> None:
    """Raise `RecipeError` unless `now` differs only in thresholds that are stricter."""
    for name in FidelityOptions.model_fields:
        was, new = getattr(before, name), getattr(now, name)
        if was == new:
            continue
        if not isinstance(was, float):
            raise RecipeError(f"fidelity.{name}: stored scores don't decide it; make a new run")
        looser = new > was if name in LOWER_IS_STRICTER else new < was
        if looser:
            raise RecipeError(
                f"fidelity.{name}: {new} is looser than the run's {was}, and refused chains were "
                "never finished; make a new run"
            )
        if not _stored(name, before):
            raise RecipeError(f"fidelity.{name}: the run has no scores for it; make a new run")


def _stored(option: str, before: FidelityOptions) -> bool:
    """Whether the run's gate measured what the option bounds."""
    if option == "min_returned":
        return before.translate_back
    if option == "min_meant":
        return bool(before.multilingual)
    needs = _NEEDS.get(option, before.tiers)
    return bool(set(needs).intersection(before.tiers))


def _by_meaning(chunk: RewrittenChunk, before: FidelityOptions) -> bool:
    """Whether the chunk's sentences were compared by the multilingual embedding: the routes leave
    `supported` open."""
    return bool(before.multilingual) and (
        "alignment" not in before.tiers or chunk.supported is None
    )


def _settled(chunk: RewrittenChunk, reason: str | None, on_failure: str) -> RewrittenChunk:
    if reason is None:
        return chunk
    reasons = [*chunk.reasons, reason]
    if on_failure == "reject":
        return chunk.model_copy(update={"status": "rejected", "reasons": reasons})
    unscored = dict.fromkeys(Scores.model_fields)
    return chunk.model_copy(
        update={
            "status": "source",
            "reasons": reasons,
            "text": chunk.source_text.strip(),
            **unscored,
        }
    )


def _rejected(row: Rephrasing, chunk: RewrittenChunk, reason: str) -> Reject:
    scores = {name: getattr(chunk, name) for name in Scores.model_fields}
    return Reject(
        id=row.id,
        document_id=row.document_id,
        stage="refilter",
        reason=reason,
        failed=False,
        detail="refused when the run was decided again",
        style=row.style,
        number=row.number,
        chunk=chunk.index,
        attempts=row.attempts,
        scores=Scores(**scores).model_dump_json(exclude_none=True),
        text=chunk.text,
        source=row.source,
        origin="",
    )
