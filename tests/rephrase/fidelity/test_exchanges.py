"""Words, operators and letters that changed places with others: what is seen, what is no change."""

import time

import pytest

from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions, Finding
from datagen.rephrase.fidelity.operations import operations

GATE = FidelityGate(FidelityOptions(tiers=("ledger",), max_copied=1))
AROUND = (
    "The old bridge stands near the harbour. Its stones were cut by hand. Fishermen gather there at "
    "dawn. The town keeps it in good repair. "
)


def entered(source: str, text: str, context: str = "", **told: object) -> Finding:
    expectation = Expectation(**told)  # type: ignore[arg-type]
    return GATE.check_cheap(
        AROUND + source, AROUND + text, context=context, expectation=expectation
    )


SPOILT = [
    ("48/2 = 24 clips", "48/3 = 16 clips"),
    ("48/2 = 24 clips", "48 / 3 = 24 clips"),
    ("2/3 of them", "1/3 of them"),
    ("Louis XIV ruled.", "Louis XV ruled."),
    ("Louis XIV ruled France.", "France was ruled by Louis XV."),
    ("The war was World War II then.", "The war was World War I then."),
    ("The war was the Second World War then.", "The war was World War I then."),
    ("It was the second king of the land.", "It was the third king of the land."),
    ("He finished 3rd place in the race.", "He finished 5th place in the race."),
    ("He came in second place there.", "He came in first place there."),
    ("He visited it twice.", "He visited it thrice."),
    ("The price doubled over the time.", "The price tripled over the time."),
    ("The price doubled over the time.", "The price quadrupled over the time."),
    ("The price doubled over the time.", "The price halved over the time."),
    ("It is paid monthly by them.", "It is paid weekly by them."),
    ("It opens at 9 am there.", "It opens at 9 pm there."),
    ("It opens at 9:30 a.m. there.", "It opens at 9:30 p.m. there."),
    ("It fell in 300 BC there.", "It fell in AD 300 there."),
    ("It fell in 300 BCE there.", "It fell in 300 CE there."),
    ("There are 10⁶ cells.", "There are 10⁹ cells."),
    ("There are 3e6 cells.", "There are 3e9 cells."),
    ("There are 10^6 cells.", "There are 10^9 cells."),
    ("They need vitamin D daily.", "They need vitamin C daily."),
    ("Those in group A won.", "Those in group B won."),
    ("Choose option (A) there.", "Choose option (C) there."),
    ("He visited it once a week.", "He visited it twice a week."),
    ("It takes x + 1 here.", "It takes x - 1 here."),
    ("It holds if a > b here.", "It holds if a < b here."),
    ("It is (a + b) / c here.", "It is (a - b) / c here."),
    ("We know that V = I * R here.", "We know that V = I / R here."),
    ("It was found (p < 0.05).", "It was found (p > 0.05)."),
    ("It is a^2 + b^2 here.", "It is a^2 - b^2 here."),
    ("It is a² + b² here.", "It is a² − b² here."),
    ("total = price + tax", "total = price - tax"),
    ("return x == y", "return x != y"),
    ("It says Москва there.", "It says Киев there."),
    ("It says القاهرة there.", "It says بغداد there."),
    ("It says Crowe there.", "It says Crоwe there."),
    ("It has group B and group C.", "It has group D and group C."),
    ("Types A and B are rare.", "Types A and C are rare."),
    ("He takes hepatitis B shots.", "He takes hepatitis C shots."),
    ("It fell in the 5th century BC there.", "There it fell in the fifth century AD."),
]  # fmt: skip


@pytest.mark.parametrize(("source", "text"), SPOILT)
def test_what_stands_in_the_place_of_another_is_new(source: str, text: str) -> None:
    finding = entered(source, text)
    assert (finding.faithful, bool(finding.invented)) == (False, True)


