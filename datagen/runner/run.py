"""One entry into a run: check, plan, take the lease, keep workers busy, write the manifest.

The driver's work is per partition. What is done is read from the shards; the manifest repeats it,
so it is never ahead of them."""

import asyncio
import contextlib
import json
import platform
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen import __version__
from datagen.engines.base import EngineFacts
from datagen.engines.make import DEFAULT_MODEL, OWNS_A_MODEL, make_engine
from datagen.errors import EngineError, RecipeError, StorageError
from datagen.journal import convictions
from datagen.recipe import Recipe, differences, resolved_toml
from datagen.runner.plan import load_plan, refuse_strangers, save_plan, within
from datagen.runner.rows import Spent, Tally
from datagen.runner.worker import Assignment, share
from datagen.schemas import Row
from datagen.shards import Commit, RunFolder
from datagen.stage import Partition, Pipeline, Plan, Planner, Preview

if TYPE_CHECKING:
    from datagen.runner.cluster import Cluster

OPEN_PARTITIONS = 2
"""Partitions that a worker holds: the rows of the next fill the gaps that the last rows of one
leave."""
TICK_S = 0.2
MANIFEST_INTERVAL_S = 5.0
WORKER_DEATHS_IN_A_ROW = 40
"""Deaths without a finished partition or a row given up, after which the entry gives up."""


@dataclass(frozen=True, slots=True)
class Job:
    """What an entry is asked to do."""

    name: str
    """Of the pipeline."""
    recipe: Recipe
    planner: Planner
    identity: dict[str, Any]
    pipeline: Callable[[Any], Pipeline]
    tables: Mapping[str, type[Row]]
    output: Path
    ray_address: str | None = None
    embeds: bool = False
    context_tokens: int = 0
    """What the longest request needs, prompt and answer together."""
    rows_per_slot: float = 0.0
    """Rows to keep open per unit of concurrency where the engine bears more than one; 0: as many
    as the engine says. Rows whose length nobody knows beforehand need more."""


@dataclass(slots=True)
class State:
    """Where a run stands."""

    planned: int = 0
    """Input records within the limit."""
    commits: dict[str, Commit] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    preview: Preview | None = None
    model: str = ""
    started: float = field(default_factory=time.monotonic)
    ready: float | None = None
    """When the first worker was ready, on the same clock."""

    @property
    def failed(self) -> int:
        return sum(commit.failed for commit in self.commits.values())

    @property
    def pending(self) -> int:
        return self.planned - sum(commit.planned for commit in self.commits.values())

    def rows(self, table: str) -> int:
        return sum(commit.rows.get(table, 0) for commit in self.commits.values())

    def totals(self) -> Counter[str]:
        return sum((Counter(dict(c.totals)) for c in self.commits.values()), Counter[str]())

    def reasons(self) -> Counter[str]:
        return sum((Counter(dict(c.reasons)) for c in self.commits.values()), Counter[str]())


def run(job: Job, on_tick: Callable[[State], None] = lambda state: None) -> State:
    """Enter the run until nothing is left to do or something stops it.

    Raises `RecipeError` and `StorageError` for what the user can fix, `EngineError` if the model is
    gone. Everything committed before stays."""
    folder = RunFolder(job.output, job.tables)
    state = State()
    before = _refuse_changes(job, folder)
    earlier = load_plan(folder, job.planner.types) if before else None
    plan = job.planner.extend(earlier)
    folder.take()
    _refuse_changes(job, folder)  # another entry may have come and gone since we looked
    folder.sweep()
    if plan != earlier:
        save_plan(folder, plan)
    state.commits = {commit.partition: commit for commit in folder.commits()}
    entry = Entry(job, folder, state, before, plan)
    todo = entry.todo()
    folder.write_text(folder.path / "recipe.toml", resolved_toml(job.recipe))
    entry.write_manifest("running")
    try:
        if todo:
            entry.drain(todo, on_tick)
    except BaseException:
        entry.write_manifest("unfinished")
        raise
    entry.write_manifest("unfinished" if state.failed or state.pending else "done")
    on_tick(state)
    return state


