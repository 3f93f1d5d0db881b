"""Fills a run folder with the tools of real servers, a few servers at a time.

A partition is one server, named by a hash of its entry: a changed entry is a new partition that
takes the old one's place, an unchanged one is not asked again, and each is committed as soon as its
server is done. Servers that could not be tried are tried again at the next entry. Not the runner:
nothing here asks a model, and what bounds it is starting processes."""

import asyncio
import datetime
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from datagen.agentic.tools.harvest.harvester import Patience, harvest_server
from datagen.agentic.tools.harvest.outcome import ServerFailed
from datagen.agentic.tools.harvest.rows import server_reject, tool_rows
from datagen.agentic.tools.harvest.servers import Server
from datagen.errors import RecipeError
from datagen.repository.repository_run import RepositoryRun, Standing
from datagen.sandbox import Sandbox
from datagen.schemas import Tool, ToolReject

PIPELINE = "tools harvest"
JOBS = 3
"""Servers at a time. Installs wait on the registry, starts on a core."""
TICK_S = 0.5

OnTick = Callable[[Standing, Sequence[str]], None]
"""Told where the harvest stands and which servers are being asked."""


def harvest(
    servers: Sequence[Server],
    output: Path,
    *,
    jobs: int = JOBS,
    patience: Patience | None = None,
    on_tick: OnTick = lambda standing, working: None,
) -> Standing:
    """Ask every server that the run doesn't have yet, `jobs` at a time.

    Raises:
        RecipeError: there is no server, or no sandbox here.
        StorageError: the folder holds another kind of run, or can't be written.
    """
    if not servers:
        raise RecipeError("no server to harvest: the file names none that is enabled")
    if any(not server.entry.url for server in servers):
        Sandbox().require()
    inputs = sorted({server.where for server in servers})
    run = RepositoryRun(output, pipeline=PIPELINE, identity={}, inputs=inputs)
    with _entered(run):
        by_id = {server.id: server for server in servers}
        _forget_changed(run, servers)
        todo = run.plan(list(dict.fromkeys([*run.standing.commits, *by_id])))
        _write_plan(run, servers)
        asked = [server for key, server in by_id.items() if key in todo]
        asyncio.run(_drain(run, asked, max(1, jobs), patience or Patience(), on_tick))
    on_tick(run.standing, ())
    return run.standing


@contextmanager
def _entered(run: RepositoryRun) -> Iterator[None]:
    """An entry whose lock ends with it, so that the same process can enter again."""
    with ExitStack() as stack:
        run.__enter__()
        stack.callback(run.folder.release)
        stack.push(run.__exit__)
        yield


async def _drain(
    run: RepositoryRun, todo: Sequence[Server], jobs: int, patience: Patience, on_tick: OnTick
) -> None:
    """Ask the servers; each in a task of its own from its start to its end."""
    gate = asyncio.Semaphore(jobs)
    working: list[str] = []

    async def one(server: Server) -> None:
        async with gate:
            working.append(server.name)
            try:
                await _ask(run, server, patience)
            finally:
                working.remove(server.name)

    waiting = {asyncio.create_task(one(server)) for server in todo}
    try:
        while waiting:
            done, waiting = await asyncio.wait(
                waiting, timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
            on_tick(run.standing, tuple(working))
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _ask(run: RepositoryRun, server: Server, patience: Patience) -> None:
    """Commit what one server gives."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    tools: Sequence[Tool] = ()
    rejects: Sequence[ToolReject] = ()
    try:
        found = await harvest_server(server, patience)
    except ServerFailed as problem:
        rejects = [server_reject(server, problem)]
    else:
        tools, rejects = tool_rows(server, found, today)
    run.publish(
        server.id,
        {"rejects": rejects, "tools": tools},
        found=len(tools) + len(rejects),
        totals={"servers": 1, "servers_with_tools": int(bool(tools))},
    )


def _forget_changed(run: RepositoryRun, servers: Sequence[Server]) -> None:
    """Delete what servers gave before their entries changed; else their tools would stand twice."""
    current = {server.name: server.id for server in servers}
    for partition, line in _planned(run).items():
        name = json.loads(line)["server"]
        if partition in run.standing.commits and current.get(name, partition) != partition:
            for table in reversed(run.folder.tables):  # the marker's table first
                for shard in sorted((run.folder.path / table).glob(f"{partition}.*")):
                    shard.unlink()
            del run.standing.commits[partition]


def _write_plan(run: RepositoryRun, servers: Sequence[Server]) -> None:
    """Say which partition is which server; those of earlier entries stay."""
    known = _planned(run)
    for server in servers:
        told = {"partition": server.id, "server": server.name, "source": server.source()}
        known[server.id] = json.dumps(told, ensure_ascii=False)
    run.folder.write_text(_plan_path(run), "".join(f"{line}\n" for line in known.values()))


def _planned(run: RepositoryRun) -> dict[str, str]:
    path = _plan_path(run)
    lines = path.read_text().splitlines() if path.exists() else []
    return {json.loads(line)["partition"]: line for line in lines}


def _plan_path(run: RepositoryRun) -> Path:
    return run.folder.path / "plan" / "servers.jsonl"
