"""A JSON text that is too large to be read whole, as pieces that are not.

Objects and arrays above `PIECE_BYTES` are gone into, everything else comes out as the largest piece
that fits: an array of a million tools gives its tools. What is held at a time is one piece. A large
container's short texts (`"server": "…"`) are kept, since they speak for what it holds. Text between
pieces is not checked for being JSON; a piece is, when it is parsed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from datagen.agentic.tools.formats.found import Context, Unreadable
from datagen.agentic.tools.shapes import INPUT_KEYS

PIECE_BYTES = 4 << 20
"""Four times the largest spec that is taken (`bounds.MAX_CHARS`)."""
MAX_LARGE_DEPTH = 32
"""Large containers inside each other: each is read once more than the one around it."""
MAX_DEPTH = MAX_LARGE_DEPTH + 900
"""All open containers; Python's parser gives up at a thousand."""
SHORT_BYTES = 1000
_IN_TEXT = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*(")?', re.DOTALL)
_NEXT = re.compile(rb'[{}\[\]"]')
_NEXT_IN_LARGE = re.compile(rb'[{}\[\]":,]')


@dataclass(slots=True)
class Frame:
    """An open container."""

    start: int
    """Offset in the file."""
    closes: bytes
    key: str
    """Where it is held; empty in an array."""
    large: bool = False
    silent: bool = False
    """Part of a spec that is too large: nothing in it is a tool."""
    takes: bool = False
    """Holds the schema of a tool's arguments."""
    texts: dict[str, str] = field(default_factory=dict)
    text: str = ""
    """The text last read in it: a key, once a colon follows."""
    at: str = ""
    """The key whose value comes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A container that fits."""

    text: bytes
    offset: int
    context: Context
    key: str
    """Of the nearest object member that holds it."""


class Splitter:
    """Cuts blocks into pieces."""

    def __init__(self, blocks: Iterator[bytes], context: Context) -> None:
        self._blocks = blocks
        self._context = context
        self._held = b""
        self._base = 0
        """Offset of what is held."""
        self._at = 0
        """Position in what is held."""
        self._open: list[Frame] = []
        self._in_long_text = False

    def __iter__(self) -> Iterator[Piece | Unreadable]:
        while True:
            token = self._token()
            if token is None and not self._grow():
                break
            if (found := self._step(token)) is not None:
                yield found
            if isinstance(found, Unreadable) and found.reason != "too_large":
                return
        if self._open:
            yield Unreadable("not_json", "the file ends inside of a value", f"byte {self._end}")

    def _step(self, token: bytes | None) -> Piece | Unreadable | None:
        if token is None:
            frame = self._overfull()
            return None if frame is None else self._enter(frame)
        if token in b"{[":
            return self._push(token)
        if token in b"}]":
            return self._pop(token)
        self._note(token)
        return None

    @property
    def _end(self) -> int:
        return self._base + len(self._held)

    def _token(self) -> bytes | None:
        """The next character that matters; a text is consumed whole and given as its quote."""
        if self._in_long_text:
            return self._text(self._at, self._at, keep=False)
        in_large = bool(self._open) and self._open[-1].large
        match = (_NEXT_IN_LARGE if in_large else _NEXT).search(self._held, self._at)
        if match is None:
            self._at = len(self._held)
            return None
        if match.group() != b'"':
            self._at = match.end()
            return match.group()
        return self._text(match.start(), match.end(), keep=in_large)

    def _text(self, start: int, inside: int, *, keep: bool) -> bytes | None:
        """Consume a text up to its end; one that no piece can hold is not kept."""
        text = _IN_TEXT.match(self._held, inside)
        assert text is not None, "the pattern fits any bytes"
        if text.group(1) is not None:
            self._at, self._in_long_text = text.end(), False
            if keep:
                raw = self._held[inside : text.end() - 1][: SHORT_BYTES * 4]
                self._open[-1].text = raw.decode("utf-8", "replace")[:SHORT_BYTES]
            return b'"'
        # A text in a large container belongs to no piece; others are awaited with theirs.
        can_wait = len(self._held) - start <= PIECE_BYTES or self._awaited() is not None
        self._in_long_text = self._in_long_text or not can_wait
        self._at = text.end() if self._in_long_text else start
        return None

    def _awaited(self) -> Frame | None:
        """The outermost container that may still be a piece."""
        return next((frame for frame in self._open if not frame.large), None)

    def _grow(self) -> bool:
        """Read a block, letting go of what no piece needs any more."""
        block = next(self._blocks, b"")
        if not block:
            return False
        awaited = self._awaited()
        keep = self._at if awaited is None else min(self._at, awaited.start - self._base)
        self._held = self._held[keep:] + block
        self._base += keep
        self._at -= keep
        return True

    def _overfull(self) -> Frame | None:
        """The outermost container that can no longer be a piece."""
        frame = self._awaited()
        if frame is not None and self._end - frame.start > PIECE_BYTES:
            return frame
        return None

    def _enter(self, frame: Frame) -> Unreadable | None:
        """Go into a container instead of waiting for its end: read it again from its start."""
        depth = self._open.index(frame)
        parent = self._open[depth - 1] if depth else None
        del self._open[depth + 1 :]
        frame.large = True
        self._at = frame.start - self._base + 1
        if (parent is not None and parent.silent) or (
            parent is not None and frame.key in INPUT_KEYS and "name" in parent.texts
        ):
            frame.silent = True
        if depth >= MAX_LARGE_DEPTH:
            return Unreadable("too_deep", "nested too deep to be read", f"byte {frame.start}")
        return None

    def _push(self, token: bytes) -> Unreadable | None:
        parent = self._open[-1] if self._open else None
        key = parent.at if parent is not None and parent.large else ""
        if parent is not None and key in INPUT_KEYS:
            parent.takes = True
        start = self._base + self._at - 1
        self._open.append(Frame(start, b"}" if token == b"{" else b"]", key))
        if len(self._open) > MAX_DEPTH:
            return Unreadable("too_deep", "nested too deep to be read", f"byte {start}")
        return None

    def _pop(self, token: bytes) -> Piece | Unreadable | None:
        end = self._base + self._at
        if not self._open or self._open[-1].closes != token:
            return Unreadable("not_json", f"a stray {token.decode()}", f"byte {end - 1}")
        frame = self._open.pop()
        parent = self._open[-1] if self._open else None
        if frame.large and frame.takes and "name" in frame.texts and not frame.silent:
            detail = f"{frame.texts['name']}: a spec of more than {PIECE_BYTES >> 20} MiB"
            return Unreadable("too_large", detail, f"byte {frame.start}")
        if frame.large or (parent is not None and (not parent.large or parent.silent)):
            return None
        text = self._held[frame.start - self._base : self._at]
        return Piece(text, frame.start, self._around(), self._key(frame))

    def _note(self, token: bytes) -> None:
        """Keep track of keys and short texts directly inside a large object."""
        if not self._open or not self._open[-1].large:
            return
        frame = self._open[-1]
        if token == b":":
            frame.at, frame.text = frame.text, ""
        elif token == b",":
            frame.at = frame.text = ""
        elif frame.at and len(frame.texts) < 100:
            frame.texts.setdefault(frame.at, frame.text)

    def _around(self) -> Context:
        context = self._context
        for frame in self._open:
            held: dict[str, object] = dict(frame.texts)
            if frame.at:
                held.setdefault(frame.at, None)
            context = context.inside(held)
        return context

    def _key(self, frame: Frame) -> str:
        for one in (frame, *reversed(self._open)):
            if one.key:
                return one.key
        return ""
