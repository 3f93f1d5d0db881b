"""Run the rows of one partition, in this process.

Rows wait at the worker's gate, the longest first; each completion goes into the journal before the
row sees it. A row during which workers died `ISOLATE_DEATHS` times runs with nothing beside it, so
that the next death convicts it alone. A conviction outlasts the entry: until every row of the
partition has come to an end, the row is not tried again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from datagen.engines.base import Completion, Engine, Request
from datagen.engines.gate import PriorityGate
from datagen.errors import DatagenError, EngineError
from datagen.journal import Journal
from datagen.schemas import AnyReject
from datagen.stage import Failure, Pipeline, Work

log = logging.getLogger(__name__)

ISOLATE_DEATHS = 2
FATAL_DEATHS = 3
"""Deaths after which a row is given up (design: a row that kills its worker three times is
`crashed`)."""

Outcome = tuple[Work, Any]


@dataclass(slots=True)
class Spent:
    """Completions and their tokens, added up."""

    completions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def add(self, completion: Completion) -> None:
        self.completions += 1
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        self.cached_tokens += completion.cached_tokens


@dataclass(slots=True)
class Tally:
    """What a worker has done since it started; summed over workers for the progress shown."""

    rows: int = 0
    """Rows read, started or not."""
    done: int = 0
    accepted: int = 0
    failed: int = 0
    asked: Spent = field(default_factory=Spent)
    """What engines answered in this entry."""
    replayed: int = 0
    """Completions answered from the journal."""


@dataclass(slots=True)
class RowSlots:
    """The rows that may be open at a time, and the right to be the only one."""

    gate: PriorityGate
    _open: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _alone: bool = False

    @asynccontextmanager
    async def one(self, priority: float) -> AsyncIterator[None]:
        async with self.gate(priority):
            async with self._changed:
                await self._changed.wait_for(lambda: not self._alone)
                self._open += 1
            try:
                yield
            finally:
                await self._leave()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._alone)
            self._alone = True
            await self._changed.wait_for(lambda: self._open == 0)
            self._open = 1
        try:
            yield
        finally:
            self._alone = False
            await self._leave()

    async def _leave(self) -> None:
        async with self._changed:
            self._open -= 1
            self._changed.notify_all()


class RowAsk:
    """Asks engines for one row, each step once: a step that the journal holds is not asked
    again."""

    def __init__(
        self, row: str, engines: Mapping[str, Engine], journal: Journal, tally: Tally, spent: Spent
    ) -> None:
        self._row = row
        self._engines = engines
        self._journal = journal
        self._tally = tally
        self._spent = spent
        self._step = 0

    async def __call__(self, role: str, request: Request) -> Completion:
        step, self._step = self._step, self._step + 1
        digest = request.digest()
        if known := self._journal.answer(self._row, step, digest):
            self._tally.replayed += 1
            self._spent.add(known)
            return known
        completion = encodable(await self._engines[role].complete(request))
        self._journal.record(self._row, step, digest, completion)
        self._tally.asked.add(completion)
        self._spent.add(completion)
        return completion


def encodable(completion: Completion) -> Completion:
    """The completion with unpaired surrogates, which no file can hold, turned into question
    marks."""
    calls = tuple(
        replace(call, name=_encodable(call.name), arguments=_encodable(call.arguments))
        for call in completion.tool_calls
    )
    text, thoughts = _encodable(completion.text), _encodable(completion.reasoning)
    if (text, thoughts, calls) == (completion.text, completion.reasoning, completion.tool_calls):
        return completion
    return replace(completion, text=text, reasoning=thoughts, tool_calls=calls)


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class PartitionRows:
    """The rows of one partition on their way."""

    def __init__(
        self,
        pipeline: Pipeline,
        engines: Mapping[str, Engine],
        slots: RowSlots,
        journal: Journal,
        tally: Tally,
        *,
        order: int,
    ) -> None:
        self.pipeline = pipeline
        self.engines = engines
        self.slots = slots
        self.journal = journal
        self.tally = tally
        self.order = order
        """Position of the partition in the plan: rows of earlier partitions start first."""
        self.spent = Spent()

    async def run(self, rows: list[Work]) -> list[Outcome]:
        """The outcome of every row. A row's own failure is an outcome; `DatagenError` ends the
        partition."""
        self.tally.rows += len(rows)
        rows = sorted(rows, key=lambda work: (-work.size, work.id))
        async with asyncio.TaskGroup() as group:
            syncing = group.create_task(self.journal.sync_forever())
            running = [group.create_task(self._one(work)) for work in rows]
            if running:
                await asyncio.wait(running)
            syncing.cancel()
        self.journal.settle()
        return [task.result() for task in running]

    async def _one(self, work: Work) -> Outcome:
        deaths = self.journal.deaths(work.id)
        if deaths >= FATAL_DEATHS or self.journal.convicted(work.id):
            self.journal.convict(work.id)
            outcome: Any = Failure("crashed", f"its worker died {FATAL_DEATHS} times while it ran")
        elif deaths >= ISOLATE_DEATHS:
            async with self.slots.alone():
                outcome = await self._tried(work)
        else:
            async with self.slots.one(work.size - self.order * 1e12):
                outcome = await self._tried(work)
        self._count(outcome)
        return work, outcome

    async def _tried(self, work: Work) -> Any:
        self.journal.begin(work.id)
        ask = RowAsk(work.id, self.engines, self.journal, self.tally, self.spent)
        try:
            outcome = await self.pipeline.work(work.row, ask)
        except EngineError as problem:
            if problem.fatal:
                raise
            outcome = Failure(problem.kind, str(problem))
        except DatagenError:
            raise
        except Exception as bug:
            log.exception("row %s", work.id)
            outcome = Failure("crashed", f"{type(bug).__name__}: {bug}")
        self.journal.end(work.id)
        return outcome

    def _count(self, outcome: Any) -> None:
        self.tally.done += 1
        if isinstance(outcome, Failure):
            self.tally.failed += 1
        elif self.pipeline.accepted(outcome):
            self.tally.accepted += 1


def split(records: list[Work | AnyReject]) -> tuple[list[Work], list[AnyReject]]:
    """What was read, parted into rows and rejects."""
    rows = [record for record in records if isinstance(record, Work)]
    return rows, [record for record in records if not isinstance(record, Work)]
