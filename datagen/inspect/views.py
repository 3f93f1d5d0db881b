"""A run as DuckDB views: one per table, over the shards of committed partitions.

A partition without its marker is still being made; its shards lie there and may be half a
partition, so no view shows them. `sql` lets a query read the run and nothing else: the connection
may open only the run's shards, its settings are locked, and what is not a query is refused before
it runs, because DuckDB would let a `COPY … TO` write wherever it may read.

Not covered: a partition whose failed rows are tried again at this moment is shown half old, half
new.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from datagen.agentic.pipeline import AgenticPipeline
from datagen.errors import RecipeError, StorageError
from datagen.inspect.agentic_views import HANDY as AGENTIC_VIEWS
from datagen.rephrase.pipeline import RephrasePipeline
from datagen.repository.evolving import TABLES as EVOLVE_TABLES
from datagen.repository.repository_run import TABLES as REPOSITORY_TABLES
from datagen.repository.round_planner import LEDGER
from datagen.schemas import Row
from datagen.shards import RunFolder, arrow_schema

REPOSITORIES = ("tools import", "tools harvest", "tools evolve")
PIPELINES: Mapping[str, Mapping[str, type[Row]]] = {
    "rephrase": RephrasePipeline.tables,
    **dict.fromkeys(REPOSITORIES, REPOSITORY_TABLES),
    "tools evolve": EVOLVE_TABLES,
    "agentic": AgenticPipeline.tables,
}
"""The tables of each pipeline, by the name that stands in the manifest."""

MEMORY_LIMIT = "2GB"
"""What one connection holds before it spills to disk: fits beside a run on a laptop of 8 GB."""
FETCH_ROWS = 1000

_HANDY = {  # name: (table it needs, query)
    "rejects_by_reason": (
        "rejects",
        """
        SELECT stage, reason, failed, count(*) AS rejects FROM rejects
        GROUP BY ALL ORDER BY rejects DESC, stage, reason""",
    ),
    "tokens_by_style": (
        "rephrasings",
        """
        SELECT style, count(*) AS rephrasings, sum(tokens)::BIGINT AS tokens,
            sum(source_tokens)::BIGINT AS source_tokens, sum(prompt_tokens)::BIGINT AS
            prompt_tokens, sum(completion_tokens)::BIGINT AS completion_tokens FROM rephrasings
        GROUP BY style ORDER BY style""",
    ),
    **{name: ("trajectories", query) for name, query in AGENTIC_VIEWS.items()},
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]
    """Read once, as they come; raises `RecipeError` where the query fails on its way."""


def find_run(path: Path) -> tuple[RunFolder, dict[str, Any]]:
    """The run in a folder, and its manifest. Raises `StorageError` if there is none."""
    path = path.absolute()
    manifest = RunFolder(path).manifest()
    if manifest is None:
        raise StorageError(f"{path}: not a run (no manifest.json there)")
    tables = PIPELINES.get(str(manifest.get("pipeline")))
    if tables is None:
        raise StorageError(
            f"{path}: made by the pipeline {manifest.get('pipeline')!r}, "
            f"which this version doesn't know (known: {', '.join(PIPELINES)})"
        )
    return RunFolder(path, tables), manifest


def is_repository(path: Path) -> bool:
    """Whether a run's folder holds tools. Raises `StorageError` if there is no run."""
    return find_run(path)[1].get("pipeline") in REPOSITORIES


def is_agentic(path: Path) -> bool:
    """Whether a run's folder holds trajectories. Raises `StorageError` if there is no run."""
    return find_run(path)[1].get("pipeline") == "agentic"


def partition_of(shard: Path) -> str:
    """The partition that a shard belongs to, by its name."""
    return shard.name.partition(".")[0]


def ledgers(folder: RunFolder) -> list[RunFolder]:
    """The run's tables in groups that are committed apart, each with its marker last.

    What an evolve run settles between rounds has partitions of its own."""
    if not LEDGER.keys() <= folder.tables.keys():
        return [folder]
    asked = {name: model for name, model in folder.tables.items() if name not in LEDGER}
    return [RunFolder(folder.path, asked), RunFolder(folder.path, LEDGER)]


def committed_shards(folder: RunFolder) -> dict[str, list[Path]]:
    """The shards of committed partitions by table, in order of their names."""
    found: dict[str, list[Path]] = {}
    for ledger in ledgers(folder):
        shards = {name: ledger.shards(name) for name in ledger.tables}
        markers = shards[list(ledger.tables)[-1]]
        committed = {partition_of(path) for path in markers if path.name.count(".") == 1}
        found |= {
            name: [path for path in paths if partition_of(path) in committed]
            for name, paths in shards.items()
        }
    return found


