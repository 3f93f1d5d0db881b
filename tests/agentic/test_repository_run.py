"""Runs over tools of earlier runs: agents over all applications, tasks, rollouts, what is written."""

import asyncio
import json
import sys
import time
from collections import Counter
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from reference_model import ReferenceModel, domain_of, pipeline_of

from datagen.agentic.choosing import ground_of
from datagen.agentic.compiled_ground import CompiledGround
from datagen.agentic.pipeline import AgenticPipeline, Introduced, Setting, Stock
from datagen.agentic.planning import TaskPartition, TaskPlanner
from datagen.agentic.recipe import AgenticRecipe, run_identity
from datagen.agentic.repository_agents import RepositoryDraws
from datagen.agentic.repository_ground import RepositoryGround
from datagen.agentic.simulated_ground import SimulatedGround
from datagen.engines.base import ROLES, Completion, Request
from datagen.engines.scripted import ScriptedEngine
from datagen.errors import RecipeError
from datagen.inspect.agentic import summary_lines
from datagen.inspect.views import sql
from datagen.runner.plan import save_plan
from datagen.runner.worker import Assignment, Worker
from datagen.schemas import Tool
from datagen.shards import RunFolder
from datagen.stage import Work

sys.path.insert(0, str(Path(__file__).parent / "domains"))

from evolved_apps import evolved_tools
from specs_made import spec, tasks_app

TASKS = 60


@cache
def tools() -> tuple[Tool, ...]:
    """Applications that are understood, and tools that only distract."""
    others = [spec(f"ponder_{n}", "thought", server=f"Thinker {n % 7}") for n in range(60)]
    return (*tasks_app(), *evolved_tools(), *others)


def recipe(**sections: Any) -> AgenticRecipe:
    values: dict[str, Any] = {
        "engine": {"kind": "scripted", "model": "x:y"},
        "rollout": {"per_task": 1},
        "tools": {"from": ["somewhere"]},
        "agents": {"min_tools": 3, "max_tools": 20},
    }
    return AgenticRecipe.model_validate(values | sections)


def ground(given: tuple[Tool, ...] = (), seed: int = 0) -> RepositoryGround:
    return RepositoryGround(given or tools(), seed=seed)


def draws(seed: int = 0, sizes: tuple[int, int] = (3, 20)) -> RepositoryDraws:
    return RepositoryDraws(ground(), sizes=sizes, seed=seed)


def names_of(ids: tuple[str, ...]) -> list[str]:
    by_id = {tool.id: tool for tool in tools()}
    return [by_id[known].name for known in ids]


def test_agents_have_a_core_of_one_application_and_names_of_their_own() -> None:
    made, by_id = draws(), {tool.id: tool for tool in tools()}
    known = {a.tool.id for plan in ground().plans.values() for a in plan.actions.values()}
    for number in range(120):
        agent = made(number)
        assert 3 <= len(agent.tools) <= 20
        assert set(agent.core) <= set(agent.tools) & known
        servers = {by_id[one].server for one in agent.core}
        assert len(servers) == 1
        names = names_of(agent.tools)
        assert len(set(names)) == len(names)
        own = {i for i in agent.tools if by_id[i].server in servers}
        assert own <= known, "a tool of the application without a backend"
        assert agent.system_prompt.count("Rules:") == 1


def test_every_tool_is_with_some_agent_soon_and_every_understood_one_in_a_core() -> None:
    made = draws()
    agents = [made(number) for number in range(60)]
    known = {a.tool.id for plan in ground().plans.values() for a in plan.actions.values()}
    cores = {one for agent in agents for one in agent.core}
    assert cores == known
    held = {one for agent in agents for one in agent.tools}
    missing = {tool.id for tool in tools()} - held - known
    clarified = {t.name for t in tools() if t.id in missing}
    assert len(clarified) <= 2, clarified


