"""Members of closed sets that changed places with another one: "weekly" for "daily", XV for XIV.

A member is exchanged only if the text alone has it while the source alone has another one of the
same set. So what says the same without a member ("every month", "twice as many") is no exchange,
nor is a member that is only added or only left out. Not read: which member stands where, where both
texts have the same ones.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from datagen.rephrase.fidelity.facts import Facts
from datagen.rephrase.fidelity.names import FUNCTION_WORDS
from datagen.rephrase.fidelity.numbers import RAISED

Key = tuple[str, str]
"""Set, such as a name before Roman numerals or a word before a letter, and member."""


class _Set(NamedTuple):
    """Words of one closed set, each with its member."""

    members: dict[str, str]
    """Words that can be exchanged."""
    alike: dict[str, str]
    """Words that may say a member too, so that it is neither new nor gone."""


def _forms(lines: str) -> dict[str, str]:
    made = dict[str, str]()
    for line in lines.strip().splitlines():
        member, _, words = line.partition(":")
        made |= dict.fromkeys(words.split(), member.strip())
    return made


_RATES = _Set(
    _forms("""
        hour: hourly
        day: daily
        week: weekly
        month: monthly
        quarter: quarterly
        year: yearly annually annual
    """),
    _forms("""
        hour: hour hours
        day: day days everyday nightly 24
        week: week weeks weekend weekends seven 7
        month: month months
        quarter: quarter quarters three 3
        year: year years annum twelve 12 12-month
    """),
)
_MULTIPLES = _Set(
    _forms("""
        0.5: halved halving
        2: twice doubled doubling twofold
        3: thrice tripled tripling threefold trebled
        4: quadrupled quadrupling fourfold
        5: quintupled fivefold
    """),
    _forms("""
        0.5: half halves halve 50
        2: double doubles two 2 both second couple pair 200
        3: triple triples treble three 3 third 300
        4: quadruple quadruples four 4 fourth 400
        5: five 5 fifth
    """),
)
_SETS = (_RATES, _MULTIPLES)
_CLAIMING = frozenset(word for one in _SETS for word in one.members)

_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5,
    "6th": 6, "7th": 7, "8th": 8, "9th": 9, "10th": 10,
}  # fmt: skip
_CARDINALS = dict(
    zip("one two three four five six seven eight nine ten".split(), range(1, 11), strict=True)
)
_ORDINAL = re.compile(
    r"(?<![\w-])(?P<before>(?:a|an|per|one|two|three|each|every|[\d.]+)[ -])?"
    rf"(?P<ordinal>{'|'.join(_ORDINALS)})[ -](?P<after>[^\W\d_]+)",
    re.IGNORECASE,
)
_FRACTIONS = frozenset("third fourth fifth sixth seventh eighth ninth tenth second".split())
_CLOCK = re.compile(r"\b(\d{1,2})(?:[:.](\d\d))?\s?([ap])\.?\s?m\b", re.IGNORECASE)
_ERA = re.compile(
    r"\b(?:AD|A\.D\.|CE)\s(?P<behind>\d+)\b"
    r"|\b(?P<when>\w+)(?:\s(?:century|centuries|millennium))?\s?"
    r"(?P<era>BCE?|B\.\s?C\.(?:\s?E\.)?|AD|CE|A\.\s?D\.|C\.\s?E\.)(?!\w)"
)
_ROMAN = re.compile(r"\b([A-Z][^\W\d_]*[a-z]) ([IVXLC]+)(?![\w-]|\.\w)")
_WAR = re.compile(
    r"\b(First|Second|Third) (World|Punic|Balkan|Gulf|Opium|Boer) War\b"
    r"|\b(World|Punic|Balkan|Gulf|Opium|Boer) War (One|Two|Three|[123]|I{1,3})\b"
)
_PLACES = {"First": "1", "Second": "2", "Third": "3", "One": "1", "Two": "2", "Three": "3"}
_NUMERALS = [
    tens + ones
    for tens in ("", "X", "XX", "XXX", "XL", "L", "C")
    for ones in ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
    if tens + ones
]
_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_POWER = re.compile(
    r"(?<![\w.])(\d+)(?:\s?(?:\^|\*\*)\s?[({]?([-−+]?\d+)|([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))"
    r"|(?<![\w.])\d+(?:\.\d+)?[eE]([-−+]?\d+)\b"
)
_LETTER = re.compile(
    r"(?<![^\W_])([A-Za-z][a-z]{2,})[ -]"
    r"(\(?[A-Z]\)?(?:(?:, and |, or |, | and | or |/|–)\(?[A-Z]\)?){0,8})(?![\w&'’+-]|\.\s?[A-Z])"
)
_OFTEN = re.compile(
    r"\b(?:(once|twice|thrice)|(\w+) times) (?:a|an|per|every|each) "
    r"(?:second|minute|hour|day|night|week|month|quarter|year|decade|century)\b"
)
_TIMES = {"once": "1", "twice": "2", "thrice": "3"}


def exchanged_members(source: Facts, text: Facts) -> Iterator[str]:
    """Each member of the text, as written, that stands in another one's place."""
    if text.prose == source.prose:
        return
    if not _CLAIMING.isdisjoint(text.vocabulary):
        yield from _exchanged_words(source, text)
    for read, hint in _READERS:
        if not (hint(text) or (read is _letters and hint(source))):
            continue
        if (mine := read(text.prose)) and (theirs := read(source.prose)):
            yield from _exchanged(theirs, mine)
    yield from _exchanged_ordinals(source, text)


def _exchanged(theirs: dict[Key, str], mine: dict[Key, str]) -> Iterator[str]:
    gone = {key[0] for key in theirs.keys() - mine.keys()}
    if gone:
        yield from (mine[key] for key in mine if key not in theirs and key[0] in gone)


