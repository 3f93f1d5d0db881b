"""Ray: the only file that imports it. Actors for workers, for engines that own a model, for the
embedder.

Ray restarts an actor that died; a call that was under way then is asked again here (an engine's) or
run again from its journal (a worker's partition). A local Ray is started for the run and stopped
with it."""

import asyncio
import contextlib
import hashlib
import logging
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ray
from numpy.typing import NDArray
from ray.exceptions import ActorDiedError, RayActorError, RayTaskError

from datagen.engines.base import ROLES, Completion, Engine, EngineFacts, Request
from datagen.engines.gate import PriorityGate
from datagen.engines.make import make_engine
from datagen.errors import DatagenError, EngineError, RecipeError
from datagen.recipe import EngineOptions
from datagen.runner.rows import Tally
from datagen.runner.worker import Assignment, Worker
from datagen.shards import Commit
from datagen.stage import Partition, Preview

LOCAL = {"include_dashboard": False, "num_cpus": 2, "object_store_memory": 200 << 20}
"""Ray starts as many idle processes as it has CPUs, and no table travels through its object
store."""
LOCAL_STARTS = 2
"""Ray waits half a minute for its processes; on a busy machine the second try finds them cached."""
SHARE_OF_A_CPU = 0.01
"""What a worker reserves on a cluster. One that reserved a CPU would wait for ever, and its
partitions with it, when a node was lost and the others are full; one that reserved nothing might
land on a head node that is to run nothing."""
ENGINE_RESTARTS = 20
CALL_TRIES = 4
"""Times that one call is asked of a replica that keeps dying before its row fails."""


class EngineActor:
    """A replica of an engine that owns a model; loads it again after a restart."""

    def __init__(self, options: EngineOptions, concurrency: int | None) -> None:
        self.engine = make_engine(options, concurrency=concurrency)
        self._starting: asyncio.Task[EngineFacts] | None = None

    async def start(self) -> EngineFacts:
        if self._starting is None:
            self._starting = asyncio.ensure_future(self.engine.start())
        return await asyncio.shield(self._starting)

    async def complete(self, request: Request) -> Completion:
        await self.start()
        return await self.engine.complete(request)


class EmbedActor:
    """The sentence embedder and the gate's reader, shared by all workers so that their rows fill
    the batches. Either loads its model when it is first asked."""

    def __init__(self, threads: int) -> None:
        from datagen.engines.embeddings import Embedder
        from datagen.engines.reader import Reader

        self.embedder = Embedder(threads=threads)
        self.reader = Reader(threads=threads)
        self._starting: asyncio.Task[None] | None = None

    async def read(self, pairs: list[tuple[str, str]]) -> NDArray[Any]:
        await self.reader.start()
        return await self.reader.read(pairs)

    async def embed(self, sentences: list[str]) -> NDArray[Any]:
        if self._starting is None:
            self._starting = asyncio.ensure_future(self.embedder.start())
        await asyncio.shield(self._starting)
        return await self.embedder.embed(sentences)


class ReplicaPool:
    """The worker's side of engine replicas: a row's requests go to one of them, the neediest row
    first."""

    def __init__(self, replicas: Sequence[Any], facts: EngineFacts, concurrency: int) -> None:
        self.replicas = replicas
        self.facts = facts
        self.gate = PriorityGate(concurrency)

    async def start(self) -> EngineFacts:
        return self.facts

    async def complete(self, request: Request) -> Completion:
        place = int.from_bytes(hashlib.blake2b(request.row.encode(), digest_size=4).digest(), "big")
        replica = self.replicas[place % len(self.replicas)]
        async with self.gate(request.priority):
            for attempt in range(CALL_TRIES):
                try:
                    completion: Completion = await replica.complete.remote(request)
                    return completion
                except RayActorError as problem:
                    if isinstance(problem, ActorDiedError) and not _restarts(problem):
                        raise _replica_lost(fatal=True) from problem
                    await asyncio.sleep(0.5 * 2**attempt)
                except RayTaskError as problem:
                    raise cause(problem) from None
        raise _replica_lost(fatal=False)

    async def close(self) -> None:
        return None


class SharedModels:
    """The worker's side of the embedder's actor."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    async def __call__(self, sentences: Sequence[str]) -> NDArray[Any]:
        """Embeddings of sentences."""
        vectors: NDArray[Any] = await self._actor.embed.remote(list(sentences))
        return vectors

    async def read(self, pairs: Sequence[tuple[str, str]]) -> NDArray[Any]:
        """What the gate's reader says of (evidence, claim)."""
        outputs: NDArray[Any] = await self._actor.read.remote(list(pairs))
        return outputs


class WorkerActor:
    """A `Worker` in a process of its own."""

    def __init__(
        self,
        assignment: Assignment,
        options: EngineOptions,
        concurrency: int,
        pool: tuple[Sequence[Any], EngineFacts] | None,
        embedder: Any,
    ) -> None:
        self.engine: Engine = (
            ReplicaPool(*pool, concurrency)
            if pool
            else make_engine(options, concurrency=concurrency)
        )

        engines = dict.fromkeys(ROLES, self.engine)
        self.worker = Worker(assignment, engines, SharedModels(embedder) if embedder else None)
        self._starting: asyncio.Task[EngineFacts] | None = None

    async def start(self) -> EngineFacts:
        if self._starting is None:
            self._starting = asyncio.ensure_future(self.engine.start())
        return await asyncio.shield(self._starting)

    async def run(self, partition: Partition, order: int) -> Commit:
        await self.start()  # a worker that replaces a dead one is given partitions at once
        return await self.worker.run(partition, order)

    async def progress(self) -> tuple[Tally, Preview | None]:
        return self.worker.progress()


