"""The command line: a thin skin. Imports nothing heavy until a command runs."""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datagen.errors import DatagenError, EngineError

if TYPE_CHECKING:
    from datagen.rephrase.pipeline import RephraseRecipe

INTERRUPTED = 130
"""Exit code of a stopped command: 128 + SIGINT, as shells count."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

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
    typer.Option(
        "--preview/--no-preview", help="Show the first rewritten chunk beside its source."
    ),
]


@app.callback()
def datagen() -> None:
    """Training data for language models: faithful rephrasings of your documents, as Parquet."""


@app.command()
def rephrase(
    inputs: Inputs,
    output: Output,
    recipe: RecipeName = "rephrase",
    engine: Engine = None,
    model: Model = None,
    base_url: BaseUrl = None,
    limit: Limit = None,
    settings: Settings = None,
    ray_address: RayAddress = None,
    preview: Show = None,
) -> None:
    """Rewrite documents chunk by chunk in many styles, each chunk checked against its source."""
    from functools import partial

    from rich.console import Console

    from datagen.console import Progress, summary_line
    from datagen.rephrase.pipeline import RephrasePipeline, run_identity
    from datagen.runner.run import Job, resolve_model, run

    chosen = _recipe(recipe, settings, engine=engine, model=model, base_url=base_url)
    resolved = chosen.engine.model_copy(update={"model": resolve_model(chosen)})
    chosen = chosen.model_copy(update={"engine": resolved})
    job = Job(
        name="rephrase",
        recipe=chosen,
        source=chosen.source,
        identity=run_identity(chosen),
        pipeline=partial(RephrasePipeline, chosen),
        tables=RephrasePipeline.tables,
        inputs=inputs,
        output=output,
        limit=limit,
        ray_address=ray_address,
        embeds="alignment" in chosen.fidelity.tiers,
    )
    with Progress(Console(stderr=True), preview=preview) as progress:
        state = run(job, progress)
    typer.echo(summary_line(state, "rephrasings", str(output)))
    if state.failed or state.pending:
        raise typer.Exit(1)


def _recipe(name: str, settings: list[str] | None, **flags: Any) -> "RephraseRecipe":
    from datagen.recipe import load_recipe
    from datagen.rephrase.pipeline import RephraseRecipe

    keys = {"engine": "engine.kind", "model": "engine.model", "base_url": "engine.base_url"}
    overrides = {keys[flag]: value for flag, value in flags.items() if value is not None}
    return load_recipe(RephraseRecipe, name, settings or (), overrides)


def main() -> None:
    """Run the command line; a user's mistake is one line and exit 2, never a traceback."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _interrupt)
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:  # Typer turns the interrupt into this and says nothing
            _complain("stopped; the same command goes on where it stopped", code)
    except EngineError as problem:
        code = _complain(f"{problem}; the same command goes on where it stopped", 1)
    except DatagenError as problem:
        code = _complain(str(problem), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = _complain("stopped", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as problem:
        usage = getattr(problem, "format_message", None)
        if usage is None:
            raise
        code = _complain(usage(), 2)
    sys.exit(code or 0)


def _complain(line: str, code: int) -> int:
    sys.stderr.write(f"datagen: {line}\n")
    return code


def _interrupt(signum: int, frame: object) -> None:
    """Stop cleanly; a second signal, while that goes on, changes nothing."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
