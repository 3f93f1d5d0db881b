"""Assemble a partition: stitch each rephrasing, drop near-duplicates, scatter what is kept.

A table stage: ties are broken by id, never by arrival. Rows are ordered by their ids, which are
hashes, so that the rephrasings of one document don't stand side by side: in one context window they
teach copying (a replication of Physics of Language Models 3.1 fell from 97% to 7%)."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from pydantic import Field

from datagen.recipe import Section
from datagen.rephrase.fidelity.sentences import split
from datagen.rephrase.rewrite import Part, Rewritten, join
from datagen.schemas import AnyReject, Reject, Rephrasing, RewrittenChunk
from datagen.stage import Failure, Tables
from datagen.tokenizer import TokenCounter

_WORD = re.compile(r"\w+")
_SHINGLE = 5
FEWEST_SENTENCES = 3


class AssembleOptions(Section):
    """How rephrasings are put together."""

    max_similarity: float = Field(default=0.8, gt=0, le=1)
    """Two rephrasings of a document that share more of their word 5-grams, or of their sentences in
    whatever order (Jaccard), are near-duplicates; the later one goes. 1 turns it off."""


class Assembler:
    """Makes a partition's tables from its parts."""

    def __init__(self, options: AssembleOptions, tokens: TokenCounter) -> None:
        self.options = options
        self.tokens = tokens

    def __call__(
        self,
        outcomes: Sequence[tuple[Part, list[Rewritten] | Failure]],
        rejects: Sequence[AnyReject],
    ) -> Tables:
        by_document: dict[str, dict[str, list[tuple[Part, list[Rewritten] | Failure]]]]
        by_document = defaultdict(lambda: defaultdict(list))
        for part, outcome in outcomes:
            by_document[part.chunked.document.id][part.rephrasing_id].append((part, outcome))
        kept: list[Rephrasing] = []
        refused: list[AnyReject] = list(rejects)
        chunks: list[RewrittenChunk] = []
        for document in by_document.values():
            stitched: list[Rephrasing] = []
            for pieces in document.values():
                pieces.sort(key=lambda piece: piece[0].chunks[0].index)
                chunks += [row for part, done in pieces for row in _chunk_rows(part, done)]
                made = self._stitch(pieces)
                (stitched if isinstance(made, Rephrasing) else refused).append(made)  # type: ignore[arg-type]
            distinct, copies = self._distinct(stitched)
            kept += distinct
            refused += copies
        return {
            "rejects": sorted(refused, key=lambda row: row.id),
            "chunks": sorted(chunks, key=lambda row: row.id),
            "rephrasings": sorted(kept, key=lambda row: row.id),
        }

    def _stitch(
        self, pieces: Sequence[tuple[Part, list[Rewritten] | Failure]]
    ) -> Rephrasing | Reject:
        done: list[Rewritten] = []
        for part, outcome in pieces:
            if isinstance(outcome, Failure):
                return _failed(part, outcome)
            done += outcome
            if outcome[-1].status == "rejected":
                return _rejected(part, outcome[-1])
        if all(piece.status == "source" for piece in done):
            return _rejected(pieces[-1][0], done[-1])
        return self._rephrasing(pieces[0][0], done)

    def _rephrasing(self, part: Part, done: Sequence[Rewritten]) -> Rephrasing:
        document, draw = part.chunked.document, part.draw
        text = join(done)
        completions = [completion for piece in done for completion in piece.completions]
        return Rephrasing(
            id=part.rephrasing_id,
            document_id=document.id,
            style=draw.style.name,
            number=draw.number,
            text=text,
            tokens=self.tokens.count(text),
            fidelity=lowest(piece.scores.fidelity for piece in done),
            supported=lowest(piece.scores.supported for piece in done),
            kept=lowest(piece.scores.kept for piece in done),
            audience=draw.audience,
            tone=draw.tone,
            kind=document.kind,
            chunks=len(done),
            source_chunks=sum(piece.status == "source" for piece in done),
            source_tokens=sum(piece.chunk.tokens for piece in done),
            attempts=len(completions),
            prompt_tokens=sum(completion.prompt_tokens for completion in completions),
            completion_tokens=sum(completion.completion_tokens for completion in completions),
            source=metadata(document.source),
            model=completions[-1].model,
        )

    def _distinct(self, stitched: list[Rephrasing]) -> tuple[list[Rephrasing], list[Reject]]:
        kept: list[tuple[Rephrasing, list[set[int]]]] = []
        copies: list[Reject] = []
        for row in sorted(stitched, key=lambda row: (row.number, row.id)):
            marks = [_shingles(row.text), _sentences(row.text)]
            near = next((k for k, s in kept if any(map(self._similar, s, marks))), None)
            if near is None:
                kept.append((row, marks))
            else:
                copies.append(_near_duplicate(row, near))
        return [row for row, _ in kept], copies

    def _similar(self, one: set[int], other: set[int]) -> bool:
        if self.options.max_similarity >= 1 or not one or not other:
            return False
        return len(one & other) > self.options.max_similarity * len(one | other)


