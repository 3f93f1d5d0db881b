"""Rewrite a document chunk by chunk: the chain of one rephrasing, as plain sequential code.

Each request holds the window's source, what was rewritten of it so far, and the chunk. Only text
that passed the gate becomes context for the next chunk. Above `PART_CHUNKS` chunks a document is
rewritten in parts, each a chain of its own, so that a book does not form the tail of a run."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, Protocol

from pydantic import Field

from datagen.engines.base import Completion, Message, Request, Sampling
from datagen.prompts import CLOSING, neutralise, system_prompt, user_message
from datagen.recipe import Section
from datagen.rephrase.draw import Draw
from datagen.rephrase.fidelity import Asker, Expectation, FidelityGate, Finding, clean
from datagen.schemas import Chunk, ChunkedDocument, Scores, derived_seed, row_id
from datagen.stage import Ask, Preview

PART_CHUNKS = 64
"""Longest chain of one row; at 256 tokens a chunk some 16,000 tokens."""

STOP = ("</text>", f"\n{CLOSING}")
"""Small models echo what stands behind the text and go on; sources can't hold the tag, it is
neutralised."""


_NEUTRALISED = re.compile(r"‹[\s/]*\w+")
"""What `neutralise` makes of a tag of ours, up to the end of its name."""


class RewriteOptions(Section):
    """How documents are rewritten."""

    styles: tuple[str, ...] = Field(default=(), min_length=0)
    """Styles to draw from, by name or by the path of a Markdown file; empty: all that ship."""
    rephrasings: int = Field(default=3, gt=0)
    """Rephrasings of each document (K2: up to 10, arXiv 2507.20534, section 2.2)."""
    attempts: int = Field(default=3, gt=0)
    """Times that one chunk is asked for before it fails for good."""
    on_failure: Literal["reject", "source"] = "reject"
    """A chunk that fails for good rejects its rephrasing, or stands unchanged and is said to."""
    temperature: float = Field(default=0.6, ge=0)
    math_temperature: float = Field(default=0.2, ge=0)
    top_p: float = Field(default=0.95, gt=0, le=1)
    output_ratio: float = Field(default=2.0, gt=0)
    """Most tokens of an answer ÷ tokens of its chunk."""
    min_output_tokens: int = Field(default=640, gt=0)
    """An answer may have at least this many tokens."""
    ignore_eos: bool = False
    """Answer with exactly the most tokens (benchmarks only)."""


@dataclass(frozen=True, slots=True)
class Part:
    """A row of work: up to `PART_CHUNKS` adjacent chunks of a document, in one style."""

    id: str
    rephrasing_id: str
    chunked: ChunkedDocument
    chunks: tuple[Chunk, ...]
    draw: Draw


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A chunk that is settled: accepted, kept as its source, or the one that ended the chain."""

    chunk: Chunk
    source: str
    text: str
    status: Literal["accepted", "source", "rejected"]
    scores: Scores
    seed: int
    reasons: tuple[str, ...]
    """Why each attempt that was refused was refused."""
    detail: str
    completions: tuple[Completion, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one chunk's requests have in common."""

    part: Part
    chunk: Chunk
    source: str
    window: str
    """The source text of the chunk's window."""
    so_far: str
    """What was rewritten of this window, after the last chunk before it."""
    left: int
    """Source tokens of the part that are not rewritten yet."""


def parts(chunked: ChunkedDocument, draw: Draw, *, rephrasing_id: str) -> Iterator[Part]:
    """The rows of one rephrasing: whole windows, at most `PART_CHUNKS` chunks if a window allows
    it."""
    held: list[Chunk] = []
    pieces: list[tuple[Chunk, ...]] = []
    for _, window in groupby(chunked.chunks, key=lambda chunk: chunk.window):
        block = list(window)
        if held and len(held) + len(block) > PART_CHUNKS:
            pieces.append(tuple(held))
            held = []
        held += block
    pieces.append(tuple(held))
    for number, piece in enumerate(pieces):
        yield Part(row_id(rephrasing_id, "rewrite", number), rephrasing_id, chunked, piece, draw)


class Joinable(Protocol):
    """A settled piece of a document."""

    @property
    def text(self) -> str: ...
    @property
    def source(self) -> str: ...


def join(rewritten: Sequence[Joinable]) -> str:
    """Chunks stitched: a paragraph's end where the source had one, else a space."""
    text = ""
    for piece in rewritten:
        text += piece.text
        if piece is not rewritten[-1]:
            text += "\n\n" if piece.source.endswith("\n") or piece.text.endswith("|") else " "
    return text


class Rewriter:
    """Rewrites parts; holds what all of them share."""

    def __init__(self, options: RewriteOptions, gate: FidelityGate, *, seed: int) -> None:
        self.options = options
        self.gate = gate
        self.seed = seed
        self.system = Message("system", system_prompt())
        self.preview: Preview | None = None

    async def __call__(self, part: Part, ask: Ask) -> list[Rewritten]:
        """The part's chunks in order; the last one is `rejected` if the chain ended there."""
        done: list[Rewritten] = []
        left = sum(chunk.tokens for chunk in part.chunks)
        for chunk in part.chunks:
            settled = await self._settle(_turn(part, chunk, done, left), ask)
            done.append(settled)
            if settled.status == "rejected":
                break
            left -= chunk.tokens
            if self.preview is None and settled.status == "accepted":
                title = f"{part.chunked.document.id}, rewritten as {part.draw.style.name}"
                self.preview = Preview(title, settled.source.strip(), settled.text)
        return done

    async def _settle(self, turn: Turn, ask: Ask) -> Rewritten:
        """Ask for a chunk until an answer is faithful, at most `attempts` times."""
        reasons: list[str] = []
        completions: list[Completion] = []
        note = ""
        for attempt in range(self.options.attempts):
            request = self._request(turn, note, attempt)
            completion = await ask("rewriter", request)
            completions.append(completion)
            text = restored(clean(completion.text), turn.source)
            finding = await self._check(turn, text, completion, ask)
            if finding.faithful:
                break
            reasons.append(finding.reason or "low_fidelity")
            note = advice(finding)
        status: Literal["accepted", "source", "rejected"] = "accepted"
        if not finding.faithful:
            status = "source" if self.options.on_failure == "source" else "rejected"
        return Rewritten(
            chunk=turn.chunk,
            source=turn.source,
            text=turn.source.strip() if status == "source" else text,
            status=status,
            scores=finding.scores if status != "source" else Scores(),
            seed=request.sampling.seed,
            reasons=tuple(reasons),
            detail=finding.detail,
            completions=tuple(completions),
        )

    def _request(self, turn: Turn, note: str, attempt: int) -> Request:
        options, draw = self.options, turn.part.draw
        math = turn.part.chunked.document.kind == "math"
        content = user_message(
            window=turn.window,
            style=draw.style,
            audience=draw.audience,
            tone=draw.tone,
            so_far=turn.so_far,
            text=turn.source.strip(),
            note=note,
        )
        sampling = Sampling(
            temperature=options.math_temperature if math else options.temperature,
            top_p=options.top_p,
            max_tokens=max(
                options.min_output_tokens, int(options.output_ratio * turn.chunk.tokens)
            ),
            seed=derived_seed(self.seed, turn.part.id, turn.chunk.index, attempt),
            stop=STOP,
            ignore_eos=options.ignore_eos,
        )
        return Request(
            messages=(self.system, Message("user", content)),
            sampling=sampling,
            row=turn.part.id,
            attempt=attempt,
            priority=turn.left,
        )

    async def _check(self, turn: Turn, text: str, completion: Completion, ask: Ask) -> Finding:
        if completion.finish_reason == "length" and not self.options.ignore_eos:
            tokens = completion.completion_tokens
            return Finding(False, "truncated", f"cut off after {tokens} tokens", (), (), Scores())
        if not text:  # also with the gate off: nothing is no rewrite
            return Finding(False, "no_answer")
        style = turn.part.draw.style
        expectation = Expectation(
            length_ratio=style.length,
            structured=style.structured,
            kind=turn.part.chunked.document.kind,
        )
        return await self.gate.check(
            turn.source,
            text,
            context=turn.window,
            expectation=expectation,
            by=Asker(ask, turn.part.id, self.seed),
        )


def _turn(part: Part, chunk: Chunk, done: Sequence[Rewritten], left: int) -> Turn:
    text = part.chunked.document.text
    window = [other for other in part.chunks if other.window == chunk.window]
    first = next(
        (i for i, piece in enumerate(done) if piece.chunk.window == chunk.window), len(done)
    )
    return Turn(
        part=part,
        chunk=chunk,
        source=text[chunk.start : chunk.end],
        window=text[window[0].start : window[-1].end].strip(),
        so_far=join([piece for piece in done[max(0, first - 1) :] if piece.status == "accepted"]),
        left=left,
    )


def restored(answer: str, source: str) -> str:
    """The answer with the tags that its source holds, which the model saw as `‹text>`, put back."""
    shown = neutralise(source)
    marks = {mark.group() for mark in _NEUTRALISED.finditer(shown) if source[mark.start()] == "<"}
    for mark in sorted(marks, key=len, reverse=True):
        answer = answer.replace(mark, f"<{mark[1:]}")
    return answer


def advice(finding: Finding) -> str:
    """What the next attempt is told about the one that failed."""
    lines = []
    if finding.missed:
        lines.append(f"An earlier attempt left out: {'; '.join(finding.missed)}. Keep these.")
    if finding.invented:
        lines.append(
            f"An earlier attempt added what the text does not say: {'; '.join(finding.invented)}."
        )
    return " ".join(lines)
