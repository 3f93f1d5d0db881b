"""Which ground a recipe means: the tools of tool runs, a hand-written domain that ships, or a
user's own by its file.

A domain of your own is a Python file, `path/file.py:name`, whose `name(recipe)` gives a `Ground`;
it is imported and run as it is, like a scripted engine."""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from datagen.agentic.compiled_ground import CompiledGround
from datagen.agentic.domains import load_domain
from datagen.agentic.grounds import Ground
from datagen.agentic.recipe import SHIPPED_DOMAIN, AgenticRecipe
from datagen.agentic.repository_ground import RepositoryGround
from datagen.agentic.simulated_ground import SimulatedGround
from datagen.errors import RecipeError
from datagen.schemas import Tool, row_id


def ground_of(recipe: AgenticRecipe, tools: Sequence[Tool] = ()) -> Ground:
    """The recipe's domain, or where it names none and there are tools of tool runs these. Raises
    `RecipeError` if there is no such domain, or no tool has a meaning."""
    name = recipe.tools.domain
    simulated = recipe.environment.kind == "simulated"
    if not name and tools:
        return RepositoryGround(tools, seed=recipe.seed, simulated=simulated)
    if ":" in name:
        return _own(name)(recipe)
    domain = load_domain(name or SHIPPED_DOMAIN)
    return (SimulatedGround if simulated else CompiledGround)(domain)


def domain_identity(recipe: AgenticRecipe) -> dict[str, Any]:
    """A digest of the file of a domain of one's own; shipped ones go by the code's version."""
    path, separator, _ = recipe.tools.domain.rpartition(":")
    if not separator or not Path(path).is_file():
        return {}
    return {"tools.domain_digest": row_id(Path(path).read_text(encoding="utf-8"))}


def _own(name: str) -> Callable[[AgenticRecipe], Ground]:
    path, _, function = name.rpartition(":")
    try:
        if path.endswith(".py"):
            spec = importlib.util.spec_from_file_location(Path(path).stem, path)
            if spec is None or spec.loader is None:
                raise ImportError(path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(path)
        made: Callable[[AgenticRecipe], Ground] = getattr(module, function)
    except Exception as problem:  # whatever the user's file raises when it is imported
        raise RecipeError(
            f"tools.domain: {name}: must be a shipped domain or file.py:name "
            f"({type(problem).__name__}: {problem})"
        ) from problem
    return made
