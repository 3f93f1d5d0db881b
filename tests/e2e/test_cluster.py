"""A Ray cluster that loses a node in mid run: the run goes on and ends with the same rows.

The nodes are processes of this machine, so that they share the run folder as machines that mount it
do. Not covered: a network, and a head node that dies (the run is entered again).
"""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from runs import Case, documents, scripted, wait_for

from datagen.engines.make import make_engine
from datagen.inspect.audit import audit
from datagen.recipe import load_recipe
from datagen.rephrase.pipeline import RephrasePipeline, RephraseRecipe
from datagen.rephrase.planning import InputPlanner
from datagen.runner.plan import load_plan
from datagen.runner.worker import Assignment, Worker
from datagen.shards import RunFolder

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.alone]

REPLIES = """
import os, time, pathlib
HERE = pathlib.Path(__file__).parent

def reply(request):
    (HERE / "pids" / str(os.getpid())).touch()
    time.sleep(0.05)
    text = request.messages[-1].content.rpartition("<text>")[2].partition("</text>")[0].strip()
    return text.replace("rises", "springs").replace("was made", "grew")
"""
DOCUMENTS = [*documents(30), {"text": None}, {"id": "d003", "text": "an id that was there"}]
NODES = 2
"""Beside the head, which has no CPU for a worker."""


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[Any]]]:
    """The address of a cluster, and its nodes that can be lost."""
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="ray")  # short: Ray's sockets lie in it
    monkeypatch.setenv("RAY_TMPDIR", folder)
    memory = {"object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **memory})
    try:
        yield cluster.address, [cluster.add_node(num_cpus=1, **memory) for _ in range(NODES)]
    finally:
        cluster.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def node_of(pid: int, nodes: list[Any]) -> Any:
    """The node whose raylet started this process, at any depth."""
    above = {parent.pid for parent in psutil.Process(pid).parents()}
    return next(node for node in nodes if raylet(node) in above)


def raylet(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


def kill(pid: int) -> None:
    """kill -9 of a process and all below it, as when its machine loses power."""
    top = psutil.Process(pid)
    for process in [top, *top.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def undisturbed(case: Case, output: Path) -> Case:
    """The same plan and recipe, run by one worker in this process."""
    recipe = load_recipe(RephraseRecipe, str(case.output / "recipe.toml"))
    plan = load_plan(RunFolder(case.output), InputPlanner.types)
    assert plan is not None
    lease = RunFolder(output, RephrasePipeline.tables).take().lease
    assignment = Assignment(partial(RephrasePipeline, recipe), str(output), lease, 8, 1000)
    worker = Worker(assignment, {"rewriter": make_engine(recipe.engine)}, None)

    async def run() -> None:
        for order, partition in enumerate(plan.partitions):
            await worker.run(partition, order)

    asyncio.run(run())
    return replace(case, output=output)


def test_a_run_that_loses_a_node_ends_like_one_that_did_not(
    tmp_path: Path, nodes: tuple[str, list[Any]]
) -> None:
    address, machines = nodes
    (tmp_path / "pids").mkdir()
    (tmp_path / "replies.py").write_text(REPLIES)
    disturbed = Case.of(
        tmp_path,
        DOCUMENTS,
        scripted(tmp_path / "replies.py"),
        "runner.partition_records=6",
        f"runner.workers={NODES}",
    )

    entry = disturbed.start(flags=["--ray-address", address])
    try:
        assert wait_for(lambda: len(os.listdir(tmp_path / "pids")) == NODES)
        assert wait_for(lambda: len(list((disturbed.output / "rephrasings").glob("*"))) >= 1)
        at_work = int(os.listdir(tmp_path / "pids")[0])
        kill(raylet(node_of(at_work, machines)))
        finished = entry.finished(timeout_s=90)
    finally:
        entry.kill()

    assert (finished.code, finished.err) == (0, "")
    assert json.loads((disturbed.output / "manifest.json").read_text())["worker_deaths"] >= 1
    assert disturbed.tables() == undisturbed(disturbed, tmp_path / "whole").tables()
    assert audit(disturbed.output).findings == ()
