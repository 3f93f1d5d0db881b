"""What has too little to compare is not faithful by default; the same words are."""

import pytest

from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions, Finding

DEFAULT = ("hygiene", "ledger", "relations")
LAPTOP = ("hygiene", "ledger", "alignment")
RUSSIAN = "Мост в Москве был открыт в 1932 году губернатором. Инженеры проверяют тросы весной."


async def found(source: str, text: str, tiers: tuple[str, ...], language: str = "en") -> Finding:
    gate = FidelityGate(FidelityOptions.model_validate({"tiers": tiers, "max_copied": 1.0}))
    told = Expectation(language=language, length_ratio=(0.3, 3.0))
    return await gate.check(source, text, expectation=told)


@pytest.mark.parametrize("tiers", [DEFAULT, LAPTOP])
@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Yes", "No"),
        ("the", "of"),
        ("it was", "they are"),
        ("Who?", "When?"),
        ("a", "b"),
        ("He did.", "He did not."),
        ("🙂", "🙃"),
    ],
)
async def test_short_texts_without_meaning_are_not_compared(
    source: str, text: str, tiers: tuple[str, ...]
) -> None:
    finding = await found(source, text, tiers)

    assert (finding.faithful, finding.reason) == (False, "too_little_to_compare")
    assert finding.scores.fidelity == 0
    assert finding.detail


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Open", "Closed"),
        ("It is open", "It is not open"),
        ("What is the capital of France?", "What is the capital of Peru?"),
        ("สะพานเปิดแล้ว", "แมวนอนหลับอยู่บนเสื่อ"),
        ("הגשר נפתח", "החתול ישן"),
        ("ხიდი გაიხსნა", "კატა ძინავს"),
        ("Η γέφυρα", "Ο σκύλος"),
    ],
)
@pytest.mark.parametrize("tiers", [DEFAULT, LAPTOP])
async def test_short_texts_of_other_words_are_not_faithful(
    source: str, text: str, tiers: tuple[str, ...]
) -> None:
    assert not (await found(source, text, tiers)).faithful


@pytest.mark.parametrize("tiers", [DEFAULT, LAPTOP])
@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Yes", "Yes"),
        ("Who is it?", "Who is it?"),
        ("## History\n", "# History"),
        ("Introduction to bridges", "An introduction to bridges"),
        ("🙂", "🙂"),
        ("$x = 2$", "$x = 2$"),
        ("It is not open", "It is not open"),
    ],
)
async def test_the_same_words_are_faithful(source: str, text: str, tiers: tuple[str, ...]) -> None:
    assert (await found(source, text, tiers)).faithful


@pytest.mark.parametrize("tiers", [DEFAULT, LAPTOP])
async def test_a_heading_and_a_word_inside_a_text_do_no_harm(tiers: tuple[str, ...]) -> None:
    body = "The bridge was opened in 1932 by the governor. Engineers inspect its cables in spring."
    assert (await found(f"# It\n\nYes.\n\n{body}", f"# That\n\n{body}", tiers)).faithful


@pytest.mark.parametrize("language", ["ru", "ka"])
async def test_scripts_that_are_not_read_are_not_faithful_by_default(language: str) -> None:
    for changed in (RUSSIAN.replace("Москве", "Минске"), RUSSIAN.replace("был", "не был")):
        finding = await found(RUSSIAN, changed, DEFAULT, language)
        assert (finding.faithful, finding.reason) == (False, "meaning_unchecked")
    assert (await found(RUSSIAN, RUSSIAN, DEFAULT, language)).faithful


async def test_a_table_without_sentences_may_become_a_list() -> None:
    table = "| Country | Share |\n|---|---|\n| Brazil | 60% |\n| Peru | 13% |\n| Chile | 27% |"
    listed = "- Brazil: 60%\n- Peru: 13%\n- Chile: 27%"
    other = "- Apples: 60%\n- Pears: 13%\n- Plums: 27%"
    assert (await found(table, listed, LAPTOP)).faithful
    assert not (await found(table, other, LAPTOP)).faithful
