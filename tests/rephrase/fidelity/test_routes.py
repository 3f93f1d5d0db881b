"""The routes to a translation's meaning: a multilingual embedding, and the way back."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.assets import minilm_folder
from datagen.engines.base import Completion, Request
from datagen.errors import RecipeError
from datagen.rephrase.fidelity import Asker, Expectation, FidelityGate, FidelityOptions, language
from datagen.rephrase.fidelity.routes import scaled

SOURCE = (
    "Ein Buch kostet 20 Euro und die Schülerin kauft drei davon mit ihrem Geld. Wie viel muss sie "
    "dafür im Laden an der Kasse bezahlen?"
)
TEXT = (
    "A book costs 20 euros and the pupil buys three of them with her money. How much does she have "
    "to pay for them at the till of the shop?"
)
MATH = Expectation(kind="math", length_ratio=(0.3, 3.0))


async def check(options: dict[str, Any], back: str) -> tuple[Any, list[Request]]:
    asked: list[Request] = []

    async def ask(role: str, request: Request) -> Completion:
        assert role == "rewriter"
        asked.append(request)
        return Completion(back, "stop", 1, 1)

    gate = FidelityGate(
        FidelityOptions.model_validate({"tiers": ("hygiene", "mathematics"), **options})
    )
    try:
        finding = await gate.check(SOURCE, TEXT, expectation=MATH, by=Asker(ask, "row", 1))
    finally:
        await gate.close()
    return finding, asked


async def test_a_way_back_to_the_source_passes() -> None:
    finding, (request,) = await check({"translate_back": True}, SOURCE)
    assert finding.faithful
    assert finding.scores.returned == pytest.approx(1.0)
    assert "into German" in request.messages[0].content


@pytest.mark.parametrize("back", ["", "Der Zug fährt morgen um sieben ab."])
async def test_a_way_back_to_something_else_is_refused(back: str) -> None:
    finding, _ = await check({"translate_back": True}, back)
    assert (finding.faithful, finding.reason) == (False, "low_fidelity")
    assert "German" in finding.detail


async def test_without_an_option_nobody_is_asked_and_nothing_is_faithful_by_default() -> None:
    finding, asked = await check({}, "")
    assert (finding.faithful, finding.reason) == (False, "meaning_unchecked")
    assert (finding.scores.supported, finding.scores.kept, finding.scores.fidelity) == (0, 0, 0)
    assert asked == []


async def test_an_embedding_by_folder_compares_sentences() -> None:
    folder = str(minilm_folder())  # knows English only: what counts is that it is asked
    loose, _ = await check({"multilingual": folder, "min_meant": 0.0}, "")
    strict, _ = await check({"multilingual": folder, "min_meant": 0.99}, "")
    assert loose.faithful
    assert loose.scores.sentences_supported is not None
    assert (strict.faithful, strict.reason) == (False, "unsupported_sentence")


async def test_an_embedding_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecipeError, match="empty"):
        await check({"multilingual": str(tmp_path / "empty")}, "")


async def test_what_the_way_back_measured_is_the_fidelity_and_nothing_else_is_claimed() -> None:
    options = {"translate_back": True, "threshold": 0.9}
    exact, _ = await check(options, SOURCE)
    partly, _ = await check(options, SOURCE[:90])
    bad, _ = await check(options, "Der Zug fährt morgen um sieben ab.")
    marks = [one.scores.fidelity for one in (bad, partly, exact)]
    assert marks[0] < 0.9 <= marks[1] < marks[2] == pytest.approx(1)
    assert partly.faithful
    assert (partly.scores.supported, partly.scores.kept) == (None, None)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_route_s_bound_is_the_threshold(
    one: float, other: float, least: float, bar: float
) -> None:
    low, high = sorted((one, other))
    assert 0 <= scaled(low, least, bar) <= scaled(high, least, bar) <= 1
    assert low < least or scaled(low, least, bar) >= bar
    assert scaled(float("nan"), least, bar) == 0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (SOURCE, "German"),
        (TEXT, "English"),
        ("小明买了三本书，每本二十元。", "Chinese"),
        ("太郎さんは本を三冊買いました。", "Japanese"),
        ("Книга стоит двадцать рублей.", "Russian"),
        ("Книга коштує двадцять гривень, її купили.", "Ukrainian"),
        ("一", "Chinese"),
        ("xyzzy plugh", None),
        ("", None),
    ],
)
def test_a_language_is_named_as_far_as_it_shows(text: str, named: str | None) -> None:
    assert language.named(text, text.lower().split()) == named
