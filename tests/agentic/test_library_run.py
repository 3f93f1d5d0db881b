"""The shipped domain from end to end: a perfect agent passes, a careless one does not."""

import asyncio
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from reference_model import ReferenceModel, pipeline_of

from datagen.agentic.choosing import ground_of
from datagen.agentic.pipeline import AgenticPipeline, Introduced, Passed
from datagen.agentic.planning import TaskPartition, TaskPlanner
from datagen.agentic.recipe import AgenticRecipe
from datagen.engines.base import ROLES, Completion, Request
from datagen.engines.scripted import ScriptedEngine
from datagen.runner.worker import Assignment, Worker
from datagen.shards import RunFolder

TASKS = 60
RECIPE = AgenticRecipe.model_validate(
    {"engine": {"kind": "scripted", "model": "x:y"}, "rollout": {"per_task": 1}}
)


async def play(folder: Path, reply: Any) -> dict[str, list[dict[str, Any]]]:
    (folder / "plan" / "leases").mkdir(parents=True)
    (folder / "plan" / "leases" / "000001.json").touch()
    assignment = Assignment(
        pipeline=partial(AgenticPipeline, RECIPE, ground_of, ()),
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


def test_tiers_and_kinds_come_out_as_the_recipe_asks() -> None:
    tiers = {"single": 1, "dependent": 2, "long": 2}
    chosen = AgenticRecipe.model_validate(
        RECIPE.model_dump(by_alias=True) | {"tasks": {"tiers": tiers}}
    )
    pipeline = pipeline_of(chosen)
    agents, got, kinds = set(), Counter[str](), Counter[str]()
    for work in pipeline.read(TaskPartition("t", 0, 2 * TASKS)):
        row = getattr(work, "row", None)
        if isinstance(row, Introduced):
            agents.add(row.agent.id)
        if isinstance(row, Passed):
            assert row.task.agent_id in agents  # written down before, whatever the limit
            got[row.task.tier] += 1
            kinds[row.task.kind] += 1

    assert kinds.total() >= 2 * TASKS - 1
    assert kinds["refuse"] == kinds["no_tool"] == kinds["parallel"] == 12
    for tier, weight in tiers.items():
        assert abs(got[tier] - weight * 2 * TASKS / 5) <= 3


@pytest.fixture(scope="module")
def model() -> ReferenceModel:
    return ReferenceModel(pipeline_of(RECIPE), TASKS)


@pytest.fixture(scope="module")
def perfect(
    model: ReferenceModel, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    return asyncio.run(play(tmp_path_factory.mktemp("perfect") / "run", model))


def test_nearly_every_task_passes_its_gate(perfect: dict[str, list[dict[str, Any]]]) -> None:
    kinds = Counter(row["kind"] for row in perfect["tasks"])

    assert len(perfect["tasks"]) >= 0.95 * TASKS
    assert set(kinds) == {"ordinary", "clarify", "refuse", "no_tool", "parallel"}


def test_a_perfect_agent_is_accepted_on_every_task(
    perfect: dict[str, list[dict[str, Any]]],
) -> None:
    refused = [row for row in perfect["rejects"] if row["number"] >= 0]

    assert [(row["stage"], row["reason"], row["detail"]) for row in refused] == []
    assert len(perfect["trajectories"]) == len(perfect["tasks"])
    assert all(row["reward"] == 1 for row in perfect["trajectories"])


def test_what_happened_to_the_state_stands_in_the_row(
    perfect: dict[str, list[dict[str, Any]]], model: ReferenceModel
) -> None:
    for row in perfect["trajectories"]:
        task = model.tasks[row["task_id"]]
        assert bool(json.loads(row["changes"])) == bool(task.goal)
        planned = {(f.tool, f.occurrence, f.kind) for f in task.failures}
        came = {(f["tool"], f.get("occurrence", 0), f["kind"]) for f in json.loads(row["injected"])}
        assert came == planned


@pytest.mark.parametrize(
    "words", ["It is done.", "I can't do that.", "Is there anything else?", "The answer is 42."]
)
async def test_an_agent_that_only_talks_is_accepted_on_no_task_that_asks_for_work(
    tmp_path: Path, words: str
) -> None:
    found = await play(tmp_path / "run", lambda _: Completion(words, "stop", 1, 1))

    assert all(row["kind"] in ("refuse", "no_tool") for row in found["trajectories"])


async def test_an_agent_that_stops_halfway_is_accepted_on_no_task_with_work_left(
    tmp_path: Path, model: ReferenceModel
) -> None:
    def lazy(request: Request) -> Completion:
        whole = model(request)
        said = sum(message.role == "assistant" for message in request.messages)
        return whole if said == 0 and whole.tool_calls else Completion("All done.", "stop", 1, 1)

    found = await play(tmp_path / "run", lazy)

    for row in found["trajectories"]:
        task = model.tasks[row["task_id"]]
        assert len(task.reference) <= 1 or task.kind in ("refuse", "no_tool", "parallel")
