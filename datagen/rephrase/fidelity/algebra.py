"""The process that computes: are two answers equal, does an equation follow from those before it?

Run as a script by `computing`, one JSON line in, one out, so that its main thread may use signals
(math-verify's time-outs need them) and its parent may end it. It imports nothing of this package:
the import of math-verify and sympy is its whole start. An identity is tested at random points, not
simplified: fast, and wrong with a probability that nobody meets. Not covered: inequalities beyond
numbers, geometry, quantifiers; their answer is "unknown".
"""

import json
import random
import re
import resource
import signal
import sys
from typing import Any

MEMORY = 4 << 30
"""Bytes of address space: ten times what math-verify's imports map."""
START_S = 60.0
POINTS = 4
NEAR = 1e-8
MOST_KNOWN = 6
"""Equations solved together: textbook systems have two or three."""
LONGEST = 400
"""Characters of an expression that is read; the parser takes about 0.1 ms for each."""

_APART = re.compile(r"(?<![\\a-zA-Z])([a-zA-Z0-9]|(?<=\})) +(?=[a-zA-Z](?![a-zA-Z]))")
"""The space in "b h", which the parser reads as a unit."""
_SPACING = re.compile(r"\\(?:[,;:! ]|left|right|displaystyle|quad|qquad|big|Big)(?![a-zA-Z])|[~&]")
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mbox|operatorname)\s*\{\s*~?([^{}]{0,60})\}")
_BARE_FRACTION = re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)|\\[dt]frac")
_BARE_ABOVE = re.compile(r"\\frac\s*(\d)(?=\s*\{)")
_BARE_BELOW = re.compile(r"(\\frac\{[^{}]*\})\s*(\d)")
_BARE_ROOT = re.compile(r"\\sqrt\s*(\d)")
_THOUSANDS = re.compile(r"(?<![\d.])(\d{1,3}(?:\{?,\}?\d{3})+)(?![\d])")
_DECIMALS = re.compile(r"\.(\d+)")


class OutOfTime(Exception):
    """The step took longer than it may."""