def test_a_core_can_look_at_what_it_changes() -> None:
    made, by_id = draws(), {tool.id: tool for tool in tools()}
    for number in range(60):
        agent = made(number)
        plan = ground().plans[by_id[agent.core[0]].server]
        core = [plan.actions[by_id[one].name] for one in agent.core]
        assert any(action.operation in ("read", "list", "count") for action in core)


def test_no_tool_of_another_application_does_the_same_to_the_same_kind_of_thing() -> None:
    twin = tuple(tasks_app("Other Desk"))
    twin = tuple(
        tool.model_copy(update={"id": f"{tool.id}x", "name": f"{tool.name}_v"}) for tool in twin
    )
    made = RepositoryDraws(ground((*tools(), *twin)), sizes=(8, 20), seed=0)
    by_id = {tool.id: tool for tool in (*tools(), *twin)}
    for number in range(40):
        agent = made(number)
        server = by_id[agent.core[0]].server
        others = [by_id[one].name for one in agent.tools if by_id[one].server != server]
        if server == "Task Desk" and any("task" in by_id[one].name for one in agent.core):
            assert not any("task" in name for name in others), others


def test_agents_are_a_function_of_their_number_and_the_seed() -> None:
    late, early = draws(), draws()
    expected = [early(number) for number in range(40)]
    assert late(39) == expected[39]
    assert late(3) == expected[3]
    assert draws(seed=1)(39) != expected[39]
    assert len({agent.id for agent in expected}) == 40


def read_all(pipeline: AgenticPipeline, *parts: tuple[int, int]) -> list[Any]:
    found = []
    for first, count in parts:
        for work in pipeline.read(TaskPartition(f"t{first}", first, count)):
            row = work.row if isinstance(work, Work) else work
            if not isinstance(row, Stock | Introduced):
                found.append(row.model_dump() if hasattr(row, "model_dump") else row)
    return found


def test_tasks_are_the_same_however_they_are_cut_into_partitions() -> None:
    whole = read_all(pipeline_of(recipe(), tools()), (0, 48))
    halves = read_all(pipeline_of(recipe(), tools()), (24, 24), (0, 24))
    assert sorted(map(repr, whole)) == sorted(map(repr, halves))
    assert len(whole) > 40


async def play(folder: Path, reply: Any, chosen: AgenticRecipe) -> dict[str, list[dict[str, Any]]]:
    (folder / "plan" / "leases").mkdir(parents=True)
    (folder / "plan" / "leases" / "000001.json").touch()
    assignment = Assignment(
        pipeline=partial(AgenticPipeline, chosen, partial(ground_of, tools=tools()), ()),
        folder=str(folder),
        lease=1,
        rows_in_flight=64,
        shard_rows=50_000,
    )
    worker = Worker(assignment, dict.fromkeys(ROLES, ScriptedEngine(reply)), None)
    for order, partition in enumerate(TaskPlanner(TASKS, ()).extend(None).partitions):
        await worker.run(partition, order)
    run = RunFolder(folder)
    return {
        table: [row for path in run.shards(table) for row in pq.read_table(path).to_pylist()]
        for table in AgenticPipeline.tables
    }


@pytest.fixture(scope="module")
def played(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[str, list[dict[str, Any]]]]:
    folder = tmp_path_factory.mktemp("repository") / "run"
    model = ReferenceModel(pipeline_of(recipe(), tools()), TASKS)
    return folder, asyncio.run(play(folder, model, recipe()))


@pytest.fixture(scope="module")
def perfect(played: tuple[Path, Any]) -> dict[str, list[dict[str, Any]]]:
    return dict(played[1])


def test_a_perfect_agent_is_accepted_on_every_task(
    perfect: dict[str, list[dict[str, Any]]],
) -> None:
    refused = [row for row in perfect["rejects"] if row["number"] >= 0]
    assert [(row["stage"], row["reason"], row["detail"]) for row in refused] == []
    assert len(perfect["tasks"]) == len(perfect["trajectories"]) >= 0.85 * TASKS
    assert all(row["environment"] == "compiled" for row in perfect["trajectories"])
    assert len({row["domain"] for row in perfect["tasks"]}) == 5


