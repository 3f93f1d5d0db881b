"""Which styles and perspectives a document's rephrasings get.

Drawn from the recipe's seed and the document's id alone, so that a rerun, another machine or
another order of the inputs draws the same; styles without replacement until all that fit were used,
then each again with another pair of audience and tone, as long as there are any.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from datagen.prompts import Style
from datagen.schemas import Kind, derived_seed


@dataclass(frozen=True, slots=True)
class Draw:
    """How one rephrasing of a document is written."""

    number: int
    """Which rephrasing, from 0."""
    style: Style
    audience: str
    tone: str


def draws(
    styles: Sequence[Style], *, document: str, kind: Kind, count: int, seed: int
) -> list[Draw]:
    """`count` draws for a document, fewer than asked only if no style fits its kind.

    A larger `count` begins with the draws of a smaller one.
    """
    fitting = [style for style in styles if kind in style.kinds]
    if not fitting:
        return []
    chance = random.Random(derived_seed(seed, document, "styles"))
    order: list[Style] = []
    while len(order) < count:
        order += chance.sample(fitting, len(fitting))
    used: Counter[str] = Counter()
    drawn = []
    for number, style in enumerate(order[:count]):
        drawn.append(Draw(number, style, *_perspective(style, document, seed, used[style.name])))
        used[style.name] += 1
    return drawn


def _perspective(style: Style, document: str, seed: int, turn: int) -> tuple[str, str]:
    """Audience and tone at a style's `turn`-th use for the document, from 0."""
    pairs = list(product(style.audiences, style.tones))
    random.Random(derived_seed(seed, document, style.name)).shuffle(pairs)
    return pairs[turn % len(pairs)]
