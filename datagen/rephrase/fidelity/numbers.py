"""Numbers, units bound to them, years and dates, in one canonical spelling.

"1,200", "twelve hundred" and "1.2 thousand" are one value; "1990s", "19th century" and "5 March
1990" keep what they say about time. Signs are read, rounding is not: "about 400" is not 387.
Numbering that a style adds ("2." at a line's start, "Step 2", "Q1:") is no number.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from datagen.rephrase.fidelity.units import SIZES, UNITS

Weight = Literal["hard", "small", "soft"]

_UNDER_20_NAMES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS_NAMES = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINAL_NAMES = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_MONTHS_IN_ORDER = (
    "january february march april may june july august september october november december"
)
_UNDER_20 = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * (value + 2)
    for value, word in enumerate(
        _TENS_NAMES.split(),
    )
}
_SCALES = {
    "hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
    "dozen": 12.0,
}  # fmt: skip
_LETTER_SCALES = {"k": 1e3, "m": 1e6, "bn": 1e9, "b": 1e9, "tn": 1e12}
_ORDINALS = (
    {
        word: value + 1
        for value, word in enumerate(
            [
                "first",
                "second",
                "third",
                "fourth",
                "fifth",
                "sixth",
                "seventh",
                "eighth",
                "ninth",
                "tenth",
                "eleventh",
                "twelfth",
                "thirteenth",
                "fourteenth",
                "fifteenth",
                "sixteenth",
                "seventeenth",
                "eighteenth",
                "nineteenth",
            ]
        )
    }
    | {tens[:-1] + "ieth": value for tens, value in _TENS.items()}
    | {"hundredth": 100}
)
_PARTS = {"half": 2, "halves": 2, "quarter": 4, "quarters": 4} | {
    word + plural: value
    for word, value in _ORDINALS.items()
    if 3 <= value <= 20 or value == 100
    for plural in ("", "s")
}
_LOOSE = {
    "both": 2.0, "pair": 2.0, "pairs": 2.0, "couple": 2.0, "twice": 2.0, "double": 2.0,
    "doubled": 2.0, "doubles": 2.0, "doubling": 2.0, "triple": 3.0, "tripled": 3.0, "thrice": 3.0,
    "single": 1.0, "once": 1.0, "half": 0.5, "halves": 0.5, "halved": 0.5, "quarter": 0.25,
    "decade": 10.0,
}  # fmt: skip
_ERAS = frozenset(["century", "centuries", "amendment", "dynasty", "millennium"])
_STARTS = {**_UNDER_20, **_TENS, **_ORDINALS, **_LOOSE, **_SCALES}

_MONTH_NAMES = _MONTHS_IN_ORDER.split()
MONTHS = (
    {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
    | {name[:3]: number for number, name in enumerate(_MONTH_NAMES, 1)}
    | {"sept": 9}
)
_MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?"
    r"|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_DATE = re.compile(
    rf"(?:\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?)?\b({_MONTH})(?![^\W\d_])"
    r"(?:\s+(\d{1,2})(?:st|nd|rd|th)?(?![\d:]|\s?[ap]\.?m))?(?:,?\s+(?:of\s+)?\d{4}\b)?"
)
_JOINED = re.compile(r"\d\d?[-/]\d")
_ISO = re.compile(r"\b\d{4}-(\d{2})-(\d{2})\b")
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})/(?:\d{4}|\d{2})\b")
_AMBIGUOUS = frozenset(("May", "March", "Mar", "Jan", "Dec", "Nov"))
_BEFORE_MONTH = re.compile(r"\b(?:in|of|since|until|by|from|to|early|late|mid)[ -]$", re.IGNORECASE)
_DIGITS = re.compile(r"\d+(?:[,\u00a0\u202f\u2009]\d{3}(?!\d))*(?:\.\d+)?(?::\d+)*")
_TAIL = re.compile(r"[\s\u00a0-]{0,2}(%|°\s?[CFcf]?|[^\W\d_]+)")
_BELOW = re.compile(r"/(\d{1,6})\b(?!/)")
_CURRENCY = "$€£¥₹"
_NUMBERED = re.compile(
    r"(?:^|\n)[\s#>*_|(-]*(?:(?:step|question|part|section|chapter|table|figure|note|fact|example"
    r"|point|lesson|exercise|problem|item|tip|answer|q|a|no)\b\.?[\s:#]*)?$",
    re.IGNORECASE,
)
_VULGAR = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3, "⅛": 0.125}
_BETWEEN = frozenset(("-", "–", "—", " to ", " and ", " or ", " - ", " – "))


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


def read_numbers(prose: str, words: Sequence[str]) -> Numbers:
    """Every number of a text whose words, lower case and in order, are `words`."""
    days, taken = _dates(prose, words)
    facts = _digits(prose, taken)
    facts += _spelled(words)
    if not prose.isascii():
        facts += [
            Number(canonical(value), "", sign, False, "soft", "")
            for sign, value in _VULGAR.items()
            if sign in prose
        ]
    return gather(facts, days)


def month_name(month: int) -> str:
    """English name of a month, 1 to 12."""
    return _MONTH_NAMES[month - 1].capitalize() if 1 <= month <= 12 else str(month)


def gather(facts: Iterable[Number], days: Iterable[tuple[int, int]] = ()) -> Numbers:
    """Index numbers by value and unit."""
    found = tuple(facts)
    return Numbers(
        found,
        frozenset(days),
        frozenset([number.value for number in found]),
        frozenset([(number.value, number.unit) for number in found]),
    )


def _dates(prose: str, words: Sequence[str]) -> tuple[set[tuple[int, int]], set[int]]:
    """(month, day) pairs, and the offsets of day numbers, which are no other numbers."""
    days: set[tuple[int, int]] = set()
    taken: set[int] = set()
    named = MONTHS.keys() & set(words)
    if named and any(name.capitalize() in prose for name in named):
        for match in _DATE.finditer(prose):
            before, name, after = match.groups()
            day = before or after or "0"
            bare = day == "0" and match.end() == match.end(2)
            if bare and not _month_alone(prose, name, match.start()):
                continue
            days.add((MONTHS[name.rstrip(".").lower()], int(day)))
            taken.update(match.start(group) for group in (1, 3) if match[group])
    if _JOINED.search(prose):
        for pattern in (_ISO, _SLASHED):
            for match in pattern.finditer(prose):
                one, other = int(match[1]), int(match[2])
                days.update(
                    pair
                    for pair in ((one, other), (other, one))
                    if 1 <= pair[0] <= 12 and pattern is _SLASHED
                )
                if pattern is _ISO:
                    days.add((one, other))
                taken.update((match.start(1), match.start(2)))
    return days, taken


def _month_alone(prose: str, name: str, start: int) -> bool:
    if name in _AMBIGUOUS or len(name.rstrip(".")) == 3:
        return bool(_BEFORE_MONTH.search(prose, max(0, start - 8), start))
    return True


def _digits(prose: str, taken: set[int]) -> list[Number]:
    found: list[Number] = []
    ends: list[tuple[int, int]] = []
    for match in _DIGITS.finditer(prose):
        start, end = match.span()
        before = prose[start - 1] if start else "\n"
        if start in taken or before == "_" or before.isalpha():
            continue
        if (
            before == "/"
            and found
            and start > 1
            and found[-1].surface.endswith("/" + match.group())
        ):
            continue
        number = _number(prose, match.group(), start, end, before)
        if found and (gap := prose[ends[-1][1] : start]) in _BETWEEN:
            if number.unit and not found[-1].unit:
                found[-1] = found[-1]._replace(unit=number.unit)
            if gap in ("-", "–") and found[-1].date and len(match.group()) == 2:
                number = number._replace(value=found[-1].value[:2] + match.group(), date=True)
        found.append(number)
        ends.append((start, end))
    return found


def _number(prose: str, raw: str, start: int, end: int, before: str) -> Number:
    if ":" in raw:
        return Number(raw, "", raw, False, "hard", "")
    if before in "\n \t*(#.-|>_:" and prose[end : end + 1] in (".", ")", ":", "*", "", " ", "\n"):
        line = prose.rfind("\n", 0, start) + 1
        if start - line < 24 and _is_numbering(prose, line, start, end):
            return Number(canonical(float(raw.translate(_GROUPING))), "", raw, False, "soft", "")
    digits = raw.translate(_GROUPING)
    if before == "." and (start < 2 or not prose[start - 2].isalnum()):
        digits = "0." + digits
    value = float(digits)
    tail = _TAIL.match(prose, end)
    if prose[end : end + 1] == "/" and (below := _BELOW.match(prose, end)):
        value = value / (int(below[1]) or 1)
        return Number(canonical(value), "", raw + below[0], False, "hard", "")
    unit, factor, finish, after, mark = "", 1.0, end, "", ""
    if before in _CURRENCY:
        unit = UNITS[before]
    if tail is not None:
        unit, factor, finish, after, mark = _bound(prose, tail, end, unit)
    sign = -1 if _negative(prose, start, before) else 1
    plain = raw.isdigit() and len(raw) == 4 and factor == 1 and not unit and "1000" <= raw < "2100"
    if mark == "s":
        return Number(raw + "s", "", raw + "s", True, "hard", after)
    if mark == "th" and after in _ERAS:
        return Number(raw + "c", "", f"{raw}th century", True, "hard", after)
    text = digits.lstrip("0") if len(digits) > 12 and digits.isdigit() and factor == 1 else ""
    surface = prose[start - 1 : finish] if before in _CURRENCY else prose[start:finish]
    return Number(text or canonical(sign * value * factor), unit, surface, plain, "hard", after)


_GROUPING = {ord(mark): None for mark in ",\u00a0\u202f\u2009"}


def _is_numbering(prose: str, line: int, start: int, end: int) -> bool:
    """True for "1." or "(2)" or "Step 3" at a line's start."""
    head = _NUMBERED.search(prose, max(0, line - 1), start)
    if head is None:
        return False
    named = prose[line:start].strip(" #>*_|(-")
    return bool(named) or prose[end : end + 1] in (".", ")", ":")


