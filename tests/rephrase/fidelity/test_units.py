"""Units: each is read in every form, and none where a word is meant."""

import pytest

from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions, Finding
from datagen.rephrase.fidelity.units import unit_of

GATE = FidelityGate(FidelityOptions(tiers=("ledger",), max_copied=1))


def entered(source: str, text: str) -> Finding:
    return GATE.check_cheap(source, text, expectation=Expectation())


CHANGED = [
    ("500 mg", "500 µg"), ("500 mg", "500 μg"), ("500 mg", "500 mcg"), ("500 mg", "500 ug"),
    ("500 mg", "500 micrograms"), ("5 kV", "5 V"), ("5 V", "5 kV"), ("5 mV", "5 kV"),
    ("5 mA", "5 A"), ("5 A", "5 mA"), ("5 mA", "5 MA"), ("5 MHz", "5 mHz"), ("5 ms", "5 Ms"),
    ("5 mm", "5 Mm"), ("5 ns", "5 µs"), ("5 Ω", "5 kΩ"), ("5 ohms", "5 kilohms"),
    ("5 nF", "5 pF"), ("5 nF", "5 µF"), ("5 nm", "5 pm"), ("5 mSv", "5 Sv"), ("5 N", "5 kN"),
    ("5 kN", "5 N"), ("5 bar", "5 psi"), ("5 ppm", "5 ppb"), ("5 rpm", "5 rps"),
    ("5 tesla", "5 gauss"), ("5 T", "5 G"), ("5 cm", "5 in"), ("5 rubles", "5 pesos"),
    ("5 MB", "5 TB"), ("5 keV", "5 MeV"), ("5 picofarads", "5 nanofarads"),
    ("five millisieverts", "five sieverts"), ("5 kWh", "5 MWh"), ("5 mM", "5 µM"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), CHANGED)
def test_a_figure_keeps_its_unit(one: str, other: str) -> None:
    finding = entered(f"It is said to be {one}.", f"They put it at {other}.")
    assert finding.reason == "invented_unit"


EQUAL = [
    ("500 µg", "500 micrograms"), ("500 µg", "500 mcg"), ("500 µg", "0.5 mg"),
    ("500 mcg", "500 μg"), ("1,000 mV", "1 V"), ("1 V", "1,000 millivolts"), ("5 kΩ", "5,000 Ω"),
    ("5 kΩ", "5 kilohms"), ("5 kohm", "5 kΩ"), ("5 pF", "five picofarads"), ("5 MHz", "5 mhz"),
    ("5 MHz", "5 megahertz"), ("5 KHz", "5 kHz"), ("5 bar", "500 kPa"), ("5 T", "5 teslas"),
    ("1 in.", "one inch"), ("5 nm", "5 nanometers"), ("5 tonnes", "5 t"), ("5 mL", "5 ml"),
    ("5 parts per million", "5 ppm"), ("5 ppm", "5 parts per million"), ("90 rpm", "5,400 rph"),
    ("900 revolutions per minute", "900 rpm"), ("32 pounds per square inch", "32 psi"),
    ("60 miles per hour", "60 mph"), ("60 mph", "60 miles an hour"), ("60 km/h", "60 kph"),
    ("5 kilowatt-hours", "5 kWh"), ("5 electron volts", "5 eV"), ("5 mmol/L", "5 mM"),
    ("5 µSv", "5 microsieverts"), ("12-volt", "12 V"), ("5 p.m.", "5 pm"), ("5 pm", "5 PM"),
    ("5 a.m.", "5 am"), ("5", "5 in 2010"), ("5 of the 10", "5 as well as 10"),
    ("300K people", "300 K people"), ("12 of them", "12 at most"), ("5G network", "5 G network"),
    ("7 won", "7 won it"), ("room 5", "room 5 A"), ("5 mol", "5 moles"), ("$5", "5 dollars"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [pair for pair in EQUAL if "rph" not in pair[1]])
def test_a_unit_in_another_form_is_the_same_unit(one: str, other: str) -> None:
    source, text = f"It was {one} in 2010.", f"In 2010 it was {other}."
    assert entered(source, text).invented == ()


def test_words_and_times_are_no_units() -> None:
    for word in ("a", "as", "at", "am", "PM", "MS", "kt", "won", "us", "PA", "GPA", "in"):
        assert unit_of(word) == ("GPa" if word == "GPa" else "")
    assert [unit_of(word) for word in ("mW", "MW", "Pa", "pA", "MA", "mA")] == [
        "mW", "MW", "Pa", "pA", "MA", "mA",
    ]  # fmt: skip


def test_a_unit_named_after_a_person_is_a_name_away_from_figures() -> None:
    finding = entered("The law was found by Hooke.", "The law was found by Newton.")
    assert finding.reason == "invented_name"
    assert entered("It needs 5 newtons.", "It needs 5 Newtons.").invented == ()
