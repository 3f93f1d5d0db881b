"""What the task of a number should be like: kind, tier, persona, failure, by quota.

Tasks come in blocks; within a block kinds, tiers and failures have exactly the recipe's shares,
rounded by largest remainder, each shuffled on its own, so that any beginning of a run is balanced
to within a block and none of the three goes with another, but for what is declined: that takes few
calls, so that the longer tiers fall to the other kinds. Shares of tiers are missed only where the
recipe asks for more to decline than it has short tiers."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import TypeVar, get_args

from datagen.agentic.grounds import Wish
from datagen.agentic.nouns import Persona, TaskKind, Tier
from datagen.agentic.prompting import text_of
from datagen.agentic.recipe import TaskOptions
from datagen.schemas import derived_seed

BLOCK = 60
"""Tasks of a block: a multiple of the shares that people write."""
DeclinedTiers = tuple[tuple[TaskKind, tuple[Tier, ...]], ...]
"""Tiers of the kinds that are declined, those with fewest first."""
DECLINED: DeclinedTiers = (("no_tool", ("single",)), ("refuse", ("single", "dependent")))
"""Finding out that something must be declined takes no call, or one or two."""
DECLINED_AT_ONCE: DeclinedTiers = (("no_tool", ("single",)), ("refuse", ("single",)))
"""Over compiled domains: what is forbidden shows in one look. Of 120 agents over 7,928 imported and
harvested tools 7 have a refusal that takes two."""
_LENGTH = get_args(Tier).index
K = TypeVar("K", bound=str)


def wish(number: int, options: TaskOptions, seed: int, declined: DeclinedTiers = DECLINED) -> Wish:
    """The wish of a task, whatever run it is drawn in."""
    block, place = divmod(number, BLOCK)
    kinds, tiers, fails = _cached(options.model_dump_json(), seed, block, declined)
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
    text: str, seed: int, block: int, declined: DeclinedTiers
) -> tuple[Sequence[TaskKind], Sequence[Tier], Sequence[str]]:
    options = TaskOptions.model_validate_json(text)
    failing = {"fails": options.failures, "works": 1 - options.failures}
    kinds = _shuffled(options.kinds, _chance(seed, block, "kind"))
    return (
        kinds,
        _dealt(kinds, _counted(options.tiers), declined, _chance(seed, block, "tier")),
        _shuffled(failing, _chance(seed, block, "fails")),
    )


def _dealt(
    kinds: Sequence[TaskKind],
    tiers: Sequence[Tier],
    declined: DeclinedTiers,
    chance: random.Random,
) -> list[Tier]:
    """The tiers, dealt to places of kinds: to those with few tiers first. Where there are too few
    short ones, they come in place of the longest."""
    left = list(tiers)
    dealt: dict[int, Tier] = {}
    for kind, fitting in declined:
        for place in (place for place, known in enumerate(kinds) if known == kind):
            found = [tier for tier in left if tier in fitting]
            dealt[place] = chance.choice(found or fitting[-1:])
            left.remove(dealt[place] if found else max(left, key=_LENGTH))
    chance.shuffle(left)
    return [dealt[place] if place in dealt else left.pop() for place in range(len(kinds))]


def _chance(seed: int, block: int, name: str) -> random.Random:
    return random.Random(derived_seed(seed, "quota", name, block))


def _shuffled(weights: Mapping[K, float], chance: random.Random) -> list[K]:
    entries = _counted(weights)
    chance.shuffle(entries)
    return entries


def _counted(weights: Mapping[K, float]) -> list[K]:
    """`BLOCK` entries with shares as the weights have them."""
    total = sum(weights.values())
    exact = {key: BLOCK * weight / total for key, weight in weights.items()}
    counts = {key: int(share) for key, share in exact.items()}
    short = BLOCK - sum(counts.values())
    for key in sorted(exact, key=lambda key: counts[key] - exact[key])[:short]:
        counts[key] += 1
    return [key for key, count in counts.items() for _ in range(count)]
