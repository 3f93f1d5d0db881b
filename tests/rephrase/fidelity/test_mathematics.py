"""Mathematics: formulas, code and answers kept, what is added true, bounded whatever is asked."""

import threading
import time
from collections.abc import Iterator

import pytest

from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions, latex
from datagen.rephrase.fidelity.computing import Computer
from datagen.rephrase.fidelity.mathematics import MathFinding, judge_math
from datagen.rephrase.fidelity.translation import meant, number_fault, returned
from datagen.schemas import Kind

SOURCE = (
    "Let $f(x) = 2x + 3$. Find $x$ with $f(x) = 11$.\n\n"
    "We have $2x + 3 = 11$, so $2x = 8$ and $x = 4$. The answer is $\\boxed{4}$."
)
NOTES = (
    "We look for $x$ such that $f(x) = 11$, where $f(x) = 2x + 3$. That is $2x + 3 = 11$; taking 3 "
    "from both sides gives $2x = 8$, and half of it is $x = 4$. Result: $\\boxed{4}$."
)


@pytest.fixture(scope="module")
def computer() -> Iterator[Computer]:
    made = Computer(step_s=1.0, grace_s=5.0)
    yield made
    made.close()


def judged(computer: Computer, text: str, source: str = SOURCE) -> MathFinding:
    return judge_math(source, text, translated=False, computer=computer)


def test_a_faithful_rewrite_passes_with_everything_kept(computer: Computer) -> None:
    found = judged(computer, NOTES)

    assert (found.reason, found.answer_kept, found.formulas_kept) == (None, True, 1.0)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("$2x = 8$", "$2x = 9$", "lost_formula"),
        ("$2x + 3 = 11$", "$2x + 3 = 11 + x$", "lost_formula"),
        ("$x = 4$", "$3x = 4$", "lost_formula"),
        ("where $f(x) = 2x + 3$", "where $f(x) = 2x^2 + 3$", "lost_formula"),
        ("\\boxed{4}", "\\boxed{5}", "lost_answer"),
        ("Result: $\\boxed{4}$.", "Result: $\\boxed{40}$.", "lost_answer"),
        ("Result:", "Note that $5 + 3 = 9$. Result:", "false_equation"),
        ("Result:", "Note that 5 + 3 = 9. Result:", "false_equation"),
        ("Result:", "Then $f(5) = 12$. Result:", "false_equation"),
        ("Result:", "So $x = 7$. Result:", "false_equation"),
        ("Result:", "Let $y = 7z$. Result:", "unproven_equation"),
        ("Result:", "So $\\frac{8}{2 = 4$. Result:", "bad_latex"),
        ("Result:", "So $\\fraction{8}{2} = 4$. Result:", "bad_latex"),
        ("Result:", "So \\[x = 4. Result:", "bad_latex"),
        ("Result:", "So $x^2^2 = 4$. Result:", "bad_latex"),
    ],
)
def test_a_change_is_refused_for_what_it_is(
    computer: Computer, old: str, new: str, reason: str
) -> None:
    assert old in NOTES

    assert judged(computer, NOTES.replace(old, new)).reason == reason


@pytest.mark.parametrize(
    "step",
    [
        "$2x = 11 - 3$",
        "$x = \\frac{8}{2} = 4$",
        "$f(4) = 2 \\cdot 4 + 3 = 11$",
        "$2(x + 1) = 2x + 2$",
        "$4x = 16$",
        "$\\frac12 \\cdot 8 = 4$",
        "\\begin{align*}2x &= 8\\\\ x &= 4\\end{align*}",
    ],
)
def test_an_added_step_that_follows_is_proven(computer: Computer, step: str) -> None:
    found = judged(computer, NOTES.replace("Result:", f"Indeed {step}. Result:"))

    assert found.reason is None
    assert found.proven == found.added


def test_an_equal_spelling_stands_for_a_formula(computer: Computer) -> None:
    source = "The area is $\\dfrac{1}{2}bh$ and $x \\leqslant 3$, so $A = \\frac{b h}{2}$."
    text = "One finds $x \\le 3$; the area is $\\frac12 b h$, hence $A = 0.5 b h$."

    assert judged(computer, text, source).reason is None


