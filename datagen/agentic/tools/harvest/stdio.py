"""Speaks to a sandboxed process over its stdin and stdout.

Not the SDK's own transport: that one reads lines of any length into memory, and takes a line that
is no message for an error of the session. Here bytes are counted, other lines are tolerated up to a
number, and the end of the server is its whole process group's."""

import asyncio
import contextlib
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage

from datagen.agentic.tools.harvest.wire import Wire
from datagen.sandbox import kill, start

READ_BYTES = 1 << 16
_GONE = (anyio.ClosedResourceError, anyio.BrokenResourceError, ConnectionError)


@asynccontextmanager
async def stdio(argv: Sequence[str], wire: Wire) -> AsyncIterator[TransportStreams]:
    """Start a command line and yield the session's streams; it is dead at the end."""
    process = await start(argv)
    to_session, session_reads = anyio.create_memory_object_stream[SessionMessage | Exception](16)
    session_writes, from_session = anyio.create_memory_object_stream[SessionMessage](16)
    tasks = [
        asyncio.create_task(_read(process, to_session, wire)),
        asyncio.create_task(_read_stderr(process, wire)),
        asyncio.create_task(_write(process, from_session)),
    ]
    try:
        yield session_reads, session_writes
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for stream in (to_session, session_reads, session_writes, from_session):
            stream.close()
        await kill(process)


async def _read(
    process: Process, session: MemoryObjectSendStream[SessionMessage | Exception], wire: Wire
) -> None:
    """Hand on messages until the server ends or has said too much; then the session ends too."""
    assert process.stdout is not None
    pieces: list[bytes] = []
    try:
        while piece := await process.stdout.read(READ_BYTES):
            if not wire.count(len(piece)):
                return
            *whole, rest = piece.split(b"\n")
            for number, line in enumerate(whole):
                full = b"".join([*pieces, line]) if number == 0 else line
                pieces = []
                if (message := wire.line(full)) is not None:
                    await session.send(message)
            pieces.append(rest)
            if wire.is_junk:
                return
        wire.ended = True
    except _GONE:
        return
    finally:
        # A prompt ends without a newline.
        wire.note_junk(b"".join(pieces)[-1000:])
        session.close()


async def _read_stderr(process: Process, wire: Wire) -> None:
    assert process.stderr is not None
    while piece := await process.stderr.read(READ_BYTES):
        wire.note_stderr(piece)
        if not wire.count(len(piece)):
            await kill(process)
            return


async def _write(process: Process, session: MemoryObjectReceiveStream[SessionMessage]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(*_GONE):
        async for told in session:
            text = told.message.model_dump_json(by_alias=True, exclude_unset=True)
            process.stdin.write(text.encode() + b"\n")
            await process.stdin.drain()
