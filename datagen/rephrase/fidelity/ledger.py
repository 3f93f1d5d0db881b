"""The ledger of protected facts: none may be new, enough must be kept.

Numbers, units and dates must stand in the source itself: a figure from a neighbouring chunk is a
drift even if the document has it, unless the context has the same figure with the same next word
("the 1973 oil crisis"). Names may stand in the context too. Facts are compared as sets: figures
that change places are seen between rows of tables and lists only, and nothing that is said in
ordinary words is.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from datagen.rephrase.fidelity import names, numbers, quantities, spans
from datagen.rephrase.fidelity.arithmetic import Equations, equations, value_of
from datagen.rephrase.fidelity.exchanges import exchanged_members, is_known_numeral
from datagen.rephrase.fidelity.facts import WORD, Facts
from datagen.rephrase.fidelity.operations import exchanged_operations
from datagen.rephrase.fidelity.rows import exchanged
from datagen.rephrase.fidelity.scripts import foreign_words
from datagen.rephrase.fidelity.units import NAMED, unit_of
from datagen.schemas import Kind, LedgerReason

WEIGHTS = {
    "number": 1.5,
    "date": 1.5,
    "name": 1.0,
    "quotation": 1.0,
    "formula": 1.5,
    "code": 1.5,
    "link": 0.5,
    "citation": 0.25,
}
"""What a lost fact weighs in the share kept. Own choice: what is asked about weighs most."""
QUOTED_WORDS = 4
"""Shorter quotations are emphasis or terms, judged as words."""


_RELATION = re.compile(r"=|\\approx|\\Rightarrow|\\implies|,")
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_ANSWER = re.compile(
    r"\\boxed\{((?:[^{}]|\{[^{}]{0,200}\}){1,300})\}"
    r"|####\s*([^\n]{1,80})"
)


_SIGNS = re.compile(r"\\[$!,]|[$,]")
"""What a plain figure has besides its digits: a currency, thousands."""


class Invented(NamedTuple):
    """A fact of the text that the source does not have."""

    reason: LedgerReason
    surface: str


class Ledger(NamedTuple):
    """What was invented and what was lost."""

    invented: tuple[Invented, ...]
    lost: tuple[str, ...]
    """Facts of the source that the text lacks, as written, heaviest first."""
    kept: float
    """Weighted share of the source's facts that the text has; 1 where the source has none."""
    answer_lost: bool
    """The boxed or `####` result of a mathematical source is not in the text."""


def compare(
    source: Facts,
    text: Facts,
    context: Callable[[], Facts],
    *,
    kind: Kind = "knowledge",
    translated: bool = False,
    nouns_capitalised: bool = False,
) -> Ledger:
    """Enter both texts' facts. `context` is called only when a name or figure is in doubt.

    `translated`: names and quotations change their letters, so only figures, formulas, code and
    links are compared.
    """
    worked = equations(text.text) if kind == "math" else Equations(frozenset(), ())
    lost = list(_lost(source, text, words=not (translated or nouns_capitalised)))
    missing = sum(weight for _, weight, held in lost if not held)
    total = sum(weight for _, weight, _ in lost)
    gone = [surface for surface, weight, held in sorted(lost, key=_heaviest) if not held]
    invented = [
        *_new_numbers(source, text, context, worked, relaxed=translated),
        *_new_spans(source, text, kind, worked),
    ]
    if not translated:
        if kind == "knowledge":  # in mathematics lines are steps
            invented += [
                Invented("exchanged_figure", row) for row in exchanged(source.text, text.text)
            ]
        invented += [Invented("invented_number", new) for new in exchanged_members(source, text)]
        invented += [
            Invented("invented_formula", new)
            for new in exchanged_operations(source.prose, text.prose, steps=kind == "math")
        ]
        invented += [
            Invented("invented_name", word)
            for word in foreign_words(source, text)
            if word not in context().text.lower()
        ]
        invented += _new_quotations(source, text, context)
        if not nouns_capitalised:
            invented += _new_names(source, text, context, gone)
    return Ledger(
        tuple(invented),
        tuple(gone),
        1.0 - missing / total if total else 1.0,
        kind == "math" and _answer_lost(source, text),
    )


def _heaviest(entry: tuple[str, float, bool]) -> float:
    return -entry[1]