def test_values_that_change_places_are_lost(computer: Computer) -> None:
    source = "The solution is $x = 2$, $y = 3$ with $x < y$."

    assert (
        judged(computer, "We get $x = 3$, $y = 2$ with $x < y$.", source).reason == "lost_formula"
    )


def test_a_chain_may_be_written_line_by_line(computer: Computer) -> None:
    source = "So $a + a = 2a = b$."

    assert judged(computer, "First $a + a = 2a$. Then $2a = b$.", source).reason is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("She sells 9 eggs at $2 each. So she makes $18.\n#### 18", True),
        ("She sells 9 eggs at $2 each. So she makes $18.0 every day.", True),
        ("She sells 9 eggs at $2 each. So she makes $81.\n#### 81", False),
        (
            "18 is not what we look at. She keeps nine eggs, she sells nine at the market for two dollars each, and all together that makes $19 a day.",
            False,
        ),
    ],
)
def test_a_marked_answer_is_kept_by_value(computer: Computer, text: str, kept: bool) -> None:
    source = "Janet sells 9 eggs at $2 each, which makes $18 a day.\n#### 18"

    assert judged(computer, text, source).answer_kept is kept


def test_code_is_kept_by_meaning_not_by_layout(computer: Computer) -> None:
    source = "Run this:\n```python\nfor i in range(3):\n    print(i*2)\n```\n"
    same = "The loop:\n```python\nfor i in range(3):\n  print(i * 2)\n```\n"

    assert judged(computer, same, source).reason is None
    assert judged(computer, same.replace("(3)", "(4)"), source).reason == "lost_code"


def test_the_sources_own_macros_and_slips_are_no_fault_of_the_rewrite(computer: Computer) -> None:
    source = "In $\\QQ(\\sqrt 2)$ we have $5 + 5 = 11$ by a slip."

    assert judged(computer, f"By a slip, {source[3:-10]}.", source).reason is None


def test_a_translation_has_the_sources_formulas_and_no_others() -> None:
    source = "解: 设 $x+y=5$, 则 $x=3$, 共 12 个.\n故答案为: $3$"
    good = "Solution: let $x+y=5$; then $x=3$, 12 in all.\nThe answer is $3$"

    assert judge_math(source, good, translated=True).reason is None
    for old, new, reason in (
        ("$x=3$", "$x=2$", "lost_formula"),
        ("then", "then $2x=6$ and", "invented_formula"),
        ("12", "13", "lost_number"),
        ("is $3$", "is $4$", "lost_answer"),
    ):
        assert judge_math(source, good.replace(old, new), translated=True).reason == reason


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "Das Haus kostet 80.000 Euro, ein Brot 2,50 Euro.",
            "The house costs 80,000 euros, bread 2.50.",
        ),
        ("La maison coûte 80 000 euros.", "The house costs 80,000 euros."),
        ("প্রতিদিন ১৬টি ডিম", "16 eggs a day"),
        (
            "他买了八十个苹果，花了 8万 元，吃了三分之一，即 5分之2。",
            "He bought 80 apples for 80,000 yuan and ate a third, that is 2/5.",
        ),
        ("Er fährt um 17 Uhr los.", "He leaves at 5 PM."),
        ("12月に16個", "16 of them in December"),
    ],
)
def test_figures_are_equal_across_spellings(source: str, text: str) -> None:
    assert number_fault(source, text) is None


@pytest.mark.parametrize(
    "text",
    ["He runs 3 sprints 4 times, 60 m each.", "He runs 3 sprints 3 times, 61 m each.",
     "He runs 3 sprints 60 times, 60 m each.", "He runs 3 sprints 3 times, 60 m each, 25 in all."],
)  # fmt: skip
def test_a_changed_figure_of_a_translation_is_seen(text: str) -> None:
    assert number_fault("Er läuft 3 Sprints 3 Mal, je 60 m.", text) is not None


