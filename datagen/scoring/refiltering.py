"""`datagen refilter`: a run's rows decided again from their stored scores, into a new run folder.

Asks no engine and reads no input: one partition at a time is read from its shards, decided again
and committed under the same name, so that the new folder is a run like any other, with the same
plan. The old run is not touched. A partition with failed rows is carried over as it is.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from datagen.errors import RecipeError, StorageError
from datagen.inspect.views import find_run
from datagen.recipe import identity, load_recipe, resolved_toml
from datagen.rephrase.pipeline import RephraseRecipe, load_styles
from datagen.rephrase.refilter import Refilter
from datagen.schemas import Reject, Rephrasing, Row
from datagen.shards import Commit, RunFolder
from datagen.stage import Tables
from datagen.tokenizer import load_tokenizer


def refilter(
    run: Path,
    output: Path,
    settings: Sequence[str],
    on_tick: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Write `output` from `run` with `--set` settings applied; gives the new manifest.

    Raises `RecipeError` for a setting that is looser or not about the gate, `StorageError` for a
    folder that is no run, is not done, or holds something else."""
    started = time.monotonic()
    folder, manifest = find_run(run)
    if manifest.get("pipeline") != "rephrase":
        raise StorageError(f"{run}: refilter knows runs of rephrase only")
    if manifest["counts"]["pending_records"]:
        raise StorageError(f"{run}: is not finished; run it to its end first")
    recipe = str(folder.path / "recipe.toml")
    before = load_recipe(RephraseRecipe, recipe)
    now = load_recipe(RephraseRecipe, recipe, settings)
    _refuse_others(before, now)
    decide = Refilter(
        before.fidelity,
        now.fidelity,
        on_failure=before.rewrite.on_failure,
        structured={style.name: style.structured for style in load_styles(before.rewrite)},
        tokens=load_tokenizer(before.chunk.tokenizer),
    )
    target = _target(output, folder, manifest, now)
    commits = list(folder.commits())
    done = {commit.partition for commit in target.commits()}
    for number, commit in enumerate(commits):
        if commit.partition not in done:
            _again(folder, target, commit, decide)
        on_tick(number + 1, len(commits))
    try:
        return _close(target, manifest, now, started)
    finally:
        target.release()


def _refuse_others(before: RephraseRecipe, now: RephraseRecipe) -> None:
    others = {"fidelity"}
    if before.model_dump(exclude=others) != now.model_dump(exclude=others):
        raise RecipeError("refilter: only fidelity.… can be set; the rest is what the run made")
    if before.fidelity == now.fidelity:
        raise RecipeError("refilter: nothing is set that differs, such as fidelity.threshold=0.6")


def _target(
    output: Path, source: RunFolder, manifest: Mapping[str, Any], now: RephraseRecipe
) -> RunFolder:
    """The new folder with its lease, plan and recipe."""
    target = RunFolder(output, source.tables)
    found = target.manifest() if output.is_dir() else None
    kept = _identity(manifest, now)
    if output.exists() and not output.is_dir():
        raise StorageError(f"{output}: is not a folder")
    if found is None and output.is_dir() and any(output.iterdir()):
        raise StorageError(f"{output}: not a run's folder and not empty; choose another --output")
    if found is not None and (
        found.get("identity") != kept or found.get("refiltered_from") != _origin(source)
    ):
        raise StorageError(f"{output}: holds another run; choose another --output")
    target.take()
    target.sweep()
    for name in ("partitions.jsonl", "inputs.json"):
        content = (source.path / "plan" / name).read_text(encoding="utf-8")
        target.write_text(target.path / "plan" / name, content)
    target.write_text(target.path / "recipe.toml", resolved_toml(now))
    running = {"status": "running", "identity": kept, "refiltered_from": _origin(source)}
    _write(target, {**manifest, **running})
    return target


def _identity(manifest: Mapping[str, Any], now: RephraseRecipe) -> dict[str, Any]:
    """The old run's identity with the gate's new options: what a later entry compares with."""
    new = {key: value for key, value in identity(now).items() if key.startswith("fidelity.")}
    return {**manifest["identity"], **new}


def _origin(source: RunFolder) -> str:
    return str(source.path)


def _again(folder: RunFolder, target: RunFolder, commit: Commit, decide: Refilter) -> None:
    tables = _tables(folder, commit.partition)
    new = tables if commit.failed else decide(tables)
    made = [row for row in new["rephrasings"] if isinstance(row, Rephrasing)]
    rejects = [row for row in new["rejects"] if isinstance(row, Reject)]
    totals = dict(commit.totals) | {
        "tokens": sum(row.tokens for row in made),
        "source_tokens": sum(row.source_tokens for row in made),
    }
    again = replace(
        commit,
        rows={name: len(rows) for name, rows in new.items()},
        totals=totals,
        reasons=dict(Counter(f"{row.stage}.{row.reason}" for row in rejects)),
    )
    target.publish(again, new, shard_rows=50_000)


def _tables(folder: RunFolder, partition: str) -> Tables:
    """A partition's rows, read back."""
    return {
        name: list(_rows(folder, name, model, partition)) for name, model in folder.tables.items()
    }


def _rows(folder: RunFolder, table: str, model: type[Row], partition: str) -> list[Row]:
    paths = [path for path in folder.shards(table) if path.name.split(".")[0] == partition]
    return [
        model.model_validate(row)
        for path in sorted(paths, key=lambda path: (len(path.name), path.name))
        for row in pq.read_table(path).to_pylist()
    ]


def _close(
    target: RunFolder, manifest: Mapping[str, Any], now: RephraseRecipe, started: float
) -> dict[str, Any]:
    commits = list(target.commits())
    reasons = sum((Counter(dict(commit.reasons)) for commit in commits), Counter[str]())
    totals = sum((Counter(dict(commit.totals)) for commit in commits), Counter[str]())
    failed = sum(commit.failed for commit in commits)
    counts = dict(manifest["counts"]) | {
        "accepted": sum(commit.rows.get("rephrasings", 0) for commit in commits),
        "rejected": sum(commit.rows.get("rejects", 0) for commit in commits) - failed,
        "failed": failed,
    }
    found = target.manifest() or {}
    content = {
        **found,
        "status": "unfinished" if failed else "done",
        "identity": _identity(manifest, now),
        "entries": target.lease,
        "seconds": round(time.monotonic() - started, 1),
        "counts": counts,
        "totals": dict(totals),
        "reasons": dict(sorted(reasons.items())),
    }
    _write(target, content)
    return content


def _write(target: RunFolder, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    target.write_text(target.manifest_path, text)
