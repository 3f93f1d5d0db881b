"""The optional judges: the run's engine, or an NLI model, reads what the verifier doubts.

Each vote sees one statement and the passage it has to stand in: a sentence of the text beside the
source, or a sentence of the source beside the text. A "yes" counts only with words of the passage
quoted letter by letter. Votes move the verifier's probability, they don't replace it; a statement
without valid votes moves nothing. Not covered: a judge that quotes true words for a false yes.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from datagen.engines.base import Completion, Message, Request, Sampling
from datagen.prompts import judge_prompt
from datagen.rephrase.fidelity.verification import Verified, doubtful
from datagen.rephrase.fidelity.verifier import Direction
from datagen.schemas import derived_seed
from datagen.stage import Ask

ROLE = "judge"
Entails = Callable[[Sequence[tuple[str, str]]], Awaitable[NDArray[Any]]]
"""(passage, statement) pairs → probabilities of entailment."""
YES, NO = 4.0, 1 / 8
"""Factor by which a valid vote moves the odds that a statement is supported. Own choice, and no
model's measured reliability: `datagen fidelity` on the run's chunks shows what a judge is worth."""
MOST = 30.0
"""Votes of one model are not independent: together they move the odds no further."""
MOST_CLAIMS, MOST_LOSSES = 3, 2
"""Sentences of the text, and of the source, that are asked about, the most suspect."""
MIN_QUOTE_CHARS = 4
ANSWER_TOKENS = 200
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "quote": {"type": "string", "maxLength": 400},
        "answer": {"enum": ["yes", "no"]},
    },
    "required": ["quote", "answer"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Asker:
    """How the gate asks the run's engine about one rewrite."""

    ask: Ask
    row: str
    seed: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the votes on one statement came to."""

    side: Direction
    claim: str
    yes: int
    no: int

    entailed: float | None = None
    """Probability by an NLI model, instead of votes."""

    @property
    def factor(self) -> float:
        """By which the odds move; 1 without valid votes."""
        moved = YES**self.yes * NO**self.no
        if self.entailed is not None:  # as likely as not moves nothing
            moved = self.entailed / max(1 - self.entailed, 1e-9)
        return float(min(max(moved, 1 / MOST), MOST))

    @property
    def share(self) -> float | None:
        """Of the valid votes, for the statement."""
        valid = self.yes + self.no
        return self.yes / valid if valid else None


async def judged(
    made: Verified, source: str, text: str, *, votes: int, losses: bool, by: Asker
) -> list[Judgement]:
    """Judge the most suspect statements; `losses`: those of the source too."""
    found: list[Judgement] = []
    for side, passage, claim in _statements(made, source, text, losses):
        answers = [await _vote(passage, claim, number, by) for number in range(votes)]
        found.append(Judgement(side, claim, answers.count(True), answers.count(False)))
    return found


async def entailed(
    made: Verified, source: str, text: str, *, losses: bool, by: Entails
) -> list[Judgement]:
    """The same by an NLI model."""
    asked = _statements(made, source, text, losses)
    shares = await by([(passage, claim) for _, passage, claim in asked])
    return [
        Judgement(side, claim, 0, 0, float(share))
        for (side, _, claim), share in zip(asked, shares, strict=True)
    ]


def _statements(
    made: Verified, source: str, text: str, losses: bool
) -> list[tuple[Direction, str, str]]:
    """(direction, passage, statement) of what is most suspect."""
    lost = doubtful(made, "kept", MOST_LOSSES) if losses else []
    return [
        *(("supported", source, claim) for claim in doubtful(made, "supported", MOST_CLAIMS)),
        *(("kept", text, claim) for claim in lost),
    ]


def shares(found: Sequence[Judgement]) -> dict[str, float]:
    """The scores to enter: the least share of valid votes and the least probability."""
    marks = {}
    if voted := [one.share for one in found if one.share is not None]:
        marks["judged"] = min(voted)
    if likely := [one.entailed for one in found if one.entailed is not None]:
        marks["entailed"] = min(likely)
    return marks


def moved(probability: float | None, found: Sequence[Judgement], side: Direction) -> float:
    """The probability (1 where there is none) after what was said: the worst statement decides."""
    probability = 1.0 if probability is None else probability
    factors = [one.factor for one in found if one.side == side]
    if not factors:
        return probability
    odds = min(factors) * probability / max(1 - probability, 1e-9)
    return odds / (1 + odds)


async def _vote(passage: str, claim: str, number: int, by: Asker) -> bool | None:
    seed = derived_seed(by.seed, by.row, "claim", passage, claim, number)
    request = Request(
        messages=(Message("user", judge_prompt(passage, claim)),),
        sampling=Sampling(temperature=0.6, max_tokens=ANSWER_TOKENS, seed=seed),
        schema=SCHEMA,
        row=by.row,
    )
    return read_vote(await by.ask(ROLE, request), passage)


def read_vote(completion: Completion, passage: str) -> bool | None:
    """Yes, no, or None where the answer can't be used."""
    try:
        said = json.loads(completion.text)
        quote, answer = said["quote"], said["answer"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if completion.finish_reason == "length" or answer not in ("yes", "no"):
        return None
    if answer == "no":
        return False
    quoted = " ".join(str(quote).split()).strip("\"'“”…. ")
    shown = " ".join(passage.split())
    return True if len(quoted) >= MIN_QUOTE_CHARS and quoted in shown else None
