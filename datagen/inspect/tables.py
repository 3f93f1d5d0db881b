"""Results of queries as lines of text, for `inspect` of runs without a layout of their own."""

from collections.abc import Iterator
from typing import Any

import duckdb

MOST_ROWS = 20
"""Lines of one table that are shown; `datagen sql` shows the rest."""


def table_lines(connection: duckdb.DuckDBPyConnection, title: str, query: str) -> Iterator[str]:
    """A title and a query's rows in columns; nothing where there are no rows."""
    found = connection.execute(query)
    heads = [str(column[0]).replace("_", " ") for column in found.description or ()]
    rows = found.fetchall()
    if not rows:
        return
    cells = [heads, *([_shown(value) for value in row] for row in rows[:MOST_ROWS])]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    yield ""
    yield title
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(padded)}".rstrip()
    if len(rows) > MOST_ROWS:
        yield f"  … and {len(rows) - MOST_ROWS:,} more"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else " ".join(str(value).split())
