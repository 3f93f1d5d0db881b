"""What each arm trains on: one budget of tokens, spent in four ways, and one that sets a trap.

Every arm sees as many tokens as ten copies of the biographies have, times `rounds`; what would be
longer is cut there. `ten` takes a person's first ten rephrasings that the gate passes, so a refused
one is replaced by another; `ungated` takes the first ten as they come; `one` takes the first that
passed, ten times. Texts are shuffled over the corpus in every pass, but for `side_by_side`, where
the ten rephrasings of a person follow one another.
"""

import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from benchmarks.downstream.biographies import Text, biography, rephrasing
from benchmarks.downstream.people import Attribute, Person
from benchmarks.downstream.vocabulary import words
from datagen.errors import RecipeError

Arm = Literal["raw", "one", "ten", "ungated", "side_by_side"]
ARMS: tuple[Arm, ...] = get_args(Arm)
REPHRASINGS = 10
"""Rephrasings per text. Source: Kimi K2, Table 1: raw × 10, 1 rephrasing × 10, 10 × 1."""
MOST_TRIES = 60
"""Rephrasings of a person that are asked for; fewer than ten may have passed then."""
Passes = Callable[[str, str], Awaitable[bool]]
"""(source, rephrasing) → whether the gate passes it."""


@dataclass(frozen=True, slots=True)
class Written:
    """A person, the biography and what the rewriter made of it."""

    person: Person
    source: Text
    accepted: tuple[Text, ...]
    """The first ten that the gate passed, at least one."""
    made: tuple[Text, ...]
    """The first ten, as the rewriter made them."""
    judged: tuple[tuple[Text, bool], ...]
    """Everything the gate saw, and its verdict."""

    def spoilt(self, texts: Sequence[Text]) -> dict[Attribute, frozenset[str]]:
        """Wrong values that the texts tell, by attribute."""
        found: dict[Attribute, set[str]] = {}
        for text in texts:
            for name, value in text.told.items():
                if value != self.person.facts[name]:
                    found.setdefault(name, set()).add(value)
        return {name: frozenset(values) for name, values in found.items()}


async def written(person: Person, passes: Passes, *, seed: int, mistakes: float) -> Written:
    """Rephrase a person's biography until the gate has passed ten, or seen `MOST_TRIES`.

    Raises:
        RecipeError: the gate passed none.
    """
    source = biography(person)
    judged: list[tuple[Text, bool]] = []
    while len(judged) < MOST_TRIES and sum(passed for _, passed in judged) < REPHRASINGS:
        text = rephrasing(person, len(judged), seed=seed, mistakes=mistakes)
        judged.append((text, await passes(source.words, text.words)))
    accepted = [text for text, passed in judged if passed]
    if not accepted:
        raise RecipeError(f"the gate refuses every rephrasing of {source.words!r}")
    return Written(
        person,
        source,
        tuple(accepted[:REPHRASINGS]),
        tuple(text for text, _ in judged[:REPHRASINGS]),
        tuple(judged),
    )


def tokens(text: Text) -> int:
    """Tokens of a text in a stream, its end marker included."""
    return len(words(text.words)) + 1


def budget(corpus: Sequence[Written], rounds: int) -> int:
    """Tokens that every arm trains on."""
    return rounds * REPHRASINGS * sum(tokens(one.source) for one in corpus)


def stream(corpus: Sequence[Written], arm: Arm, *, rounds: int, seed: int) -> list[Text]:
    """The texts of an arm in training order; the last one may cross the budget."""
    rng = random.Random(f"order {arm} {seed}")
    left = budget(corpus, rounds)
    found: list[Text] = []
    for text in _endless(corpus, arm, rng):
        if left <= 0:
            return found
        found.append(text)
        left -= tokens(text)
    return found


def _endless(corpus: Sequence[Written], arm: Arm, rng: random.Random) -> Iterator[Text]:
    groups = [_texts(one, arm) for one in corpus]
    while True:
        if arm == "side_by_side":
            rng.shuffle(groups)
            yield from (text for group in groups for text in group)
        else:
            scattered = [text for group in groups for text in group]
            rng.shuffle(scattered)
            yield from scattered


def _texts(one: Written, arm: Arm) -> Sequence[Text]:
    if arm == "raw":
        return [one.source]
    if arm == "one":
        return one.accepted[:1]
    return one.made if arm == "ungated" else one.accepted