def _lost(source: Facts, text: Facts, *, words: bool) -> Iterator[tuple[str, float, bool]]:
    """Each fact of the source: as written, its weight, whether the text has it."""
    yield from _lost_numbers(source, text)
    if source.prose is not source.text:
        yield from _lost_spans(source, text)
    if words:
        for low, surface in source.names.words.items():
            held = low in text.vocabulary or _known_name(low, text)
            yield surface, WEIGHTS["name"], held or _abbreviated(source, text, surface)
        for quoted in source.quotations:
            if len(quoted) >= QUOTED_WORDS:
                share = sum(word in text.vocabulary for word in quoted) / len(quoted)
                yield f'"{" ".join(quoted)}"', WEIGHTS["quotation"], share >= 0.6


def _lost_numbers(source: Facts, text: Facts) -> Iterator[tuple[str, float, bool]]:
    held = text.every_number
    seen: set[str] = set()
    for number in source.numbers.facts:
        if number.weight != "soft" and number.value not in seen:
            seen.add(number.value)
            weight = WEIGHTS["date" if number.date else "number"]
            kept = quantities.supports(held, number)
            yield number.surface, weight if number.weight == "hard" else weight / 2, kept
    for month, day in source.numbers.days:
        if day:
            kept = (month, day) in held.days
            yield f"{numbers.month_name(month)} {day}", WEIGHTS["date"], kept


def _lost_spans(source: Facts, text: Facts) -> Iterator[tuple[str, float, bool]]:
    lower = text.text.lower()
    for span in dict.fromkeys(source.spans.formulas):
        yield span, WEIGHTS["formula"], span in text.symbols or _unboxed_in(span, text)
    for span in dict.fromkeys(source.spans.links):
        yield span, WEIGHTS["link"], span in lower
    for span in dict.fromkeys(source.spans.citations):
        yield f"[{span}]", WEIGHTS["citation"], span in text.vocabulary
    for span in dict.fromkeys(source.spans.code):
        yield span, WEIGHTS["code"], "".join(span.split()) in text.squashed


def _unboxed_in(span: str, text: Facts) -> bool:
    """True if the text has what a box holds: that it is the answer is compared apart."""
    boxed = _ANSWER.fullmatch(span)
    if boxed is None or not boxed[1]:
        return False
    value = value_of(boxed[1])
    known = value is not None and quantities.canonical(value) in text.every_number.values
    return known or (value is None and boxed[1] in text.symbols)


def _known_name(low: str, facts: Facts) -> bool:
    if names.is_form_of(low, facts.vocabulary, facts.stems):
        return True
    return len(low) <= 8 and low in facts.acronyms


def _new_numbers(
    source: Facts, text: Facts, context: Callable[[], Facts], worked: Equations, *, relaxed: bool
) -> Iterator[Invented]:
    have = source.every_number
    for number in text.numbers.facts:
        if number.weight == "soft":
            continue
        if quantities.supports(have, number):
            if not relaxed and not quantities.same_unit(have, number, source.vocabulary):
                yield Invented("invented_unit", number.surface)
            continue
        if number.weight == "small" and (
            relaxed or not (_recounts(number, source) or _one_number_lost(source, text))
        ):
            continue
        if not (_derived(number.value, worked) or _in_context(number, context)):
            yield Invented("invented_date" if number.date else "invented_number", number.surface)
    yield from _new_days(have, text.numbers, context)


def _new_days(
    have: quantities.Numbers, mine: quantities.Numbers, context: Callable[[], Facts]
) -> Iterator[Invented]:
    months = {month for month, _ in have.days}
    for month, day in mine.days:
        if (month, day) in have.days or (not day and month in months):
            continue
        if (day, month) in have.days and (day, month) in mine.days:
            continue
        surface = f"{numbers.month_name(month)} {day or ''}".strip()
        if surface.lower() not in context().text.lower():
            yield Invented("invented_date", surface)


def _recounts(number: quantities.Number, source: Facts) -> bool:
    """True if the source counts the same things otherwise: `nine taxa` for `two taxa`."""
    after = {other.after for other in source.numbers.facts if other.weight != "soft"}
    return bool(number.after) and number.after in after


