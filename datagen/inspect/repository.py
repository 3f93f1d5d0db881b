"""Runs of the tool repository: what is in them, and the proof that nothing vanished.

A record is a spec that was found; `accepted + rejected + failed` is held against what each
partition's marker says was found. What a server did not tell is not known here.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from datagen.errors import StorageError
from datagen.inspect.decoding import decoded, markers
from datagen.inspect.findings import Audit, Checked, Finding, clipped, many
from datagen.inspect.views import (
    committed_shards,
    file_list,
    find_run,
    first_line,
    open_run,
    partition_of,
)
from datagen.shards import Commit, RunFolder

MOST_ROWS = 15
"""Lines of one table that `inspect` shows; `datagen sql` shows the rest."""

_TABLES: Mapping[str, str] = {
    "tools by origin": """SELECT origin, count(*) AS tools, count(DISTINCT server) AS servers,
        count(DISTINCT category) AS categories FROM tools GROUP BY ALL ORDER BY tools DESC""",
    "tools by category": """SELECT if(category = '', '(none)', category) AS category,
        count(*) AS tools, count(DISTINCT server) AS servers
        FROM tools GROUP BY ALL ORDER BY tools DESC, category""",
    "largest servers": """SELECT server, count(*) AS tools, any_value(licence) AS licence
        FROM tools GROUP BY server ORDER BY tools DESC, server""",
    "fixes": """SELECT fix, count(*) AS tools FROM (SELECT unnest(fixes) AS fix FROM tools)
        GROUP BY ALL ORDER BY tools DESC, fix""",
    "flags": """SELECT flag, count(*) AS tools FROM (SELECT unnest(flags) AS flag FROM tools)
        GROUP BY ALL ORDER BY tools DESC, flag""",
    "rejects": """SELECT stage, reason, failed, count(*) AS rejects, min(detail)[:60] AS for_example
        FROM rejects GROUP BY ALL ORDER BY rejects DESC, stage, reason""",
}


def summary_lines(path: Path) -> Iterator[str]:
    """What `datagen inspect` prints of a repository. Raises `StorageError` if there is no run."""
    _, manifest = find_run(path)
    counts = manifest.get("counts", {})
    yield f"{path}: {manifest.get('pipeline')}, {manifest.get('status')}"
    yield (
        f"  {counts.get('accepted', 0):,} tools, {counts.get('rejected', 0):,} rejected, "
        f"{counts.get('failed', 0):,} failed, {manifest.get('seconds', 0)} s in "
        f"{many(int(manifest.get('entries', 0)), 'entry').replace('entrys', 'entries')}"
    )
    with open_run(path) as connection:
        for title, query in _TABLES.items():
            yield from _table(connection, title, query)


def _table(connection: duckdb.DuckDBPyConnection, title: str, query: str) -> Iterator[str]:
    found = connection.execute(query)
    heads = [str(column[0]).replace("_", " ") for column in found.description or ()]
    rows = found.fetchall()
    if not rows:
        return
    cells = [heads, *([_shown(value) for value in row] for row in rows[:MOST_ROWS])]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    yield ""
    yield title
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(padded)}".rstrip()
    if len(rows) > MOST_ROWS:
        yield f"  … and {len(rows) - MOST_ROWS:,} more"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else " ".join(str(value).split())


def audit_repository(path: Path) -> Audit:
    """Check a repository's run; reads every shard. Raises `StorageError` if there is none."""
    folder, manifest = find_run(path)
    shards = committed_shards(folder)
    commits, marked = markers(folder, shards)
    read, damaged = decoded(folder, shards)
    sound = {name: commit for name, commit in commits.items() if name not in damaged}
    checks = [
        marked,
        read,
        _check_rows(folder, shards, sound),
        _check_unique(path, shards, damaged),
        _check_manifest(manifest, commits),
    ]
    findings = [finding for check in checks for finding in check.findings]
    proved = [check.proved for check in checks if not check.findings and check.proved]
    return Audit(str(path), tuple(findings), tuple(proved))


def _check_rows(
    folder: RunFolder, shards: Mapping[str, Sequence[Path]], sound: Mapping[str, Commit]
) -> Checked:
    """Each partition's tables hold what its marker says, and add up to what was found."""
    held = {name: dict.fromkeys(folder.tables, 0) for name in sound}
    for table, paths in shards.items():
        for path in paths:
            if partition_of(path) in held:
                held[partition_of(path)][table] += _rows(path)
    findings = []
    for name, commit in sound.items():
        if held[name] != dict(commit.rows):
            detail = f"its marker says {dict(commit.rows)}, its shards hold {held[name]}"
            findings.append(Finding("marker_mismatch", name, detail))
        if sum(commit.rows.values()) != commit.planned:
            detail = f"{commit.planned:,} found, {sum(commit.rows.values()):,} in its tables"
            findings.append(Finding("lost_records", name, detail))
    found = sum(commit.planned for commit in sound.values())
    proved = f"accepted + rejected + failed = found ({many(found, 'record')})"
    return Checked(clipped(findings), proved)


def _rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)


def _check_unique(path: Path, shards: Mapping[str, Sequence[Path]], damaged: set[str]) -> Checked:
    tools = [shard for shard in shards["tools"] if partition_of(shard) not in damaged]
    if not tools:
        return Checked([], "")
    query = f"""SELECT what, key, n FROM (
        SELECT 'id' AS what, id AS key, count(*) AS n
        FROM read_parquet({file_list(tools)}) GROUP BY id
        UNION ALL
        SELECT 'server and name', server || ' ' || name, count(*)
        FROM read_parquet({file_list(tools)}) GROUP BY server, name) WHERE n > 1 ORDER BY ALL"""
    try:
        with duckdb.connect() as connection:
            rows = connection.execute(query).fetchall()
    except duckdb.Error as problem:
        raise StorageError(f"{path}: {first_line(problem)}") from problem
    findings = [
        Finding("duplicate_rows", "tools", f"{n:,} rows with the {what} {key}")
        for what, key, n in rows
    ]
    return Checked(clipped(findings), "every tool is there once, under a name of its own")


def _check_manifest(manifest: Mapping[str, Any], commits: Mapping[str, Commit]) -> Checked:
    counts = manifest.get("counts", {})
    failed = sum(commit.failed for commit in commits.values())
    held = {
        "accepted": sum(commit.rows.get("tools", 0) for commit in commits.values()),
        "rejected": sum(commit.rows.get("rejects", 0) for commit in commits.values()) - failed,
        "failed": failed,
    }
    done = manifest.get("status") == "done"
    findings = [
        Finding(
            "manifest_mismatch",
            "manifest.json",
            f"{name}: {counts.get(name)}, the shards hold {value}",
        )
        for name, value in held.items()
        if (counts.get(name) != value if done else counts.get(name, 0) > value)
    ]
    return Checked(findings, f"the manifest (status {manifest.get('status')}) agrees with them")
