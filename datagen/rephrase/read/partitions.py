"""What a plan is made of, and the one rule by which every format is cut.

A format only says where its records end (`Ends`); `cut` turns that into partitions. So a limit, a
resumed plan and an over-long record mean the same in JSONL, Parquet, a folder and a hub dataset.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from datagen import stage
from datagen.schemas import ReadReason

Format = Literal["jsonl", "parquet", "texts", "hub"]

BAD_TEXT_CHARS = 2000
"""A bad record keeps this much of its text: enough to see what it is, little beside a shard."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """What an input was when it was planned, so that a later entry can tell that it changed."""

    path: str
    size: int
    """Bytes; of all its files for a folder; rows for a hub dataset."""
    stamp: str
    """Modification time in ns, etag or fingerprint: whatever its place offers."""
    records: int = 0
    """Records planned of it so far; 0 where it was only looked at."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A fixed range of one input's records: the unit of planning, ledger and memory."""

    id: str
    input: str
    """Path or URL of a file; a folder or glob for `texts`; `hf:…` for `hub`."""
    format: Format
    first: int
    """Number of its first record in its input, from 0."""
    count: int
    """Records: exactly as many documents and bad records come out of it."""
    start: int
    bytes: int
    """Byte range in the uncompressed file; estimated for Parquet and hub datasets."""
    line: int = 0
    """Line of `start`, from 1; 0 where there are no lines."""
    lines: int = 0
    """Lines in the range, blank ones too."""
    last: bool = False
    """Its input ends with it."""
    digest: str = ""
    """Hash of the file names in the range (`texts`)."""
    repeats: tuple[int, ...] = ()
    """Records, counted from 0 in the partition, whose ids stand in an earlier partition."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "repeats", tuple(self.repeats))  # JSON knows lists only


Plan = stage.Plan[Partition, InputFile]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A planned record that is no document, and why."""

    origin: str
    """File and line (row)."""
    reason: ReadReason
    detail: str = ""
    text: str = ""
    """The record's text or line, its first 2,000 characters."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where in an input planning stands."""

    first: int = 0
    start: int = 0
    line: int = 1

    @classmethod
    def after(cls, partition: Partition) -> "Position":
        return cls(
            partition.first + partition.count,
            partition.start + partition.bytes,
            partition.line + partition.lines,
        )


@dataclass(frozen=True, slots=True)
class Ends:
    """Where some consecutive records end."""

    offsets: NDArray[np.int64]  # (records,), byte after each record, rising
    lines: NDArray[np.int64]  # (records,), line of each record, from 1; zeros where there are none


@dataclass(frozen=True, slots=True)
class Sizes:
    """A partition is closed at whichever comes first; one record always fits."""

    records: int = 1000
    bytes: int = 8 << 20


@dataclass(frozen=True, slots=True)
class Span:
    """A partition before it has a name."""

    first: int
    count: int
    start: int
    bytes: int
    line: int
    lines: int
    more: bool
    """Records follow it in its input."""


def cut(blocks: Iterator[Ends], at: Position, sizes: Sizes, limit: int | None) -> Iterator[Span]:
    """Spans of the records in `blocks`, from `at` on, at most `limit` records.

    A span is given out when it is known whether a record follows it.
    """
    left = limit if limit is not None else None
    count, end, line = 0, at.start, at.line - 1
    for block in blocks:
        i, n = 0, len(block.offsets)
        while i < n:
            if left == 0 and not count:
                return
            j = _taken(block.offsets, i, count, at.start, sizes, left)
            if j > i:
                count += j - i
                end, line = int(block.offsets[j - 1]), int(block.lines[j - 1])
                left = left - (j - i) if left is not None else None
                i = j
            if i < n:
                yield _span(at, count, end, line, more=True)
                at, count = Position(at.first + count, end, line + 1), 0
    if count:
        yield _span(at, count, end, line, more=False)


def _taken(
    offsets: NDArray[np.int64], i: int, count: int, start: int, sizes: Sizes, left: int | None
) -> int:
    """Index after the last record, from `i` on, that the open span takes."""
    room = sizes.records - count
    if left is not None:
        room = min(room, left)
    fits = int(np.searchsorted(offsets, start + sizes.bytes, side="right"))
    if count == 0:
        fits = max(fits, i + 1)
    return max(i, min(i + room, fits))


def _span(at: Position, count: int, end: int, line: int, *, more: bool) -> Span:
    return Span(at.first, count, at.start, end - at.start, at.line, line + 1 - at.line, more)


def whole(sizes: Sequence[int]) -> Ends:
    """Ends of records of these sizes that have no lines."""
    offsets = np.cumsum(np.asarray(sizes, dtype=np.int64), dtype=np.int64)
    return Ends(offsets, np.zeros(len(offsets), dtype=np.int64))
