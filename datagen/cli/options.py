"""Options that several commands share."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

Inputs = Annotated[
    list[str], typer.Argument(help="JSONL (.gz, .zst), Parquet, folders of text, hf:NAME, URLs.")
]
Output = Annotated[
    Path, typer.Option("--output", help="The run's folder; an earlier run in it goes on.")
]
RecipeName = Annotated[
    str, typer.Option("--recipe", help="A shipped recipe's name, or a TOML file.")
]
Engine = Annotated[str | None, typer.Option("--engine", help="llamacpp, openai, vllm or scripted.")]
Model = Annotated[str | None, typer.Option("--model", help="Model name or path, for every role.")]
BaseUrl = Annotated[str | None, typer.Option("--base-url", help="Server for --engine openai.")]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Documents to read; may grow later.")
]
Settings = Annotated[list[str] | None, typer.Option("--set", help="section.key=value; repeatable.")]
RayAddress = Annotated[str | None, typer.Option("--ray-address", help="A Ray cluster to join.")]
Show = Annotated[
    bool | None,
    typer.Option("--preview/--no-preview", help="Show the first result as soon as it is there."),
]
Run = Annotated[Path, typer.Argument(help="A run's folder.")]


def status(line: str) -> None:
    """A line that replaces itself on a terminal; nothing elsewhere."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()


def cores() -> int:
    return len(os.sched_getaffinity(0))


def say(line: str) -> None:
    """A line for the person at the terminal, beside what is piped on."""
    typer.echo(line, err=True)