def open_run(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection in which each table of the run is a view; it may spill into a temporary folder.

    Raises `StorageError` if there is no run.
    """
    folder, _ = find_run(path)
    connection = connect()
    try:
        add_views(connection, folder.tables, committed_shards(folder))
        for name, (table, query) in _HANDY.items():
            if table not in folder.tables:
                continue
            connection.execute(f"CREATE VIEW {name} AS {query}")
    except duckdb.Error as problem:
        connection.close()
        raise StorageError(f"{path}: {first_line(problem)}") from problem
    return connection


def connect() -> duckdb.DuckDBPyConnection:
    """An empty database in memory that spills into a folder of its own, which goes with it."""
    connection = duckdb.connect()
    spill = Path(tempfile.gettempdir()) / f"datagen-{os.getpid()}-{id(connection):x}"
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute(f"SET temp_directory = {quoted(str(spill))}")
    return connection


def add_views(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, type[Row]],
    shards: Mapping[str, list[Path]],
) -> None:
    """Make a view for each table; one without shards is empty, with the right columns. Columns that
    are newer than the run are null."""
    for name, model in tables.items():
        held = _columns(connection, shards[name][:1])
        connection.execute(f"CREATE VIEW {name} AS {_select(model, shards[name], held)}")


def sql(path: Path, query: str) -> Answer:
    """Ask a run. The query can read its tables and do nothing else.

    Raises `RecipeError` with DuckDB's first line if the query is wrong, `StorageError` if there is
    no run.
    """
    connection = open_run(path)
    try:
        _lock(connection, path)
        _refuse_all_but_a_query(connection, query)
        connection.execute(query)
        columns = tuple(str(column[0]) for column in connection.description or ())
    except duckdb.Error as problem:
        connection.close()
        raise RecipeError(f"sql: {first_line(problem)}") from problem
    except RecipeError:
        connection.close()
        raise
    return Answer(columns, _rows(connection))


def first_line(problem: duckdb.Error) -> str:
    return str(problem).strip().partition("\n")[0]


def quoted(text: str) -> str:
    """A string literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def file_list(shards: list[Path]) -> str:
    """Shards as a list literal; signs of a glob in their paths stand for themselves."""
    return "[" + ", ".join(quoted(_literal(str(path))) for path in shards) + "]"


def _literal(path: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path)


def _columns(connection: duckdb.DuckDBPyConnection, shards: list[Path]) -> set[str]:
    """The columns of shards that were written by one version."""
    if not shards:
        return set()
    found = connection.execute(f"SELECT * FROM read_parquet({file_list(shards)}) LIMIT 0")
    return {str(column[0]) for column in found.description or ()}


def _select(model: type[Row], shards: list[Path], held: set[str]) -> str:
    columns = ", ".join(
        f'"{field.name}"'
        if field.name in held
        else f'NULL::{_sql_type(field.type)} AS "{field.name}"'
        for field in arrow_schema(model)
    )
    return f"SELECT {columns} " + (
        f"FROM read_parquet({file_list(shards)})" if shards else "WHERE false"
    )


def _sql_type(type: pa.DataType) -> str:
    if pa.types.is_list(type):
        return f"{_sql_type(type.value_type)}[]"
    plain = {"string": "VARCHAR", "int64": "BIGINT", "double": "DOUBLE", "bool": "BOOLEAN"}
    return plain[str(type)]


def _lock(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Nothing but the run may be opened from here on."""
    folder = str(path.absolute())
    both = (
        f"{quoted(folder)}, {quoted(_literal(folder))}"  # permission is asked for the spelling used
    )
    connection.execute(f"SET allowed_directories = [{both}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _refuse_all_but_a_query(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    statements = connection.extract_statements(query)
    kinds = [statement.type.name for statement in statements]
    if kinds != ["SELECT"]:
        asked = " and ".join(kinds) or "nothing"
        raise RecipeError(
            "sql: ask one query that reads (SELECT, FROM, WITH, DESCRIBE, SUMMARIZE); "
            f"this is {asked}"
        )


def _rows(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    try:
        while rows := connection.fetchmany(FETCH_ROWS):
            yield from rows
    except duckdb.Error as problem:
        raise RecipeError(f"sql: {first_line(problem)}") from problem
    finally:
        connection.close()
