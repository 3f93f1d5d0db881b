"""Sentences as the alignment sees them: what claims something, and the content words it has.

Headings, questions, table headers and short connectives claim nothing; a table's row and a list's
item are sentences. Words are cut to six letters, so that "discovery" meets "discovered".
"""

import re
from functools import lru_cache
from typing import NamedTuple

from datagen.rephrase.fidelity.facts import words_of
from datagen.rephrase.fidelity.names import FUNCTION_WORDS, STYLE_WORDS

_END = re.compile(r"[.!?…]+[\"”’)\]*_]*\s+(?=[^a-z\s])|[。！？]+|\n+")
_SHORT = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|vs|etc|e\.g|i\.e|fig|no|vol|gen|jr|sr|ca|cf|al|u\.s)|\b[A-Z])\.\s+$",
    re.IGNORECASE,
)
_MARKER = re.compile(r"^[\s>#*•|+-]*(?:\d{1,3}[.)]\s+)?(?:\*\*)?")
_LABEL = re.compile(
    r"^(?:[QA]\d*|Question|Answer|Step|Teacher|Student|Professor|Tutor)\s?\d*[*_]*[:.][*_]*\s*",
    re.IGNORECASE,
)
_RULE = re.compile(r"^[\s|:+=-]+$")
FEWEST_STEMS = 3
"""A sentence with fewer content words is a connective or a label. Own choice."""

FEWEST_EXCLAIMED = 5
"""The same for exclamations, which styles add to cheer a reader up."""


class Sentence(NamedTuple):
    """One sentence that claims something."""

    text: str
    stems: frozenset[str]


def sentences(text: str) -> list[Sentence]:
    """The claiming sentences of a text, in order."""
    found: list[Sentence] = []
    for piece, header in _pieces(text):
        plain = _LABEL.sub("", _MARKER.sub("", piece)).strip()
        if header or plain.endswith(("?", "？", ":")) or _is_heading(piece, plain):
            continue
        stems = content(plain)
        if len(stems) >= (FEWEST_EXCLAIMED if plain.endswith("!") else FEWEST_STEMS):
            found.append(Sentence(plain, stems))
    return found


def split(text: str) -> list[str]:
    """Every sentence and line of a text, those that claim nothing too; rules of tables left out."""
    return [piece for piece, _ in _pieces(text)]


def content(text: str) -> frozenset[str]:
    """Stems of the words that carry content; numbers are among them."""
    return frozenset(stem(word) for word in words_of(text) if word not in _EMPTY)


_EMPTY = (
    FUNCTION_WORDS | STYLE_WORDS - {"student", "students", "class", "table"} | {"don", "t", "ve"}
)


@lru_cache(maxsize=1 << 15)
def stem(word: str) -> str:
    """The first six letters, without a plural's s."""
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-3] + "y" if word.endswith("ies") else word[:-1]
    if len(word) > 5 and word.endswith("ing"):
        word = word[:-3]
    elif len(word) > 4 and word.endswith("ed"):
        word = word[:-2]
    return word[:6].rstrip("e") if len(word) > 3 else word


def _pieces(text: str) -> list[tuple[str, bool]]:
    """Pieces between sentence ends and line breaks; True for a table's header."""
    cut: list[str] = []
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if "\n" not in match.group() and _SHORT.search(text, max(start, end - 12), end):
            continue
        cut.append(text[start:end].strip())
        start = end
    cut.append(text[start:].strip())
    pieces = [piece for piece in cut if piece]
    return [
        (piece, "|" in piece and any(_RULE.match(after) for after in pieces[index + 1 : index + 2]))
        for index, piece in enumerate(pieces)
        if not _RULE.match(piece)
    ]


def _is_heading(piece: str, plain: str) -> bool:
    if piece.startswith("#") or (piece.startswith("**") and piece.endswith("**")):
        return True
    listed = piece[:1] in "-*•|" or piece[:1].isdigit()
    return not listed and plain[-1:].isalnum() and len(plain.split()) <= 8
