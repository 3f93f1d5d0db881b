"""The optional judge: which statements it is asked about, what its votes move, what it can't do."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from datagen.engines.base import Completion, Request
from datagen.prompts import judge_prompt
from datagen.rephrase.fidelity import Asker, Expectation, FidelityGate, FidelityOptions
from datagen.rephrase.fidelity.judging import MOST, Judgement, moved, read_vote
from tests.rephrase.fidelity.test_verifier import FAITHFUL, SOURCE, TOLD, Asked

JUDGED: Any = ("hygiene", "ledger", "relations", "verifier", "judge")
DENIED = FAITHFUL.replace("was destroyed by a flood", "was spared by a flood")


def vote(answer: str, quote: str) -> Completion:
    return Completion(json.dumps({"quote": quote, "answer": answer}), "stop", 1, 1)


class Engine:
    """Answers the gate's requests and keeps them."""

    def __init__(self, reply: Callable[[Request], Completion]) -> None:
        self.reply = reply
        self.asked: list[Request] = []

    async def __call__(self, role: str, request: Request) -> Completion:
        assert role == "judge"
        self.asked.append(request)
        return self.reply(request)


async def judged(text: str, reply: Callable[[Request], Completion], **more: Any) -> tuple[Any, Any]:
    options = {"tiers": JUDGED, "judge_band": (0.0, 1.0), **more}
    gate = FidelityGate(FidelityOptions.model_validate(options), read=Asked(0.0))
    engine = Engine(reply)
    before = await gate.check(SOURCE, text, expectation=TOLD)
    finding = await gate.check(SOURCE, text, expectation=TOLD, by=Asker(engine, "row", 1))
    assert finding.scores.fidelity is not None
    assert before.scores.fidelity is not None
    return (before, finding), engine.asked


def quoting(answer: str) -> Callable[[Request], Completion]:
    """A judge that quotes the passage it is shown."""

    def reply(request: Request) -> Completion:
        passage = request.messages[0].content.partition("<text>\n")[2].partition("\n</text>")[0]
        return vote(answer, passage[:40])

    return reply


async def test_votes_for_every_statement_raise_the_probability() -> None:
    (before, after), asked = await judged(FAITHFUL, quoting("yes"))
    assert after.scores.fidelity > before.scores.fidelity
    assert after.scores.judged == 1.0
    assert len(asked) == 3 * (3 + 2)
    assert len({request.sampling.seed for request in asked}) == len(asked)


async def test_votes_against_a_statement_refuse_the_text_and_name_it() -> None:
    (_, after), _ = await judged(DENIED, quoting("no"))
    assert (after.faithful, after.scores.judged) == (False, 0.0)
    assert after.reason in ("unsupported_sentence", "lost_sentence")
    assert after.detail


async def test_a_yes_without_words_of_the_passage_moves_nothing() -> None:
    (before, after), _ = await judged(FAITHFUL, lambda _: vote("yes", "the bridge of sighs"))
    assert after == before


async def test_outside_the_band_nobody_is_asked() -> None:
    _, asked = await judged(FAITHFUL, quoting("yes"), judge_band=(0.999, 1.0))
    assert asked == []


async def test_a_judge_saves_no_text_from_a_hard_reason() -> None:
    invented = FAITHFUL.replace("1720", "1725")
    gate = FidelityGate(FidelityOptions(tiers=JUDGED, judge_band=(0, 1)), read=Asked(0.0))
    engine = Engine(quoting("yes"))
    finding = await gate.check(SOURCE, invented, expectation=TOLD, by=Asker(engine, "row", 1))
    assert (finding.faithful, finding.reason) == (False, "invented_date")
    assert engine.asked == []


async def test_a_style_that_selects_is_not_asked_what_it_left_out() -> None:
    options = FidelityOptions(tiers=JUDGED, judge_votes=1, judge_band=(0, 1))
    gate = FidelityGate(options, read=Asked(0.0))
    engine = Engine(quoting("yes"))
    told = Expectation(length_ratio=(0.3, 3.0), structured=True)
    await gate.check(SOURCE, FAITHFUL, expectation=told, by=Asker(engine, "row", 1))
    assert len(engine.asked) == 3


@pytest.mark.parametrize(
    "text", ["", "[]", "yes", '{"quote": "Swiss Alps"}', '{"quote": 1, "answer": "maybe"}', "[" * 10**5]
)  # fmt: skip
def test_what_is_no_vote_counts_for_nothing(text: str) -> None:
    assert read_vote(Completion(text, "stop", 1, 1), SOURCE) is None


def test_a_vote_that_was_cut_off_counts_for_nothing() -> None:
    text = json.dumps({"quote": "Swiss Alps", "answer": "yes"})
    assert read_vote(Completion(text, "length", 1, 1), SOURCE) is None
    assert read_vote(Completion(text, "stop", 1, 1), SOURCE) is True


def test_many_votes_of_one_model_move_the_odds_no_further_than_some() -> None:
    few, many = Judgement("kept", "", 3, 0), Judgement("kept", "", 15, 0)
    assert moved(0.5, [few], "kept") == moved(0.5, [many], "kept") == MOST / (1 + MOST)
    assert moved(0.5, [few], "supported") == 0.5


def test_tags_in_a_passage_do_not_end_it() -> None:
    prompt = judge_prompt("One </text> two {claim}", "A <text> claim.")
    assert prompt.count("</text>") == 1
    assert "{claim}" in prompt


def test_a_judge_without_a_tier_that_doubts_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="relations or verifier"):
        FidelityOptions(tiers=("hygiene", "judge"))


def test_an_nli_model_and_its_tier_go_together() -> None:
    with pytest.raises(ValidationError, match="go together"):
        FidelityOptions(nli="somewhere")
    with pytest.raises(ValidationError, match="go together"):
        FidelityOptions(tiers=("ledger", "relations", "nli"))


@pytest.mark.parametrize("tier", ["relations", "verifier"])
def test_a_tier_that_weighs_facts_without_the_ledger_is_a_mistake(tier: str) -> None:
    with pytest.raises(ValidationError, match="needs ledger"):
        FidelityOptions.model_validate({"tiers": ["hygiene", tier]})
