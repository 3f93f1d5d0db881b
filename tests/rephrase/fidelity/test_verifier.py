import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions
from datagen.rephrase.fidelity.verification import MOST_READ, MOST_READ_BACK
from datagen.rephrase.fidelity.verifier import COLUMNS, UNREAD, WEIGHTS, load, reading

SOURCE = (
    "The Rhine rises in the Swiss Alps and flows north to the sea. In 1720 engineers of the duke "
    "built the first stone bridge at the town, because the ferry had sunk twice. The bridge carried "
    "more than 400 wagons a day and was larger than any bridge in the northern provinces. A flood "
    "destroyed it in 1784, and merchants paid for a wooden one."
)
FAITHFUL = (
    "Rising in the Swiss Alps, the Rhine runs north until it reaches the sea. As the ferry had gone "
    "down twice, the duke's engineers put up the first stone bridge at the town in 1720. More than "
    "400 wagons crossed it every day, and no bridge in the northern provinces was larger. In 1784 it "
    "was destroyed by a flood, after which merchants paid for a bridge of wood."
)
TOLD = Expectation(length_ratio=(0.3, 3.0))
RELATED = FidelityOptions(tiers=("hygiene", "ledger", "alignment", "relations"))
ALL = FidelityOptions(tiers=("hygiene", "ledger", "alignment", "relations", "verifier"))


class Asked:
    """A reader that answers what it is told and keeps what it was asked."""

    def __init__(self, log_odds: float) -> None:
        self.log_odds = log_odds
        self.pairs: list[tuple[str, str]] = []

    async def __call__(self, pairs: Sequence[tuple[str, str]]) -> NDArray[Any]:
        self.pairs += pairs
        return np.full((len(pairs), 3), self.log_odds)


def test_the_weights_are_plain_json_for_these_features() -> None:
    read = json.loads(WEIGHTS.read_text())
    assert {side: tuple(read["columns"][side]) for side in COLUMNS} == COLUMNS
    assert WEIGHTS.stat().st_size < 2_000_000


def test_weights_for_other_features_are_refused(tmp_path: Path) -> None:
    read = json.loads(WEIGHTS.read_text())
    read["columns"]["kept"] = ["lost"]
    (tmp_path / "other.json").write_text(json.dumps(read))
    with pytest.raises(ValueError, match="other features"):
        load(tmp_path / "other.json")


@pytest.mark.parametrize("side", ["supported", "kept"])
def test_more_of_a_rising_feature_never_raises_the_probability(side: Any) -> None:
    trees = load().cheap[side]
    rng = np.random.default_rng(3)
    names = COLUMNS[side]
    column = names.index("invented" if side == "supported" else "lost")
    for _ in range(50):
        row = rng.uniform(0, 2, len(names))
        worse = row.copy()
        worse[column] += 3
        assert trees.probability(worse) <= trees.probability(row)


def test_a_row_that_is_no_number_still_gets_a_probability() -> None:
    for side, names in COLUMNS.items():
        row = np.full(len(names), np.nan)
        assert 0 <= load().cheap[side].probability(row) <= 1


def test_nothing_read_reads_as_the_lowest() -> None:
    assert reading(np.zeros((0, 3))) == list(UNREAD)


async def test_scores_are_probabilities_and_their_product() -> None:
    finding = await FidelityGate(RELATED).check(SOURCE, FAITHFUL, expectation=TOLD)
    scores = finding.scores
    assert scores.supported is not None
    assert scores.kept is not None
    assert scores.fidelity == pytest.approx(scores.supported * scores.kept)
    assert scores.facts_moved == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("As the ferry had gone down twice", "As the ferry had never gone down"),
        ("In 1784 it was destroyed by a flood", "In 1784 it was built by a flood"),
        ("put up the first stone bridge at the town in 1720", "put up the town's first bridge"),
        ("in 1720. More", "in 1784. More"),
        ("More than 400 wagons", "Less than 400 wagons"),
    ],
)
async def test_a_changed_claim_scores_below_the_rewrite_it_was_made_of(old: str, new: str) -> None:
    assert old in FAITHFUL
    gate = FidelityGate(RELATED)
    fine = await gate.check(SOURCE, FAITHFUL, expectation=TOLD)
    spoilt = await gate.check(SOURCE, FAITHFUL.replace(old, new), expectation=TOLD)
    assert fine.scores.fidelity is not None
    assert spoilt.scores.fidelity is not None
    assert spoilt.scores.fidelity < fine.scores.fidelity


