"""Hygiene: each way an answer fails to be a text, and texts that only look like it."""

import pytest

from datagen.prompts import CLOSING
from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions

SOURCE = (
    "Photosynthesis takes place in the chloroplasts of plant cells. Light energy is captured by "
    "chlorophyll and turned into chemical energy. Oxygen is released as a product of the reaction."
)
TEXT = (
    "In plant cells, photosynthesis happens in the chloroplasts. Chlorophyll captures the energy of "
    "light, which becomes chemical energy. A product of the reaction, oxygen, is released."
)
GATE = FidelityGate(FidelityOptions(tiers=("hygiene",), max_copied=1))


def reason(text: str, source: str = SOURCE, **told: object) -> str | None:
    expectation = Expectation(**told)  # type: ignore[arg-type]
    return GATE.check_cheap(source, text, expectation=expectation).reason


def test_a_plain_rewrite_passes() -> None:
    assert reason(TEXT) is None


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("no_answer", ""),
        ("no_answer", " \n\t"),
        ("no_answer", "…!?"),
        ("refusal", "I'm sorry, but I can't help with that request. " + TEXT),
        ("refusal", "I cannot assist with rewriting this. " + TEXT),
        ("refusal", "As an AI language model, I do not hold opinions. " + TEXT),
        ("lead_in", "Here is the rewritten text:\n\n" + TEXT),
        ("lead_in", "Here's a simplified version of the passage:\n" + TEXT),
        ("lead_in", "Sure! " + TEXT),
        ("lead_in", "Certainly, here you go. " + TEXT),
        ("lead_in", "**Rewritten version:**\n" + TEXT),
        ("lead_in", TEXT + "\n\nI hope this helps!"),
        ("lead_in", TEXT + " Let me know if you need anything else."),
        ("lead_in", TEXT + " This rewritten version keeps the facts."),
        ("lead_in", "According to the original text, " + TEXT),
        ("leaked_markup", TEXT + "<|im_end|>"),
        ("leaked_markup", TEXT + "</text>"),
        ("leaked_markup", "<so_far>" + TEXT),
        ("leaked_markup", "[INST] " + TEXT),
        ("leaked_markup", TEXT + "\n### Response:\n"),
        ("leaked_markup", "Rewrite the text between the tags. " + TEXT),
        ("leaked_markup", f"{TEXT}\n\n{CLOSING}"),
        ("length", "Photosynthesis."),
        ("length", TEXT + " " + TEXT.replace("Chloro", "Haemo") + " " + TEXT[::-1] + "."),
        ("loop", TEXT + " Oxygen is released in light by plants." * 8),
        ("loop", TEXT + " ha" + "a" * 60 + "."),
        ("loop", "\n".join([TEXT] + ["Light energy is captured by the chlorophyll."] * 3)),
        ("unfinished", TEXT.rstrip(".") + " and it is then"),
        ("unfinished", TEXT + " Because of this,"),
        ("unfinished", TEXT + " (the reaction"),
        ("unfinished", TEXT + "\n```\nenergy"),
        ("unfinished", TEXT + "\n- Light is captured.\n- Oxygen is released.\n- Energy is turn"),
        ("unfinished", "| a | b |\n|---|---|\n| photosynthesis | light |\n| oxygen | rele"),
        (
            "language",
            "La photosynthèse a lieu dans les chloroplastes des cellules. La lumière est captée par la "
            "chlorophylle et elle est transformée en énergie. Le dioxygène est produit par la réaction.",
        ),
        ("language", "光合作用发生在植物细胞的叶绿体中。光能被叶绿素捕获并转化为化学能。氧气作为产物释放出来。"),
    ],
)  # fmt: skip
def test_each_fault_is_named(expected: str, text: str) -> None:
    assert reason(text, length_ratio=(0.1, 2.0)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "**Q: Where does photosynthesis happen?**\nA: In the chloroplasts of plant cells, where "
        "chlorophyll captures light.",
        "| Part | Role |\n|---|---|\n| chlorophyll | captures light energy for the reaction |",
        "- Chloroplasts: where it happens\n- Chlorophyll: captures light energy\n- Oxygen: released",
        "Photosynthesis needs light (captured by chlorophyll) and releases oxygen as a product :)",
        "Photosynthesis 🌱 takes light energy and releases oxygen 🎉 from {chloroplasts} at $5 cost.",
        "Here is where light is captured: the chloroplasts of plants, which then release oxygen.",
    ],
)
def test_styles_are_no_faults(text: str) -> None:
    assert reason(text, length_ratio=(0.1, 3.0)) is None


