import time

import pytest

from datagen.rephrase.fidelity.evidence import LONGEST_PIECE, MOST_PIECES, Evidence
from datagen.rephrase.fidelity.features import claims_of, compared
from datagen.rephrase.fidelity.polarity import opposite, partners
from datagen.rephrase.fidelity.relations import Relation, relate
from datagen.rephrase.fidelity.sentences import content

SOURCE = (
    "Isaac Newton explained the tides in 1687. The Principia was published in London. "
    "In 1966, a crater on the Moon was named after him. He never married, because he worked. "
    "The northern region is larger than the southern region. "
    "Heavy rain in spring leads to floods in the lower valley."
)


def related(claim: str, source: str = SOURCE) -> Relation:
    evidence = Evidence(source)
    return relate(claim, evidence, evidence.best(content(claim), 3))


def test_a_figure_that_stands_with_another_claim_is_unbound() -> None:
    moved = related("In 1966, Isaac Newton explained the tides.")
    own = related("Isaac Newton explained the tides in 1687.")
    assert moved.figures_far == 1
    assert moved.unbound == 1.0
    assert own.figures_far == 0
    assert own.unbound == 0.0


def test_a_denial_that_went_or_came_is_counted() -> None:
    assert related("He married, because he worked.").denials == 1
    assert related("The Principia was not published in London.").denials == 1
    assert related("He never married, as he worked.").denials == 0


def test_contractions_deny_too() -> None:
    assert related("The Principia wasn't published in London.").denials == 1
    assert related("The Principia wasn’t published in London.").denials == 1


def test_an_opposite_in_place_of_a_word_is_a_flip() -> None:
    assert related("The northern region is smaller than the southern region.").flips >= 1
    assert related("The northern region is larger than the southern one.").flips == 0


def test_cause_and_effect_that_changed_places_are_seen() -> None:
    swapped = related("Floods in the lower valley lead to heavy rain in spring.")
    turned = related("Floods in the lower valley are caused by heavy rain in spring.")
    assert swapped.causes == 1
    assert turned.causes == 0


def test_a_name_that_the_source_lacks_is_new_unless_the_context_has_it() -> None:
    claim = "The Principia was published by Edmond Halley."
    evidence = Evidence(SOURCE)
    chosen = evidence.best(content(claim), 3)
    assert relate(claim, evidence, chosen).names_new == 2
    assert relate(claim, evidence, chosen, content("Edmond Halley")).names_new == 0


def test_a_copy_agrees_in_everything() -> None:
    for claim in claims_of(SOURCE):
        relation = related(claim.text)
        assert max(relation._replace(unbound=0.0, reordered=0.0)) == 0.0


def test_words_of_one_side_are_no_opposites() -> None:
    assert opposite("increased", "decreased")
    assert opposite("legal", "illegal")
    assert not opposite("increased", "grew")
    assert not opposite("increased", "table")
    assert "decreased" in partners("increased")


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", "???", "| a | b |\n|---|---|", "你好，世界。", "\ud800", "$x^2$", "🙂" * 50],
)
def test_odd_texts_are_related_without_a_crash(text: str) -> None:
    made = compared(claims_of(text), Evidence(SOURCE))
    other = compared(claims_of(SOURCE), Evidence(text))
    assert made.relations.shape[1] == other.relations.shape[1] == len(Relation._fields)


def test_a_source_without_a_stop_is_cut_and_bounded() -> None:
    source = "river valley flood " * 60_000
    start = time.process_time()
    evidence = Evidence(source)
    assert len(evidence.pieces) <= MOST_PIECES
    assert max(piece.words for piece in evidence.pieces) <= LONGEST_PIECE
    compared(claims_of("The river valley floods. " * 50), evidence)
    assert time.process_time() - start < 20


def test_evidence_fits_its_room_and_keeps_the_order_of_the_source() -> None:
    source = " ".join(f"Number {n} has the mark m{n} of group g{n % 7}." for n in range(500))
    text = Evidence(source).about(content("The marks m400 and m3 differ."), words=30)
    assert len(text.split()) <= 30
    assert text.index("m3 ") < text.index("m400 ")
