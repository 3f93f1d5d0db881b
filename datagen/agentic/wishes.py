"""What the task of a number should be like: kind, tier, persona, failure, by quota.

Tasks come in blocks; within a block kinds, tiers and failures have exactly the recipe's shares,
rounded by largest remainder, each shuffled on its own, so that any beginning of a run is balanced
to within a block and none of the three goes with another."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import TypeVar

from datagen.agentic.grounds import Wish
from datagen.agentic.nouns import Persona, TaskKind, Tier
from datagen.agentic.prompting import text_of
from datagen.agentic.recipe import TaskOptions
from datagen.schemas import derived_seed

BLOCK = 60
"""Tasks of a block: a multiple of the shares that people write."""
K = TypeVar("K", bound=str)


def wish(number: int, options: TaskOptions, seed: int) -> Wish:
    """The wish of a task, whatever run it is drawn in."""
    block, place = divmod(number, BLOCK)
    kinds, tiers, fails = _block(options, seed, block)
    task_seed = derived_seed(seed, "task", number)
    return Wish(
        number=number,
        kind=kinds[place],
        tier=tiers[place],
        persona=random.Random(task_seed).choice(personas()),
        fails=fails[place] == "fails",
        seed=task_seed,
    )


@cache
def personas() -> Sequence[Persona]:
    found = tomllib.loads(text_of("personas.toml"))["personas"]
    return [Persona.model_validate(persona) for persona in found]


@lru_cache(maxsize=4)
def _cached(
    text: str, seed: int, block: int
) -> tuple[Sequence[TaskKind], Sequence[Tier], Sequence[str]]:
    options = TaskOptions.model_validate_json(text)
    failing = {"fails": options.failures, "works": 1 - options.failures}
    return (
        _shuffled(options.kinds, seed, block, "kind"),
        _shuffled(options.tiers, seed, block, "tier"),
        _shuffled(failing, seed, block, "fails"),
    )


def _block(
    options: TaskOptions, seed: int, block: int
) -> tuple[Sequence[TaskKind], Sequence[Tier], Sequence[str]]:
    return _cached(options.model_dump_json(), seed, block)


def _shuffled(weights: Mapping[K, float], seed: int, block: int, name: str) -> list[K]:
    """`BLOCK` entries with shares as the weights have them."""
    total = sum(weights.values())
    exact = {key: BLOCK * weight / total for key, weight in weights.items()}
    counts = {key: int(share) for key, share in exact.items()}
    short = BLOCK - sum(counts.values())
    for key in sorted(exact, key=lambda key: counts[key] - exact[key])[:short]:
        counts[key] += 1
    entries = [key for key, count in counts.items() for _ in range(count)]
    random.Random(derived_seed(seed, "quota", name, block)).shuffle(entries)
    return entries
