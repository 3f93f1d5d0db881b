"""The judge: a model that answers each criterion of a rubric, with evidence that is checked.

A vote quotes words of the conversation; one whose quotation stands nowhere is invalid. Options are
shuffled for each vote, so that a liking for the first one shows as disagreement. A criterion with
too few valid votes is unjudged, which is not failed. Not covered: whether a true quotation bears
out the choice."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from string import ascii_uppercase
from typing import Any, Literal

from pydantic import Field

from datagen.agentic.calling import arguments_text, json_object
from datagen.agentic.nouns import Task, Turn
from datagen.agentic.prompting import filled
from datagen.agentic.rubrics import Question, RubricFile, questions
from datagen.engines.base import Completion, Message, Request, Sampling
from datagen.recipe import Section
from datagen.schemas import derived_seed
from datagen.stage import Ask

ROLE = "judge"
MIN_QUOTE_CHARS = 4
"""Shorter quotations stand in any text."""
MAX_SHOWN_CHARS = 24_000
"""Of a conversation; a longer one stays unjudged."""


class JudgeOptions(Section):
    """Whether and how trajectories are judged, after the verifiers."""

    votes: int = Field(default=0, ge=0, le=15)
    """Votes on each criterion; 0: no judge."""
    rubric: str = "trajectory"
    """Name of a shipped rubric, or a TOML file."""
    of: Literal["verified", "all"] = "verified"
    """`all` judges what verifiers refused too, to see how far both agree; it stays refused."""
    threshold: float = Field(default=0.6, ge=0, le=1)
    """Least weighted share of the judged criteria passed."""
    temperature: float = Field(default=0.6, ge=0, le=2)
    max_tokens: int = Field(default=300, ge=32)


@dataclass(frozen=True, slots=True)
class Vote:
    """One answer to one criterion."""

    option: int
    """Index into the options, worst first; -1: invalid."""
    evidence: str = ""
    reason: str = ""
    invalid: str = ""
    """Why it doesn't count: `truncated`, `broken_json`, `no_such_words`."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one criterion."""

    name: str
    weight: float
    mandatory: bool
    passed: bool | None
    """None: unjudged."""
    option: str
    agreement: float
    """Share of the valid votes that chose the option."""
    votes: tuple[Vote, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge found on one rollout."""

    criteria: tuple[Judged, ...]
    threshold: float

    @property
    def score(self) -> float | None:
        """Weighted share of the judged criteria that passed; None if none was judged."""
        judged = [one for one in self.criteria if one.passed is not None and one.weight > 0]
        weight = sum(one.weight for one in judged)
        return sum(one.weight for one in judged if one.passed) / weight if weight else None

    @property
    def refused_by(self) -> str:
        """The mandatory criterion that failed, `low_score`, or empty: nothing speaks against it."""
        for one in self.criteria:
            if one.mandatory and one.passed is False:
                return one.name
        return "low_score" if self.score is not None and self.score < self.threshold else ""

    @property
    def unjudged(self) -> int:
        return sum(one.passed is None for one in self.criteria)

    def as_json(self) -> dict[str, Any]:
        return {
            "score": self.score,
            "refused_by": self.refused_by,
            "unjudged": self.unjudged,
            "criteria": [asdict(one) for one in self.criteria],
        }


class Judge:
    """Judges rollouts against one rubric."""

    def __init__(self, options: JudgeOptions, rubric: RubricFile) -> None:
        self.options = options
        self.rubric = rubric

    async def __call__(
        self, task: Task, turns: Sequence[Turn], *, row: str, seed: int, ask: Ask
    ) -> Judgement:
        shown = transcript(turns)
        judged = []
        for question in questions(self.rubric, task):
            votes: list[Vote] = []
            for number in range(self.options.votes if len(shown) <= MAX_SHOWN_CHARS else 0):
                vote_seed = derived_seed(seed, row, "judge", question.name, number)
                votes.append(await self._vote(question, task, shown, row, vote_seed, ask))
            judged.append(settled(question, votes))
        return Judgement(tuple(judged), self.options.threshold)

    async def _vote(
        self, question: Question, task: Task, shown: str, row: str, seed: int, ask: Ask
    ) -> Vote:
        order = list(range(len(question.options)))
        random.Random(seed).shuffle(order)
        letters = ascii_uppercase[: len(order)]
        listed = (f"{a}. {question.options[b]}" for a, b in zip(letters, order, strict=True))
        prompt = filled(
            "judge",
            task=task.request,
            conversation=shown,
            criterion=question.text,
            options="\n".join(listed),
        )
        request = Request(
            messages=(Message("user", prompt),),
            sampling=Sampling(
                temperature=self.options.temperature,
                max_tokens=self.options.max_tokens,
                seed=seed,
            ),
            schema=vote_schema(letters),
            row=row,
        )
        return read_vote(await ask(ROLE, request), dict(zip(letters, order, strict=True)), shown)


def vote_schema(letters: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "evidence": {"type": "string"},
        "reason": {"type": "string"},
        "choice": {"enum": list(letters)},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def read_vote(completion: Completion, options: dict[str, int], shown: str) -> Vote:
    """The vote that a completion holds. `options` are the options' indices by letter."""
    if completion.finish_reason == "length":
        return Vote(-1, invalid="truncated")
    said = json_object(completion.text) or {}
    choice = said.get("choice")
    if (
        not isinstance(choice, str)
        or choice not in options
        or not {"evidence", "reason"} <= {*said}
    ):
        return Vote(-1, invalid="broken_json")
    option, evidence, reason = options[choice], str(said["evidence"]), str(said["reason"])
    quoted = " ".join(evidence.split()).strip("\"'“”…. ")
    if len(quoted) < MIN_QUOTE_CHARS or quoted not in " ".join(shown.split()):
        return Vote(-1, evidence[:400], reason[:400], "no_such_words")
    return Vote(option, evidence[:400], reason[:400])


def settled(question: Question, votes: Sequence[Vote]) -> Judged:
    """The criterion's answer: the median of the valid votes, if more than half are valid."""
    valid = sorted(vote.option for vote in votes if vote.option >= 0)
    passed, option, agreement = None, "", 0.0
    if valid and 2 * len(valid) > len(votes):
        median = valid[(len(valid) - 1) // 2]  # of two in the middle the worse one
        passed, option = median >= question.passes, question.options[median]
        agreement = Counter(valid)[median] / len(valid)
    return Judged(
        question.name,
        question.weight,
        question.mandatory,
        passed,
        option,
        agreement,
        tuple(votes),
    )


def transcript(turns: Sequence[Turn]) -> str:
    """The conversation as the judge reads it."""
    lines = []
    for turn in turns:
        if turn.role == "system":
            lines.append(f"Rules of the assistant: {turn.content}")
        elif turn.role == "tool":
            lines.append(f"Result of {turn.name}: {turn.content}")
        elif turn.content:
            lines.append(f"{turn.role.capitalize()}: {turn.content}")
        lines += [
            f"Assistant calls {call.name} {arguments_text(call.arguments)}"
            for call in turn.tool_calls
        ]
    return "\n".join(lines)
