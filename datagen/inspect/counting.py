"""A run's rows, counted out of core and held against what the markers say of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import duckdb
import pyarrow as pa

from datagen.inspect.findings import MOST_SHOWN, Checked, Finding, FindingKind
from datagen.inspect.views import file_list, partition_of
from datagen.schemas import Row
from datagen.shards import Commit, arrow_schema


@dataclass(frozen=True, slots=True)
class Counted:
    """One partition: what its marker says, and what its shards hold."""

    partition: str
    planned: int
    said_rephrasings: int
    said_rejects: int
    said_chunks: int
    said_failed: int
    rephrasings: int
    rejects: int
    chunks: int
    failed: int
    unread: int
    """Rejects for a record that is no document."""
    unfit: int
    """Rejects for a document that no style fits."""
    refused: int
    """Rejects for a rephrasing, failed ones too."""
    documents: int
    """Documents that have rows."""
    uneven: int
    """Documents with more or fewer rows than the recipe's rephrasings."""


def load(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, type[Row]],
    shards: Mapping[str, Sequence[Path]],
    sound: Mapping[str, Commit],
    rephrasings: int,
) -> None:
    """Views over the sound partitions' rows, and `counted`: a row per partition."""
    for name, model in tables.items():
        paths = [path for path in shards[name] if partition_of(path) in sound]
        connection.execute(f"CREATE VIEW {name} AS {_with_partition(model, paths)}")
    markers = pa.table(
        {
            "partition": pa.array(sound, pa.string()),
            "planned": pa.array([c.planned for c in sound.values()], pa.int64()),
            "said_failed": pa.array([c.failed for c in sound.values()], pa.int64()),
            **{
                f"said_{name}": pa.array([c.rows.get(name, 0) for c in sound.values()], pa.int64())
                for name in tables
            },
        }
    )
    connection.register("markers", markers)
    connection.execute(_COUNTED, {"rephrasings": rephrasings})


def _with_partition(model: type[Row], paths: list[Path]) -> str:
    names = arrow_schema(model).names
    columns = [f'"{name}"' for name in names if name in _NEEDED]
    if paths:
        part = "regexp_extract(filename, '([^/.]+)[.][^/]*$', 1) AS partition"
        source = f"read_parquet({file_list(paths)}, filename = true)"
        return f"SELECT {', '.join(columns)}, {part} FROM {source}"
    typed = [f"NULL::{_NEEDED[name]} AS {name}" for name in names if name in _NEEDED]
    return f"SELECT {', '.join(typed)}, NULL::VARCHAR AS partition WHERE false"


_NEEDED = {
    "id": "VARCHAR",
    "document_id": "VARCHAR",
    "rephrasing_id": "VARCHAR",
    "stage": "VARCHAR",
    "reason": "VARCHAR",
    "failed": "BOOLEAN",
    "number": "BIGINT",
    "chunks": "BIGINT",
}
"""Columns that are counted with, and their types."""

_COUNTED = """
CREATE TEMP TABLE counted AS
WITH refused AS (
    SELECT partition, count(*) AS rejects, count_if(failed) AS failed,
        count_if(number < 0 AND stage = 'read') AS unread,
        count_if(number < 0 AND reason = 'no_fitting_style') AS unfit,
        count_if(number >= 0) AS refused
    FROM rejects GROUP BY partition
), made AS (
    SELECT partition, count(*) AS rephrasings FROM rephrasings GROUP BY partition
), chunked AS (
    SELECT partition, count(*) AS chunks FROM chunks GROUP BY partition
), by_document AS (
    SELECT partition, document_id,
        count(*) = $rephrasings AND count(DISTINCT number) = $rephrasings AS even
    FROM (
        SELECT partition, document_id, number FROM rephrasings
        UNION ALL SELECT partition, document_id, number FROM rejects WHERE number >= 0
    ) GROUP BY ALL
), documented AS (
    SELECT partition, count(*) AS documents, count_if(NOT even) AS uneven
    FROM by_document GROUP BY partition
)
SELECT markers.*, coalesce(made.rephrasings, 0) AS rephrasings,
    coalesce(rejects, 0) AS rejects, coalesce(chunks, 0) AS chunks, coalesce(failed, 0) AS failed,
    coalesce(unread, 0) AS unread, coalesce(unfit, 0) AS unfit, coalesce(refused, 0) AS refused,
    coalesce(documents, 0) AS documents, coalesce(uneven, 0) AS uneven
FROM markers LEFT JOIN refused USING (partition) LEFT JOIN made USING (partition)
LEFT JOIN chunked USING (partition) LEFT JOIN documented USING (partition)
"""


