"""What a run shows while it goes on: a line of progress, which a terminal keeps renewing and a log
gets twice a minute, and one summary line.

Everything shown is also in the manifest. Written to stderr, but for the summary.
"""

import time
from collections import deque

from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.text import Text

from datagen.runner.run import State
from datagen.stage import Preview

RATE_WINDOW_S = 20.0
PREVIEW_CHARS = 900
LOGGED_EVERY_S = 30.0


class Progress:
    """Follows a run's `State`. Use as a context manager; call it with each new state."""

    def __init__(self, console: Console, *, preview: bool | None = None) -> None:
        self.console = console
        self.live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self.preview = console.is_terminal if preview is None else preview
        self._shown = False
        self._logged = time.monotonic()
        self._history: deque[tuple[float, int, int]] = deque()

    def __enter__(self) -> "Progress":
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            self.live.stop()

    def __call__(self, state: State) -> None:
        if self.preview and not self._shown and state.preview:
            self._shown = True
            self.console.print(side_by_side(state.preview, self.console.width))
        rates = self._rates(state)
        if self.live:
            self.live.update(self._line(state, rates), refresh=True)
        elif time.monotonic() - self._logged >= LOGGED_EVERY_S:
            self._logged = time.monotonic()
            self.console.print(_words(state, *rates), soft_wrap=True)

    def _line(self, state: State, rates: tuple[float, float]) -> RenderableType:
        words = _words(state, *rates)
        if state.ready is None:
            return words
        bar = ProgressBar(total=max(state.tally.rows, 1), completed=state.tally.done, width=30)
        return Columns([bar, words])

    def _rates(self, state: State) -> tuple[float, float]:
        now = time.monotonic()
        tally = state.tally
        self._history.append((now, tally.done, tally.asked.completion_tokens))
        while now - self._history[0][0] > RATE_WINDOW_S:
            self._history.popleft()
        then, done, tokens = self._history[0]
        passed = max(now - then, 1e-9)
        if now - then < 0.5:
            return 0.0, 0.0
        return (tally.done - done) / passed, (tally.asked.completion_tokens - tokens) / passed


def side_by_side(preview: Preview, width: int) -> RenderableType:
    """A source chunk and its rewrite in two columns."""
    half = max(30, (width - 2) // 2)
    before, after = (_clipped(text) for text in (preview.before, preview.after))
    return Columns(
        [
            Panel(Text(before), title="source", width=half),
            Panel(Text(after), title=preview.title, width=half),
        ],
        padding=(0, 0),
    )


def summary_line(state: State, table: str, output: str) -> str:
    """One line that says what the entry came to."""
    accepted, failed = state.rows(table), state.failed
    rejected = state.rows("rejects") - failed
    totals = state.totals()
    seconds = time.monotonic() - state.started
    asked = state.tally.asked
    rate = asked.completion_tokens / seconds if seconds else 0.0
    parts = [
        f"{accepted:,} {table}",
        f"{rejected:,} rejected",
        f"{failed:,} failed",
        f"{totals['tokens']:,} of {asked.completion_tokens:,} tokens kept",
        f"{seconds:.0f} s",
        f"{rate:,.0f} tokens/s",
    ]
    if state.pending:
        parts.append(f"{state.pending:,} records pending")
    return f"{output}: " + ", ".join(parts)


def _words(state: State, rows: float, tokens: float) -> Text:
    if state.ready is None or not state.tally.rows:
        return Text(f"starting … {time.monotonic() - state.started:.0f} s", style="dim")
    tally = state.tally
    left = tally.rows - tally.done
    eta = f"{_span(left / rows)} left" if rows > 0 and not state.pending > left else ""
    accepted = f"{tally.accepted / tally.done:.0%} accepted" if tally.done else "none done yet"
    parts = [
        f"{tally.done:,}/{tally.rows:,} rows",
        f"{rows:.1f} rows/s",
        f"{tokens:,.0f} tokens/s",
        accepted,
        f"{tally.failed:,} failed" if tally.failed else "",
        eta,
    ]
    return Text("  ".join(part for part in parts if part))


def _clipped(text: str) -> str:
    return text if len(text) <= PREVIEW_CHARS else text[:PREVIEW_CHARS] + " …"


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
