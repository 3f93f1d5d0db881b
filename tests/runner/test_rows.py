"""Rows on their way: every completion is written down, a row's failure is its own, suspects run alone.

The pipeline here counts: a row of size n asks n questions, one after the other.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.engines.base import Completion, Message, Request
from datagen.engines.gate import PriorityGate
from datagen.engines.scripted import ScriptedEngine
from datagen.errors import EngineError, StorageError
from datagen.journal import Journal
from datagen.runner.rows import FATAL_DEATHS, Outcome, PartitionRows, RowSlots, Tally
from datagen.schemas import Reject, Row
from datagen.stage import Ask, Failure, Preview, Tables, Work


class Counting:
    """A pipeline whose row (name, n) asks n questions in order and returns the answers."""

    tables: ClassVar[Mapping[str, type[Row]]] = {"rejects": Reject}
    preview: Preview | None = None

    def __init__(self) -> None:
        self.open: list[str] = []
        self.company: dict[str, int] = {}
        """The most rows that were open while a row ran, itself counted."""

    def read(self, partition: Any) -> Iterator[Work | Reject]:
        yield from ()

    async def work(self, row: Any, ask: Ask) -> list[str]:
        name, steps = row
        self.open.append(name)
        try:
            answers = []
            for step in range(steps):
                request = Request((Message("user", f"{name} {step}"),), row=name)
                answers.append((await ask("rewriter", request)).text)
                for other in self.open:
                    self.company[other] = max(self.company.get(other, 0), len(self.open))
            return answers
        finally:
            self.open.remove(name)

    def accepted(self, outcome: Any) -> bool:
        return True

    def assemble(self, outcomes: Sequence[tuple[Work, Any]], rejects: Sequence[Reject]) -> Tables:
        return {"rejects": rejects}

    def totals(self, tables: Tables) -> Mapping[str, int]:
        return {}


def rows(**sizes: int) -> list[Work]:
    return [Work(name, float(size), (name, size)) for name, size in sizes.items()]


def question(request: Request) -> str:
    return request.messages[-1].content


async def run(
    folder: Path,
    engine: ScriptedEngine,
    work: list[Work],
    *,
    lease: int = 1,
    in_flight: int = 4,
    pipeline: Counting | None = None,
) -> dict[str, Any]:
    journal = Journal(folder, lease=lease)
    slots = RowSlots(PriorityGate(in_flight))
    running = PartitionRows(
        pipeline or Counting(), {"rewriter": engine}, slots, journal, Tally(), order=0
    )
    try:
        outcomes: list[Outcome] = await running.run(work)
    finally:
        journal.close()
    return {row.id: outcome for row, outcome in outcomes}


def stalls_after(count: int) -> tuple[ScriptedEngine, asyncio.Event]:
    """An engine that answers `count` requests; the event says that nothing moves any more."""

    class Stalling(ScriptedEngine):
        async def complete(self, request: Request) -> Completion:
            if len(self.asked) >= count:
                stalled.set()
                await asyncio.Event().wait()
            return await super().complete(request)

    stalled = asyncio.Event()
    return Stalling(lambda request: f"answer to {question(request)}"), stalled


async def killed_after(count: int, folder: Path, work: list[Work], *, lease: int) -> list[Request]:
    """Run until `count` requests were answered, then abandon everything. What was asked."""
    engine, stalled = stalls_after(count)
    task = asyncio.create_task(run(folder, engine, work, lease=lease))
    waiting = asyncio.create_task(stalled.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    for one in (task, waiting):
        one.cancel()
        with suppress(asyncio.CancelledError):
            await one
    return engine.asked


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 6), min_size=1, max_size=7),
    kills=st.lists(st.integers(0, 20), max_size=4),
    in_flight=st.integers(1, 8),
)
async def test_a_run_killed_anywhere_asks_nothing_twice_and_ends_with_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], kills: list[int], in_flight: int
) -> None:
    folder = tmp_path_factory.mktemp("rows") / "p"
    work = rows(**{f"row{number}": size for number, size in enumerate(sizes)})
    asked = []
    for lease, count in enumerate(kills, start=1):
        asked += await killed_after(count, folder, work, lease=lease)
    engine = ScriptedEngine(lambda request: f"answer to {question(request)}")
    outcomes = await run(folder, engine, work, lease=9, in_flight=in_flight)
    questions = [question(request) for request in asked + engine.asked]
    assert outcomes == {
        row.id: [f"answer to {row.id} {step}" for step in range(row.row[1])] for row in work
    }
    assert sorted(questions) == sorted(
        f"{row.id} {step}" for row in work for step in range(row.row[1])
    )


async def test_the_longest_row_starts_first(tmp_path: Path) -> None:
    engine = ScriptedEngine(question)
    await run(tmp_path / "p", engine, rows(short=1, long=5, middle=3), in_flight=1)
    assert [r.row for r in engine.asked] == ["long"] * 5 + ["middle"] * 3 + ["short"]


async def test_no_more_rows_are_open_than_there_are_places(tmp_path: Path) -> None:
    pipeline = Counting()
    work = rows(**{f"row{number}": 3 for number in range(20)})
    await run(tmp_path / "p", ScriptedEngine(question), work, in_flight=4, pipeline=pipeline)
    assert max(pipeline.company.values()) == 4


async def test_an_answer_is_on_disk_before_the_row_sees_it(tmp_path: Path) -> None:
    seen: list[str] = []

    class Looking(Counting):
        async def work(self, row: Any, ask: Ask) -> list[str]:
            completion = await ask("rewriter", Request((Message("user", "?"),)))
            seen.extend(path.read_text() for path in (tmp_path / "p").glob("*.log"))
            return [completion.text]

    await run(tmp_path / "p", ScriptedEngine(lambda _: "1887"), rows(a=1), pipeline=Looking())
    assert "1887" in seen[0]


async def test_a_row_that_raises_is_crashed_and_its_neighbours_go_on(tmp_path: Path) -> None:
    class Faulty(Counting):
        async def work(self, row: Any, ask: Ask) -> list[str]:
            if row[0] == "bad":
                raise ZeroDivisionError("by nothing")
            return await super().work(row, ask)

    outcomes = await run(
        tmp_path / "p", ScriptedEngine(question), rows(bad=2, good=2), pipeline=Faulty()
    )
    assert outcomes["good"] == ["good 0", "good 1"]
    assert outcomes["bad"] == Failure("crashed", "ZeroDivisionError: by nothing")


@pytest.mark.parametrize(
    "kind", ["unreachable", "timeout", "server_error", "bad_request", "bad_response"]
)
async def test_what_the_server_did_wrong_fails_one_row_under_its_name(
    tmp_path: Path, kind: Any
) -> None:
    def reply(request: Request) -> Any:
        failed = question(request) == "bad 1"
        return EngineError("no luck", kind=kind) if failed else question(request)

    outcomes = await run(tmp_path / "p", ScriptedEngine(reply), rows(bad=3, good=2))
    assert outcomes["bad"] == Failure(kind, "no luck")
    assert outcomes["good"] == ["good 0", "good 1"]


async def test_a_failed_row_goes_on_where_it_failed_at_the_next_entry(tmp_path: Path) -> None:
    def reply(request: Request) -> Any:
        if question(request) == "bad 1":
            return EngineError("no luck", kind="timeout")
        return question(request)

    work = rows(bad=3, good=2)
    await run(tmp_path / "p", ScriptedEngine(reply), work, lease=1)
    engine = ScriptedEngine(question)
    outcomes = await run(tmp_path / "p", engine, work, lease=2)
    assert [question(request) for request in engine.asked] == ["bad 1", "bad 2"]
    assert outcomes == {"bad": ["bad 0", "bad 1", "bad 2"], "good": ["good 0", "good 1"]}


async def test_a_fatal_failure_stops_everything_and_keeps_what_was_answered(
    tmp_path: Path,
) -> None:
    def reply(request: Request) -> Any:
        gone = EngineError("server gone", kind="unreachable", fatal=True)
        return gone if question(request) == "long 2" else question(request)

    work = rows(long=4, short=1)
    with pytest.raises(ExceptionGroup) as stopped:
        await run(tmp_path / "p", ScriptedEngine(reply), work, in_flight=1)
    assert stopped.group_contains(EngineError, match="server gone")
    engine = ScriptedEngine(question)
    await run(tmp_path / "p", engine, work, lease=2, in_flight=1)
    assert [question(request) for request in engine.asked] == ["long 2", "long 3", "short 0"]


async def test_a_disk_that_fails_stops_everything(tmp_path: Path) -> None:
    def reply(request: Request) -> Any:
        return StorageError("no space") if question(request) == "a 1" else question(request)

    with pytest.raises(ExceptionGroup) as stopped:
        await run(tmp_path / "p", ScriptedEngine(reply), rows(a=3, b=3))
    assert stopped.group_contains(StorageError)


async def test_another_question_at_the_same_step_is_asked_anew(tmp_path: Path) -> None:
    await run(tmp_path / "p", ScriptedEngine(lambda _: "old"), rows(a=2))

    class Changed(Counting):
        async def work(self, row: Any, ask: Ask) -> list[str]:
            return [(await ask("rewriter", Request((Message("user", "new?"),)))).text]

    outcomes = await run(
        tmp_path / "p", ScriptedEngine(lambda _: "new"), rows(a=1), lease=2, pipeline=Changed()
    )
    assert outcomes == {"a": ["new"]}


# Rows that kill their worker. A death is what the journal shows of one: begun, not ended.


async def die_with(
    folder: Path, work: list[Work], *, poison: Callable[[str], bool], lease: int = 1
) -> set[str]:
    """Run until a poisonous row asks something, then abandon everything. The rows open by then."""

    class Deadly(ScriptedEngine):
        async def complete(self, request: Request) -> Completion:
            if poison(request.row):
                died.set()
                await asyncio.Event().wait()
            return await super().complete(request)

    died = asyncio.Event()
    pipeline = Counting()
    engine = Deadly(question, delay_s=0.001)
    task = asyncio.create_task(run(folder, engine, work, lease=lease, pipeline=pipeline))
    waiting = asyncio.create_task(died.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    assert died.is_set(), "the poisonous row was not tried"
    together = set(pipeline.open)
    for one in (task, waiting):
        one.cancel()
        with suppress(asyncio.CancelledError):
            await one
    return together


async def test_a_row_that_kills_its_worker_three_times_is_crashed_and_it_alone(
    tmp_path: Path,
) -> None:
    work = rows(poison=50, **{f"row{number}": 40 for number in range(6)})
    together = [
        await die_with(tmp_path / "p", work, poison=lambda row: row == "poison")
        for _ in range(FATAL_DEATHS)
    ]
    assert len(together[0]) > 1
    assert together[-1] == {"poison"}
    outcomes = await run(tmp_path / "p", ScriptedEngine(question), work)
    assert outcomes.pop("poison") == Failure("crashed", "its worker died 3 times while it ran")
    assert not [row for row, outcome in outcomes.items() if isinstance(outcome, Failure)]


async def test_two_rows_that_kill_their_worker_are_both_found(tmp_path: Path) -> None:
    work = rows(one=50, two=50, good=40, fine=40)
    for _ in range(4):
        await die_with(tmp_path / "p", work, poison=lambda row: row in ("one", "two"))
    outcomes = await run(tmp_path / "p", ScriptedEngine(question), work)
    failed = {row for row, outcome in outcomes.items() if isinstance(outcome, Failure)}
    assert failed == {"one", "two"}


def given_up(folder: Path, work: list[Work], *, lease: int) -> set[str]:
    journal = Journal(folder, lease=lease)
    journal.close()
    return {
        row.id
        for row in work
        if journal.convicted(row.id) or journal.deaths(row.id) >= FATAL_DEATHS
    }


async def test_any_number_of_rows_that_kill_their_worker_are_given_up_over_entries(
    tmp_path: Path,
) -> None:
    """Each entry ends after four deaths, as a driver that has lost its patience ends it."""
    poison = {f"poison{number}": 3 for number in range(6)}
    work = rows(good=3, **poison)
    deaths = 0
    while given_up(tmp_path / "p", work, lease=(lease := 1 + deaths // 4)) != set(poison):
        assert deaths < 4 * 10
        await die_with(tmp_path / "p", work, poison=lambda row: row in poison, lease=lease)
        deaths += 1
    outcomes = await run(tmp_path / "p", ScriptedEngine(question), work, lease=lease)
    assert {row for row, outcome in outcomes.items() if isinstance(outcome, Failure)} == set(poison)
    assert outcomes["good"] == ["good 0", "good 1", "good 2"]
    assert lease > 2
    again = await run(tmp_path / "p", ScriptedEngine(question), work, lease=lease + 1)
    assert not [outcome for outcome in again.values() if isinstance(outcome, Failure)]


async def test_a_suspect_runs_with_nothing_beside_it_and_is_cleared(tmp_path: Path) -> None:
    work = rows(**{f"row{number}": 5 for number in range(6)})
    for _ in range(2):
        await die_with(tmp_path / "p", work, poison=lambda row: row == "row3")
    pipeline = Counting()
    journal = Journal(tmp_path / "p", lease=1)
    suspects = {row.id for row in work if journal.deaths(row.id) == 2}
    journal.close()
    outcomes = await run(
        tmp_path / "p", ScriptedEngine(question, delay_s=0.001), work, pipeline=pipeline
    )
    assert "row3" in suspects
    assert {pipeline.company[row] for row in suspects} == {1}
    assert not [outcome for outcome in outcomes.values() if isinstance(outcome, Failure)]


async def test_a_crashed_row_is_tried_again_at_the_next_entry(tmp_path: Path) -> None:
    work = rows(poison=2)
    for _ in range(FATAL_DEATHS):
        await die_with(tmp_path / "p", work, poison=lambda row: row == "poison")
    outcomes = await run(tmp_path / "p", ScriptedEngine(question), work, lease=2)
    assert outcomes == {"poison": ["poison 0", "poison 1"]}
