"""JSON lines: where the records end, and the records themselves.

A blank line (white space only) is no record, here and in planning; anything else is, however long.
A damaged compressed file has one record more than its whole lines: the damage.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datagen.rephrase.read.options import SourceOptions
from datagen.rephrase.read.partitions import BadRecord, Ends, Partition, Position
from datagen.rephrase.read.rows import from_line
from datagen.rephrase.read.streams import BOM, DamagedError, LineCursor, blocks
from datagen.schemas import Document

_SPACE = np.frombuffer(b" \t\r\n\x0b\x0c", dtype=np.uint8)


def ends(name: str, at: Position) -> Iterator[Ends]:
    """Ends of the records from `at` on; holds one block at a time, whatever the lines' length."""
    start, line = at.start, at.line
    blank = True
    try:
        for number, block in enumerate(blocks(name, start)):
            if number == 0 and start == 0:
                block = _without_bom(block)
            found = _line_ends(block)
            if not len(found):
                blank = blank and not block.strip()
                start += len(block)
                continue
            first_blank = blank and not block[: found[0]].strip()
            kept = _records(block, found, first_blank)
            yield Ends(start + found[kept] + 1, line + np.flatnonzero(kept))
            blank = not block[found[-1] + 1 :].strip()
            line += len(found)
            start += len(block)
    except DamagedError:
        yield _one(start + 1, line)
        return
    if not blank:
        yield _one(start, line)


def _without_bom(block: bytes) -> bytes:
    """The block with spaces for a byte order mark: offsets stay, and white space is no record."""
    return b"   " + block[3:] if block.startswith(BOM) else block


def _line_ends(block: bytes) -> NDArray[np.int64]:
    return np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n")).astype(np.int64)


def _records(block: bytes, found: NDArray[np.int64], first_blank: bool) -> NDArray[np.bool_]:
    """Which of the lines that end in this block hold more than white space."""
    kept = np.ones(len(found), dtype=np.bool_)
    kept[0] = not first_blank
    starts = found[:-1] + 1
    heads = np.frombuffer(block, dtype=np.uint8)[starts]
    for i in np.flatnonzero(np.isin(heads, _SPACE)):
        kept[i + 1] = bool(block[starts[i] : found[i + 1]].strip())
    return kept


def _one(offset: int, line: int) -> Ends:
    return Ends(np.array([offset], dtype=np.int64), np.array([line], dtype=np.int64))


def read(
    cursor: LineCursor, partition: Partition, source: SourceOptions
) -> Iterator[Document | BadRecord]:
    """Exactly `partition.count` documents and bad records."""
    line, given = partition.line, 0
    try:
        cursor.seek(partition.start)
        while given < partition.count:
            raw = cursor.line()
            if not raw:
                raise DamagedError("the file ends before its planned records do")
            if partition.start == 0 and line == 1:
                raw = raw.removeprefix(BOM)
            if raw.strip():
                origin = f"{partition.input}:{line}"
                given += 1
                yield from_line(raw, origin, source)
            line += 1
    except DamagedError as problem:
        cursor.close()
        for _ in range(partition.count - given):
            yield BadRecord(f"{partition.input}:{line}", "unreadable_file", str(problem))
            line += 1
