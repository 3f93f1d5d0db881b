"""Closed-book accuracy of a small model trained on the same budget of tokens, spent in five ways.

    python -m benchmarks.downstream [--people N] [--rounds R] [--seeds S] [--mistakes SHARE]

Half of the people are asked about while the model trains, so that it learns what a question is; the
figures are of the other half. A seed changes people, texts, model and order together. Source: the
arms are those of Kimi K2, Table 1; asking about half of the people is from "Physics of Language
Models: Part 3.1" (arXiv 2309.14316), whose finding, that facts told in one wording only are stored
but not found again by a question, is what the first arms are about.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import torch

from benchmarks.downstream.biographies import question
from benchmarks.downstream.corpus import ARMS, Arm, Passes, Written, budget, stream, written
from benchmarks.downstream.model import (
    Size,
    language_model,
    likeliest,
    train,
    windows,
)
from benchmarks.downstream.people import ATTRIBUTES, CANDIDATES, people
from benchmarks.downstream.vocabulary import Vocabulary
from datagen.errors import RecipeError
from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions

T_95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 8: 2.36, 10: 2.26}
"""Two-sided 95% quantile of Student's t by the number of seeds."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one model answers about people it was never asked about."""

    right: float
    """Share of questions answered as the biography has it."""
    misled: float
    """Share answered with a wrong value that a text of the arm told of this person."""
    asked: float
    """Share right on the people whose questions it trained on."""


def gate() -> Passes:
    """The gate at 0.4, copying allowed: facts as short as these look lost to a stricter one."""
    judge = FidelityGate(FidelityOptions(max_copied=1, threshold=0.4))

    async def passes(source: str, text: str) -> bool:
        return (await judge.check(source, text, expectation=Expectation())).faithful

    return passes


async def corpus(count: int, seed: int, mistakes: float) -> list[Written]:
    """People with their texts."""
    passes = gate()
    return [await written(one, passes, seed=seed, mistakes=mistakes) for one in people(count, seed)]


def trained(made: Sequence[Written], arm: Arm, *, rounds: int, seed: int, size: Size) -> Result:
    """Train a model on an arm's texts and ask it."""
    vocabulary = _vocabulary(made)
    asked, unasked = made[: len(made) // 2], made[len(made) // 2 :]
    texts = stream(made, arm, rounds=rounds, seed=seed)
    numbers = vocabulary.encode([text.words for text in texts])[: budget(made, rounds)]
    model = language_model(len(vocabulary), size, seed)
    lines = _questions(asked)
    order = random.Random(f"questions {seed}")
    told = windows(numbers)
    answers: list[int] = []
    while len(answers) < told.numel():
        order.shuffle(lines)
        answers += vocabulary.encode(lines)
    train(model, told, windows(answers), size)
    right, misled = _answered(model, vocabulary, unasked, arm)
    return Result(right, misled, _answered(model, vocabulary, asked, arm)[0])


def _questions(people_asked: Sequence[Written]) -> list[str]:
    return [
        f"{question(one.person, name)} {one.person.facts[name]}"
        for one in people_asked
        for name in ATTRIBUTES
    ]


def _vocabulary(made: Sequence[Written]) -> Vocabulary:
    texts = [text.words for one in made for text in (one.source, *one.made, *one.accepted)]
    values = [value for known in CANDIDATES.values() for value in known]
    return Vocabulary([*texts, *_questions(made), *values])


def _answered(
    model: object, vocabulary: Vocabulary, people_asked: Sequence[Written], arm: Arm
) -> tuple[float, float]:
    right = misled = 0
    for name in ATTRIBUTES:
        # After an end marker, as in training; without the marker that encode puts at the end.
        prompts = [
            [0, *vocabulary.encode([question(one.person, name)])[:-1]] for one in people_asked
        ]
        found = likeliest(model, prompts, [vocabulary[value] for value in CANDIDATES[name]])
        for one, number in zip(people_asked, found, strict=True):
            right += number == vocabulary[one.person.facts[name]]
            wrong = one.spoilt(one.made if arm == "ungated" else one.accepted).get(name, ())
            misled += arm != "raw" and number in {vocabulary[value] for value in wrong}
    asked = len(people_asked) * len(ATTRIBUTES)
    return right / asked, misled / asked


def caught(made: Sequence[Written]) -> str:
    """What the gate made of the rewriter's mistakes, by kind."""
    judged = [one for person in made for one in person.judged]
    total = Counter(text.mistake or "faithful" for text, _ in judged)
    passed = Counter(text.mistake or "faithful" for text, ok in judged if ok)
    return ", ".join(f"{kind} {passed[kind]:,} of {count:,}" for kind, count in total.items())


def interval(values: Sequence[float]) -> str:
    """Mean and 95% confidence interval over seeds."""
    if len(values) < 2:
        return f"{fmean(values):.3f}"
    half = T_95.get(len(values), 2.2) * stdev(values) / len(values) ** 0.5
    return f"{fmean(values):.3f} ± {half:.3f}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.downstream")
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3, choices=sorted({1, *T_95}))
    parser.add_argument("--mistakes", type=float, default=0.3)
    parser.add_argument("--width", type=int, default=Size().width)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--threads", type=int, default=1)
    told = parser.parse_args()
    torch.set_num_threads(told.threads)
    size = Size(width=told.width)
    results: dict[str, list[Result]] = defaultdict(list)
    try:
        for seed in range(told.seeds):
            made = asyncio.run(corpus(told.people, seed, told.mistakes))
            sys.stdout.write(f"seed {seed}: the gate passed {caught(made)}\n")
            for arm in told.arms:
                start = time.perf_counter()
                found = trained(made, arm, rounds=told.rounds, seed=seed, size=size)
                results[arm].append(found)
                spent = time.perf_counter() - start
                sys.stdout.write(
                    f"  {arm:13} {found.right:.3f} right, {found.misled:.3f} misled, "
                    f"{found.asked:.3f} of those asked about in training, {spent:.0f} s\n"
                )
                sys.stdout.flush()
    except RecipeError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    sys.stdout.write(f"{'arm':13}  right             misled\n")
    for arm, each in results.items():
        right, misled = ([getattr(one, name) for one in each] for name in ("right", "misled"))
        sys.stdout.write(f"{arm:13}  {interval(right):16}  {interval(misled)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
