"""The coverage as one HTML file that asks no network, and as lines for a terminal."""

import base64
import html
from collections.abc import Iterable, Sequence

from datagen.agentic.tools.coverage.holes import Hole
from datagen.agentic.tools.coverage.measure import Coverage
from datagen.agentic.tools.coverage.reach import NEIGHBOURS, Reach

SHOWN_HOLES = 5
"""Holes in the terminal's summary."""

_STYLE = """body{font:15px/1.45 system-ui,sans-serif;max-width:1200px;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;margin:.6em 0 1.6em}td,th{padding:.25em .8em;text-align:left;
border-bottom:1px solid #ddd;vertical-align:top}td.n,th.n{text-align:right}img{width:100%}"""


def summary(coverage: Coverage) -> list[str]:
    """Lines for a terminal."""
    lines = [
        f"tools         {coverage.tools:,} ({coverage.real:,} real, {coverage.synthetic:,} "
        f"synthetic), after {len(coverage.near_duplicates):,} near-duplicates",
        f"coverage      {_share(coverage.real_by_synthetic)} of real tools have a synthetic one "
        f"within cosine {coverage.radius:g} "
        f"(other real servers: {_share(coverage.real_by_peers)})",
        f"reverse       {_share(coverage.synthetic_by_real)} of synthetic tools have a real one",
    ]
    if (near := coverage.neighbours) is not None:
        lines.append(
            f"neighbours    coverage {near.coverage:.3f}, density {near.density:.3f} "
            f"(k = {NEIGHBOURS})"
        )
    effective, even = coverage.effective, coverage.evenness
    lines += [
        f"effective     {effective['all']:.1f} distinct tools in effect "
        f"(real {effective['real']:.1f}, synthetic {effective['synthetic']:.1f})",
        f"evenness      {_number(even['all'])} over {len(coverage.categories):,} categories "
        f"(real {_number(even['real'])}, synthetic {_number(even['synthetic'])})",
        f"holes         {len(coverage.holes):,}",
    ]
    return lines + [f"  {_hole_line(hole)}" for hole in coverage.holes[:SHOWN_HOLES]]


def page(coverage: Coverage, picture: bytes, drawn: int) -> str:
    """The report; the picture, a PNG of `drawn` tools, is inlined."""
    encoded = base64.b64encode(picture).decode()
    note = "" if drawn == coverage.tools else f" A sample of {drawn:,} tools is drawn."
    return "".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Tool coverage</title>',
            f"<style>{_STYLE}</style><h1>Tool coverage</h1>",
            _table(("", ""), _figures(coverage)),
            f'<img alt="tools in the plane" src="data:image/png;base64,{encoded}">',
            f"<p>Tools that do alike lie together; distances between groups say nothing.{note}</p>",
            "<h2>Holes</h2><p>What synthetic tools miss, heaviest first.</p>",
            _table(
                ("kind", "category", "domain", "nearest synthetic", "size", "weight", "tools"),
                map(_hole_cells, coverage.holes),
            ),
            "<h2>Categories</h2>",
            _table(
                ("category", "real", "synthetic", "servers", "domains", "domain evenness",
                 "effective", "covered"),
                (
                    (row.category, f"{row.real:,}", f"{row.synthetic:,}", f"{row.servers:,}",
                     f"{row.domains:,}", _number(row.domain_evenness), f"{row.effective:.1f}",
                     _number(row.covered))
                    for row in coverage.categories
                ),
            ),
            "</html>\n",
        ]
    )  # fmt: skip


def _figures(coverage: Coverage) -> list[tuple[str, str]]:
    near, here = coverage.neighbours, coverage.radius_here
    reached = f"within cosine {coverage.radius:g}"
    return [
        ("tools", f"{coverage.tools:,}"),
        ("real", f"{coverage.real:,}"),
        ("synthetic", f"{coverage.synthetic:,}"),
        ("near-duplicates taken out", f"{len(coverage.near_duplicates):,}"),
        (f"real tools with a synthetic one {reached}", _shares(coverage.real_by_synthetic)),
        (f"real tools with one of another server {reached}", _shares(coverage.real_by_peers)),
        (f"synthetic tools with a real one {reached}", _shares(coverage.synthetic_by_real)),
        (f"coverage, k = {NEIGHBOURS} neighbours", _number(near.coverage if near else None)),
        (f"density, k = {NEIGHBOURS} neighbours", _number(near.density if near else None)),
        *(
            (f"effective number of tools, {name}", f"{value:.1f}")
            for name, value in coverage.effective.items()
        ),
        *(
            (f"evenness over categories, {name}", _number(value))
            for name, value in coverage.evenness.items()
        ),
        (
            "quartiles of the radius on these real tools",
            ", ".join(f"{value:.3f}" for value in here) if here else "–",
        ),
    ]


def _hole_line(hole: Hole) -> str:
    names = ", ".join(hole.names[:3])
    return f"{hole.size:>5,} {_place(hole.category, hole.domain)} [{hole.kind}]: {names}"


def _hole_cells(hole: Hole) -> tuple[str, ...]:
    near = _place(hole.nearest_category, hole.nearest_domain)
    return (
        hole.kind,
        hole.category,
        hole.domain,
        near,
        f"{hole.size:,}",
        f"{hole.weight:.3f}",
        ", ".join(hole.names),
    )


def _place(category: str, domain: str) -> str:
    return " / ".join(part for part in (category, domain) if part) or "–"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heading = "".join(f"<th>{html.escape(name)}</th>" for name in head) if any(head) else ""
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_clean(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{heading}</tr>{body}</table>"


def _clean(text: str) -> str:
    """A lone surrogate can't be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _share(reached: Reach | None) -> str:
    return "–" if reached is None else f"{reached.covered:.1%}"


def _shares(reached: Reach | None) -> str:
    if reached is None:
        return "–"
    others = ", ".join(f"{share:.1%} at {at}" for at, share in reached.covered_at.items())
    return f"{reached.covered:.1%} ({others}; median cosine {reached.median_cosine:.3f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