def test_what_became_of_each_tool_is_written_down(
    perfect: dict[str, list[dict[str, Any]]],
) -> None:
    rows = {row["id"]: row for row in perfect["compiled"]}
    assert set(rows) == {tool.id for tool in tools()} == {row["id"] for row in perfect["tools"]}
    for row in rows.values():
        assert bool(row["operation"]) == bool(row["entity"]) == (row["reason"] == "")
    reasons = Counter(row["reason"] for row in rows.values())
    assert reasons["unclear_verb"] >= 60


def test_the_coverage_that_is_reported_is_what_the_rows_say(played: tuple[Path, Any]) -> None:
    folder, rows = played
    run = RunFolder(folder, AgenticPipeline.tables)
    save_plan(run, TaskPlanner(TASKS, ()).extend(None))
    run.write_text(run.manifest_path, json.dumps({"pipeline": "agentic", "status": "done"}))
    (counts,) = answers(folder, "FROM coverage_by_agents")
    by_name = {(tool.server, tool.name): tool.id for tool in tools()}
    agents = {agent["id"]: agent for agent in rows["agents"]}
    called = set()
    for row in rows["trajectories"]:
        own = {t.name: t.id for t in tools() if t.id in agents[row["agent_id"]]["tools"]}
        turns = json.loads(row["messages"])
        calls = [call for turn in turns for call in turn.get("tool_calls") or ()]
        called |= {own[call["function"]["name"]] for call in calls}
    assert len(by_name) == counts["tools"] == len(rows["tools"])
    assert counts["compiled"] == sum(row["reason"] == "" for row in rows["compiled"])
    for column, name in (("tools", "with_an_agent"), ("core", "in_a_core")):
        held = {one for agent in agents.values() for one in agent[column]}
        assert counts[name] == len(held), name
    assert counts["called"] == len(called) > 10
    reasons = answers(folder, "FROM uncompiled_by_reason")
    assert sum(row["tools"] for row in reasons) == counts["tools"] - counts["compiled"]
    assert all(row["servers"] and row["for_example"] for row in reasons)


def test_what_was_wanted_and_what_came_is_shown_by_kind_and_tier(played: tuple[Path, Any]) -> None:
    folder, rows = played
    run = RunFolder(folder, AgenticPipeline.tables)
    run.write_text(run.manifest_path, json.dumps({"pipeline": "agentic", "status": "done"}))
    quotas = {(row["kind"], row["tier"]): row for row in answers(folder, "FROM quotas")}
    refused = [row for row in rows["rejects"] if row["stage"] == "tasks"]
    tasks = rows["tasks"]

    assert quotas["all", "all"] == {
        "kind": "all",
        "tier": "all",
        "wanted": TASKS,
        "got": len(tasks),
    }
    for (kind, tier), row in quotas.items():
        meant = [task for task in tasks if tier in ("all", task["wanted_tier"])]
        meant += [task for task in refused if tier in ("all", task["tier"])]
        came = [task for task in tasks if tier in ("all", task["tier"])]
        assert row["wanted"] == sum(kind in ("all", task["kind"]) for task in meant)
        assert row["got"] == sum(kind in ("all", task["kind"]) for task in came)
    shown = "\n".join(summary_lines(folder))
    assert "tasks drawn of those wanted" in shown
    assert f"{len(tasks)} of {TASKS}" in shown


def answers(folder: Path, query: str) -> list[dict[str, Any]]:
    found = sql(folder, query)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def test_the_spec_that_the_agent_sees_is_the_tool_s_own(
    perfect: dict[str, list[dict[str, Any]]],
) -> None:
    schemas = {tool.name: json.loads(tool.input_schema) for tool in tools()}
    for row in perfect["trajectories"]:
        for shown in json.loads(row["tools"]):
            function = shown["function"]
            assert function["parameters"] == schemas[function["name"]]


