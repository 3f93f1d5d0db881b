"""`datagen refilter`."""

from pathlib import Path
from typing import Annotated

import typer

from datagen.cli.options import Output, Run


def refilter(
    run: Run,
    output: Output,
    settings: Annotated[
        list[str], typer.Option("--set", help="fidelity.threshold=… and the like; stricter only.")
    ],
) -> None:
    """Decide a run again from its stored scores, into a new folder; asks no model."""
    from datagen.scoring.refiltering import refilter as again

    before = _accepted(run)
    counts = again(run, output, settings)["counts"]
    typer.echo(
        f"{output}: {counts['accepted']:,} of {before:,} rephrasings stay, "
        f"{counts['rejected']:,} rejected"
    )


def _accepted(run: Path) -> int:
    from datagen.inspect.views import find_run

    return int(find_run(run)[1]["counts"]["accepted"])
