"""Proves that nothing vanished from a run and nothing is in it twice.

The plan says which records there are, a partition's marker which rows it came to; both are held
against the rows themselves, counted out of core. A partition with a damaged shard is reported and
not counted on. Not covered: whether the inputs still are what was planned (the next entry checks
that), and what a row says.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from datagen.errors import StorageError
from datagen.inspect.counting import check_chunks, check_partitions, check_rows, load
from datagen.inspect.decoding import decoded, markers
from datagen.inspect.findings import Audit, Checked, Finding, clipped
from datagen.inspect.plans import check_plan
from datagen.inspect.views import (
    committed_shards,
    connect,
    find_run,
    first_line,
)
from datagen.rephrase.planning import InputPlanner
from datagen.rephrase.read import Partition
from datagen.runner.plan import load_plan
from datagen.shards import Commit


def audit(path: Path) -> Audit:
    """Check a whole run; reads every shard.

    Raises `StorageError` if there is no run or its plan or manifest cannot be read.
    """
    folder, manifest = find_run(path)
    plan = load_plan(folder, InputPlanner.types)
    if plan is None:
        raise StorageError(f"{path}: the run has no plan")
    chosen = _chosen(plan.partitions, manifest)
    shards = committed_shards(folder)
    commits, marked = markers(folder, shards)
    read, damaged = decoded(folder, shards)
    sound = {name: commit for name, commit in commits.items() if name not in damaged}
    rephrasings = _rephrasings(manifest)
    with connect() as connection:
        try:
            load(connection, folder.tables, shards, sound, rephrasings)
            counted = [
                check_partitions(connection, rephrasings),
                check_rows(connection),
                check_chunks(connection),
            ]
        except duckdb.Error as problem:
            raise StorageError(f"{path}: {first_line(problem)}") from problem
    if damaged:  # what could be counted proves nothing of the whole
        counted = [Checked(check.findings, "") for check in counted]
    checks = [
        marked,
        check_plan(plan),
        _check_coverage(plan.partitions, chosen, commits),
        read,
        *counted,
        _check_manifest(manifest, chosen, commits),
    ]
    findings = [finding for check in checks for finding in check.findings]
    proved = [check.proved for check in checks if not check.findings and check.proved]
    return Audit(str(path), tuple(findings), tuple(proved))


def _chosen(partitions: Sequence[Partition], manifest: Mapping[str, Any]) -> list[Partition]:
    """The partitions that the last entry had within its limit: a beginning of the plan."""
    left = int(manifest.get("counts", {}).get("planned_records", 0))
    chosen = []
    for partition in partitions:
        if left <= 0:
            break
        chosen.append(partition)
        left -= partition.count
    return chosen


def _rephrasings(manifest: Mapping[str, Any]) -> int:
    count = manifest.get("identity", {}).get("rewrite.rephrasings")
    if not isinstance(count, int):
        raise StorageError("manifest.json: identity has no rewrite.rephrasings")
    return count


def _check_coverage(
    planned: Sequence[Partition], chosen: Sequence[Partition], commits: Mapping[str, Commit]
) -> Checked:
    """Every planned partition is committed, with as many records as were planned; no other is."""
    counts = {partition.id: partition.count for partition in planned}
    findings = [
        Finding("unplanned_partition", name, "is committed and not in the plan")
        for name in commits
        if name not in counts
    ]
    findings += [
        Finding(
            "lost_records",
            name,
            f"{counts[name]:,} records in the plan, {c.planned:,} in its marker",
        )
        for name, c in commits.items()
        if counts.get(name, c.planned) != c.planned
    ]
    open = [partition for partition in chosen if partition.id not in commits]
    if open:
        names = ", ".join(partition.id for partition in open[:5]) + (", …" if open[5:] else "")
        records = sum(partition.count for partition in open)
        detail = (
            f"{records:,} records pending in {len(open):,} of {len(chosen):,} partitions ({names})"
        )
        findings.append(Finding("pending", "plan", detail))
    return Checked(clipped(findings), "no planned record is pending")


def _check_manifest(
    manifest: Mapping[str, Any], chosen: Sequence[Partition], commits: Mapping[str, Commit]
) -> Checked:
    """The manifest repeats what the shards hold; before the run is done it may lag, never lead."""
    counts = manifest.get("counts", {})
    done = [commits[partition.id] for partition in chosen if partition.id in commits]
    failed = sum(commit.failed for commit in done)
    held = {
        "accepted": sum(commit.rows.get("rephrasings", 0) for commit in done),
        "rejected": sum(commit.rows.get("rejects", 0) for commit in done) - failed,
    }
    planned = sum(partition.count for partition in chosen)
    pending = planned - sum(commit.planned for commit in done)
    exact = manifest.get("status") == "done"
    wrong = {
        f"{name}: {counts.get(name)}, the shards hold {value}"
        for name, value in (held | {"failed": failed} if exact else held).items()
        if (counts.get(name) != value if exact else counts.get(name, 0) > value)
    }
    if counts.get("planned_records") != planned:
        wrong.add(f"planned_records: {counts.get('planned_records')}, the plan holds {planned}")
    if counts.get("pending_records", 0) < pending or (exact and counts.get("pending_records")):
        wrong.add(f"pending_records: {counts.get('pending_records')}, there are {pending}")
    findings = [Finding("manifest_mismatch", "manifest.json", line) for line in sorted(wrong)]
    agrees = "repeats the shards' counts" if exact else "is not ahead of the shards"
    return Checked(findings, f"the manifest (status {manifest.get('status')}) {agrees}")
