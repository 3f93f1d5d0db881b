"""`datagen agentic` in a process of its own: a run, read, audited, killed and entered again."""

import json
import random
import shutil
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from runs import Entry, Finished, answered, datagen, server, start, wait_for

from benchmarks.ideal_server import running_server
from datagen.agentic.pipeline import AgenticPipeline
from datagen.shards import RunFolder

pytestmark = [pytest.mark.ray, pytest.mark.slow]

FAKES = Path(__file__).parents[1] / "agentic" / "counter_ground.py"
GROUND = f"tools.domain={FAKES}:CounterGround"
FOLLOWER = ["--engine", "scripted", "--model", f"{FAKES}:follower"]
SIZES = ["agents.min_tools=5", "agents.max_tools=5", "rollout.per_task=3"]


def command(output: Path, engine: list[str], *settings: str, limit: int = 24) -> list[object]:
    sets = [part for setting in (GROUND, *SIZES, *settings) for part in ("--set", setting)]
    return ["agentic", "--output", output, *engine, *sets, "--limit", limit]


def tables(output: Path) -> dict[str, list[dict[str, Any]]]:
    run = RunFolder(output)
    found = {}
    for name in AgenticPipeline.tables:
        rows = [row for path in run.shards(name) for row in pq.read_table(path).to_pylist()]
        found[name] = sorted(rows, key=lambda row: str(row["id"]))
    return found


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    output = tmp_path_factory.mktemp("agentic") / "run"
    return output, datagen(*command(output, FOLLOWER))


def test_a_run_says_what_it_came_to_and_is_proved_whole(done: tuple[Path, Finished]) -> None:
    output, finished = done
    audit = datagen("audit", output)

    assert (finished.code, finished.err) == (0, "")
    assert "trajectories" in finished.out
    assert audit.code == 0, audit.out
    assert "24 tasks" in audit.out


def test_inspect_and_sql_know_the_tables_and_the_views(done: tuple[Path, Finished]) -> None:
    output, _ = done
    shown = datagen("inspect", output)
    question = "SELECT k, pass_at_k, low, high FROM pass_at_k WHERE kind = 'all' ORDER BY k"
    passed = datagen("sql", output, question, "--format", "json")
    pairs = datagen("sql", output, "SELECT reason FROM failure_pairs", "--format", "json")

    assert shown.code == 0, shown.err
    assert all(word in shown.out for word in ("yield by stage", "pass@k", "goal_not_reached"))
    rows = [json.loads(line) for line in passed.out.splitlines()]
    assert [row["k"] for row in rows] == [1, 2, 3]
    assert all(row["low"] <= row["pass_at_k"] <= row["high"] for row in rows)
    assert rows[0]["pass_at_k"] < rows[2]["pass_at_k"]
    assert {json.loads(line)["reason"] for line in pairs.out.splitlines()} == {"goal_not_reached"}


def test_an_audit_sees_a_rollout_that_is_gone(done: tuple[Path, Finished], tmp_path: Path) -> None:
    output, _ = done
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in output.rglob("*"):
        if path.is_file() and "journal" not in path.parts:
            target = copy / path.relative_to(output)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    shard = next(iter((copy / "rejects").glob("t*.parquet")))
    table = pq.read_table(shard)
    pq.write_table(table.slice(1), shard)

    assert datagen("audit", copy).code == 1


def test_a_finished_run_is_entered_again_without_a_question(done: tuple[Path, Finished]) -> None:
    output, _ = done
    before = tables(output)

    again = datagen(*command(output, FOLLOWER))
    more = datagen(*command(output, FOLLOWER, limit=30))

    assert (again.code, more.code) == (0, 0), more.err
    after = tables(output)
    assert {row["id"] for row in before["tasks"]} < {row["id"] for row in after["tasks"]}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["tasks.kinds.ordinary=-1"], "kinds"),
        (["rollout.per_task=0"], "rollout.per_task"),
        (["judge.rubric=nowhere.toml"], "judge.rubric"),
        (["tools.domain=nowhere"], "there is no domain nowhere"),
        (["tools.from=[/nowhere]"], "/nowhere"),
        (["agents.min_tools=9", "agents.max_tools=4"], "min_tools"),
    ],
)
def test_what_the_user_can_fix_is_one_line(tmp_path: Path, settings: list[str], said: str) -> None:
    finished = datagen(*command(tmp_path / "run", FOLLOWER, *settings))

    assert finished.code == 2
    assert said in finished.complaint


def test_tools_of_another_run_distract_and_a_changed_run_is_refused(tmp_path: Path) -> None:
    listed = [
        {
            "name": f"water_plant_{n}",
            "description": f"Water plant {n} in the garden.",
            "inputSchema": {"type": "object", "properties": {"litres": {"type": "number"}}},
        }
        for n in range(6)
    ]
    (tmp_path / "tools.json").write_text(json.dumps({"tools": listed[:5]}))
    imported = datagen("tools", "import", tmp_path / "tools.json", "--output", tmp_path / "tools")
    sets = [f"tools.from=[{tmp_path / 'tools'}]", "agents.max_tools=9"]

    finished = datagen(*command(tmp_path / "run", FOLLOWER, *sets))
    shutil.rmtree(tmp_path / "tools")
    (tmp_path / "more.json").write_text(json.dumps({"tools": listed[5:]}))
    datagen("tools", "import", tmp_path / "more.json", "--output", tmp_path / "tools")
    changed = datagen(*command(tmp_path / "run", FOLLOWER, *sets))

    assert (imported.code, finished.code) == (0, 0), finished.err
    found = tables(tmp_path / "run")
    watering = {row["id"] for row in found["tools"] if row["name"].startswith("water")}
    assert len(watering) == 5
    assert any(watering & set(row["tools"]) for row in found["agents"])
    assert not any(watering & set(row["core"]) for row in found["agents"])
    assert changed.code == 2
    assert "other tools" in changed.complaint


def kill_after(entry: Entry, log: Path, completions: int) -> None:
    target = answered(log) + completions
    wait_for(lambda: answered(log) >= target or entry.process.poll() is not None)
    assert entry.process.poll() is None, "it ended before it was killed"
    entry.kill()


@pytest.mark.alone
def test_a_run_killed_in_the_middle_of_its_conversations_ends_like_one_that_was_not(
    tmp_path: Path,
) -> None:
    chance = random.Random(4)
    log = tmp_path / "server.log"
    options = {"slots": 16, "length_distribution": "uniform:10:60"}
    sets = ["rollout.max_turns=40", "rollout.per_task=2", "engine.concurrency=16"]
    with running_server(tokens_per_second=0, **options) as ideal:
        whole = tmp_path / "whole"
        finished = datagen(*command(whole, server(ideal.url), *sets))
        assert finished.code == 0, finished.err
    with running_server(tokens_per_second=300, log=log, **options) as ideal:
        output = tmp_path / "run"
        for _ in range(3):
            entry = start(*command(output, server(ideal.url), *sets))
            kill_after(entry, log, chance.randint(20, 70))
            time.sleep(chance.random() / 4)
        finished = datagen(*command(output, server(ideal.url), *sets))
        stats = ideal.stats()
    assert finished.code == 0, finished.err
    assert tables(output) == tables(whole)
    assert datagen("audit", output).code == 0
    assert stats["repeated"] <= 3 * 32  # what was under way at each kill
