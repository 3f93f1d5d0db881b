"""Views show committed partitions only, and a query can read the run and do nothing else."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from run_folders import WrittenRun, chunk_of, rephrasing, small_run, tables

from datagen.errors import RecipeError, StorageError
from datagen.inspect.views import Answer, open_run, sql
from datagen.schemas import Reject, Rephrasing, RewrittenChunk
from datagen.shards import shard_name


def asked(path: Path, query: str) -> list[tuple[object, ...]]:
    return list(sql(path, query).rows)


def test_each_table_is_a_view_with_the_columns_of_its_rows(tmp_path: Path) -> None:
    path = small_run(tmp_path)

    for name, model in (
        ("rejects", Reject),
        ("chunks", RewrittenChunk),
        ("rephrasings", Rephrasing),
    ):
        assert sql(path, f"SELECT * FROM {name}").columns == tuple(model.model_fields)
    assert asked(path, "SELECT count(*) FROM rephrasings") == [(4,)]
    assert asked(path, "SELECT count(*) FROM rejects") == [(4,)]


def test_tables_without_shards_are_empty_and_keep_their_types(tmp_path: Path) -> None:
    path = WrittenRun(tmp_path, [2]).finish("unfinished")

    assert asked(path, "SELECT count(*), sum(tokens) FROM rephrasings") == [(0, None)]
    assert asked(path, "SELECT len(reasons), copied + 1, failed FROM chunks, rejects") == []
    types = {row[0]: row[1] for row in asked(path, "DESCRIBE chunks")}
    assert (types["reasons"], types["number"], types["copied"]) == ("VARCHAR[]", "BIGINT", "DOUBLE")


def test_columns_that_an_earlier_version_did_not_write_are_null(tmp_path: Path) -> None:
    path = small_run(tmp_path)
    for shard in (path / "chunks").glob("*.parquet"):
        pq.write_table(pq.read_table(shard).drop_columns(["flips", "returned"]), shard)

    assert sql(path, "FROM chunks").columns == tuple(RewrittenChunk.model_fields)
    assert asked(path, "SELECT DISTINCT flips, returned + 1 FROM chunks") == [(None, None)]
    assert asked(path, "SELECT count(*) FROM chunks WHERE text != ''") == [(5,)]


def test_shards_of_a_partition_without_its_marker_are_not_shown(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path, [1, 1])
    run.commit(0, tables(rephrasing("a", 0), rephrasing("a", 1)))
    run.commit(1, tables(rephrasing("b", 0), rephrasing("b", 1)), shard_rows=1)
    path = run.finish("running")
    (tmp_path / "rephrasings" / shard_name("000001", 0)).unlink()

    assert asked(path, "SELECT count(*) FROM rephrasings") == [(2,)]
    assert asked(path, "SELECT DISTINCT document_id FROM chunks") == [("a",)]


def test_all_shards_of_a_committed_partition_are_shown(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path, [3])
    made = [rephrasing(document, number) for document in "abc" for number in (0, 1)]

    path = run.commit(0, tables(*made), shard_rows=2).finish()

    assert sorted(asked(path, "SELECT id FROM rephrasings")) == sorted((row.id,) for row in made)


def test_handy_views_add_up(tmp_path: Path) -> None:
    path = small_run(tmp_path)

    reasons = asked(path, "SELECT stage, reason, failed, rejects FROM rejects_by_reason")
    assert sorted(reasons) == [
        ("read", "not_json", False, 1),
        ("rewrite", "loop", False, 1),
        ("rewrite", "no_fitting_style", False, 1),
        ("rewrite", "unreachable", True, 1),
    ]
    tokens = asked(path, "SELECT style, rephrasings, tokens FROM tokens_by_style")
    assert tokens == [("faq", 1, 14), ("textbook", 3, 42)]


@pytest.mark.parametrize("name", ["a[b]c", "what*is?this", "it's", "with space", "ünïcode 文"])
def test_any_folder_name_can_be_read(tmp_path: Path, name: str) -> None:
    path = small_run(tmp_path / name)

    assert asked(path, "SELECT count(*) FROM chunks") == [(5,)]


def test_a_relative_path_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_run(tmp_path / "run")
    monkeypatch.chdir(tmp_path)

    assert asked(Path("run"), "SELECT count(*) FROM chunks") == [(5,)]


def files(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(
    "query",
    [
        "COPY rephrasings TO '{run}/rephrasings/000009.parquet'",
        "COPY (SELECT 1) TO '{run}/../out.csv'",
        "ATTACH '{run}/new.db' AS new",
        "EXPORT DATABASE '{run}/export'",
        "CREATE TABLE mine AS SELECT 1",
        "CREATE OR REPLACE VIEW chunks AS SELECT 1",
        "DROP VIEW chunks",
        "INSERT INTO chunks VALUES (1)",
        "EXPLAIN ANALYZE COPY chunks TO '{run}/chunks/000009.parquet'",
        "SELECT 1; COPY chunks TO '{run}/chunks/000009.parquet'",
        "SET enable_external_access = true",
        "PRAGMA enable_logging",
        "INSTALL httpfs",
        "SELECT * FROM read_text('{run}/../secret.txt')",
        "SELECT * FROM '{run}/../secret.csv'",
        "SELECT * FROM glob('{run}/../*')",
        "SELECT * FROM query('COPY chunks TO ''{run}/x.parquet''')",
        "WITH new AS (INSERT INTO chunks VALUES (1) RETURNING *) SELECT * FROM new",
        "",
        "-- nothing",
    ],
)
def test_a_query_writes_nothing_and_reads_nothing_else(tmp_path: Path, query: str) -> None:
    path = small_run(tmp_path / "run")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    before = files(tmp_path)

    with pytest.raises(RecipeError) as told:
        asked(path, query.format(run=path))

    assert "\n" not in str(told.value)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT nope FROM chunks", "nope"),
        ("SELECT * FROM trajectories", "trajectories"),
        ("SELECT text::INT FROM rephrasings", "Conversion"),
    ],
)
def test_a_wrong_query_is_one_line(tmp_path: Path, query: str, said: str) -> None:
    path = small_run(tmp_path)

    with pytest.raises(RecipeError, match=said) as told:
        asked(path, query)

    assert str(told.value).startswith("sql: ")
    assert "\n" not in str(told.value)


def test_queries_that_only_read_are_answered(tmp_path: Path) -> None:
    path = small_run(tmp_path)

    for query in (
        "FROM chunks LIMIT 1;",
        "WITH c AS (FROM chunks) SELECT count(*) FROM c",
        "SUMMARIZE rephrasings",
        "SHOW TABLES",
        "VALUES (1), (2)",
    ):
        assert asked(path, query)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "manifest.json").write_text('{"pipeline": "other"}')

    with pytest.raises(StorageError, match="not a run"):
        open_run(tmp_path)
    with pytest.raises(StorageError, match="not a run"):
        open_run(tmp_path / "missing")
    with pytest.raises(StorageError, match="doesn't know"):
        open_run(tmp_path / "strange")


def test_an_answer_is_read_as_it_comes(tmp_path: Path) -> None:
    path = small_run(tmp_path)

    answer: Answer = sql(path, "SELECT range AS n FROM range(1000000000)")

    assert next(answer.rows) == (0,)
    assert next(answer.rows) == (1,)


def test_chunk_text_survives_as_it_is(tmp_path: Path) -> None:
    text = 'سطر "quoted", 😀 $x_{1}$\n\tend'
    made = rephrasing("a", 0, text=text)
    rows = {"rejects": [], "chunks": [chunk_of(made)], "rephrasings": [made]}

    path = WrittenRun(tmp_path, [1]).commit(0, rows).finish("unfinished")

    assert asked(path, "SELECT text FROM chunks") == [(text,)]
