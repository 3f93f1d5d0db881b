"""An import ends with the same repository however often it was stopped."""

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from datagen.errors import RecipeError, StorageError
from datagen.repository import importing
from datagen.repository.importing import import_tools, input_files

DATA = os.environ.get("DATAGEN_TEST_DATA")


def tool(name: str, description: str = "d", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "inputSchema": {"type": "object", "properties": {"q": {"type": "string"}}},
        **more,
    }


def write(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def table(run: Path, name: str) -> list[dict[str, Any]]:
    return [
        row
        for path in sorted((run / name).glob("*.parquet"))
        for row in pq.read_table(path).to_pylist()
    ]


def manifest(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "manifest.json").read_text()))


def enter(run: Path, *files: Path, prelude: str = "") -> subprocess.CompletedProcess[str]:
    """Import in a process of its own, since a run is held until the process that took it ends."""
    code = f"import sys\nfrom pathlib import Path\nfrom datagen.repository import importing\n{prelude}\nimporting.import_tools(sys.argv[2:], Path(sys.argv[1]))"
    return subprocess.run(
        [sys.executable, "-c", code, str(run), *map(str, files)], capture_output=True, text=True
    )


def test_accepted_and_rejected_are_what_was_found(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        {"server": "s", "tool": tool("a")},
        {"server": "s", "tool": {}},
        {"server": "s", "tool": tool("b", inputSchema=3)},
    )

    standing = import_tools([path], tmp_path / "run")

    assert (standing.found, standing.accepted, standing.rejected, standing.pending) == (3, 1, 2, 0)
    assert [row["reason"] for row in table(tmp_path / "run", "rejects")] == [
        "no_name",
        "bad_schema",
    ]
    assert manifest(tmp_path / "run")["status"] == "done"
    row = table(tmp_path / "run", "tools")[0]
    assert json.loads(row["source"]) == {"file": str(path), "place": "line 1/tool"}


def test_the_same_tool_again_is_a_reject_that_names_the_first(tmp_path: Path) -> None:
    one = write(tmp_path / "a.jsonl", {"server": "s", "tool": tool("a")})
    two = write(tmp_path / "b.jsonl", {"server": "other", "tool": tool("a", description=" d ")})

    import_tools([two, one], tmp_path / "run")

    rejects = table(tmp_path / "run", "rejects")
    assert [(row["reason"], row["server"]) for row in rejects] == [("duplicate", "other")]
    assert "a of s" in rejects[0]["detail"]


def test_two_tools_with_one_name_in_one_server_get_two_names(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        *[
            {"server": "s", "tool": tool(name, text)}
            for name, text in [("get", "one"), ("get", "two"), ("ge\u0301t", "three")]
        ],
        {"server": "other", "tool": tool("get", "four")},
    )

    import_tools([path], tmp_path / "run")

    rows = table(tmp_path / "run", "tools")
    assert len({(row["server"], row["name"]) for row in rows}) == 4
    assert [row["name"] for row in rows if "name_collision" not in row["fixes"]] == ["get", "get"]
    assert rows[1]["name"] == f"get_{rows[1]['id'][:6]}"


def test_the_order_in_which_files_are_named_changes_nothing(tmp_path: Path) -> None:
    files = [
        write(
            tmp_path / f"{n}.jsonl",
            {"server": "s", "tool": tool("a", n)},
            {"server": n, "tool": tool("b")},
        )
        for n in "xyz"
    ]

    import_tools(files, tmp_path / "one")
    import_tools(files[::-1], tmp_path / "two")

    assert table(tmp_path / "one", "tools") == table(tmp_path / "two", "tools")
    assert table(tmp_path / "one", "rejects") == table(tmp_path / "two", "rejects")


def test_a_folder_is_gone_into_and_servers_are_named_by_it(tmp_path: Path) -> None:
    for server in ("github", "slack"):
        write(tmp_path / "servers" / server / "tools.json", [tool(f"of_{server}")])
    write(tmp_path / "servers" / ".git" / "tools.json", [tool("hidden")])

    import_tools([tmp_path / "servers"], tmp_path / "run")

    assert [(row["server"], row["name"]) for row in table(tmp_path / "run", "tools")] == [
        ("github", "of_github"),
        ("slack", "of_slack"),
    ]