def _one_number_lost(source: Facts, text: Facts) -> bool:
    """True if a figure or count of the source is gone: a new small count may stand in its place."""
    have = text.every_number
    return any(
        number.weight != "soft" and not quantities.supports(have, number)
        for number in source.numbers.facts
    )


def _derived(value: str, worked: Equations) -> bool:
    if not worked.derived or not value[-1:].isdigit() or ":" in value:
        return False
    return any(abs(float(value) - other) < 1e-6 for other in worked.derived)


def _in_context(number: quantities.Number, context: Callable[[], Facts]) -> bool:
    """True if the context has the same figure before the same word."""
    if not number.after:
        return False
    surface = number.surface.split()[0].lower()
    return f" {surface} {number.after} " in context().running


def _new_names(
    source: Facts, text: Facts, context: Callable[[], Facts], lost: list[str]
) -> Iterator[Invented]:
    prose = text.prose
    seen: set[str] = set()
    known = source.vocabulary
    for match in names.CAPITALISED.finditer(prose):
        low = match.group().lower()
        if low in known or low in names.FUNCTION_WORDS or low in seen:
            continue
        low = names.bare(low)
        start = match.start()
        if len(low) < 2 or low in names.STYLE_WORDS or (start and prose[start - 1].isalnum()):
            continue
        seen.add(low)
        if _is_new_name(source, text, context, low, match.group(), start, lost):
            yield Invented(
                "invented_date" if low in _WEEKDAYS else "invented_name",
                names.run_at(prose, start) or match.group(),
            )


_BEFORE, _AFTER = frozenset(["bc", "bce"]), frozenset(["ad", "ce"])
_ERAS = {"bc": _BEFORE, "bce": _BEFORE, "ad": _AFTER, "ce": _AFTER}
"""Era → how it is written too."""
_WEEKDAYS = frozenset(
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
) | frozenset(numbers.MONTHS)


def _is_new_name(
    source: Facts,
    text: Facts,
    context: Callable[[], Facts],
    low: str,
    surface: str,
    start: int,
    lost: list[str],
) -> bool:
    if (
        low in numbers.MONTHS
        or low in NAMED
        or (
            unit_of(surface)
            and text.prose[max(0, start - 3) : start].rstrip(" -\u00a0")[-1:].isdigit()
        )
        or _known_name(low, source)
        or _spelled_out(text, start, source)
        or not _ERAS.get(low, frozenset()).isdisjoint(source.acronyms)
        or is_known_numeral(surface, source)
    ):
        return False
    initial = names.begins_sentence(text.prose, start)
    if initial and not _stands_for_a_name(source, text, low, start + len(surface), lost):
        return False
    if names.is_decoration(text.prose, start, surface):
        return False
    near = context()
    return not (_known_name(low, near) or _spelled_out(text, start, near))


def _spelled_out(text: Facts, start: int, source: Facts) -> bool:
    """True if an acronym of the source stands for words of the run at `start`, this one among
    them: "U.S." for the first two of "United States Supreme Court"."""
    run, begin = names.run_at(text.prose, start), start
    if not run:
        return False
    begin = text.prose.rfind(run, 0, start + len(run))
    parts = [part for part in WORD.finditer(run) if part.group()[0].isupper()]
    letters = "".join(part.group()[0] for part in parts).lower()
    if "United States" in run and names.stem("us") in source.stems:
        return True
    at = next((n for n, part in enumerate(parts) if begin + part.start() == start), 0)
    return any(
        letters[first:last] in source.acronyms
        for first in range(at + 1)
        for last in range(max(at + 1, first + 2), len(letters) + 1)
    )


def _abbreviated(source: Facts, text: Facts, surface: str) -> bool:
    """True if the text has a name of the source as an acronym, or an acronym's words."""
    if surface.isupper() and 1 < len(surface) <= 8:
        initial = "".join(word[0] for word in text.prose_words if word[0].isalpha())
        return surface.lower() in initial if len(surface) > 2 else False
    start = source.prose.find(surface)
    return start >= 0 and bool(text.acronyms) and _spelled_out(source, start, text)


def _stands_for_a_name(source: Facts, text: Facts, low: str, end: int, lost: list[str]) -> bool:
    """True if a sentence's first word is a name: a possessive, or in the place of a lost name."""
    if text.prose[end : end + 2] in ("'s", "’s"):
        return low not in _COMMON_POSSESSORS
    after = names.word_after(text.prose, end)
    gone = {surface.lower() for surface in lost}
    return bool(after) and any(
        follower == after and name in gone for name, follower in source.names.followers.items()
    )


