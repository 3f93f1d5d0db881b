"""A worker: takes partitions, keeps their rows in flight, commits their shards."""

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datagen.engines.base import Engine
from datagen.engines.gate import PriorityGate
from datagen.journal import Journal
from datagen.runner.rows import PartitionRows, RowSlots, Spent, Tally, split
from datagen.schemas import AnyReject
from datagen.shards import Commit, RunFolder
from datagen.stage import Partition, Pipeline, Preview, Tables


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker needs to know of its run. Travels to other machines."""

    pipeline: Callable[[Any], Pipeline]
    """Makes the pipeline, given the function that embeds sentences (or None)."""
    folder: str
    lease: int
    rows_in_flight: int
    """This worker's share."""
    shard_rows: int


class Worker:
    """Runs partitions of one run. Several may be open at a time, so that none waits for another's
    last rows."""

    def __init__(self, assignment: Assignment, engines: Mapping[str, Engine], embed: Any) -> None:
        self.assignment = assignment
        self.engines = engines
        self.pipeline = assignment.pipeline(embed)
        self.folder = RunFolder(Path(assignment.folder), self.pipeline.tables)
        self.folder.lease = assignment.lease
        self.slots = RowSlots(PriorityGate(max(1, assignment.rows_in_flight)))
        self.tally = Tally()
        self._reading = asyncio.Lock()

    async def run(self, partition: Partition, order: int) -> Commit:
        """Run a partition to its end and publish it. Running it again changes nothing that is
        done."""
        journal = await asyncio.to_thread(
            Journal, self.folder.journal(partition.id), lease=self.assignment.lease
        )
        with contextlib.closing(journal):
            async with self._reading:
                records = await asyncio.to_thread(lambda: list(self.pipeline.read(partition)))
            rows, rejects = split(records)
            running = PartitionRows(
                self.pipeline, self.engines, self.slots, journal, self.tally, order=order
            )
            try:
                outcomes = await running.run(rows)
            except ExceptionGroup as problems:
                raise first_cause(problems) from problems
            tables = await asyncio.to_thread(self.pipeline.assemble, outcomes, rejects)
            commit = self._commit(partition, tables, running.spent)
            await asyncio.to_thread(
                self.folder.publish, commit, tables, shard_rows=self.assignment.shard_rows
            )
            if not commit.failed:
                journal.remove()
        return commit

    def progress(self) -> tuple[Tally, Preview | None]:
        return self.tally, self.pipeline.preview

    def _commit(self, partition: Partition, tables: Tables, spent: Spent) -> Commit:
        rejects = [row for row in tables["rejects"] if isinstance(row, AnyReject)]
        return Commit(
            partition=partition.id,
            planned=partition.count,
            rows={name: len(rows) for name, rows in tables.items()},
            failed=sum(row.failed for row in rejects),
            totals={**asdict(spent), **self.pipeline.totals(tables)},
            reasons=dict(Counter(f"{row.stage}.{row.reason}" for row in rejects)),
        )


def first_cause(problems: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first exception in a group that is not itself a group."""
    problem: BaseException = problems
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem


def share(total: int, workers: int) -> int:
    """One worker's part of a total, rounded up."""
    return math.ceil(total / workers)
