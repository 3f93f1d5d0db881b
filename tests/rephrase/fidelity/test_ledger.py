"""The ledger: what a faithful rewrite may do to a fact, and what it may not."""

import pytest

from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions, Finding
from datagen.rephrase.fidelity.facts import Facts

GATE = FidelityGate(FidelityOptions(tiers=("ledger",), max_copied=1))


def entered(source: str, text: str, context: str = "", **told: object) -> Finding:
    expectation = Expectation(**told)  # type: ignore[arg-type]
    return GATE.check_cheap(source, text, context=context, expectation=expectation)


SAME = [
    ("1,200 soldiers marched.", "Twelve hundred soldiers marched."),
    ("1,200 soldiers marched.", "1200 soldiers marched."),
    ("1,200 soldiers marched.", "1.2 thousand soldiers marched."),
    ("It has 1.5 million readers.", "It has 1,500,000 readers."),
    ("It has one and a half million readers or 2.5 each.", "It has two and a half each."),
    ("Twenty-one ships sank.", "21 ships sank."),
    ("It drew nearly a million and a half visitors.", "It drew close to 1.5 million visitors."),
    ("They sold two and a half million copies.", "They sold 2,500,000 copies."),
    ("The service reached 25m people.", "The service reached 25 million people."),
    ("The fund holds 3bn in bonds.", "The fund holds three billion in bonds."),
    ("He made 2½ sacks that day.", "He made two and a half sacks that day."),
    ("The tribes of the Amazon have no borders.", "For most, as Amazonian tribes, none exist."),
    ("America's rival tested it first.", "A rival of the United States tested it first."),
    ("Two hundred and five ships sank.", "205 ships sank."),
    ("About 50% agreed.", "About 50 per cent agreed."),
    ("It draws 5 mW.", "It draws five milliwatts."),
    ("It draws 5 MW.", "It draws 5 megawatts."),
    ("About 50% agreed.", "Fifty percent agreed."),
    ("About 50% agreed.", "Half of them agreed."),
    ("Two-thirds voted.", "2/3 voted."),
    ("Three quarters voted.", "75% voted."),
    ("The 3rd and 21st tries failed.", "The third and twenty-first tries failed."),
    ("Late in the 20th century it fell.", "It fell in the late 1900s."),
    ("It fell in the late 1900s.", "Late in the twentieth century it fell."),
    ("It had a dome. It had walls.", "1. Parts\n   1.1 A dome\n   1.2 Walls"),
    ("The 1990s were wet.", "It was wet in the 1990s."),
    ("It began in 1994.", "It began in the 1990s."),
    ("It began in 1994.", "It began in the 20th century."),
    ("The 19th century ended.", "The nineteenth century ended."),
    ("The war of 1914-18 ended.", "The war lasted from 1914 to 1918."),
    ("The war of 1914–1918 ended.", "The war of 1914-18 ended."),
    ("The two kidneys filter blood.", "Both kidneys filter blood; the pair works day and night."),
    ("Heat and light are given off.", "Two things are given off: heat and light."),
    ("It is 5 km long.", "It is 5 kilometres long."),
    ("It is 5 km long.", "It is five kilometers long."),
    ("It is 5 km long.", "It is 5,000 m long."),
    ("It took 60 minutes.", "It took 1 hour."),
    ("It is 5-10 km long.", "It is 5 km to 10 km long."),
    ("It covers 7 square kilometers.", "It covers 7 km²."),
    ("It cost $3 million.", "It cost three million dollars."),
    ("It was -5 °C outside.", "It was minus 5 degrees Celsius outside."),
    ("A child of 5 came.", "A child aged 5 came."),
    ("He died on January 6, 1884.", "He died on 6 January 1884."),
    ("He died on January 6, 1884.", "He died on the 6th of January 1884."),
    ("He died on January 6, 1884.", "He died in January 1884."),
    ("He died on 1884-01-06.", "He died on January 6, 1884."),
    ("We met Gregor Mendel in Brno.", "In Brno we met Mendel."),
    ("We met Mendel's friends.", "We met friends of the Mendels."),
    ("He came from Austria to France.", "The Austrian became French."),
    ("It joined the United Nations.", "It joined the UN."),
    ("It joined NATO there.", "It joined the North Atlantic Treaty Organization there."),
    ("The U.S. signed it.", "It was signed by the US."),
    ("In Poincaré we trust.", "We trust in Poincare."),
    ("Cells have mitochondria.", "The Mitochondria of Cells\n\nThe cells have mitochondria."),
    ("Cells divide.", "# Frequently Asked Questions\n\nQuestion 1: What do cells do?\nAnswer: They divide."),
    ("Cells divide.", "1. Cells divide.\n2. They do so often.\n3. They stop."),
    ("Cells divide.", "Step 1: Find cells.\nStep 2: See them divide."),
    ("Cells divide.", "Teacher: What do cells do?\nStudent: They divide.\nDr. Lee: Right."),
    ("Cells divide.", "| Part | What It Does |\n|---|---|\n| Cells | divide |"),
    ("Two taxa, a root and a leaf.", "Two taxa, a root and a leaf: four things."),
    ("It is $5 or $10 here.", "Here it is $10 or $5."),
    ("See https://example.org/a for it.", "It is at www.example.org/a."),
    ("As shown [12], it holds.", "It holds [12]."),
    ("We have $x^{2} + 1$ here.", "Here stands $ x^2+1 $."),
    ("We have $\\frac{1}{2} \\cdot 3$.", "This is \\(\\dfrac{1}{2} \\times 3\\)."),
    ("Call `f(x, y)` now.", "Now call `f(x,y)`."),
    ('He said "we shall fight on the beaches" then.', 'Then came "we shall fight on the beaches".'),
]  # fmt: skip


