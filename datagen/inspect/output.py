"""A query's answer as lines: an aligned table to look at, CSV or JSON lines to go on with.

All three give lines as rows come, so that an answer of any size passes through. The table's columns
are as wide as the first rows need, and its cells are clipped; texts of models may hold terminal
escapes, so only what prints is shown. CSV and JSON hold everything.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Literal

from rich.cells import cell_len, set_cell_size

from datagen.inspect.views import Answer

Format = Literal["table", "csv", "json"]

LOOK_AHEAD = 200
"""Rows that decide how wide the table's columns are."""
CELL_WIDTH = 60
"""Widest column of the table, in terminal cells."""


def lines(answer: Answer, format: Format = "table") -> Iterator[str]:
    """The answer, line by line, without line ends. A CSV line may hold line ends inside quotes."""
    writers: dict[Format, Callable[[Answer], Iterator[str]]] = {
        "table": _table,
        "csv": _csv,
        "json": _json,
    }
    return writers[format](answer)


def printable(text: str) -> str:
    """One line of text without anything that a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _table(answer: Answer) -> Iterator[str]:
    first = list(islice(answer.rows, LOOK_AHEAD))
    names = [printable(name) for name in answer.columns]
    shown = [names, *([_cell(value) for value in row] for row in first)]
    widths = [min(CELL_WIDTH, max(map(cell_len, column))) for column in zip(*shown, strict=True)]
    right = [_numeric([row[i] for row in first]) for i in range(len(names))]
    yield _aligned(names, widths, right)
    yield "  ".join("─" * width for width in widths)
    count = 0
    for row in chain(first, answer.rows):
        count += 1
        yield _aligned([_cell(value) for value in row], widths, right)
    yield f"({count:,} row{'' if count == 1 else 's'})"


def _aligned(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    fitted = [
        _fit(cell, width, right=on_the_right)
        for cell, width, on_the_right in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(fitted).rstrip()


def _fit(cell: str, width: int, *, right: bool) -> str:
    taken = cell_len(cell)
    if taken > width:
        return set_cell_size(cell, width - 1) + "…"
    room = " " * (width - taken)
    return room + cell if right else cell + room


def _numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in known
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.1f}"
    text = value[: 8 * CELL_WIDTH] if isinstance(value, str) else _flat(value)
    return printable(text)


def _csv(answer: Answer) -> Iterator[str]:
    yield _csv_line(answer.columns)
    for row in answer.rows:
        yield _csv_line(["" if value is None else _flat(value) for value in row])


def _csv_line(fields: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(fields)
    return line.getvalue().removesuffix("\r\n")


def _json(answer: Answer) -> Iterator[str]:
    names = _distinct(answer.columns)
    for row in answer.rows:
        yield _dumped(dict(zip(names, row, strict=True)))


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of which none is there twice, as an object's keys must be."""
    distinct: list[str] = []
    for name in names:
        number, free = 1, name
        while free in distinct:
            number, free = number + 1, f"{name}_{number}"
        distinct.append(free)
    return distinct


def _flat(value: Any) -> str:
    return _dumped(value) if isinstance(value, list | tuple | dict) else str(value)


def _dumped(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, default=str)


def _plain(value: Any) -> Any:
    """The value with what JSON has no word for (NaN, infinity, bytes, keys that are no text) put
    otherwise."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return value.hex() if isinstance(value, bytes) else value
