"""A worker called directly, no Ray: what is published doesn't depend on how the work was spread."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datagen.engines.base import Completion, Request
from datagen.engines.scripted import ScriptedEngine
from datagen.errors import EngineError, StorageError
from datagen.recipe import RunnerOptions
from datagen.rephrase.pipeline import RephrasePipeline, RephraseRecipe
from datagen.rephrase.planning import InputPlanner
from datagen.rephrase.read import Partition
from datagen.runner.worker import Assignment, Worker
from datagen.shards import Commit, RunFolder

RECIPE = RephraseRecipe.model_validate(
    {
        "chunk": {"max_tokens": 24, "window_tokens": 120},
        "rewrite": {"styles": ["plain"], "rephrasings": 2, "attempts": 2},
        "fidelity": {"tiers": []},
    }
)
SENTENCE = "River {0} is {1} km long and feeds {2} mills on its way to the sea. "


def documents(count: int) -> list[dict[str, str]]:
    """Documents of 1, 2, 3 … chunks."""
    return [
        {"id": f"d{n}", "text": "".join(SENTENCE.format(n, 10 * n + i, i) for i in range(n + 1))}
        for n in range(count)
    ]


def source(request: Request) -> str:
    """The text that the request asks to rewrite."""
    return request.messages[-1].content.rpartition("<text>\n")[2].partition("\n</text>")[0]


def rewrite(request: Request) -> str:
    return f"[{request.sampling.seed % 100}] {source(request).replace('River', 'The river')}"


@dataclass
class Run:
    """One run folder and what its entries asked."""

    folder: Path
    partitions: Sequence[Partition]
    asked: list[Request] = field(default_factory=list)
    entries: int = 0

    @classmethod
    def of(cls, folder: Path, lines: Sequence[object], *, records: int = 3) -> "Run":
        folder.mkdir(parents=True)
        path = folder.parent / "in.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        options = RunnerOptions(partition_records=records)
        return cls(
            folder, InputPlanner([str(path)], RECIPE.source, options).extend(None).partitions
        )

    async def enter(
        self,
        reply: Callable[[Request], Any] = rewrite,
        *,
        partitions: Sequence[Partition] | None = None,
        rows_in_flight: int = 8,
        shard_rows: int = 50_000,
        delay_s: float = 0.0,
        recipe: RephraseRecipe = RECIPE,
    ) -> list[Commit]:
        """Run partitions (all, if none are named) under a new lease, two at a time."""
        self.entries += 1
        leases = self.folder / "plan" / "leases"
        leases.mkdir(parents=True, exist_ok=True)
        (leases / f"{self.entries:06d}.json").touch()
        assignment = Assignment(
            pipeline=partial(RephrasePipeline, recipe),
            folder=str(self.folder),
            lease=self.entries,
            rows_in_flight=rows_in_flight,
            shard_rows=shard_rows,
        )
        engine = ScriptedEngine(reply, delay_s=delay_s)
        engine.asked = self.asked
        worker = Worker(assignment, {"rewriter": engine}, None)
        commits: list[Commit] = []
        todo = list(self.partitions if partitions is None else partitions)
        for first in range(0, len(todo), 2):
            async with asyncio.TaskGroup() as group:
                running = [
                    group.create_task(worker.run(each, self.partitions.index(each)))
                    for each in todo[first : first + 2]
                ]
            commits += [task.result() for task in running]
        return commits

    async def has_asked(self, count: int) -> None:
        """Wait until this many requests came, all entries together."""
        while len(self.asked) < count:  # noqa: ASYNC110 (the fake engine has no event for it)
            await asyncio.sleep(0.001)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table with all columns, by id."""
        shards = RunFolder(self.folder).shards(table)
        found = [row for path in shards for row in pq.read_table(path).to_pylist()]
        return sorted(found, key=lambda row: str(row["id"]))

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        return {name: self.rows(name) for name in RephrasePipeline.tables}


async def undisturbed(folder: Path, lines: Sequence[object], *, records: int = 3) -> Run:
    run = Run.of(folder, lines, records=records)
    await run.enter()
    return run


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    shard_rows=st.integers(1, 9),
    rows_in_flight=st.integers(1, 30),
    records=st.integers(1, 8),
    order=st.randoms(use_true_random=False),
)
async def test_how_the_work_is_spread_changes_nothing_that_comes_out(
    tmp_path_factory: pytest.TempPathFactory,
    shard_rows: int,
    rows_in_flight: int,
    records: int,
    order: Any,
) -> None:
    folder = tmp_path_factory.mktemp("spread")
    lines = [*documents(6), {"id": "none"}, {"text": " "}]
    plain = await undisturbed(folder / "plain", lines)
    other = Run.of(folder / "other", lines, records=records)
    shuffled = list(other.partitions)
    order.shuffle(shuffled)
    await other.enter(partitions=shuffled, rows_in_flight=rows_in_flight, shard_rows=shard_rows)
    assert other.tables() == plain.tables()


