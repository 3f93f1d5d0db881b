"""Plans a run in rounds, and between them decides which drafts are new tools.

A round is planned when the one before is committed: its drafts are settled (duplicates out), the
holes of the coverage are looked for, and the next asks go there. What is settled is published as
`pass-NNNN` shards of `duplicates` and `tools`, which are the ledger: a later entry reads them and
never decides on the same draft twice. Drafts beyond the count stay undecided; a larger count takes
them first. The planner holds the accepted tools and their embeddings in memory, about 10 kB a
tool; the drafts themselves stay on disk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import ValidationError

from datagen.agentic.tools.coverage.holes import Hole, holes
from datagen.agentic.tools.coverage.reach import RADIUS
from datagen.agentic.tools.coverage.text import embedded_text
from datagen.agentic.tools.evolve.asks import AskPartition, partitions
from datagen.agentic.tools.evolve.pipeline import EvolvePipeline
from datagen.agentic.tools.evolve.recipe import EvolveRecipe, chosen_taxonomy
from datagen.agentic.tools.evolve.rounds import History, RoundPlanning
from datagen.agentic.tools.evolve.settle import (
    Settled,
    Vectors,
    draft_order,
    duplicate_id,
    key,
    settle,
)
from datagen.errors import RecipeError, StorageError
from datagen.schemas import Row, Tool, ToolReject, row_id
from datagen.shards import Commit, RunFolder
from datagen.stage import Plan

LEDGER: dict[str, type[Row]] = {"duplicates": ToolReject, "tools": Tool}
"""Tables of a run that are settled between rounds; `tools` marks a pass as published."""
BARREN_ROUNDS = 3
"""Rounds in a row without a new tool after which a run gives up."""
MAX_HOLES = 200
SHARD_ROWS = 20_000
R = TypeVar("R", bound=Row)

EvolvePlan = Plan[AskPartition, "FromRun"]


class Embeds(Protocol):
    """Embeds texts: (n, dim), rows of length 1."""

    def embed(self, texts: Sequence[str]) -> NDArray[Any]: ...


@dataclass(frozen=True, slots=True)
class FromRun:
    """A run whose tools are not to be repeated and are to be covered."""

    path: str
    tools: int
    digest: str
    """Of its tools' ids."""


