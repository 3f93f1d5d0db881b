"""What the shipped gate catches: one line per kind of rewrite and of corruption.

    python -m benchmarks.corruptions [FILES] [--count N] [--split test] [--real FILE] [--write FILE]
        [--tiers TIER …] [--threshold T]

FILES are JSON lines with `text`; without them the texts of DATAGEN_TEST_DATA are used. `--real`
takes JSON lines with `source` and `text` that a model wrote and a person found faithful.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from benchmarks.corruptions import documents
from benchmarks.corruptions.pairs import Document, Pair, pairs, split
from benchmarks.corruptions.words import Split
from datagen.engines.embeddings import Embedder
from datagen.errors import RecipeError
from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions
from datagen.scoring.measures import Judged, table

PER_DOCUMENT = 16
LENGTH_RATIO = (0.3, 3.0)
"""No style is told, so only lengths that no style has are at fault."""


def chosen(paths: Sequence[Path], count: int, name: Split, seed: int) -> list[Pair]:
    """`count` pairs, three quarters of them prose where the documents allow it."""
    found = list(documents.read(paths) if paths else documents.test_data())
    random.Random(seed).shuffle(found)
    told = [one for one in found if one.subject == "knowledge" and split(one.id) == name]
    worked = [one for one in found if one.subject == "math" and split(one.id) == name]
    worked.sort(key=lambda one: one.topic != "code")
    prose = _first(told, count - count // 4 if worked else count, name, seed)
    return prose + _first(worked, count - len(prose), name, seed)


def _first(found: Sequence[Document], count: int, name: Split, seed: int) -> list[Pair]:
    enough = [*found[: max(20, 2 * count // PER_DOCUMENT)]]
    made = list(pairs(enough, seed=seed, split=name, per_document=PER_DOCUMENT))
    random.Random(seed).shuffle(made)
    return made[:count]


def real(path: Path) -> list[Pair]:
    """Faithful rewrites by a model."""
    found: list[Pair] = []
    for number, row in enumerate(documents.rows(path), 1):
        if not isinstance(row.get("source"), str) or not isinstance(row.get("text"), str):
            raise RecipeError(f"{path}:{number}: needs source and text")
        found.append(Pair(row["source"], row["text"], True, "real", f"{path.name}/{number}"))
    return found


async def judge(made: Sequence[Pair], options: FidelityOptions) -> list[Judged]:
    """Every pair through the gate."""
    embedder = Embedder(threads=2)
    await embedder.start()
    gate = FidelityGate(options, embedder.embed)
    judged: list[Judged] = []
    for pair in made:
        told = Expectation(length_ratio=LENGTH_RATIO, kind=pair.subject)
        finding = await gate.check(pair.source, pair.text, expectation=told)
        judged.append(
            Judged(
                pair.label,
                pair.kind,
                finding.faithful,
                finding.scores.fidelity or 0.0,
                finding.reason or "",
            )
        )
    await embedder.close()
    return judged


def gate_options(tiers: Sequence[str] | None, threshold: float | None) -> FidelityOptions:
    """The gate as it ships but for what is named; copying is allowed: these rewrites stay near."""
    changes = {"tiers": tiers, "threshold": threshold}
    named = {name: value for name, value in changes.items() if value is not None}
    try:
        return FidelityOptions.model_validate({"max_copied": 1, **named})
    except ValidationError as problem:
        raise RecipeError(f"--tiers, --threshold: {problem.errors()[0]['msg']}") from problem


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corruptions")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--split", choices=["train", "dev", "test"], default="test")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--tiers", nargs="+", help="tiers of the gate, other than it ships with")
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--write", type=Path, help="the pairs as JSON lines, gate's verdict beside")
    told = parser.parse_args()
    try:
        made = chosen(told.files, told.count, told.split, told.seed)
        made += real(told.real) if told.real else []
        options = gate_options(told.tiers, told.threshold)
    except RecipeError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    start = time.perf_counter()
    judged = asyncio.run(judge(made, options))
    sys.stdout.write(table(judged) + "\n")
    sys.stdout.write(f"{(time.perf_counter() - start) / max(len(made), 1) * 1e3:.1f} ms a pair\n")
    if told.write:
        with told.write.open("w", encoding="utf-8") as lines:
            for pair, one in zip(made, judged, strict=True):
                row = {name: getattr(pair, name) for name in Pair.__slots__}
                row |= {"passed": one.passed, "fidelity": one.score, "reason": one.reason}
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
