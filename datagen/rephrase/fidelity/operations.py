"""Operations outside formulas and code: an operator that became another between its operands.

Compared are triples, as in `x + 1`, in the order in which they are written. A triple is exchanged
only if the source has its operands with another operator and the text no longer has that triple, so
what a rewrite adds or leaves out is nothing here, nor is a comparison that is turned round. Not
read: operators between longer expressions, hyphens and slashes between words, hyphens without
blanks, steps between plain numbers in mathematics, which are computed elsewhere.
"""

import re
from collections.abc import Iterator

_SIGNS = (*"+*<>=×·÷≤≥≠^−/", " - ")
_OPERAND = r"[-−]?(?:\d\w*+(?:[.,]\d\w*+)*+|[^\W\d]\w*+)"
_TRIPLE = re.compile(
    rf"(?<![\w.,])(?P<one>{_OPERAND})(?P<close>[)\]]{{0,3}})(?P<gap>[ ]?)"
    r"(?P<sign>\*\*|<=|>=|==|!=|(?<=[ ])-(?=[ ])|(?<=\d[ ])x(?=[ ]\d)|[+−*×·/÷^<>≤≥=≠])"
    r"(?![-+*/<>=])(?P=gap)"
    rf"(?P<open>[(\[]{{0,3}})(?=(?P<other>{_OPERAND}))"
)
_SAME = {
    "÷": "/", "×": "*", "·": "*", "x": "*", "−": "-", "≤": "<=", "≥": ">=", "==": "=", "**": "^",
    "≠": "!=",
}  # fmt: skip
_TURNED = {">": "<", ">=": "<="}
_BETWEEN_WORDS = frozenset("-/")

Triple = tuple[str, str, str]


def exchanged_operations(source: str, text: str, *, steps: bool = False) -> Iterator[str]:
    """Each operation of the text, as written, that has another operator in the source.

    `steps`: the texts are mathematics, where brackets change signs and numbers are computed.
    """
    if not any(sign in text for sign in _SIGNS) or not any(sign in source for sign in _SIGNS):
        return
    theirs = {triple for triple, _ in _triples(source)}
    if not theirs:
        return
    mine = list(_triples(text))
    turned_mine = {_turned(triple) for triple, _ in mine}
    turned_theirs = {_turned(triple) for triple in theirs}
    lost = {
        (one, other): sign
        for one, sign, other in theirs
        if _turned((one, sign, other)) not in turned_mine
    }
    for triple, match in mine:
        one, sign, other = triple
        if (one, other) not in lost or _turned(triple) in turned_theirs:
            continue
        if _words(one, other) and {sign, lost[one, other]} <= _BETWEEN_WORDS:
            continue
        bracketed = text[max(0, match.start() - 1) : match.start()] == "("
        if steps and (bracketed or (one[-1].isdigit() and other[-1].isdigit())):
            continue
        yield match.group() + other


def operations(text: str) -> frozenset[Triple]:
    """All operations of a text; sums and products in one order of their operands."""
    if not any(sign in text for sign in _SIGNS):
        return frozenset()
    found = (_turned(triple) for triple, _ in _triples(text))
    return frozenset(
        (min(one, other), sign, max(one, other)) if sign in "+*" else (one, sign, other)
        for one, sign, other in found
    )


def _triples(text: str) -> Iterator[tuple[Triple, re.Match[str]]]:
    for match in _TRIPLE.finditer(text):
        sign = match["sign"]
        yield (
            (
                match["one"].replace("−", "-"),
                _SAME.get(sign, sign),
                match["other"].replace("−", "-"),
            ),
            match,
        )


def _turned(triple: Triple) -> Triple:
    """One spelling for both directions of a comparison."""
    one, sign, other = triple
    return (other, _TURNED[sign], one) if sign in _TURNED else triple


def _words(one: str, other: str) -> bool:
    return len(one) > 1 and len(other) > 1 and one.isalpha() and other.isalpha()
