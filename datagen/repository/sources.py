"""Where the tools of an agentic run come from: tool runs that exist, and some made on the spot.

What is made on the spot lies in RUN/sources as an ordinary tool run, which goes on where it
stopped. As soon as the agentic run is planned its sources stay as they are: other tools would be
another run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen.agentic.planning import ToolsInput
from datagen.agentic.recipe import AgenticRecipe
from datagen.agentic.tools.evolve.recipe import EvolveRecipe
from datagen.agentic.tools.harvest.servers import read_catalogue
from datagen.errors import RecipeError, StorageError
from datagen.recipe import load_recipe
from datagen.repository.evolving import evolve
from datagen.repository.harvesting import harvest
from datagen.repository.round_planner import Embeds, run_tools
from datagen.runner.plan import refuse_strangers
from datagen.schemas import Tool, row_id
from datagen.shards import RunFolder

PIPELINE = "agentic"
FOLDER = "sources"
EVOLVED, HARVESTED = f"{FOLDER}/evolved", f"{FOLDER}/harvested"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SourceConsole:
    """What the user is shown while sources are made."""

    status: Say
    """A line that replaces itself."""
    say: Say
    """A line that stays."""


def gathered(
    recipe: AgenticRecipe,
    output: Path,
    *,
    embedder: Embeds,
    console: SourceConsole,
    ray_address: str | None = None,
) -> tuple[list[Tool], tuple[ToolsInput, ...]]:
    """The tools of all sources, by id, and what identifies each. Makes those that the recipe wants
    made and the run does not have.

    Raises `RecipeError` for a source without tools; whatever making them raises."""
    folder = RunFolder(output, {"tools": Tool})
    before = refuse_strangers(folder)
    planned = before is not None
    if before is not None and before.get("pipeline") != PIPELINE:
        raise StorageError(
            f"{output}: holds a run that was made otherwise (pipeline: was "
            f"{before.get('pipeline')}, is {PIPELINE}); choose another --output"
        )
    options = recipe.tools
    paths = {name: Path(name) for name in options.from_}
    if options.catalogue:
        paths[HARVESTED] = output / HARVESTED
        if not planned:
            _harvest(output / HARVESTED, console)
    if options.evolve:
        others = list(paths.values())
        paths[EVOLVED] = output / EVOLVED
        if not planned:
            _evolve(recipe, output / EVOLVED, others, embedder, console, ray_address)
    tools: dict[str, Tool] = {}
    inputs = []
    for name, path in paths.items():
        found = tools_of(path, name)
        inputs.append(ToolsInput(name, len(found), row_id(*sorted(tool.id for tool in found))))
        tools |= {tool.id: tool for tool in found}
    return [tools[known] for known in sorted(tools)], tuple(inputs)


def tools_of(path: Path, name: str) -> list[Tool]:
    """The tools of one source. Raises `RecipeError`, one line."""
    if path.is_file():
        raise RecipeError(
            f"tools.from: {name}: is a file, not a run; take its tools in with `datagen tools "
            f"import {name} --output RUN` and name RUN"
        )
    try:
        return run_tools(path)
    except RecipeError as problem:
        raise RecipeError(f"tools.from: {name}: not a run with tools") from problem


def _harvest(folder: Path, console: SourceConsole) -> None:
    def tick(standing: object, working: Sequence[str]) -> None:
        console.status(f"harvesting: {', '.join(working)}")

    standing = harvest(read_catalogue(), folder, on_tick=tick)
    console.status("")
    console.say(
        f"{folder}: {standing.accepted:,} tools, {standing.rejected:,} rejected, "
        f"{standing.failed:,} servers failed"
    )


def _evolve(
    recipe: AgenticRecipe,
    folder: Path,
    others: Sequence[Path],
    embedder: Embeds,
    console: SourceConsole,
    ray_address: str | None,
) -> None:
    """Evolve as many tools as the recipe wants, or as far as the engine gets."""
    wanted = recipe.tools.evolve
    grown = load_recipe(EvolveRecipe, "tools_evolve", (), {})
    made = evolve(
        grown.model_copy(update={"seed": recipe.seed, "engine": recipe.engine}),
        folder,
        count=wanted,
        others=others,
        embedder=embedder,
        ray_address=ray_address,
        on_tick=lambda state: console.status(
            f"evolving: {state.tally.done:,}/{state.tally.rows:,} asked, "
            f"{state.tally.accepted:,} gave tools"
        ),
    )
    console.status("")
    if not made.tools:
        raise RecipeError(f"tools.evolve: none of {wanted:,} tools was made: {made.why}")
    short = f" ({wanted:,} were wanted; {made.why})" if made.missed else ""
    console.say(f"{folder}: {made.tools:,} tools evolved{short}")
