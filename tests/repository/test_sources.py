"""Where an agentic run's tools come from: runs as they are, and one line where there is none."""

import json
from pathlib import Path
from typing import Any

import pytest

from datagen.agentic.planning import TaskPlanner
from datagen.agentic.recipe import AgenticRecipe
from datagen.errors import RecipeError, StorageError
from datagen.repository import sources
from datagen.repository.importing import import_tools
from datagen.repository.sources import SourceConsole, gathered
from datagen.schemas import Tool


class Silence:
    """An embedder that no one asks."""

    def embed(self, texts: Any) -> Any:
        raise AssertionError(texts)


def listed(folder: Path, *names: str) -> Path:
    """An MCP `tools/list` answer in a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tools.json"
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    tools = [{"name": n, "description": f"Does {n}.", "inputSchema": schema} for n in names]
    path.write_text(json.dumps({"tools": tools}))
    return path


def tool_run(folder: Path, *names: str) -> Path:
    import_tools([str(listed(folder.parent / f"{folder.name}-files", *names))], folder)
    return folder


def recipe(*runs: object, **tools: Any) -> AgenticRecipe:
    return AgenticRecipe.model_validate({"tools": {"from": [str(run) for run in runs], **tools}})


def gather(chosen: AgenticRecipe, output: Path) -> tuple[list[Tool], tuple[Any, ...]]:
    console = SourceConsole(status=lambda _: None, say=lambda _: None)
    return gathered(chosen, output, embedder=Silence(), console=console)


def test_the_tools_of_all_runs_come_by_id_each_once(tmp_path: Path) -> None:
    first = tool_run(tmp_path / "first", "get_lamp", "list_lamps")
    second = tool_run(tmp_path / "second", "list_lamps", "get_boat")
    tools, inputs = gather(recipe(first, second), tmp_path / "run")
    turned, _ = gather(recipe(second, first), tmp_path / "run")
    assert {tool.name for tool in tools} == {"get_lamp", "list_lamps", "get_boat"}
    assert [tool.id for tool in tools] == sorted({tool.id for tool in tools})
    assert [(one.path, one.tools) for one in inputs] == [(str(first), 2), (str(second), 2)]
    assert {tool.id for tool in turned} == {tool.id for tool in tools}


def test_without_sources_there_are_no_tools(tmp_path: Path) -> None:
    assert gather(recipe(), tmp_path / "run") == ([], ())


def test_a_file_is_told_what_takes_it_in(tmp_path: Path) -> None:
    path = listed(tmp_path, "get_lamp")
    with pytest.raises(RecipeError, match=r"is a file, not a run; .*`datagen tools import") as said:
        gather(recipe(path), tmp_path / "run")
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_tools_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecipeError, match=f"tools.from: .*{name}: not a run with tools"):
        gather(recipe(tmp_path / name), tmp_path / "run")


def test_a_run_of_another_kind_gets_no_sources(tmp_path: Path) -> None:
    other = tool_run(tmp_path / "other", "get_lamp")
    with pytest.raises(StorageError, match="choose another --output"):
        gather(recipe(evolve=5), other)
    assert not (other / sources.FOLDER).exists()


def test_a_folder_with_other_files_gets_no_sources(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StorageError):
        gather(recipe(evolve=5), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def planned(output: Path) -> None:
    """An agentic run whose plan stands."""
    output.mkdir(exist_ok=True)
    manifest = {"pipeline": sources.PIPELINE, "identity": {}, "status": "running"}
    (output / "manifest.json").write_text(json.dumps(manifest))


def test_sources_of_a_planned_run_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: Any, **more: Any) -> None:
        raise AssertionError("sources were made again")

    output = tmp_path / "run"
    planned(output)
    tool_run(output / sources.EVOLVED, "get_lamp")
    tool_run(output / sources.HARVESTED, "get_boat")
    monkeypatch.setattr(sources, "evolve", never)
    monkeypatch.setattr(sources, "harvest", never)
    tools, inputs = gather(recipe(evolve=50, catalogue=True), output)
    assert {tool.name for tool in tools} == {"get_lamp", "get_boat"}
    assert {one.path for one in inputs} == {sources.EVOLVED, sources.HARVESTED}


def test_a_planned_run_whose_sources_are_gone_says_so(tmp_path: Path) -> None:
    planned(tmp_path / "run")
    with pytest.raises(RecipeError, match=f"{sources.EVOLVED}: not a run with tools"):
        gather(recipe(evolve=50), tmp_path / "run")


def test_what_is_evolved_is_new_beside_the_other_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    class Made:
        tools, missed, why = 2, 0, ""

    def evolving(made: Any, folder: Path, **more: Any) -> Made:
        asked.update(more, recipe=made)
        tool_run(folder, "get_lamp", "list_lamps")
        return Made()

    other = tool_run(tmp_path / "other", "get_boat")
    monkeypatch.setattr(sources, "evolve", evolving)
    chosen = recipe(other, evolve=2).model_copy(update={"seed": 5})
    tools, _ = gather(chosen, tmp_path / "run")
    assert {tool.name for tool in tools} == {"get_boat", "get_lamp", "list_lamps"}
    assert (asked["count"], asked["others"]) == (2, [other])
    assert (asked["recipe"].seed, asked["recipe"].engine) == (5, chosen.engine)


def test_nothing_evolved_ends_with_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Made:
        tools, missed, why = 0, 9, "no answer was a tool"

    monkeypatch.setattr(sources, "evolve", lambda *args, **more: Made())
    with pytest.raises(RecipeError, match="none of 9 tools was made: no answer was a tool"):
        gather(recipe(evolve=9), tmp_path / "run")


def test_a_changed_a_missing_and_a_new_source_are_told(tmp_path: Path) -> None:
    lamps = tool_run(tmp_path / "lamps", "get_lamp")
    boats = tool_run(tmp_path / "boats", "get_boat")
    _, inputs = gather(recipe(lamps, boats), tmp_path / "run")
    before = TaskPlanner(10, inputs).extend(None)
    assert TaskPlanner(20, inputs).changed(before) == []

    tool_run(tmp_path / "more", "get_kettle")
    lamps.rename(tmp_path / "gone")
    (tmp_path / "more").rename(lamps)
    _, inputs = gather(recipe(lamps, boats), tmp_path / "run")
    assert TaskPlanner(10, inputs).changed(before) == [f"{lamps}: holds other tools than before"]
    _, inputs = gather(recipe(lamps), tmp_path / "run")
    assert len(TaskPlanner(10, inputs).changed(before)) == 2
    _, inputs = gather(recipe(boats, tmp_path / "gone"), tmp_path / "run")
    told = TaskPlanner(10, inputs).changed(before)
    assert f"{lamps}: is no longer among tools.from" in told
    assert f"{tmp_path / 'gone'}: was not among tools.from" in told
