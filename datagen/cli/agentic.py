"""`datagen agentic`."""

from typing import Annotated

import typer

from datagen.cli.options import (
    BaseUrl,
    Engine,
    Model,
    Output,
    RayAddress,
    RecipeName,
    Settings,
    Show,
    cores,
    say,
    status,
)

Tasks = Annotated[int | None, typer.Option("--limit", min=1, help="Tasks to make; may grow later.")]


def agentic(
    output: Output,
    recipe: RecipeName = "agentic",
    engine: Engine = None,
    model: Model = None,
    base_url: BaseUrl = None,
    limit: Tasks = None,
    settings: Settings = None,
    ray_address: RayAddress = None,
    preview: Show = None,
) -> None:
    """Make agents, tasks and trajectories; keep what every verifier passes."""
    from functools import partial

    from rich.console import Console

    from datagen.agentic.choosing import domain_identity, ground_of
    from datagen.agentic.pipeline import ROWS_PER_SLOT, AgenticPipeline, context_needed
    from datagen.agentic.planning import TaskPlanner
    from datagen.agentic.recipe import AgenticRecipe, run_identity
    from datagen.cli.engines import ready, recipe_of
    from datagen.console import Progress, summary_line
    from datagen.engines.bulk_embeddings import BulkEmbedder
    from datagen.repository.sources import SourceConsole, gathered
    from datagen.runner.run import Job, run

    flags = {"engine": engine, "model": model, "base_url": base_url}
    chosen = ready(recipe_of(AgenticRecipe, recipe, settings, **flags))
    tools, inputs = gathered(
        chosen,
        output,
        embedder=BulkEmbedder(threads=cores()),
        console=SourceConsole(status, say),
        ray_address=ray_address,
    )
    distracting = tools if chosen.tools.domain else []
    ground = partial(ground_of, tools=[] if distracting else tools)
    ground(chosen)  # refuses a domain that is not there before anything is started
    job = Job(
        name="agentic",
        recipe=chosen,
        planner=TaskPlanner(limit or chosen.tasks.count, inputs, chosen.rollout.per_task),
        identity=run_identity(chosen) | domain_identity(chosen),
        pipeline=partial(AgenticPipeline, chosen, ground, distracting),
        tables=AgenticPipeline.tables,
        output=output,
        ray_address=ray_address,
        context_tokens=context_needed(chosen),
        rows_per_slot=ROWS_PER_SLOT,
    )
    with Progress(Console(stderr=True), preview=preview) as progress:
        state = run(job, progress)
    typer.echo(summary_line(state, "trajectories", str(output)))
    if state.failed or state.pending:
        raise typer.Exit(1)
