"""Starts sandboxed processes and runs commands to their end, bounded in time and output.

Killing is by process group: bwrap is its leader, and all that runs inside dies with bwrap, also
what made itself a daemon, because the pid namespace ends."""

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen.sandbox.command import Bind, Sandbox

READ_BYTES = 1 << 16
WATCH_INTERVAL_S = 1.0
WATCH_ENTRIES = 200_000
"""Files and folders of a workspace that are looked at; more count as full. A server's environment
of npm packages has some 20,000."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    """Exit code; negative where a signal ended the sandbox itself."""
    stdout: bytes
    stderr: bytes
    """Both up to the output limit."""
    timed_out: bool
    flooded: bool
    """It wrote more than the output limit and was killed."""
    overfull: bool
    """Its workspace grew beyond the limit and it was killed."""
    seconds: float


async def start(argv: Sequence[str], *, stdin: bool = True) -> Process:
    """Start a command line that `Sandbox.command` made; pipes at stdin, stdout and stderr."""
    return await asyncio.create_subprocess_exec(
        *argv,
        stdin=PIPE if stdin else DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
        cwd="/",
    )


async def kill(process: Process) -> int:
    """End a started process and all inside it, and wait until it is gone. Idempotent."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    # asyncio's wait lasts until the pipes are at their end, which a full pipe never comes to.
    for stream in (process.stdout, process.stderr):
        while stream is not None and await stream.read(READ_BYTES):
            pass
    return await process.wait()


async def run(
    sandbox: Sandbox,
    argv: Sequence[str],
    *,
    workspace: Path | None = None,
    binds: Sequence[Bind] = (),
    env: Mapping[str, str] | None = None,
    path: Sequence[str] = (),
    stdin: bytes = b"",
) -> Finished:
    """Run a command inside and wait for it, or kill it at the first limit it breaks.

    Raises:
        RecipeError: there is no sandbox here, or a bound path is missing.
    """
    sandbox.require()
    line = sandbox.command(argv, workspace=workspace, binds=binds, env=env, path=path)
    began = time.monotonic()
    process = await start(line)
    broken: list[str] = []
    outputs = _Outputs(sandbox.limits.output_bytes)
    written = [bind.source for bind in binds if bind.writable]
    written += [workspace] if workspace is not None else []
    watch = asyncio.create_task(_watch(written, sandbox.limits.disk_bytes))
    ends = asyncio.create_task(_to_the_end(process, stdin, outputs))
    try:
        await asyncio.wait(
            {watch, ends}, timeout=sandbox.limits.seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if not ends.done():
            broken.append("overfull" if watch.done() else "timed_out")
    finally:
        watch.cancel()
        ends.cancel()
        await asyncio.gather(watch, ends, return_exceptions=True)
        code = await kill(process)
    return Finished(
        code=code,
        stdout=bytes(outputs.stdout),
        stderr=bytes(outputs.stderr),
        timed_out="timed_out" in broken,
        flooded=outputs.flooded,
        overfull="overfull" in broken,
        seconds=time.monotonic() - began,
    )


class _Outputs:
    """What came, up to the limit."""

    def __init__(self, limit: int) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.flooded = False
        self._limit = limit

    async def read(self, stream: asyncio.StreamReader, into: bytearray) -> None:
        while not self.flooded and (piece := await stream.read(READ_BYTES)):
            room = self._limit - len(into)
            into += piece[:room]
            self.flooded = self.flooded or len(piece) > room


async def _to_the_end(process: Process, stdin: bytes, outputs: _Outputs) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    readers = {
        asyncio.create_task(outputs.read(process.stdout, outputs.stdout)),
        asyncio.create_task(outputs.read(process.stderr, outputs.stderr)),
    }
    feeding = asyncio.create_task(_feed(process, stdin))
    try:
        while readers and not outputs.flooded:
            _, readers = await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
        if not outputs.flooded:
            await process.wait()
    finally:
        for task in (*readers, feeding):
            task.cancel()
        await asyncio.gather(*readers, feeding, return_exceptions=True)


async def _feed(process: Process, stdin: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(stdin)
        await process.stdin.drain()
    process.stdin.close()


async def _watch(folders: Sequence[Path], limit: int) -> None:
    """Return when a folder holds more than the limit; else never."""
    while True:
        for folder in folders:
            if await asyncio.to_thread(_held, folder, limit) > limit:
                return
        await asyncio.sleep(WATCH_INTERVAL_S)


def _held(workspace: Path, limit: int) -> int:
    """Bytes on disk of a folder; beyond the limit as soon as that is known."""
    held = entries = 0
    for folder, folders, files in os.walk(workspace):
        for name in (*folders, *files):
            entries += 1
            with contextlib.suppress(OSError):
                held += os.lstat(os.path.join(folder, name)).st_blocks * 512
            if held > limit or entries > WATCH_ENTRIES:
                return limit + 1
    return held
