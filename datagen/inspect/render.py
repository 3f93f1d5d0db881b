"""A summary as rich draws it: in colour on a terminal, as plain text elsewhere.

Nothing is parsed as markup, and what a terminal would obey is taken out: texts come from models.
"""

from collections.abc import Iterable, Mapping
from io import StringIO
from math import log2

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from datagen.inspect.diversity import Diversity
from datagen.inspect.output import printable
from datagen.inspect.summary import Example, Summary

CLIPPED_CHARS = 500
MOST_REASONS = 12
PLAIN_WIDTH = 100


def render(found: Summary) -> RenderableType:
    """What `datagen inspect` shows on a terminal."""
    parts: list[RenderableType] = [
        _heading(f"{found.path}: {found.status}"),
        _facts(_standing(found)),
    ]
    if found.styles:
        parts += [_heading("styles"), _styles(found)]
    for title, reasons in (
        ("rejected or failed because", found.reasons),
        ("attempts refused because", found.attempt_reasons),
    ):
        if reasons:
            parts += [_heading(title), _reasons(reasons)]
    if found.accepted:
        parts += [_heading("diversity"), _facts(_sameness(found.diversity))]
        if found.diversity.repeats_itself:
            parts.append(_warning(found.diversity))
    if found.examples:
        parts += [_heading("examples"), *map(_example, found.examples)]
    return Group(*parts)


def as_text(found: Summary, width: int = PLAIN_WIDTH) -> str:
    """The same without colour, for a file or a pipe."""
    written = StringIO()
    console = Console(file=written, width=width, force_terminal=False, color_system=None)
    console.print(render(found))
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def _heading(title: str) -> RenderableType:
    return Text(f"\n{printable(title)}", style="bold")


def _facts(rows: Iterable[tuple[str, str]]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in rows:
        table.add_row(Text(name), Text(printable(value)))
    return Padding(table, (0, 0, 0, 2))


def _standing(found: Summary) -> Iterable[tuple[str, str]]:
    tokens = found.tokens
    yield "model", f"{found.model} ({found.engine})" if found.engine else found.model
    yield "recipe", ", ".join(f"{key} = {_setting(value)}" for key, value in found.recipe.items())
    yield "entries", f"{found.entries:,}, {found.seconds:,.0f} s"
    yield (
        "records",
        f"{found.planned_records:,} planned, {found.pending_records:,} pending, "
        f"{found.unused_records:,} not usable",
    )
    yield (
        "rephrasings",
        f"{found.planned:,} planned = {found.accepted:,} accepted + {found.rejected:,} rejected "
        f"+ {found.failed:,} failed",
    )
    yield "acceptance", _percent(found.acceptance)
    yield "tokens", f"{tokens.source:,} of sources → {tokens.made:,} of accepted rephrasings"
    yield (
        "asked",
        f"{tokens.completions:,} completions, {tokens.prompt:,} prompt tokens "
        f"({_percent(tokens.cache_hits)} from the prefix cache), "
        f"{tokens.completion:,} completion tokens",
    )
    yield "completions per accepted rephrasing", _number(found.completions_per_accepted)


def _styles(found: Summary) -> RenderableType:
    table = _table()
    table.add_column("style")
    for name in ("accepted", "rejected", "failed", "acceptance", "length", "fidelity", "copied"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found.styles:
        table.add_row(
            Text(printable(row.style)),
            f"{row.accepted:,}",
            f"{row.rejected:,}",
            f"{row.failed:,}",
            _percent(row.acceptance),
            _number(row.length_ratio),
            _number(row.fidelity),
            _number(row.copied),
        )
    return table


def _reasons(reasons: Mapping[str, int]) -> RenderableType:
    table = _table(header=False)
    table.add_column(justify="right")
    table.add_column()
    shown = list(reasons.items())
    for name, count in shown[:MOST_REASONS]:
        table.add_row(f"{count:,}", Text(printable(name)))
    if rest := shown[MOST_REASONS:]:
        table.add_row(f"{sum(count for _, count in rest):,}", f"{len(rest)} other reasons")
    return table


def _sameness(found: Diversity) -> Iterable[tuple[str, str]]:
    most = log2(found.compared) if found.compared else 0.0
    yield (
        "identical openings",
        f"{_percent(found.identical / max(found.compared, 1))} of {found.compared:,} "
        "(first five words, shared with another)",
    )
    yield "entropy of openings", f"{found.entropy:.1f} of at most {most:.1f} bits"
    yield "novelty", f"{_number(found.novelty)} (mean share of 5-grams not in the source)"
    if found.documents:
        yield (
            "shared",
            f"{_number(found.shared)} (mean share of 4-grams that another rephrasing of the "
            f"document has; {found.documents:,} documents compared)",
        )
        yield "distinct", f"{_number(found.distinct)} (different 4-grams ÷ all, per document)"
    if found.spread is not None:
        yield "spread", f"{_number(found.spread)} (mean cosine distance within a document)"


def _warning(found: Diversity) -> RenderableType:
    line = (
        f"  warning: {_percent(found.identical / found.compared)} of the rephrasings begin like "
        f"another (mode collapse?); {found.commonest_count:,} begin with "
        f"“{printable(found.commonest)}”"
    )
    return Text(line, style="yellow")


def _example(example: Example) -> RenderableType:
    table = Table.grid(padding=(0, 3), expand=True)
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    name = f"{printable(example.document)}, as {printable(example.style)}"
    table.add_row(Text("source", style="dim"), Text(name, style="dim"))
    table.add_row(_clipped(example.source), _clipped(example.text))
    return Padding(table, (0, 0, 1, 2))


def _clipped(text: str) -> Text:
    text = text.strip()
    cut = text[:CLIPPED_CHARS] + (" …" if len(text) > CLIPPED_CHARS else "")
    return Text("\n".join(printable(line) for line in cut.split("\n")))


def _table(*, header: bool = True) -> Table:
    return Table(box=None, show_header=header, padding=(0, 2, 0, 0), pad_edge=True)


def _setting(value: object) -> str:
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, list) else str(value)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
