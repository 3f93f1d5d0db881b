"""Figures of rows: exchanged ones are told, whatever else a faithful style does to rows is not."""

import pytest

from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions
from datagen.rephrase.fidelity.rows import exchanged

TABLE = "| Country | Share |\n|---|---|\n| Brazil | 60% |\n| Peru | 13% |\n| Colombia | 10% |"
LIST = "Shares of the forest by country:\n- Brazil: 60%\n- Peru: 13%\n- Colombia: 10%"
TABS = "Country\tShare\nBrazil\t60%\nPeru\t13%\nColombia\t10%"


@pytest.mark.parametrize("source", [TABLE, LIST, TABS])
@pytest.mark.parametrize(
    "text",
    [
        "| Country | Share |\n|---|---|\n| Brazil | 13% |\n| Peru | 60% |\n| Colombia | 10% |",
        "| Country | Share |\n|---|---|\n| Colombia | 60% |\n| Peru | 10% |\n| Brazil | 13% |",
        "Peru\t60%\nBrazil\t13%",
        "* **Peru**: 60 percent\n* **Brazil**: 13 percent",
        "1. Peru – 60%\n2. Brazil – 13%",
        "Peru (the country): 60%\nBrazil: about 13%",
    ],
)
def test_rows_that_exchanged_figures_are_named(source: str, text: str) -> None:
    found = list(exchanged(source, text))
    assert len(found) >= 2
    assert all(":" in row for row in found)


WIDE = (
    "| Mountain | Height in m | First climbed |\n|---|---|---|\n| Everest | 8849 | 1953 |\n"
    "| K2 | 8611 | 1954 |\n| Lhotse | 8516 | 1956 |"
)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (TABLE, TABLE),
        (TABLE, LIST),
        (TABLE, "Peru\t13%\nBrazil\t60%"),
        (TABLE, "| Rank | Country | Share |\n|---|---|---|\n| 1 | Brazil | 60% |\n| 2 | Peru | 13% |"),
        (TABLE, "| Country | Rank |\n|---|---|\n| Brazil | 1 |\n| Peru | 2 |\n| Colombia | 10 |"),
        (TABLE, "Brazil has 60% of the forest, Peru 13% and Colombia 10%."),
        ("Brazil has 60% of the forest, Peru 13% and Colombia 10%.", TABLE),
        (WIDE, "Everest: 1953\nK2: 1954\nLhotse: 1956"),
        (WIDE, "Everest: 8849\nEverest: 1953\nK2: 8611\nK2: 1954"),
        (WIDE, "1953: Everest\n1954: K2"),
        (WIDE, "| | Everest | K2 |\n|---|---|---|\n| Height | 8849 | 8611 |\n| Climbed | 1953 | 1954 |"),
        ("Ann: 5\nBob: 5\nCy: 7", "Bob: 5\nAnn: 5\nCy: 7"),
        ("Teacher: 5 cells.\nStudent: 7 cells.", "Student: 5 cells.\nTeacher: 7 cells."),
        ("", TABLE),
        (TABLE, ""),
        ("|\n|", "|\t|\n::\n- : 5"),
    ],
)  # fmt: skip
def test_rows_that_hold_what_is_theirs_are_fine(source: str, text: str) -> None:
    assert list(exchanged(source, text)) == []


async def test_the_gate_refuses_a_table_with_exchanged_figures() -> None:
    gate = FidelityGate(FidelityOptions(tiers=("ledger",), max_copied=1))
    spoilt = TABLE.replace("60", "x").replace("13", "60").replace("x", "13")
    told = Expectation(structured=True)

    assert (await gate.check(TABLE, LIST, expectation=told)).faithful
    finding = await gate.check(TABLE, spoilt, expectation=told)

    assert (finding.faithful, finding.reason) == (False, "exchanged_figure")
    assert finding.detail == "Brazil: 13%"
