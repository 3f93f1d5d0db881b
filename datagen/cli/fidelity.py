"""`datagen fidelity`: scores for pairs from anywhere."""

import re
from pathlib import Path
from typing import Annotated

import typer

from datagen.cli.options import Settings
from datagen.errors import RecipeError

COLUMNS = ("fidelity", "supported", "kept")


def fidelity(
    pairs: Annotated[
        Path, typer.Argument(help="JSONL or Parquet with source, text, and label or kind.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", help="Parquet; else PAIRS.scored.parquet.")
    ] = None,
    column: Annotated[
        str, typer.Option("--column", help="What labels are about: fidelity, supported or kept.")
    ] = "fidelity",
    math: Annotated[bool, typer.Option("--math", help="Texts may add steps and formulas.")] = False,
    language: Annotated[
        str, typer.Option("--language", help="ISO 639-1 code of the texts.")
    ] = "en",
    settings: Settings = None,
) -> None:
    """Score how faithful texts are to their sources; with labels, how well that is told."""
    from datagen.rephrase.fidelity.language import CHECKED
    from datagen.scoring.score import gate_options, report, score

    if column not in COLUMNS:
        raise RecipeError(f"--column {column}: must be {', '.join(COLUMNS)}")
    if not re.fullmatch(r"[a-z]{2}", language):
        raise RecipeError(f"--language {language}: must be two letters, as in ISO 639-1")
    if language not in CHECKED:
        typer.echo(
            f"--language {language}: unknown here; whether texts are in it is not checked", err=True
        )
    scored = score(
        pairs,
        output,
        gate_options(settings or (), subject="math" if math else "knowledge"),
        column=column,  # type: ignore[arg-type]
        subject="math" if math else "knowledge",
        language=language,
    )
    for line in report(scored):
        typer.echo(line)
