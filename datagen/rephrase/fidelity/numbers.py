"""Numbers, units bound to them, years and dates, in one canonical spelling.

"1,200", "twelve hundred" and "1.2 thousand" are one value; "1990s", "19th century" and "5 March
1990" keep what they say about time. Numbering that a style adds ("2." at a line's start, "Step 2",
"Q1:") is known, but no fact.
"""

import re
from collections.abc import Sequence

from datagen.rephrase.fidelity.quantities import (
    ERAS,
    SCALES,
    VULGAR,
    Number,
    Numbers,
    canonical,
    gather,
)
from datagen.rephrase.fidelity.spelled import spelled
from datagen.rephrase.fidelity.units import UNITS, is_inch, unit_of

_MONTHS_IN_ORDER = (
    "january february march april may june july august september october november december"
)
_LETTER_SCALES = {"k": 1e3, "m": 1e6, "bn": 1e9, "b": 1e9, "tn": 1e12}
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
    r"(?:\s+(\d{1,2})(?:st|nd|rd|th)?(?![\d:]|\s?[ap]\.?m))?(?:,?\s+(?:of\s+)?(\d{4})\b)?"
)
_JOINED = re.compile(r"\d\d?[-/]\d")
_ISO = re.compile(r"\b\d{4}-(\d{2})-(\d{2})\b")
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})/(?:\d{4}|\d{2})\b")
_AMBIGUOUS = frozenset(("May", "March", "Mar", "Jan", "Dec", "Nov"))
_BEFORE_MONTH = re.compile(r"\b(?:in|of|since|until|by|from|to|early|late|mid)[ -]$", re.IGNORECASE)
_DIGITS = re.compile(r"\d+(?:[,\u00a0\u202f\u2009]\d{3}(?!\d))*(?:\.\d+)?(?::\d+)*")
_TAIL = re.compile(r"[\s\u00a0-]{0,2}(%|°\s?[CFcf]?|[^\W\d_]+)")
_BELOW = re.compile(r"/(\d{1,6})\b(?!/)")
_SHARE = re.compile(r" / (\d{1,6})\b(?! ?[/=]|[.,]\d)")
_RAISING = re.compile(r"[0-9](?:[⁰¹²³⁴-⁹⁺⁻]|[eE][-+−]?[0-9])")
_POWER = re.compile(r"\d([⁺⁻]?[⁰¹²³⁴-⁹]{1,3})|(?<![\w.])(\d+(?:\.\d+)?)[eE]([-+−]?\d{1,3})\b")
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻−", "0123456789+--")
"""Raised figures and signs as plain ones."""
_DIVISION = re.compile(
    r"(?<![\w./,])(\d[\d,]*(?:\.\d+)?)(\s?[/÷]\s?|\s+divided by\s+)"
    r"(\d[\d,]*(?:\.\d+)?)(?!\w|\s?/)(\s?=)?"
)
_MIXED = re.compile(r" (\d)/(\d{1,2})\b(?!/)")
""""1 1/2", from the blank on."""
_CURRENCY = "$€£¥₹"
_NUMBERED = re.compile(
    r"(?:^|\n)[\s#>*_|(-]*(?:(?:step|question|part|section|chapter|table|figure|note|fact|example"
    r"|point|lesson|exercise|problem|item|tip|answer|q|a|no)\b\.?[\s:#]*)?$",
    re.IGNORECASE,
)
_OUTLINE = re.compile(r"\d{1,2}\.\d{1,2} {1,2}(?=[^\W\d_a-z])")
"""Two levels of numbering before a capital: "1.2 Early years"."""
_ALONE = {sign: re.compile(rf"(?<!\d){sign}") for sign in VULGAR}
_BETWEEN = frozenset(("-", "–", "—", " to ", " and ", " or ", " - ", " – "))


def read_numbers(prose: str, words: Sequence[str]) -> Numbers:
    """Every number of a text whose words, lower case and in order, are `words`."""
    days, taken = _dates(prose, words)
    facts = _digits(prose, taken)
    facts += spelled(words)
    if "/" in prose or "÷" in prose or "divided by" in prose:
        facts += _divided(prose)
    if _RAISING.search(prose):
        facts += _powers(prose)
    if not prose.isascii():
        facts += [
            Number(canonical(value), "", sign, False, "soft", "")
            for sign, value in VULGAR.items()
            if _ALONE[sign].search(prose)
        ]
    return gather(facts, days)


def month_name(month: int) -> str:
    """English name of a month, 1 to 12."""
    return _MONTH_NAMES[month - 1].capitalize() if 1 <= month <= 12 else str(month)


def whole_dates(prose: str) -> list[tuple[str, tuple[int, int, int]]]:
    """Dates with year, month and day, each as written."""
    found = []
    for match in _DATE.finditer(prose):
        before, name, after, year = match.groups()
        if year and (day := before or after):
            month = MONTHS[name.rstrip(".").lower()]
            found.append((match.group(), (int(year), month, int(day))))
    for match in _ISO.finditer(prose):
        found.append((match.group(), (int(match.group()[:4]), int(match[1]), int(match[2]))))
    return found


