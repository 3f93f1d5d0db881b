"""`datagen rephrase`, and `datagen plan` before it."""

from typing import Annotated

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
)


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

    from datagen.cli.engines import ready, recipe_of
    from datagen.console import Progress, summary_line
    from datagen.rephrase.pipeline import (
        RephrasePipeline,
        RephraseRecipe,
        context_needed,
        run_identity,
    )
    from datagen.rephrase.planning import InputPlanner
    from datagen.runner.run import Job, run

    flags = {"engine": engine, "model": model, "base_url": base_url}
    chosen = ready(recipe_of(RephraseRecipe, recipe, settings, **flags))
    job = Job(
        name="rephrase",
        recipe=chosen,
        planner=InputPlanner(inputs, chosen.source, chosen.runner, limit),
        identity=run_identity(chosen),
        pipeline=partial(RephrasePipeline, chosen),
        tables=RephrasePipeline.tables,
        output=output,
        ray_address=ray_address,
        embeds=bool({"alignment", "verifier"}.intersection(chosen.fidelity.tiers)),
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
    from datagen.cli.engines import recipe_of
    from datagen.estimate import totals
    from datagen.estimate.render import lines
    from datagen.rephrase.pipeline import RephraseRecipe

    prices = None
    if price_in is not None or price_out is not None:
        prices = totals.Prices(price_in or 0.0, price_out or 0.0)
    estimate = totals.estimate(
        inputs,
        recipe_of(RephraseRecipe, recipe, settings),
        limit=limit,
        tokens_per_second=rate,
        prices=prices,
        acceptance=acceptance,
    )
    for line in lines(estimate):
        typer.echo(line)
