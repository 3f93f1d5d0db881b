"""Changes of meaning in mathematics and code: formulas, results, steps, programs.

A formula is altered by a number, a sign or a relation in it; a program so that its syntax tree
differs. Whether an altered step still leads to the right answer doesn't matter: it says what the
source does not.
"""

import ast
import re

from benchmarks.corruptions.corruptions import Corruption
from benchmarks.corruptions.material import Material, lines

_FORMULA = re.compile(
    r"(?<!\\)\$([^$]{3,200})(?<!\\)\$|\\\[(.{3,200}?)\\\]|\\\((.{3,200}?)\\\)", re.S
)
_ALTERED = (
    (r"\\leq?\b", r"\\ge "), (r"\\geq?\b", r"\\le "), (r"<", ">"), (r">", "<"),
    (r"(?<=[\w)}] )\+(?= [\w(\\])", "-"), (r"(?<=[\w)}] )-(?= [\w(\\])", "+"),
    (r"(?<=[\w)}])\+(?=[\w(\\])", "-"), (r"\\sin\b", r"\\cos"), (r"\\cos\b", r"\\sin"),
    (r"\\cup\b", r"\\cap"), (r"\\cap\b", r"\\cup"), (r"\\forall\b", r"\\exists"),
)  # fmt: skip
_PLAIN_EQUATION = re.compile(
    r"(?<![\w.])\$?\d[\d,.]*(?: ?[-+*/x×] ?\$?\d[\d,.]*)+ ?= ?\$?(\d[\d,]*(?:\.\d+)?)"
)


def _join(draft: list[str]) -> str:
    return "\n".join(draft)


def _put(text: str, start: int, end: int, new: str) -> list[str]:
    return lines(text[:start] + new + text[end:])


def _other_number(raw: str, material: Material) -> str:
    """Another number with as many digits, never by spelling alone."""
    digits = raw.replace(",", "")
    while True:
        made = "".join(material.rng.choice("123456789") if d.isdigit() else d for d in digits)
        if float(made) != float(digits):
            return made


def formula_altered(draft: list[str], material: Material) -> list[str] | None:
    """A number, sign, relation or function inside a formula becomes another."""
    text = _join(draft)
    found = list(_FORMULA.finditer(text))
    material.rng.shuffle(found)
    for match in found:
        inner = next(group for group in match.groups() if group is not None)
        if len(re.findall(r"(?<![\\a-z])[a-z]{3,}", inner)) > 3:
            continue  # prose between two amounts of money
        made = _altered(inner, material)
        if made and "".join(made.split()) not in "".join(material.source.split()):
            start = match.start() + match.group().index(inner)
            return _put(text, start, start + len(inner), made)
    return None


def _altered(inner: str, material: Material) -> str | None:
    choices = [
        inner[: match.start()] + match.expand(new) + inner[match.end() :]
        for pattern, new in _ALTERED
        for match in re.finditer(pattern, inner)
        if not re.search(r"\b0\b", inner)
    ]
    choices += [
        inner[: match.start()] + _other_number(match.group(), material) + inner[match.end() :]
        for match in re.finditer(r"(?<![\w.\\])[1-9]\d*(?![\w.])", inner)
        if not re.search(
            r"(?:\\cdot|\*) ?0|\b0 ?(?:\\cdot|\*)|\\(?:text|begin|end|hspace|vspace|label|ref)",
            inner,
        )
    ]
    return material.rng.choice(choices) if choices else None


def answer_altered(draft: list[str], material: Material) -> list[str] | None:
    """The marked final answer becomes another number."""
    text = _join(draft)
    found = list(
        re.finditer(
            r"####\s*-?\$?(\d[\d,]*(?:\.\d+)?)|\\boxed\{[^{}]{0,20}?(\d+)[^{}]{0,20}\}", text
        )
    )
    if not found:
        return None
    group = 1 if found[-1][1] else 2
    start, end = found[-1].span(group)
    return _put(text, start, end, _other_number(text[start:end].rstrip(","), material))


