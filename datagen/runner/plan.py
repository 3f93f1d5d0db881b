"""RUN/plan: which partitions there are, and what the inputs were when they were cut.

Read and written by the driver at each entry. Partitions never change once planned; a larger
`--limit` adds some."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from datagen.errors import StorageError
from datagen.recipe import RunnerOptions
from datagen.rephrase.read import (
    InputFile,
    Partition,
    Plan,
    SourceOptions,
    changed_inputs,
    identify,
    mark_repeats,
    plan_partitions,
)
from datagen.shards import RunFolder


def load_plan(folder: RunFolder) -> Plan | None:
    """The plan of an earlier entry, or None."""
    partitions, inputs = _paths(folder)
    try:
        if not inputs.exists():
            return None
        lines = partitions.read_bytes().splitlines()
        return Plan(
            tuple(Partition(**orjson.loads(line)) for line in lines),
            tuple(InputFile(**row) for row in json.loads(inputs.read_bytes())),
        )
    except (OSError, ValueError, TypeError) as problem:
        raise StorageError(f"{partitions.parent}: the plan cannot be read ({problem})") from problem


def make_plan(
    before: Plan | None,
    inputs: Sequence[str],
    source: SourceOptions,
    runner: RunnerOptions,
    limit: int | None,
) -> Plan:
    """The inputs planned, or what a larger limit adds to an earlier plan. Writes nothing."""
    already = before.partitions if before else ()
    plan = plan_partitions(
        inputs,
        source,
        records=runner.partition_records,
        size=runner.partition_bytes,
        already=already,
        limit=limit,
    )
    return mark_repeats(plan, source, already=len(already))


def save_plan(folder: RunFolder, plan: Plan) -> None:
    partitions, files = _paths(folder)
    rows = b"".join(orjson.dumps(asdict(row)) + b"\n" for row in plan.partitions)
    folder.write_text(partitions, rows.decode())
    folder.write_text(files, json.dumps([asdict(file) for file in plan.inputs], indent=1))


def input_differences(folder: RunFolder, inputs: Sequence[str]) -> list[str]:
    """One line for each input that is not what it was when it was planned."""
    before = load_plan(folder)
    return changed_inputs(before.inputs, identify(inputs)) if before else []


def within(plan: Plan, limit: int | None) -> list[Partition]:
    """The partitions that begin below the limit."""
    chosen, first = [], 0
    for partition in plan.partitions:
        if limit is not None and first >= limit:
            break
        chosen.append(partition)
        first += partition.count
    return chosen


def _paths(folder: RunFolder) -> tuple[Path, Path]:
    return folder.path / "plan" / "partitions.jsonl", folder.path / "plan" / "inputs.json"
