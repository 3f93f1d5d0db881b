"""A fact in another form is the same fact: a text in the spelling of its source.

25% and a quarter, 3 km and 3,000 m, 3 May 1998 and 1998-05-03 are one fact each. Checks that
compare words would take the one for something new and the other for something lost. So where a text
has a form that its source lacks, and the source has one that is exactly equal, the source's stands
in its place before they compare. What differs stays as it is written. An acronym stands for a name
of the source with its initials; a name stands for an acronym only where it is known what that
means, since initials fit many names. Not covered: rounding, sums other than "1 hour and 30
minutes", figures of calculations, code and formulas, abbreviated units with capitals (mW and MW),
texts of more than `LONGEST` characters.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice, pairwise

from datagen.rephrase.fidelity import numbers
from datagen.rephrase.fidelity.facts import Facts, words_of
from datagen.rephrase.fidelity.names import runs
from datagen.rephrase.fidelity.quantities import Number, canonical
from datagen.rephrase.fidelity.units import SIZES, unit_of

Key = tuple[str, str]
"""What a form says, such as ("length", "3000"); equal for every form of it."""
LONGEST = 12_000
MOST_CHANGES = 64
DIGITS = 11
"""Digits that `canonical` tells apart."""
_AMBIGUOUS = frozenset(["pound", "ton", "cent", "mol", "pm", "B", "G", "T", "N", "K", "A"])
"""Units whose names mean several things."""
_MILLIONS_OR_METRES = re.compile(r"[\d.,]+m")
_JOIN = r"(?:,? and | )"
_UNIT = re.compile(r"[^\W\d_]+|[%°$€£¥₹]")
_ACRONYM = re.compile(r"(?<![\w.])[A-Z]{2,8}(?!\w)")
_KNOWN_IN_ORDER = """
BBC: British Broadcasting Corporation
CIA: Central Intelligence Agency
EU: European Union
FBI: Federal Bureau of Investigation
GDP: gross domestic product
IMF: International Monetary Fund
MIT: Massachusetts Institute of Technology
NASA: National Aeronautics and Space Administration
NATO: North Atlantic Treaty Organization
UK: United Kingdom
UN: United Nations
US: United States
USA: United States of America
WHO: World Health Organization
WTO: World Trade Organization
"""
_KNOWN = dict(line.split(": ") for line in _KNOWN_IN_ORDER.strip().splitlines())
"""Acronym → the only name that may stand for it unless the source has the name."""
_CLOCK = frozenset(["past", "to"])
_WHOLES = frozenset(["of", "the", "its", "their", "his", "her", "our", "all", "these", "those"])
"""Words after "half" that make it a share."""
_POINTS = frozenset(["point", "points"])
_CAPITALS = re.compile(r"\d\s?[a-zµ]{0,2}[A-Z]")
_ARTICLE = re.compile(r"^(?:The|A|An) ")
_OPERATORS = frozenset("+*/=×÷^<>−·")


def respelled(source: Facts, text: Facts) -> str:
    """The text with the source's form of each fact that the two write differently."""
    if len(text.text) > LONGEST:
        return text.text
    found = chain(_numbers(source, text), _dates(source, text), _names(source, text))
    lacked = ((surface, form) for surface, form in found if _lacks(source, surface))
    return replaced(text, dict(islice(lacked, MOST_CHANGES)))


def replaced(text: Facts, changes: Mapping[str, str], *, in_calculations: bool = False) -> str:
    """The text with each form of its prose that is a key of `changes` as that says."""
    if not changes:
        return text.text
    ordered = sorted(changes, key=lambda surface: -len(surface))
    pattern = re.compile("|".join(f"({written(surface)})" for surface in ordered), re.IGNORECASE)
    parts, at = [], 0
    for match in pattern.finditer(text.prose):
        if in_calculations or not _calculates(text.prose, *match.span()):
            parts += [text.text[at : match.start()], changes[ordered[(match.lastindex or 1) - 1]]]
            at = match.end()
    return "".join((*parts, text.text[at:]))


def _lacks(source: Facts, surface: str) -> bool:
    return f" {' '.join(words_of(surface))} " not in source.running


def written(surface: str) -> str:
    """A pattern for the form where it is no part of a longer one."""
    words = r"[\s-]+".join(re.escape(word) for word in surface.split())
    return rf"(?<![\w$€£¥₹])(?<![\d][.,/:-]){words}(?![\w²³])(?![.,/:-]\d)"


def _calculates(prose: str, start: int, end: int) -> bool:
    """True beside an operator: equations are computed as they are written."""
    before, after = prose[max(0, start - 2) : start].strip(), prose[end : end + 2].strip()
    return before[-1:] in _OPERATORS or after[:1] in _OPERATORS


