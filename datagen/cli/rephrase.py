"""`datagen rephrase`, and `datagen plan` before it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from datagen.cli.options import (
    BaseUrl,
    Engine,
    Inputs,
    Limit,
    Model,
    Output,
    RayAddress,
    RecipeName,
    Settings,
    Show,
    say,
)

if TYPE_CHECKING:
    from datagen.rephrase.pipeline import RephraseRecipe


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
    from datagen.rephrase.planning import InputPlanner
    from datagen.runner.run import Job, resolve_model, run

    chosen = _recipe(recipe, settings, engine=engine, model=model, base_url=base_url)
    if chosen.engine.kind == "llamacpp":
        model_path(chosen.engine.model or DEFAULT_MODEL, say=say)
    resolved = chosen.engine.model_copy(update={"model": resolve_model(chosen)})
    chosen = chosen.model_copy(update={"engine": resolved})
    job = Job(
        name="rephrase",
        recipe=chosen,
        planner=InputPlanner(inputs, chosen.source, chosen.runner, limit),
        identity=run_identity(chosen),
        pipeline=partial(RephrasePipeline, chosen),
        tables=RephrasePipeline.tables,
        output=output,
        ray_address=ray_address,
        embeds="alignment" in chosen.fidelity.tiers,
        context_tokens=context_needed(chosen),
    )
    with Progress(Console(stderr=True), preview=preview) as progress:
        state = run(job, progress)
    typer.echo(summary_line(state, "rephrasings", str(output)))
    if state.failed or state.pending:
        raise typer.Exit(1)


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


def _recipe(name: str, settings: list[str] | None, **flags: Any) -> "RephraseRecipe":
    from datagen.recipe import load_recipe
    from datagen.rephrase.pipeline import RephraseRecipe

    keys = {"engine": "engine.kind", "model": "engine.model", "base_url": "engine.base_url"}
    overrides = {keys[flag]: value for flag, value in flags.items() if value is not None}
    return load_recipe(RephraseRecipe, name, settings or (), overrides)
