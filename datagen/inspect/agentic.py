"""Agentic runs: what is in them, and the proof that nothing vanished.

A task that was planned is in `tasks` with all its rollouts, accepted or among the rejects, or among
the rejects itself; that is held against each partition's range. Not covered: whether a verdict is
right (the mutation benchmark measures that)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from datagen.agentic.planning import TaskPlanner
from datagen.errors import StorageError
from datagen.inspect.decoding import decoded, markers
from datagen.inspect.findings import Audit, Checked, Finding, clipped, many
from datagen.inspect.tables import table_lines
from datagen.inspect.views import committed_shards, find_run, first_line, open_run, partition_of
from datagen.runner.plan import load_plan
from datagen.shards import Commit, RunFolder

_SHOWN: Mapping[str, str] = {
    "yield by stage": "FROM yield_by_stage",
    "tasks drawn of those wanted": """SELECT * FROM (PIVOT quotas
        ON tier IN ('single', 'dependent', 'long', 'all')
        USING coalesce(any_value(got || ' of ' || wanted), '') GROUP BY kind)
        ORDER BY kind = 'all', kind""",
    "rollouts by kind and tier": """SELECT kind, tier, count(DISTINCT t.id) AS tasks,
        count(r.id) AS rollouts, count_if(accepted) AS accepted
        FROM tasks t LEFT JOIN rollouts r ON r.task_id = t.id
        GROUP BY ALL ORDER BY kind, tier""",
    "pass@k": "SELECT k, tasks, pass_at_k, low, high FROM pass_at_k WHERE kind = 'all' ORDER BY k",
    "rejects": """SELECT stage, reason, blame, failed, count(*) AS rejects,
        min(detail)[:60] AS for_example
        FROM rejects GROUP BY ALL ORDER BY rejects DESC, stage, reason""",
    "judge and verifiers": "FROM judge_and_verifiers",
    "coverage of the tools by agents": "FROM coverage_by_agents",
    "tools without a backend": "FROM uncompiled_by_reason",
    "sizes of tool sets": """SELECT count(*) AS agents, min(len(tools)) AS least,
        median(len(tools)) AS median, max(len(tools)) AS most, round(avg(len(core) / len(tools)), 2)
        AS core_share FROM agents HAVING count(*) > 0""",
}


def summary_lines(path: Path) -> Iterator[str]:
    """What `datagen inspect` prints of an agentic run. Raises `StorageError` if there is none."""
    _, manifest = find_run(path)
    counts, totals = manifest.get("counts", {}), manifest.get("totals", {})
    yield f"{path}: {manifest.get('pipeline')}, {manifest.get('status')}, {manifest.get('model')}"
    yield (
        f"  {counts.get('accepted', 0):,} trajectories, {counts.get('rejected', 0):,} rejected, "
        f"{counts.get('failed', 0):,} failed, {totals.get('completions', 0):,} completions of "
        f"{totals.get('completion_tokens', 0):,} tokens, {manifest.get('seconds', 0)} s in "
        f"{many(int(manifest.get('entries', 0)), 'entry').replace('entrys', 'entries')}"
    )
    with open_run(path) as connection:
        for title, query in _SHOWN.items():
            yield from table_lines(connection, title, query)


def audit_agentic(path: Path) -> Audit:
    """Check an agentic run; reads every shard. Raises `StorageError` if there is none."""
    folder, manifest = find_run(path)
    plan = load_plan(folder, TaskPlanner.types)
    if plan is None:
        raise StorageError(f"{path}: the run has no plan")
    shards = committed_shards(folder)
    commits, marked = markers(folder, shards)
    read, damaged = decoded(folder, shards)
    sound = {name: commit for name, commit in commits.items() if name not in damaged}
    counts = {partition.id: partition.count for partition in plan.partitions}
    checks = [
        marked,
        read,
        _check_markers(folder, shards, sound),
        _check_tasks(path, shards, sound, counts, manifest),
        _check_unique(path, shards, damaged),
        _check_manifest(manifest, commits),
    ]
    findings = [finding for check in checks for finding in check.findings]
    proved = [check.proved for check in checks if not check.findings and check.proved]
    return Audit(str(path), tuple(findings), tuple(proved))


def _check_markers(
    folder: RunFolder, shards: Mapping[str, Sequence[Path]], sound: Mapping[str, Commit]
) -> Checked:
    """Each partition's tables hold what its marker says."""
    held = {name: dict.fromkeys(folder.tables, 0) for name in sound}
    for table, paths in shards.items():
        for path in paths:
            if partition_of(path) in held:
                held[partition_of(path)][table] += int(pq.read_metadata(path).num_rows)
    findings = [
        Finding("marker_mismatch", name, f"its marker says {dict(commit.rows)}, not {held[name]}")
        for name, commit in sound.items()
        if held[name] != dict(commit.rows)
    ]
    return Checked(clipped(findings), "every partition holds what its marker says")


