"""Speaks to a server over streamable HTTP, with what it sends counted.

The SDK's transport does the talking. Below it every response's bytes are counted, above it its
messages are tapped."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio
import httpx2
from mcp.client._transport import ReadStream, TransportStreams
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from datagen.agentic.tools.harvest.wire import Wire


class TooMuch(httpx2.StreamError):
    """A response goes beyond what a server may send."""


@asynccontextmanager
async def http(
    url: str, headers: Mapping[str, str], wire: Wire, timeout_s: float
) -> AsyncIterator[TransportStreams]:
    """Connect and yield the session's streams."""
    counted = _Counted(httpx2.AsyncHTTPTransport(), wire)
    to_session, session_reads = anyio.create_memory_object_stream[SessionMessage | Exception](16)
    async with (
        httpx2.AsyncClient(transport=counted, headers=headers, timeout=timeout_s) as client,
        streamable_http_client(url, http_client=client) as (received, session_writes),
    ):
        relay = asyncio.create_task(_relay(received, to_session, wire))
        try:
            yield session_reads, session_writes
        finally:
            relay.cancel()
            await asyncio.gather(relay, return_exceptions=True)
            to_session.close()
            session_reads.close()


async def _relay(
    received: ReadStream[SessionMessage | Exception],
    session: anyio.streams.memory.MemoryObjectSendStream[SessionMessage | Exception],
    wire: Wire,
) -> None:
    try:
        async for told in received:
            await session.send(wire.tap(told) if isinstance(told, SessionMessage) else told)
    except (anyio.ClosedResourceError, anyio.BrokenResourceError):
        return
    finally:
        session.close()


class _Counted(httpx2.AsyncBaseTransport):
    """A transport whose responses end in an error at the limit."""

    def __init__(self, below: httpx2.AsyncBaseTransport, wire: Wire) -> None:
        self._below = below
        self._wire = wire

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._below.handle_async_request(request)
        if response.is_error and request.method == "POST":
            self._wire.refused = response.status_code
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _CountedStream(response.stream, self._wire)
        return response

    async def aclose(self) -> None:
        await self._below.aclose()


class _CountedStream(httpx2.AsyncByteStream):
    def __init__(self, below: httpx2.AsyncByteStream, wire: Wire) -> None:
        self._below = below
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._below:
            if not self._wire.count(len(piece)):
                raise TooMuch("the server sent more than it may")
            yield piece

    async def aclose(self) -> None:
        await self._below.aclose()
