"""Runs of the tool repository: what is in them, and the proof that nothing vanished.

A record is a spec that was found, or of an evolve run a tool that was asked for;
`accepted + rejected + failed` is held against what each partition's marker says was found. What an
evolve run accepts from a model are drafts; its tools are the drafts that were settled as new. What
a server did not tell is not known here.
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
    ledgers,
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
_EVOLVED: Mapping[str, str] = {
    "tools by operator": """SELECT operator, count(*) AS tools FROM tools
        GROUP BY ALL ORDER BY tools DESC, operator""",
    "duplicates": """SELECT reason, count(*) AS duplicates, min(detail)[:60] AS for_example
        FROM duplicates GROUP BY ALL ORDER BY duplicates DESC, reason""",
}
"""What an evolve run has beside."""


def summary_lines(path: Path) -> Iterator[str]:
    """What `datagen inspect` prints of a repository. Raises `StorageError` if there is no run."""
    folder, manifest = find_run(path)
    counts = manifest.get("counts", {})
    evolved = "drafts" in folder.tables
    yield f"{path}: {manifest.get('pipeline')}, {manifest.get('status')}"
    with open_run(path) as connection:
        made = f"{counts.get('accepted', 0):,} tools"
        if evolved:
            made = _settled(connection)
        yield (
            f"  {made}, {counts.get('rejected', 0):,} rejected, "
            f"{counts.get('failed', 0):,} failed, {manifest.get('seconds', 0)} s in "
            f"{many(int(manifest.get('entries', 0)), 'entry').replace('entrys', 'entries')}"
        )
        for title, query in {**_TABLES, **(_EVOLVED if evolved else {})}.items():
            yield from _table(connection, title, query)


def _settled(connection: duckdb.DuckDBPyConnection) -> str:
    counts = [
        connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        for table in ("tools", "drafts", "duplicates")
    ]
    return "{:,} tools of {:,} drafts, {:,} duplicates".format(*counts)


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
    whole, manifest = find_run(path)
    shards = committed_shards(whole)
    checks: list[Checked] = []
    commits: dict[str, Commit] = {}
    damaged: set[str] = set()
    for folder in ledgers(whole):
        held = {table: shards[table] for table in folder.tables}
        marks, marked = markers(folder, held)
        read, broken = decoded(folder, held)
        sound = {name: commit for name, commit in marks.items() if name not in broken}
        checks += [marked, read, _check_rows(folder, held, sound)]
        commits |= marks
        damaged |= broken
    checks.append(_check_unique(path, shards, damaged))
    if "drafts" in whole.tables and not damaged:
        checks.append(_check_settled(path))
    checks.append(
        _check_manifest(manifest, commits, "drafts" if "drafts" in whole.tables else "tools")
    )
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
    summed = "tools + duplicates = settled" if "duplicates" in folder.tables else ""
    proved = f"{summed or 'accepted + rejected + failed = found'} ({many(found, 'record')})"
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


def _check_settled(path: Path) -> Checked:
    """Every tool and every duplicate of an evolve run is one of its drafts, settled once."""
    query = """SELECT ask, settled, drafted FROM (
        SELECT source->>'ask' AS ask, count(*) AS settled
        FROM (SELECT source FROM tools UNION ALL SELECT source FROM duplicates) GROUP BY ALL)
        LEFT JOIN (SELECT source->>'ask' AS ask, count(*) AS drafted FROM drafts GROUP BY ALL)
        USING (ask) WHERE settled > coalesce(drafted, 0) ORDER BY ask"""
    with open_run(path) as connection:
        rows = connection.execute(query).fetchall()
    findings = [
        Finding(
            "duplicate_rows", "tools", f"{settled:,} settled of {drafted or 0:,} drafts of {ask}"
        )
        for ask, settled, drafted in rows
    ]
    return Checked(clipped(findings), "no draft is settled twice")


def _check_manifest(
    manifest: Mapping[str, Any], commits: Mapping[str, Commit], accepted: str
) -> Checked:
    counts = manifest.get("counts", {})
    failed = sum(commit.failed for commit in commits.values())
    held = {
        "accepted": sum(commit.rows.get(accepted, 0) for commit in commits.values()),
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
