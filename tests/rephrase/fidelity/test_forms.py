"""A fact in its source's form: what is equal takes it, what differs by anything never does."""

import time

import pytest

from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions
from datagen.rephrase.fidelity.facts import Facts
from datagen.rephrase.fidelity.forms import respelled

GATE = FidelityGate(FidelityOptions(tiers=("hygiene", "ledger", "relations"), max_copied=1))

EQUAL = [
    ("25% of them", "a quarter of them", "26% of them"),
    ("a quarter of them", "25% of them", "24% of them"),
    ("half of them", "50 per cent of them", "55 per cent of them"),
    ("75 percent of them", "three quarters of them", "two thirds of them"),
    ("½ cup", "0.5 cup", "0.4 cup"),
    ("1 1/2 cups", "1.5 cups", "1.6 cups"),
    ("500,000 people", "half a million people", "a quarter of a million people"),
    ("twenty-one ships", "21 ships", None),
    ("21 ships", "twenty-one ships", "twenty-two ships"),
    ("1,200 ships", "1200 ships", "1300 ships"),
    ("3 km", "3,000 m", "300 m"),
    ("90 minutes", "1.5 hours", "1.6 hours"),
    ("90 minutes", "one and a half hours", "two and a half hours"),
    ("90 minutes", "an hour and a half", "a day and a half"),
    ("90 minutes", "1 hour and 30 minutes", "1 hour and 20 minutes"),
    ("30 minutes", "half an hour", "a quarter of an hour"),
    ("45 minutes", "three quarters of an hour", "two thirds of an hour"),
    ("$18", "18 dollars", "18 euros"),
    ("5 km²", "5 square kilometres", "5 kilometres"),
    ("3 May 1998", "1998-05-03", "1998-03-05"),
    ("1998-05-03", "May 3rd, 1998", "May 5, 1998"),
    ("May 3, 1998", "3 May 1998", "3 May 1999"),
    ("the 19th century", "the nineteenth century", "the eighteenth century"),
    ("World Health Organization", "WHO", "WTO"),
    ("WHO", "World Health Organisation", "World Trade Organization"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "other", "spoilt"), EQUAL)
def test_what_is_equal_takes_the_sources_form_and_what_differs_stays(
    form: str, other: str, spoilt: str | None
) -> None:
    source = Facts(f"He wrote: {form} were seen in the bay.")
    if other != "21 ships":
        assert respelled(source, Facts(f"In the bay he saw {other}.")) in (
            f"In the bay he saw {form}.",
            f"In the bay he saw {form.replace('-', ' ')}.",
        )
    if spoilt:
        text = f"In the bay he saw {spoilt}."
        assert respelled(source, Facts(text)) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("It has 50% and half of it.", "It has half of it and 50 of 100."),
        ("We saw three ships on 5 June.", "We saw ships on 3 May."),
        ("There are five boxes, twelve in all.", "5 + 7 = 12"),
        ("It is half full and 8 more.", "Here 0.5 * 16 = 8."),
        ("It was -5 °C, then 5 °C.", "It was minus 5 degrees Celsius."),
        ("It weighs £5.", "It weighs 5 lb."),
        ("It is 5–10 km long.", "It is 5,000 m long."),
        ("It reached 25 million metres.", "It reached 25m metres."),
        ("The shop sells 50%.", "At half past five, in the second half, came half-time."),
        ("The shop sells 25%.", "It came at a quarter to five, and in the French quarter."),
        ("It happened 1 time, 2 times.", "It happened once and twice."),
        ("Wendy Harper Olson spoke.", "Who spoke?"),
        ("It needs 5 mW.", "It needs 5,000,000 W, 5 megawatts."),
        ("It has 5M users, and 5 Mm of rope.", "It has 5 metres of rope, 5 millimetres."),
        ("The 5G network weighs 8 Mb.", "The network weighs 5 g and 8,000 kilobytes."),
        ("The correlation was 0.5.", "Then half of the members left, 50% of the others too."),
        ("The pH fell by 0.2.", "The pH fell by 20%."),
        ("A p-value of 0.05 was found.", "We found 5% of it."),
        ("He paid with a quarter.", "He paid with 25%."),
        ("It fell by 3%.", "It fell by 3% points, or 0.03 points."),
        ("Adam Ingram and Ian Taylor met.", "The AI met IT."),
        ("Uma Singh won, Ursula Kane lost.", "The US won, the UK lost."),
        ("William Henry Owen spoke.", "The WHO spoke."),
        ("It lasts 1 hour, 30 minutes of which are oral.", "It lasts 1.5 hours."),
        ("It lasts 1 hour and 30 minutes of it are oral.", "It lasts 1.5 hours."),
        ("There are 3 moles in the field.", "There are 3 mol in the field."),
        ("It costs 90 cents there.", "It costs $0.90 there."),
        ("It weighs 1,000,000,000,001 g.", "It weighs 1,000,000,000.0011 kg."),
        ("The WHO spoke.", "The Western Hockey Organization spoke."),
        ("Call `f(50%)` now: a half.", "Call `f(50%)` now."),
        ("The dose is 1/2.", "The dose is 11/2 or 1/20."),
    ],
)
def test_what_only_looks_equal_stays(source: str, text: str) -> None:
    assert respelled(Facts(source), Facts(text)) == text


