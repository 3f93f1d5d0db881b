"""How close `datagen agentic` comes to the least time that its conversations could take.

500 rollouts of 3 to 30 turns against the ideal server, whose token clock fixes what each completion
costs in a slot. The server answers words, of which `Caller` makes calls of the agent's tools, all
but the last. The least time for a set of conversations is the larger of (slot-seconds ÷ slots)
and the longest conversation; the figure is that bound ÷ the time from the first request to the
last answer. CPU per turn is that of the worker process while it played them, all of it: drawing
tasks, requests, environment, verifiers, rows, shards. The worker is run in this process, without
Ray, whose start does not belong to a turn.

    python -m benchmarks.agentic_speed [--rollouts 500] [--slots 64] [--tokens-per-second 50]
"""

import argparse
import asyncio
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.ideal_server import RunningServer, running_server
from datagen.agentic.choosing import ground_of
from datagen.agentic.pipeline import ROWS_PER_SLOT, AgenticPipeline
from datagen.agentic.planning import TaskPlanner
from datagen.agentic.recipe import AgenticRecipe
from datagen.engines.base import ROLES, Completion, Request, RequestedCall
from datagen.engines.openai import OpenAIEngine
from datagen.recipe import load_recipe
from datagen.runner.worker import Assignment, Worker
from datagen.shards import RunFolder

LONG = (
    "rollout.max_turns=40",
    "rollout.max_calls=100",
    "rollout.max_tokens=1000000",
    "tasks.kinds.refuse=0",
)
"""Settings under which conversations last as long as their tasks want."""
LENGTHS = "uniform:40:80"
"""Tokens of an answer."""
FEWEST_CALLS, MOST_CALLS = 2, 27
"""Calls of a conversation, whose last words and the user's answer follow."""
OPEN_PARTITIONS = 2
"""As many as the runner leaves open for a worker."""


def recipe_for(options: argparse.Namespace) -> AgenticRecipe:
    settings = [f"rollout.per_task={options.per_task}", *LONG, *options.set]
    overrides = {"engine.kind": "openai", "engine.model": "ideal"}
    return load_recipe(AgenticRecipe, "agentic", settings, overrides)


class Caller(OpenAIEngine):
    """The ideal server as an agent that calls its tools in turn, each time with other values."""

    async def complete(self, request: Request) -> Completion:
        completion = await super().complete(request)
        made = sum(message.role == "assistant" for message in request.messages)
        calls = random.Random(request.row).randint(FEWEST_CALLS, MOST_CALLS)
        if made >= calls or not request.tools:
            return completion
        function = request.tools[made % len(request.tools)]["function"]
        given = {
            name: _value(part, made)
            for name, part in function["parameters"].get("properties", {}).items()
        }
        call = RequestedCall(f"call_{made}", function["name"], json.dumps(given))
        return replace(completion, text="", finish_reason="tool_calls", tool_calls=(call,))


def _value(schema: Mapping[str, Any], number: int) -> Any:
    """What fits a plain schema, another one for each number where it may be."""
    if options := schema.get("enum"):
        return options[number % len(options)]
    kind = schema.get("type")
    made = {"integer": number, "number": number, "boolean": True, "array": [], "object": {}}
    return made.get(kind, f"X-{number}") if isinstance(kind, str) else f"X-{number}"


async def play(folder: Path, url: str, options: argparse.Namespace) -> float:
    """Run all partitions as the runner would; CPU seconds of this process."""
    recipe = recipe_for(options)
    (folder / "plan" / "leases").mkdir(parents=True)
    (folder / "plan" / "leases" / "000001.json").touch()
    engine = Caller(url, "ideal", concurrency=options.slots)
    facts = await engine.start()
    assignment = Assignment(
        pipeline=partial(AgenticPipeline, recipe, ground_of, ()),
        folder=str(folder),
        lease=1,
        rows_in_flight=round(facts.concurrency * ROWS_PER_SLOT),
        shard_rows=50_000,
    )
    worker = Worker(assignment, dict.fromkeys(ROLES, engine), None)
    tasks = options.rollouts // options.per_task
    plan = TaskPlanner(tasks, (), options.per_task).extend(None)
    before = resource.getrusage(resource.RUSAGE_SELF)
    waiting = list(enumerate(plan.partitions))

    async def take() -> None:
        while waiting:
            order, partition = waiting.pop(0)
            await worker.run(partition, order)

    await asyncio.gather(*(take() for _ in range(OPEN_PARTITIONS)))
    after = resource.getrusage(resource.RUSAGE_SELF)
    await engine.close()
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def conversations(folder: Path) -> list[tuple[int, int]]:
    """Turns and completion tokens of each rollout, accepted or not."""
    found: list[tuple[int, int]] = []
    run = RunFolder(folder)
    for path in run.shards("trajectories"):
        rows = pq.read_table(path, columns=["turns", "completion_tokens"]).to_pylist()
        found += [(row["turns"], row["completion_tokens"]) for row in rows]
    for path in run.shards("rejects"):
        for row in pq.read_table(path, columns=["number", "messages", "scores"]).to_pylist():
            if row["number"] >= 0:
                messages = json.loads(row["messages"])
                turns = sum(message["role"] == "assistant" for message in messages)
                found.append((turns, json.loads(row["scores"])["completion_tokens"]))
    return found


def figures(
    folder: Path, server: RunningServer, cpu_s: float, seconds: float, options: argparse.Namespace
) -> dict[str, Any]:
    stats = server.stats()
    played = conversations(folder)
    longest_s = max(tokens for _, tokens in played) / options.tokens_per_second
    bound_s = max(stats["work_slot_s"] / options.slots, longest_s)
    return {
        "rollouts": len(played),
        "turns": sum(turns for turns, _ in played),
        "least_turns": min(turns for turns, _ in played),
        "most_turns": max(turns for turns, _ in played),
        "requests": stats["requests"],
        "bound_s": round(bound_s, 2),
        "longest_conversation_s": round(longest_s, 2),
        "wall_s": round(stats["wall_s"], 2),
        "of_bound": round(bound_s / stats["wall_s"], 4),
        "cpu_ms_per_turn": round(1000 * cpu_s / stats["requests"], 2),
        "all_s": round(seconds, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=500)
    parser.add_argument("--per-task", type=int, default=1)
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--tokens-per-second", type=float, default=50.0)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="agentic-speed-") as name,
        running_server(
            slots=options.slots,
            tokens_per_second=options.tokens_per_second,
            length_distribution=LENGTHS,
        ) as server,
    ):
        folder = Path(name) / "run"
        began = time.monotonic()
        cpu_s = asyncio.run(play(folder, server.url, options))
        found = figures(folder, server, cpu_s, time.monotonic() - began, options)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