def metadata(source: Mapping[str, object]) -> str:
    """A document's metadata as JSON text."""
    return json.dumps(source, ensure_ascii=False)


def lowest(values: object) -> float | None:
    """The smallest of the values that are there."""
    present = [value for value in values if value is not None]  # type: ignore[attr-defined]
    return min(present, default=None)


def _shingles(text: str) -> set[int]:
    words = _WORD.findall(text.lower())
    return {hash(tuple(words[i : i + _SHINGLE])) for i in range(len(words) - _SHINGLE + 1)}


def _sentences(text: str) -> set[int]:
    """Marks of the sentences, whatever their order; none of a text of fewer than three."""
    found = {hash(tuple(_WORD.findall(one.lower()))) for one in split(text)}
    return found if len(found) >= FEWEST_SENTENCES else set()


def _chunk_rows(part: Part, done: list[Rewritten] | Failure) -> list[RewrittenChunk]:
    if isinstance(done, Failure):
        return []
    return [
        RewrittenChunk(
            id=f"{part.rephrasing_id}-{piece.chunk.index:05d}",
            rephrasing_id=part.rephrasing_id,
            document_id=part.chunked.document.id,
            style=part.draw.style.name,
            number=part.draw.number,
            index=piece.chunk.index,
            start=piece.chunk.start,
            end=piece.chunk.end,
            tokens=piece.chunk.tokens,
            source_text=piece.source,
            text=piece.text,
            status=piece.status,
            attempts=len(piece.completions),
            reasons=list(piece.reasons),
            seed=piece.seed,
            **piece.scores.model_dump(),
        )
        for piece in done
    ]


def _rejected(part: Part, piece: Rewritten) -> Reject:
    return _reject(
        part,
        stage="rewrite",
        reason=piece.reasons[-1],
        detail=piece.detail,
        chunk=piece.chunk.index,
        attempts=len(piece.completions),
        scores=piece.scores.model_dump_json(exclude_none=True),
        text=piece.text,
    )


def _failed(part: Part, failure: Failure) -> Reject:
    return _reject(part, stage="rewrite", reason=failure.reason, detail=failure.detail, failed=True)


def _reject(
    part: Part,
    *,
    stage: str,
    reason: str,
    detail: str,
    failed: bool = False,
    chunk: int = -1,
    attempts: int = 0,
    scores: str = "{}",
    text: str = "",
) -> Reject:
    document = part.chunked.document
    return Reject(
        id=part.rephrasing_id,
        document_id=document.id,
        stage=stage,
        reason=reason,
        failed=failed,
        detail=detail,
        style=part.draw.style.name,
        number=part.draw.number,
        chunk=chunk,
        attempts=attempts,
        scores=scores,
        text=text,
        source=metadata(document.source),
        origin=document.origin,
    )


def _near_duplicate(row: Rephrasing, near: Rephrasing) -> Reject:
    scores = {"fidelity": row.fidelity, "supported": row.supported, "kept": row.kept}
    return Reject(
        id=row.id,
        document_id=row.document_id,
        stage="assemble",
        reason="near_duplicate",
        failed=False,
        detail=f"shares most of its 5-grams with {near.id}",
        style=row.style,
        number=row.number,
        chunk=-1,
        attempts=row.attempts,
        scores=json.dumps(scores),
        text=row.text,
        source=row.source,
        origin="",
    )
