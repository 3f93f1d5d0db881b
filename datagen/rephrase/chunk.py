"""Documents cut into chunks that join back to them, character for character.

A document becomes units (mostly sentences; a formula, table, list item or code block that fits is
never divided), each with its tokens and how good a place its beginning is to cut. The chunks are
the cheapest way to join units: a bad place costs, and so does the empty part of a chunk, squared,
which makes chunks even. Nothing is truncated, and no step is more than linear in the document.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, pairwise

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datagen.rephrase.boundaries import Level, boundaries, finer
from datagen.rephrase.protected import protected
from datagen.schemas import Chunk, ChunkedDocument, Document
from datagen.tokenizer import TokenCounter, load_tokenizer

PENALTY = (-0.2, 0.0, 0.15, 0.35, 0.9, 1.3, 3.0, 5.0)
"""Cost of a cut at each `Level`, against that of a chunk's empty part squared: 0.35 cuts between
sentences rather than leave 60 % of a chunk empty. Chosen by reading chunks of textbooks, LaTeX,
tables and Chinese solutions."""
SMALL = 0.25
"""A chunk below this share of `max_tokens` costs 1 more: too little for a rewrite to stand on."""
CHARS_PER_TOKEN = 24
"""A span longer than this per token of the budget is taken not to fit, without counting it."""


class ChunkOptions(BaseModel):
    """The recipe's section `[chunk]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_tokens: int = Field(default=256, ge=16)
    """Tokens of a chunk at most. Source: Kimi K2 report (arXiv 2507.20534), section 2.2."""
    window_tokens: int = Field(default=4096, ge=16)
    """Tokens of a window (the context that a chunk is rewritten in) at most. Source: the same."""
    tokenizer: str = Field(default="minilm", min_length=1)
    """`minilm` (ships), a tokenizer.json or its folder, or the name of a Hugging Face model."""

    @model_validator(mode="after")
    def _window_holds_a_chunk(self) -> "ChunkOptions":
        if self.window_tokens < self.max_tokens:
            raise ValueError("window_tokens must not be below max_tokens")
        return self


@dataclass(slots=True)
class Units:
    """Parallel lists: where each unit starts, its tokens, and what begins there."""

    starts: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)

    def add(self, start: int, tokens: int, level: Level, small: int) -> None:
        """Append a unit; one of few tokens joins another such before it, which bounds how many
        units a chunk has."""
        if (
            self.tokens
            and tokens + self.tokens[-1] <= small
            and level not in (Level.SECTION, Level.PARAGRAPH, Level.GRAPHEME)
            and self.levels[-1] is not Level.GLUE
        ):
            self.tokens[-1] += tokens
            return
        self.starts.append(start)
        self.tokens.append(tokens)
        self.levels.append(level)


