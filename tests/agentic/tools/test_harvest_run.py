"""A harvest is a run folder: one partition per server, entered again where it stopped."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from datagen.agentic.tools.harvest.harvester import Patience
from datagen.agentic.tools.harvest.servers import read_servers
from datagen.errors import RecipeError, StorageError
from datagen.repository.harvesting import harvest
from datagen.repository.repository_run import Standing
from datagen.sandbox import Sandbox

FAKE = Path(__file__).parent / "fake_mcp_server.py"
QUICK = Patience(seconds=20.0, received_bytes=2_000_000)


def usable() -> bool:
    try:
        Sandbox().require()
    except RecipeError:
        return False
    return True


pytestmark = pytest.mark.skipif(not usable(), reason="no sandbox on this machine")


def entry(mode: str) -> dict[str, object]:
    return {"command": sys.executable, "args": [str(FAKE), mode]}


def harvested(folder: Path, servers: dict[str, object], **more: object) -> Standing:
    path = folder / "mcp.json"
    path.write_text(json.dumps({"mcpServers": servers}))
    patience = more.pop("patience", QUICK)
    return harvest(read_servers(path), folder / "run", patience=patience, **more)  # type: ignore[arg-type]


def rows(folder: Path, table: str) -> list[dict[str, object]]:
    shards = sorted((folder / "run" / table).glob("*.parquet"))
    return [row for shard in shards for row in pq.read_table(shard).to_pylist()]


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (folder / "run/tools").glob("*")}


def test_tools_and_failures_of_many_servers_lie_in_one_run(tmp_path: Path) -> None:
    modes = ("paged", "die", "odd_tools", "flood", "key")
    ticks: list[int] = []

    state = harvested(
        tmp_path,
        {m: entry(m) for m in modes},
        on_tick=lambda standing, working: ticks.append(standing.pending),
    )

    tools, rejects = rows(tmp_path, "tools"), rows(tmp_path, "rejects")
    assert {row["server"] for row in tools} == {"paged", "odd_tools"}
    assert len([row for row in tools if row["server"] == "paged"]) == 7
    assert {(r["server"], r["reason"], r["failed"]) for r in rejects if not r["name"]} >= {
        ("die", "no_start", True),
        ("flood", "flooded", False),
        ("key", "needs_password", False),
    }
    assert (state.planned, state.pending, state.failed) == (5, 0, 1)
    assert ticks[-1] == 0


def test_the_manifest_says_what_the_shards_hold(tmp_path: Path) -> None:
    harvested(tmp_path, {m: entry(m) for m in ("paged", "die", "no_tools")})

    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["pipeline"] == "tools harvest"
    assert manifest["status"] == "unfinished"
    assert manifest["counts"] == {
        "planned_records": 9,
        "pending_records": 0,
        "accepted": len(rows(tmp_path, "tools")),
        "rejected": 1,
        "failed": 1,
    }
    assert manifest["reasons"] == {"harvest.no_start": 1, "harvest.no_tools_found": 1}


def test_a_second_entry_asks_only_what_failed_or_is_new(tmp_path: Path) -> None:
    harvested(tmp_path, {"a": entry("paged"), "b": entry("die")})
    before = stamps(tmp_path)

    state = harvested(tmp_path, {"a": entry("paged"), "b": entry("die"), "c": entry("one_page")})

    after = stamps(tmp_path)
    unchanged = [name for name in before if before[name] == after[name]]
    assert len(unchanged) == 1
    assert len(after) == 3
    assert state.planned == 3


def test_a_changed_entry_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    harvested(tmp_path, {"a": entry("paged"), "b": entry("no_tools")})

    state = harvested(tmp_path, {"a": entry("one_page")})

    assert (state.planned, state.pending, state.accepted) == (2, 0, 7)
    assert len({row["id"] for row in rows(tmp_path, "tools")}) == len(rows(tmp_path, "tools"))
    assert [row["server"] for row in rows(tmp_path, "rejects")] == ["b"]


def test_a_finished_harvest_is_done_and_starts_nothing(tmp_path: Path) -> None:
    harvested(tmp_path, {"a": entry("paged")})
    before = stamps(tmp_path)

    state = harvested(tmp_path, {"a": entry("paged")})

    assert stamps(tmp_path) == before
    assert state.failed == state.pending == 0
    assert json.loads((tmp_path / "run/manifest.json").read_text())["status"] == "done"


def test_what_was_harvested_before_an_interruption_stays(tmp_path: Path) -> None:
    def interrupt(standing: Standing, working: Sequence[str]) -> None:
        if standing.accepted:
            raise KeyboardInterrupt

    servers = {"a": entry("paged"), "b": entry("hang")}
    with pytest.raises(KeyboardInterrupt):
        harvested(tmp_path, servers, on_tick=interrupt)

    assert len(rows(tmp_path, "tools")) == 7
    assert json.loads((tmp_path / "run/manifest.json").read_text())["status"] == "unfinished"
    state = harvested(tmp_path, servers, patience=Patience(seconds=1.0))
    assert (state.failed, state.pending, state.accepted) == (1, 0, 7)


def test_another_kind_of_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").write_text('{"pipeline": "rephrase"}')

    with pytest.raises(StorageError, match="rephrase"):
        harvested(tmp_path, {"a": entry("paged")})


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")

    with pytest.raises(StorageError, match="not empty"):
        harvested(tmp_path, {"a": entry("paged")})


def test_no_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no server"):
        harvested(tmp_path, {})


def test_a_row_says_where_it_came_from_and_holds_no_secret(tmp_path: Path) -> None:
    servers = {"a": {**entry("paged"), "env": {"REGISTER_TOKEN": "s3cr3t"}}}

    harvested(tmp_path, servers)

    row = rows(tmp_path, "tools")[0]
    assert row["origin"] == "harvested"
    assert json.loads(str(row["raw"]))["x-vendor"] == {"kept": True}
    assert json.loads(str(row["source"]))["server_info"]["name"] == "fake"
    everything = b"".join(p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file())
    assert b"s3cr3t" not in everything
    assert "s3cr3t" not in json.dumps(rows(tmp_path, "tools"))
