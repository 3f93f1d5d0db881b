"""Rows of a file of pairs, JSON lines or Parquet, each with what is wrong with it.

A bad row is a row too, so that as many come out as went in. JSON lines are read twice: columns and
their types are known only at the end, and Parquet wants them at the beginning.
"""

import gzip
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from datagen.errors import RecipeError

PairReason = Literal[
    "not_utf8",
    "not_json",
    "not_an_object",
    "source_missing",
    "source_not_text",
    "source_empty",
    "text_missing",
    "text_not_text",
    "text_empty",
    "too_long",
]
LONGEST = 2_000_000
"""Characters of a source or a text: a long book. Above it the gate's time is not measured."""
BATCH_ROWS = 256


@dataclass(frozen=True, slots=True)
class PairRow:
    """A row of the file."""

    columns: dict[str, Any]
    reason: PairReason | None = None
    """Why the row can't be scored; None if it can."""
    detail: str = ""


def rows(path: Path) -> Iterator[PairRow]:
    """The file's rows in order. Raises RecipeError if the file can't be read."""
    try:
        yield from _parquet(path) if is_parquet(path) else _json_lines(path)
    except (OSError, EOFError, zstandard.ZstdError, pa.ArrowException) as problem:
        told = " ".join(str(getattr(problem, "strerror", None) or problem).split())[:200]
        raise RecipeError(f"{path}: {told}") from problem


def is_parquet(path: Path) -> bool:
    return path.suffix in (".parquet", ".pq")


def schema(path: Path) -> Any:
    """Arrow schema of the file's columns: Parquet's own; of JSON lines what all values fit.

    Raises RecipeError if no row has `source` and `text`.
    """
    if is_parquet(path):
        try:
            found = pq.read_schema(path)
        except (OSError, pa.ArrowException) as problem:
            told = " ".join(str(problem).split())[:200]
            raise RecipeError(f"{path}: {told}") from problem
    else:
        seen: dict[str, set[str]] = {}
        for row in rows(path):
            for name, value in row.columns.items():
                seen.setdefault(name, set()).add(_type(value))
        found = pa.schema([(name, _arrow(types - {"null"})) for name, types in seen.items()])
    missing = [name for name in ("source", "text") if name not in found.names]
    if missing:
        has = f"it has {', '.join(found.names[:20])}" if found.names else "it has no rows"
        raise RecipeError(f"{path}: no column {missing[0]!r}; {has}")
    return found


def fitted(value: Any, kind: Any) -> Any:
    """A JSON value as its column's Arrow type takes it: JSON text where types are mixed."""
    if value is None or not pa.types.is_string(kind):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate is no text
    return json.dumps(value, ensure_ascii=True)


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if -(2**63) <= value < 2**63 else "json"
    return {float: "float", str: "str", type(None): "null"}.get(type(value), "json")


def _arrow(types: set[str]) -> Any:
    if types == {"bool"}:
        return pa.bool_()
    if types == {"int"}:
        return pa.int64()
    return pa.float64() if types and types <= {"int", "float"} else pa.string()


def _parquet(path: Path) -> Iterator[PairRow]:
    with path.open("rb") as raw:
        for batch in pq.ParquetFile(raw).iter_batches(batch_size=BATCH_ROWS):
            for columns in batch.to_pylist():
                yield checked(columns)


def _json_lines(path: Path) -> Iterator[PairRow]:
    with _opened(path) as lines:
        for number, raw in enumerate(lines, 1):
            line = raw.removeprefix(b"\xef\xbb\xbf").strip()
            if line:
                yield _from_line(line, number)


def _opened(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if path.suffix == ".zst":
        return io.BufferedReader(zstandard.open(path, "rb"))
    return path.open("rb")


def _from_line(line: bytes, number: int) -> PairRow:
    try:
        columns = json.loads(line)
    except UnicodeDecodeError:
        return PairRow({}, "not_utf8", f"line {number}")
    except (ValueError, RecursionError):
        shown = line[:120].decode("utf-8", "replace")
        return PairRow({}, "not_json", f"line {number}: {shown}")
    if not isinstance(columns, dict):
        return PairRow({}, "not_an_object", f"line {number}: {str(columns)[:120]}")
    return checked(columns)


def checked(columns: dict[str, Any]) -> PairRow:
    """The row, with the reason why it can't be scored if there is one."""
    for name in ("source", "text"):
        value = columns.get(name)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return PairRow(columns, f"{name}_missing")  # type: ignore[arg-type]
        if not isinstance(value, str):
            told = f"{name} is {type(value).__name__}"
            return PairRow(columns, f"{name}_not_text", told)  # type: ignore[arg-type]
        if not any(sign.isalnum() for sign in value):
            return PairRow(columns, f"{name}_empty")  # type: ignore[arg-type]
        if len(value) > LONGEST:
            return PairRow(columns, "too_long", f"{name} has {len(value):,} characters")
    return PairRow(columns)