def test_what_the_source_says_too_is_no_fault() -> None:
    source = (
        'The robot said: "I cannot help you." Let me know if you agree, it added after the reply.'
    )
    assert (
        reason('"I cannot help you," it said. Let me know if you agree, was what it added.', source)
        is None
    )


def test_a_refrain_of_the_source_may_come_back() -> None:
    song = "Row the boat gently down the stream. " * 6
    assert reason(song.strip(), song.strip() + " Life is but a dream.") is None


def test_a_source_cut_in_a_sentence_may_be_followed_in_that() -> None:
    source = SOURCE.rstrip(".") + " and it is then"
    assert reason(TEXT.rstrip(".") + " and it is then", source) is None


def test_the_language_asked_for_is_the_one_that_counts() -> None:
    german = (
        "Die Photosynthese findet in den Chloroplasten der Pflanzen statt. Das Licht wird von dem "
        "Chlorophyll aufgenommen und in chemische Energie umgewandelt. Es wird auch Sauerstoff frei."
    )
    assert reason(german, german.replace("Licht", "Sonnenlicht"), language="de") is None
    assert reason(german) == "language"


CODE = "import os\nfor name in os.listdir(path):\n    print(os.path.join(path, name), os.sep)"


@pytest.mark.parametrize("text", ["Привет", "桥已开放。", "ხიდი გაიხსნა", "Η γέφυρα άνοιξε"])
def test_the_script_of_a_short_text_counts(text: str) -> None:
    assert reason(text, text) == "language"


@pytest.mark.parametrize("text", ["α + β", "∑ λᵢ", CODE, "日", "№ 7", "naïve café"])
def test_symbols_and_code_are_no_language(text: str) -> None:
    assert reason(text, text) is None


@pytest.mark.parametrize("text", [SOURCE, "桥已开放。", "Привет"])
def test_a_language_that_is_not_known_is_not_checked(text: str) -> None:
    assert reason(text, text, language="xx") is None


def test_a_name_in_latin_letters_is_of_every_language() -> None:
    assert reason("IBM 360", "IBM 360", language="ru") is None


def test_the_phrase_that_decided_is_the_detail() -> None:
    finding = GATE.check_cheap(SOURCE, "Sure! " + TEXT, expectation=Expectation())
    assert (finding.faithful, finding.detail, finding.scores.fidelity) == (False, "Sure!", 0.0)


@pytest.mark.parametrize(
    "text",
    [
        TEXT + "\n\nBest wishes, Lena",
        TEXT + "\n\nYours,\nTom",
        "1. Where\n   a. " + TEXT.split(". ")[0] + "\n2. What\n   a. " + TEXT.split(". ")[1]
        + "\n   b. A product of the reaction, oxygen, is released",
    ],
)  # fmt: skip
def test_a_signature_and_an_outline_end_without_a_stop(text: str) -> None:
    assert reason(text) is None


def test_a_name_after_a_comma_is_no_signature_inside_a_paragraph() -> None:
    assert reason(TEXT + " So, Lena") == "unfinished"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("She pays $2 for each egg, and she sells nine of them on the market every day.", None),
        (
            "She pays $2, then $3 for an egg, so she earns $x + 1 on the market every day.",
            "unfinished",
        ),
    ],
)
def test_an_amount_of_dollars_opens_no_formula(text: str, found: str | None) -> None:
    source = "She pays 2 dollars for each egg, and she sells nine of them on the market every day."
    assert reason(text, source, kind="math") == found