async def test_the_weakest_sentence_decides_what_was_meant() -> None:
    import numpy as np
    from numpy.typing import NDArray

    async def embed(sentences: object) -> NDArray[np.float64]:
        axes = ("hund|dog", "katze|cat", "pferd|horse")
        rows = [
            [float(any(word in text.lower() for word in axis.split("|"))) for axis in axes]
            for text in sentences  # type: ignore[attr-defined]
        ]
        table = np.array(rows) + 1e-6
        return table / np.linalg.norm(table, axis=1, keepdims=True)

    same = await meant("Der Hund. Die Katze.", "The dog and the cat.", embed)
    swapped = await meant("Der Hund. Die Katze.", "The dog. The horse.", embed)

    assert same.supported == pytest.approx(1.0, abs=0.01)
    assert (swapped.supported < 0.1, swapped.least, swapped.lost) == (
        True,
        "The horse.",
        "Die Katze.",
    )


def test_a_way_back_to_the_same_words_scores_above_one_to_others() -> None:
    source = "一本书的价格是 20 元, 小明买了三本。"

    assert returned(source, source) == pytest.approx(1.0)
    assert returned(source, "一本书售价 20 元，小明买了三本。") > 0.4
    assert returned(source, "火车以每小时 60 公里的速度行驶。") < 0.1
    assert returned(source, "") == 0.0


@pytest.mark.parametrize(
    "formula",
    [
        "\\frac12",
        "x_1^2",
        "\\left(\\frac{a}{b}\\right)^2",
        "\\sqrt[3]{8}",
        "\\begin{cases}x & y\\\\ z & w\\end{cases}",
    ],
)
def test_sound_latex_has_no_fault(formula: str) -> None:
    assert latex.fault(f"${formula}$") is None


@pytest.mark.parametrize(
    "formula",
    [
        "\\frac{1}",
        "x^",
        "x_{",
        "}",
        "\\left(x",
        "\\begin{align}x",
        "x\\end{align}",
        "x^2^3",
        "\\sqrt",
    ],
)
def test_unsound_latex_has_one(formula: str) -> None:
    assert latex.fault(f"${formula}$") is not None


def test_what_takes_for_ever_is_unknown_in_bounded_time(computer: Computer) -> None:
    begun = time.monotonic()

    verdicts = computer.steps(
        [], [("9^{9^{9^{9^9}}}", "7"), ("\\int e^{x^x} dx", "7x"), ("1 + 1", "2")]
    )

    assert verdicts[2] in ("true", "unknown")
    assert "true" not in verdicts[:2]
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize(
    "noise", ["", "\\", "{{{{", "\x00", "a" * 5000, "=" * 300, "\\frac{" * 200]
)
def test_noise_is_not_equal_to_an_answer(computer: Computer, noise: str) -> None:
    assert computer.same("4", noise) is not True


def test_the_computer_answers_from_any_thread_and_after_it_was_closed() -> None:
    made = Computer()
    answers: list[bool | None] = []
    asking = threading.Thread(target=lambda: answers.append(made.same("\\frac{1}{2}", "0.5")))

    asking.start()
    asking.join()
    made.close()
    answers.append(made.same("0.25", "\\frac14"))
    made.close()

    assert answers == [True, True]


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("Take $x = 4$ from $2x = 8$. So the answer is $\\boxed{4}$.", "math", None),
        ("Take $x = 5$ from $2x = 8$. So the answer is $\\boxed{5}$.", "math", "lost_formula"),
        ("From $2x = 8$ we get $x = 4$ and $3x = 13$: the answer is $\\boxed{4}$.", "math", "false_equation"),
        ("From $2x = 8$ we get $x = 4$ and $3x = 13$: the answer is $\\boxed{4}$.", "knowledge", None),
    ],
)  # fmt: skip
async def test_the_gate_asks_it_of_mathematics_alone(
    text: str, kind: Kind, reason: str | None
) -> None:
    gate = FidelityGate(FidelityOptions(tiers=("mathematics",), max_copied=1))
    source = "Solve $2x = 8$. Halving both sides gives $x = 4$. The answer is $\\boxed{4}$."
    finding = await gate.check(source, text, expectation=Expectation(kind=kind))
    assert (finding.faithful, finding.reason) == (reason is None, reason)
