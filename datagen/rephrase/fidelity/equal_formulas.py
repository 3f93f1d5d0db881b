"""Formulas, answers and figures of mathematics in the form that their source has.

0.5, `\\frac{1}{2}` and 50%, `x=3` and `3=x`, `2\\sqrt{2}` and `\\sqrt{8}` are one thing each: plain
numbers are computed here, other expressions are asked of the computing process. Equations are equal
side by side, in either order; that one follows from another is for `mathematics` to find. What is
not shown to be equal stays as it is written. Not covered: rounding, inequalities, chains of more
than one equals sign.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from datagen.rephrase.fidelity import latex
from datagen.rephrase.fidelity.arithmetic import value_of
from datagen.rephrase.fidelity.computing import Computer
from datagen.rephrase.fidelity.facts import Facts
from datagen.rephrase.fidelity.forms import MOST_CHANGES, replaced
from datagen.rephrase.fidelity.mathematics import Worked, bare, read_source, shared_computer
from datagen.rephrase.fidelity.quantities import canonical

MOST_ASKED = 24
"""Pairs of formulas of one text that the computing process is asked about. Own choice: each takes
some milliseconds."""
_MARK = re.compile(r"####[ \t]*([^\n]{1,80})")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{(.*)\}", re.DOTALL)
_PLAIN = re.compile(r"\d+(?:\.\d+)?")
_LETTERS = re.compile(r"\\?[^\W\d_]+")
_BUILDING = frozenset([r"\frac", r"\sqrt"])
_NO_EXPRESSION = latex.RELATIONS - {"="} | {",", ";"}


def respelled_formulas(source: str, text: str, computer: Computer | None = None) -> str:
    """The text with the source's form of each formula, answer and figure that is equal to one.

    Blocks while it computes, as `judge_math` does.
    """
    ours, theirs = read_source(source), Worked(text)
    if not (ours.written or ours.answers or theirs.written):
        return text
    for formula, form in _formulas(ours, theirs, computer or shared_computer()):
        text = text.replace(formula, form)
    return _figures(ours, _answers(ours, text))


@dataclass(frozen=True, slots=True)
class _Formula:
    written: str
    content: str
    """Without delimiters and without a box."""
    boxed: bool
    value: str
    """Canonical; empty where it is no plain number."""


def _read(formula: str) -> _Formula:
    plain = bare(formula)
    boxed = _BOXED.fullmatch(plain)
    content = boxed[1].strip() if boxed else plain
    return _Formula(formula, content, boxed is not None, _value(content))


def _value(content: str) -> str:
    value = value_of(content)
    return "" if value is None else canonical(value)


def _formulas(ours: Worked, theirs: Worked, computer: Computer) -> Iterator[tuple[str, str]]:
    known = [_read(formula) for formula in dict.fromkeys(ours.written)]
    figures = {value: surface for surface, value in _surfaces(Facts(ours.text))}
    left = MOST_ASKED
    for formula in dict.fromkeys(theirs.written):
        if ours.has(latex.tokens(formula)):
            continue
        mine = _read(formula)
        alike = [one for one in known if mine.value and one.value == mine.value]
        if not alike and not mine.value and left > 0:
            asked = [one for one in known if _comparable(mine.content, one.content)][:left]
            left -= len(asked)
            alike = [one for one in asked if _equal(mine.content, one.content, computer)]
        if alike:
            yield formula, max(alike, key=lambda one: one.boxed == mine.boxed).written
        elif mine.value in figures:
            yield formula, formula.replace(mine.content, figures[mine.value])


def _comparable(one: str, other: str) -> bool:
    """True if two formulas have the same symbols and as many sides, and are no inequalities."""
    if one.count("=") != other.count("=") or one.count("=") > 1:
        return False
    mine, yours = latex.tokens(one), latex.tokens(other)
    return not _NO_EXPRESSION.intersection(mine + yours) and _symbols(one) == _symbols(other)


def _symbols(formula: str) -> frozenset[str]:
    """Letters and commands, but for those that only build formulas."""
    return frozenset(_LETTERS.findall(" ".join(latex.tokens(formula)))) - _BUILDING


def _equal(one: str, other: str, computer: Computer) -> bool:
    mine, yours = one.split("="), other.split("=")
    return _same(mine, yours, computer) or (len(mine) == 2 and _same(mine[::-1], yours, computer))


def _same(mine: Sequence[str], yours: Sequence[str], computer: Computer) -> bool:
    return all(
        latex.tokens(one) == latex.tokens(other)
        or (_symbols(one) == _symbols(other) and computer.same(one, other) is True)
        for one, other in zip(mine, yours, strict=True)
    )


def _answers(ours: Worked, text: str) -> str:
    """The text with its `####` answer as the source writes its own, where the values are equal."""
    marks = _MARK.findall(ours.text)
    wanted = _value(marks[-1].strip(" .")) if marks else ""

    def known(mark: re.Match[str]) -> str:
        equal = wanted and _value(mark[1].strip(" .$")) == wanted
        return mark[0].replace(mark[1], marks[-1]) if equal else mark[0]

    return _MARK.sub(known, text) if wanted else text


def _figures(ours: Worked, text: str) -> str:
    """The text with the source's form of figures that the source has in formulas only. It marks no
    answer: where in the text one stands is judged later."""
    theirs = {one.value: one.content for one in map(_read, reversed(ours.written)) if one.value}
    have = Facts(ours.text).every_number.values
    mine = Facts(text)
    found = _surfaces(mine) if theirs else []
    changes = {one: f"${theirs[value]}$" for one, value in found if value in theirs.keys() - have}
    return replaced(mine, dict(islice(changes.items(), MOST_CHANGES)), in_calculations=True)


def _surfaces(facts: Facts) -> list[tuple[str, str]]:
    """Figures of the prose, as written, with their values; a percentage is its share of one."""
    return [
        (number.surface, canonical(float(number.value) / (100 if number.unit == "%" else 1)))
        for number in facts.numbers.facts
        if number.surface[:1].isnumeric()
        and _PLAIN.fullmatch(number.value)
        and number.unit in ("", "%")
    ]