async def test_an_abandoned_run_ends_with_the_same_rows_and_asks_nothing_twice(
    tmp_path: Path,
) -> None:
    plain = await undisturbed(tmp_path / "plain", documents(6))
    killed = Run.of(tmp_path / "killed", documents(6))
    for answers in (7, 13, 22):
        entry = asyncio.create_task(killed.enter(delay_s=0.002))
        await killed.has_asked(answers)
        entry.cancel()
        with suppress(asyncio.CancelledError, BaseExceptionGroup):
            await entry
    under_way = 3 * 8
    await killed.enter()
    assert killed.tables() == plain.tables()
    assert len(killed.asked) <= len(plain.asked) + under_way
    assert {r.digest() for r in killed.asked} == {r.digest() for r in plain.asked}


async def test_only_failed_rows_are_asked_again(tmp_path: Path) -> None:
    def fails(request: Request) -> Any:
        bad = "River 2 is" in source(request)
        return EngineError("busy", kind="server_error") if bad else rewrite(request)

    plain = await undisturbed(tmp_path / "plain", documents(4))
    run = Run.of(tmp_path / "run", documents(4))
    commits = await run.enter(fails)
    failed = [row for row in run.rows("rejects") if row["failed"]]
    assert {(row["document_id"], row["reason"]) for row in failed} == {("d2", "server_error")}
    assert sum(commit.failed for commit in commits) == len(failed) == 2
    run.asked.clear()
    await run.enter(partitions=[run.partitions[0]])
    assert all("River 2 is" in source(request) for request in run.asked)
    assert run.tables() == plain.tables()


async def test_every_planned_rephrasing_is_accepted_rejected_or_failed(tmp_path: Path) -> None:
    def mixed(request: Request) -> Any:
        if "River 1 " in source(request):
            return EngineError("busy", kind="timeout")
        if "River 3 " in source(request):
            return Completion("cut in the mid", "length", 1, 4)
        return rewrite(request)

    run = Run.of(tmp_path / "run", [*documents(5), {"text": None}, {"id": "d0", "text": "again"}])
    commits = await run.enter(mixed)
    reasons = [(row["document_id"], row["reason"]) for row in run.rows("rejects")]
    assert sorted(reasons) == [
        ("", "duplicate_id"),
        ("", "no_text"),
        ("d1", "timeout"),
        ("d1", "timeout"),
        ("d3", "truncated"),
        ("d3", "truncated"),
    ]
    assert sum(commit.planned for commit in commits) == 7
    accepted = {row["document_id"] for row in run.rows("rephrasings")}
    assert accepted == {"d0", "d2", "d4"}


async def test_a_fatal_failure_leaves_what_other_partitions_published(tmp_path: Path) -> None:
    def gone(request: Request) -> Any:
        dead = EngineError("gone", kind="unreachable", fatal=True)
        return dead if "River 3 " in source(request) else rewrite(request)

    run = Run.of(tmp_path / "run", documents(4), records=1)
    with pytest.raises(ExceptionGroup) as stopped:
        await run.enter(gone)
    assert stopped.group_contains(EngineError, match="gone")
    done = {commit.partition for commit in RunFolder(run.folder, RephrasePipeline.tables).commits()}
    assert {partition.id for partition in run.partitions[:2]} <= done
    assert run.partitions[3].id not in done


async def test_the_journal_goes_with_its_partition_and_stays_while_rows_have_failed(
    tmp_path: Path,
) -> None:
    def fails(request: Request) -> Any:
        bad = "River 3 " in source(request)
        return EngineError("busy", kind="timeout") if bad else rewrite(request)

    run = Run.of(tmp_path / "run", documents(6))
    await run.enter(fails)
    left = {path.name for path in (run.folder / "journal").iterdir()}
    assert left == {run.partitions[1].id}


async def test_an_outlived_worker_publishes_nothing(tmp_path: Path) -> None:
    run = Run.of(tmp_path / "run", documents(3))

    def taken_over(request: Request) -> str:
        (run.folder / "plan" / "leases" / "000002.json").touch()
        return rewrite(request)

    with pytest.raises(ExceptionGroup) as stopped:
        await run.enter(taken_over)
    assert stopped.group_contains(StorageError, match="taken over")
    assert run.tables() == {"rejects": [], "chunks": [], "rephrasings": []}


async def test_running_a_committed_partition_again_changes_no_row(tmp_path: Path) -> None:
    run = await undisturbed(tmp_path / "run", documents(5))
    before = run.tables()
    await run.enter(shard_rows=2)
    assert run.tables() == before
    await run.enter(shard_rows=50_000)
    assert run.tables() == before


@pytest.mark.parametrize(
    "text", ["a lone \ud800 surrogate", "nul \x00 byte", "עברית \u202e🙂" * 20]
)
async def test_odd_characters_from_a_model_never_end_a_run(tmp_path: Path, text: str) -> None:
    run = Run.of(tmp_path / "run", documents(1))
    await run.enter(lambda request: text)
    kept = [row["text"] for row in run.rows("rephrasings")]
    refused = [row["reason"] for row in run.rows("rejects")]
    assert len(kept) + len(refused) == 2