class Cluster:
    """A Ray that is joined at an address, or started for this run and stopped with it."""

    def __init__(self, address: str | None) -> None:
        self.address = address

    def __enter__(self) -> "Cluster":
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        # Ray's default of 15 starves a model beside anything else that runs on the machine.
        os.environ.setdefault("RAY_worker_niceness", "0")
        # "local": a bare init joins whatever cluster an old file in the temporary folder names.
        where = {"address": self.address} if self.address else {"address": "local", **LOCAL}
        stop = signal.getsignal(signal.SIGTERM)
        problem: Exception | None = None
        for _ in range(1 if self.address else LOCAL_STARTS):
            try:
                ray.init(logging_level=logging.ERROR, log_to_driver=False, **where)
                break
            except Exception as failed:  # a node that times out is a bare Exception in Ray
                problem = failed
                ray.shutdown()  # and what it had started by then
        else:
            raise _no_ray(self.address, problem) from None
        with contextlib.suppress(ValueError):  # not the main thread: Ray left the handler alone too
            signal.signal(signal.SIGTERM, stop)  # Ray's own would exit with 15 and say nothing
        return self

    def __exit__(self, *_: object) -> None:
        ray.shutdown()

    @property
    def cores(self) -> int:
        """CPU cores that workers can use."""
        if self.address:
            return int(ray.cluster_resources().get("CPU", 1))
        return os.cpu_count() or 1

    def replicas(self, options: EngineOptions) -> tuple[list[Any], EngineFacts]:
        """Actors that own a model, loaded; facts are of all replicas together."""
        each = options.concurrency and max(1, options.concurrency // options.replicas)
        actor = ray.remote(EngineActor).options(
            max_restarts=ENGINE_RESTARTS,
            max_concurrency=10_000,
            num_cpus=self._cpus(options.threads or 1),
            num_gpus=options.gpus,
        )
        replicas = [actor.remote(options, each) for _ in range(options.replicas)]
        facts: list[EngineFacts] = started(replicas)
        together = sum(fact.concurrency for fact in facts)
        return replicas, replace(facts[0], concurrency=together)

    def embedder(self, threads: int) -> Any:
        """The embedder's actor; it loads its model when it is first asked."""
        actor = ray.remote(EmbedActor).options(
            max_restarts=-1,
            max_task_retries=3,
            max_concurrency=10_000,
            **self._anywhere(),
        )
        return actor.remote(threads)

    def worker(self, *arguments: Any) -> Any:
        """A worker's actor. Not restarted by Ray: the driver starts another and gives it the
        partitions."""
        actor = ray.remote(WorkerActor).options(
            max_restarts=0, max_concurrency=1000, **self._anywhere()
        )
        return actor.remote(*arguments)

    def _anywhere(self) -> dict[str, Any]:
        """Where an actor that must always find a place runs: spread over the nodes with CPUs, on
        any that is not full of engines."""
        if not self.address:
            return {"num_cpus": 0}
        return {"num_cpus": SHARE_OF_A_CPU, "scheduling_strategy": "SPREAD"}

    def _cpus(self, count: int) -> int:
        """CPUs to reserve: on one machine none, so that every actor finds a place."""
        return count if self.address else 0


class WorkerDied(Exception):
    """The process of an actor is gone, and with it the call."""


def get(references: Any) -> Any:
    """Results; what an actor raised is raised here as it was raised there."""
    try:
        return ray.get(references)
    except RayTaskError as problem:
        raise cause(problem) from None
    except RayActorError as problem:
        raise WorkerDied(str(problem)) from None


def started(actors: Sequence[Any]) -> list[EngineFacts]:
    """Start actors; one whose process ends while it starts ends the run."""
    try:
        return list(get([actor.start.remote() for actor in actors]))
    except WorkerDied as problem:
        line = "a process died while it started (out of memory, or a crash in the model's library?)"
        raise EngineError(line, kind="unreachable", fatal=True) from problem


def wait(references: list[Any], timeout_s: float) -> list[Any]:
    """Those of the references that are ready."""
    if not references:
        return []
    ready, _ = ray.wait(references, num_returns=len(references), timeout=timeout_s)
    return list(ready)


def cause(problem: RayTaskError) -> BaseException:
    """What the actor's code raised; a bug keeps the traceback that Ray brought along."""
    inner = problem.cause
    while isinstance(inner, RayTaskError):
        inner = inner.cause
    return inner if isinstance(inner, DatagenError) else problem


def _no_ray(address: str | None, problem: Exception | None) -> RecipeError:
    line = (str(problem).strip() or repr(problem)).splitlines()[0]
    if address:
        return RecipeError(f"--ray-address {address}: Ray does not answer ({line})")
    return RecipeError(f"Ray does not start on this machine ({line}); try again")


def _restarts(problem: ActorDiedError) -> bool:
    return "max_restarts" not in str(problem) and "ran out" not in str(problem)


def _replica_lost(*, fatal: bool) -> EngineError:
    return EngineError(
        "the engine's process died again and again (out of memory?)",
        kind="unreachable",
        fatal=fatal,
    )
