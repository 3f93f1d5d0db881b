"""A recipe made ready to run: flags applied, the model fetched and named."""

from typing import Any, TypeVar

from datagen.cli.options import say
from datagen.recipe import Recipe, load_recipe

R = TypeVar("R", bound=Recipe)


def recipe_of(shape: type[R], name: str, settings: list[str] | None, **flags: Any) -> R:
    """The recipe of that shape with `--set` and the engine's flags applied."""
    keys = {"engine": "engine.kind", "model": "engine.model", "base_url": "engine.base_url"}
    overrides = {keys[flag]: value for flag, value in flags.items() if value is not None}
    return load_recipe(shape, name, settings or (), overrides)


def ready(recipe: R) -> R:
    """The recipe with its model's name, an embedded model fetched if it isn't there."""
    from datagen.assets import model_path
    from datagen.engines.make import DEFAULT_MODEL
    from datagen.runner.run import resolve_model

    if recipe.engine.kind == "llamacpp":
        model_path(recipe.engine.model or DEFAULT_MODEL, say=say)
    resolved = recipe.engine.model_copy(update={"model": resolve_model(recipe)})
    return recipe.model_copy(update={"engine": resolved})
