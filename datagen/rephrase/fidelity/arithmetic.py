"""Equations that can be computed: which are true, and what they derive.

A rewrite of mathematics may add steps, so a number that the source lacks is allowed as the result
of a true equation. Only numbers and + - * / ^ ( ) are computed; algebra is left to a later tier.
"""

import operator
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from datagen.rephrase.fidelity.quantities import VULGAR

_NUMBER = r"\$?\d+(?:,\d{3})*(?:\.\d+)?%?"
_SIDE = (
    rf"[-(]{{0,3}}\s?{_NUMBER}(?:\s?\){{0,3}}\s?[-+*/^]\s?[-(]{{0,3}}\s?{_NUMBER}){{0,20}}\){{0,3}}"
)
_EQUATION = re.compile(rf"(?<![\w.^=+*/]){_SIDE}(?:\s?=\s?{_SIDE})+")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[-+*/^()]")
_REWRITTEN = re.compile(r"\\(?:frac|dfrac|tfrac)\{?(-?\d+)\}?\{?(\d+)\}?")
_BARE = re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)")
_LISTED = re.compile(r",(?!\d{3}(?!\d))")
_BINARY: dict[str, tuple[int, Callable[[float, float], float]]] = {
    "+": (1, operator.add), "-": (1, operator.sub), "*": (2, operator.mul),
    "/": (2, operator.truediv), "^": (3, operator.pow),
}  # fmt: skip


class Equations(NamedTuple):
    """What the computable equations of a text say."""

    derived: frozenset[float]
    """Values of sides of true equations."""
    false: tuple[str, ...]
    """Equations whose sides differ."""


def equations(text: str) -> Equations:
    """Compute every equation between plain numbers."""
    derived: set[float] = set()
    false: list[str] = []
    for _, equation, values in _computed(_plain(text)):
        if _is_true(equation, values):
            derived.update(values)
        else:
            false.append(equation)
    return Equations(frozenset(derived), tuple(false))


def without_added(text: str, source: str) -> str:
    """The text less its true equations that the source lacks, spelled with ASCII signs; as it is
    where it has none."""
    plain, known = _plain(text), "".join(_plain(source).split())
    kept, end = [], 0
    for match, equation, values in _computed(plain):
        if _is_true(equation, values) and "".join(equation.split()) not in known:
            kept.append(plain[end : match.start()])
            end = match.end()
    return "".join([*kept, plain[end:]]) if kept else text


def value_of(formula: str) -> float | None:
    """Value of a formula of plain numbers, such as `\\frac{1}{2}` or 50%; None for others."""
    plain = _BARE.sub(r"\\frac{\1}{\2}", formula.replace("{,}", ",").replace("\\$", ""))
    plain = _REWRITTEN.sub(r"(\1/\2)", plain)
    plain = plain.replace("\\times", "*").replace("\\cdot", "*").replace("\\div", "/")
    for sign, value in VULGAR.items():
        plain = plain.replace(sign, f"({value})")
    share = plain.rstrip().endswith("%")
    if _LISTED.search(plain):
        return None
    found = _value(_ascii_signs(plain.replace("\\%", "").replace("%", "")).strip())
    return found / 100 if found is not None and share else found


def _slack(equation: str, value: float) -> float:
    """Rounded results are true: half a unit of the shortest fraction written, at most 1 in 100."""
    places = [len(part) for part in re.findall(r"\.(\d+)", equation)]
    if not places:
        return 0.006 if "/" in equation and value != int(value) else 1e-9 * max(1.0, abs(value))
    return min(0.51 * 10.0 ** -min(places), max(0.01 * abs(value), 0.006))


def _is_true(equation: str, values: list[float]) -> bool:
    return all(abs(value - values[0]) <= _slack(equation, values[0]) for value in values)


def _plain(text: str) -> str:
    plain = text if text.isascii() else _ascii_signs(text)
    if "\\" in plain:
        plain = _REWRITTEN.sub(r"(\1/\2)", plain)
        plain = plain.replace("\\times", "*").replace("\\cdot", "*").replace("\\div", "/")
    return plain


def _computed(plain: str) -> Iterator[tuple[re.Match[str], str, list[float]]]:
    for match in _EQUATION.finditer(plain):
        after = plain[match.end() : match.end() + 1]
        if after.isalpha() or after in ("\\", "{", "_"):
            continue
        equation = match.group()
        values = [_value(side) for side in equation.replace("%", "").replace("$", "").split("=")]
        if None not in values and any(mark in equation for mark in "+*/^" + "-"):
            told = [value for value in values if value is not None]
            yield match, " ".join(equation.split()), told


def _ascii_signs(text: str) -> str:
    for sign, plain in (("×", "*"), ("·", "*"), ("÷", "/"), ("−", "-"), ("–", "-")):
        text = text.replace(sign, plain)
    return text


def _value(side: str) -> float | None:
    """Value of an expression, or None if it is not one."""
    tokens = _TOKEN.findall(side.strip().rstrip(".,").replace(",", ""))
    if "".join(tokens) != re.sub(r"[\s,]", "", side).rstrip(".,") or len(tokens) > 60:
        return None
    try:
        value, end = _expression(tokens, 0, 1)
    except (ArithmeticError, IndexError, ValueError, TypeError):
        return None
    is_number = isinstance(value, float) and abs(value) < 1e15
    return value if end == len(tokens) and is_number else None


def _expression(tokens: list[str], index: int, floor: int) -> tuple[float, int]:
    """Precedence climbing from `index` over operators that bind at least as tightly as `floor`."""
    value, index = _operand(tokens, index)
    while index < len(tokens) and tokens[index] in _BINARY and _BINARY[tokens[index]][0] >= floor:
        level, apply = _BINARY[tokens[index]]
        right, index = _expression(tokens, index + 1, level + (level < 3))
        if level == 3 and abs(right) > 64:
            raise ValueError("a power too large to compute")
        value = apply(value, right)
    return value, index


def _operand(tokens: list[str], index: int) -> tuple[float, int]:
    token = tokens[index]
    if token == "-":
        value, index = _operand(tokens, index + 1)
        return -value, index
    if token == "(":
        value, index = _expression(tokens, index + 1, 1)
        if tokens[index] != ")":
            raise ValueError("an unclosed bracket")
        return value, index + 1
    return float(token), index + 1
