"""The recipe of `datagen tools evolve`, and what identifies a run of it."""

from typing import Any

from pydantic import Field

from datagen.agentic.tools.evolve.requests import GrowOptions, prompts_identity
from datagen.agentic.tools.evolve.rounds import RoundOptions
from datagen.agentic.tools.evolve.taxonomy import Taxonomy, load_taxonomy
from datagen.agentic.tools.near_duplicates import ACROSS_SERVERS, WITHIN_SERVER
from datagen.recipe import Recipe, Section, identity

CODE_VERSION = 3
"""Raised whenever code that decides what comes out changes: checks, planning, requests."""


class TaxonomyOptions(Section):
    """What applications are invented for."""

    file: str = ""
    """Empty: the taxonomy that ships."""
    categories: tuple[str, ...] = ()
    """Those to use; none: all."""


class DeduplicateOptions(Section):
    """When two tools are one."""

    across: float = Field(default=ACROSS_SERVERS, gt=0, le=1)
    """Cosine of embeddings from which tools of two applications are one."""
    within: float = Field(default=WITHIN_SERVER, gt=0, le=1)
    """The same for tools of one application."""


class BudgetOptions(Section):
    """After how much a run stops, whether or not its count is reached; looked at between rounds."""

    max_rounds: int = Field(default=40, ge=1)
    max_completion_tokens: int = Field(default=0, ge=0)
    """0: no cap. The round that passes it is still finished."""


class EvolveRecipe(Recipe):
    """What an evolve run makes; its sections stand in the order data flows."""

    taxonomy: TaxonomyOptions = TaxonomyOptions()
    grow: GrowOptions = GrowOptions()
    rounds: RoundOptions = RoundOptions()
    deduplicate: DeduplicateOptions = DeduplicateOptions()
    budget: BudgetOptions = BudgetOptions()


def chosen_taxonomy(recipe: EvolveRecipe) -> Taxonomy:
    """The recipe's taxonomy. Raises `RecipeError` for a file or category that is not there."""
    return load_taxonomy(recipe.taxonomy.file, recipe.taxonomy.categories)


def run_identity(recipe: EvolveRecipe) -> dict[str, Any]:
    """Everything that decides what comes out, by name; a budget may grow from entry to entry."""
    chosen = {
        key: value for key, value in identity(recipe).items() if not key.startswith("budget.")
    }
    return {
        **chosen,
        **prompts_identity(),
        "taxonomy.digest": chosen_taxonomy(recipe).digest,
        "code": CODE_VERSION,
    }