def main() -> None:
    """Answer requests until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _ring)
    # The slow part: imports and grammars, before the first answer's time is counted.
    same("\\frac{1}{2}", "0.5", START_S)
    steps([["2x", "8"]], [["x", "4"]], START_S)

    sys.stdout.write('"ready"\n')
    sys.stdout.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        answer: Any
        if asked["ask"] == "same":
            answer = same(asked["gold"], asked["answer"], asked["seconds"])
        else:
            answer = steps(asked["known"], asked["steps"], asked["seconds"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _ring(_signal: int, _frame: Any) -> None:
    raise OutOfTime


def same(gold: str, answer: str, seconds: float) -> bool | None:
    """Whether two answers are equal; None where either cannot be read in time."""
    from math_verify import parse, verify

    whole = max(1, round(seconds))
    try:
        ours, theirs = (
            parse(f"${_plain(side)}$", parsing_timeout=whole) for side in (gold, answer)
        )
        if not ours or not theirs:
            return None
        return bool(verify(ours, theirs, timeout_seconds=whole))
    except (Exception, OutOfTime):
        # The parsers raise whatever they like on text that is no formula.
        return None


def steps(known: list[list[str]], asked: list[list[str]], seconds: float) -> list[str]:
    """`true`, `false` or `unknown` for each equation [left, right], given those before it."""
    rules: list[Any] = []
    for left, right in known:
        rules += [pair] if (pair := _limited(_pair, seconds, left, right)) else []
    verdicts = []
    for left, right in asked:
        pair = _limited(_pair, seconds, left, right)
        verdict = "unknown"
        if pair is not None:
            slack = _slack(left + " " + right)
            verdict = _limited(_follows, seconds, pair, rules, slack) or "unknown"
            if verdict == "true":
                rules.append(pair)
        verdicts.append(verdict)
    return verdicts


def _limited(work: Any, seconds: float, *arguments: Any) -> Any:
    """What the work gives, or None where it fails or takes too long."""
    # Processor time: a busy machine changes no verdict.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return work(*arguments)
    except (Exception, OutOfTime):
        # sympy raises its own and Python's errors alike on what it was not made for.
        return None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _plain(latex: str) -> str:
    """LaTeX in the spelling that the parser reads."""
    latex = _SPACING.sub(" ", latex[:LONGEST])
    latex = _THOUSANDS.sub(lambda number: re.sub(r"[{},]", "", number[1]), latex)
    latex = _BARE_FRACTION.sub(
        lambda found: rf"\frac{{{found[1]}}}{{{found[2]}}}" if found[1] else r"\frac", latex
    )
    latex = _BARE_ROOT.sub(r"\\sqrt{\1}", _BARE_BELOW.sub(r"\1{\2}", latex))
    latex = _BARE_ABOVE.sub(r"\\frac{\1}", latex)
    latex = _TEXT.sub(lambda found: found[1] if len(found[1]) == 1 else " ", latex)
    latex = _APART.sub(r"\1", latex)
    return latex.replace("\\$", "").replace("leqslant", "leq").replace("geqslant", "geq").strip()


def _pair(left: str, right: str) -> Any:
    """(left, right) as sympy expressions."""
    import sympy
    from latex2sympy2_extended import latex2sympy

    sides = [latex2sympy(_plain(side)) for side in (left, right)]
    if not all(isinstance(side, sympy.Expr) for side in sides):
        raise ValueError("not an expression")
    return sides


def _slack(equation: str) -> float:
    """Rounded results are true: half a unit of the shortest fraction written."""
    places = [len(part) for part in _DECIMALS.findall(equation)]
    return 0.51 * 10.0 ** -min(places) if places else 0.0


def _follows(pair: Any, rules: list[Any], slack: float) -> str:
    left, right = (_applied(side, rules) for side in pair)
    difference = left - right
    if not difference.free_symbols:
        return _number_is_zero(difference, slack)
    if _vanishes(difference):
        return "true"
    from sympy.core.function import AppliedUndef

    every = [one - other for one, other in rules]
    # A function that nothing defines has no value at a point.
    rest = [rule for rule in every if not rule.atoms(AppliedUndef)]
    if any(_multiple(difference, other) for other in rest):
        return "true"
    return _among_solutions(difference, rest, slack)


def _applied(side: Any, rules: list[Any]) -> Any:
    """A side with the functions that earlier equations define written out: f(3) of f(x) = …"""
    from sympy.core.function import AppliedUndef

    for called in side.atoms(AppliedUndef):
        for head, body in rules:
            if isinstance(head, AppliedUndef) and head.func.__name__ == called.func.__name__:
                values = dict(zip(head.args, called.args, strict=False))
                if all(argument.is_Symbol for argument in head.args):
                    side = side.subs(called, body.subs(values))
                    break
    return side


def _number_is_zero(difference: Any, slack: float) -> str:
    value = complex(difference.evalf(20, maxn=200))
    return "true" if abs(value) <= max(NEAR, slack) else "false"


def _points(symbols: Any) -> Any:
    chance = random.Random(5)
    for _ in range(POINTS):
        yield {symbol: chance.uniform(0.3, 1.7) for symbol in symbols}


def _vanishes(expression: Any) -> bool:
    symbols = sorted(expression.free_symbols, key=str)
    return all(abs(complex(expression.subs(point).evalf())) < NEAR for point in _points(symbols))


def _multiple(one: Any, other: Any) -> bool:
    """True if two differences are a constant apart as factors: the equations are the same."""
    symbols = sorted(one.free_symbols | other.free_symbols, key=str)
    if not symbols or one.free_symbols != other.free_symbols:
        return False
    ratios = []
    for point in _points(symbols):
        below = complex(other.subs(point).evalf())
        if abs(below) < NEAR:
            return False
        ratios.append(complex(one.subs(point).evalf()) / below)
    first = ratios[0]
    return abs(first) > NEAR and all(abs(r - first) < NEAR * max(1, abs(first)) for r in ratios)


def _among_solutions(difference: Any, rules: list[Any], slack: float) -> str:
    """Whether a solution of the earlier equations satisfies this one."""
    import sympy

    near = [rule for rule in rules if rule.free_symbols & difference.free_symbols][-MOST_KNOWN:]
    while near:
        symbols = sorted(set().union(*(rule.free_symbols for rule in near)), key=str)
        found = sympy.solve(near, symbols, dict=True)
        left = [difference.subs(solution) for solution in found]
        if any(_is_zero(value, slack) for value in left):
            return "true"
        if left and all(not value.free_symbols for value in left):
            return "false"
        near = near[:-1] if not found else []
    return "unknown"


def _is_zero(value: Any, slack: float) -> bool:
    if value.free_symbols:
        return _vanishes(value)
    return abs(complex(value.evalf())) <= max(NEAR, slack)


if __name__ == "__main__":
    main()
