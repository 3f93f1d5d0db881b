"""Does a rewrite of mathematics keep its formulas, code and answers, and is what it adds true?

A rewrite that explains adds steps. So the rule is: everything kept, and every added equation
follows from those before it (arithmetic, identities, rearrangements, values of defined functions,
solutions). An equation that can't be shown to follow is refused as `unproven_equation`: a rewriter
is asked again, a reader could not. A translation adds nothing, so its formulas are the source's.
Not covered: algebra outside formula delimiters, inequalities, what words say about formulas.
"""

import ast
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from datagen.rephrase.fidelity import latex
from datagen.rephrase.fidelity.arithmetic import equations
from datagen.rephrase.fidelity.computing import Computer, Sides
from datagen.rephrase.fidelity.latex import Tokens
from datagen.rephrase.fidelity.translation import number_fault
from datagen.schemas import MathReason

_ROW = re.compile(r"\\\\(?:\[[^\]\n]{0,20}\])?")
_FENCED = re.compile(r"```[^\n`]*\n(?P<fenced>[\s\S]*?)```|`(?P<inline>[^`\n]+)`")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_MARKED = re.compile(
    r"####[ \t]*(?P<hashes>[^\n]{1,80})"
    r"|(?:故?答案(?:为|是|：|:)[：:]?|\b[Aa]nswer(?:\*\*)?(?: is|:)(?:\*\*)?)\s*"
    r"(?P<said>\$\$?[^$\n]{1,200}\$|-?[$€£]?\d[\d,]*(?:\.\d+)?|\(?[A-E]\)?(?![\w]))"
)
_LAST_ANSWER_SHARE = 0.5
"""An answer that ends the source stands in this last part of a rewrite that marks none: a middle
step may have the same value. Own choice."""
_MIXED = re.compile(r"(\d)\s?\\[dt]?frac(?![a-z])")
_ENDS = 120
"""Characters after an answer that still end the source."""


@dataclass(frozen=True, slots=True)
class MathFinding:
    """What was found out about the mathematics of a rewrite."""

    reason: MathReason | None = None
    detail: str = ""
    """The formula, answer or figure that decided; at most 200 characters."""
    answer_kept: bool | None = None
    """None where the source marks no final answer."""
    formulas_kept: float = 1.0
    """Share of the source's distinct formulas that the text has; 1 where it has none."""
    added: int = 0
    """Equations of the text that the source does not have."""
    proven: int = 0
    """Those of them that follow."""


class Worked:
    """A text's formulas, code and final answers, read once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.written = latex.formulas(text)
        self.rows = [row for formula in self.written for row in _rows(formula)]

    @cached_property
    def formulas(self) -> dict[Tokens, str]:
        """Distinct rows of formulas, as written."""
        read = {latex.tokens(row): row for row in reversed(self.rows)}
        read.pop((), None)
        return dict(reversed(read.items()))

    @cached_property
    def prose(self) -> Tokens:
        return latex.tokens(latex.outside(self.text), prose=True)

    @cached_property
    def code(self) -> list[str]:
        return [(found["fenced"] or found["inline"]) for found in _FENCED.finditer(self.text)]

    @cached_property
    def answers(self) -> list[tuple[str, int]]:
        """Marked final answers and where they end."""
        found = [(answer, end) for answer, end in _boxed(self.text)]
        for mark in _MARKED.finditer(self.text):
            answer = (mark["hashes"] or mark["said"]).strip()
            if "\\boxed" not in answer:
                found.append((answer.strip("*.,;:。 "), mark.end()))
        return sorted(found, key=lambda answer: answer[1])

    def has(self, formula: Tokens) -> bool:
        """True if the formula, or each link of its chain, stands somewhere in the text."""
        if self._holds(formula):
            return True
        links = _links(formula)
        return len(links) > 1 and all(
            any(self._holds(spelling) for spelling in link) for link in links
        )

    def _holds(self, formula: Tokens) -> bool:
        if any(latex.stands_in(formula, other) for other in self.formulas):
            return True
        return latex.stands_in(_as_prose(formula), self.prose)


def judge_math(
    source: str, text: str, *, translated: bool, computer: Computer | None = None
) -> MathFinding:
    """Judge the mathematics of a rewrite; the first fault by cost decides.

    Blocks while equations are computed, a few milliseconds each and bounded by the computer's
    limits: call it from a thread where a loop has to go on. `computer` is the process's own unless
    given.
    """
    ours, theirs = read_source(source), Worked(text)
    asked = computer or shared_computer()
    fault = _bad_latex(ours, theirs) or _lost_code(ours, theirs)
    if fault is None and translated:
        fault = number_fault(source, text)
    kept, lost = _formulas_kept(ours, theirs, None if translated else asked)
    finding = MathFinding(formulas_kept=kept)
    if fault is None and lost:
        fault = "lost_formula", lost[0]
    added = _added(ours, theirs)
    if fault is None and translated and added:
        fault = "invented_formula", added[0]
    if fault is None:
        finding, fault = _computed(ours, theirs, added, kept, asked)
    answer_kept = _answer_kept(ours, theirs, asked) if fault is None and ours.answers else None
    if answer_kept is False:
        fault = "lost_answer", ours.answers[-1][0]
    reason, detail = fault if fault is not None else (None, "")
    return MathFinding(reason, detail[:200], answer_kept, kept, finding.added, finding.proven)


Fault = tuple[MathReason, str]


@lru_cache(maxsize=256)
def read_source(source: str) -> Worked:
    """A source's mathematics; the last ones stay read."""
    return Worked(source)


