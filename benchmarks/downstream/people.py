"""Invented people whose facts are known: six attributes each, drawn apart from one another.

Every value is one word, so that an answer is one token of the word-level vocabulary, and every
person has a surname of their own, so that a small model can tell them apart in few steps. Names of
people, cities, universities and employers are made of syllables; nobody real is meant. Birth city
and work city draw from one list, so that a rewrite can exchange them. Not covered: facts that
follow from one another, values of several words.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Attribute = Literal["birth_year", "birth_city", "university", "field", "employer", "work_city"]
ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)

_STARTS = "b br d dr f g gr h j k kl l m n p pr r s sk st t tr v w z".split()
_VOWELS = "a e i o u".split()
_ENDS = "l ld lk m n nd nt r rd rk rn s sk st v x".split()
_CITIES = "ford wick holm by stead mouth ton haven".split()
_FIELDS = (
    (
        "botany geology astronomy economics linguistics statistics chemistry zoology philosophy "
        "archaeology mathematics acoustics hydrology anatomy metallurgy oceanography logic optics "
        "genetics sociology"
    )
    .title()
    .split()
)
FIRST_NAMES = (
    "Aldon Berit Corvan Delka Emrin Fenya Garlo Hesta Ivorn Jelka Kasmir Lorna Mirko Nadia Orlan "
    "Petra Quillan Rosna Stellan Tamsin Ulric Verena Wendel Xenia Yorick Zelda"
).split()
VALUES = 20
"""Values per attribute, so that chance is 1 in 20."""


def _words(seed: str, endings: Sequence[str] = ("",)) -> Iterator[str]:
    """Invented words, each once, the same ones for the same seed."""
    rng = random.Random(seed)
    known: set[str] = set()
    while True:
        word = rng.choice(_STARTS) + rng.choice(_VOWELS) + rng.choice(_ENDS)
        if endings == ("",):
            word += rng.choice(_VOWELS) + rng.choice(_ENDS)
        word = (word + rng.choice(endings)).capitalize()
        if word not in known:
            known.add(word)
            yield word


def _first(words: Iterator[str], count: int) -> tuple[str, ...]:
    return tuple(next(words) for _ in range(count))


_TOWNS = _first(_words("cities", _CITIES), VALUES)
CANDIDATES: dict[Attribute, tuple[str, ...]] = {
    "birth_year": tuple(str(1941 + number) for number in range(VALUES)),
    "birth_city": _TOWNS,
    "university": _first(_words("universities", ("mar", "dale", "ley")), VALUES),
    "field": tuple(_FIELDS),
    "employer": _first(_words("employers", ("tec", "ix", "corp", "worx")), VALUES),
    "work_city": _TOWNS,
}
"""What a question may be answered with."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented."""

    first: str
    last: str
    pronoun: Literal["He", "She"]
    facts: dict[Attribute, str]

    @property
    def name(self) -> str:
        """First name and surname, one word each."""
        return f"{self.first} {self.last}"


def people(count: int, seed: int) -> list[Person]:
    """`count` people; birth city and work city of one person differ."""
    rng = random.Random(f"people {seed}")
    surnames = _words(f"surnames {seed}")
    return [_person(next(surnames), rng) for _ in range(count)]


def _person(last: str, rng: random.Random) -> Person:
    facts: dict[Attribute, str] = {name: rng.choice(CANDIDATES[name]) for name in ATTRIBUTES}
    while facts["work_city"] == facts["birth_city"]:
        facts["work_city"] = rng.choice(CANDIDATES["work_city"])
    return Person(rng.choice(FIRST_NAMES), last, rng.choice(("He", "She")), facts)
