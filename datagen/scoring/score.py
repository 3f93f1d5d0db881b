"""Scores a file of pairs: JSON lines or Parquet in, the same rows with the gate's scores out.

Copies pass here unless a setting forbids them: a copy is faithful, and that a rewrite must differ
is the pipeline's rule. No style is known, so only lengths that no style has are at fault. What
could not be scored is not faithful and says why. Beside the scores stands every feature that the
verifier sees, by direction (`supported_worst`, `kept_lost_share`, …), null where a pair was not
related or not read. Covered by the gate's own limits: see
`datagen.rephrase.fidelity`.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from datagen.engines.embeddings import Embedder
from datagen.errors import RecipeError, StorageError
from datagen.recipe import load_recipe
from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions
from datagen.rephrase.fidelity.facts import words_of
from datagen.rephrase.fidelity.language import NAMES
from datagen.rephrase.fidelity.language import code_of as language_of
from datagen.rephrase.fidelity.options import COMPARING
from datagen.rephrase.fidelity.verification import FEATURES
from datagen.rephrase.pipeline import RephraseRecipe
from datagen.schemas import Kind, Scores
from datagen.scoring.measures import Judged, table
from datagen.scoring.reading import PairRow, fitted, rows, schema

Column = Literal["fidelity", "supported", "kept"]
LENGTH_RATIO = (0.3, 3.0)
"""Words of the text ÷ words of the source that some style has. Own choice: an extract of a third,
a dialogue of three times the length."""
TOGETHER = 64
"""Pairs judged at a time, so that the embedder gets full batches."""


@dataclass(slots=True)
class Scored:
    """What became of a file of pairs."""

    output: Path
    rows: int = 0
    faithful: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """Rows that could not be scored, by reason."""
    judged: list[Judged] = field(default_factory=list)
    """Rows with a label that could be scored."""
    unlabelled: int = 0
    """Rows whose label is neither yes nor no."""


def score(
    path: Path,
    output: Path | None = None,
    options: FidelityOptions | None = None,
    *,
    column: Column = "fidelity",
    subject: Kind = "knowledge",
    language: str = "en",
    told: Callable[[int], None] | None = None,
) -> Scored:
    """Score every row of `path`; without `output` into `NAME.scored.parquet` beside it.

    `column` is what labels are measured against. `subject` is `math` where texts may add steps.
    `told` hears how many rows are done. Raises RecipeError for what the user can put right.
    """
    output = output or beside(path)
    options = options or gate_options((), subject)
    if "judge" in options.tiers or options.translate_back:
        raise RecipeError("judge and translate_back need a run's engine; none is asked here")
    if not COMPARING.intersection(options.tiers):
        raise RecipeError("fidelity.tiers: without ledger or alignment nothing is compared")
    if output.resolve() == path.resolve():
        raise RecipeError(f"{output}: is the input; inputs are not written to")
    found = schema(path)
    expectation = Expectation(length_ratio=LENGTH_RATIO, kind=subject, language=language)
    run = _Run(Scored(output), options, expectation, column, told)
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        _written(part, found, path, run)
        os.replace(part, output)
    except OSError as problem:
        raise StorageError(f"{output}: {problem.strerror or problem}") from problem
    finally:
        part.unlink(missing_ok=True)
    return run.scored


def beside(path: Path) -> Path:
    """The default output: pairs.jsonl.gz → pairs.scored.parquet."""
    name = path.name
    for suffix in (".gz", ".zst", ".jsonl", ".ndjson", ".json", ".parquet", ".pq"):
        name = name.removesuffix(suffix)
    return path.with_name(f"{name}.scored.parquet")


def gate_options(settings: Sequence[str], subject: Kind) -> FidelityOptions:
    """The default gate with `--set` settings; it computes mathematics and lets copies pass unless
    they say otherwise. Raises RecipeError for a setting that is wrong or not about the gate."""
    chosen = load_recipe(RephraseRecipe, "rephrase", settings).fidelity
    named = {setting.partition("=")[0].strip() for setting in settings}
    if others := sorted(key for key in named if not key.startswith("fidelity.")):
        raise RecipeError(f"--set {others[0]}: only fidelity.… can be set here")
    changes: dict[str, Any] = {}
    if "fidelity.max_copied" not in named:
        changes["max_copied"] = 1.0
    if subject == "math" and "fidelity.tiers" not in named:
        changes["tiers"] = (*chosen.tiers, "mathematics")
    return chosen.model_copy(update=changes)


def report(scored: Scored) -> Iterator[str]:
    """What to show: counts, and the measures where rows have labels."""
    rejected = sum(scored.rejected.values())
    yield (
        f"{scored.rows:,} pairs: {scored.faithful:,} faithful, "
        f"{scored.rows - scored.faithful - rejected:,} not, {rejected:,} not scored"
    )
    for reason, count in scored.rejected.most_common():
        yield f"  {reason} {count:,}"
    if scored.unlabelled:
        yield f"  {scored.unlabelled:,} labels are neither 1 nor 0, and were not counted"
    if scored.judged:
        yield table(scored.judged)
    yield f"scores in {scored.output}"


@dataclass(slots=True)
class _Run:
    scored: Scored
    options: FidelityOptions
    expectation: Expectation
    column: Column
    told: Callable[[int], None] | None

    def enter(self, row: PairRow, added: dict[str, Any]) -> None:
        """Count a row that was judged or rejected."""
        scored = self.scored
        scored.rows += 1
        if row.reason is not None:
            scored.rejected[row.reason] += 1
            return
        scored.faithful += bool(added["faithful"])
        told = row.columns.get("label")
        label = label_of(told)
        if label is None:
            scored.unlabelled += told is not None
            return
        value = added[self.column]
        value = float(added["faithful"]) if value is None else float(value)
        passed = bool(added["faithful"])
        if self.column != "fidelity":
            passed = value >= self.options.threshold
        named = row.columns.get("kind")
        kind = "unnamed" if named is None or named == "" else str(named)
        scored.judged.append(Judged(label, kind, passed, value, added["reason"] or "below"))


COUNTED = frozenset(["facts_invented", "flips", "facts_moved"])
"""Scores that are counts."""
_LABELS = {
    "1": True, "true": True, "yes": True, "faithful": True, "supported": True, "consistent": True,
    "0": False, "false": False, "no": False, "unfaithful": False, "unsupported": False,
    "inconsistent": False,
}  # fmt: skip


def label_of(value: Any) -> bool | None:
    """The label as a truth value; None where there is none or it can't be told."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _LABELS.get(str(value).strip().lower())