def test_what_is_wrong_with_the_command_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    path = write(tmp_path / "a.json", tool("a"))

    for files, said in [
        ([], "at least one"),
        ([tmp_path / "none.json"], "No such file"),
        ([tmp_path / "empty"], "no files"),
        ([path, path], "named twice"),
    ]:
        with pytest.raises(RecipeError, match=said):
            input_files(files)


def test_a_damaged_file_gives_what_stands_before_the_damage(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    rows = "".join(
        json.dumps({"server": "s", "tool": tool(f"t{i}", os.urandom(300).hex())}) + "\n"
        for i in range(3000)
    )
    path.write_bytes(gzip.compress(rows.encode())[:-2000])

    standing = import_tools([path], tmp_path / "run")

    assert standing.accepted > 2900
    assert standing.reasons()["import.unreadable_file"] == 1


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"tool": tool("a"), "server": "s"})
    run = tmp_path / "run"
    enter(run, path)
    before = {file: file.stat().st_mtime_ns for file in run.rglob("*.parquet")}

    entered = enter(run, path)

    assert entered.returncode == 0, entered.stderr
    assert {file: file.stat().st_mtime_ns for file in run.rglob("*.parquet")} == before
    assert manifest(run)["entries"] == 2


def test_a_changed_input_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"tool": tool("a"), "server": "s"})
    enter(tmp_path / "run", path)
    write(path, {"tool": tool("changed"), "server": "s"})

    with pytest.raises(StorageError, match=r"a\.jsonl: was .* bytes"):
        import_tools([path], tmp_path / "run")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"tool": tool("a"), "server": "s"})

    with pytest.raises(StorageError, match="not empty"):
        import_tools([path], tmp_path)


def test_a_run_that_was_killed_ends_like_one_that_was_not(tmp_path: Path) -> None:
    rows = [{"server": f"s{i % 3}", "tool": tool(f"t{i % 40}", f"d{i % 70}")} for i in range(200)]
    files = [
        write(tmp_path / "a.jsonl", *rows),
        write(tmp_path / "b.jsonl", *rows[50:], {"tool": tool("last"), "server": "s"}),
    ]
    small = "importing.PART_RECORDS = 30"
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert enter(whole, *files, prelude=small).returncode == 0
    killing = f"{small}\nimport os\nfrom datagen.repository.repository_run import RepositoryRun\npublish = RepositoryRun.publish\ncount = 0\ndef once(*a, **k):\n  global count\n  count += 1\n  if count > 2: os._exit(9)\n  return publish(*a, **k)\nRepositoryRun.publish = once"

    entries = 0
    while enter(stopped, *files, prelude=killing).returncode == 9 and entries < 20:
        entries += 1

    assert entries >= 5
    assert table(stopped, "tools") == table(whole, "tools")
    assert table(stopped, "rejects") == table(whole, "rejects")
    counts = manifest(stopped)["counts"]
    assert counts == manifest(whole)["counts"]
    assert counts["accepted"] + counts["rejected"] == counts["planned_records"] == 351


@pytest.mark.skipif(DATA is None, reason="DATAGEN_TEST_DATA is not set")
def test_five_thousand_real_tools_are_imported(tmp_path: Path) -> None:
    started = time.monotonic()

    standing = import_tools(
        [Path(str(DATA), "mcp_tools", "toucan_tools.jsonl.gz")], tmp_path / "run"
    )

    assert standing.found == 5194
    assert standing.accepted > 5100
    assert standing.accepted + standing.rejected == standing.found
    assert time.monotonic() - started < 60
    rows = table(tmp_path / "run", "tools")
    assert (
        len({row["id"] for row in rows})
        == len({(row["server"], row["name"]) for row in rows})
        == len(rows)
    )
    assert not any("://" in row["licence"] for row in rows)
    assert standing.found < importing.PART_RECORDS
