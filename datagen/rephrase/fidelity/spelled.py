"""Numbers in words: "twenty-one", "two and a half", "half an hour", "a third of", "both"."""

from collections.abc import Sequence

from datagen.rephrase.fidelity.quantities import ERAS, SCALES, Number, Weight, canonical
from datagen.rephrase.fidelity.units import COMMON, UNITS

_UNDER_20_NAMES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS_NAMES = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINAL_NAMES = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
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
_AND_A_HALF = ["and", "a", "half"]
_ARTICLES = ("a", "an")
_STARTS = {**_UNDER_20, **_TENS, **_ORDINALS, **_LOOSE, **SCALES}


def spelled(words: Sequence[str]) -> list[Number]:
    """Every number in a text's words, lower case and in order."""
    found: list[Number] = []
    done = 0
    for index, word in enumerate(words):
        if word in _STARTS and index >= done:
            part = _part(words, index, index + 1, 1 / _PARTS[word]) if word in _PARTS else None
            number, done = part or _run(words, index)
            if number is not None:
                found.append(number)
    return found


def _run(words: Sequence[str], start: int) -> tuple[Number | None, int]:
    """The number in words that starts at `start`, and where it ends."""
    first = words[start]
    if first in SCALES:
        if start and (words[start - 1] in ("a", "per") or first == "dozen"):
            if list(words[start + 1 : start + 4]) == _AND_A_HALF:
                return _named(words, start, start + 4, 1.5 * SCALES[first], "hard")
            parts = list(words[max(0, start - 2) : start]) == ["parts", "per"]
            scale_weight: Weight = "soft" if parts or first == "dozen" else "hard"
            return _named(words, start, start + 1, SCALES[first], scale_weight)
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
        value /= _PARTS[following]
        part = _part(words, start, end + 1, value)
        return part or _named(words, start, end + 1, value, "hard")
    if list(words[end : end + 3]) == _AND_A_HALF:
        scale = SCALES.get(words[end + 3]) if end + 3 < len(words) else None
        stop = end + 3 if scale is None else end + 4
        return _named(words, start, stop, (value + 0.5) * (scale or 1.0), "hard")
    weight: Weight = "soft" if value == 1 else "small" if value <= 10 else "hard"
    return _named(words, start, end, value, weight)


def _part(words: Sequence[str], start: int, end: int, value: float) -> tuple[Number, int] | None:
    """A part of a measure ("half an hour", "a quarter of a million"), a measure and a half ("an
    hour and a half"), or a share after an article ("a third of"); None for other words."""
    article, unit, *joined = [*words[max(0, start - 4) : start], "", ""]
    if value == 0.5 and joined[:2] == ["and", "a"] and article in _ARTICLES and unit in UNITS:
        surface = " ".join(words[start - 4 : end])
        return Number("1.5", UNITS[unit], surface, False, "hard", unit), end
    first = start - (words[start - 1] in _ARTICLES if start else 0)
    at = end + (list(words[end : end + 1]) == ["of"])
    whole = words[at + 1] if at + 1 < len(words) and words[at] in _ARTICLES else ""
    if whole in SCALES:
        weight: Weight = "soft" if whole == "dozen" else "hard"
        return _named(words, first, at + 2, value * SCALES[whole], weight)
    if whole in UNITS:
        surface = " ".join(words[first : at + 2])
        return Number(canonical(value), UNITS[whole], surface, False, "hard", whole), at + 2
    if first < start and (at > end or value in (0.5, 0.25)):
        return _named(words, first, end, value, "soft")
    return None


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
        elif word in SCALES and index > start:
            current = (current or 1.0) * SCALES[word]
            if word != "hundred":
                total, current = total + current, 0.0
        elif not (
            word == "and"
            and index > start
            and words[index - 1] in SCALES
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
    if following in ERAS:
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
    if unit.rstrip("²³") in COMMON and weight == "small":
        weight = "hard"
    surface = " ".join(words[start:end])
    surface = f"{surface} {following}" if unit else surface
    return Number(canonical(value), unit, surface, False, weight, following), end
