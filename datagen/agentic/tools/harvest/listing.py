"""Asks one connected server for all its tools, and says what went wrong where it doesn't answer.

Everything from connect to close happens in the task that calls `list_tools`, since the SDK's
scopes may not be left by another one than entered them."""

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx2
import mcp_types as types
from mcp import ClientSession, MCPError
from mcp.client._transport import TransportStreams

from datagen import __version__
from datagen.agentic.tools.harvest.outcome import Listing, ServerFailed
from datagen.agentic.tools.harvest.wire import Wire

PAGES = 500
"""Most pages of a list; the largest real server lists some hundreds of tools in one page."""
RECEIVED_BYTES = 32 << 20
"""Most that a server may send. The largest lists seen are below 2 MB."""
NO_SUCH_METHOD = -32601
WRONG_VERSION = -32022
KEY_IS_MISSING = (401, 403, 407)
_ASKS = re.compile(
    r"(?i)(pass(word|phrase|code)|api[ _-]?key|token|user ?name|log ?in|credential|secret)"
    r"[^\n]{0,60}[:?>]\s*$"
)
_NEEDS = re.compile(
    r"(?i)(password|api[ _-]?key|api[ _-]?token|access[ _-]?token|credential|secret|_KEY|_TOKEN)"
    r"[^\n]{0,80}(required|missing|not (been )?(set|provided|found|configured)|must be|undefined)"
    r"|(required|missing|not (set|provided|found)|must (set|provide)|please (set|provide)|set the)"
    r"[^\n]{0,80}(password|api[ _-]?key|token|credential|secret|_KEY\b)"
)
Connect = Callable[[Wire], AbstractAsyncContextManager[TransportStreams]]


async def list_tools(
    connect: Connect, *, timeout_s: float, received_bytes: int = RECEIVED_BYTES
) -> Listing:
    """All tools of the server, page by page.

    Raises:
        ServerFailed: it gives none, with the reason.
    """
    wire = Wire(received_bytes)
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # a server's mistakes are a row, not a log
    try:
        async with asyncio.timeout(timeout_s), connect(wire) as streams:
            return await _listed(streams, wire)
    except TimeoutError:
        raise _failed(wire, f"no answer within {timeout_s:.0f} s", timed_out=True) from None
    except Exception as problem:
        told = _innermost(problem)
        if isinstance(told, ServerFailed):
            raise told from None
        if not isinstance(told, MCPError | ValueError | RuntimeError | OSError | httpx2.HTTPError):
            raise
        raise _failed(wire, str(told) or type(told).__name__, error=told) from problem


async def _listed(streams: TransportStreams, wire: Wire) -> Listing:
    info = types.Implementation(name="datagen", version=__version__)
    async with ClientSession(*streams, client_info=info) as session:
        protocol, server = await _handshake(session)
        cursors: set[str] = set()
        cursor: str | None = None
        for page in range(1, PAGES + 1):
            params = types.PaginatedRequestParams(cursor=cursor) if cursor else None
            request = types.ListToolsRequest(params=params)
            answer = await session.send_request(request, types.ListToolsResult)
            cursor = answer.next_cursor
            if not cursor:
                return Listing(_joined(wire), protocol, page, server)
            if cursor in cursors:
                raise ServerFailed("bad_protocol", "nextCursor repeats: the list has no end")
            cursors.add(cursor)
    raise ServerFailed("bad_protocol", f"the list has more than {PAGES} pages")


async def _handshake(session: ClientSession) -> tuple[str, dict[str, object]]:
    """The agreed protocol version and the server's own name: `initialize`, or for servers that
    know only the newer way, `server/discover`."""
    try:
        result = await session.initialize()
    except MCPError as problem:
        if problem.error.code != WRONG_VERSION:
            raise
        found = await session.discover()
        return session.protocol_version or "", dict(found.meta or {})
    return str(result.protocol_version), result.server_info.model_dump(
        mode="json", by_alias=True, exclude_none=True, include={"name", "version", "title"}
    )


def _joined(wire: Wire) -> tuple[object, ...]:
    if not all(isinstance(tools, list) for tools in wire.lists):
        raise ServerFailed("bad_protocol", "tools is not a list")
    tools = tuple(tool for page in wire.lists for tool in page)
    if not tools:
        raise ServerFailed("no_tools_found", "the server lists no tool")
    return tools


def _innermost(problem: BaseException) -> BaseException:
    """The first error of a task group's."""
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem


def _failed(
    wire: Wire, detail: str, *, timed_out: bool = False, error: BaseException | None = None
) -> ServerFailed:
    """What a broken conversation was about."""
    stderr = wire.stderr.decode(errors="replace").strip()
    last = next((line for line in reversed(stderr.splitlines()) if line.strip()), "")
    said = last or wire.junk.strip()
    if wire.flooded:
        return ServerFailed("flooded", f"sent more than {wire.limit:,} bytes")
    if wire.refused:
        asks = wire.refused in KEY_IS_MISSING
        return ServerFailed("needs_password" if asks else "no_start", f"HTTP {wire.refused}")
    if any(_ASKS.search(text.rstrip()[-200:]) for text in (stderr, wire.junk)):
        return ServerFailed("needs_password", said)
    if not wire.messages and _NEEDS.search(stderr or wire.junk):
        return ServerFailed("needs_password", said)
    if timed_out:
        return ServerFailed("timeout", f"{detail}{': ' if said else ''}{said}")
    if wire.messages:
        return _after_a_message(wire, detail, said, error)
    if wire.junk_lines and not last:
        return ServerFailed("bad_protocol", f"writes what is no message: {wire.junk.strip()}")
    return ServerFailed("no_start", said or detail)


def _after_a_message(
    wire: Wire, detail: str, said: str, error: BaseException | None
) -> ServerFailed:
    if isinstance(error, MCPError) and error.error.code == NO_SUCH_METHOD:
        return ServerFailed("no_tools_found", "the server has no tools/list")
    if wire.ended:
        return ServerFailed("no_start", f"ended before it had listed its tools: {said or detail}")
    return ServerFailed("bad_protocol", detail)
