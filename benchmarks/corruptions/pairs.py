"""Labelled pairs from documents: a source, a text, whether that is faithful, how it was made.

An unfaithful text is a faithful rewrite with one change, so that closeness to the source tells
nothing. Kinds that are rare in the documents come first, so that each kind gets its share.
Documents belong to one split for good; see `words` for what else the splits don't share.
"""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.corruptions import faithful, words
from benchmarks.corruptions.corruptions import FINISHED, PROSE, void
from benchmarks.corruptions.material import Material, lines, names, sentences
from benchmarks.corruptions.words import Lists, Split
from benchmarks.corruptions.worked import WORKED

Subject = Literal["knowledge", "math"]
FORM = frozenset(["looped", "led_in"])
"""Kinds whose claims are the source's: their form is at fault."""
FAITHFUL = (*faithful.RULES, *faithful.LAYOUTS, "notes", "combined", "heavy")
UNFAITHFUL = (*PROSE, *WORKED, *FINISHED)
_PROSE_KINDS = (*PROSE, *FINISHED)
_MATH_KINDS = (*WORKED, "truncated")
_SHARES = {"train": 60, "dev": 15, "test": 25}
SHORTEST, LONGEST = 250, 1800
"""Characters of a chunk: about 50 to 350 tokens, as the pipeline cuts."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text to make pairs of."""

    id: str
    text: str
    topic: str = ""
    """Documents of one topic lend each other sentences."""
    subject: Subject = "knowledge"


@dataclass(frozen=True, slots=True)
class Pair:
    """A text beside what it was made from."""

    source: str
    text: str
    label: bool
    """True if the text is faithful."""
    kind: str
    document: str
    subject: Subject = "knowledge"


def split(document_id: str) -> Split:
    """The split of a document; the same for every seed and every set of documents."""
    place = int.from_bytes(hashlib.sha256(document_id.encode()).digest()[:4]) % 100
    if place < _SHARES["train"]:
        return "train"
    return "dev" if place < _SHARES["train"] + _SHARES["dev"] else "test"


def pairs(
    documents: Iterable[Document],
    *,
    seed: int = 0,
    split: Split = "train",
    per_document: int = 4,
    kinds: Sequence[str] | None = None,
) -> Iterator[Pair]:
    """Pairs of the documents of one split, as many faithful as unfaithful where both can be made.

    `per_document` bounds the pairs of one document; `kinds` restricts which are made. Holds the
    documents in memory.
    """
    mine = [document for document in documents if _split(document.id) == split]
    maker = _Maker(mine, seed, words.lists(split), frozenset(kinds or (*FAITHFUL, *UNFAITHFUL)))
    for document in mine:
        yield from maker.of(document, per_document)


_split = split


