"""The judge: its quotations are checked, and what could not be judged is not failed."""

import json
import re

import pytest
from agentic_fakes import Asked, said, task

from datagen.agentic.judging import Judge, JudgeOptions, Vote, read_vote, settled
from datagen.agentic.rubrics import Question, RubricFile, load_rubric
from datagen.engines.base import Completion, Request

TURNS = said("Extend my loan.", "The loan L-7 is extended.")
QUESTION = Question(
    name="done", text="It is done.", weight=1, mandatory=True, options=("no", "yes"), passes=1
)


def vote(evidence: str, choice: str = "A") -> str:
    return json.dumps({"evidence": evidence, "reason": "because", "choice": choice})


def chooser(wanted: str, evidence: str = "L-7 is extended"):  # type: ignore[no-untyped-def]
    """A judge that finds the option it wants, whatever its letter."""

    def answer(request: Request) -> str:
        letter = re.search(rf"([A-Z])\. {wanted}", request.messages[-1].content)
        return vote(evidence, letter[1] if letter else "A")

    return answer


def judge(votes: int = 3) -> Judge:
    return Judge(JudgeOptions(votes=votes), RubricFile(criteria=(QUESTION,)))


@pytest.mark.parametrize(
    ("text", "invalid"),
    [
        (vote("it was never said"), "no_such_words"),
        (vote(""), "no_such_words"),
        (vote("is"), "no_such_words"),
        (vote("L-7 is extended", "Z"), "broken_json"),
        ("yes", "broken_json"),
        (vote("L-7 is extended \ud83d"), "broken_json"),
        ("[" * 9999, "broken_json"),
        (vote("“L-7   is\nextended”"), ""),
    ],
)
def test_a_vote_counts_only_with_words_that_stand_in_the_conversation(
    text: str, invalid: str
) -> None:
    found = read_vote(Completion(text), {"A": 1}, "Assistant: The loan L-7 is extended.")

    assert (found.invalid, found.option) == (invalid, -1 if invalid else 1)


async def test_votes_with_shuffled_options_mean_the_same_option() -> None:
    ask = Asked(chooser("yes"))

    judgement = await judge(9)(task(), TURNS, row="r", seed=3, ask=ask)

    orders = {"A. yes" in request.messages[-1].content for _, request in ask.requests}
    assert orders == {True, False}
    assert judgement.criteria[0].passed is True
    assert judgement.criteria[0].agreement == 1
    assert judgement.refused_by == ""


async def test_a_mandatory_criterion_that_fails_refuses() -> None:
    judgement = await judge()(task(), TURNS, row="r", seed=3, ask=Asked(chooser("no")))

    assert judgement.refused_by == "done"
    assert judgement.score == 0


async def test_without_valid_votes_a_criterion_is_unjudged_and_refuses_nothing() -> None:
    ask = Asked(chooser("no", evidence="made up by the judge"))

    judgement = await judge()(task(), TURNS, row="r", seed=3, ask=ask)

    assert judgement.criteria[0].passed is None
    assert (judgement.score, judgement.refused_by, judgement.unjudged) == (None, "", 1)


async def test_a_conversation_too_long_to_show_stays_unjudged_and_costs_nothing() -> None:
    ask = Asked(chooser("no"))

    judgement = await judge()(task(), said("x " * 30_000, "ok"), row="r", seed=3, ask=ask)

    assert judgement.unjudged == 1
    assert ask.requests == []


async def test_the_shipped_rubric_and_the_criteria_of_the_task_are_asked_for() -> None:
    rubric = load_rubric("trajectory")
    ask = Asked(chooser("nothing"))

    judgement = await Judge(JudgeOptions(votes=1), rubric)(task(), TURNS, row="r", seed=3, ask=ask)

    assert len(judgement.criteria) == len(rubric.criteria)


def test_a_split_vote_takes_the_worse_middle_and_says_how_far_it_agrees() -> None:
    found = settled(QUESTION, [Vote(0), Vote(1)])

    assert (found.passed, found.agreement) == (False, 0.5)
