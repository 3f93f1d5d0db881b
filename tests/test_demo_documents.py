"""The demo corpus: its shape, and every piece of arithmetic in it computed again."""

import ast
import json
import operator
import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

from datagen.prompts import neutralise
from datagen.schemas import Kind

DOCUMENTS = Path(__file__).parents[1] / "pipelines" / "demo" / "documents.jsonl"
ROWS = [json.loads(line) for line in DOCUMENTS.read_text(encoding="utf-8").splitlines()]

NUMBER = r"\d[\d,]*(?:\.\d+)?"
PLAIN_SUM = re.compile(rf"(?:{NUMBER}|[()]|\s*[-+×/^=]\s*)*{NUMBER}")
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
CONGRUENCE = re.compile(r"((?:[\d\s^{}=]|\\times|\\equiv)*\d) ?\\pmod\{(\d+)\}")
OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def python_expression(written: str) -> str:
    """What is written in text or LaTeX, in Python's notation."""
    turned = written.strip(" .,;")
    while (fraction := re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", turned)) != turned:
        turned = fraction
    turned = re.sub(r"(?<=\d),(?=\d{3}\b)", "", turned)
    for sign, python in [
        (r"\times", "*"),
        (r"\cdot", "*"),
        (r"\div", "/"),
        ("×", "*"),
        ("^", "**"),
    ]:
        turned = turned.replace(sign, python)
    return turned.replace("{", "(").replace("}", ")").strip()


def value(written: str) -> Fraction | None:
    """The exact value of an expression of numbers, or None if it is not one."""
    try:
        return evaluated(ast.parse(python_expression(written), mode="eval").body)
    except (SyntaxError, KeyError, TypeError):
        return None


def evaluated(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(value=number):
            return Fraction(str(number))
        case ast.BinOp():
            return Fraction(OPERATIONS[type(node.op)](evaluated(node.left), evaluated(node.right)))
        case ast.UnaryOp(op=ast.USub()):
            return -evaluated(node.operand)
        case _:
            raise TypeError(ast.dump(node))


def equalities(text: str) -> Iterator[tuple[str, str]]:
    """Neighbours of an equals sign whose two sides are expressions of numbers."""
    formulas = [first or second for first, second in FORMULA.findall(text)]
    written = [part for formula in formulas for part in formula.split(r"\equiv")]
    written += [found[0] for found in PLAIN_SUM.finditer(FORMULA.sub("", text))]
    for chain in written:
        sides = chain.split("=")
        for left, right in pairwise(sides):
            if value(left) is not None and value(right) is not None:
                yield left, right


def congruences(text: str) -> Iterator[tuple[str, str, int]]:
    """Neighbours of a congruence sign, with the modulus."""
    for chain, modulus in CONGRUENCE.findall(text):
        sides = chain.split(r"\equiv")
        for left, right in pairwise(sides):
            # An equation before the sign: its last side is what is congruent. Unknowns are skipped.
            if value(last := left.split("=")[-1]) is not None:
                yield last, right, int(modulus)


def remainder(written: str, modulus: int) -> Fraction:
    number = value(written)
    assert number is not None, written
    return number % modulus


def words(row: dict[str, str]) -> int:
    return len(row["text"].split())


# Shape


def test_there_are_thirty_knowledge_and_ten_math_documents_with_ids_of_their_own() -> None:
    assert Counter(row["kind"] for row in ROWS) == {"knowledge": 30, "math": 10}
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert len({row["text"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_document_is_a_clean_row(row: dict[str, str]) -> None:
    assert list(row) == ["id", "title", "kind", "licence", "text"]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["id"])
    assert row["licence"] == "CC0-1.0"
    assert 200 <= words(row) <= 1500
    assert row["text"] == row["text"].strip()
    assert not row["text"].startswith("#")
    assert neutralise(row["text"]) == row["text"]
    assert row["text"].count("$") % 2 == 0
    assert row["text"].replace("\n", " ").isprintable()
    assert row["kind"] in get_args(Kind)


def test_the_first_documents_are_short_knowledge_then_one_short_math() -> None:
    assert [row["kind"] for row in ROWS[:9]] == ["knowledge"] * 8 + ["math"]
    assert all(words(row) <= 260 for row in ROWS[:8])
    assert words(ROWS[8]) <= 320


def test_lengths_are_spread() -> None:
    bands = Counter(sum(words(row) >= edge for edge in (320, 600, 1000)) for row in ROWS)

    assert bands == {0: 14, 1: 12, 2: 10, 3: 4}


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_document_is_dense_with_facts_to_keep(row: dict[str, str]) -> None:
    numbers = re.findall(r"\d[\d,.]*", row["text"])

    assert len(numbers) / words(row) >= 0.03


# Arithmetic


def test_every_equation_of_numbers_holds() -> None:
    wrong = [
        (row["id"], left, right)
        for row in ROWS
        for left, right in equalities(row["text"])
        if value(left) != value(right)
    ]

    assert wrong == []


def test_every_congruence_holds() -> None:
    wrong = [
        (row["id"], left, right, modulus)
        for row in ROWS
        for left, right, modulus in congruences(row["text"])
        if remainder(left, modulus) != remainder(right, modulus)
    ]

    assert wrong == []


def test_the_arithmetic_that_is_checked_is_most_of_what_is_written() -> None:
    checked = Counter(row["kind"] for row in ROWS for _ in equalities(row["text"]))

    assert checked["math"] >= 110
    assert checked["knowledge"] >= 50
    assert sum(1 for row in ROWS for _ in congruences(row["text"])) >= 9


@pytest.mark.parametrize(
    "wrong",
    [
        "$3 \\times 4 = 13$",
        r"so $\frac{6}{36} = \frac{1}{5}$.",
        "5 × 60 × 24 = 7,201 litres",
        "2 ^ 7 = 129",
    ],
)
def test_the_check_finds_a_wrong_equation(wrong: str) -> None:
    assert [value(left) == value(right) for left, right in equalities(wrong)] == [False]