def _negative(prose: str, start: int, before: str) -> bool:
    if before == "−" or before == "-":
        return start < 2 or prose[start - 2] in " (\n="
    return before == " " and prose[max(0, start - 6) : start].lower() in ("minus ", "ative ")


def _bound(
    prose: str, tail: re.Match[str], end: int, unit: str
) -> tuple[str, float, int, str, str]:
    """Unit, scale, end, next word and ordinal or decade mark of the number that `tail` follows."""
    word = tail[1].lower()
    close = tail.start(1) == end
    factor = 1.0
    if close and word in ("st", "nd", "rd", "th"):
        next_word = _TAIL.match(prose, tail.end())
        return unit, 1.0, tail.end(), next_word[1].lower() if next_word else "", "th"
    if close and word == "s" and not unit:
        return unit, 1.0, tail.end(), "", "s"
    finish = end
    scale = _SCALES.get(word.rstrip("s")) or (_LETTER_SCALES.get(word) if close and unit else None)
    if scale is not None:
        factor, finish = scale, tail.end()
        following = _TAIL.match(prose, finish)
        if following is None:
            return unit, factor, finish, "", ""
        tail, word = following, following[1].lower()
    named, stop = _unit_at(prose, tail, word)
    if named and not unit:
        return named, factor, stop, word, ""
    return unit, factor, finish, word, ""