@pytest.mark.parametrize(("source", "text"), SAME)
def test_a_fact_in_another_form_is_the_same_fact(source: str, text: str) -> None:
    finding = entered(source, text)
    assert (finding.invented, finding.scores.facts_invented) == ((), 0)


NEW = [
    ("invented_number", "1,200 soldiers marched.", "1,300 soldiers marched.", "1,300"),
    ("invented_number", "Twenty-one ships sank.", "Twenty-two ships sank.", "twenty two"),
    ("invented_number", "Three types of rock exist.", "Four types of rock exist.", "four"),
    ("invented_number", "Two taxa have two roots.", "Nine taxa have two roots.", "nine"),
    ("invented_number", "About 50% agreed.", "About 55% agreed.", "55%"),
    ("invented_number", "It was warm.", "It was warm, 31 degrees.", "31 degrees"),
    ("invented_number", "It cost $3 million.", "It cost $3 billion.", "$3 billion"),
    ("invented_number", "It has 2.5 parts.", "It has 2.6 parts.", "2.6"),
    ("invented_unit", "It is 5 km long.", "It is 5 miles long.", "5 miles"),
    ("invented_unit", "It took five days.", "It took five weeks.", "five weeks"),
    ("invented_unit", "It is 5 kg.", "It is 5 g.", "5 g"),
    ("invented_unit", "It draws 5 mW.", "It draws 5 MW.", "5 MW"),
    ("invented_unit", "It stores 5 MJ.", "It stores 5 mJ.", "5 mJ"),
    ("invented_unit", "It sends 8 Mb.", "It sends 8 MB.", "8 MB"),
    ("invented_unit", "It covers 7 square miles.", "It covers 7 miles.", "7 miles"),
    ("invented_date", "It began in 1914.", "It began in 1915.", "1915"),
    ("invented_date", "It began in the 1980s.", "It began in the 1990s.", "1990s"),
    ("invented_date", "The 18th century ended.", "The 19th century ended.", "19th century"),
    ("invented_date", "He died on January 6.", "He died on January 7.", "January 7"),
    ("invented_date", "He died on 6 January.", "He died on 6 June.", "June 6"),
    ("invented_date", "They met on a cold day.", "They met on a cold Tuesday.", "Tuesday"),
    ("invented_name", "We met Mendel there.", "We met Darwin there.", "Darwin"),
    ("invented_name", "It lies in Austria.", "It lies in Australia.", "Australia"),
    ("invented_name", "It joined the UN.", "It joined the EU.", "EU"),
    ("invented_name", "We saw that Mendel crossed peas.", "Darwin crossed peas.", "Darwin"),
    ("invented_name", "The laws of heredity hold.", "Lamarck's laws of heredity hold.", "Lamarck"),
    ("invented_name", "He left.", "| Who | Act |\n|---|---|\n| the monk Gregor | left |", "Gregor"),
    ("invented_quotation", 'He said "we shall fight on the beaches" then.',
     'He said "we shall fight in the streets" then.', "we shall fight in the streets"),
    ("invented_quotation", "He spoke of war.", 'He said, "bananas grow faster under purple lamps".', "bananas"),
    ("invented_link", "See it online.", "See https://example.org/b for it.", "example.org/b"),
    ("invented_link", "It holds [12].", "It holds [13].", "[13]"),
    ("invented_formula", "We have $x^2 + 1$.", "We have $x^2 - 1$.", "x^2-1"),
    ("invented_formula", "Energy is conserved.", "Energy is $E = mc^2$ here.", "E=mc^2"),
    ("invented_code", "Call `f(x)` now.", "Call `g(x)` now.", "g(x)"),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "source", "text", "surface"), NEW)
