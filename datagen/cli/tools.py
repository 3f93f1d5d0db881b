"""`datagen tools`: the repository of tool specs, real and evolved."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datagen.cli.options import (
    BaseUrl,
    Engine,
    Model,
    Output,
    RayAddress,
    Settings,
    cores,
    say,
    status,
)
from datagen.errors import RecipeError

if TYPE_CHECKING:
    from datagen.repository.repository_run import Standing

app = typer.Typer(no_args_is_help=True, help="Tool specs: real ones harvested, new ones evolved.")

Files = Annotated[list[Path], typer.Argument(help="JSON, JSONL (.gz), YAML, or folders of them.")]
Runs = Annotated[list[Path], typer.Argument(help="Runs of harvest, import or evolve.")]


@app.command()
def harvest(
    output: Output,
    catalogue: Annotated[
        bool, typer.Option("--catalogue", help="Ask the servers that ship in tool_specs/.")
    ] = False,
    mcp: Annotated[
        Path | None, typer.Option("--mcp", help="Ask the servers of an mcp.json.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--server", help="Only this one of them; repeatable.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Servers at a time.")] = 3,
) -> None:
    """List the tools of real MCP servers, each in its own environment and sandbox."""
    from datagen.agentic.tools.harvest.servers import read_catalogue, read_servers
    from datagen.repository.harvesting import harvest as ask

    if catalogue == (mcp is not None):
        raise RecipeError("tools harvest: name either --catalogue or --mcp FILE")
    servers = read_servers(mcp) if mcp is not None else read_catalogue()
    if only:
        unknown = set(only) - {server.name for server in servers}
        if unknown:
            raise RecipeError(f"--server {', '.join(sorted(unknown))}: no such server there")
        servers = [server for server in servers if server.name in only]

    def tick(standing: "Standing", working: Sequence[str]) -> None:
        done = len(standing.commits)
        now = ", ".join(working)
        status(f"{done:,}/{standing.planned:,} servers, {standing.accepted:,} tools  {now}")

    _close(ask(servers, output, jobs=jobs, on_tick=tick), output)


@app.command("import")
def import_(files: Files, output: Output) -> None:
    """Take tool specs from files: MCP and OpenAI lists, registries, OpenAPI, any JSON."""
    from datagen.repository.importing import import_tools

    def tick(standing: "Standing") -> None:
        status(f"{standing.accepted:,} tools, {standing.rejected:,} rejected")

    _close(import_tools(files, output, tick), output)


@app.command()
def evolve(
    output: Output,
    count: Annotated[int, typer.Option("--count", min=1, help="Accepted tools wanted.")] = 100,
    others: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Runs whose tools are known: seeds, holes, duplicates."),
    ] = None,
    recipe: Annotated[
        str, typer.Option("--recipe", help="A shipped recipe's name, or a TOML file.")
    ] = "tools_evolve",
    engine: Engine = None,
    model: Model = None,
    base_url: BaseUrl = None,
    settings: Settings = None,
    ray_address: RayAddress = None,
) -> None:
    """Grow new tools over the taxonomy, checked one by one, duplicates out between rounds."""
    from datagen.agentic.tools.evolve.recipe import EvolveRecipe
    from datagen.cli.engines import ready, recipe_of
    from datagen.engines.bulk_embeddings import BulkEmbedder
    from datagen.repository.evolving import evolve as grow

    flags = {"engine": engine, "model": model, "base_url": base_url}
    made = grow(
        ready(recipe_of(EvolveRecipe, recipe, settings, **flags)),
        output,
        count=count,
        others=others or (),
        embedder=BulkEmbedder(threads=cores()),
        ray_address=ray_address,
        on_tick=lambda state: status(
            f"{state.tally.done:,}/{state.tally.rows:,} applications and derivations asked, "
            f"{state.tally.accepted:,} gave tools"
        ),
    )
    typer.echo(
        f"{output}: {made.tools:,} tools of {made.drafts:,} drafts in {made.rounds:,} rounds, "
        f"{made.duplicates:,} duplicates" + (f"; {made.why}" if made.why else "")
    )
    if made.missed or made.state.failed:
        raise typer.Exit(1)


@app.command()
def coverage(runs: Runs) -> None:
    """How well tools cover each other and the taxonomy: numbers, a picture, the holes."""
    from datagen.agentic.tools.evolve.taxonomy import load_taxonomy
    from datagen.engines.bulk_embeddings import BulkEmbedder
    from datagen.repository.covering import cover

    found = cover(runs, BulkEmbedder(threads=cores()), cells=load_taxonomy().cells)
    for line in found.lines:
        typer.echo(line)


def _close(standing: "Standing", output: Path) -> None:
    status("")
    reasons = standing.reasons()
    for reason, count in reasons.most_common(8):
        say(f"  {reason} {count:,}")
    typer.echo(
        f"{output}: {standing.accepted:,} tools, {standing.rejected:,} rejected, "
        f"{standing.failed:,} failed"
    )
    if standing.failed or standing.pending:
        raise typer.Exit(1)
