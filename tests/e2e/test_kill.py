"""kill -9, again and again: nothing is lost, nothing is twice, next to nothing is asked twice."""

import os
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from runs import Case, Entry, answered, documents, log_lines, server, wait_for

from benchmarks.ideal_server import running_server
from datagen.inspect.audit import audit

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.alone]

SEED = 20
KILLS = int(os.environ.get("DATAGEN_TEST_KILLS", "4"))
SLOTS = 16
IDEAL = {
    "mode": "paraphrase",
    "slots": SLOTS,
    "length_distribution": "lognormal:110:0.5",
    "fault": "truncate=0.03",
}
TOKENS_PER_SECOND = 120
"""About a second for a completion, and none in step with another."""
DOCUMENTS = [*documents(60), {"text": None}, {"id": "d059", "text": "again"}, ["no object"]]
UNDER_WAY_S = 0.5
"""An answer that left the server this long before a kill has reached the journal, on a busy machine
too; a younger one counts as under way."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("kill")
    with running_server(tokens_per_second=0, **IDEAL) as ideal:
        case = Case.of(folder, DOCUMENTS, server(ideal.url), "runner.partition_records=8")
        finished = case.enter()
    assert finished.code == 0, finished.err
    counts = case.counts()
    assert counts["accepted"] > 60
    assert counts["rejected"] >= 3
    return case


def spread(chance: random.Random) -> list[str]:
    """Tuning that may change between entries."""
    return [
        f"engine.concurrency={chance.choice([8, SLOTS, 24])}",
        f"runner.workers={chance.choice([1, 2])}",
        f"runner.shard_rows={chance.choice([3, 7, 1000])}",
        f"runner.rows_in_flight={chance.choice([9, 32])}",
    ]


def kill_after(entry: Entry, log: Path, *, completions: int, seconds: float) -> float:
    """Kill an entry once the server has answered it this often, and a moment later; when that
    was."""
    target = answered(log) + completions
    wait_for(lambda: answered(log) >= target or entry.process.poll() is not None)
    assert entry.process.poll() is None, "it ended before it was killed"
    time.sleep(seconds)
    return entry.kill()


def lost_completions(log: Path, kills: list[float]) -> list[int]:
    """For each kill, the completions that were done well before it and yet were asked again."""
    done: dict[str, float] = {}
    lost = [0] * len(kills)
    for event, digest, moment in log_lines(log):
        if event == "answered":
            done[digest] = moment
        elif digest in done:
            # The server answers for a moment yet before it sees that nobody is there.
            fatal = next(i for i, kill in enumerate(kills) if kill > done[digest] - UNDER_WAY_S)
            lost[fatal] += kills[fatal] - done[digest] > UNDER_WAY_S
    return lost


def test_a_run_killed_again_and_again_ends_like_one_that_was_not(
    undisturbed: Case, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    log = tmp_path / "server.log"
    kills: list[float] = []
    with running_server(tokens_per_second=TOKENS_PER_SECOND, log=log, **IDEAL) as ideal:
        case = replace(undisturbed, output=tmp_path / "run", engine=server(ideal.url))
        for _ in range(KILLS):
            entry = case.start(*spread(chance))
            completions, seconds = chance.randint(10, 60), chance.random() / 2
            kills.append(kill_after(entry, log, completions=completions, seconds=seconds))
            shards, manifest = case.committed(), case.counts()
            assert all(manifest[name] <= count for name, count in shards.items())
        finished = case.enter("engine.concurrency=16")
    assert finished.code == 0, finished.err
    assert case.tables() == undisturbed.tables()
    assert audit(case.output).findings == ()
    assert not (case.output / "journal").exists() or not any((case.output / "journal").iterdir())
    asked = Counter(digest for event, digest, _ in log_lines(log) if event == "asked")
    assert max(lost_completions(log, kills)) <= 0.005 * len(asked)
    assert asked.total() - len(asked) <= KILLS * 24 + 0.005 * len(asked)


def workers(entry: Entry) -> list[psutil.Process]:
    """The worker processes of an entry, by the name that Ray gives them."""
    found = []
    for process in entry.processes():
        try:
            command = process.cmdline()
        except psutil.NoSuchProcess:
            continue
        if command and command[0].startswith("ray::WorkerActor"):
            found.append(process)
    return found


def test_a_run_whose_workers_are_killed_goes_on_by_itself(
    undisturbed: Case, tmp_path: Path
) -> None:
    log = tmp_path / "server.log"
    with running_server(
        tokens_per_second=TOKENS_PER_SECOND, log=log, **(IDEAL | {"slots": 64})
    ) as ideal:
        case = replace(undisturbed, output=tmp_path / "run", engine=server(ideal.url))
        entry = case.start("engine.concurrency=64", "runner.workers=2")
        killed = set()
        for completions in (60, 200):
            assert wait_for(lambda: answered(log) >= completions)  # noqa: B023
            victim = min(workers(entry), key=lambda process: process.pid)
            killed.add(victim.pid)
            victim.kill()
        finished = entry.finished()
    assert len(killed) == 2
    assert (finished.code, finished.err, finished.out.count("\n")) == (0, "", 1)
    assert case.tables() == undisturbed.tables()
