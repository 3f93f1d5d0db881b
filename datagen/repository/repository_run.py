"""A run that asks no engine (harvest, import): its folder, its lease, its partitions, its
manifest.

The folder and the manifest are those of `runner`, so that `inspect`, `sql` and `audit` read all
runs alike; partitions are published by the process that reads them. What is not here: workers,
journals, recipes."""

import json
import platform
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from datagen import __version__
from datagen.errors import StorageError
from datagen.recipe import differences
from datagen.schemas import Row, Tool, ToolReject
from datagen.shards import Commit, RunFolder
from datagen.stage import Tables

TABLES: dict[str, type[Row]] = {"rejects": ToolReject, "tools": Tool}
"""Of a repository; `tools` is published last and marks a partition as done."""
SHARD_ROWS = 20_000
"""Rows of one Parquet file: some 40 MB of specs in memory, at the 2 kB of an average row."""


@dataclass(slots=True)
class Standing:
    """Where a run stands: what the console shows and the manifest holds."""

    planned: int = 0
    """Partitions."""
    current: int = 0
    """Records read of the partition in work."""
    commits: dict[str, Commit] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @property
    def found(self) -> int:
        """Records read, accepted or not."""
        return sum(commit.planned for commit in self.commits.values())

    @property
    def accepted(self) -> int:
        return sum(commit.rows.get("tools", 0) for commit in self.commits.values())

    @property
    def rejected(self) -> int:
        return sum(commit.rows.get("rejects", 0) for commit in self.commits.values()) - self.failed

    @property
    def failed(self) -> int:
        return sum(commit.failed for commit in self.commits.values())

    @property
    def pending(self) -> int:
        """Partitions without a commit."""
        return self.planned - len(self.commits)

    def totals(self) -> Counter[str]:
        return sum((Counter(dict(c.totals)) for c in self.commits.values()), Counter[str]())

    def reasons(self) -> Counter[str]:
        return sum((Counter(dict(c.reasons)) for c in self.commits.values()), Counter[str]())


class RepositoryRun:
    """One entry into a run without engines; a context manager.

    Entering refuses a folder that holds something else, naming the fields that differ, and takes
    the lease; leaving writes the manifest."""

    def __init__(
        self,
        output: Path,
        *,
        pipeline: str,
        identity: Mapping[str, Any],
        inputs: Sequence[str],
        tables: Mapping[str, type[Row]] = TABLES,
    ) -> None:
        self.folder = RunFolder(output, tables)
        self.pipeline = pipeline
        self.identity = dict(identity)
        self.inputs = list(inputs)
        self.standing = Standing()
        self._before: dict[str, Any] = {}

    def __enter__(self) -> "RepositoryRun":
        self._refuse_changes()
        self.folder.take()
        self._before = self._refuse_changes()  # another entry may have come and gone meanwhile
        self.folder.sweep()
        self.standing.commits = {commit.partition: commit for commit in self.folder.commits()}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        done = kind is None and not self.standing.failed and self.standing.pending <= 0
        self.write_manifest("done" if done else "unfinished")

    def plan(self, partitions: Sequence[str]) -> list[str]:
        """Say which partitions there are, in order; gives those that are left to do."""
        self.standing.planned = len(partitions)
        self.write_manifest("running")
        commits = self.standing.commits
        return [name for name in partitions if name not in commits or commits[name].failed]

    def publish(
        self, partition: str, tables: Tables, *, found: int, totals: Mapping[str, int]
    ) -> Commit:
        """Commit one partition; `found` is what its rows, accepted and rejected, must add up to."""
        rejects = [row for row in tables.get("rejects", ()) if isinstance(row, ToolReject)]
        commit = Commit(
            partition=partition,
            planned=found,
            rows={name: len(tables.get(name, ())) for name in self.folder.tables},
            failed=sum(row.failed for row in rejects),
            totals=dict(totals),
            reasons=dict(Counter(f"{row.stage}.{row.reason}" for row in rejects)),
        )
        self.folder.publish(commit, tables, shard_rows=SHARD_ROWS)
        self.standing.commits[partition] = commit
        self.write_manifest("running")
        return commit

    def write_manifest(self, status: str) -> None:
        """Write down where the run stands; counts are of shards that are already published."""
        standing = self.standing
        seconds = float(self._before.get("seconds", 0.0)) + time.monotonic() - standing.started
        content = {
            "pipeline": self.pipeline,
            "status": status,
            "versions": {"datagen": __version__, "python": platform.python_version()},
            "identity": self.identity,
            "inputs": self.inputs,
            "model": "",
            "entries": self.folder.lease,
            "seconds": round(seconds, 1),
            "worker_deaths": 0,
            "counts": {
                "planned_records": standing.found,
                "pending_records": standing.pending,
                "accepted": standing.accepted,
                "rejected": standing.rejected,
                "failed": standing.failed,
            },
            "totals": dict(sorted(standing.totals().items())),
            "reasons": dict(sorted(standing.reasons().items())),
        }
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        self.folder.write_text(self.folder.manifest_path, text)

    def _refuse_changes(self) -> dict[str, Any]:
        """The manifest of an earlier entry, empty if there is none."""
        path = self.folder.path
        if path.exists() and not path.is_dir():
            raise StorageError(f"{path}: is not a folder")
        before = self.folder.manifest()
        if before is None:
            ours = ("plan", ".lock")
            if any(p.name not in ours and p.suffix != ".tmp" for p in path.glob("*")):
                raise StorageError(
                    f"{path}: not a run's folder and not empty; choose another --output"
                )
            return {}
        was = before.get("pipeline")
        changed = [] if was == self.pipeline else [f"pipeline: was {was}, is {self.pipeline}"]
        changed += differences(before.get("identity", {}), self.identity)
        if changed:
            raise StorageError(
                f"{path}: holds a run that was made otherwise ({'; '.join(changed)}); "
                "undo that or choose another --output"
            )
        return before