def _numbers(source: Facts, text: Facts) -> Iterator[tuple[str, str]]:
    mine = {surface: key for surface, key in _measures(text) if _lacks(source, surface)}
    if not mine:
        return
    theirs: dict[Key, str] = {}
    for surface, key in _measures(source):
        theirs.setdefault(key, surface)
    for surface, key in mine.items():
        form = theirs.get(key)
        # Bare integers stay digits: what reads dates and equations needs them.
        if form and (form[:1].isdigit() or not surface.replace(",", "").isdigit()):
            yield surface, form


def _measures(facts: Facts) -> Iterator[tuple[str, Key]]:
    """Each number as written, with what it says; measures that belong together first."""
    found = facts.numbers.facts
    for one, other in pairwise(found):
        if whole := _together(facts, one, other):
            yield whole
    for number in found:
        if key := _key(number):
            yield number.surface, key


def _together(facts: Facts, one: Number, other: Number) -> tuple[str, Key] | None:
    """The sum of "1 hour and 30 minutes"."""
    first, second = _key(one), _key(other)
    if (
        not (first and second)
        or first[0] != second[0]
        or not {one.unit, other.unit} <= SIZES.keys()
    ):
        return None
    if SIZES[one.unit][1] <= SIZES[other.unit][1]:
        return None
    pattern = f"{written(one.surface)}{_JOIN}{written(other.surface)}"
    match = re.search(pattern, facts.prose, re.IGNORECASE)
    if match is None or facts.prose[match.end() :].startswith(" of"):
        return None
    return match.group(), (first[0], canonical(float(first[1]) + float(second[1])))


def _key(number: Number) -> Key | None:
    """What the number says; None where the form alone does not say it: an idiom, a sign or a unit
    that stands elsewhere."""
    value, unit = number.value, number.unit
    if value[:1] == "-" or ":" in value or unit in _AMBIGUOUS:
        return None
    if sum(map(str.isdigit, value)) > DIGITS or _CAPITALS.search(number.surface):
        return None
    if not value[-1:].isdigit():
        return "time", value
    if number.date and number.surface != value:
        return None  # the 18 of "1914–18"
    if number.weight == "soft" and (number.after in _CLOCK or not 0 < float(value) < 1):
        return None  # an idiom such as "once"
    if not unit:
        return _bare(number)
    shown = {unit_of(part.rstrip("²³")) for part in _UNIT.findall(number.surface)}
    if unit.rstrip("²³") not in shown and not (unit == "%" and "cent" in number.surface):
        return None
    if _MILLIONS_OR_METRES.fullmatch(number.surface):
        return None
    if unit == "%":
        share = "share", canonical(float(value) / 100)
        return None if number.after in _POINTS else share
    dimension, size = SIZES.get(unit, (unit, 1.0))
    return dimension, canonical(float(value) * size)


def _bare(number: Number) -> Key | None:
    """Below one, what is meant of something is a share: "half the members", "0.5 of them". The half
    of "half-time" says nothing, a correlation of 0.5 is a number."""
    if not 0 < float(number.value) < 1:
        return "", number.value
    if number.after == "of":
        return "share", number.value
    if any(map(str.isnumeric, number.surface)):
        return "", number.value
    return ("share", number.value) if number.after in _WHOLES else None


def _dates(source: Facts, text: Facts) -> Iterator[tuple[str, str]]:
    if text.numbers.days and source.numbers.days:
        theirs = {date: surface for surface, date in numbers.whole_dates(source.prose)}
        mine = numbers.whole_dates(text.prose)
        yield from ((surface, theirs[date]) for surface, date in mine if date in theirs)


def _names(source: Facts, text: Facts) -> Iterator[tuple[str, str]]:
    for acronym in dict.fromkeys(_ACRONYM.findall(text.prose)):
        if acronym.lower() not in source.vocabulary and (run := _stood_for(acronym, source.prose)):
            yield acronym, run
    for acronym in dict.fromkeys(_ACRONYM.findall(source.prose)):
        name = _KNOWN.get(acronym, "")
        if name and name.split()[0].lower() in text.vocabulary:
            yield name, acronym
            yield name.replace("ization", "isation"), acronym


def _stood_for(acronym: str, prose: str) -> str:
    """The first name whose capitals are the acronym, or empty. Two letters fit too many names."""
    known = _KNOWN.get(acronym, "").lower()
    for run in runs(prose):
        name = _ARTICLE.sub("", run)
        capitals = [word[0] for word in re.split(r"[ -]", name) if word[0].isupper()]
        if "".join(capitals) != acronym or (
            known and name.lower().replace("isation", "ization") != known
        ):
            continue
        if known or len(acronym) > 2:
            return name
    return ""