@pytest.mark.parametrize("text", ["", "🙂", "a" * 50_000, "1 " * 5_000, "١٢٣", "half " * 2_000])
def test_odd_texts_are_left_alone(text: str) -> None:
    assert respelled(Facts("She walked 3 km on 3 May 1998."), Facts(text)) == text


def test_an_acronym_may_begin_a_sentence() -> None:
    source = Facts("The World Health Organization met. The European Union paid.")

    made = respelled(source, Facts("The WHO met. The EU paid."))

    assert made == "The World Health Organization met. The European Union paid."


def test_a_long_text_takes_no_longer_than_it_is_long() -> None:
    source = Facts(" ".join(f"It took {n} hours and {n} minutes." for n in range(2, 300)))
    text = Facts(" ".join(f"It took {61 * n} minutes." for n in range(2, 600)))
    begun = time.process_time()

    respelled(source, text)
    respelled(source, Facts(text.text * 10))

    assert time.process_time() - begun < 3


SENTENCES = [
    (
        "The survey found that 25% of the farms in the valley use rain water for their animals.",
        "The survey found that a quarter of the farms in the valley use rain water for their animals.",
        ("a quarter", "a third"),
    ),
    (
        "The walk from the station to the castle is 3 km long and leads through the forest.",
        "The walk from the station to the castle leads through the forest and is 3,000 m long.",
        ("3,000 m", "300 m"),
    ),
    (
        "The walk takes 90 minutes and leads through the forest.",
        "The walk takes 1.5 hours and leads through the forest.",
        ("1.5", "1.6"),
    ),
    (
        "The bridge was opened on 3 May 1998 by the mayor of the town.",
        "The bridge was opened on 1998-05-03 by the mayor of the town.",
        ("05-03", "03-05"),
    ),
    (
        "In 2003 the WHO sent a team of doctors to the island.",
        "In 2003 the World Health Organization sent a team of doctors to the island.",
        ("Health", "Trade"),
    ),
]


@pytest.mark.parametrize(("source", "text", "spoilt"), SENTENCES)
async def test_the_gate_passes_an_equal_fact_and_refuses_its_spoilt_twin(
    source: str, text: str, spoilt: tuple[str, str]
) -> None:
    fine = await GATE.check(source, text, expectation=Expectation())
    bad = await GATE.check(source, text.replace(*spoilt), expectation=Expectation())

    assert fine.faithful, (fine.reason, fine.detail)
    assert not bad.faithful