SPOILT += [
    ("Those in group B won.", "Those in group A won."),
    ("It was under Charles II.", "It was under Charles I."),
]
FAITHFUL = [
    ("48/2 = 24 clips", "48 / 2 = 24 clips"),
    ("48/2 = 24 clips", "48 ÷ 2 = 24 clips"),
    ("48/2 = 24 clips", "48 divided by 2 is 24 clips"),
    ("48 / 2 = 24 clips", "48/2 = 24 clips"),
    ("48 / 2 clips", "48/2 clips"),
    ("48/2 clips", "48 ÷ 2 clips"),
    ("48 ÷ 2 clips", "48/2 clips"),
    ("3/4 = 0.75 clips", "3 ÷ 4 = 0.75 clips"),
    ("3 / 4 clips", "3/4 clips"),
    ("3/4 clips", "3 / 4 clips"),
    ("2/3 of them", "two thirds of them"),
    ("It was the Second World War then.", "It was World War II then."),
    ("It was World War II then.", "It was the Second World War then."),
    ("The price doubled over the time.", "The price became twice as high over the time."),
    ("It is paid monthly by them.", "It is paid every month by them."),
    ("It is paid every month by them.", "It is paid monthly by them."),
    ("It is paid annually by them.", "It is paid yearly by them."),
    ("It lasted one second there.", "It lasted 1 second there."),
    ("It opens at 9 am there.", "It opens at 9 a.m. there."),
    ("It fell in 300 BC there.", "It fell in 300 BCE there."),
    ("It fell in AD 79 there.", "It fell in 79 CE there."),
    ("It fell in AD 79 there.", "It fell in 79 A.D. there."),
    ("He finished 3rd place in the race.", "He finished third place in the race."),
    ("There are 3e6 cells.", "There are 3 × 10^6 cells."),
    ("There are 10⁶ cells.", "There are 10^6 cells."),
    ("Group A won, and group B lost.", "Group B lost to group A."),
    ("There was a third of it on the second day.", "On the second day, a third was there."),
    ("It holds if a < b here.", "It holds if b > a here."),
    ("It is 3 × 5 here.", "It is 3 * 5 here."),
    ("It is 3 x 5 here.", "It is 3 × 5 here."),
    ("It holds if a <= b here.", "It holds if a ≤ b here."),
    ("It is a well-known range of 3-5 here.", "It is a well known range of 3 to 5 here."),
    ("It is a**2 here.", "It is a^2 here."),
    ("It was *very* old and **grey** there.", "It was **very** old and *grey* there."),
    ("It says Москва there.", "There it says Москва."),
    ("It says 東京都 there.", "There it says 東京."),
    ("Groups A and B won the cup.", "Groups B and A won the cup."),
    ("Group A won, and group B lost.", "Groups A and B met; group B lost."),
    ("He went twice a week.", "He went two times a week."),
    ("First, he ate. Second, he slept. Third, he left.", "First, he ate. Then he slept. Finally, he left."),
    ("It fell in the 5th century BC there.", "There it fell in the fifth century BCE."),
    ("There are 10⁶ cells.", "There are 10^6 of the cells."),
]  # fmt: skip


@pytest.mark.parametrize(("source", "text"), FAITHFUL)
def test_what_says_the_same_is_not_new(source: str, text: str) -> None:
    assert entered(source, text).invented == ()


def test_what_is_only_added_or_left_out_is_no_exchange() -> None:
    for source, text in [
        ("It is paid monthly.", "It is paid."),
        ("It is paid.", "It is paid monthly."),
        ("We have x + 1 and y.", "We have x + 1 and x - y."),
        ("It doubled.", "It doubled, then halved."),
    ]:
        assert entered(source, text).invented == ()


def test_mathematics_may_change_signs_in_brackets_and_compute_with_numbers() -> None:
    source = "She has 16 - 3 - 4 = 9 eggs. So a - b - c = 9 eggs."
    text = "She has 16 - (3 + 4) = 9 eggs. So a - (b + c) = 9 eggs."
    finding = entered(source, text, kind="math")
    assert finding.reason != "invented_formula"


def test_a_word_of_another_script_may_come_from_the_context() -> None:
    assert entered("It says so.", "It says Киев.").reason == "invented_name"
    assert entered("It says so.", "It says Киев.", context="Киев is old.").faithful


def test_texts_in_another_script_use_their_own_words() -> None:
    source = "Старый мост стоит у гавани уже триста лет, рыбаки приходят туда на рассвете."
    text = "Триста лет у гавани стоит древний мост, туда утром идут рыбаки."
    gate = FidelityGate(FidelityOptions(tiers=("ledger",), max_copied=1))
    finding = gate.check_cheap(source, text, expectation=Expectation(language="ru"))
    assert finding.invented == ()


@pytest.mark.parametrize(
    "text", ["1" * 300_000 + "+", "x" * 300_000 + " я", "1.1" * 100_000 + " + 2", "A" * 300_000]
)
def test_a_long_run_of_one_kind_takes_no_time(text: str) -> None:
    begun = time.process_time()
    operations(text)
    GATE.check_cheap(AROUND, text, expectation=Expectation())
    GATE.check_cheap(text, AROUND, expectation=Expectation())
    assert time.process_time() - begun < 20
