"""A person's biography, its rephrasings and the questions; the rewriter is templates, not a model.

Every biography has an order and a wording of its own, as documents do, with the name at its
beginning and pronouns after. A rephrasing tells the facts in another order and other words, and
repeats the name at times. The
rewriter errs at a stated rate, in one of three ways: a value becomes another one of its kind, birth
city and work city are exchanged, a sentence is left out. Not covered: what else a model does to a
text.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from benchmarks.downstream.people import ATTRIBUTES, CANDIDATES, Attribute, Person

Mistake = Literal["replaced", "exchanged", "dropped"]
MISTAKES: tuple[Mistake, ...] = get_args(Mistake)

_BIOGRAPHY: dict[Attribute, str] = {
    "birth_year": "{who} was born in the year {value}.",
    "birth_city": "{who} was born in the city of {value}.",
    "university": "{who} studied at {value} University.",
    "field": "{who} took a degree in {value}.",
    "employer": "{who} worked for the company {value}.",
    "work_city": "{who} had an office in {value}.",
}
_REPHRASED: dict[Attribute, tuple[str, ...]] = {
    "birth_year": (
        "In the year {value}, {who} was born.",
        "The year in which {who} was born is {value}.",
        "{value} is the year when {who} was born.",
        "{who} was born during {value}.",
    ),
    "birth_city": (
        "The city in which {who} was born is {value}.",
        "{value} is the city where {who} was born.",
        "In the city of {value}, {who} was born.",
        "{who} was born at {value}.",
    ),
    "university": (
        "The university where {who} studied is {value} University.",
        "{value} University is where {who} studied.",
        "At {value} University, {who} studied.",
        "{who} was someone who studied at {value} University.",
    ),
    "field": (
        "The degree that {who} took is in {value}.",
        "{value} is what {who} took a degree in.",
        "In {value}, {who} took a degree.",
        "{who} holds a degree in {value}.",
    ),
    "employer": (
        "The company that {who} worked for is {value}.",
        "{value} is the company for which {who} worked.",
        "At the company {value}, {who} worked.",
        "{who} worked at {value}.",
    ),
    "work_city": (
        "The office of {who} was in {value}.",
        "{value} is where {who} had an office.",
        "In {value}, {who} had an office.",
        "{who} kept an office in {value}.",
    ),
}
QUESTIONS: dict[Attribute, str] = {
    "birth_year": "What is the birth year of {who}? Answer:",
    "birth_city": "What is the birth city of {who}? Answer:",
    "university": "Which university did {who} attend? Answer:",
    "field": "Which subject did {who} study? Answer:",
    "employer": "Which company employed {who}? Answer:",
    "work_city": "In which city did {who} work? Answer:",
}
NAMED = 0.5
"""Share of a rephrasing's later sentences with the name for a subject; elsewhere in a sentence the
name always stands. Own choice."""


@dataclass(frozen=True, slots=True)
class Text:
    """A biography or a rephrasing, with the facts that it tells, true or not."""

    words: str
    told: dict[Attribute, str]
    mistake: Mistake | None = None


def biography(person: Person) -> Text:
    """The source text of a person."""
    rng = random.Random(f"biography {person.last}")
    order = rng.sample(ATTRIBUTES, len(ATTRIBUTES))
    said = [rng.choice((_BIOGRAPHY[name], *_REPHRASED[name])) for name in order]
    named = [True, *(False for _ in order[1:])]
    return Text(_written(person, person.facts, order, said, named), person.facts)


def rephrasing(person: Person, number: int, *, seed: int, mistakes: float) -> Text:
    """The `number`th rephrasing; a share of `mistakes` has one."""
    rng = random.Random(f"rephrasing {seed} {person.last} {number}")
    order = rng.sample(ATTRIBUTES, len(ATTRIBUTES))
    said = {name: rng.choice(_REPHRASED[name]) for name in ATTRIBUTES}
    named = [True, *(rng.random() < NAMED for _ in ATTRIBUTES[1:])]
    mistake = rng.choice(MISTAKES) if rng.random() < mistakes else None
    told = _told(person, mistake, rng)
    order = [name for name in order if name in told]
    return Text(_written(person, told, order, [said[name] for name in order], named), told, mistake)


def question(person: Person, attribute: Attribute) -> str:
    """The question about a fact, as far as the answer."""
    return QUESTIONS[attribute].format(who=person.name)


def _told(person: Person, mistake: Mistake | None, rng: random.Random) -> dict[Attribute, str]:
    told = dict(person.facts)
    if mistake == "exchanged":
        told["birth_city"], told["work_city"] = told["work_city"], told["birth_city"]
        return told
    name = rng.choice(ATTRIBUTES)
    if mistake == "dropped":
        del told[name]
    elif mistake == "replaced":
        told[name] = rng.choice([value for value in CANDIDATES[name] if value != told[name]])
    return told


def _written(
    person: Person,
    told: dict[Attribute, str],
    order: Sequence[Attribute],
    said: Sequence[str],
    named: Sequence[bool],
) -> str:
    sentences: list[str] = []
    for name, template, by_name in zip(order, said, named, strict=False):
        subject = template.startswith("{who}")
        who = person.name if by_name or not subject else person.pronoun
        said_so = template.format(who=who, value=told[name])
        sentences.append(said_so[0].upper() + said_so[1:])
    return " ".join(sentences)
