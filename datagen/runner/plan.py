"""RUN/plan: which partitions there are, and what the inputs were when they were cut.

Read and written by the driver at each entry. Partitions never change once planned; a larger
`--limit` or a further round adds some."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from datagen.errors import StorageError
from datagen.shards import RunFolder
from datagen.stage import Partition, Plan


def refuse_strangers(folder: RunFolder) -> dict[str, Any] | None:
    """The manifest of an earlier entry, if there is one; refuses what is no run's folder."""
    if folder.path.exists() and not folder.path.is_dir():
        raise StorageError(f"{folder.path}: is not a folder")
    before = folder.manifest()
    ours = ("plan", "recipe.toml", ".lock", "sources")
    if before is None and any(
        p.name not in ours and p.suffix != ".tmp" for p in folder.path.glob("*")
    ):
        raise StorageError(
            f"{folder.path}: not a run's folder and not empty; choose another --output"
        )
    return before


def load_plan(folder: RunFolder, types: tuple[type, type]) -> Plan[Any, Any] | None:
    """The plan of an earlier entry, its partitions and inputs of these types; or None."""
    partitions, inputs = _paths(folder)
    try:
        if not inputs.exists():
            return None
        lines = partitions.read_bytes().splitlines()
        return Plan(
            tuple(types[0](**orjson.loads(line)) for line in lines),
            tuple(types[1](**row) for row in json.loads(inputs.read_bytes())),
        )
    except (OSError, ValueError, TypeError) as problem:
        raise StorageError(f"{partitions.parent}: the plan cannot be read ({problem})") from problem


def save_plan(folder: RunFolder, plan: Plan[Any, Any]) -> None:
    partitions, files = _paths(folder)
    rows = b"".join(orjson.dumps(asdict(row)) + b"\n" for row in plan.partitions)
    folder.write_text(partitions, rows.decode())
    folder.write_text(files, json.dumps([asdict(file) for file in plan.inputs], indent=1))


def within(plan: Plan[Any, Any], limit: int | None) -> list[Partition]:
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