def check_partitions(connection: duckdb.DuckDBPyConnection, rephrasings: int) -> Checked:
    """Planned = documents + unusable records; documents × rephrasings = rows, in each partition."""
    names = ", ".join(field.name for field in fields(Counted))
    rows = connection.execute(
        f"""SELECT {names}, count(*) OVER () FROM counted
            WHERE uneven > 0 OR unread + unfit + refused != rejects
            OR planned != documents + unread + unfit
            OR said_rephrasings != rephrasings OR said_rejects != rejects
            OR said_chunks != chunks OR said_failed != failed
            ORDER BY partition LIMIT {MOST_SHOWN}"""
    ).fetchall()
    findings = [finding for row in rows for finding in _partition_findings(Counted(*row[:-1]))]
    if rows and rows[0][-1] > len(rows):
        more = f"{rows[0][-1] - len(rows):,} more partitions do not add up"
        findings.append(Finding("lost_records", "and more", more))
    sums = connection.execute(
        """SELECT coalesce(sum(planned), 0), coalesce(sum(documents), 0),
            coalesce(sum(unread), 0), coalesce(sum(unfit), 0), coalesce(sum(rephrasings), 0),
            coalesce(sum(refused - failed), 0), coalesce(sum(failed), 0) FROM counted"""
    ).fetchone()
    planned, documents, unread, unfit, accepted, rejected, failed = map(int, sums or [0] * 7)
    proved = (
        f"{planned:,} records = {documents:,} documents + {unread:,} unreadable "
        f"+ {unfit:,} without a fitting style; {documents:,} × {rephrasings:,} rephrasings planned "
        f"= {accepted:,} accepted + {rejected:,} rejected + {failed:,} failed, "
        "in each committed partition"
    )
    return Checked(findings, proved)


def _partition_findings(row: Counted) -> Iterator[Finding]:
    for table in ("rephrasings", "rejects", "chunks", "failed"):
        said, held = getattr(row, f"said_{table}"), getattr(row, table)
        if said != held:
            detail = f"its marker says {said:,} {table}, its shards hold {held:,}"
            yield Finding("marker_mismatch", row.partition, detail)
    known = row.documents + row.unread + row.unfit
    if known != row.planned:
        detail = (
            f"{row.planned:,} records planned, {known:,} found: {row.documents:,} documents, "
            f"{row.unread:,} unreadable, {row.unfit:,} without a fitting style"
        )
        yield Finding("lost_records", row.partition, detail)
    if row.uneven:
        detail = f"{row.uneven:,} documents have more or fewer rephrasings than planned"
        yield Finding("uneven_document", row.partition, detail)
    if unknown := row.rejects - row.unread - row.unfit - row.refused:
        detail = f"{unknown:,} rejects belong to no record and no rephrasing"
        yield Finding("unknown_reject", row.partition, detail)


def check_rows(connection: duckdb.DuckDBPyConnection) -> Checked:
    """No id twice among rephrasings and rejects, none among chunks."""
    both = "SELECT id, partition FROM rephrasings UNION ALL SELECT id, partition FROM rejects"
    findings = [
        *_repeated(connection, "rephrasings and rejects", both),
        *_repeated(connection, "chunks", "SELECT id, partition FROM chunks"),
    ]
    counts = connection.execute(
        "SELECT coalesce(sum(rephrasings + rejects), 0), coalesce(sum(chunks), 0) FROM counted"
    ).fetchone()
    rows, chunks = map(int, counts or (0, 0))
    proved = f"no id stands twice among {rows:,} rephrasings and rejects and {chunks:,} chunks"
    return Checked(findings, proved)


def _repeated(connection: duckdb.DuckDBPyConnection, where: str, rows: str) -> Iterator[Finding]:
    found = connection.execute(
        f"""SELECT same, count(*), min(id) FROM (
            SELECT id, count(DISTINCT partition) < count(*) AS same FROM ({rows}) GROUP BY id
            HAVING count(*) > 1) GROUP BY same"""
    ).fetchall()
    for same, count, example in found:
        kind: FindingKind = "duplicate_rows" if same else "repeated_document"
        place = (
            "in one partition"
            if same
            else ("in several partitions: the inputs hold a document, id and text, more than once")
        )
        yield Finding(
            kind, where, f"{count:,} ids stand more than once {place} (such as {example})"
        )


def check_chunks(connection: duckdb.DuckDBPyConnection) -> Checked:
    """Every rephrasing has as many chunks as it says."""
    row = connection.execute(
        """SELECT count(*), min(made.id) FROM rephrasings AS made LEFT JOIN (
            SELECT partition, rephrasing_id, count(*) AS held FROM chunks GROUP BY ALL) AS there
            ON there.partition = made.partition AND there.rephrasing_id = made.id
        WHERE coalesce(held, 0) != made.chunks"""
    ).fetchone()
    count, example = row or (0, None)
    detail = f"{count:,} rephrasings have more or fewer chunks than they say (such as {example})"
    findings = [Finding("chunks_mismatch", "chunks", detail)] if count else []
    return Checked(findings, "every rephrasing has its chunks")
