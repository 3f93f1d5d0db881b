"""Numbers and dates that follow from what is known.

Sums, differences, means and counts within one column of a tool's answer; a user's number times or
through a tool's, or at the rate at which a tool exchanged another; units converted; dates a few
days from a known one. Narrow on purpose: with all numbers of a conversation and all operations
almost every number follows from something."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from datagen.agentic.nouns import Span
from datagen.agentic.verify.corpus import Corpus, Source
from datagen.rephrase.fidelity.numbers import MONTHS

MOST_COMPARED = 50
"""Numbers of a column, and of a user, that are combined."""
FEW_NUMBERS = 8
"""Numbers that may be taken together in any choice: of a text ("5,000, 3,000 and 2,000"), of a
column (the items of an order that go back)."""
NEAR_DAYS = 45
"""Days that a date may lie from one that is known, where the user speaks of days and weeks."""
_CONVERSIONS = (0.264172, 3.785412, 1.609344, 0.621371, 2.204623, 0.453592, 2.54, 0.393701, 3.28084)
"""Litres and gallons, kilometres and miles, kilograms and pounds, centimetres and inches, metres
and feet."""
_UNITS = re.compile(
    r"\b(?:lit(?:er|re)s?|gallons?|miles?|kilomet(?:er|re)s?|km|kilograms?|kg|pounds?|lbs?|inch(?:es)?|"
    r"centimet(?:er|re)s?|cm|feet|foot|met(?:er|re)s?)\b"
)
_ROUGHLY = re.compile(r"\b(?:round\w*|nearest|approximately|integer|about|decimals?)\b")
_RELATIVE = re.compile(
    r"\b(?:today|tomorrow|yesterday|tonight|next|this|coming|last|in|after|from now|week|weekend|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|days?|months?)\b"
)
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
)


def computed(value: float, corpus: Corpus, turn: int) -> Span | None:
    """The value as arithmetic on numbers that stand before a turn; None where it is none."""
    sources = list(corpus.before(turn))
    users = [source for source in sources if source.name == "user"]
    said = sorted({one for source in users for one in source.numbers})[:MOST_COMPARED]
    roughly = any(_ROUGHLY.search(source.text) for source in users)
    converts = any(_UNITS.search(source.text) for source in users)
    shares = any("%" in source.text or "percent" in source.text for source in users)
    made_of = said if shares else []
    for made in itertools.chain(
        (one / 100 for one in made_of), _made(sources, said, converts=converts)
    ):
        if is_near(value, made) or (roughly and _rounds(value, made)):
            return Span(value=str(value), source="arithmetic")
    return None


def is_near(one: float, other: float) -> bool:
    return math.isfinite(other) and abs(one - other) <= 1e-6 * max(1.0, abs(other))


def dated(match: re.Match[str], corpus: Corpus, turn: int) -> Span | None:
    """Where a date (year, month, day) comes from."""
    try:
        wanted = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
    relative = False
    known: set[date] = set()
    for source in corpus.before(turn):
        if wanted in source.dates or (wanted.month, wanted.day) in source.days:
            return Span(value=match[0], source=source.name, turn=source.turn)
        if source.name == "user":
            if _spoken(wanted, source):
                return Span(value=match[0], source="user", turn=source.turn)
            relative = relative or bool(_RELATIVE.search(source.text))
        known |= source.dates
    near = any(abs(wanted - one) <= timedelta(days=NEAR_DAYS) for one in known)
    return Span(value=match[0], source="arithmetic") if relative and near else None


def _made(sources: Sequence[Source], said: Sequence[float], *, converts: bool) -> Iterator[float]:
    for one in said:
        if converts:
            yield from (one * factor for factor in _CONVERSIONS)
    yield from _crossed(said, said)
    for rate in {source.rate for source in sources if source.rate not in (0.0, 1.0)}:
        yield from (one * rate for one in said)
        yield from (one / rate for one in said)
    for source in sources:
        if source.name == "system" or source.is_error:
            continue
        columns = [*source.columns]
        if 1 < len(source.numbers) <= FEW_NUMBERS:
            columns.append(tuple(sorted(source.numbers)))
        for column in columns:
            yield from _in_column(column)
            if source.name == "tool":
                yield from _crossed(said, column)


def _in_column(column: Sequence[float]) -> Iterator[float]:
    yield sum(column)
    yield sum(column) / len(column)
    for place, one in enumerate(column):
        for other in column[:place]:
            yield abs(one - other)
            yield one + other


def totals(sources: Sequence[Source]) -> Iterator[float]:
    """What a user who asks for a number may be told of tools' answers: how many records there are,
    the sum of any few of a column, and the same of what several answers of a tool have in one
    place."""
    fields: dict[tuple[str, ...], set[float]] = {}
    for source in sources:
        if source.name != "tool":
            continue
        yield from source.counts
        for column in source.columns:
            yield from _in_column(column)
            yield from _of_any_few(column)
        for path, value in source.fields:
            fields.setdefault(path, set()).add(value)
    for values in fields.values():
        if 1 < len(values) <= FEW_NUMBERS:
            yield from _in_column(sorted(values))
            yield from _of_any_few(sorted(values))


def _of_any_few(column: Sequence[float]) -> Iterator[float]:
    if len(column) <= FEW_NUMBERS:
        for size in range(3, len(column)):
            yield from map(sum, itertools.combinations(column, size))


def _crossed(said: Sequence[float], column: Sequence[float]) -> Iterator[float]:
    """A number of the user's times or through one of the column; ones do not count."""
    for one in said:
        for other in column[:MOST_COMPARED]:
            if abs(one) > 1 and abs(other) > 1:
                yield one * other
                yield one / other


def _rounds(value: float, made: float) -> bool:
    return any(is_near(value, round(made, places)) for places in (2, 1, 0, -3))


def _spoken(wanted: date, source: Source) -> bool:
    """Whether a user's words name month and day apart: "the 6th day of October", "09/10", "two days
    after the 14th of November", "the last day of October"."""
    month = any(MONTHS.get(word) == wanted.month for word in source.words)
    month = month or wanted.month in source.digits
    month = month or _ORDINALS[wanted.month - 1] in source.words
    if not month:
        return False
    if wanted.day in source.digits or ("last" in source.words and _is_last(wanted)):
        return True
    return any(wanted.day - one in source.digits for one in source.numbers if 0 < one < 31)


def _is_last(day: date) -> bool:
    return (day + timedelta(days=1)).month != day.month