@pytest.mark.parametrize(
    ("source", "text", "lost"),
    [
        (
            "The bridge was opened on 3 May 1998 by the mayor of the town.",
            "On 3 May 1998 the mayor of the town opened the bridge.",
            "On 3 May 1998 the bridge was opened.",
        ),
        (
            "The treaty was signed in 1648 and ended the war.",
            "The treaty, signed in 1648, ended the war.",
            "The treaty was signed in 1648.",
        ),
        (
            "The old mill stands by the river. It was built in 1820 by the Baker family.",
            "The Baker family built the old mill in 1820. It stands by the river.",
            "The Baker family built the old mill in 1820.",
        ),
    ],
)
async def test_a_short_text_with_every_word_lost_nothing(source: str, text: str, lost: str) -> None:
    gate = FidelityGate(RELATED)

    whole = await gate.check(source, text, expectation=TOLD)
    less = await gate.check(source, lost, expectation=TOLD)

    assert whole.scores.kept is not None
    assert less.scores.kept is not None
    assert whole.scores.kept > 0.9 > less.scores.kept


async def test_steps_with_every_word_and_operation_lost_nothing() -> None:
    source = (
        "Ada sold 48 cups in April and half as many in May. How many did she sell?\n"
        "Ada sold 48/2 = 24 cups in May.\nAda sold 48+24 = 72 cups altogether in April and May."
    )
    steps = [
        "Step 1: In April, Ada sold 48 cups.",
        "Step 2: In May she sold half as many, which is 48 / 2 = 24 cups.",
        "Step 3: Altogether in April and May Ada sold 24 + 48 = 72 cups.",
    ]
    gate, told = FidelityGate(RELATED), Expectation(length_ratio=(0.3, 3.0), kind="math")
    whole = await gate.check(source, "\n".join(steps), expectation=told)
    less = await gate.check(source, "\n".join(steps[:1] + steps[2:]), expectation=told)
    assert whole.scores.kept is not None
    assert less.scores.kept is not None
    assert whole.scores.kept > 0.9 > less.scores.kept


async def test_the_reader_is_asked_a_bounded_number_of_claims_with_their_evidence() -> None:
    reader = Asked(-4.0)
    text = FAITHFUL.replace("wooden", "iron").replace("north", "south")
    await FidelityGate(ALL, read=reader).check(SOURCE, text, expectation=TOLD)
    assert len(reader.pairs) <= MOST_READ + MOST_READ_BACK
    assert all(evidence and claim for evidence, claim in reader.pairs)


async def test_what_the_reader_says_moves_the_score() -> None:
    scores = []
    for log_odds in (-6.0, 6.0):
        reader = Asked(log_odds)
        text = FAITHFUL.replace("a bridge of wood", "a bridge of iron")
        gate = FidelityGate(ALL, read=reader)
        scores.append((await gate.check(SOURCE, text, expectation=TOLD)).scores.supported)
        assert reader.pairs
    assert scores[0] is not None
    assert scores[1] is not None
    assert scores[1] < scores[0]


async def test_a_reader_that_answers_with_nan_never_makes_a_text_faithful() -> None:
    sure = await FidelityGate(ALL, read=Asked(9.0)).check(SOURCE, FAITHFUL, expectation=TOLD)
    lost = await FidelityGate(ALL, read=Asked(float("nan"))).check(
        SOURCE, FAITHFUL, expectation=TOLD
    )
    assert lost.scores.supported == sure.scores.supported


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bridge.",
        "橋は石でできている。" * 9,
        "$a = b$",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "\ud800 x",
    ],
)
async def test_a_text_that_answers_nothing_is_not_faithful(text: str) -> None:
    finding = await FidelityGate(ALL, read=Asked(0.0)).check(SOURCE, text, expectation=TOLD)
    assert not finding.faithful
    assert finding.reason


async def test_one_gate_serves_interleaved_checks() -> None:
    import asyncio

    gate = FidelityGate(ALL, read=Asked(0.0))
    texts = [FAITHFUL, FAITHFUL.replace("larger", "smaller"), FAITHFUL.replace("1720", "1784")]
    together = await asyncio.gather(*[gate.check(SOURCE, t, expectation=TOLD) for t in texts])
    apart = [await gate.check(SOURCE, t, expectation=TOLD) for t in texts]
    assert [f.scores for f in together] == [f.scores for f in apart]
