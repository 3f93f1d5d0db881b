"""A number as the gate compares it: canonical value, unit, and what may stand for what.

Rounding is not read: "about 400" is not 387.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from datagen.rephrase.fidelity.units import ALIKE, ANY_CASE, COMMON, SIZES

Weight = Literal["hard", "small", "soft"]
SCALES = {
    "hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
    "dozen": 12.0,
}  # fmt: skip
VULGAR = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3, "⅛": 0.125}
ERAS = frozenset(["century", "centuries", "amendment", "dynasty", "millennium"])


class Number(NamedTuple):
    """One number as it stands in a text."""

    value: str
    """Canonical; equal for every spelling."""
    unit: str
    """Canonical unit, or empty."""
    surface: str
    date: bool
    """A year, a decade or a century."""
    weight: Weight
    """`small`: a count in words, which a summary may add; `soft`: an idiom more than a number."""
    after: str
    """The next word, lower case."""


class Numbers(NamedTuple):
    """All numbers of a text."""

    facts: tuple[Number, ...]
    days: frozenset[tuple[int, int]]
    """(month, day) of dates; day 0 where only the month stands."""
    values: frozenset[str]
    measures: frozenset[tuple[str, str]]
    """(value, unit), with an empty unit where none stands."""


def canonical(value: float) -> str:
    """One spelling per value. 12 digits, so that a third is a third however it was computed."""
    return f"{value:.12g}"


def gather(facts: Iterable[Number], days: Iterable[tuple[int, int]] = ()) -> Numbers:
    """Index numbers by value and unit."""
    found = tuple(facts)
    return Numbers(
        found,
        frozenset(days),
        frozenset([number.value for number in found]),
        frozenset([(number.value, number.unit) for number in found]),
    )


def supports(have: Numbers, number: Number) -> bool:
    """True if some number of `have` says what `number` says, unit aside."""
    if number.value in have.values:
        return True
    if number.date or number.value.endswith(("s", "c")):
        return _same_time(have, number.value)
    if ":" in number.value:
        return False
    value = float(number.value)
    if number.unit == "%" and canonical(value / 100) in have.values:
        return True
    if (canonical(value * 100), "%") in have.measures:
        return True
    return _converted(have, value, number.unit) or f"{number.value}:00" in have.values


def _same_time(have: Numbers, value: str) -> bool:
    """True if a decade or century holds, or is held by, a year of `have`."""
    if value.endswith("00s") and f"{int(value[:-3]) + 1}c" in have.values:
        return True
    if value.endswith("s"):
        decade = value[:-1]
        return any(
            other.value[:-1].endswith(decade[-2:]) and len(decade) != len(other.value) - 1
            if other.value.endswith("s")
            else len(decade) == 4 and other.value[:3] == decade[:3]
            for other in have.facts
            if other.date
        )
    if value.endswith("c") and value[:-1].isdigit() and f"{int(value[:-1]) - 1}00s" in have.values:
        return True
    if value.endswith("c"):
        return any(
            other.value[:4].isdigit() and str((int(other.value[:4]) - 1) // 100 + 1) == value[:-1]
            for other in have.facts
            if other.date and not other.value.endswith("c")
        )
    short = value[2:]
    return short in have.values and any(
        other.date and other.value[:2] == value[:2] for other in have.facts
    )


def _converted(have: Numbers, value: float, unit: str) -> bool:
    """True for the same size in another unit of one dimension: 5,000 m and 5 km."""
    if unit not in SIZES:
        return False
    dimension, size = SIZES[unit]
    return any(
        other.unit in SIZES
        and SIZES[other.unit][0] == dimension
        and canonical(float(other.value) * SIZES[other.unit][1]) == canonical(value * size)
        for other in have.facts
        if other.unit and ":" not in other.value
    )


def same_unit(have: Numbers, number: Number, words: frozenset[str]) -> bool:
    """True if the unit of a known value is the one it has in `have`, whose words are `words`.

    A value that stands bare takes any unit that `have` names elsewhere (a table's header), counts
    of years where ages are given, and units that are as often written out ("parts per million").
    """
    value, unit = number.value, number.unit
    if (value, unit) in have.measures or unit == "":
        return True
    if value not in have.values:
        return True
    if (value, "") in have.measures:
        named = {unit for word in words for unit in ANY_CASE.get(word, ())}
        named.update(unit for _, unit in have.measures)
        if unit.rstrip("²³") in named or unit.rstrip("²³") not in COMMON:
            return True
        if _CAPITAL.search(number.surface):
            return True
        if unit == "year" and not words.isdisjoint(("age", "aged", "ages", "old")):
            return True
        if unit == "%" and "cent" in words:
            return True
    if unit == "pm" and f"{value}:00" in have.values:
        return True
    if any(
        ALIKE.get(other) == unit or ALIKE.get(unit) == other
        for one, other in have.measures
        if one == value
    ):
        return True
    return _converted(have, float(value), unit)


_CAPITAL = re.compile(r"(?<![^\W\d_])[A-Z]$")
"""A symbol that is a letter, as labels are."""
