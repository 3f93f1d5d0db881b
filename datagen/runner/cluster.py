"""Ray: the only file that imports it. Actors for workers, for engines that own a model, for the embedder.

Ray restarts an actor that died; a call that was under way then is asked again here (an engine's) or run again
from its journal (a worker's partition). A local Ray is started for the run and stopped with it.
"""

import asyncio
import hashlib
import logging
import os
from collections.abc import Sequence
from typing import Any

import ray
from numpy.typing import NDArray
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayActorError, RayTaskError

from datagen.engines.base import Completion, Engine, EngineFacts, Request
from datagen.engines.gate import PriorityGate
from datagen.engines.make import OWNS_A_MODEL, make_engine
from datagen.errors import DatagenError, EngineError, RecipeError
from datagen.recipe import EngineOptions
from datagen.runner.rows import Tally
from datagen.runner.worker import Assignment, Worker
from datagen.shards import Commit
from datagen.stage import Partition, Preview

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
    """The sentence embedder, shared by all workers so that their rows fill its batches."""

    def __init__(self, threads: int) -> None:
        from datagen.engines.embeddings import Embedder

        self.embedder = Embedder(threads=threads)
        self._starting: asyncio.Task[None] | None = None

    async def embed(self, sentences: list[str]) -> NDArray[Any]:
        if self._starting is None:
            self._starting = asyncio.ensure_future(self.embedder.start())
        await asyncio.shield(self._starting)
        return await self.embedder.embed(sentences)


class ReplicaPool:
    """The worker's side of engine replicas: a row's requests go to one of them, the neediest row first."""

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

        async def embed(sentences: Sequence[str]) -> NDArray[Any]:
            vectors: NDArray[Any] = await embedder.embed.remote(list(sentences))
            return vectors

        self.worker = Worker(assignment, {"rewriter": self.engine}, embed if embedder else None)

    async def start(self) -> EngineFacts:
        return await self.engine.start()

    async def run(self, partition: Partition, order: int) -> Commit:
        return await self.worker.run(partition, order)

    async def progress(self) -> tuple[Tally, Preview | None]:
        return self.worker.progress()


def connect(address: str | None) -> None:
    """Join the cluster at `address`, or start a Ray of our own on this machine."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    common: dict[str, Any] = {
        "logging_level": logging.ERROR,
        "log_to_driver": False,
        "namespace": f"datagen-{os.getpid()}",
    }
    try:
        if address:
            ray.init(address=address, **common)
        else:
            # "local": a bare init joins whatever cluster an old file in the temporary folder names.
            # Logical CPUs only place actors; on a laptop all of them must find a place.
            ray.init(address="local", include_dashboard=False, num_cpus=256, **common)
    except (ConnectionError, RuntimeError, ValueError) as problem:
        line = str(problem).strip().splitlines()[0] if str(problem).strip() else repr(problem)
        raise RecipeError(f"--ray-address {address or 'local'}: Ray does not answer ({line})") from None


def disconnect() -> None:
    """Leave the cluster, or stop our own."""
    ray.shutdown()


def cores(address: str | None) -> int:
    """CPU cores that workers can use."""
    return int(ray.cluster_resources().get("CPU", 1)) if address else os.cpu_count() or 1


def start_replicas(options: EngineOptions) -> tuple[list[Any], EngineFacts]:
    """Actors that own a model, loaded; facts are of all replicas together."""
    each = options.concurrency and max(1, options.concurrency // options.replicas)
    actor = ray.remote(EngineActor).options(
        max_restarts=ENGINE_RESTARTS,
        max_concurrency=10_000,
        num_cpus=options.threads or 1,
        num_gpus=options.gpus,
    )
    replicas = [actor.remote(options, each) for _ in range(options.replicas)]
    facts: list[EngineFacts] = get([replica.start.remote() for replica in replicas])
    first = facts[0]
    together = sum(fact.concurrency for fact in facts)
    return replicas, EngineFacts(
        first.model, together, first.rows_in_flight, first.context_tokens, first.extras
    )


def start_embedder(threads: int) -> Any:
    """The embedder's actor; it loads its model when it is first asked."""
    actor = ray.remote(EmbedActor)
    return actor.options(max_restarts=-1, max_task_retries=3, max_concurrency=10_000).remote(threads)


def start_worker(*arguments: Any) -> Any:
    """A worker's actor. Not restarted by Ray: the driver starts another and gives it the partitions."""
    return ray.remote(WorkerActor).options(max_restarts=0, max_concurrency=1000).remote(*arguments)


def owns_model(options: EngineOptions) -> bool:
    return options.kind in OWNS_A_MODEL


def get(references: Any) -> Any:
    """Results; what an actor raised is raised here as it was raised there."""
    try:
        return ray.get(references)
    except RayTaskError as problem:
        raise cause(problem) from None


def wait(references: list[Any], timeout_s: float) -> list[Any]:
    """Those of the references that are ready."""
    ready, _ = ray.wait(references, num_returns=len(references), timeout=timeout_s)
    return list(ready)


def died(problem: BaseException) -> bool:
    """Whether an exception means that an actor's process is gone."""
    return isinstance(problem, ActorDiedError | ActorUnavailableError | RayActorError)


def cause(problem: RayTaskError) -> BaseException:
    """What the actor's code raised."""
    inner = problem.cause
    while isinstance(inner, RayTaskError):
        inner = inner.cause
    return inner if isinstance(inner, DatagenError) else problem


def _restarts(problem: ActorDiedError) -> bool:
    return "max_restarts" not in str(problem) and "ran out" not in str(problem)


def _replica_lost(*, fatal: bool) -> EngineError:
    return EngineError(
        "the engine's process died again and again (out of memory?)", kind="unreachable", fatal=fatal
    )