class Chunker:
    """Cuts documents. Loads its tokenizer when made; raises `RecipeError` if there is none."""

    def __init__(self, options: ChunkOptions) -> None:
        self.options = options
        self.counter: TokenCounter = load_tokenizer(options.tokenizer)

    def chunk(self, document: Document) -> ChunkedDocument:
        """The document's chunks, each within `max_tokens`, in windows within `window_tokens`."""
        text = document.text
        cuts = list(self._cuts(text, 0, len(text), self.options.max_tokens))
        ends = [start for start, _, _ in cuts[1:]] + [len(text)] * bool(cuts)
        windows = _windows(cuts, self.options.window_tokens)
        chunks = (
            Chunk(index, start, end, tokens, window)
            for index, ((start, tokens, _), end, window) in enumerate(
                zip(cuts, ends, windows, strict=True)
            )
        )
        return ChunkedDocument(document, tuple(chunks))

    def _cuts(
        self, text: str, start: int, end: int, budget: int
    ) -> Iterator[tuple[int, int, Level]]:
        """Start, tokens and level of each chunk of a span.

        Where counts don't add up (byte-pair vocabularies, parts of one word), a chunk that came out
        too long is cut again with less to spend.
        """
        if start == end:
            return
        units = self._units(text[start:end], budget)
        cuts = joined(units, budget)
        stops = [*(units.starts[i] for i in cuts[1:]), end - start]
        sums = [0, *accumulate(units.tokens)]
        for i, j, stop in zip(cuts, [*cuts[1:], len(units.starts)], stops, strict=True):
            at, upto = start + units.starts[i], start + stop
            tokens = sums[j] - sums[i]
            if not self.counter.additive or Level.GRAPHEME in units.levels[i + 1 : j]:
                tokens = self.counter.count(text[at:upto])
            if tokens > self.options.max_tokens and upto - at > 1 and budget > 1:
                for part, held, level in self._cuts(text, at, upto, max(1, budget * 3 // 4)):
                    yield part, held, units.levels[i] if part == at else level
            else:
                yield at, tokens, units.levels[i]

    def _units(self, text: str, budget: int) -> Units:
        found, spans = boundaries(text)
        kept = self._fitting([*spans, *protected(text)], text, budget)
        units, small = Units(), budget // 32
        edges = [(0, Level.SECTION), *_outside(found, kept), (len(text), Level.SECTION)]
        for (start, level), (end, _) in pairwise(edges):
            tokens = self.counter.count(text[start:end])
            if tokens <= budget:
                units.add(start, tokens, level, small)
                continue
            for at, part, begins in self._divide(text, start, end, budget, kept, Level.CLAUSE):
                units.add(at, part, begins if at > start else level, small)
        return units

    def _fitting(
        self, spans: list[tuple[int, int]], text: str, budget: int
    ) -> list[tuple[int, int]]:
        """Outermost spans that fit into a chunk, by position."""
        kept: list[tuple[int, int]] = []
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            if kept and start < kept[-1][1]:
                continue
            short = end - start <= budget * CHARS_PER_TOKEN
            if short and self.counter.count(text[start:end]) <= budget:
                kept.append((start, end))
        return kept

    def _divide(
        self,
        text: str,
        start: int,
        end: int,
        budget: int,
        kept: Sequence[tuple[int, int]],
        level: Level,
    ) -> Iterator[tuple[int, int, Level]]:
        """Parts of a span that is over budget: even ones of as few pieces as the level allows."""
        if level is Level.GRAPHEME:
            yield from self._measure(text, start, end, budget, kept)
            return
        places = ((at, level) for at in finer(text, start, end, level))
        cuts = [start, *(at for at, _ in _outside_from(places, kept, start)), end]
        pieces = [(a, b, self.counter.count(text[a:b])) for a, b in pairwise(cuts)]
        total = sum(tokens for _, _, tokens in pieces)
        goal = total / -(-total // budget)
        open_at, held = start, 0
        for a, b, tokens in pieces:
            if open_at < a and (held + tokens > budget or held >= goal):
                yield open_at, held, level
                open_at, held = a, 0
            if tokens > budget:
                finer_level = Level(level + 1)
                if open_at < a:
                    yield open_at, held, level
                yield from self._divide(text, a, b, budget, kept, finer_level)
                open_at, held = b, 0
            else:
                held += tokens
        if open_at < end:
            yield open_at, held, level

    def _measure(
        self, text: str, start: int, end: int, budget: int, kept: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[int, int, Level]]:
        """Parts of a span without white space, a formula that fits in one of them."""
        first = bisect_right(kept, (start, -1))
        inside = []
        for span in kept[first:]:
            if span[0] >= end:
                break
            inside.append(span)
        at = start
        for a, b in [*inside, (end, end)]:
            while at < a:
                size = self._fits(text, at, a, budget)
                yield at, self.counter.count(text[at : at + size]), Level.GRAPHEME
                at += size
            if a < b <= end:
                yield a, self.counter.count(text[a:b]), Level.GRAPHEME
                at = b

    def _fits(self, text: str, start: int, end: int, budget: int) -> int:
        """Characters from `start` that fit into the budget, whole graphemes if one fits."""
        size = min(end - start, budget * 3)
        while size > 1 and (tokens := self.counter.count(text[start : start + size])) > budget:
            size = max(1, min(size - 1, size * budget // tokens))
        if start + size < end:
            whole = [*finer(text, start, min(end, start + size + 1), Level.GRAPHEME)]
            size = (whole[-1] - start) if whole else size
        return size


def joined(units: Units, budget: int) -> list[int]:
    """Index of the first unit of each chunk: the cheapest way to join units within the budget."""
    count = len(units.starts)
    if sum(units.tokens) <= budget:
        return [0] if count else []
    shape = _shape(budget)
    best, begin = [0.0], [0]
    for j in range(1, count + 1):
        held, cheapest, where = 0, float("inf"), j - 1
        for i in range(j - 1, -1, -1):
            held += units.tokens[i]
            if held > budget:
                break
            cost = best[i] + shape[held]
            if cost < cheapest:
                cheapest, where = cost, i
        if cheapest == float("inf"):
            cheapest = best[j - 1]
        best.append(cheapest + (PENALTY[units.levels[j]] if j < count else 0.0))
        begin.append(where)
    cuts, j = [], count
    while j:
        j = begin[j]
        cuts.append(j)
    return cuts[::-1]


@lru_cache(maxsize=64)
def _shape(budget: int) -> tuple[float, ...]:
    """Cost of a chunk by its tokens."""
    return tuple((1 - t / budget) ** 2 + (t < budget * SMALL) for t in range(budget + 1))


def _outside(
    found: Sequence[tuple[int, Level]], kept: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, Level]]:
    return _outside_from(iter(found), kept, 0)


def _outside_from(
    found: Iterator[tuple[int, Level]], kept: Sequence[tuple[int, int]], start: int
) -> Iterator[tuple[int, Level]]:
    """Boundaries that lie in none of the spans; both rise."""
    i = max(0, bisect_right(kept, (start, -1)) - 1)
    for at, level in found:
        while i < len(kept) and kept[i][1] <= at:
            i += 1
        if i == len(kept) or at <= kept[i][0]:
            yield at, level


def _windows(cuts: Sequence[tuple[int, int, Level]], most: int) -> list[int]:
    """Number of the window of each chunk.

    A window is closed at the last section that begins in its last quarter, else where it is full.
    """
    windows: list[int] = []
    first, held = 0, 0
    section: int | None = None
    number = 0
    i = 0
    while i < len(cuts):
        _, tokens, level = cuts[i]
        if i > first and held + tokens > most:
            i = section if section is not None else i
            windows += [number] * (i - first)
            first, held, section, number = i, 0, None, number + 1
            continue
        if level is Level.SECTION and i > first and held >= most * 3 // 4:
            section = i
        held += tokens
        i += 1
    return windows + [number] * (len(cuts) - first)
