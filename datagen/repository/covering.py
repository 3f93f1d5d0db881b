"""`datagen tools coverage RUN…`: measures the tools of one or more runs and draws them.

Embeddings are kept in each run's own `coverage/` folder by tool id, so a second call embeds what is
new. The report of several runs goes to the first one. Only `coverage/` is written; the run's tables
and manifest stay as they are, and near-duplicates are reported, not removed.
"""

import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from datagen.agentic.tools.coverage import text
from datagen.agentic.tools.coverage.holes import Cell
from datagen.agentic.tools.coverage.measure import Coverage, kept, measure
from datagen.agentic.tools.coverage.page import page, summary
from datagen.errors import RecipeError, StorageError
from datagen.schemas import Tool, row_id
from datagen.shards import RunFolder, storage_error, write_atomically

VECTORS = "embeddings.parquet"
_HEAVY: Mapping[str, Any] = {"raw": "", "source": "{}", "errors": "[]", "annotations": "{}"}
"""Columns that are not read: they are most of a row's bytes and none of its embedding."""

Vectors = NDArray[np.float32]


class Embeds(Protocol):
    """What turns texts into (n, dim) vectors."""

    def embed(self, texts: Sequence[str]) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class Covered:
    """What one call came to."""

    coverage: Coverage
    folder: Path
    """Holds coverage.json, coverage.png and coverage.html."""
    embedded: int
    """Tools that were embedded by this call; the others were known."""
    drawn: int
    seconds: Mapping[str, float]
    """By step: read, embed, measure, draw."""

    @property
    def lines(self) -> list[str]:
        """For the terminal."""
        return [*summary(self.coverage), f"report        {self.folder / 'coverage.html'}"]


def cover(runs: Sequence[Path], embedder: Embeds, *, cells: Sequence[Cell] = ()) -> Covered:
    """Measure the runs' tools together and write the report into the first run's `coverage/`.

    `cells` are the (category, domain) pairs that the repository wants; see `holes`.

    Raises: RecipeError if a run holds no tools, StorageError if one can't be read or written.
    """
    if not runs:
        raise RecipeError("no run given")
    clock = _Clock()
    by_run = {path: _tools(path) for path in dict.fromkeys(runs)}
    clock.mark("read")
    vectors, embedded = [], 0
    for path, tools in by_run.items():
        found, fresh = _embeddings(path, tools, embedder)
        vectors.append(found)
        embedded += fresh
    clock.mark("embed")
    everything = [tool for tools in by_run.values() for tool in tools]
    repository, duplicates = kept(everything, np.concatenate(vectors))
    coverage = measure(repository, duplicates, cells=cells)
    clock.mark("measure")
    from datagen.agentic.tools.coverage.picture import drawn

    picture, points = drawn(repository)
    clock.mark("draw")
    folder = Path(runs[0]) / "coverage"
    _write(folder, coverage, picture, points)
    return Covered(coverage, folder, embedded, points, clock.seconds)


def _write(folder: Path, coverage: Coverage, picture: bytes, drawn: int) -> None:
    """coverage.json comes last: with it in place the other two are of the same call."""
    told = json.dumps(asdict(coverage), indent=1, ensure_ascii=True)
    try:
        write_atomically(folder / "coverage.png", picture)
        write_atomically(folder / "coverage.html", page(coverage, picture, drawn).encode())
        write_atomically(folder / "coverage.json", told.encode())
    except OSError as problem:
        raise storage_error(folder, problem) from problem


def _tools(run: Path) -> list[Tool]:
    """The run's tools, without the columns that nothing here needs."""
    shards = RunFolder(run).shards("tools")
    if not run.is_dir():
        raise RecipeError(f"{run}: no such run")
    columns = [name for name in Tool.model_fields if name not in _HEAVY]
    found: list[Tool] = []
    for shard in shards:
        try:
            if missing := sorted(set(columns) - set(pq.read_schema(shard).names)):
                raise StorageError(f"{shard}: not a table of tools, no column {missing[0]}")
            table = pq.read_table(shard, columns=columns)
        except (OSError, pa.ArrowException) as problem:
            raise StorageError(f"{shard}: {problem}") from problem
        for row in table.to_pylist():
            found.append(Tool.model_construct(**row, **_HEAVY))
    if not found:
        raise RecipeError(f"{run}: the run has no tools to measure")
    return found


def _embeddings(run: Path, tools: Sequence[Tool], embedder: Embeds) -> tuple[Vectors, int]:
    """(tools, dim) in the order of the tools, and how many of them were not known."""
    path = run / "coverage" / VECTORS
    known = _known(path)
    fresh = {tool.id: tool for tool in tools if tool.id not in known}
    if fresh:
        # In order of ids: the same tools give the same calls whatever shards they lie in.
        ids = sorted(fresh)
        vectors = embedder.embed([text.embedded_text(fresh[key]) for key in ids])
        known |= dict(zip(ids, np.asarray(vectors, dtype=np.float32), strict=True))
        _keep(path, {key: known[key] for key in sorted({tool.id for tool in tools})})
    return np.stack([known[tool.id] for tool in tools]), len(fresh)


def _known(path: Path) -> dict[str, Vectors]:
    """Vectors by id; none from a file of another way to embed, or one that can't be read: it is
    made again."""
    try:
        table = pq.read_table(path)
        if (table.schema.metadata or {}).get(b"datagen.embedded") != _way().encode():
            return {}
        ids = table.column("id").to_pylist()
        column = table.column("vector").combine_chunks()
        vectors = column.values.to_numpy().reshape(len(ids), -1)
    except FileNotFoundError:
        return {}
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return {}
    finite = np.isfinite(vectors).all(axis=1) & (np.abs(vectors).max(axis=1, initial=0) > 0)
    return {key: vectors[row] for row, key in enumerate(ids) if finite[row]}


def _keep(path: Path, vectors: Mapping[str, Vectors]) -> None:
    stacked = np.stack(list(vectors.values()))
    flat = pa.array(stacked.reshape(-1))
    table = pa.table(
        {
            "id": pa.array(list(vectors), type=pa.string()),
            "vector": pa.FixedSizeListArray.from_arrays(flat, stacked.shape[1]),
        }
    ).replace_schema_metadata({"datagen.embedded": _way()})
    out = io.BytesIO()
    pq.write_table(table, out, compression="none")
    try:
        write_atomically(path, out.getvalue())
    except OSError as problem:
        raise storage_error(path, problem) from problem


def _way() -> str:
    """Changes when what is embedded changes: kept vectors of another way are of no use."""
    limits = (text.MAX_CHARACTERS, text.MAX_DESCRIPTION, text.MAX_PARAMETER)
    return row_id("minilm", text.VERSION, *limits)


class _Clock:
    """Seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.monotonic()

    def mark(self, step: str) -> None:
        now = time.monotonic()
        self.seconds[step] = round(now - self._last, 2)
        self._last = now
