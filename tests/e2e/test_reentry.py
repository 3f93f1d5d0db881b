"""Entering a run again: the same goes on where it stopped, anything else is refused and changes nothing."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from runs import (
    STYLE,
    Case,
    Entry,
    answered,
    asked,
    documents,
    server,
    stop,
    wait_for,
)

from benchmarks.ideal_server import RunningServer, running_server

pytestmark = [pytest.mark.ray, pytest.mark.slow]

IDEAL = {
    "mode": "paraphrase",
    "slots": 8,
    "length_distribution": "fixed:60",
    "fault": "truncate=0.05",
}
DOCUMENTS = [*documents(22), {"text": None}, {"id": "d021", "text": "an id that was there"}]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers") / "fast.log"


@pytest.fixture(scope="module")
def fast(log: Path) -> Iterator[RunningServer]:
    with running_server(tokens_per_second=0, log=log, **IDEAL) as running:
        yield running


@pytest.fixture(scope="module")
def orphan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Case, Entry]]:
    """An entry whose server has died; it takes a minute to give up, while other tests run."""
    folder = tmp_path_factory.mktemp("orphan")
    with running_server(tokens_per_second=60, log=folder / "log", **IDEAL) as dying:
        case = Case.of(folder, DOCUMENTS, server(dying.url), "runner.partition_records=6")
        entry = case.start("engine.concurrency=8")
        assert wait_for(lambda: answered(folder / "log") >= 20)
        dying.stop()
    yield case, entry
    entry.kill()


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, orphan: tuple[Case, Entry], fast: RunningServer
) -> Case:
    """A run that nothing disturbed; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("whole")
    case = Case.of(folder, DOCUMENTS, server(fast.url), "runner.partition_records=6")
    finished = case.enter()
    assert (finished.code, finished.err) == (0, "")
    assert {row["reason"] for row in case.tables()["rejects"]} >= {"no_text", "duplicate_id"}
    return case


def without_path(case: Case) -> dict[str, list[dict[str, object]]]:
    """Tables without the input's folder, for runs of equal inputs in different places."""
    return {
        name: sorted(
            [
                row | {"origin": str(row.get("origin", "")).rpartition("/")[2]}
                for row in rows
                if row.get("stage") != "read"  # their ids are made of the path
            ],
            key=lambda row: str(row["id"]),
        )
        for name, rows in case.tables().items()
    }


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_entering_a_finished_run_asks_nothing_and_takes_seconds(whole: Case, log: Path) -> None:
    before, questions = whole.tables(), asked(log)
    began = time.monotonic()
    finished = whole.enter()
    assert (finished.code, finished.err) == (0, "")
    assert time.monotonic() - began < 20  # Ray is not even started; a busy machine takes its time
    assert asked(log) == questions
    assert whole.tables() == before


def edit_style(case: Case) -> list[str]:
    (case.folder / "own.md").write_text(STYLE.replace("Rewrite", "Rephrase"))
    return []


def append_line(case: Case) -> list[str]:
    with (case.folder / "in.jsonl").open("a") as file:
        file.write('{"text": "One more."}\n')
    return []


def touch_input(case: Case) -> list[str]:
    os.utime(case.folder / "in.jsonl", (1, 1))
    return []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (edit_style, "prompts.styles.own"),
        (append_line, "in.jsonl"),
        (touch_input, "in.jsonl"),
        (lambda case: ["--model", "another"], "engine.model"),
        (lambda case: ["--set", "fidelity.threshold=0.9"], "fidelity.threshold"),
        (lambda case: ["--set", "chunk.max_tokens=99", "--set", "seed=1"], "chunk.max_tokens"),
    ],
)
def test_what_would_change_the_output_is_refused_by_name_and_changes_nothing(
    whole: Case, change: Callable[[Case], list[str]], named: str
) -> None:
    before = snapshot(whole.output)
    source, style = whole.folder / "in.jsonl", whole.folder / "own.md"
    kept, times = source.read_bytes(), source.stat()
    try:
        finished = whole.enter(flags=change(whole))
    finally:
        source.write_bytes(kept)
        os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
        style.write_text(STYLE)
    assert finished.code == 2
    assert named in finished.complaint
    assert snapshot(whole.output) == before


def test_a_larger_limit_asks_only_for_new_documents_and_a_deleted_shard_is_made_again(
    whole: Case, tmp_path: Path, fast: RunningServer, log: Path
) -> None:
    case = replace(whole, output=tmp_path / "run")
    assert case.enter(flags=["--limit", 8]).code == 0
    documents_so_far = {row["document_id"] for row in case.tables()["chunks"]}
    assert len(documents_so_far) == 8
    (first, *_) = sorted((case.output / "rephrasings").glob("*.parquet"))
    remade = sum(row["attempts"] for row in case.tables()["chunks"] if row["document_id"] < "d006")
    first.unlink()
    questions = asked(log)
    assert case.enter().code == 0
    assert case.tables() == whole.tables()
    new = [row for row in case.tables()["chunks"] if row["document_id"] not in documents_so_far]
    assert asked(log) - questions == sum(row["attempts"] for row in new) + remade