class Entry:
    """The driver's side of one entry."""

    def __init__(
        self,
        job: Job,
        folder: RunFolder,
        state: State,
        before: dict[str, Any] | None,
        plan: Plan[Any, Any],
    ) -> None:
        self.job = job
        self.folder = folder
        self.state = state
        self.before = before or {}
        self.plan = plan
        self.state.model = str(job.identity.get("engine.model", ""))
        self._workers: list[Any] = []
        self._open: dict[Any, tuple[Any, int, Partition]] = {}
        self._deaths = 0
        self._convictions: dict[str, int] = {}
        self._died = int(self.before.get("worker_deaths", 0))
        self._manifest_at = 0.0
        self._tallies: dict[Any, Tally] = {}
        self._polls: dict[Any, Any] = {}

    def todo(self) -> list[tuple[int, Partition]]:
        """The partitions within the limit that are not done, with their places in the plan."""
        commits = self.state.commits
        chosen = within(self.plan, self.job.planner.limit)
        counted = {partition.id for partition in chosen} | commits.keys()
        self.state.planned = sum(p.count for p in self.plan.partitions if p.id in counted)
        return [
            (order, partition)
            for order, partition in enumerate(chosen)
            if partition.id not in commits or commits[partition.id].failed
        ]

    def drain(self, todo: list[tuple[int, Partition]], on_tick: Callable[[State], None]) -> None:
        """Give the partitions to workers until all are committed, round after round."""
        from datagen.runner.cluster import Cluster, started, wait

        options = self.job.recipe.engine
        # A server that is not there is told before Ray is started.
        reached = None if options.kind in OWNS_A_MODEL else asyncio.run(_reached(options))
        with Cluster(self.job.ray_address) as cluster:
            self._start = self._prepare(cluster, reached, len(todo))
            self._workers = [self._start() for _ in range(self._count)]
            started(self._workers)
            self.state.ready = time.monotonic()
            while todo:
                waiting = list(reversed(todo))
                while waiting or self._open:
                    self._hand_out(waiting)
                    for reference in wait(list(self._open), TICK_S):
                        self._settle(reference, waiting)
                    self._poll()
                    self._keep_manifest()
                    on_tick(self.state)
                todo = self._next_round()

    def _next_round(self) -> list[tuple[int, Partition]]:
        """What the planner adds now that everything is committed; empty: nothing."""
        plan = self.job.planner.extend(self.plan) if self.job.planner.rounds else self.plan
        if plan == self.plan:
            return []
        known = {partition.id for partition in self.plan.partitions}
        save_plan(self.folder, plan)
        self.plan = plan
        return [(order, new) for order, new in self.todo() if new.id not in known]

    def _prepare(
        self, cluster: "Cluster", reached: EngineFacts | None, partitions: int
    ) -> Callable[[], Any]:
        """Load what is shared and say how a worker is started."""
        options, runner = self.job.recipe.engine, self.job.recipe.runner
        embedder = cluster.embedder(runner.embed_threads) if self.job.embeds else None
        pool: tuple[list[Any], EngineFacts] | None = None
        facts = reached
        if facts is None:
            pool = cluster.replicas(options)
            facts = pool[1]
        _refuse_short_context(self.job, facts)
        self._count = runner.workers or max(
            1, min(cluster.cores // 2, facts.concurrency // 32, partitions)
        )
        in_flight = runner.rows_in_flight or _rows_in_flight(self.job, facts)
        assignment = Assignment(
            pipeline=self.job.pipeline,
            folder=str(self.folder.path.absolute()),
            lease=self.folder.lease,
            rows_in_flight=share(in_flight, self._count),
            shard_rows=runner.shard_rows,
        )
        concurrency = share(facts.concurrency, self._count)
        return partial(cluster.worker, assignment, options, concurrency, pool, embedder)

    def _hand_out(self, waiting: list[tuple[int, Partition]]) -> None:
        loads = Counter(id(worker) for worker, _, _ in self._open.values())
        for _ in range(OPEN_PARTITIONS):
            for worker in self._workers:
                if waiting and loads[id(worker)] < OPEN_PARTITIONS:
                    order, partition = waiting.pop()
                    loads[id(worker)] += 1
                    self._open[worker.run.remote(partition, order)] = (worker, order, partition)

    def _settle(self, reference: Any, waiting: list[tuple[int, Partition]]) -> None:
        from datagen.runner.cluster import WorkerDied, get

        worker, order, partition = self._open.pop(reference)
        try:
            commit = get(reference)
        except WorkerDied:
            if self._convicted(partition):
                self._deaths = 0
            waiting.append((order, partition))
            self._replace(worker)
            return
        self._deaths = 0
        self.state.commits[partition.id] = commit

    def _convicted(self, partition: Partition) -> bool:
        """Whether a row of the partition was given up since we last looked: deaths lead
        somewhere."""
        known = self._convictions.get(partition.id, 0)
        self._convictions[partition.id] = convictions(self.folder.journal(partition.id))
        return self._convictions[partition.id] > known

    def _replace(self, worker: Any) -> None:
        if worker not in self._workers:
            return
        self._deaths += 1
        if self._deaths > WORKER_DEATHS_IN_A_ROW:
            raise EngineError(
                f"workers died {self._deaths} times in a row (out of memory?)",
                kind="server_error",
                fatal=True,
            )
        self._died += 1
        self._workers[self._workers.index(worker)] = self._start()

    def _poll(self) -> None:
        """Ask workers how far they are, without waiting for them."""
        from datagen.runner.cluster import WorkerDied, get, wait

        for worker in self._workers:
            reference = self._polls.get(worker)
            if reference is None:
                self._polls[worker] = worker.progress.remote()
            elif wait([reference], 0):
                del self._polls[worker]
                with contextlib.suppress(WorkerDied):
                    self._tallies[worker], preview = get(reference)
                    self.state.preview = self.state.preview or preview
        self.state.tally = _added(list(self._tallies.values()))

    def _keep_manifest(self) -> None:
        if time.monotonic() - self._manifest_at > MANIFEST_INTERVAL_S:
            self.write_manifest("running")

    def write_manifest(self, status: str) -> None:
        """Write down where the run stands; counts are of shards that are already published."""
        self._manifest_at = time.monotonic()
        state, table = self.state, list(self.folder.tables)[-1]
        seconds = float(self.before.get("seconds", 0.0)) + time.monotonic() - state.started
        content = {
            "pipeline": self.job.name,
            "status": status,
            "versions": _versions(),
            "identity": self.job.identity,
            "inputs": list(self.job.planner.names),
            "model": state.model,
            "entries": self.folder.lease,
            "seconds": round(seconds, 1),
            "worker_deaths": self._died,
            "counts": {
                "planned_records": state.planned,
                "pending_records": state.pending,
                "accepted": state.rows(table),
                "rejected": state.rows("rejects") - state.failed,
                "failed": state.failed,
            },
            "totals": dict(state.totals()),
            "reasons": dict(sorted(state.reasons().items())),
        }
        self.folder.write_text(self.folder.manifest_path, _json(content))


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _refuse_changes(job: Job, folder: RunFolder) -> dict[str, Any] | None:
    """The manifest of an earlier entry, if there is one and it made the same; else a line per
    difference."""
    before = refuse_strangers(folder)
    if before is None:
        return None
    if (pipeline := before.get("pipeline")) != job.name:
        changed = [f"pipeline: was {pipeline}, is {job.name}"]
    else:
        earlier = load_plan(folder, job.planner.types)
        changed = differences(before.get("identity", {}), job.identity)
        changed += job.planner.changed(earlier) if earlier else []
    if changed:
        raise StorageError(
            f"{folder.path}: holds a run that was made otherwise ({'; '.join(changed)}); "
            "undo that or choose another --output"
        )
    return before


def _rows_in_flight(job: Job, facts: EngineFacts) -> int:
    per_slot = facts.rows_in_flight
    if per_slot > 1:
        per_slot = max(per_slot, job.rows_per_slot)
    return round(facts.concurrency * per_slot)


def _refuse_short_context(job: Job, facts: EngineFacts) -> None:
    if facts.context_tokens and job.context_tokens > facts.context_tokens:
        raise RecipeError(
            f"chunk.window_tokens: requests of up to {job.context_tokens} tokens don't fit the "
            f"{facts.context_tokens} of {facts.model}; make the window smaller or set "
            "engine.context_tokens"
        )


async def _reached(options: Any) -> EngineFacts:
    engine = make_engine(options)
    try:
        return await engine.start()
    finally:
        await engine.close()


def resolve_model(recipe: Recipe) -> str:
    """The model's name as identity, asking a server that offers only one. Raises if it can't be
    reached."""
    options = recipe.engine
    if options.kind in OWNS_A_MODEL:
        return options.model or DEFAULT_MODEL
    if options.model:
        make_engine(options)
        return options.model
    return asyncio.run(_reached(options)).model


def _added(tallies: list[Tally]) -> Tally:
    total = Tally(asked=Spent())
    for tally in tallies:
        for name in ("rows", "done", "accepted", "failed", "replayed"):
            setattr(total, name, getattr(total, name) + getattr(tally, name))
        for name in asdict(tally.asked):
            setattr(total.asked, name, getattr(total.asked, name) + getattr(tally.asked, name))
    return total


def _versions() -> dict[str, str]:
    names = ("ray", "pyarrow", "tokenizers", "xllamacpp")
    return {"datagen": __version__, "python": platform.python_version()} | {
        name: version(name) for name in names
    }
