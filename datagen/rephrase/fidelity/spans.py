"""Spans that are not prose: code, formulas, links, citations; and quotations, which are.

`take` blanks the first four out of a text, keeping every offset, so that the words and numbers that
are left are prose. It does not parse Markdown or LaTeX: an unclosed span is prose.
"""

import re
from typing import NamedTuple

# Formulas: `$` opens before a non-space and closes after a non-space and before a non-digit, so
# that "$5 to $10" is money; behind a backslash it is a sign. Each repetition is bounded or stops at
# the next opener: linear.
_SPAN = re.compile(
    r"(?P<code>```[\s\S]*?```|`[^`\n]+`)"
    r"|(?P<formula>(?<!\\)\$\$[^$]+\$\$|(?<!\\)\$(?![\s$])(?:\\[\s\S]|[^$\\]){0,400}(?<![\s$])\$(?!\d)"
    r"|\\\[(?:[^\\]|\\(?![\[\]]))*\\\]|\\\((?:[^\\]|\\(?![()]))*\\\)"
    r"|\\begin\{(?P<env>equation|align|gather|multline|eqnarray)\*?\}[\s\S]{0,2000}?\\end\{(?P=env)\*?\})"
    r"|(?P<link>(?:https?://|www\.)[^\s<>\"”)\]]+|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{2,64})"
    r"|(?P<citation>\[\d{1,3}(?:\s?[,–-]\s?\d{1,3}){0,20}\])"
)
_MARKS = ("`", "$", "\\", "://", "www.", "@", "[")
_QUOTATION = re.compile(r"“([^“”]{1,1000})”|\"([^\"\n]{1,1000})\"|«([^«»]{1,1000})»")
_SPACING = re.compile(
    r"\s+|\\[,;:!> ]|\\(?:left|right|displaystyle|quad|qquad|big|Big)(?![a-zA-Z])"
)
_BRACED = re.compile(r"\{(\w)\}")
_SAME = (
    ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\leq", "\\le"), ("\\geq", "\\ge"),
    ("\\neq", "\\ne"), ("\\times", "*"), ("\\cdot", "*"), ("×", "*"), ("·", "*"), ("−", "-"),
    ("\\div", "/"), ("÷", "/"), ("&", ""), ("\\\\", ""),
)  # fmt: skip


class Spans(NamedTuple):
    """Contents of the spans, normalised, and the prose that is left."""

    prose: str
    """The text with every span blanked out; same length."""
    code: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ()
    """As `formula` writes them."""
    links: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    """Numbers between brackets."""


def take(text: str) -> Spans:
    """Part a text into prose and the spans that are not."""
    if not any(mark in text for mark in _MARKS):
        return Spans(text)
    code: list[str] = []
    formulas: list[str] = []
    links: list[str] = []
    citations: list[str] = []
    prose: list[str] = []
    end = 0
    for match in _SPAN.finditer(text):
        start = match.start()
        prose += (text[end:start], " " * (match.end() - start))
        end = match.end()
        span = match.group()
        if match.lastgroup == "code":
            code.append(span.strip("`").strip())
        elif match.lastgroup == "link":
            links.append(link(span))
        elif match.lastgroup == "citation":
            citations += re.findall(r"\d+", span)
        else:
            formulas.append(formula(span))
    prose.append(text[end:])
    return Spans("".join(prose), tuple(code), tuple(formulas), tuple(links), tuple(citations))


def formula(span: str) -> str:
    """A formula without delimiters, spacing and the spellings that render alike."""
    inner = re.sub(r"\\(?:begin|end)\{[a-z]+\*?\}|\\[\[\]()]", "", span).strip("$")
    inner = _SPACING.sub("", inner)
    for spelling, canonical in _SAME:
        inner = inner.replace(spelling, canonical)
    return _BRACED.sub(r"\1", inner).rstrip(".,;:")


def link(span: str) -> str:
    """An address without scheme, `www.` and trailing punctuation."""
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", span.lower())
    return bare.rstrip(".,;:!?'’*_/")


def quotations(text: str) -> list[str]:
    """What stands between double quotation marks."""
    if '"' not in text and "“" not in text and "«" not in text:
        return []
    return ["".join(groups) for groups in _QUOTATION.findall(text)]
