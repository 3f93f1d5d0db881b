"""The journal: every completion of unfinished rows, so that a row that runs again is answered from
disk.

One folder per partition, one append-only segment per opening:
`RUN/journal/PARTITION/LEASE-NUMBER.log`. A record is one line, `crc32 json`: written before the row
sees the completion, synced in groups at most `SYNC_INTERVAL_S` apart. A torn line at the end of a
segment (a crash while writing) is passed over; a new opening never appends to an old segment. The
journal knows rows and steps, nothing of pipelines.

Not covered: what a crash of the whole machine loses is at most the last `SYNC_INTERVAL_S` of
completions, which are asked again."""

import asyncio
import contextlib
import os
import shutil
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import orjson

from datagen.engines.base import Completion, RequestedCall
from datagen.errors import StorageError

SYNC_INTERVAL_S = 0.5
"""Half of the second that the contract allows."""

CONVICTED = "convicted"


class Journal:
    """The journal of one partition, opened by one worker under one lease.

    Rows that were begun under this lease and not ended when their worker died count as suspects:
    `deaths(row)` says how many workers the row was seen to die with. A row that is convicted stays
    so, under later leases too, until the partition is settled.
    """

    def __init__(self, folder: Path, *, lease: int) -> None:
        self.folder = folder
        self._completions: dict[tuple[str, int], tuple[str, Completion]] = {}
        self._deaths: Counter[str] = Counter()
        self._convicted: set[str] = set()
        self._dirty = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            segments = sorted(folder.glob("*.log"))
            for segment in segments:
                self._replay(segment, lease=lease)
            self._file = _new_segment(folder, lease, len(segments))
        except OSError as problem:
            raise StorageError(f"{folder}: {problem.strerror or problem}") from problem

    def __len__(self) -> int:
        return len(self._completions)

    def answer(self, row: str, step: int, digest: str) -> Completion | None:
        """The completion written for this step, or None if there is none for this very request."""
        known = self._completions.get((row, step))
        return known[1] if known is not None and known[0] == digest else None

    def record(self, row: str, step: int, digest: str, completion: Completion) -> None:
        """Write a completion. When this returns, a kill of the process no longer loses it."""
        c = completion
        fields: list[object] = [c.text, c.finish_reason]
        fields += [c.prompt_tokens, c.completion_tokens, c.cached_tokens, c.model]
        if c.tool_calls or c.reasoning:
            fields += [[astuple(call) for call in c.tool_calls], c.reasoning]
        self._write(["completion", row, step, digest, *fields])

    def begin(self, row: str) -> None:
        self._write(["begin", row])

    def end(self, row: str) -> None:
        self._write(["end", row])

    def deaths(self, row: str) -> int:
        """Workers that died under this lease while the row was running."""
        return self._deaths[row]

    def convict(self, row: str) -> None:
        """Write down that the row is given up: it killed its workers."""
        if row not in self._convicted:
            self._convicted.add(row)
            self._write([CONVICTED, row])

    def convicted(self, row: str) -> bool:
        """Whether the row was given up since the partition was last settled."""
        return row in self._convicted

    def settle(self) -> None:
        """Write down that every row came to an end: what failed may be tried by the next entry."""
        if self._convicted:
            self._convicted.clear()
            self._write(["settled"])

    async def sync_forever(self) -> None:
        """Sync what was written, at most `SYNC_INTERVAL_S` after it was; runs until cancelled."""
        while True:
            await asyncio.sleep(SYNC_INTERVAL_S)
            if self._dirty:
                self._dirty = False
                try:
                    await asyncio.to_thread(os.fdatasync, self._file)
                except OSError as problem:
                    raise _storage_error(self.folder, problem) from problem

    def close(self) -> None:
        """Close the segment; idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def remove(self) -> None:
        """Delete the partition's journal: its rows are committed."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, fields: list[object]) -> None:
        body = orjson.dumps(fields)
        line = b"%08x %b\n" % (zlib.crc32(body), body)
        try:
            written = os.write(self._file, line)
        except OSError as problem:
            raise _storage_error(self.folder, problem) from problem
        if written != len(line):
            raise StorageError(
                f"{self.folder}: the disk is full; free space and run the same command again"
            )
        self._dirty = True

    def _replay(self, segment: Path, *, lease: int) -> None:
        running: set[str] = set()
        for fields in read_segment(segment):
            match fields:
                case ["begin", str(row)]:
                    running.add(row)
                case ["end", str(row)]:
                    running.discard(row)
                case [kind, str(row)] if kind == CONVICTED:
                    self._convicted.add(row)
                case ["settled"]:
                    self._convicted.clear()
                case ["completion", str(row), int(step), str(digest), *answer]:
                    self._completions[row, step] = (digest, _completion(answer))
        if int(segment.name.partition("-")[0]) == lease:
            self._deaths.update(running)


def _completion(fields: list[Any]) -> Completion:
    """A completion as `record` wrote it; calls and thoughts stand at the end, if there are any."""
    plain, more = fields[:6], fields[6:]
    if not more:
        return Completion(*plain)
    calls, reasoning = more
    return replace(
        Completion(*plain),
        tool_calls=tuple(RequestedCall(*call) for call in calls),
        reasoning=reasoning,
    )


def read_segment(segment: Path) -> Iterator[list[Any]]:
    """The records of a segment up to the first torn or damaged line."""
    with segment.open("rb") as lines:
        for line in lines:
            checksum, _, body = line.rstrip(b"\n").partition(b" ")
            if not line.endswith(b"\n") or not _matches(checksum, body):
                return
            yield orjson.loads(body)


def convictions(folder: Path) -> int:
    """How often a row of a partition was given up, in all entries; grows with each one.

    The driver tells by it whether workers that die get anywhere.
    """
    mark = b' ["%b",' % CONVICTED.encode()
    found = 0
    for segment in folder.glob("*.log"):
        with contextlib.suppress(FileNotFoundError), segment.open("rb") as lines:
            found += sum(line[8 : 8 + len(mark)] == mark for line in lines)
    return found


def _matches(checksum: bytes, body: bytes) -> bool:
    with contextlib.suppress(ValueError):
        return int(checksum, 16) == zlib.crc32(body)
    return False


def _new_segment(folder: Path, lease: int, number: int) -> int:
    while True:
        try:
            path = folder / f"{lease:06d}-{number:04d}.log"
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except FileExistsError:
            number += 1


def _storage_error(folder: Path, problem: OSError) -> StorageError:
    reason = problem.strerror or str(problem)
    return StorageError(
        f"{folder}: {reason}; put it right and run the same command again, nothing is lost"
    )
