"""Where a text may be cut, and how good a place that is.

Boundaries lie after white space, so that it belongs to the text before it. Lines are read once: a
single newline may end a paragraph, a table row or only a typed line, which its neighbours tell. Not
covered: languages without full stops (Thai) are cut where there is a space.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import IntEnum


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
    r"(?P<indent>[^\S\n]*)(?:"
    r"(?P<heading>\#{1,6}[ \t]+\S|\\(?:part|chapter|(?:sub){0,2}section|paragraph)\b)"
    r"|(?P<fence>`{3,}|~{3,})"
    r"|(?P<underline>(?:={3,}|-{3,})[ \t]*\r?$)"
    r"|(?P<table>\|.*\|[ \t]*\r?$)"
    r"|(?P<item>[-*+•–][ \t]+\S|\(?(?:\d{1,3}|[a-zA-Z])[.)][ \t]+\S|\\item\b)"
    r"|(?P<label>\\(?:label\{[^{}\n]*\}|[a-z]+)[ \t]*\r?$)"
    r"|(?P<tex_begin>\\begin\{)|(?P<tex_end>\\end\{)"
    r")?",
    re.MULTILINE,
)
_BELOW = re.compile(r"\s*([^\n]*)")
_ENDED = frozenset(".!?:;…。！？：；।؟۔\"'”’)]}」』）|")
"""A line that ends with one of these was meant to end there."""
_WRAPPED = (40, 120)
"""Lengths of line at which an editor may have wrapped it; shorter or longer lines are meant."""
_TITLE_CHARS = 80

_SENTENCE = re.compile(
    r"""[.!?…]+(?:\[\d+\])*["'”’)\]*_}]*\s+|[。！？；।؟۔]+["'”’」』）)]*\s*""",
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|Rev|Gen|Col|Capt|Lt|Sgt|Gov|Sen|Rep|Pres|Hon|St|Mt|Ft|Jr|Sr"
    r"|Inc|Ltd|Co|Corp|Nos?|Vol|Figs?|Eqs?|Sec|Ch|Thm|Prop|Ex|pp|eds?|al|cf|vs|viz|etc|ca|approx|resp"
    r"|i\.e|e\.g|a\.m|p\.m|U\.S|U\.K|U\.N|Ph\.D|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
    r"|(?:^|\n)[ \t]*\(?\d{1,3})\.$"
)
"""Ends that end no sentence: abbreviations, initials, numbers of a list."""
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
        if text[at : at + 1].islower():
            continue
        stop = mark.start() + 1
        alone = mark[0][0] == "." and mark[0][1:2].isspace()
        if not (alone and _ABBREVIATION.search(text, max(start, stop - 13), stop)):
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
    """One pass over the lines of a text; knows the line before, looks at the one after."""

    def __init__(self, text: str) -> None:
        self.boundaries: dict[int, Level] = {}
        self.spans: list[tuple[int, int]] = []
        self._text = text
        self._fence = ""
        self._block = ("", 0)
        self._kind, self._start, self._stop = "", 0, 0
        self._blank = True
        at = 0
        while at < len(text):
            newline = text.find("\n", at)
            end = len(text) if newline < 0 else newline
            if text[at:end].isspace() or at == end:
                self._blank = True
            else:
                self._line(at, end)
            at = end + 1
        self._open_block("", 0)

    def _line(self, at: int, end: int) -> None:
        """Read the line at `at`; it is not blank. `_kind`, `_start`, `_stop`: the one before it."""
        mark = _LINE.match(self._text, at, end)
        assert mark is not None, "every part of the pattern is optional"
        start = mark.end("indent")
        stop = end - (self._text[end - 1] == "\r")
        kind = self._fenced(mark)
        if kind == "indent" and self._kind == "tex_begin" and self._text[start] == "[":
            kind = "label"
        if kind == "indent":
            kind = "heading" if self._is_title(start, stop) else "plain"
        if kind == "underline":
            kind = "plain" if self._blank or self._kind != "plain" else kind
        level = self._level(kind)
        if kind == "underline":
            self.boundaries[self._start], kind = Level.SECTION, "heading"
        if kind == "label":
            kind = self._kind
        self._follow(kind, start, indented=start > at)
        if level is not None:
            self.boundaries[start] = level
        self._kind, self._start, self._stop, self._blank = kind, start, stop, False

    def _fenced(self, mark: re.Match[str]) -> str:
        """Kind of a line, `code` inside a fence."""
        kind = mark.lastgroup or "indent"
        said = mark["fence"] or ""
        if not self._fence:
            self._fence = said
            return kind
        if said and said[0] == self._fence[0] and len(said) >= len(self._fence):
            self._fence = ""
            return "close"
        return "code"

    def _is_title(self, start: int, stop: int) -> bool:
        """A short line without an end, over text at least twice as long."""
        text = self._text
        if stop - start > _TITLE_CHARS or text[stop - 1] in _ENDED or not text[start].isupper():
            return False
        if self._kind and not self._blank and text[self._stop - 1] not in _ENDED:
            return False
        below = _BELOW.match(text, stop)
        return below is not None and len(below[1]) >= 2 * (stop - start)

    def _level(self, kind: str) -> Level | None:
        """What a line of this kind begins, given the line before; None: it goes on with it."""
        if not self._kind or kind in ("close", "tex_end"):
            return None
        if kind in ("underline", "label") or self._kind in ("heading", "fence", "tex_begin"):
            return Level.GLUE
        if kind == "heading":
            return Level.SECTION
        if kind == "code":
            return Level.ITEM
        if self._text[self._stop - 1] in ":：":
            return Level.SENTENCE
        if self._blank or kind in ("tex_begin", "fence"):
            return Level.PARAGRAPH
        return Level.ITEM if kind in ("item", "table") else self._after_newline()

    def _after_newline(self) -> Level | None:
        """What a single newline means: nothing where an editor may have wrapped the line."""
        length = self._stop - self._start
        if self._text[self._stop - 1] in _ENDED or length > _WRAPPED[1]:
            return Level.PARAGRAPH
        return Level.ITEM if length < _WRAPPED[0] else None

    def _follow(self, kind: str, start: int, *, indented: bool) -> None:
        """Keep track of the table or list item that the line belongs to."""
        block = self._block[0]
        if kind == "table" and block == "table" and not self._blank:
            return
        if kind in ("table", "item"):
            self._open_block(kind, start)
            return
        ended = kind in ("heading", "tex_end", "fence") or (self._blank and not indented)
        if block == "table" or (block and ended):
            self._open_block("", 0)

    def _open_block(self, kind: str, start: int) -> None:
        if self._block[0]:
            self.spans.append((self._block[1], self._stop))
        self._block = (kind, start)
