"""`datagen tools evolve`: rounds of asks over the runner, until there are as many tools as wanted.

The rounds are planned, and what is new settled, by `round_planner`; this is what an entry does
around it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from datagen.agentic.tools.evolve.pipeline import EvolvePipeline, context_needed
from datagen.agentic.tools.evolve.recipe import EvolveRecipe, run_identity
from datagen.errors import EngineError
from datagen.repository.round_planner import LEDGER, Embeds, RoundPlanner
from datagen.runner.run import Job, State, run
from datagen.schemas import Row

TABLES: dict[str, type[Row]] = {**EvolvePipeline.tables, **LEDGER}
PIPELINE = "tools evolve"
OnTick = Callable[[State], None]


@dataclass(frozen=True, slots=True)
class Evolved:
    """What an entry came to."""

    state: State
    tools: int
    drafts: int
    duplicates: int
    rounds: int
    missed: int
    """Tools that the count wanted and the run does not have."""
    why: str
    """What ended the run before its count; empty where nothing did."""


def evolve(
    recipe: EvolveRecipe,
    output: Path,
    *,
    count: int,
    others: Sequence[Path] = (),
    embedder: Embeds,
    ray_address: str | None = None,
    on_tick: OnTick = lambda state: None,
) -> Evolved:
    """Grow the repository in `output` to `count` tools, or as far as the budget goes.

    The engine's model must be resolved in the recipe. Raises `RecipeError` and `StorageError` for
    what the user can fix, `EngineError` if the model is gone; what is done is kept either way.
    """
    planner = RoundPlanner(recipe, output, count=count, others=others, embedder=embedder)
    job = Job(
        name=PIPELINE,
        recipe=recipe,
        planner=planner,
        identity=run_identity(recipe),
        pipeline=partial(EvolvePipeline, recipe.grow, recipe.seed),
        tables=EvolvePipeline.tables,
        output=output,
        ray_address=ray_address,
        context_tokens=context_needed(recipe.grow),
    )

    def tick(state: State) -> None:
        planner.publish()
        on_tick(state)

    try:
        state = run(job, tick)
    except EngineError:
        planner.publish()
        raise
    planner.publish()
    return Evolved(
        state=state,
        tools=len(planner.tools),
        drafts=state.rows("drafts"),
        duplicates=planner.duplicates,
        rounds=planner.number,
        missed=planner.missed,
        why=planner.why,
    )
