"""`datagen agentic` over tools of other runs and over tools made on the spot, as a user enters it."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from runs import Finished, datagen

from datagen.agentic.pipeline import AgenticPipeline
from datagen.shards import RunFolder

pytestmark = [pytest.mark.ray, pytest.mark.slow]

MODEL = Path(__file__).parents[1] / "agentic" / "desk_model.py"
ENGINE = ["--engine", "scripted", "--model", f"{MODEL}:reply"]
SETTINGS = ["agents.min_tools=3", "agents.max_tools=10", "rollout.per_task=1"]
EVOLVED = 24


def command(output: Path, *settings: str, limit: int = 12) -> list[object]:
    sets = [part for setting in (*SETTINGS, *settings) for part in ("--set", setting)]
    return ["agentic", "--output", output, *ENGINE, *sets, "--limit", limit]


def tables(output: Path) -> dict[str, list[dict[str, Any]]]:
    run = RunFolder(output)
    return {
        name: sorted(
            (row for path in run.shards(name) for row in pq.read_table(path).to_pylist()),
            key=lambda row: str(row["id"]),
        )
        for name in AgenticPipeline.tables
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    output = tmp_path_factory.mktemp("sources") / "run"
    return output, datagen(*command(output, f"tools.evolve={EVOLVED}"))


def test_tasks_are_over_the_tools_that_were_evolved_for_them(done: tuple[Path, Finished]) -> None:
    output, finished = done
    assert finished.code == 0, finished.err
    assert f"{EVOLVED} tools evolved" in finished.out + finished.err
    found = tables(output)
    assert len(found["tools"]) == len(found["compiled"]) == EVOLVED
    assert {tool["origin"] for tool in found["tools"]} == {"evolved"}
    assert found["tasks"]
    assert {task["domain"] for task in found["tasks"]} <= {t["server"] for t in found["tools"]}
    assert datagen("audit", output).code == 0
    assert datagen("audit", output / "sources" / "evolved").code == 0


def test_coverage_of_the_tools_is_reported(done: tuple[Path, Finished]) -> None:
    output, _ = done
    shown = datagen("inspect", output)
    asked = datagen("sql", output, "FROM coverage_by_agents", "--format", "json")
    (counts,) = [json.loads(line) for line in asked.out.splitlines()]

    assert "coverage of the tools by agents" in shown.out
    assert counts["tools"] == EVOLVED >= counts["compiled"] >= counts["in_a_core"] > 0
    assert counts["with_an_agent"] >= counts["in_a_core"]


def test_entered_again_nothing_is_evolved_and_more_tasks_keep_the_earlier(
    done: tuple[Path, Finished],
) -> None:
    output, _ = done
    before = tables(output)
    written = {path: path.stat().st_mtime_ns for path in (output / "sources").rglob("*.parquet")}

    again = datagen(*command(output, f"tools.evolve={EVOLVED}", limit=18))

    assert again.code == 0, again.err
    assert "evolved" not in again.out + again.err.replace("tools.evolve", "")
    after = tables(output)
    assert after["tools"] == before["tools"]
    assert {task["id"] for task in before["tasks"]} < {task["id"] for task in after["tasks"]}
    now = {path: path.stat().st_mtime_ns for path in (output / "sources").rglob("*.parquet")}
    assert now == written


def test_another_number_of_tools_is_another_run(done: tuple[Path, Finished]) -> None:
    output, _ = done
    finished = datagen(*command(output, f"tools.evolve={EVOLVED + 6}"))
    assert finished.code == 2
    assert "tools.evolve" in finished.complaint


def test_tools_that_nothing_is_known_of_are_one_line_with_the_reasons(tmp_path: Path) -> None:
    listed = [
        {"name": f"ponder_{n}", "description": f"Ponders {n}.", "inputSchema": {"type": "object"}}
        for n in range(9)
    ]
    (tmp_path / "tools.json").write_text(json.dumps({"tools": listed}))
    imported = datagen("tools", "import", tmp_path / "tools.json", "--output", tmp_path / "tools")
    finished = datagen(*command(tmp_path / "run", f"tools.from=[{tmp_path / 'tools'}]"))
    file = datagen(*command(tmp_path / "run", f"tools.from=[{tmp_path / 'tools.json'}]"))

    assert (imported.code, finished.code, file.code) == (0, 2, 2)
    assert "none of 9 tools" in finished.complaint
    assert "unclear_verb 9" in finished.complaint
    assert "datagen tools import" in file.complaint
    assert not (tmp_path / "run").exists()
