"""The gate as a whole: tiers, near-copies, alignment, rewrites by hand, and texts of any kind."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions, clean
from datagen.rephrase.fidelity.options import CALIBRATED, ORDERED
from tests.rephrase.fidelity.pairs import FAITHFUL, HEART, MENDEL, Pair

FREE = Expectation(length_ratio=(0, 1e9))
CHEAP = FidelityOptions(tiers=("hygiene", "ledger"))
ALIGNED = FidelityOptions(tiers=("hygiene", "ledger", "alignment"), max_copied=1)


class Bags:
    """Embeds a sentence as counts of its letter triples; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, sentences: Sequence[str]) -> NDArray[Any]:
        self.asked += sentences
        rows = np.zeros((len(sentences), 4096), dtype=np.float32)
        for row, sentence in zip(rows, sentences, strict=True):
            low = sentence.lower()
            for index in range(len(low)):
                row[sum(map(ord, low[index : index + 3])) * 31 % 4096] += 1
        return rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9)


@pytest.mark.parametrize("pair", FAITHFUL, ids=[f"{p.style}-{p.source[:12]}" for p in FAITHFUL])
def test_faithful_rewrites_pass_hygiene_and_ledger(pair: Pair) -> None:
    told = Expectation(length_ratio=(0.2, 2.5), structured=pair.structured)
    finding = FidelityGate(CHEAP).check_cheap(pair.source, pair.text, expectation=told)
    assert finding.faithful, (finding.reason, finding.detail)


async def test_faithful_rewrites_pass_without_embeddings() -> None:
    gate = FidelityGate(ALIGNED)
    refused = [
        pair.style
        for pair in FAITHFUL
        if not (
            await gate.check(
                pair.source,
                pair.text,
                expectation=Expectation(length_ratio=(0.2, 2.5), structured=pair.structured),
            )
        ).faithful
    ]
    assert refused == []


async def test_a_sentence_without_a_source_is_unsupported() -> None:
    text = HEART + " Beekeepers smoke their hives so that guards signal no alarm to the colony."
    gate = FidelityGate(ALIGNED, Bags())
    finding = await gate.check(HEART, text, expectation=FREE)
    assert finding.reason == "unsupported_sentence"
    assert finding.detail.startswith("Beekeepers")
    assert finding.invented[0].startswith("Beekeepers")


async def test_lost_sentences_are_named() -> None:
    text = HEART.split(" Valves")[0]
    gate = FidelityGate(ALIGNED.model_copy(update={"min_facts_kept": 0}), Bags())
    finding = await gate.check(HEART, text, expectation=FREE)
    assert finding.reason == "lost_sentence"
    assert any("Valves" in sentence for sentence in finding.missed)


async def test_questions_headings_and_table_rules_claim_nothing() -> None:
    text = (
        "# Everything About Volcanic Glass\n\nWhich volcanoes make obsidian glass?\n\n|---|---|\n\n"
        + HEART
    )
    gate = FidelityGate(ALIGNED, Bags())
    assert (await gate.check(HEART, text, expectation=FREE)).faithful


async def test_shared_words_that_decide_ask_no_embedding() -> None:
    embed = Bags()
    gate = FidelityGate(ALIGNED, embed)
    finding = await gate.check(MENDEL, MENDEL, expectation=FREE)
    assert (finding.faithful, embed.asked) == (True, [])
    assert finding.scores.sentences_covered == 1


def test_a_copy_is_no_rewrite() -> None:
    gate = FidelityGate(FidelityOptions())
    assert gate.check_cheap(MENDEL, MENDEL, expectation=FREE).reason == "near_copy"
    assert (
        FidelityGate(FidelityOptions(max_copied=1))
        .check_cheap(MENDEL, MENDEL, expectation=FREE)
        .faithful
    )


def test_a_heading_may_stand_as_it_is() -> None:
    gate = FidelityGate(FidelityOptions())
    assert gate.check_cheap("Natural Sciences", "Natural Sciences", expectation=FREE).faithful


async def test_no_tiers_no_gate() -> None:
    gate = FidelityGate(FidelityOptions(tiers=()))
    finding = await gate.check(MENDEL, MENDEL, expectation=Expectation())
    assert (finding.faithful, finding.scores.fidelity, finding.scores.copied) == (True, None, None)


async def test_low_fidelity_is_what_the_threshold_adds() -> None:
    text = HEART.replace("Valves between the chambers keep blood from flowing backward. ", "")
    told = FREE
    loose = FidelityGate(ALIGNED.model_copy(update={"min_covered": 0}), Bags())
    strict = FidelityGate(ALIGNED.model_copy(update={"min_covered": 0, "threshold": 0.95}), Bags())
    assert (await loose.check(HEART, text, expectation=told)).faithful
    assert (await strict.check(HEART, text, expectation=told)).reason == "low_fidelity"


@pytest.mark.parametrize(
    "bad",
    [{"tiers": ["hygiene", "vibes"]}, {"threshold": 1.2}, {"max_copied": -1}, {"unknown": 1}],
)
def test_bad_options_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FidelityOptions.model_validate(bad)