def _dates(prose: str, words: Sequence[str]) -> tuple[set[tuple[int, int]], set[int]]:
    """(month, day) pairs, and the offsets of day numbers, which are no other numbers."""
    days: set[tuple[int, int]] = set()
    taken: set[int] = set()
    named = MONTHS.keys() & set(words)
    if named and any(name.capitalize() in prose for name in named):
        for match in _DATE.finditer(prose):
            before, name, after, _ = match.groups()
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
    counts: list[Number] = []
    ends: list[tuple[int, int]] = []
    for match in _DIGITS.finditer(prose):
        start, end = match.span()
        before = prose[start - 1] if start else "\n"
        if ends and start < ends[-1][1]:
            continue  # below a fraction's line
        if start in taken or before == "_" or (before.isalpha() and before < "\u3000"):
            continue  # part of a word; scripts without spaces write figures right behind theirs
        number = _number(prose, match.group(), start, end, before)
        if found and (gap := prose[ends[-1][1] : start]) in _BETWEEN:
            if number.unit and not found[-1].unit:
                found[-1] = found[-1]._replace(unit=number.unit)
            if gap in ("-", "–") and found[-1].date and len(match.group()) == 2:
                number = number._replace(value=found[-1].value[:2] + match.group(), date=True)
        found.append(number)
        ends.append((start, start + len(number.surface) if "/" in number.surface else end))
        if number.unit == "m" and number.surface.endswith("m"):
            counts.append(_millions(number))
    return found + counts


def _divided(prose: str) -> list[Number]:
    """What a division says besides what is read of it: 48/2 is 24 that has a 48 and a 2, 48 ÷ 2 is
    two numbers that give 24; known, and asked of no rewrite. Of a share such as 2/3 no number
    stands alone."""
    found: list[str] = []
    for match in _DIVISION.finditer(prose):
        above, below = (float(match[group].replace(",", "")) for group in (1, 3))
        if below:
            found.append(canonical(above / below))
        if match[2] != "/" or above >= below or match[4]:
            found += (canonical(above), canonical(below))
    return [Number(value, "", value, False, "soft", "") for value in found]


def _powers(prose: str) -> list[Number]:
    """Parts of 10⁶ and 3e6 as "10^6" and "3 × 10^6" have them; known, and asked of no rewrite."""
    found: list[str] = []
    for match in _POWER.finditer(prose):
        exponent = (match[1] or match[3]).translate(RAISED)
        found += (exponent.lstrip("-+"), canonical(float(exponent)))
        if match[2]:
            found += ("10", canonical(float(match[2]) * 10.0 ** max(-300, min(300, int(exponent)))))
    return [Number(value, "", value, False, "soft", "") for value in found]


def _millions(metres: Number) -> Number:
    """What "25m" is if it counts: 25 million; known beside the length, and asked of no rewrite."""
    value = canonical(float(metres.value) * _LETTER_SCALES["m"])
    return Number(value, "", metres.surface, False, "soft", metres.after)


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
    part, end = _part_after(prose, raw, end)
    value = float(digits) + part
    tail = _TAIL.match(prose, end)
    if below := _below(prose, value, end):
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
    if mark == "th" and after in ERAS:
        return Number(raw + "c", "", f"{raw}th century", True, "hard", after)
    text = digits.lstrip("0") if len(digits) > 12 and digits.isdigit() and factor == 1 else ""
    surface = prose[start - 1 : finish] if before in _CURRENCY else prose[start:finish]
    return Number(text or canonical(sign * value * factor), unit, surface, plain, "hard", after)


def _below(prose: str, above: float, end: int) -> re.Match[str] | None:
    """What stands below a fraction's line that begins at `end`; with blanks, only of a share."""
    if prose[end : end + 1] == "/":
        return _BELOW.match(prose, end)
    share = _SHARE.match(prose, end) if prose[end : end + 3] == " / " else None
    return share if share and above < float(share[1]) else None


def _part_after(prose: str, raw: str, end: int) -> tuple[float, int]:
    """The part behind a whole number, as in "1½" and "1 1/2", and where it ends."""
    if part := VULGAR.get(prose[end : end + 1]):
        return part, end + 1
    mixed = _MIXED.match(prose, end) if raw.isdigit() else None
    if mixed is None or not 0 < int(mixed[1]) < int(mixed[2]):
        return 0.0, end
    return int(mixed[1]) / int(mixed[2]), mixed.end()


_GROUPING = {ord(mark): None for mark in ",\u00a0\u202f\u2009"}


def _is_numbering(prose: str, line: int, start: int, end: int) -> bool:
    """True for "1." or "(2)" or "Step 3" at a line's start."""
    head = _NUMBERED.search(prose, max(0, line - 1), start)
    if head is None:
        return False
    named = prose[line:start].strip(" #>*_|(-")
    if _OUTLINE.match(prose, start):
        return not named
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
    scale = SCALES.get(word.rstrip("s"))
    if scale is None and close and (unit or word in ("bn", "tn")):
        scale = _LETTER_SCALES.get(word)
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
    if word[-1] in "²³" and word[:-1] in UNITS:
        return UNITS[word[:-1]] + word[-1], tail.end()
    unit = unit_of(tail[1].replace(" ", ""))
    if tail[1] == "in" and is_inch(prose, tail.end()):
        unit = "inch"
    elif tail[1] == "G" and prose[tail.start(1) - 1].isdigit():
        unit = ""  # 5G
    if unit and prose[tail.end() : tail.end() + 1] in ("²", "³"):
        return unit + prose[tail.end()], tail.end() + 1
    return unit, tail.end()
