"""Where a text may be cut, and how good a place that is.

Boundaries lie after white space, so that it belongs to the text before it. Lines are read once: a single
newline may end a paragraph, a table row or only a typed line, which its neighbours tell. Not covered: languages
that write no spaces and no full stops (Thai) are cut between words only where there is a space.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from enum import IntEnum
from itertools import pairwise


class Level(IntEnum):
    """What begins at a boundary; lower is a better place to cut."""

    SECTION = 0
    PARAGRAPH = 1
    ITEM = 2
    """List item, table row, line of code."""
    SENTENCE = 3
    CLAUSE = 4
    WORD = 5
    GRAPHEME = 6
    GLUE = 7
    """What a heading stands over: cut here last."""


_LINE = re.compile(
    r"(?P<indent>[ \t]*)(?:"
    r"(?P<heading>\#{1,6}[ \t]+\S|\\(?:part|chapter|(?:sub){0,2}section|paragraph)\b)"
    r"|(?P<fence>`{3,}|~{3,})"
    r"|(?P<underline>(?:={3,}|-{3,})[ \t]*\r?$)"
    r"|(?P<table>\|.*\|[ \t]*\r?$)"
    r"|(?P<item>[-*+•–][ \t]+\S|\(?(?:\d{1,3}|[a-zA-Z])[.)][ \t]+\S|\\item\b)"
    r"|(?P<blank>\r?$)"
    r")",
    re.MULTILINE,
)
_ENDED = tuple(".!?:;…。！？：；।؟۔\"'”’)]}」』）|")
"""A line that ends with one of these was meant to end there."""
_WRAPPED = (40, 120)
"""Lengths of line at which an editor may have wrapped it; shorter or longer lines are meant."""
_TITLE_CHARS = 80

_SENTENCE = re.compile(
    r"""[.!?…]+(?:\[\d+\])*["'”’)\]*_}]*\s+|[。！？；।؟۔]+["'”’」』）)]*\s*""",
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|Rev|Gen|Col|Capt|Lt|Sgt|Gov|Sen|Rep|Pres|Hon|St|Mt|Ft|Jr|Sr"
    r"|Inc|Ltd|Co|Corp|No|Nos|Vol|Fig|Figs|Eq|Eqs|Sec|Ch|Thm|Prop|Ex|pp|ed|eds|al|cf|vs|viz|etc|ca|approx"
    r"|resp|i\.e|e\.g|a\.m|p\.m|U\.S|U\.K|U\.N|Ph\.D|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
    r"|(?:^|\n)[ \t]*\(?\d{1,3})\.$"
)
"""What a full stop that ends no sentence stands behind: abbreviations, initials, numbers of a list."""
_CLAUSE = re.compile(r"[,;:—–]+[\"'”’)]*\s+|\s+(?=[—–(])|[，、；：]\s*")
_WORD = re.compile(r"\s+")


def boundaries(text: str) -> tuple[list[tuple[int, Level]], list[tuple[int, int]]]:
    """Boundaries down to sentences, by position; and the spans of tables and list items."""
    lines = _Lines(text)
    found = dict(sentences(text, 0, len(text)))
    found.update(lines.boundaries)
    found.pop(0, None)
    found.pop(len(text), None)
    return sorted(found.items()), lines.spans


def sentences(text: str, start: int, end: int) -> Iterator[tuple[int, Level]]:
    """Beginnings of sentences inside a span."""
    for mark in _SENTENCE.finditer(text, start, end):
        at = mark.end()
        if mark[0][0] != "." or not mark[0][1:2].isspace():
            yield at, Level.SENTENCE
        elif not text[at : at + 1].islower() and not _ABBREVIATION.search(
            text, max(start, mark.start() - 12), mark.start() + 1
        ):
            yield at, Level.SENTENCE


def finer(text: str, start: int, end: int, level: Level) -> Iterator[int]:
    """Boundaries of a level below sentences inside a span, both ends left out."""
    if level is Level.GRAPHEME:
        yield from graphemes(text, start, end)
        return
    for mark in (_CLAUSE if level is Level.CLAUSE else _WORD).finditer(text, start, end):
        if start < mark.end() < end:
            yield mark.end()


def graphemes(text: str, start: int, end: int) -> Iterator[int]:
    """Boundaries between what a reader sees as characters."""
    flags = 0
    for at in range(start + 1, end):
        before, here = text[at - 1], text[at]
        if here < "\u0300":
            if not (here == "\n" and before == "\r"):
                yield at
            continue
        flags = flags + 1 if _is_flag(before) else 0
        if not (_extends(here) or before == "\u200d" or (flags % 2 and _is_flag(here))):
            yield at


def _is_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _extends(char: str) -> bool:
    """Marks, joiners, skin tones, tags and the later letters of a Hangul syllable."""
    return (
        unicodedata.category(char)[0] == "M"
        or char in ("\u200d", "\u200c")
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or "\U000e0020" <= char <= "\U000e007f"
        or "\u1160" <= char <= "\u11ff"
    )


class _Lines:
    """One pass over the lines of a text."""

    def __init__(self, text: str) -> None:
        self.boundaries: dict[int, Level] = {}
        self.spans: list[tuple[int, int]] = []
        self._text = text
        self._fence = ""
        self._block: tuple[str, int] | None = None
        self._before = ("", 0, 0)
        """Kind, start and end of the last line that was not blank; its end without white space."""
        self._blank = True
        at = 0
        while at < len(text):
            newline = text.find("\n", at)
            end = len(text) if newline < 0 else newline
            self._line(at, end)
            at = end + 1
        self._close_block(len(text))

    def _line(self, at: int, end: int) -> None:
        mark = _LINE.match(self._text, at, end)
        kind = (mark.lastgroup if mark else None) or "plain"
        if kind == "indent":
            kind = "plain"
        if kind == "blank" or self._text[at:end].isspace():
            self._blank = True
            return
        start = mark.end("indent") if mark else at
        stop = end - 1 if self._text[end - 1] == "\r" else end
        kind = self._fenced(kind, start)
        if kind == "plain" and self._is_title(start, stop):
            kind = "title"
        level = self._level(kind, start, stop)
        self._blocks(kind, start, indented=start > at)
        if level is not None:
            self.boundaries[start] = level
        self._before = (kind, start, stop)
        self._blank = False