def _exchanged_words(source: Facts, text: Facts) -> Iterator[str]:
    for members, alike in _SETS:
        every = members | alike
        mine = {every[word] for word in text.vocabulary & every.keys()}
        theirs = {every[word] for word in source.vocabulary & every.keys()}
        lost = {members[word] for word in source.vocabulary & members.keys()} - mine
        if lost:
            for word in sorted(text.vocabulary & members.keys()):
                if members[word] not in theirs:
                    yield word


def _exchanged_ordinals(source: Facts, text: Facts) -> Iterator[str]:
    words = {_ORDINALS[word] for word in text.vocabulary & _ORDINALS.keys()}
    if not words or words <= {_ORDINALS[word] for word in source.vocabulary & _ORDINALS.keys()}:
        return
    mine = _ordinals(text.prose)
    if not mine or not (theirs := _ordinals(source.prose)):
        return
    known = {value for value, _ in theirs} | _cardinals(source)
    lost = [key for key in theirs if key[0] not in {value for value, _ in mine} | _cardinals(text)]
    followers = {after for _, after in lost}
    for (value, after), surface in mine.items():
        if value in known or not lost:
            continue
        if after in followers or not ({1, 2} & {value, *(other for other, _ in lost)}):
            yield surface


def is_known_numeral(surface: str, facts: Facts) -> bool:
    """True if the text has what a Roman numeral says as an ordinal or figure."""
    if len(surface) < 2 or not _DIGITS.keys() >= set(surface):
        return False
    value = _value(surface)
    said = {word for word, place in {**_ORDINALS, **_CARDINALS}.items() if place == value}
    return not facts.vocabulary.isdisjoint({*said, str(value), f"{value}th"})


def _ordinals(prose: str) -> dict[tuple[int, str], str]:
    """(value, next word) of each ordinal that is no fraction or second of time."""
    found: dict[tuple[int, str], str] = {}
    for match in _ORDINAL.finditer(prose):
        word, before, after = match["ordinal"].lower(), match["before"], match["after"].lower()
        if before and word in _FRACTIONS and before.strip(" -").lower() not in ("each", "every"):
            continue
        if after in FUNCTION_WORDS or after in ("century", "centuries", "millennium"):
            continue
        found.setdefault((_ORDINALS[word], after), match.group().strip())
    return found


def _cardinals(facts: Facts) -> set[int]:
    words = facts.vocabulary
    return {value for word, value in _CARDINALS.items() if word in words or str(value) in words}


def _clock(prose: str) -> dict[Key, str]:
    return {
        (f"{int(match[1])}:{match[2] or '00'}", match[3].lower()): match.group()
        for match in _CLOCK.finditer(prose)
    }


def _eras(prose: str) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for match in _ERA.finditer(prose):
        era = match["era"] or "AD"
        when = (match["behind"] or match["when"]).lower()
        found["era " + when, "before" if era.startswith("B") else "after"] = match.group()
    return found


def _numerals(prose: str) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for match in _ROMAN.finditer(prose):
        if match[1] != "War":
            found[match[1], str(_value(match[2]))] = match.group()
    for match in _WAR.finditer(prose):
        place = match[1] or match[4]
        value = _PLACES.get(place) or (place if place.isdigit() else str(_value(place)))
        found[(match[2] or match[3]) + " War", value] = match.group()
    return found


def _value(roman: str) -> int:
    digits = [_DIGITS[sign] for sign in roman]
    return sum(
        -digit if digit < following else digit
        for digit, following in zip(digits, [*digits[1:], 0], strict=True)
    )


def _powers(prose: str) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for match in _POWER.finditer(prose):
        exponent = match[2] or match[3] or match[4]
        key = "power of " + (match[1] or "10"), str(int(exponent.translate(RAISED)))
        found[key] = match.group()
    return found


def _letters(prose: str) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for match in _LETTER.finditer(prose):
        word = match[1].lower()
        if word not in FUNCTION_WORDS:
            labelled = "letter " + word.removesuffix("s")
            found |= {(labelled, one): match.group() for one in match[2] if one.isupper()}
    return found


def _frequencies(prose: str) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for match in _OFTEN.finditer(prose):
        count = match[2] and match[2].lower()
        times = _TIMES[match[1]] if match[1] else str(_CARDINALS.get(count, count))
        found["times", times] = match.group()
    return found


def _has(*words: str) -> Callable[[Facts], bool]:
    known = frozenset(words)
    return lambda text: not known.isdisjoint(text.vocabulary)


_CLOCKED = re.compile(r"[0-9]\s?[apAP]\.?\s?[mM]")
_FIGURED = re.compile(r"[0-9](?:[⁰¹²³⁴-⁹⁺⁻^]|\s?\*\*| \^|[eE][-+−]?[0-9])")
_ERA_WORDS = _has("bc", "bce", "ad", "ce")
_READERS: tuple[tuple[Callable[[str], dict[Key, str]], Callable[[Facts], bool]], ...] = (
    (_clock, lambda text: _CLOCKED.search(text.prose) is not None),
    (
        _eras,
        lambda text: (
            _ERA_WORDS(text) or any(era in text.prose for era in (".C.", ".D.", ". C.", ". D."))
        ),
    ),
    (_numerals, _has("war", *(one.lower() for one in _NUMERALS))),
    (_powers, lambda text: _FIGURED.search(text.prose) is not None),
    (_letters, _has(*"bcdefghjklmnopqruvwxyz")),
    (_frequencies, _has("once", "twice", "thrice", "times")),
)
"""Each with a cheap test whether a text can have anything to read."""
