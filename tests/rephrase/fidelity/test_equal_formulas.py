"""Mathematics in its source's form: what is shown to be equal takes it, what differs never does."""

import pytest

from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions
from datagen.rephrase.fidelity.arithmetic import value_of
from datagen.rephrase.fidelity.equal_formulas import respelled_formulas

TIERS = ("hygiene", "ledger", "mathematics", "relations")
GATE = FidelityGate(FidelityOptions(tiers=TIERS, max_copied=1))


@pytest.mark.parametrize(
    ("form", "other", "spoilt"),
    [
        (r"$\frac{1}{2}$", "$0.5$", "$0.6$"),
        (r"$\frac{1}{2}$", r"$50\%$", "$50$"),
        (r"$\frac{2}{4}$", r"$\frac12$", r"$\frac13$"),
        (r"$\boxed{50\%}$", r"$\boxed{\frac12}$", r"$\boxed{\frac52}$"),
        (r"$\boxed{\$18}$", r"$\boxed{18.0}$", r"$\boxed{18.1}$"),
        (r"$\frac{1}{2}$", "½", "⅓"),
        (r"$\frac{1}{8}$", "12.5%", "12%"),
        ("0.125", r"$\frac18$", r"$\frac17$"),
        ("$x=3$", "$3=x$", "$4=x$"),
        ("$x=3$", "$3=x$", "$3=y$"),
        (r"$x = \frac{5}{2}$", "$x = 2.5$", "$x = 2.51$"),
        (r"$x = \frac{1}{3}$", r"$x = \frac{2}{6}$", "$x = 0.33$"),
        (r"$2\sqrt{2}$", r"$\sqrt{8}$", r"$\sqrt{6}$"),
        ("$(x+1)^2$", "$x^2+2x+1$", "$x^2+3x+1$"),
        ("$A = (x+1)^2$", "$A = x^2+2x+1$", "$B = x^2+2x+1$"),
        ("#### 0.125", "#### 1/8", "#### 1/7"),
        ("#### 1000", "#### 1,000", "#### 1,001"),
    ],
)
def test_what_is_equal_takes_the_sources_form_and_what_differs_stays(
    form: str, other: str, spoilt: str
) -> None:
    source = f"All of it is computed and gives {form}"
    wrong = f"What is computed gives {spoilt}"

    found = respelled_formulas(source, f"What is computed gives {other}")
    assert found.strip("$").endswith(form.strip("$"))
    assert respelled_formulas(source, wrong) == wrong


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("The point is $(1,2)$.", "The point is $12$."),
        ("The set is $\\{1, 2\\}$.", "The set is $\\{2, 3\\}$."),
        ("So $x < 3$.", "So $3 < x$."),
        ("So $a - b$ is left.", "So $b - a$ is left."),
        ("It is $\\frac123$.", "It is $4$."),
        ("It is $3\\frac{1}{2}$.", "It is $\\frac{3}{2}$."),
        ("It is $a = b = c$.", "It is $c = b = a$."),
        ("", "$x$"),
        ("$x$", ""),
        ("$", "$$ $"),
    ],
)
def test_what_only_looks_equal_stays(source: str, text: str) -> None:
    assert respelled_formulas(source, text) == text


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        (r"\frac{3}{4}", 0.75), (r"\frac34", 0.75), (r"50\%", 0.5), (r"\$18", 18.0),
        ("1,000", 1000.0), ("1{,}000", 1000.0), ("½", 0.5), ("2 \\times 3", 6.0),
        ("(1,2)", None), ("x", None), ("", None), (r"\frac123", None), (r"3\frac12", None),
        ("1/0", None), ("2^{10}", None),
    ],
)  # fmt: skip
def test_the_value_of_a_plain_formula(formula: str, value: float | None) -> None:
    assert value_of(formula) == value


COIN = (
    r"A fair coin is thrown once and lands on one of two sides. One side of two is heads, so the "
    r"chance of heads is $\boxed{\frac{1}{2}}$."
)
EGGS = "She sells 9 eggs for $2 each, which makes 9 * 2 = 18 dollars for her every day.\n#### \\$18"


@pytest.mark.parametrize(
    ("source", "text", "spoilt"),
    [
        (COIN, COIN.replace(r"\frac{1}{2}", "0.5"), ("0.5", "0.6")),
        (COIN, COIN.replace(r"$\boxed{\frac{1}{2}}$", "0.5"), ("0.5", "0.05")),
        (COIN, COIN.replace(r"\frac{1}{2}", r"50\%"), (r"50\%", r"5\%")),
        (EGGS, EGGS.replace("#### \\$18", "The answer is 18 dollars."), ("is 18", "is 81")),
        (EGGS, EGGS.replace("#### \\$18", "#### 18"), ("#### 18", "#### 16")),
        (
            "The side of the square is 2, so its diagonal has the length $2\\sqrt{2}$.",
            "Since the side of the square is 2, its diagonal has the length $\\sqrt{8}$.",
            ("{8}", "{6}"),
        ),
        (
            "Subtract 4 from both sides of $x+4=7$ to find that $x=3$ solves the equation.",
            "Subtract 4 from both sides of $x+4=7$ to find that $3=x$ solves the equation.",
            ("3=x", "4=x"),
        ),
    ],
)
async def test_the_gate_passes_an_equal_form_and_refuses_its_spoilt_twin(
    source: str, text: str, spoilt: tuple[str, str]
) -> None:
    told = Expectation(kind="math")
    fine = await GATE.check(source, text, expectation=told)
    bad = await GATE.check(source, text.replace(*spoilt), expectation=told)

    assert fine.faithful, (fine.reason, fine.detail)
    assert not bad.faithful


async def test_an_equal_figure_on_the_way_is_no_answer() -> None:
    source = (
        "A cake is cut in 10 parts and 5 of these parts are eaten by her two sisters, who like it "
        "a lot. What they have eaten of all of the cake is $\\boxed{\\frac{1}{2}}$."
    )
    text = (
        "They eat 0.5 of all of the cake. A cake is cut in 10 parts and 5 of these parts are eaten "
        "by her two sisters, who like it a lot. The answer is 5."
    )
    finding = await GATE.check(source, text, expectation=Expectation(kind="math"))
    assert (finding.faithful, finding.reason) == (False, "lost_answer")
