"""What a run shows where there is no terminal."""

import io
import time

import pytest
from rich.console import Console

from datagen import console
from datagen.console import Progress
from datagen.runner.rows import Tally
from datagen.runner.run import State


def logged(monkeypatch: pytest.MonkeyPatch, every_s: float, *, rows: int) -> list[str]:
    monkeypatch.setattr(console, "LOGGED_EVERY_S", every_s)
    file = io.StringIO()
    state = State()
    with Progress(Console(file=file, width=40)) as progress:
        progress(state)
        state.ready = time.monotonic()
        for done in range(rows):
            state.tally = Tally(rows=rows, done=done + 1, accepted=done)
            progress(state)
    return file.getvalue().splitlines()


def test_a_log_gets_a_line_at_a_time_and_none_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = logged(monkeypatch, 0.0, rows=3)

    assert lines[0].startswith("starting")
    assert [line.split("  ")[0] for line in lines[1:]] == ["1/3 rows", "2/3 rows", "3/3 rows"]
    assert lines[3].split("  ")[3:] == ["67% accepted"]


def test_a_short_run_leaves_a_log_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert logged(monkeypatch, 30.0, rows=3) == []