def _unit_at(prose: str, tail: re.Match[str], word: str) -> tuple[str, int]:
    if word in ("square", "sq", "cubic", "cu", "per", "degrees", "degree"):
        following = _TAIL.match(prose, tail.end() + (prose[tail.end() : tail.end() + 1] == "."))
        name = following[1].lower() if following else ""
        if following is not None and word == "per":
            return ("%", following.end()) if name == "cent" else ("", 0)
        if following is not None and name in UNITS:
            power = {"s": "²", "c": "³"}.get(word[0], "")
            return UNITS[name] + power, following.end()
    unit = UNITS.get(word.replace(" ", ""), "")
    if unit and prose[tail.end() : tail.end() + 1] in ("²", "³"):
        return unit + prose[tail.end()], tail.end() + 1
    return unit, tail.end()


def _spelled(words: Sequence[str]) -> list[Number]:
    found: list[Number] = []
    done = 0
    for index, word in enumerate(words):
        if word in _STARTS and index >= done:
            number, done = _run(words, index)
            if number is not None:
                found.append(number)
    return found


def _run(words: Sequence[str], start: int) -> tuple[Number | None, int]:
    """The number in words that starts at `start`, and where it ends."""
    first = words[start]
    if first in _SCALES:
        if start and (words[start - 1] in ("a", "per") or first == "dozen"):
            scale_weight: Weight = "soft" if first == "dozen" else "hard"
            return _named(words, start, start + 1, _SCALES[first], scale_weight)
        return None, start + 1
    if first in _ORDINALS and first not in _UNDER_20:
        return _ordinal(words, start, start + 1, _ORDINALS[first])
    if first == "decade":
        return Number("10", "year", first, False, "soft", ""), start + 1
    if first in _LOOSE:
        return _named(words, start, start + 1, _LOOSE[first], "soft")
    value, end = _cardinal(words, start)
    following = words[end] if end < len(words) else ""
    if following in _ORDINALS and first in _TENS and end == start + 1 and _ORDINALS[following] < 10:
        return _ordinal(words, start, end + 1, value + _ORDINALS[following])
    if following in _PARTS:
        return _named(words, start, end + 1, value / _PARTS[following], "hard")
    if list(words[end : end + 3]) == ["and", "a", "half"]:
        return _named(words, start, end + 3, value + 0.5, "hard")
    weight: Weight = "soft" if value == 1 else "small" if value <= 10 else "hard"
    return _named(words, start, end, value, weight)


