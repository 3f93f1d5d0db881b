"""Answers as lines: aligned to look at, whole in CSV and JSON."""

import csv
import io
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from datagen.inspect.output import CELL_WIDTH, Format, lines
from datagen.inspect.views import Answer

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def answer(columns: tuple[str, ...], *rows: tuple[Any, ...]) -> Answer:
    return Answer(columns, iter(rows))


def test_a_table_aligns_numbers_right_and_text_left() -> None:
    shown = list(lines(answer(("style", "n"), ("faq", 1), ("textbook", 1234))))

    assert shown == [
        "style        n",
        "────────  ────",
        "faq          1",
        "textbook  1234",
        "(2 rows)",
    ]


@given(st.lists(st.tuples(TEXTS, st.integers()), max_size=8))
def test_no_text_breaks_the_table(rows: list[tuple[str, int]]) -> None:
    shown = list(lines(answer(("text", "n"), *rows)))

    assert len(shown) == len(rows) + 3
    for line in shown:
        assert line.isprintable()
        assert cell_len(line) <= 2 * CELL_WIDTH + 2


def test_a_terminal_escape_is_not_passed_on() -> None:
    shown = "".join(lines(answer(("text",), ("\x1b[2Jgone\x07\r",))))

    assert "\x1b" not in shown
    assert "gone" in shown


def test_wide_rows_after_the_first_ones_are_clipped() -> None:
    rows = [("a",)] * 500 + [("a very long text that comes late",)]

    shown = list(lines(answer(("text",), *rows)))

    assert shown[-2] == "a v…"


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=8))
def test_csv_reads_back(rows: list[tuple[str, str]]) -> None:
    written = "\n".join(lines(answer(("a", "b"), *rows), "csv")) + "\n"

    assert [tuple(row) for row in csv.reader(io.StringIO(written, newline=""))] == [
        ("a", "b"),
        *rows,
    ]


@given(st.lists(st.tuples(TEXTS, st.floats() | st.none() | st.lists(TEXTS)), max_size=8))
def test_json_lines_read_back(rows: list[tuple[str, Any]]) -> None:
    written = list(lines(answer(("a", "b"), *rows), "json"))

    def known(value: Any) -> Any:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    assert [json.loads(line) for line in written] == [
        {"a": text, "b": known(value)} for text, value in rows
    ]
    assert all("\n" not in line for line in written)


def test_json_keeps_columns_of_one_name_apart() -> None:
    written = list(lines(answer(("n", "n", "n_1"), (1, 2, 3)), "json"))

    assert json.loads(written[0]) == {"n": 1, "n_1": 2, "n_1_1": 3}


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_an_answer_of_any_size_passes_through(format: Format) -> None:
    endless = Answer(("n",), iter((n,) for n in iter(int, 1)))

    written = lines(endless, format)

    assert [next(written) for _ in range(1000)]


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_no_rows_are_no_mistake(format: Format) -> None:
    assert len(list(lines(answer(("a", "b")), format))) == {"table": 3, "csv": 1, "json": 0}[format]