_COMMON_POSSESSORS = frozenset(
    ["it", "here", "there", "what", "that", "who", "let", "how", "where", "everyone"]
)


def _new_quotations(source: Facts, text: Facts, context: Callable[[], Facts]) -> Iterator[Invented]:
    for quoted in text.quotations:
        joined = f" {' '.join(quoted)} "
        if len(quoted) < QUOTED_WORDS or joined in source.running or quoted in source.quotations:
            continue
        if _altered(quoted, source) or not _mostly_known(quoted, source, context):
            yield Invented("invented_quotation", joined.strip())


def _altered(quoted: list[str], source: Facts) -> bool:
    """True if a quotation of the source has most, not all, of these words."""
    mine = set(quoted)
    return any(
        len(mine & set(other)) >= 0.6 * max(len(mine), len(set(other)))
        for other in source.quotations
        if len(other) >= QUOTED_WORDS
    )


def _mostly_known(quoted: list[str], source: Facts, context: Callable[[], Facts]) -> bool:
    content = [word for word in quoted if word not in names.FUNCTION_WORDS]
    known = sum(word in source.vocabulary or word in context().vocabulary for word in content)
    return known >= 0.5 * len(content)


def _new_spans(source: Facts, text: Facts, kind: Kind, worked: Equations) -> Iterator[Invented]:
    for equation in worked.false:
        if "".join(equation.split()) not in source.squashed:
            yield Invented("invented_formula", equation)
    if text.prose is text.text:
        return
    mine, lower = text.spans, source.text.lower()
    yield from (
        Invented("invented_code", code) for code in mine.code if not _has_code(source, code)
    )
    yield from (Invented("invented_link", link) for link in mine.links if link not in lower)
    for number in mine.citations:
        if number not in source.vocabulary:
            yield Invented("invented_link", f"[{number}]")
    for formula in mine.formulas:
        if not _has_formula(source, formula, kind, worked):
            yield Invented("invented_formula", formula)


def _has_code(source: Facts, code: str) -> bool:
    if "".join(code.split()) in source.squashed:
        return True
    lines = code.splitlines()[1:] if "\n" in code else [code]
    return all("".join(line.split()) in source.squashed for line in lines)


def _has_formula(source: Facts, formula: str, kind: Kind, worked: Equations) -> bool:
    """True if the source has the formula, or all that it is made of where nothing relates it.

    Mathematics may be rearranged: there a formula is new only if it holds a number that is neither
    in the source, nor one operation away from two of its numbers, nor a true equation's result.
    """
    if formula in source.symbols or not formula:
        return True
    parts = [part for part in _RELATION.split(formula) if part]
    if len(parts) == 1 and len(formula) < 3:
        return formula in source.text
    if kind == "knowledge":
        return len(parts) > 1 and all(part in source.symbols for part in parts) and "=" in formula
    have = source.every_number.values
    return all(
        value in have or _derived(value, worked) or _one_step(value, have)
        for value in map(quantities.canonical, map(float, _FIGURE.findall(formula)))
        if abs(float(value)) > 2
    )


def _one_step(value: str, have: frozenset[str]) -> bool:
    """True if one operation on two numbers of the source gives the value."""
    known = [float(other) for other in have if other[-1:].isdigit() and ":" not in other][:64]
    wanted = float(value)
    return any(
        wanted in (one + other, abs(one - other), one * other) or (other and wanted == one / other)
        for one in known
        for other in known
    )


def _answer_lost(source: Facts, text: Facts) -> bool:
    """True if the source marks a final answer and the text marks another, or has it nowhere."""
    wanted = _ANSWER.findall(source.text)
    if not wanted:
        return False
    answer, given = _answer(wanted[-1]), _ANSWER.findall(text.text)
    if given:
        return _answer(given[-1]) != answer
    return answer not in text.symbols and answer not in text.every_number.values


def _answer(groups: tuple[str, str]) -> str:
    plain = _SIGNS.sub("", "".join(groups)).strip().rstrip(".")
    if plain.replace(".", "", 1).isdecimal():
        return quantities.canonical(float(plain))
    return spans.formula("".join(groups).strip())