@lru_cache(maxsize=1)
def shared_computer() -> Computer:
    """The process's own."""
    return Computer()


def _rows(formula: str) -> Iterator[str]:
    """The lines of a display; one that begins with a relation goes on with the one before."""
    if "\\\\" not in formula or re.search(r"\\begin\{(?!align|gather|eqn|split|multl)", formula):
        yield formula
        return
    held = ""
    inner = re.sub(
        r"\\(?:begin|end)\{[a-z]+\*?\}(?:\{[^{}]*\})?|^\\\[|\\\]$|^\$\$|\$\$$", "", formula
    )
    for row in _ROW.split(inner):
        read = latex.tokens(row)
        if held and read and read[0] not in latex.RELATIONS:
            yield held
            held = ""
        held += f" {row}"
    if held.strip():
        yield held


def _boxed(text: str) -> Iterator[tuple[str, int]]:
    for mark in _BOXED.finditer(text):
        depth, end = 1, mark.end()
        while depth and end < min(len(text), mark.end() + 500):
            depth += (text[end] == "{") - (text[end] == "}")
            end += 1
        if not depth:
            yield text[mark.end() : end - 1], end


def _links(formula: Tokens) -> list[tuple[Tokens, ...]]:
    """For each relation of a chain the ways to write it: with the side before, or the first."""
    parts: list[list[str]] = [[]]
    relations: list[str] = []
    depth = 0
    for token in formula:
        depth += (token in ("{", "(", "[")) - (token in ("}", ")", "]"))
        if depth <= 0 and token in latex.RELATIONS:
            relations.append(token)
            parts.append([])
        else:
            parts[-1].append(token)
    return [
        ((*parts[at], sign, *parts[at + 1]), (*parts[0], sign, *parts[at + 1]))
        for at, sign in enumerate(relations)
    ]


def _as_prose(formula: Tokens) -> Tokens:
    """The formula's tokens with runs of letters joined, as a reader of prose would see them."""
    joined: list[str] = []
    for token in formula:
        if joined and len(token) == 1 and token.isalpha() and joined[-1].isalpha():
            joined[-1] += token
        else:
            joined.append(token)
    return tuple(joined)


def _bad_latex(ours: Worked, theirs: Worked) -> Fault | None:
    known = latex.commands(ours.text)
    for formula in theirs.written:
        if formula not in ours.text and (problem := latex.fault(formula, known)):
            return "bad_latex", f"{problem}: {formula}"
    if latex.unclosed(theirs.text) and not latex.unclosed(ours.text):
        return "bad_latex", "a formula is opened and not closed"
    return None


def _lost_code(ours: Worked, theirs: Worked) -> Fault | None:
    if not ours.code:
        return None
    have = {_code(code) for code in theirs.code}
    for code in ours.code:
        if _code(code) not in have and code not in theirs.text:
            return "lost_code", code
    return None


def _code(code: str) -> str:
    """Code by what it means where it is Python, else by its lines."""
    plain = textwrap.dedent(code).strip()
    try:
        return ast.dump(ast.parse(plain)) if len(plain) < 20_000 else plain
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "\n".join(line.rstrip() for line in plain.splitlines())


def _formulas_kept(
    ours: Worked, theirs: Worked, computer: Computer | None
) -> tuple[float, list[str]]:
    """Share of the formulas kept, and those whose loss matters, as written.

    Without a computer (a translation) every loss matters and nothing is rewritten; else a lone
    symbol may be said in words, and an equal equation or expression may stand for another.
    """
    lost = {read: row for read, row in ours.formulas.items() if not theirs.has(read)}
    if computer is not None and lost:
        new = [read for read in theirs.formulas if not ours.has(read)]
        lost = {
            read: row for read, row in lost.items() if not _equal_stands(row, new, theirs, computer)
        }
    share = 1.0 - len(lost) / len(ours.formulas) if ours.formulas else 1.0
    matters = [row for read, row in lost.items() if computer is None or latex.is_compound(read)]
    return share, matters


_MOST_CANDIDATES = 4


def _equal_stands(row: str, new: Sequence[Tokens], theirs: Worked, computer: Computer) -> bool:
    wanted = set(latex.tokens(row))
    nearest = sorted(new, key=lambda other: -len(wanted.intersection(other)))[:_MOST_CANDIDATES]
    written = [theirs.formulas[read] for read in nearest]
    pairs = _pairs(row)
    if pairs:
        known = [pair for other in written for pair in _pairs(other)]
        verdicts = computer.steps(known, pairs) if known else ["unknown"]
        return all(verdict == "true" for verdict in verdicts) and not _only_identities(pairs)
    candidates = [side for other in written for side in _sides(other)][: 2 * _MOST_CANDIDATES]
    return any(computer.same(bare(row), side) is True for side in candidates)


