"""Documents that repeat an earlier one in another partition, found when a run is planned.

Within a partition the reader itself sees a repeated id. Across partitions somebody has to remember
all ids: the driver does, once, by reading the inputs through (300 MB/s) and keeping 8 bytes of each
id's hash. Not done above `MOST_RECORDS`: there ids are unique only within their partition, and the
audit counts what repeats."""

import hashlib
from dataclasses import replace

from datagen.rephrase.read.options import SourceOptions
from datagen.rephrase.read.partitions import Plan
from datagen.rephrase.read.reading import Cursors, read_partition
from datagen.schemas import Document

MOST_RECORDS = 1_000_000
"""Some 70 MB of hashes in the driver, and minutes of reading at most."""


def mark_repeats(plan: Plan, source: SourceOptions, *, already: int = 0) -> Plan:
    """The plan with the repeats of its partitions from number `already` on; the first of equals
    stays.

    Partitions before `already` were planned by an earlier entry and keep what was marked then.
    """
    if len(plan.partitions) < 2 or plan.records > MOST_RECORDS or already == len(plan.partitions):
        return plan
    seen: set[int] = set()
    marked = []
    cursors = Cursors()
    try:
        for number, partition in enumerate(plan.partitions):
            repeats = []
            records = read_partition(replace(partition, repeats=()), source, cursors)
            for index, record in enumerate(records):
                if not isinstance(record, Document):
                    continue
                key = _key(record.id)
                if key in seen:
                    repeats.append(index)
                seen.add(key)
            is_new = number >= already
            marked.append(replace(partition, repeats=tuple(repeats)) if is_new else partition)
    finally:
        cursors.close()
    return Plan(tuple(marked), plan.inputs)


def _key(id: str) -> int:
    digest = hashlib.blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