def _check_tasks(
    path: Path,
    shards: Mapping[str, Sequence[Path]],
    sound: Mapping[str, Commit],
    counts: Mapping[str, int],
    manifest: Mapping[str, Any],
) -> Checked:
    """Each planned task is there once, and each that passed its gate with all its rollouts."""
    wanted = int(manifest.get("identity", {}).get("rollout.per_task", 0))
    findings = [
        Finding("unplanned_partition", name, "is committed and not in the plan")
        for name in sound
        if name not in counts
    ]
    for name, commit in sound.items():
        mine = {
            table: [path for path in paths if partition_of(path) == name]
            for table, paths in shards.items()
        }
        tasks = _column(mine["tasks"], "id")
        rejects = [row for path in mine["rejects"] for row in _rows(path, ["task_id", "number"])]
        refused = sum(row["number"] < 0 for row in rejects)
        if len(tasks) + refused != counts.get(name, commit.planned):
            detail = f"{counts.get(name):,} planned, {len(tasks):,} passed, {refused:,} refused"
            findings.append(Finding("lost_records", name, detail))
        played = _column(mine["trajectories"], "task_id")
        played += [row["task_id"] for row in rejects if row["number"] >= 0]
        short = sum(played.count(task) != wanted for task in set(tasks) | set(played))
        if short:
            detail = f"{short:,} tasks without exactly {wanted} rollouts"
            findings.append(Finding("lost_records", name, detail))
    planned = sum(counts.get(name, 0) for name in sound)
    proved = (
        f"accepted + rejected + failed = planned ({many(planned, 'task')}, {wanted} rollouts of "
        "each that passed its gate)"
    )
    return Checked(clipped(findings), proved)


def _column(paths: Sequence[Path], name: str) -> list[str]:
    return [str(row[name]) for path in paths for row in _rows(path, [name])]


def _rows(path: Path, columns: list[str]) -> list[dict[str, Any]]:
    return list(pq.read_table(path, columns=columns).to_pylist())


def _check_unique(path: Path, shards: Mapping[str, Sequence[Path]], damaged: set[str]) -> Checked:
    """No id is in a run twice; a rollout is accepted or rejected, not both."""
    findings = []
    try:
        with duckdb.connect() as connection:
            for tables in (["agents"], ["tasks"], ["trajectories", "rejects"]):
                paths = [p for t in tables for p in shards[t] if partition_of(p) not in damaged]
                if not paths:
                    continue
                rows = connection.execute(
                    "SELECT id, count(*) AS n FROM read_parquet($paths) GROUP BY id "
                    "HAVING n > 1 ORDER BY id",
                    {"paths": [str(found) for found in paths]},
                ).fetchall()
                where = " and ".join(tables)
                findings += [
                    Finding("duplicate_rows", where, f"{n:,} rows with the id {key}")
                    for key, n in rows
                ]
    except duckdb.Error as problem:
        raise StorageError(f"{path}: {first_line(problem)}") from problem
    return Checked(clipped(findings), "every agent, task and rollout is there once")


def _check_manifest(manifest: Mapping[str, Any], commits: Mapping[str, Commit]) -> Checked:
    counts = manifest.get("counts", {})
    failed = sum(commit.failed for commit in commits.values())
    held = {
        "accepted": sum(commit.rows.get("trajectories", 0) for commit in commits.values()),
        "rejected": sum(commit.rows.get("rejects", 0) for commit in commits.values()) - failed,
        "failed": failed,
    }
    done = manifest.get("status") == "done"
    findings = [
        Finding("manifest_mismatch", "manifest.json", f"{name}: {counts.get(name)}, not {value}")
        for name, value in held.items()
        if (counts.get(name) != value if done else counts.get(name, 0) > value)
    ]
    if done and counts.get("pending_records"):
        findings.append(Finding("pending", "plan", f"{counts['pending_records']:,} tasks"))
    return Checked(findings, f"the manifest (status {manifest.get('status')}) agrees with them")
