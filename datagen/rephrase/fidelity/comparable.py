"""Is there enough in two short texts to compare them at all?

A check that finds nothing to look at finds no fault either: "Yes" and "No" differ in no fact and in
no claim. Such a pair is faithful only where both are the same words. Relations read every word that
carries content; the ledger and the alignment leave the words of headings, questions and labels
alone, so without relations a text of these alone has to have the source's. With relations it has to
have the source's denials, which weigh little where there are few words.
"""

import re

from datagen.rephrase.fidelity.facts import words_of
from datagen.rephrase.fidelity.names import FUNCTION_WORDS
from datagen.rephrase.fidelity.polarity import NEGATIONS
from datagen.rephrase.fidelity.sentences import content, sentences

_SIGNS = re.compile(r"[\s.,;:!*#_`\"'“”‘’…。，、！|]+")
FEW_STEMS = 6
"""Content words below which a text without claims has to have the other's, each. Own choice: two
claims need as many."""
LEAST_SHARED = 0.5
"""Share of the content words of the longer one that both have, from there on: tables and lists of
questions have facts that the ledger compares. Own choice."""
_BEGINNING = 400
"""Characters that are looked at first: most texts have a word there."""


def same(source: str, text: str) -> bool:
    """True if the texts differ in case, spaces and punctuation at most."""
    if words_of(source) != words_of(text):
        return False
    one, other = (_SIGNS.sub("", whole).casefold() for whole in (source, text))
    return one == other


def too_little(source: str, text: str, *, words: bool) -> str | None:
    """The one of both that has too little to compare, or None. `words`: all words are compared,
    not those of claiming sentences alone."""
    for whole in (source, text):
        if not has_meaning(whole):
            return None if same(source, text) else whole
    unclaiming = [whole for whole in (source, text) if not sentences(whole)]
    if not unclaiming or same(source, text):
        return None
    denied = _denials(source) == _denials(text)
    if words and (denied or len(unclaiming) < 2):
        return None
    return None if denied and _alike(content(source), content(text)) else unclaiming[0]


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    if min(len(one), len(other)) < FEW_STEMS:
        return one == other
    return len(one & other) >= LEAST_SHARED * max(len(one), len(other))


def has_meaning(text: str) -> bool:
    """Whether relations see a word of it."""
    return _any(text[:_BEGINNING]) or _any(text)


def _any(text: str) -> bool:
    return any(word not in FUNCTION_WORDS and word not in NEGATIONS for word in words_of(text))


def _denials(text: str) -> frozenset[str]:
    return frozenset(word for word in words_of(text) if word in NEGATIONS)
