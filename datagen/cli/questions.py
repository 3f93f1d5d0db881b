"""Questions asked of a run: `inspect`, `sql`, `audit`."""

import sys
from typing import Annotated

import typer

from datagen.cli.options import Run


def inspect(
    run: Run,
    embed: Annotated[
        bool, typer.Option("--embed", help="Spread of rephrasings in meaning too (MiniLM).")
    ] = False,
) -> None:
    """What is in a run: counts, rates, reasons, tokens, examples."""
    from rich.console import Console

    from datagen.engines.bulk_embeddings import BulkEmbedder
    from datagen.inspect import agentic, repository
    from datagen.inspect.render import as_text, render
    from datagen.inspect.summary import summary
    from datagen.inspect.views import is_agentic, is_repository

    if is_repository(run) or is_agentic(run):
        kind = agentic if is_agentic(run) else repository
        for line in kind.summary_lines(run):
            typer.echo(line)
        return
    found = summary(run, embed=BulkEmbedder(threads=1).embed if embed else None)
    if sys.stdout.isatty():
        Console().print(render(found))
    else:
        typer.echo(as_text(found), nl=False)


def sql(
    run: Run,
    query: Annotated[str, typer.Argument(help="One SELECT over rephrasings, chunks, rejects.")],
    format: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> None:
    """Ask a run a question in SQL (DuckDB); every table is a view."""
    from datagen.errors import RecipeError
    from datagen.inspect.output import lines
    from datagen.inspect.views import sql as ask

    if format not in ("table", "csv", "json"):
        raise RecipeError(f"--format {format}: must be table, csv or json")
    for line in lines(ask(run, query), format):  # type: ignore[arg-type]
        typer.echo(line)


def audit(run: Run) -> None:
    """Prove that accepted + rejected + failed = planned, nothing is double, all is readable."""
    from datagen.inspect.agentic import audit_agentic
    from datagen.inspect.audit import audit as prove
    from datagen.inspect.repository import audit_repository
    from datagen.inspect.views import is_agentic, is_repository

    if is_agentic(run):
        proof = audit_agentic(run)
    else:
        proof = audit_repository(run) if is_repository(run) else prove(run)
    for line in proof.lines():
        typer.echo(line)
    if proof.findings:
        raise typer.Exit(1)