def test_a_damaged_shard_of_what_is_done_is_named(whole: Case, tmp_path: Path) -> None:
    case = replace(whole, output=tmp_path / "run")
    shutil.copytree(whole.output, case.output)
    shard = sorted((case.output / "rephrasings").glob("*.parquet"))[0]
    shard.write_bytes(shard.read_bytes()[:-9])
    finished = case.enter()
    assert finished.code == 2
    assert str(shard) in finished.complaint


def can_mount(*arguments: object) -> bool:
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True)
    return done.returncode == 0


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts on `tmp_path/mount`, unmounted afterwards; the test is left out where that is forbidden."""
    place = tmp_path / "mount"
    place.mkdir()

    def mount(*options: object) -> Path:
        if not can_mount(*options, place):
            pytest.skip("this user may not mount")
        return place

    yield mount
    while subprocess.run(["umount", place], capture_output=True).returncode == 0:
        continue


def test_a_read_only_run_is_one_line_and_exit_2(whole: Case, mounted: Callable[..., Path]) -> None:
    place = mounted("--bind", whole.output)
    assert can_mount("-o", "remount,ro,bind", place)
    finished = replace(whole, output=place).enter()
    assert finished.code == 2
    assert "Read-only file system" in finished.complaint


def test_a_full_disk_is_one_line_and_the_same_command_goes_on_once_there_is_space(
    whole: Case, mounted: Callable[..., Path]
) -> None:
    place = mounted("-t", "tmpfs", "-o", "size=400k", "tmpfs")
    case = replace(whole, output=place / "run")
    (place / "ballast").write_bytes(b"x" * 280_000)
    full = case.enter()
    (place / "ballast").unlink()
    assert full.code == 2
    assert "No space left" in full.complaint or "disk is full" in full.complaint
    assert can_mount("-o", "remount,size=8m", place)
    finished = case.enter()
    assert (finished.code, finished.err) == (0, "")
    assert case.tables() == whole.tables()


def tamper(run: Path) -> None:
    """What a machine that lost power may leave: torn tails, half shards of what isn't committed."""
    segments = list((run / "journal").glob("*/*.log"))
    assert segments, "the entry was stopped before anything was open"
    for segment in segments:
        segment.write_bytes(segment.read_bytes()[:-7] + b"torn\x00\xff")
    for journal in (run / "journal").iterdir():
        (run / "chunks").mkdir(exist_ok=True)
        (run / "chunks" / f"{journal.name}.parquet").write_bytes(b"PAR1 half a shard")
        (run / "rephrasings").mkdir(exist_ok=True)
        (run / "rephrasings" / f"{journal.name}.parquet.1.tmp").write_bytes(b"PAR1")
    (run / ".manifest.json.1.tmp").write_bytes(b"{")


def test_a_stopped_run_goes_on_and_a_second_process_is_kept_out(
    whole: Case, tmp_path: Path, fast: RunningServer
) -> None:
    log = tmp_path / "log"
    with running_server(tokens_per_second=60, log=log, **IDEAL) as slow:
        case = replace(whole, output=tmp_path / "run", engine=server(slow.url))
        first = case.start("engine.concurrency=8")
        assert wait_for(lambda: answered(log) >= 20)
        second = case.enter()
        interrupted = stop(first, signal.SIGINT)
        third = case.start("engine.concurrency=4")
        assert wait_for(lambda: answered(log) >= 50)
        terminated = stop(third, signal.SIGTERM)
    assert second.code == 2
    assert "another process is at work" in second.complaint
    for stopped in (interrupted, terminated):
        assert stopped.code == 130
        assert "the same command goes on" in stopped.complaint
        assert first.processes() == third.processes() == []
    tamper(case.output)
    finished = replace(case, engine=server(fast.url)).enter()
    assert (finished.code, finished.err) == (0, "")
    assert case.tables() == whole.tables()
    assert not list(case.output.rglob("*.tmp"))


def test_a_server_that_dies_ends_the_entry_and_the_next_one_finishes(
    orphan: tuple[Case, Entry], whole: Case, fast: RunningServer
) -> None:
    case, entry = orphan
    finished = entry.finished()
    assert finished.code == 1
    assert "see that the server runs" in finished.complaint
    assert case.counts()["failed"] == 0
    again = replace(case, engine=server(fast.url)).enter()
    assert (again.code, again.err) == (0, "")
    assert without_path(case) == without_path(whole)
