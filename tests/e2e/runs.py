"""The real command line in a process of its own: started, killed with all it started, read.

Every process of an entry carries a variable of its own in its environment; only those are killed.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq

from datagen.rephrase.pipeline import RephrasePipeline
from datagen.shards import RunFolder, read_metadata

DATAGEN = Path(sys.executable).parent / "datagen"
MARK = "DATAGEN_TEST_ENTRY"
PROGRESS = re.compile(r"starting … \d+ s$|[\d,]+/[\d,]+ rows  ")
STYLE = """+++
kinds = ["knowledge", "math"]
length = [0.5, 2.0]
structured = false
+++
Rewrite the text for {audience}; keep the tone {tone}.
"""
SENTENCES = (
    "The river {0} rises in the hills and is used by many people because it helps the farms. ",
    "A small town was made from a large camp in {1}, and it is often called the pearl of {0}. ",
    "Visitors usually come from the coast with boats that carry {2} crates of salt. ",
    "The mill of {0} was first built in {1} and shows very different kinds of work. ",
)


def documents(count: int, *, longest: int = 8) -> list[dict[str, str]]:
    """Documents of 1 to `longest` chunks of about 64 tokens; no two sentences are alike."""
    made = []
    for n in range(count):
        name = f"{'BDGKLMNPRST'[n % 11]}or{'aeiou'[n % 5]}{'lmnr'[n % 4]}"
        text = "".join(
            SENTENCES[i % 4].format(name, 1500 + 7 * n + i, 20 + 3 * i + n)
            for i in range(3 * (1 + n % longest))
        )
        made.append({"id": f"d{n:03d}", "text": text.strip()})
    return made


def write_lines(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def kill_all(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


@dataclass
class Entry:
    """One command that runs."""

    mark: str
    process: subprocess.Popen[str]
    ray_folder: Path

    def processes(self) -> list[psutil.Process]:
        """All that it started and itself, also what has left its tree."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark and (
                    process.status() != psutil.STATUS_ZOMBIE
                ):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def kill(self) -> float:
        """kill -9 of everything at once, and again, until nothing that it started is left; the
        moment of the first, for which its processes are looked up before."""
        alive = self.processes()
        self.process.kill()
        kill_all(alive)
        killed_at = time.time()
        while alive := self.processes():
            kill_all(alive)
            psutil.wait_procs(alive, timeout=5)
        self.finished(timeout_s=30)
        return killed_at

    def finished(self, *, timeout_s: float = 240) -> "Finished":
        try:
            out, err = self.process.communicate(timeout=timeout_s)
        finally:
            if self.process.poll() is None:
                self.kill()
            shutil.rmtree(self.ray_folder, ignore_errors=True)
        err = "".join(line for line in err.splitlines(True) if not PROGRESS.match(line))
        return Finished(self.process.returncode, out, err)


@dataclass(frozen=True)
class Finished:
    """What a command came to."""

    code: int
    out: str
    err: str
    """All but lines of progress, which a slow machine gets."""

    @property
    def complaint(self) -> str:
        """The only line on stderr. Fails if there are more, or a traceback."""
        lines = self.err.strip().splitlines()
        assert "Traceback" not in self.err, self.err
        assert len(lines) == 1, self.err
        return lines[0]


def start(*arguments: object, cwd: Path | None = None) -> Entry:
    """Start `datagen` in a session of its own, with a Ray folder that is removed afterwards."""
    mark = uuid.uuid4().hex
    # Short: Ray's sockets lie in it, and a socket's path has at most 107 characters.
    ray_folder = Path(tempfile.mkdtemp(prefix="ray"))
    environment = os.environ | {MARK: mark, "RAY_TMPDIR": str(ray_folder)}
    process = subprocess.Popen(
        [str(DATAGEN), *map(str, arguments)],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return Entry(mark, process, ray_folder)


def datagen(*arguments: object, cwd: Path | None = None) -> Finished:
    """Run `datagen` to its end."""
    return start(*arguments, cwd=cwd).finished()


@dataclass
class Case:
    """One input, one run folder, and the command that enters it."""

    folder: Path
    """Where the input and the style are."""
    output: Path
    engine: Sequence[str]
    settings: Sequence[str]

    @classmethod
    def of(
        cls, folder: Path, rows: Sequence[object], engine: Sequence[str], *settings: str
    ) -> "Case":
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "own.md").write_text(STYLE)
        if not (folder / "in.jsonl").exists():
            write_lines(folder / "in.jsonl", rows)
        common = [
            f"rewrite.styles=[{folder / 'own.md'}]",
            "rewrite.rephrasings=2",
            "chunk.max_tokens=64",
            "fidelity.tiers=[hygiene, ledger]",
            "fidelity.max_copied=1",
        ]
        return cls(folder, folder / "run", engine, [*common, *settings])

    def command(self, *settings: str, flags: Sequence[object] = ()) -> list[object]:
        sets = [part for setting in (*self.settings, *settings) for part in ("--set", setting)]
        where = [self.folder / "in.jsonl", "--output", self.output]
        return ["rephrase", *where, *self.engine, *sets, *flags]

    def start(self, *settings: str, flags: Sequence[object] = ()) -> Entry:
        return start(*self.command(*settings, flags=flags))

    def enter(self, *settings: str, flags: Sequence[object] = ()) -> Finished:
        return self.start(*settings, flags=flags).finished()

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """All rows of all tables with all columns, by id."""
        run = RunFolder(self.output)
        found = {}
        for name in RephrasePipeline.tables:
            rows = [row for path in run.shards(name) for row in pq.read_table(path).to_pylist()]
            found[name] = sorted(rows, key=lambda row: str(row["id"]))
        return found

    def counts(self) -> dict[str, int]:
        """What the manifest says."""
        return dict(json.loads((self.output / "manifest.json").read_text())["counts"])

    def committed(self) -> dict[str, int]:
        """What the shards' markers add up to, in the manifest's words."""
        marks = [
            read_metadata(path)["commit"]
            for path in RunFolder(self.output).shards("rephrasings")
            if path.name.count(".") == 1
        ]
        failed = sum(mark["failed"] for mark in marks)
        return {
            "accepted": sum(mark["rows"]["rephrasings"] for mark in marks),
            "rejected": sum(mark["rows"]["rejects"] for mark in marks) - failed,
            "failed": failed,
        }


def scripted(file: Path, function: str = "reply") -> list[str]:
    return ["--engine", "scripted", "--model", f"{file}:{function}"]


def server(url: str) -> list[str]:
    return ["--engine", "openai", "--base-url", url, "--model", "ideal"]


def wait_for(condition: Callable[[], bool], *, timeout_s: float = 90) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def log_lines(log: Path) -> Iterator[tuple[str, str, float]]:
    """The ideal server's log: event, digest of the request, time."""
    for line in log.read_text().splitlines():
        event, digest, moment = re.split(r"\s+", line)
        yield event, digest, float(moment)


def answered(log: Path) -> int:
    return sum(event == "answered" for event, _, _ in log_lines(log))


def asked(log: Path) -> int:
    return sum(event == "asked" for event, _, _ in log_lines(log))


def stop(entry: Entry, signum: signal.Signals = signal.SIGTERM) -> Finished:
    """End it as a terminal does (SIGINT, to the whole group) or a scheduler (SIGTERM)."""
    if signum == signal.SIGINT:
        os.killpg(entry.process.pid, signum)
    else:
        entry.process.send_signal(signum)
    return entry.finished(timeout_s=60)
