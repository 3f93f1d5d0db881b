"""The part of a source that a claim is read against.

A claim is short and a source may be a book: the pieces that share the claim's rarest words are
chosen greedily, each for what the others leave uncovered, then the neighbours of the best one, up
to a number of words, and put in the source's order. Bounded: a piece is cut at 60 words, and of a
source the first `MOST_PIECES` are indexed (about 100 pages).
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from datagen.rephrase.fidelity.sentences import content, split

MOST_PIECES = 4000
LONGEST_PIECE = 60
"""Words. A text without stops is cut here, so that one piece is never the whole source."""
_WORDS = re.compile(r"\S+")


class Piece(NamedTuple):
    """A sentence of a source, or a part of one that is too long."""

    text: str
    stems: frozenset[str]
    words: int


class Evidence:
    """A source, indexed by its content words."""

    def __init__(self, source: str) -> None:
        self.pieces = [Piece(text, content(text), len(text.split())) for text in _cut(source)]
        self._where: dict[str, list[int]] = defaultdict(list)
        for index, piece in enumerate(self.pieces):
            for stem in piece.stems:
                self._where[stem].append(index)

    def has(self, stem: str) -> bool:
        """True if a piece has the stem."""
        return stem in self._where

    def bound(self, stem: str, around: AbstractSet[str]) -> float:
        """Best share of `around` that stands with the stem in one piece; its neighbours count
        half."""
        best = 0.0
        for index in self._where.get(stem, ())[:40]:
            own = around & self.pieces[index].stems
            near = {
                word
                for at in (index - 1, index + 1)
                if 0 <= at < len(self.pieces)
                for word in around & self.pieces[at].stems - own
            }
            best = max(best, (len(own) + 0.5 * len(near)) / len(around))
        return best

    def weight(self, stem: str) -> float:
        """Rarity of a stem among the pieces; a stem the source lacks weighs most."""
        return math.log((len(self.pieces) + 2) / (len(self._where.get(stem, ())) + 1))

    def scores(self, stems: Iterable[str]) -> dict[int, float]:
        """Piece → weight of the stems it shares; pieces that share none are left out."""
        found: dict[int, float] = defaultdict(float)
        for stem in sorted(stems):
            if where := self._where.get(stem):
                weight = self.weight(stem)
                for index in where:
                    found[index] += weight
        return found

    def best(self, stems: frozenset[str], count: int) -> list[int]:
        """Up to `count` pieces that cover the stems, the one that shares most first."""
        chosen: list[int] = []
        whole = self.scores(stems)
        left = set(stems)
        while whole and len(chosen) < count:
            fresh = self.scores(left) if chosen else whole
            ranked = {
                index: score + 0.3 * whole[index]
                for index, score in fresh.items()
                if index not in chosen
            }
            if not ranked:
                break
            index = max(ranked, key=lambda at: (ranked[at], -at))
            chosen.append(index)
            left -= self.pieces[index].stems
        return chosen

    def about(self, stems: frozenset[str], *, words: int, count: int = 4) -> str:
        """The evidence for a claim with these stems, at most about `words` words."""
        chosen = self.best(stems, count) or ([0] if self.pieces else [])
        first = chosen[0] if chosen else 0
        kept: list[int] = []
        room = words
        for index in dict.fromkeys((*chosen, first - 1, first + 1, first - 2, first + 2)):
            if 0 <= index < len(self.pieces) and (self.pieces[index].words <= room or not kept):
                kept.append(index)
                room -= self.pieces[index].words
        return " ".join(self.pieces[index].text for index in sorted(kept))


def _cut(source: str) -> list[str]:
    found: list[str] = []
    for piece in split(source):
        words = list(_WORDS.finditer(piece)) if len(piece) > 6 * LONGEST_PIECE else []
        for start in range(0, len(words) or 1, LONGEST_PIECE):
            if len(words) <= LONGEST_PIECE:
                found.append(piece[:2000])
                break
            last = words[min(start + LONGEST_PIECE, len(words)) - 1]
            found.append(piece[words[start].start() : last.end()][:2000])
            if len(found) >= MOST_PIECES:
                break
        if len(found) >= MOST_PIECES:
            break
    return found
