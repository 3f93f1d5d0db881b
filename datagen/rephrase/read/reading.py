"""The records of a partition, whatever its format.

Yields exactly as many as were planned. Ids are unique within a partition, which bounds the memory
that takes; across partitions as far as the plan marked what repeats.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from datagen.rephrase.read import folder, hub, jsonl, parquet
from datagen.rephrase.read.options import SourceOptions
from datagen.rephrase.read.partitions import BadRecord, Partition
from datagen.rephrase.read.rows import bad
from datagen.rephrase.read.streams import LineCursor
from datagen.schemas import Document

OPEN_INPUTS = 4


class Cursors:
    """Open inputs of one worker, so that its next partition needn't start from their beginning.

    Matters for compressed JSONL and Parquet (decoded forward only), folders (listed once) and hub
    datasets (loaded once). Ask for partitions in planned order where you can.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[str, Any] = OrderedDict()

    def of(self, name: str, opened: Callable[[str], Any]) -> Any:
        """The open input, or `opened(name)`; the least recently used one is closed for it."""
        if name not in self._open:
            while len(self._open) >= OPEN_INPUTS:
                self._release(self._open.popitem(last=False)[1])
            self._open[name] = opened(name)
        self._open.move_to_end(name)
        return self._open[name]

    def close(self) -> None:
        """Let go of every file."""
        while self._open:
            self._release(self._open.popitem()[1])

    @staticmethod
    def _release(held: Any) -> None:
        if isinstance(held, LineCursor | parquet.RowCursor):
            held.close()


def read_partition(
    partition: Partition, source: SourceOptions, cursors: Cursors | None = None
) -> Iterator[Document | BadRecord]:
    """Exactly `partition.count` documents and bad records, in order; memory is a block and the ids.

    `cursors` may be used by one iteration at a time.

    Raises:
        RecipeError: the input is gone, or a folder or dataset changed since it was planned.
    """
    seen: set[str] = set()
    own = cursors or Cursors()
    try:
        repeats = frozenset(partition.repeats)
        for number, record in enumerate(_records(partition, source, own)):
            if isinstance(record, Document):
                repeated = record.id in seen or number in repeats
                seen.add(record.id)
                if repeated:
                    yield bad(record.origin, "duplicate_id", f"id {record.id[:200]}", record.text)
                    continue
            yield record
    finally:
        if cursors is None:
            own.close()


def _records(
    partition: Partition, source: SourceOptions, cursors: Cursors
) -> Iterator[Document | BadRecord]:
    name = partition.input
    if partition.format == "jsonl":
        return jsonl.read(cursors.of(name, LineCursor), partition, source)
    if partition.format == "parquet":
        return parquet.read(cursors.of(name, parquet.RowCursor), partition, source)
    if partition.format == "texts":
        return folder.read(cursors.of(name, folder.listing), partition, source)
    return hub.read(cursors.of(name, hub.load), partition, source)