def test_the_threshold_follows_the_tiers_unless_it_is_set() -> None:
    assert FidelityOptions().threshold == CALIBRATED
    assert FidelityOptions.model_validate({"tiers": ["ledger", "alignment"]}).threshold == ORDERED
    assert (
        FidelityOptions.model_validate({"tiers": ["ledger", "relations"]}).threshold == CALIBRATED
    )
    assert FidelityOptions.model_validate({"tiers": ["ledger"], "threshold": 0.5}).threshold == 0.5


def test_a_list_of_tiers_is_what_a_recipe_holds() -> None:
    assert FidelityOptions.model_validate({"tiers": ["ledger"]}).tiers == ("ledger",)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("  a b.\n", "a b."),
        ("<text>\na b.\n</text>", "a b."),
        ("```\na b.\n```", "a b."),
        ("```markdown\n<text>a b.</text>\n```", "a b."),
        ("```python\nx = 1\n```", "```python\nx = 1\n```"),
        ("```\na\n```\nb\n```\nc\n```", "```\na\n```\nb\n```\nc\n```"),
        ("Here is the text: a b.", "Here is the text: a b."),
        ('"A b," she said.', '"A b," she said.'),
        ("\ufeffa b.", "a b."),
    ],
)
def test_only_wrapping_is_stripped(text: str, bare: str) -> None:
    assert clean(text) == bare


@given(st.text(max_size=300))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


SHARDS = st.sampled_from(
    ["$", "`", "```", "**", "|", "\n", "|---|", "1,2", "٣", "½", "12/0", "5 km", "May", "March 3", "-", "(",
     "“", '"', "\\[", "\\begin{align}", "\\boxed{", "####", " = ", "1+1=2", "2^9999", "9" * 400, "U.S.", "İ",
     "<|x|>", "שלום", "🎉", "哈哈", "A. B.", "Dr. X", "twenty", "hundred", "and", "1990s", "th century",
     "\ud800", "\x00", "{}", "[1-3]", "http://", "minus 3", "1:2:3", "0", "a/b", "3/4/2020", " percent"]
)  # fmt: skip
ANYTHING = st.one_of(
    st.text(max_size=200),
    st.lists(SHARDS, max_size=40).map(" ".join),
    st.lists(SHARDS, max_size=30).map("".join),
)


@settings(max_examples=300, deadline=None)
@given(
    ANYTHING,
    ANYTHING,
    st.sampled_from(["knowledge", "math"]),
    st.sampled_from(["en", "de", "zh", "xx"]),
)
async def test_any_text_gets_a_finding(source: str, text: str, kind: Any, language: str) -> None:
    told = Expectation(kind=kind, language=language, length_ratio=(0, 1e9))
    tiers = ("hygiene", "ledger", "alignment", "relations")
    gate = FidelityGate(FidelityOptions.model_validate({"tiers": tiers}), Bags())
    finding = await gate.check(source, clean(text), context=source, expectation=told)
    assert finding.faithful == (finding.reason is None)
    assert len(finding.detail) <= 200
    assert len(finding.missed) <= 8
    for share in (finding.scores.fidelity, finding.scores.kept, finding.scores.facts_kept):
        assert share is None or 0 <= share <= 1


@settings(max_examples=150, deadline=None)
@given(ANYTHING)
def test_a_text_invents_nothing_against_itself(text: str) -> None:
    gate = FidelityGate(FidelityOptions(tiers=("ledger",), max_copied=1))
    assert gate.check_cheap(text, text, expectation=FREE).invented == ()


LONG = [
    "a" * 100_000, "1" * 100_000, "1+" * 50_000, "1 = " * 25_000, "$" * 100_000, "$x " * 33_000, "`" * 99_999,
    "\\[" * 50_000, "\\(" * 50_000, "\\begin{align}" * 7_000, "\\boxed{" * 14_000, "(" * 100_000, '"' * 99_999,
    "“a" * 50_000, "A" * 100_000, "A " * 50_000, "Aa " * 33_000, "\n" * 100_000, "|" * 100_000, " " * 100_000,
    "<|" * 50_000, "[1," * 33_000, "1," * 50_000, "www." * 25_000, "a@" * 50_000, "*" * 100_000, "# " * 50_000,
    "twenty " * 14_000, "one hundred " * 8_000, "here is " * 12_000, "- " * 50_000, "= 1 " * 25_000,
    "1. " * 33_000, "A. " * 33_000, "哈" * 100_000, "May " * 25_000, "ab. Cd " * 14_000, "1/" * 50_000,
]  # fmt: skip


@pytest.mark.parametrize("text", LONG, ids=lambda text: repr(text[:8]))
def test_time_grows_with_length_not_with_its_square(text: str) -> None:
    gate = FidelityGate(FidelityOptions())
    start = time.perf_counter()
    finding = gate.check_cheap(HEART, text, expectation=Expectation(kind="math"))
    backward = gate.check_cheap(text, HEART, context=text, expectation=Expectation(kind="math"))
    assert not finding.faithful
    assert not backward.faithful
    assert time.perf_counter() - start < 20  # a square takes minutes, a line a second
