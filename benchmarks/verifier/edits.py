"""Small changes that make a claim false, for training the reader. Each takes a claim and what may
be drawn on, and returns the edited claim, or None where it does not apply. Words come from the
gate's own axes of opposites and from MiniLM's neighbourhoods, never from the lists of
`benchmarks.corruptions`, which the verifier is tested on.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datagen.rephrase.fidelity.polarity import CERTAIN, OPPOSITES, partners

NAME = re.compile(r"(?<![\w.])[A-Z][\w’'-]+(?: (?:of |the |de |and )?[A-Z][\w’'-]+)*")
_WORD = re.compile(r"[A-Za-z][a-z’']+")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_BE = re.compile(
    r"\b(is|are|was|were|can|could|will|would|has|have|had|must|should|may|did|does|do)\b"
    r"(?! not\b|n't)"
)
_NOT = re.compile(r"\b(?:not|never)\s|n't\b|\bno\b ")
_CLAUSE = re.compile(
    r",? (?:which|who|where|because|after|before|when|while|by|in|with|for|during|until|through|"
    r"including|despite|as part of|along with|due to|without|under)\s[^,.;:()]{8,70}(?=[,.;])"
)
_QUANTITY = {
    "all": ("some", "few", "most"),
    "some": ("all", "no", "most"),
    "most": ("few", "all", "some"),
    "many": ("few", "all"),
    "every": ("almost no", "only one"),
    "always": ("rarely", "sometimes"),
    "often": ("rarely", "always"),
    "usually": ("rarely", "always"),
    "sometimes": ("always", "never"),
    "only": ("not only", "also"),
    "several": ("two", "no", "all"),
    "few": ("many", "most"),
    "may": ("must", "cannot"),
    "might": ("will", "cannot"),
    "can": ("must", "cannot"),
    "could": ("had to", "could not"),
    "must": ("may", "need not"),
    "should": ("must not", "need not"),
    "first": ("last", "second", "third"),
    "both": ("neither", "one"),
    "largest": ("smallest", "second largest"),
    "approximately": ("exactly", "more than"),
    "about": ("exactly", "more than", "fewer than"),
    "over": ("under", "nearly"),
    "least": ("most",),
    "primarily": ("partly", "never"),
    "usually ": ("never",),
    "because": ("although", "before"),
    "until": ("since", "after"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draws:
    """What an edit may draw on."""

    rng: random.Random
    answer: str
    answers: Sequence[str]
    """Other answers about the same article, near ones first."""
    evidence: str
    other: Sequence[str]
    """Sentences of the same article that are not in the evidence."""
    neighbours: "Neighbours | None" = field(default=None)


class Neighbours:
    """Words whose vectors in MiniLM's table lie near, the very near left out: siblings more often
    than synonyms."""

    def __init__(
        self, table: NDArray[np.float32], words: Sequence[str], rows: Sequence[int]
    ) -> None:
        self._words = list(words)
        kept = table[list(rows)]
        self._table = kept / np.linalg.norm(kept, axis=1, keepdims=True)
        self._index = {word: row for row, word in enumerate(words)}

    def of(self, word: str) -> list[str]:
        row = self._index.get(word)
        if row is None:
            return []
        cosines = self._table @ self._table[row]
        order = np.argsort(-cosines)[3:30]
        return [
            self._words[at]
            for at in order
            if self._words[at][:4] != word[:4] and 0.25 < cosines[at] < 0.6
        ]


def answer_swapped(claim: str, draws: Draws) -> str | None:
    if not draws.answer or draws.answer not in claim:
        return None
    wanted = _shape(draws.answer)
    fits = [
        other
        for other in draws.answers
        if _shape(other) == wanted and not _alike(other, draws.answer) and other not in claim
    ][:6]
    return claim.replace(draws.answer, draws.rng.choice(fits), 1) if fits else None


def _shape(answer: str) -> str:
    if re.search(r"\d", answer):
        return "year" if re.search(r"\b1\d{3}\b|\b20\d\d\b", answer) else "number"
    return "name" if answer[:1].isupper() else "word"


def _alike(one: str, other: str) -> bool:
    mine, theirs = set(one.lower().split()), set(other.lower().split())
    return mine <= theirs or theirs <= mine or len(mine & theirs) > 1


def name_replaced(claim: str, draws: Draws) -> str | None:
    found = [m for m in NAME.finditer(claim) if m.start() > 0 or len(m.group().split()) > 1]
    pool = [*NAME.findall(draws.evidence)] if draws.rng.random() < 0.6 else []
    pool += [name for line in draws.other for name in NAME.findall(line[1:])]
    pool = [name for name in pool if len(name) > 3 and name.lower() not in claim.lower()]
    if not found or not pool:
        return None
    match = draws.rng.choice(found)
    new = draws.rng.choice(pool[:30])
    return (
        None if _alike(new, match.group()) else claim[: match.start()] + new + claim[match.end() :]
    )


def number_changed(claim: str, draws: Draws) -> str | None:
    found = list(_NUMBER.finditer(claim))
    if not found:
        return None
    match = draws.rng.choice(found)
    pool = [n for n in _NUMBER.findall(draws.evidence) if n not in claim]
    new = (
        draws.rng.choice(pool) if pool and draws.rng.random() < 0.6 else _other(match[0], draws.rng)
    )
    return claim[: match.start()] + new + claim[match.end() :] if new != match[0] else None


def _other(raw: str, rng: random.Random) -> str:
    at = rng.randrange(len(raw)) if len(raw) < 3 else rng.randrange(1, len(raw))
    digit = str((int(raw[at]) + rng.randint(1, 9)) % 10) if raw[at].isdigit() else raw[at]
    return raw[:at] + digit + raw[at + 1 :]


def negated(claim: str, draws: Draws) -> str | None:
    if found := list(_NOT.finditer(claim)):
        match = draws.rng.choice(found)
        return claim[: match.start()] + claim[match.end() :]
    found = list(_BE.finditer(claim))
    if not found:
        return None
    match = draws.rng.choice(found)
    word = draws.rng.choice((" not", " never", " not", "n't")) if match[1] != "may" else " not"
    return claim[: match.end()] + word + claim[match.end() :]


def opposed(claim: str, draws: Draws) -> str | None:
    found = [m for m in _WORD.finditer(claim) if m.group().lower() in OPPOSITES]
    draws.rng.shuffle(found)
    for match in found:
        low = match.group().lower()
        fits = sorted(p for p in partners(low) if "-" not in p and p[-2:] == low[-2:])
        fits = fits or sorted(p for p in partners(low) if "-" not in p)
        if fits:
            return claim[: match.start()] + draws.rng.choice(fits) + claim[match.end() :]
    return None


def quantity(claim: str, draws: Draws) -> str | None:
    found = [m for m in _WORD.finditer(claim) if m.group().lower() in _QUANTITY]
    if not found:
        return None
    match = draws.rng.choice(found)
    new = draws.rng.choice(_QUANTITY[match.group().lower()])
    return claim[: match.start()] + new + claim[match.end() :]


def overstated(claim: str, draws: Draws) -> str | None:
    match = re.search(r"\b(?:is|are|was|were)\b (?!not)", claim)
    word = draws.rng.choice(
        ("always ", "only ", "no longer ", "reportedly ", "rarely ", "the first to be ", "widely ")
    )
    return (
        None if match is None or not CERTAIN else claim[: match.end()] + word + claim[match.end() :]
    )


def clause_added(claim: str, draws: Draws) -> str | None:
    pool = [m.group() for line in draws.other for m in _CLAUSE.finditer(line)]
    pool = [part for part in pool if part.lower() not in draws.evidence.lower()]
    if not pool:
        return None
    part = draws.rng.choice(pool[:20]).rstrip()
    spots = [m.start() for m in re.finditer(r"[,.](?=\s|$)", claim)] or [len(claim)]
    spot = draws.rng.choice(spots)
    return claim[:spot] + (part if part[0] in ", " else " " + part) + claim[spot:]


def word_replaced(claim: str, draws: Draws) -> str | None:
    if draws.neighbours is None:
        return None
    low = draws.evidence.lower()
    found = [m for m in _WORD.finditer(claim) if len(m.group()) > 3 and m.group().islower()]
    draws.rng.shuffle(found)
    for match in found[:4]:
        fits = [word for word in draws.neighbours.of(match.group()) if word not in low]
        if fits:
            return claim[: match.start()] + draws.rng.choice(fits[:8]) + claim[match.end() :]
    return None


def swapped(claim: str, draws: Draws) -> str | None:
    """Two names, or the answer and a name, change places."""
    found = [m for m in NAME.finditer(claim)]
    if len(found) < 2:
        return None
    one, two = sorted(draws.rng.sample(found, 2), key=lambda m: m.start())
    if _alike(one.group(), two.group()) or re.fullmatch(
        r",? (?:and|or) ", claim[one.end() : two.start()]
    ):
        return None
    return (
        claim[: one.start()]
        + two.group()
        + claim[one.end() : two.start()]
        + one.group()
        + claim[two.end() :]
    )


Edit = Callable[[str, Draws], str | None]
EDITS: dict[str, tuple[Edit, float]] = {
    "answer": (answer_swapped, 3.0), "name": (name_replaced, 2.0), "number": (number_changed, 1.5),
    "negated": (negated, 2.0), "opposed": (opposed, 2.0), "quantity": (quantity, 1.2),
    "overstated": (overstated, 0.4), "clause": (clause_added, 2.0), "word": (word_replaced, 1.5),
    "swapped": (swapped, 1.2),
}  # fmt: skip
"""Edit and how often it is tried."""


def edited(claim: str, draws: Draws) -> tuple[str, str] | None:
    """(kind, edited claim): the first edit that applies, in weighted random order."""
    left = dict(EDITS)
    while left:
        names = list(left)
        kind = draws.rng.choices(names, [left[name][1] for name in names])[0]
        made = left.pop(kind)[0](claim, draws)
        if made is not None and made.lower() != claim.lower():
            return kind, made
    return None
