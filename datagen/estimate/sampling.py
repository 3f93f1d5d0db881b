"""A seeded sample of an input's documents, with what is known of all of it.

Some partitions, spread over the plan, are read from end to end; of their documents a few are kept.
The partitions' sizes in bytes are planned for all, so that what is measured per character of text
can be carried over to what was not read.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from datagen.rephrase.read import BadRecord, Cursors, Partition, Plan, SourceOptions, read_partition
from datagen.schemas import Document

READ_PARTITIONS = 16
"""Partitions read in full: at 8 MB each some seconds of parsing."""


@dataclass(frozen=True, slots=True)
class ReadPartition:
    """What one partition was found to hold."""

    records: int
    documents: int
    bytes: int
    """As planned."""
    chars: int
    """Of its documents' texts."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Documents that stand for all."""

    documents: tuple[Document, ...]
    """In random order: any first part of them is a sample as well."""
    read: tuple[ReadPartition, ...]
    unusable: Counter[str]
    """Records read that are no documents, by reason."""


def sample(plan: Plan, source: SourceOptions, *, size: int, seed: int) -> Sample:
    """Draw up to `size` documents; every document of the input is as likely as any other."""
    chance = random.Random(seed)
    kept: list[Document] = []
    seen = 0
    read = []
    unusable: Counter[str] = Counter()
    cursors = Cursors()
    try:
        for partition in _drawn(plan.partitions, chance):
            before, chars = seen, 0
            for record in read_partition(partition, source, cursors):
                if isinstance(record, BadRecord):
                    unusable[record.reason] += 1
                    continue
                seen += 1
                chars += len(record.text)
                if len(kept) < size:
                    kept.append(record)
                elif (place := chance.randrange(seen)) < size:
                    kept[place] = record
            read.append(ReadPartition(partition.count, seen - before, partition.bytes, chars))
    finally:
        cursors.close()
    chance.shuffle(kept)
    return Sample(tuple(kept), tuple(read), unusable)


def _drawn(partitions: Sequence[Partition], chance: random.Random) -> list[Partition]:
    """Some partitions in planned order, which compressed inputs are cheapest to read in."""
    count = min(len(partitions), READ_PARTITIONS)
    return [partitions[index] for index in sorted(chance.sample(range(len(partitions)), count))]