class _Maker:
    """Makes the pairs of one document after another, the kinds made least often first."""

    def __init__(
        self, documents: Sequence[Document], seed: int, told: Lists, kinds: frozenset[str]
    ) -> None:
        self._seed, self._words, self._kinds = seed, told, kinds
        self._made: Counter[str] = Counter()
        self._chunks = {document.id: chunks(document) for document in documents}
        self._topics: dict[str, list[str]] = {}
        for document in documents:
            if self._chunks[document.id]:
                self._topics.setdefault(document.topic, []).append(document.id)
        self._ids = [id for ids in self._topics.values() for id in ids]

    def of(self, document: Document, count: int) -> Iterator[Pair]:
        rng = _random(self._seed, document.id)
        own = list(self._chunks[document.id])
        rng.shuffle(own)
        for number in range(count if own else 0):
            chunk = own[number // 2 % len(own)]
            pair = self._pair(document, chunk, rng, label=number % 2 == 0)
            if pair is not None:
                self._made[pair.kind] += 1
                yield pair

    def _pair(
        self, document: Document, chunk: Sequence[str], rng: random.Random, *, label: bool
    ) -> Pair | None:
        wanted = [kind for kind in _kinds_for(document, label) if kind in self._kinds]
        rng.shuffle(wanted)
        for kind in sorted(wanted, key=self._made.__getitem__):
            glue = "\n" if document.subject == "math" else " "
            used = list(chunk)
            material = self._material(document, glue.join(used), rng)
            if kind == "heavy":
                used = faithful.heavy_part(chunk, material)
            source = glue.join(used)
            text = _text(kind, used, material, document.subject)
            if text is not None and source and text != source:
                return Pair(source, text, label, kind, document.id, document.subject)
        return None

    def _material(self, document: Document, source: str, rng: random.Random) -> Material:
        near = self._topics.get(document.topic, [])
        ids = [rng.choice(near if number < 4 else self._ids) for number in range(6)]
        known = set(sentences(source))
        strangers: list[str] = []
        for id in ids:
            picked = rng.choice(self._chunks[id])
            strangers += [sentence for sentence in picked if sentence not in known]
        strange = sorted({match.group() for line in strangers for match in names(line)})
        strange = [name for name in strange if name not in source]
        return Material(rng, self._words, source, strangers, strange)


def chunks(document: Document) -> list[list[str]]:
    """Sentences of the document's paragraphs, a long paragraph cut; tables and lists are passed.

    A mathematical document gives its lines, and every one of them counts.
    """
    if document.subject == "math":
        return [run for run in _runs(lines(document.text)) if len(run) > 2]
    found: list[list[str]] = []
    for paragraph in document.text.split("\n\n"):
        told = [sentence for sentence in sentences(paragraph) if _is_told(sentence)]
        found += [run for run in _runs(told) if len(run) > 2 and sum(map(len, run)) > SHORTEST]
    return found


_TOLD = re.compile(r"[.!?][\"”’)\]]*$")


def _is_told(sentence: str) -> bool:
    """True for a sentence of prose, not a heading, a table's row or markup."""
    return bool(_TOLD.search(sentence)) and "|" not in sentence and len(sentence.split()) > 4


def _runs(parts: Sequence[str]) -> Iterator[list[str]]:
    run: list[str] = []
    for part in parts:
        if run and sum(map(len, run)) + len(part) > LONGEST:
            yield run
            run = []
        if len(part) <= LONGEST:
            run.append(part)
    yield run


def _kinds_for(document: Document, label: bool) -> list[str]:
    if document.subject == "math":
        return ["combined", "notes", *faithful.STEPS] if label else list(_MATH_KINDS)
    return [kind for kind in FAITHFUL if kind != "notes"] if label else list(_PROSE_KINDS)


def _text(kind: str, draft: list[str], material: Material, subject: Subject) -> str | None:
    """The text of a pair, or None where the kind does not apply."""
    steps = subject == "math"
    if kind in faithful.RULES:
        made = faithful.RULES[kind](draft, material)
        return None if made is None else _laid_out(made, material, steps, plain=True)
    if kind in faithful.LAYOUTS:
        made = faithful.combined(draft, material)
        return faithful.LAYOUTS[kind](made, material)
    if kind == "notes":
        return faithful.notes(faithful.combined(draft, material, steps=True), material)
    if kind == "heavy":
        made = faithful.heavy(draft, material)
        return None if made is None else _laid_out(made, material, steps)
    before = faithful.combined(draft, material, steps=steps)
    if kind == "combined":
        return _laid_out(before, material, steps)
    if kind in FINISHED:
        return FINISHED[kind](_laid_out(before, material, steps), material)
    after = (PROSE | WORKED)[kind](before, material)
    if after is None or void(before, after):
        return None
    return _laid_out(after, material, steps)


def _laid_out(draft: Sequence[str], material: Material, steps: bool, *, plain: bool = False) -> str:
    if steps:
        noted = not plain and material.rng.random() < 0.4
        return faithful.notes(draft, material) if noted else "\n".join(draft)
    if plain or material.rng.random() < 0.6:
        return faithful.paragraph(draft, material)
    return material.rng.choice(list(faithful.LAYOUTS.values()))(draft, material)


def _random(*parts: object) -> random.Random:
    text = "|".join(map(str, parts))
    return random.Random(hashlib.sha256(text.encode()).hexdigest())