def test_a_new_fact_is_named(reason: str, source: str, text: str, surface: str) -> None:
    finding = entered(source, text)
    assert (finding.faithful, finding.reason) == (False, reason)
    assert surface in finding.detail
    assert finding.invented


def test_names_may_come_from_the_context_and_figures_may_not() -> None:
    source, context = "He crossed 30 pea plants.", "Gregor Mendel (1822) kept 40 bees."
    assert entered(source, "Mendel crossed 30 pea plants for Gregor.", context).faithful
    assert entered(source, "Mendel crossed 40 pea plants.", context).reason == "invented_number"


def test_a_figure_of_the_context_may_come_with_its_next_word() -> None:
    source, context = "The crisis raised prices.", "The 1973 oil crisis began in October 1973."
    assert entered(source, "The 1973 oil crisis raised prices.", context).faithful
    assert entered(source, "The crisis of 1973 raised prices.", context).reason == "invented_date"


RICH = (
    "In 1865 Gregor Mendel of Brno crossed 28,000 plants over 8 years, and 75% were tall. On 8 March "
    "he told the Natural History Society."
)


def test_lost_facts_are_named_for_the_retry() -> None:
    finding = entered(RICH, "A monk crossed plants and told a society what he saw.")
    assert finding.reason == "lost_facts"
    assert {"1865", "28,000", "75%"} <= set(finding.missed)
    assert len(finding.missed) <= 8


def test_structured_styles_may_keep_less_but_invent_nothing() -> None:
    text = "Q: When did Gregor Mendel cross the plants?\nA: In 1865, in Brno, 28,000 of them."
    assert entered(RICH, text).reason == "lost_facts"
    assert entered(RICH, text, structured=True).faithful
    invented = entered(RICH, text.replace("1865", "1866"), structured=True)
    assert invented.reason == "invented_date"


STEPS = "Janet sells 16 - 3 - 4 = 9 duck eggs a day. She makes 9 * 2 = $18 every day.\n#### 18"


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (None, "First 16 − 3 = 13, then 13 − 4 = 9 eggs. At $2 each that is 9 × 2 = 18 dollars.\n#### 18"),
        ("invented_number", "First 16 - 3 = 13, then 13 - 4 = 8 eggs. That is 18.\n#### 18"),
        ("invented_formula", "16 - 3 = 9 and 9 * 2 = 18.\n#### 18"),
        ("lost_facts", "16 - 3 - 4 = 9 duck eggs and $2 each.\n#### 9"),
        ("invented_number", "Janet sells 17 duck eggs and makes 9 * 2 = 18.\n#### 18"),
    ],
)  # fmt: skip
def test_mathematics_may_add_true_steps_only(reason: str | None, text: str) -> None:
    assert entered(STEPS, text, kind="math").reason == reason


def test_algebra_may_be_rearranged_but_not_with_strange_numbers() -> None:
    source = "Solve $2x + 3 = 7$. So $x = 2$, and the answer is $\\boxed{2}$."
    good = "From $2x + 3 = 7$ we get $2x = 4$, so $x = 2$: $\\boxed{2}$."
    assert entered(source, good, kind="math").faithful
    assert entered(source, good.replace("= 4", "= 59"), kind="math").reason == "invented_formula"
    assert entered(source, good.replace("boxed{2}", "boxed{3}"), kind="math").reason is not None


def test_a_translation_keeps_its_figures() -> None:
    source = (
        "Janets Enten legen 16 Eier pro Tag und sie isst davon jeden Morgen drei zum Frühstück. Den "
        "Rest verkauft sie auf dem Markt für 2 Dollar das Stück, wie es auch die Nachbarn tun."
    )
    english = "Janet's ducks lay 16 eggs a day, and she eats three. She sells the rest for 2 dollars each."
    assert entered(source, english, kind="math").faithful
    wrong = english.replace("16", "18")
    assert entered(source, wrong, kind="math").reason == "invented_number"


def test_cheap_scores_are_filled() -> None:
    scores = entered(RICH, RICH.replace("1865", "1866")).scores
    assert scores.facts_invented == 1
    assert scores.supported is not None
    assert scores.kept is not None
    assert scores.fidelity == pytest.approx(scores.supported * scores.kept)
    assert scores.sentences_supported is None


def test_figures_right_behind_words_of_a_script_without_spaces_are_figures() -> None:
    facts = Facts("月球距离地球384400公里，直径3474公里。B12号")
    assert [one.value for one in facts.numbers.facts] == ["384400", "3474"]