async def test_an_agent_that_only_talks_is_accepted_on_no_task_that_asks_for_work(
    tmp_path: Path,
) -> None:
    words = Completion("It is done.", "stop", 1, 1)
    found = await play(tmp_path / "run", lambda _: words, recipe())
    assert all(row["kind"] in ("refuse", "no_tool") for row in found["trajectories"])


def test_a_model_may_answer_for_the_tools_instead(tmp_path: Path) -> None:
    chosen = recipe(environment={"kind": "simulated"})
    pipeline = pipeline_of(chosen, tools())
    model = ReferenceModel(pipeline, TASKS)
    settings = [
        work.row
        for work in pipeline.read(TaskPartition("t", 0, TASKS))
        if isinstance(work, Work) and isinstance(work.row, Setting)
    ]
    worlds = {}
    for setting in settings:
        rows = [pipeline.tools[known] for known in setting.agent.tools]
        world = pipeline.ground.world(setting.task, rows)
        worlds[setting.task.id] = world.kind
        assert world.state == setting.task.initial_state
        assert isinstance(domain_of(pipeline, setting).rows(), list)
    assert set(worlds.values()) == {"simulated"}

    def answered(request: Request) -> Completion:
        if request.schema is None:
            return model(request)
        return Completion(json.dumps({"error": {"code": "not_possible", "message": "No."}}))

    found = asyncio.run(play(tmp_path / "run", answered, chosen))
    assert all(row["kind"] in ("refuse", "no_tool") for row in found["trajectories"])
    assert {row["environment"] for row in found["trajectories"]} == {"simulated"}


def test_which_ground_a_recipe_means() -> None:
    library = recipe(tools={"domain": "library", "from": ["somewhere"]})
    assert isinstance(ground_of(recipe(), tools()), RepositoryGround)
    assert isinstance(ground_of(library, tools()), CompiledGround)
    assert isinstance(ground_of(recipe(tools={})), CompiledGround)
    simulated = recipe(tools={}, environment={"kind": "simulated"})
    assert isinstance(ground_of(simulated), SimulatedGround)


def test_the_default_domain_is_the_same_run_named_or_not() -> None:
    named = recipe(tools={"domain": "library"})
    assert run_identity(recipe(tools={})) == run_identity(named)
    assert run_identity(recipe()) != run_identity(named)


def test_where_nothing_is_understood_one_line_says_so() -> None:
    useless = [spec(f"ponder_{n}", "thought", server="Thinker") for n in range(30)]
    with pytest.raises(RecipeError, match=r"none of 30 tools .*unclear_verb 30") as raised:
        ground_of(recipe(), useless)
    assert "\n" not in str(raised.value)


def test_an_application_that_is_not_understood_is_no_one_s_core() -> None:
    made = draws(seed=3)
    by_id = {tool.id: tool for tool in tools()}
    assert not any(
        by_id[one].server.startswith("Thinker") for n in range(50) for one in made(n).core
    )


@pytest.mark.slow
def test_twenty_thousand_tools_are_read_in_seconds_and_agents_are_drawn_over_them() -> None:
    apps = [
        tool.model_copy(update={"id": f"{tool.id}{copy}", "server": f"{tool.server} {copy}"})
        for copy in range(160)
        for tool in tools()[:110]
    ]
    apps += [
        spec(f"ponder_{n}", "thought", server=f"Thinker {n % 300}")
        for n in range(20_000 - len(apps))
    ]
    begun = time.process_time()
    made = RepositoryDraws(RepositoryGround(apps, seed=0), sizes=(3, 30), seed=0)
    first = made(0)
    assert time.process_time() - begun < 60
    assert first.core
    begun = time.process_time()
    late = made(3_000)
    assert time.process_time() - begun < 60
    assert late.id != first.id
