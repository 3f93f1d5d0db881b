"""One claim against its evidence: what turned around, what moved to another subject, what is new.

Words are compared by stem, claim by claim, so a figure has to stand where its claim's other words
stand: "In 1966, Newton explained the tides" is seen although the chunk has 1966 elsewhere. Every
measure is a count or a share with one direction, and none decides alone: a paraphrase may turn a
sentence round, deny the opposite, or use words of its own. Not covered: what follows from two
sentences together, and what a reader has to know.
"""

import itertools
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from datagen.rephrase.fidelity.evidence import Evidence
from datagen.rephrase.fidelity.facts import words_of
from datagen.rephrase.fidelity.names import FUNCTION_WORDS
from datagen.rephrase.fidelity.polarity import (
    CERTAIN,
    HARD_NEGATIONS,
    NEGATIONS,
    OPPOSITES,
    POSSIBLE,
    degrees,
    degrees_added,
    opposite,
)  # fmt: skip
from datagen.rephrase.fidelity.sentences import content, stem

WINDOW = 4
"""Content words on each side that bind a name or figure. Own choice: about a clause."""
FAR = 0.34
"""Share of its neighbours below which a number belongs to another claim: one word in three is
chance. Own choice."""
MOST_WORDS = 120
"""Words of a claim that are compared; a longer one is cut, so that time stays bounded."""
_APOSTROPHE = re.compile(r"(?<=[A-Za-z])[’'](?=[A-Za-z])")
_CAUSES = re.compile(
    r"\b(because|due to|owing to|caused by|as a result of|result of|since|thanks to|led by"
    r"|resulting from|stems? from|brought about by|attributed to)\b"
    r"|\b(leads? to|led to|causes?|caused(?! by)|results? in|resulted in|therefore|thus|hence"
    r"|consequently|so that|brings? about|brought about(?! by)|produces?|gives? rise to)\b",
    re.IGNORECASE,
)
_PASSIVE = frozenset(["by", "was", "were", "been", "being", "is", "are"])


class Relation(NamedTuple):
    """How a claim relates to its evidence. Higher is worse, 0 is agreement."""

    new: float
    """Share of the claim's content words that the evidence lacks."""
    new_anywhere: float
    """The same against the whole source."""
    new_words: float
    """Content words that stand nowhere in the source."""
    run: float
    """Longest run of content words that the evidence lacks."""
    loose: float
    """Share of neighbouring content words that don't stand near each other in the evidence."""
    figures_new: float
    """Numbers that the source lacks, as written."""
    figures_far: float
    """Numbers that stand in the source, and there with other words."""
    flips: float
    """Words whose opposite stands in the evidence and not in the claim."""
    denials: float
    """Difference in outright denials between the claim and the evidence it follows."""
    hedges: float
    """1 where certainty became possibility, or the other way round."""
    unbound: float
    """1 less the smallest share of a name's or number's neighbours that it has in the source."""
    reordered: float
    """Share of neighbouring content words that the evidence has in the opposite order."""
    causes: float
    """1 where what causes what is said in the other direction, with the sides in one order."""
    names_new: float
    """Capitalised words, not the first, that the source lacks in any case."""
    degrees: float
    """Steps between quantifiers, frequencies, modal words and superlatives that took each other's
    place: all and some, usually and never."""
    degrees_added: float
    """Such words of the claim without one of their level in the evidence."""


NOTHING = Relation(*[0.0] * len(Relation._fields))


class Reading(NamedTuple):
    """A claim or piece of evidence as a list of words."""

    words: list[str]
    stems: list[str]
    """Stem of every content word, in order."""
    kept: list[str]
    """Those words."""
    known: frozenset[str]


@lru_cache(maxsize=1 << 14)
def read(text: str) -> Reading:
    """Words and content stems in order."""
    words = words_of(_APOSTROPHE.sub("", text))[:MOST_WORDS]
    kept = [word for word in words if word not in FUNCTION_WORDS and word not in NEGATIONS]
    stems = [stem(word) for word in kept]
    return Reading(words, stems, kept, frozenset(stems))


def relate(
    claim: str, source: Evidence, chosen: Sequence[int], also: frozenset[str] = frozenset()
) -> Relation:
    """Compare a claim with the pieces of the source that were chosen for it, best first.

    `also`: stems that the claim may have besides the source's (its title, the window around it).
    """
    mine = read(claim)
    if not mine.stems or not source.pieces:
        return NOTHING
    pieces = [read(source.pieces[index].text) for index in chosen[:4]]
    theirs = frozenset[str]().union(*[piece.known for piece in pieces])
    fresh = [word for word in mine.stems if word not in theirs]
    absent = [word for word in fresh if not source.has(word) and word not in also]
    figures = [word for word in fresh if word[0].isdigit()]
    unbound, far = _bindings(claim, mine, source)
    return Relation(
        len(fresh) / len(mine.stems),
        len(absent) / len(mine.stems),
        float(len(absent)),
        float(_longest(mine.stems, theirs)),
        _loose(mine.stems, pieces),
        float(sum(not source.has(word) for word in figures)),
        float(far),
        _flips(mine, pieces),
        _denials(mine, pieces),
        _hedges(mine, pieces),
        unbound,
        _reordered(mine.stems, pieces),
        _causes(claim, source, chosen),
        float(_names_new(claim, source, also)),
        _degrees(mine, pieces),
        float(degrees_added(frozenset(mine.words), _words(pieces))),
    )


def _longest(stems: Sequence[str], known: frozenset[str]) -> int:
    best = run = 0
    for word in stems:
        run = 0 if word in known else run + 1
        best = max(best, run)
    return best