def step_altered(draft: list[str], material: Material) -> list[str] | None:
    """The result of one line of arithmetic becomes another number; the final answer stays."""
    text = _join(draft)
    found = list(_PLAIN_EQUATION.finditer(text))
    if not found:
        return None
    start, end = material.rng.choice(found).span(1)
    return _put(text, start, end, _other_number(text[start:end].rstrip(","), material))


def step_dropped(draft: list[str], material: Material) -> list[str] | None:
    """A line that computes what no other line says goes."""
    lines = _join(draft).split("\n")
    sites = [
        index
        for index, line in enumerate(lines)
        if (match := _PLAIN_EQUATION.search(line)) and _only_here(match.group(), index, lines)
    ]
    if len(lines) < 3 or not sites:
        return None
    index = material.rng.choice(sites)
    return [*lines[:index], *lines[index + 1 :]]


def _only_here(equation: str, index: int, lines: list[str]) -> bool:
    rest = "".join("".join(lines[:index] + lines[index + 1 :]).split())
    return "".join(equation.split()) not in rest


_CODE = re.compile(r"```python\n(.*?)```", re.S)


class _Sites(ast.NodeVisitor):
    """Places of a program that can be changed: start, end, what to put there."""

    def __init__(self, lines: list[str], material: Material) -> None:
        self.lines, self.material = lines, material
        self.found: list[tuple[int, int, int, str]] = []

    def visit_Constant(self, node: ast.Constant) -> None:
        if type(node.value) is int and node.lineno == node.end_lineno:
            self._add(node, str(node.value + self.material.rng.choice([1, 2, 3])))
        elif type(node.value) is bool:
            self._add(node, str(not node.value))

    def visit_Compare(self, node: ast.Compare) -> None:
        flips = {
            ast.Lt: ">=",
            ast.Gt: "<=",
            ast.LtE: ">",
            ast.GtE: "<",
            ast.Eq: "!=",
            ast.NotEq: "==",
        }
        new = flips.get(type(node.ops[0]))
        one, other = node.left, node.comparators[0]
        if (
            new
            and len(node.ops) == 1
            and one.end_lineno == other.lineno
            and one.end_col_offset is not None
        ):
            between = self.lines[other.lineno - 1].encode()[one.end_col_offset : other.col_offset]
            if b"(" not in between and b")" not in between:
                self.found.append((other.lineno, one.end_col_offset, other.col_offset, f" {new} "))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not) and node.lineno == node.operand.lineno:
            self.found.append((node.lineno, node.col_offset, node.operand.col_offset, ""))
        self.generic_visit(node)

    def _add(self, node: ast.expr, new: str) -> None:
        if node.end_col_offset is not None:
            self.found.append((node.lineno, node.col_offset, node.end_col_offset, new))


def code_altered(draft: list[str], material: Material) -> list[str] | None:
    """A constant, a comparison or a `not` of a Python block changes; its syntax tree with it."""
    text = _join(draft)
    match = _CODE.search(text)
    if not match:
        return None
    code = match[1]
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    lines = code.split("\n")
    sites = _Sites(lines, material)
    sites.visit(tree)
    material.rng.shuffle(sites.found)
    for row, start, end, new in sites.found:
        raw = lines[row - 1].encode()
        changed = [*lines]
        changed[row - 1] = (raw[:start] + new.encode() + raw[end:]).decode()
        made = "\n".join(changed)
        if _differs(tree, made):
            return _put(text, match.start(1), match.end(1), made)
    return None


def _differs(tree: ast.AST, code: str) -> bool:
    try:
        return ast.dump(ast.parse(code)) != ast.dump(tree)
    except SyntaxError:
        return False


WORKED: dict[str, Corruption] = {
    rule.__name__: rule
    for rule in (formula_altered, answer_altered, step_altered, step_dropped, code_altered)
}
