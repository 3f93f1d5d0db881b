"""Every arm trains on the same number of tokens, and what a text is said to tell is what it tells."""

import asyncio

import pytest

from benchmarks.downstream.__main__ import interval
from benchmarks.downstream.biographies import biography, rephrasing
from benchmarks.downstream.corpus import ARMS, Written, budget, stream, tokens, written
from benchmarks.downstream.people import ATTRIBUTES, CANDIDATES, people
from datagen.errors import RecipeError

PEOPLE = people(12, seed=3)


async def passes_true_ones(source: str, text: str) -> bool:
    return all(word in source for word in text.split() if word[:-1].isdigit())


def corpus(mistakes: float) -> list[Written]:
    async def made() -> list[Written]:
        return [await written(one, passes_true_ones, seed=1, mistakes=mistakes) for one in PEOPLE]

    return asyncio.run(made())


def test_a_biography_and_a_faithful_rephrasing_tell_every_fact() -> None:
    for person in PEOPLE:
        for text in (biography(person), rephrasing(person, 4, seed=0, mistakes=0)):
            assert text.told == person.facts
            assert all(value in text.words for value in person.facts.values())


def test_a_mistake_shows_in_what_is_told_and_in_the_words() -> None:
    made = [rephrasing(person, n, seed=0, mistakes=1) for person in PEOPLE for n in range(20)]

    assert {text.mistake for text in made} == {"replaced", "exchanged", "dropped"}
    for text, person in zip(made, [person for person in PEOPLE for _ in range(20)], strict=True):
        assert text.told != person.facts
        assert all(value in text.words for value in text.told.values())


def test_answers_are_drawn_from_lists_of_one_length() -> None:
    assert {len(set(CANDIDATES[name])) for name in ATTRIBUTES} == {20}


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_spends_the_budget_and_no_more_than_its_last_text_above(arm: str) -> None:
    made = corpus(0.3)

    spent = [tokens(text) for text in stream(made, arm, rounds=2, seed=0)]  # type: ignore[arg-type]

    assert sum(spent[:-1]) < budget(made, 2) <= sum(spent)


def test_only_the_ungated_arm_sees_what_the_gate_refused() -> None:
    made = corpus(0.5)
    refused = {text.words for one in made for text, ok in one.judged if not ok}

    seen = {
        arm: {text.words for text in stream(made, arm, rounds=1, seed=0)}
        for arm in ("one", "ten", "ungated")
    }

    assert refused & seen["ungated"]
    assert not refused & (seen["one"] | seen["ten"])


def test_a_gate_that_passes_nothing_ends_in_one_line() -> None:
    async def passes_none(source: str, text: str) -> bool:
        return False

    with pytest.raises(RecipeError, match="refuses every"):
        asyncio.run(written(PEOPLE[0], passes_none, seed=0, mistakes=0))


def test_an_interval_is_wider_for_fewer_seeds() -> None:
    assert interval([0.5]) == "0.500"
    assert interval([0.4, 0.6]) == "0.500 ± 1.271"
    assert interval([0.4, 0.6, 0.4, 0.6]) == "0.500 ± 0.184"