def _loose(stems: Sequence[str], pieces: Sequence[Reading]) -> float:
    """A pair counts as near within four content words, in either order."""
    pairs = list(itertools.pairwise(stems))
    if not pairs:
        return 0.0
    near: set[tuple[str, str]] = set()
    for piece in pieces:
        for gap in range(1, 5):
            near.update(zip(piece.stems, piece.stems[gap:], strict=False))
    return sum(pair not in near and pair[::-1] not in near for pair in pairs) / len(pairs)


def _flips(mine: Reading, pieces: Sequence[Reading]) -> float:
    """Opposites that took each other's place; those with a shared neighbour weigh double."""
    words = frozenset(mine.words)
    total = 0.0
    for piece in pieces[:2]:
        theirs = frozenset(piece.words)
        fresh = [word for word in words - theirs if word in OPPOSITES or len(word) > 6]
        gone = [word for word in theirs - words if word in OPPOSITES or len(word) > 4]
        found = 0.0
        for word in fresh:
            for other in gone:
                if opposite(word, other):
                    shared = _beside(word, mine.words) & _beside(other, piece.words)
                    found += 1.0 + bool(shared)
        total = max(total, found)
    return min(total, 4.0)


def _beside(word: str, words: Sequence[str]) -> set[str]:
    at = words.index(word)
    return {*words[max(0, at - 2) : at], *words[at + 1 : at + 3]} - {"the", "a", "of"}


def _denials(mine: Reading, pieces: Sequence[Reading]) -> float:
    """Against the piece, or all of them, whichever agrees more: a claim may join sentences."""
    own = sum(word in HARD_NEGATIONS for word in mine.words)
    counts = [sum(word in HARD_NEGATIONS for word in piece.words) for piece in pieces]
    if not counts:
        return 0.0
    like = [
        count
        for count, piece in zip(counts, pieces, strict=True)
        if len(piece.known & mine.known) >= 0.3 * len(mine.known)
    ] or counts[:1]
    return float(min(abs(own - count) for count in (*like[:2], sum(like))))


def _hedges(mine: Reading, pieces: Sequence[Reading]) -> float:
    if not pieces:
        return 0.0
    words = frozenset(mine.words)
    theirs = frozenset(pieces[0].words)
    added = bool(words & CERTAIN) and not theirs & CERTAIN and bool(theirs & POSSIBLE - words)
    dropped = bool(theirs & CERTAIN) and not words & CERTAIN and bool(words & POSSIBLE - theirs)
    return float(added or dropped)


def _bindings(claim: str, mine: Reading, source: Evidence) -> tuple[float, int]:
    """1 less the weakest binding of a name or number that the source has, and the numbers that are
    bound to less than `FAR` of their neighbours."""
    capital = {word.lower() for word in re.findall(r"(?<=[a-z,;] )[A-Z][^\W_]+", claim)}
    weakest, far = 1.0, 0
    for at, word in enumerate(mine.kept):
        key, figure = mine.stems[at], word[0].isdigit()
        if not (figure or word in capital) or not source.has(key):
            continue
        around = {*mine.stems[max(0, at - WINDOW) : at], *mine.stems[at + 1 : at + 1 + WINDOW]}
        around -= {key}
        if len(around) >= 2:
            bound = source.bound(key, around)
            weakest = min(weakest, bound)
            far += figure and bound <= FAR
    return 1.0 - weakest, far


def _degrees(mine: Reading, pieces: Sequence[Reading]) -> float:
    """Against the first piece, or the first two, whichever agrees more."""
    words = frozenset(mine.words)
    if not pieces:
        return 0.0
    return min(degrees(words, _words(pieces[:1])), degrees(words, _words(pieces[:2])))


def _words(pieces: Sequence[Reading]) -> frozenset[str]:
    return frozenset(word for piece in pieces for word in piece.words)


def _reordered(stems: Sequence[str], pieces: Sequence[Reading]) -> float:
    best = 1.0
    for piece in pieces[:2]:
        place = {word: at for at, word in reversed(list(enumerate(piece.stems)))}
        line = [place[word] for word in stems if word in place]
        steps = list(itertools.pairwise(line))
        if len(steps) >= 2:
            best = min(best, sum(one > two for one, two in steps) / len(steps))
    return 0.0 if best == 1.0 else best


def _causes(claim: str, source: Evidence, chosen: Sequence[int]) -> float:
    """A cause marker of the other kind between the same sides, or of one kind between swapped."""
    mine = _CAUSES.search(claim)
    if mine is None or not chosen:
        return 0.0
    text = source.pieces[chosen[0]].text
    theirs = _CAUSES.search(text)
    if theirs is None:
        return 0.0
    before, after = content(claim[: mine.start()]), content(claim[mine.end() :])
    first, second = content(text[: theirs.start()]), content(text[theirs.end() :])
    straight = len(before & first) + len(after & second)
    crossed = len(before & second) + len(after & first)
    if abs(straight - crossed) < 2:
        return 0.0
    same_kind = bool(mine[1]) == bool(theirs[1])
    return float(same_kind == (crossed > straight))


def _names_new(claim: str, source: Evidence, also: frozenset[str]) -> int:
    found = re.findall(r"(?<=[^\W_,;:.!?…][, ])\s?([A-Z][^\W_]{2,})", claim)
    stems = [stem(word.lower()) for word in found if word.lower() not in FUNCTION_WORDS]
    return sum(not source.has(one) and one not in also for one in stems)
