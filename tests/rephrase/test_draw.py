"""Rephrasings of a document differ by style first, then by perspective; more of them change none."""

from datagen.prompts import load_style
from datagen.rephrase.draw import draws

STYLES = [load_style("faq"), load_style("textbook")]


def drawn(count: int, document: str = "d") -> list[tuple[str, str, str]]:
    made = draws(STYLES, document=document, kind="knowledge", count=count, seed=1)
    return [(draw.style.name, draw.audience, draw.tone) for draw in made]


def test_no_style_is_used_again_before_all_were() -> None:
    names = [name for name, _, _ in drawn(6)]

    assert all(len(set(names[start : start + 2])) == 2 for start in (0, 2, 4))


def test_no_pair_of_style_and_perspective_repeats_while_there_are_others() -> None:
    possible = sum(len(style.audiences) * len(style.tones) for style in STYLES)

    smallest = 2 * min(len(style.audiences) * len(style.tones) for style in STYLES)
    assert len(set(drawn(smallest))) == smallest <= possible


def test_a_larger_count_begins_with_the_draws_of_a_smaller_one() -> None:
    assert drawn(10)[:3] == drawn(3)


def test_documents_get_draws_of_their_own() -> None:
    assert len({tuple(drawn(4, f"d{number}")) for number in range(20)}) > 1