def _only_identities(pairs: Sequence[Sides]) -> bool:
    """True if the equations hold numbers alone: they follow from anything, and keep nothing."""
    return all(not re.search(r"(?<!\\)\b[a-zA-Z]", f"{left} {right}") for left, right in pairs)


def _added(ours: Worked, theirs: Worked) -> list[str]:
    """Rows with a relation or operator that the source lacks, as written."""
    return [
        row
        for read, row in theirs.formulas.items()
        if latex.is_compound(read) and not ours.has(read)
    ]


def _computed(
    ours: Worked, theirs: Worked, added: Sequence[str], kept: float, computer: Computer
) -> tuple[MathFinding, Fault | None]:
    """Whether what was added follows; plain arithmetic first, it needs no process."""
    squashed = "".join(ours.text.split())
    # 668\frac13 is a number: what stands before such a fraction is no side of its own.
    for equation in equations(_MIXED.sub(r"\1\\mixed", theirs.text)).false:
        if "".join(equation.split()) not in squashed:
            return MathFinding(formulas_kept=kept), ("false_equation", equation)
    known = [pair for row in ours.formulas.values() for pair in _pairs(row)]
    asked = [pair for row in added for pair in _pairs(row)]
    verdicts = computer.steps(known, asked) if asked else []
    finding = MathFinding(
        formulas_kept=kept, added=len(asked), proven=sum(one == "true" for one in verdicts)
    )
    for verdict, (left, right) in zip(verdicts, asked, strict=True):
        if verdict == "false":
            return finding, ("false_equation", f"{left} = {right}")
    for verdict, (left, right) in zip(verdicts, asked, strict=True):
        if verdict == "unknown":
            return finding, ("unproven_equation", f"{left} = {right}")
    return finding, None


_EQUALS = re.compile(r"(?<![<>!:=\\])(?<!\\not)(?<!\\not )=(?!=)|\\approx(?![a-zA-Z])|≈")
_OTHER_RELATION = re.compile(
    r"\\(?:Rightarrow|implies|Leftrightarrow|iff|to|quad|qquad|text\{ ?(?:and|or|so) ?\})"
    r"(?![a-zA-Z])"
)


def bare(row: str) -> str:
    """A row without delimiters and closing punctuation."""
    inner = re.sub(r"^\s*(?:\$\$?|\\[\[(])|(?:\$\$?|\\[\])])\s*$", "", row.strip())
    inner = re.sub(r"\\(?:begin|end)\{[a-z]+\*?\}", "", inner)
    return inner.strip().rstrip(".,;:。，； ")


def _pairs(row: str) -> list[Sides]:
    """The equations of a row: a = b = c is a = b and b = c."""
    found: list[Sides] = []
    for statement in _statements(bare(row)):
        parts = [part.strip() for part in _EQUALS.split(statement)]
        found += [(a, b) for a, b in pairwise(parts) if a and b]
    return found


def _sides(row: str) -> list[str]:
    return [
        part.strip()
        for statement in _statements(bare(row))
        for part in _EQUALS.split(statement)
        if part.strip()
    ]


def _statements(bare: str) -> Iterator[str]:
    """A row cut at arrows, and at commas that no bracket holds and no thousands have."""
    for part in _OTHER_RELATION.split(bare):
        depth, start = 0, 0
        for at, char in enumerate(part):
            depth += (char in "{([") - (char in "})]")
            if char in ",;，" and depth <= 0 and not part[at + 1 : at + 4].isdigit():
                yield part[start:at]
                start = at + 1
        yield part[start:]


def _answer_kept(ours: Worked, theirs: Worked, computer: Computer) -> bool:
    """Each marked answer of the source is the text's, and each that the text marks the source's."""
    wanted = list(dict.fromkeys(answer for answer, _ in ours.answers))
    given = list(dict.fromkeys(answer for answer, _ in theirs.answers))
    if given:
        return all(any(_same(one, other, computer) for other in given) for one in wanted) and all(
            any(_same(other, one, computer) for other in wanted) for one in given
        )
    last, end = ours.answers[-1]
    ends = len(ours.text) - end < _ENDS
    tail = theirs.text[int(len(theirs.text) * (1 - _LAST_ANSWER_SHARE)) :] if ends else ""
    return all(_stands(one, theirs.text) for one in wanted) and (not ends or _stands(last, tail))


def _same(one: str, other: str, computer: Computer) -> bool:
    mine, yours = latex.tokens(one), latex.tokens(other)
    return mine == yours or computer.same(bare(one), bare(other)) is True


def _stands(answer: str, text: str) -> bool:
    """True if an answer stands in a text, as a formula or as a number."""
    read = tuple(token for token in latex.tokens(answer) if token not in ("$", "%"))
    if Worked(text).has(read):
        return True
    plain = re.sub(r"[$,%\s]", "", answer)
    numbers = re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))
    return bool(re.fullmatch(r"-?\d+(?:\.\d+)?", plain)) and any(
        float(number) == abs(float(plain)) for number in numbers
    )
