"""`datagen sandbox`: a command run exactly as a rollout would."""

import sys
from pathlib import Path
from typing import Annotated

import typer

BROKEN_LIMIT = 124
"""Exit code where a limit ended the command, as `timeout` has it."""


def sandbox(
    command: Annotated[list[str], typer.Argument(help="After --, the command and its arguments.")],
    workspace: Annotated[
        Path | None, typer.Option("--workspace", help="The one folder it can write; kept.")
    ] = None,
) -> None:
    """Run a command where it can harm nothing: no network, no files but the workspace, bounded."""
    import asyncio

    from datagen.sandbox import Sandbox, run

    finished = asyncio.run(run(Sandbox(), command, workspace=workspace))
    sys.stdout.buffer.write(finished.stdout)
    sys.stdout.flush()
    sys.stderr.buffer.write(finished.stderr)
    broken = {
        "ran too long": finished.timed_out,
        "wrote too much": finished.flooded,
        "filled its workspace": finished.overfull,
    }
    for what in (what for what, is_so in broken.items() if is_so):
        typer.echo(f"datagen: sandbox: the command {what} and was killed", err=True)
        raise typer.Exit(BROKEN_LIMIT)
    raise typer.Exit(finished.code if finished.code >= 0 else 128 - finished.code)