class RoundPlanner:
    """Plans a run in rounds. Its plan grows by one round whenever all that was planned is done."""

    types: ClassVar[tuple[type, type]] = (AskPartition, FromRun)
    rounds: ClassVar[bool] = True
    limit: ClassVar[int | None] = None

    def __init__(
        self,
        recipe: EvolveRecipe,
        output: Path,
        *,
        count: int,
        others: Sequence[Path],
        embedder: Embeds,
        date: str = "",
    ) -> None:
        if count < 1:
            raise RecipeError(f"--count {count}: must be at least 1")
        self.recipe = recipe
        self.count = count
        self.embedder = embedder
        self.others = list(dict.fromkeys(others))
        self.why = ""
        self.planning = RoundPlanning(
            chosen_taxonomy(recipe),
            recipe.rounds,
            recipe.grow,
            recipe.seed,
            date or datetime.now(UTC).date().isoformat(),
        )
        found = {path: run_tools(path) for path in dict.fromkeys(others)}
        self.real = [tool for tools in found.values() for tool in tools]
        self.sources = [
            FromRun(str(path), len(tools), row_id(*sorted(tool.id for tool in tools)))
            for path, tools in found.items()
        ]
        self.tools: list[Tool] = []
        self.duplicates = 0
        self._drafts = RunFolder(output, EvolvePipeline.tables)
        self._ledger = RunFolder(output, LEDGER)
        self._vectors: Vectors | None = None
        """Of `real`, then of `tools`."""
        self._caught_up = False
        self._decided: set[tuple[str, str]] = set()
        self._duplicate_ids: set[str] = set()
        self._finished: dict[str, int] = {}
        self._passes = 0
        self._unpublished: list[tuple[str, Settled]] = []
        self._history = History()
        self._counted = 0
        self.number = 0
        """Rounds planned so far."""

    @property
    def names(self) -> Sequence[str]:
        return [str(path) for path in self.others]

    def changed(self, before: EvolvePlan) -> list[str]:
        """The other runs stand in for inputs: a tool more there is another run here."""
        now = {source.path: source for source in self.sources}
        then = {source.path: source for source in before.inputs}
        lines = [f"--from {path}: was not there before" for path in now.keys() - then.keys()]
        lines += [f"--from {path}: was there before" for path in then.keys() - now.keys()]
        lines += [
            f"--from {path}: had {then[path].tools:,} tools and has {now[path].tools:,}, or others"
            for path in now.keys() & then.keys()
            if now[path] != then[path]
        ]
        return sorted(lines)

    def extend(self, before: EvolvePlan | None) -> EvolvePlan:
        """The plan with the next round, if all before is committed and tools are missing."""
        if before is None:
            before = Plan((), tuple(self.sources))
        commits = {commit.partition: commit for commit in self._drafts.commits()}
        if any(partition.id not in commits for partition in before.partitions):
            return before
        self.number = _rounds(before)
        self._catch_up(before)
        self._settle(commits)
        missing = self.count - len(self.tools)
        if missing <= 0 or (why := self._stopped(before, commits)):
            self.why = "" if missing <= 0 else why
            return before
        return replace(before, partitions=(*before.partitions, *self._next_round(before, missing)))

    def publish(self) -> None:
        """Write what was settled. Needs the run's lease, so that it is called from within it."""
        if not self._unpublished:
            return
        self._ledger.lease = self._ledger.latest_lease()
        while self._unpublished:
            name, settled = self._unpublished[0]
            tables: dict[str, Sequence[Row]] = {
                "duplicates": settled.duplicates,
                "tools": settled.tools,
            }
            reasons = [f"{row.stage}.{row.reason}" for row in settled.duplicates]
            commit = Commit(
                partition=name,
                planned=len(settled.tools) + len(settled.duplicates),
                rows={table: len(rows) for table, rows in tables.items()},
                failed=0,
                totals={},
                reasons={reason: reasons.count(reason) for reason in sorted(set(reasons))},
            )
            self._ledger.publish(commit, tables, shard_rows=SHARD_ROWS)
            self._unpublished.pop(0)

    @property
    def missed(self) -> int:
        """Tools that the count wants and the run does not have."""
        return max(0, self.count - len(self.tools))

    def _catch_up(self, plan: EvolvePlan) -> None:
        """Take in what the ledger holds and what was asked since the last call."""
        if not self._caught_up:
            self._caught_up = True
            for commit in sorted(self._ledger.commits(), key=lambda commit: commit.partition):
                self._passes += 1
                for row in _rows(self._ledger, "tools", commit.partition, Tool):
                    self.tools.append(row)
                    self._decided.add(key(row))
                for refused in _rows(self._ledger, "duplicates", commit.partition, ToolReject):
                    self.duplicates += 1
                    self._duplicate_ids.add(refused.id)
        for partition in plan.partitions[self._counted :]:
            self._history.add(partition)
        self._counted = len(plan.partitions)

    def _settle(self, commits: Mapping[str, Commit]) -> None:
        """Decide on the drafts that are not decided, as far as tools are missing."""
        missing = self.count - len(self.tools)
        drafts = [] if missing <= 0 else self._undecided(commits)
        if not drafts:
            return
        known = self._known_vectors()
        vectors = self.embedder.embed([embedded_text(draft) for draft in drafts])
        settled = settle(
            drafts,
            vectors,
            [*self.real, *self.tools],
            known,
            most=missing,
            across=self.recipe.deduplicate.across,
            within=self.recipe.deduplicate.within,
        )
        self._vectors = np.vstack([known, settled.vectors])
        self.tools += settled.tools
        self.duplicates += len(settled.duplicates)
        self._decided.update(key(tool) for tool in settled.tools)
        self._duplicate_ids.update(row.id for row in settled.duplicates)
        self._unpublished.append((f"pass-{self._passes:04d}", settled))
        self._passes += 1

    def _undecided(self, commits: Mapping[str, Commit]) -> list[Tool]:
        """Drafts of committed partitions that no pass decided on, in the order to settle them."""
        found = []
        for name, commit in commits.items():
            if self._finished.get(name) == commit.rows["drafts"]:
                continue
            left = [
                draft
                for draft in _rows(self._drafts, "drafts", name, Tool)
                if key(draft) not in self._decided
                and duplicate_id(draft) not in self._duplicate_ids
            ]
            found += left
            if not left:
                self._finished[name] = commit.rows["drafts"]
        return sorted(found, key=draft_order)

    def _known_vectors(self) -> Vectors:
        """Embeddings of what exists, made when the first draft is to be held against it."""
        if self._vectors is None:
            texts = [embedded_text(tool) for tool in (*self.real, *self.tools)]
            self._vectors = np.asarray(self.embedder.embed(texts), dtype=np.float32)
        return self._vectors

    def _stopped(self, plan: EvolvePlan, commits: Mapping[str, Commit]) -> str:
        """Why no further round is planned; empty where one is."""
        budget, number = self.recipe.budget, _rounds(plan)
        if number >= budget.max_rounds:
            return f"budget.max_rounds: {number} rounds are done"
        tokens = sum(commit.totals.get("completion_tokens", 0) for commit in commits.values())
        if budget.max_completion_tokens and tokens >= budget.max_completion_tokens:
            return f"budget.max_completion_tokens: {tokens:,} tokens are spent"
        if number >= BARREN_ROUNDS and not any(
            tool.round >= number - BARREN_ROUNDS for tool in self.tools
        ):
            return f"the last {BARREN_ROUNDS} rounds brought no new tool"
        return ""

    def _next_round(self, plan: EvolvePlan, missing: int) -> list[AskPartition]:
        number = _rounds(plan)
        slots = self.planning.slots(
            number, missing=missing, accepted=len(self.tools), asked=self._history.slots
        )
        asks = self.planning.asks(
            number,
            slots,
            self.tools,
            self._history,
            self._holes(),
            {tool.id: tool for tool in self.real},
        )
        return partitions(asks, number, slots=self.recipe.rounds.partition_slots)

    def _holes(self) -> list[Hole]:
        if self.recipe.rounds.guidance == "random" or not self.tools:
            return []
        vectors, real = self._known_vectors(), len(self.real)
        return holes(
            self.real,
            vectors[:real],
            self.tools,
            vectors[real:],
            radius=RADIUS,
            cells=self.planning.taxonomy.cells,
            limit=MAX_HOLES,
        )


def run_tools(path: Path) -> list[Tool]:
    """The tools of a repository run. Raises `RecipeError` if there are none."""
    folder = RunFolder(path, {"tools": Tool})
    tools = [tool for shard in folder.shards("tools") for tool in _read(shard, Tool)]
    if not tools:
        raise RecipeError(f"--from {path}: not a run with tools")
    return tools


def _rounds(plan: EvolvePlan) -> int:
    return 1 + max((partition.round for partition in plan.partitions), default=-1)


def _rows(folder: RunFolder, table: str, partition: str, model: type[R]) -> Iterator[R]:
    for shard in folder.shards(table):
        if shard.name.split(".")[0] == partition:
            yield from _read(shard, model)


def _read(shard: Path, model: type[R]) -> Iterator[R]:
    try:
        for batch in pq.ParquetFile(shard).iter_batches(batch_size=1000):
            for row in batch.to_pylist():
                yield model.model_validate(row)
    except (OSError, pa.ArrowException, ValidationError) as problem:
        raise StorageError(f"{shard}: cannot be read ({problem})") from problem
