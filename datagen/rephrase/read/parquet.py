"""Parquet: planned from the footer alone, read in small batches.

A row group can be large and has to be decoded from its beginning, so a cursor stays open from one
partition to the next. Not covered: nested text fields.
"""

from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datagen.errors import RecipeError
from datagen.rephrase.read.options import SourceOptions
from datagen.rephrase.read.partitions import BadRecord, Ends, Partition, Position, whole
from datagen.rephrase.read.places import lost, open_file
from datagen.rephrase.read.rows import bad, from_row
from datagen.schemas import Document

BATCH_ROWS = 128
"""Rows decoded at a time: some MB for long texts."""

_DAMAGE = (pa.ArrowException, OSError, ValueError)


def ends(name: str, at: Position, source: SourceOptions) -> Iterator[Ends]:
    """Ends of the rows from `at` on, offsets estimated per row group; one record for a damaged
    file."""
    with open_file(name) as file:
        try:
            footer = pq.ParquetFile(file)
        except _DAMAGE as problem:
            _refuse_outage(name, problem)
            yield whole([1])
            return
        columns = footer.schema_arrow.names
        if source.text_field not in columns:
            raise missing(name, source.text_field, columns)
        row, offset = 0, at.start
        for group in map(footer.metadata.row_group, range(footer.num_row_groups)):
            skipped = min(max(at.first - row, 0), group.num_rows)
            row += group.num_rows
            rows = np.arange(1, group.num_rows - skipped + 1, dtype=np.int64)
            offsets = offset + rows * max(group.total_byte_size, 1) // max(group.num_rows, 1)
            yield Ends(offsets, np.zeros(len(rows), dtype=np.int64))
            offset = int(offsets[-1]) if len(offsets) else offset


def _refuse_outage(name: str, problem: Exception) -> None:
    """Raise if the disk or network failed: Arrow's own errors have no errno."""
    if isinstance(problem, OSError) and problem.errno is not None:
        raise lost(name, problem) from problem


def missing(name: str, field: str, columns: list[str]) -> RecipeError:
    return RecipeError(
        f"inputs: {name}: no column {field!r}; it has {', '.join(columns)} "
        "(choose one with source.text_field)"
    )


class RowCursor:
    """Batches of one Parquet file from a given row on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._file: IO[bytes] | None = None
        self._batches: Iterator[Any] = iter(())
        self._rest: Any = None
        self._row = 0

    def batches(self, first: int, count: int) -> Iterator[Any]:
        """Batches of rows `first` to `first + count`. Raises what Arrow raises for damage."""
        if self._file is None or first < self._row:
            self._open(first)
        while count:
            if self._rest is None or not self._rest.num_rows:
                self._rest = next(self._batches, None)
            if self._rest is None:
                raise OSError("the file ends before its planned rows do")
            n = min(self._rest.num_rows, first + count - self._row)
            batch, self._rest = self._rest.slice(0, n), self._rest.slice(n)
            self._row += n
            wanted = batch.slice(max(0, n - (self._row - first)))
            if wanted.num_rows:
                first, count = self._row, count - wanted.num_rows
                yield wanted

    def _open(self, first: int) -> None:
        """Open at the row group that holds row `first`."""
        self.close()
        self._file = open_file(self.name)
        parquet = pq.ParquetFile(self._file)
        row, group, rows = 0, 0, parquet.metadata.row_group
        while group < parquet.num_row_groups and row + rows(group).num_rows <= first:
            row += rows(group).num_rows
            group += 1
        groups = list(range(group, parquet.num_row_groups))
        self._batches = parquet.iter_batches(batch_size=BATCH_ROWS, row_groups=groups)
        self._row, self._rest = row, None

    def close(self) -> None:
        """Let go of the file; reading again opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._batches, self._rest = iter(()), None


def read(
    cursor: RowCursor, partition: Partition, source: SourceOptions
) -> Iterator[Document | BadRecord]:
    """Exactly `partition.count` documents and bad records."""
    row, end = partition.first, partition.first + partition.count
    try:
        for batch in cursor.batches(partition.first, partition.count):
            for record in rows_of(batch, partition.input, row, source):
                row += 1
                yield record
    except _DAMAGE as problem:
        cursor.close()
        _refuse_outage(partition.input, problem)
        detail = " ".join(str(problem).split())[:300]
        for lost in range(row, end):
            yield BadRecord(f"{partition.input}:{lost}", "unreadable_file", detail)


def rows_of(
    table: Any, name: str, first: int, source: SourceOptions
) -> Iterator[Document | BadRecord]:
    """Documents of an Arrow batch or table; `first` is the number of its first row."""
    try:
        rows = table.to_pylist()
    except UnicodeDecodeError:
        rows = None
    for i in range(table.num_rows):
        origin = f"{name}:{first + i}"
        try:
            row = rows[i] if rows is not None else table.slice(i, 1).to_pylist()[0]
        except UnicodeDecodeError as problem:
            yield bad(origin, "not_utf8", str(problem))
        else:
            yield from_row(row, origin, source)
