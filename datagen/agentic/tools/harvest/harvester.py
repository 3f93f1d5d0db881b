"""Harvests one server: install, start, list, stop; its tools as they came, or the reason."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from mcp.client._transport import TransportStreams

from datagen.agentic.tools.harvest.http import http
from datagen.agentic.tools.harvest.install import Environment, install
from datagen.agentic.tools.harvest.listing import RECEIVED_BYTES, list_tools
from datagen.agentic.tools.harvest.outcome import Listing, ServerFailed
from datagen.agentic.tools.harvest.own import Runnable, runnable
from datagen.agentic.tools.harvest.servers import Server
from datagen.agentic.tools.harvest.stdio import stdio
from datagen.agentic.tools.harvest.wire import Wire
from datagen.agentic.tools.harvest.workspaces import replaced, workspace
from datagen.sandbox import Limits, Sandbox

MIB = 1 << 20
SERVER_LIMITS = Limits(
    cpu_s=300, data_bytes=4096 * MIB, processes=256, tmp_bytes=512 * MIB, file_bytes=512 * MIB
)
"""Of a running server. Memory is what Node and servers with pandas or DuckDB start with."""
OLD_SDK = "mcp<2"
SDK_BREAKS = ("ImportError", "ModuleNotFoundError", "AttributeError", "TypeError")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how much one server may take."""

    seconds: float = 60.0
    """From its start to its last page; installing is not counted. Slowest of the catalogue: 20 s on
    two busy cores."""
    received_bytes: int = RECEIVED_BYTES


@dataclass(frozen=True, slots=True)
class Harvested:
    """What one server gave."""

    listing: Listing
    more: tuple[str, ...] = ()
    """Requirements that its entry lacked."""


async def harvest_server(server: Server, patience: Patience | None = None) -> Harvested:
    """All tools of one server.

    Raises:
        ServerFailed: it gives none, with the reason.
        RecipeError: there is no sandbox here.
    """
    patience = patience or Patience()
    if server.entry.url:
        return Harvested(await _over_http(server, patience))
    run = runnable(server.entry)
    try:
        return Harvested(await _over_stdio(server, run, (), patience))
    except ServerFailed as problem:
        if not _wants_old_sdk(run, problem):
            raise
    # Its package asks for any `mcp`, and was written for the one before 2.
    return Harvested(await _over_stdio(server, run, (OLD_SDK,), patience), (OLD_SDK,))


def _wants_old_sdk(run: Runnable, problem: ServerFailed) -> bool:
    package = run.package
    return (
        package is not None
        and package.registry == "pypi"
        and problem.reason == "no_start"
        and any(name in problem.detail for name in SDK_BREAKS)
        and not any(extra.startswith(("mcp<", "mcp=")) for extra in package.extras)
    )


async def _over_http(server: Server, patience: Patience) -> Listing:
    entry = server.entry

    def connect(wire: Wire) -> AbstractAsyncContextManager[TransportStreams]:
        return http(entry.url, entry.headers, wire, patience.seconds)

    return await list_tools(
        connect, timeout_s=patience.seconds, received_bytes=patience.received_bytes
    )


async def _over_stdio(
    server: Server, run: Runnable, more: tuple[str, ...], patience: Patience
) -> Listing:
    binds, path = list(run.binds), []
    argv = [replaced(part) for part in run.argv]
    if run.package is not None:
        environment = await install(run.package, more)
        binds.append(environment.bind())
        path.append(environment.bin)
        argv[0] = _program(argv[0], environment)
    sandbox = Sandbox(replace(SERVER_LIMITS, seconds=patience.seconds)).require()
    async with workspace(server.entry, binds, path) as folder:
        line = sandbox.command(
            argv, workspace=folder, binds=binds, env=_environment(server), path=path
        )

        def connect(wire: Wire) -> AbstractAsyncContextManager[TransportStreams]:
            return stdio(line, wire)

        return await list_tools(
            connect, timeout_s=patience.seconds, received_bytes=patience.received_bytes
        )


def _environment(server: Server) -> Mapping[str, str]:
    given = {name: replaced(value) for name, value in server.entry.env.items()}
    return {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"} | given


def _program(command: str, environment: Environment) -> str:
    """The command; for `npx PACKAGE`, the package's one program."""
    if not command.startswith("npm-bin:"):
        return command
    name = command.removeprefix("npm-bin:")
    programs = sorted(path.name for path in _npm_programs(environment.folder, name))
    if not programs:
        raise ServerFailed("no_start", f"{name}: the package has no program")
    wanted = name.rpartition("/")[2]
    return wanted if wanted in programs else programs[0]


def _npm_programs(folder: Path, name: str) -> list[Path]:
    package = (folder / "node_modules" / name).resolve()
    links = (folder / "node_modules" / ".bin").glob("*")
    return [link for link in links if link.resolve().is_relative_to(package)]