def _columns(found: Any) -> tuple[dict[str, str], Any]:
    """New names of the input's columns that scores would hide, and the output's schema."""
    scores = [
        (name, pa.int64() if name in COUNTED else pa.float64()) for name in Scores.model_fields
    ]
    features = [(name, pa.float64()) for name in FEATURES]
    decided = [("faithful", pa.bool_()), ("reason", pa.string()), ("detail", pa.string())]
    added = [*scores, *decided, *features]
    taken = {name for name, _ in added} | set(found.names)
    renamed: dict[str, str] = {}
    for name in found.names:
        new = name
        while new in {one for one, _ in added} or (new != name and new in taken):
            new = f"input_{new}"
        taken.add(new)
        renamed[name] = new
    fields = [(renamed[one.name], one.type) for one in found]
    return renamed, pa.schema([*fields, *added])


def _written(part: Path, found: Any, path: Path, run: _Run) -> None:
    renamed, whole = _columns(found)
    with pq.ParquetWriter(part, whole) as writer, asyncio.Runner() as runner:
        embedder = Embedder(threads=2)
        gate = FidelityGate(run.options, embedder.embed, thorough=True)
        if gate.embeds:
            runner.run(embedder.start())
        try:
            left = rows(path)
            while batch := list(islice(left, TOGETHER)):
                added = runner.run(_judged(gate, batch, run.expectation))
                for row, more in zip(batch, added, strict=True):
                    run.enter(row, more)
                lines = [
                    {
                        renamed[one.name]: fitted(row.columns.get(one.name), one.type)
                        for one in found
                    }
                    | more
                    for row, more in zip(batch, added, strict=True)
                ]
                writer.write_table(pa.Table.from_pylist(lines, schema=whole))
                if run.told is not None:
                    run.told(run.scored.rows)
        finally:
            runner.run(gate.close())
            runner.run(embedder.close())


async def _judged(
    gate: FidelityGate, batch: list[PairRow], expectation: Expectation
) -> list[dict[str, Any]]:
    return await asyncio.gather(*[_one(gate, row, expectation) for row in batch])


async def _one(gate: FidelityGate, row: PairRow, expectation: Expectation) -> dict[str, Any]:
    """The columns that a row gets."""
    if row.reason is not None:
        return Scores().model_dump() | {
            "faithful": False,
            "reason": row.reason,
            "detail": row.detail,
        }
    source, text = (
        row.columns[name].encode("utf-8", "replace").decode() for name in ("source", "text")
    )
    finding = await gate.check(source, text, expectation=expectation)
    features = finding.verified.named if finding.verified is not None else {}
    detail = finding.detail.encode("utf-8", "replace").decode()
    if finding.reason in ("language", "meaning_unchecked"):
        detail = f"{_flag(text, expectation.language)}{detail}"
    return (
        finding.scores.model_dump()
        | features
        | {
            "faithful": finding.faithful,
            "reason": finding.reason,
            "detail": detail,
        }
    )


def _flag(text: str, told: str) -> str:
    """What `--language` would fit, where the text's language is told from others."""
    code = language_of(text, words_of(text))
    if code is None or code == told:
        return ""
    return f"{NAMES[code]}, not {NAMES.get(told, told)} (--language {code}): "
