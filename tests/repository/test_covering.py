"""`cover`: from a run's tables to its report, with embeddings kept between calls."""

import json
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datagen.errors import RecipeError, StorageError
from datagen.repository.covering import cover
from datagen.schemas import Tool
from datagen.shards import arrow_table


class CountingEmbedder:
    """A direction per text, drawn from its checksum."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts):
        self.asked += texts
        seeds = [zlib.crc32(text.encode("utf-8", "replace")) for text in texts]
        return np.stack([np.random.default_rng(seed).normal(size=16) for seed in seeds]).astype(
            np.float32
        )


def tool(id: str, *, origin: str = "imported", **more) -> Tool:
    fields = {
        **dict.fromkeys(
            [
                "title",
                "description",
                "domain",
                "output_schema",
                "licence",
                "date",
                "raw",
                "parent_id",
                "operator",
                "model",
            ],
            "",
        ),
        **{"input_schema": "{}", "annotations": "{}", "errors": "[]", "source": "{}", "round": -1},
        **{
            "reads": [],
            "writes": [],
            "fixes": [],
            "flags": [],
            "name": f"tool_{id}",
            "server": f"s{id}",
        },
    }
    return Tool(id=id, origin=origin, category="c", **(fields | more))


def a_run(path: Path, tools: list[Tool]) -> Path:
    (path / "tools").mkdir(parents=True)
    half = len(tools) // 2
    for number, rows in enumerate((tools[:half], tools[half:])):
        pq.write_table(arrow_table(Tool, rows), path / "tools" / f"{number:05}.parquet")
    return path


@pytest.fixture
def run(tmp_path):
    tools = [tool(f"{n:02}", origin=o) for n, o in enumerate(["imported", "evolved"] * 10)]
    return a_run(tmp_path / "run", tools)


def test_a_run_gets_numbers_a_picture_and_a_page(run):
    done = cover([run], CountingEmbedder())

    told = json.loads((run / "coverage" / "coverage.json").read_text())
    assert (told["tools"], told["real"], told["synthetic"]) == (20, 10, 10)
    assert (run / "coverage" / "coverage.png").read_bytes().startswith(b"\x89PNG")
    assert "data:image/png;base64," in (run / "coverage" / "coverage.html").read_text()
    assert done.lines[0] == "tools         20 (10 real, 10 synthetic), after 0 near-duplicates"
    assert done.lines[-1].endswith("coverage.html")
    assert set(done.seconds) == {"read", "embed", "measure", "draw"}


def test_a_second_call_embeds_nothing_and_says_the_same(run):
    first = cover([run], CountingEmbedder())
    again = CountingEmbedder()

    second = cover([run], again)

    assert again.asked == []
    assert (first.embedded, second.embedded) == (20, 0)
    assert first.coverage == second.coverage


def test_only_new_tools_are_embedded(run):
    cover([run], CountingEmbedder())
    pq.write_table(arrow_table(Tool, [tool("new")]), run / "tools" / "00002.parquet")
    again = CountingEmbedder()

    cover([run], again)

    assert again.asked == ["tool new."]


@pytest.mark.parametrize("damage", ["cut", "nan", "other way"])
def test_kept_embeddings_that_are_of_no_use_are_made_again(run, damage):
    first = cover([run], CountingEmbedder())
    path = run / "coverage" / "embeddings.parquet"
    table = pq.read_table(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    elif damage == "nan":
        vectors = pa.FixedSizeListArray.from_arrays(pa.array([np.nan] * 320, pa.float32()), 16)
        pq.write_table(table.set_column(1, "vector", vectors), path)
    else:
        pq.write_table(table.replace_schema_metadata({"datagen.embedded": "other"}), path)

    second = cover([run], CountingEmbedder())

    assert second.embedded == 20
    assert second.coverage == first.coverage


def test_runs_are_measured_together_and_a_shared_tool_counts_once(tmp_path):
    one = a_run(tmp_path / "one", [tool(f"{n}") for n in range(5)])
    two = a_run(tmp_path / "two", [tool(f"{n}") for n in range(3, 9)])

    done = cover([one, two, one], CountingEmbedder())

    assert done.coverage.tools == 9
    assert done.folder == one / "coverage"
    assert (two / "coverage" / "embeddings.parquet").exists()


def test_the_order_of_runs_does_not_change_the_numbers(tmp_path):
    one = a_run(tmp_path / "one", [tool(f"{n}") for n in range(5)])
    two = a_run(tmp_path / "two", [tool(f"{n}", origin="evolved") for n in range(5, 9)])

    assert (
        cover([one, two], CountingEmbedder()).coverage
        == cover([two, one], CountingEmbedder()).coverage
    )


def test_one_tool_is_a_repository(tmp_path):
    done = cover([a_run(tmp_path / "run", [tool("a")])], CountingEmbedder())

    assert (done.coverage.tools, done.drawn) == (1, 1)
    assert done.coverage.real_by_synthetic is None


def test_a_run_without_tools_ends_in_one_line(tmp_path):
    empty = a_run(tmp_path / "empty", [])

    with pytest.raises(RecipeError, match=r"empty: the run has no tools to measure"):
        cover([empty], CountingEmbedder())
    with pytest.raises(RecipeError, match=r"gone: no such run"):
        cover([tmp_path / "gone"], CountingEmbedder())
    with pytest.raises(RecipeError, match="no run given"):
        cover([], CountingEmbedder())


def test_a_file_that_is_no_table_of_tools_ends_in_one_line(run):
    (run / "tools" / "00009.parquet").write_bytes(b"not parquet")

    with pytest.raises(StorageError, match=r"00009\.parquet"):
        cover([run], CountingEmbedder())


def test_a_table_of_something_else_is_refused(run):
    pq.write_table(pa.table({"id": ["a"]}), run / "tools" / "00009.parquet")

    with pytest.raises(StorageError, match="not a table of tools"):
        cover([run], CountingEmbedder())