def _cardinal(words: Sequence[str], start: int) -> tuple[float, int]:
    total, current, index = 0.0, 0.0, start
    while index < len(words):
        word = words[index]
        if word in _UNDER_20:
            if index > start and (
                current % 10 or (current % 100 == 10) or (current % 100 and _UNDER_20[word] > 9)
            ):
                break
            current += _UNDER_20[word]
        elif word in _TENS:
            if current % 100:
                if not 10 < current < 21:
                    break
                current *= 100
            current += _TENS[word]
        elif word in _SCALES and index > start:
            current = (current or 1.0) * _SCALES[word]
            if word != "hundred":
                total, current = total + current, 0.0
        elif not (
            word == "and"
            and index > start
            and words[index - 1] in _SCALES
            and index + 1 < len(words)
            and (words[index + 1] in _UNDER_20 or words[index + 1] in _TENS)
        ):
            break
        index += 1
    return total + current, index


def _takes_units(current: float, units: int) -> bool:
    """True if "twenty" or "hundred" can be followed by these units."""
    tens = current % 100
    return tens == 0 or (tens >= 20 and tens % 10 == 0 and units < 10)


def _ordinal(words: Sequence[str], start: int, end: int, value: float) -> tuple[Number, int]:
    following = words[end] if end < len(words) else ""
    surface = " ".join(words[start:end])
    if following in _ERAS:
        return Number(
            canonical(value) + "c", "", f"{surface} century", True, "hard", following
        ), end
    weight: Weight = "soft" if value <= 5 else "hard"
    return Number(canonical(value), "", surface, False, weight, following), end


def _named(
    words: Sequence[str], start: int, end: int, value: float, weight: Weight
) -> tuple[Number, int]:
    following = words[end] if end < len(words) else ""
    unit = UNITS.get(following, "")
    if following == "per" and words[end + 1 : end + 2] == ["cent"]:
        unit = "%"
    if following in ("square", "cubic") and end + 1 < len(words) and words[end + 1] in UNITS:
        unit = UNITS[words[end + 1]] + ("²" if following == "square" else "³")
    if unit and weight == "small":
        weight = "hard"
    surface = " ".join(words[start:end])
    surface = f"{surface} {following}" if unit else surface
    return Number(canonical(value), unit, surface, False, weight, following), end


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
    if value.endswith("s"):
        decade = value[:-1]
        return any(
            other.value[:-1].endswith(decade[-2:]) and len(decade) != len(other.value) - 1
            if other.value.endswith("s")
            else len(decade) == 4 and other.value[:3] == decade[:3]
            for other in have.facts
            if other.date
        )
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

    A value that stands bare takes any unit that `have` names elsewhere (a table's header), and
    counts of years where ages are given.
    """
    if (number.value, number.unit) in have.measures or number.unit == "":
        return True
    if number.value not in have.values:
        return True
    if (number.value, "") in have.measures:
        named = {unit for word in words if (unit := UNITS.get(word))}
        if number.unit.rstrip("²³") in named:
            return True
        if number.unit == "year" and not words.isdisjoint(("age", "aged", "ages", "old")):
            return True
        if number.unit == "%" and "cent" in words:
            return True
    return _converted(have, float(number.value), number.unit)
