"""Assembling a partition: what is stitched, what goes and why; order of arrival counts for nothing."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.engines.base import Completion
from datagen.prompts import load_style
from datagen.rephrase.assemble import AssembleOptions, Assembler
from datagen.rephrase.draw import Draw
from datagen.rephrase.rewrite import Part, Rewritten
from datagen.schemas import Chunk, ChunkedDocument, Document, Scores, row_id
from datagen.stage import Failure, Tables
from datagen.tokenizer import load_tokenizer

STYLE = load_style("plain")
TOKENS = load_tokenizer("minilm")
TEXT = "the mill by the river grinds wheat and rye for the town all through the winter months"
WORDS = TEXT.split()


def part(document: str = "d0", number: int = 0, *, chunks: int = 2, first: int = 0) -> Part:
    made = tuple(Chunk(i, 10 * i, 10 * i + 10, 3, 0) for i in range(first, first + chunks))
    whole = ChunkedDocument(
        Document(document, "source text. " * 9, "knowledge", {"from": "books"}, "in.jsonl:1"), made
    )
    rephrasing = row_id(document, number)
    return Part(row_id(rephrasing, first), rephrasing, whole, made, Draw(number, STYLE, "a", "b"))


def rewritten(
    chunk: Chunk, text: str, *, status: Any = "accepted", fidelity: float | None = 0.9
) -> Rewritten:
    refused = () if status == "accepted" else ("lost_facts",)
    answers = (Completion(text, "stop", 5, 7, 0, "m"),) * (1 + len(refused))
    return Rewritten(
        chunk, "source.", text, status, Scores(fidelity=fidelity), 1, refused, "why", answers
    )


def done(row: Part, *texts: str, statuses: str = "") -> list[Rewritten]:
    names = {"a": "accepted", "s": "source", "r": "rejected"}
    letters = statuses or "a" * len(texts)
    return [
        rewritten(chunk, text, status=names[letter])
        for chunk, text, letter in zip(row.chunks, texts, letters, strict=False)
    ]


def words(seed: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=40))


def assembled(*outcomes: Any, max_similarity: float = 0.8) -> Tables:
    options = AssembleOptions(max_similarity=max_similarity)
    return Assembler(options, TOKENS)(list(outcomes), [])


def ids(tables: Tables, name: str) -> list[str]:
    return [row.id for row in tables[name]]


def test_a_rephrasing_says_what_it_cost_and_where_it_comes_from() -> None:
    row = part(chunks=2)
    pieces = [
        rewritten(row.chunks[0], "One.", fidelity=0.9),
        rewritten(row.chunks[1], "Two.", fidelity=0.7),
    ]
    (made,) = assembled((row, pieces))["rephrasings"]
    found = made.model_dump()
    expected = {
        "id": row.rephrasing_id,
        "text": "One. Two.",
        "fidelity": 0.7,
        "chunks": 2,
        "attempts": 2,
        "prompt_tokens": 10,
        "completion_tokens": 14,
        "model": "m",
        "source": json.dumps({"from": "books"}),
        "tokens": TOKENS.count("One. Two."),
        "source_tokens": 6,
    }
    assert {name: found[name] for name in expected} == expected


def test_without_a_gate_fidelity_is_null_not_zero() -> None:
    row = part(chunks=1)
    (made,) = assembled((row, [rewritten(row.chunks[0], "One.", fidelity=None)]))["rephrasings"]
    assert made.model_dump()["fidelity"] is None


def test_kept_source_chunks_are_counted_in_the_row_and_marked_in_the_chunks() -> None:
    row = part(chunks=2)
    tables = assembled((row, done(row, "One.", "source.", statuses="as")))
    (made,) = tables["rephrasings"]
    assert made.model_dump()["source_chunks"] == 1
    assert [chunk.model_dump()["status"] for chunk in tables["chunks"]] == ["accepted", "source"]


def test_a_rephrasing_that_is_all_source_is_rejected_with_the_reason_of_its_chunk() -> None:
    row = part(chunks=2)
    tables = assembled((row, done(row, "source.", "source.", statuses="ss")))
    assert ids(tables, "rephrasings") == []
    assert [(r.model_dump()["reason"], r.id) for r in tables["rejects"]] == [
        ("lost_facts", row.rephrasing_id)
    ]


def test_a_chain_that_ended_is_rejected_with_its_reason_and_keeps_its_chunks() -> None:
    row = part(chunks=3)
    tables = assembled((row, done(row, "One.", "Wrong.", statuses="ar")))
    (reject,) = (row.model_dump() for row in tables["rejects"])
    assert (reject["reason"], reject["chunk"], reject["text"], reject["failed"]) == (
        "lost_facts",
        1,
        "Wrong.",
        False,
    )
    assert len(tables["chunks"]) == 2


def test_a_failed_part_fails_its_rephrasing_once_whatever_its_other_parts_did() -> None:
    one, two = part(chunks=2), part(chunks=2, first=2)
    tables = assembled((one, done(one, "One.", "Two.")), (two, Failure("timeout", "no answer")))
    (reject,) = (row.model_dump() for row in tables["rejects"])
    assert (reject["id"], reject["reason"], reject["failed"]) == (
        one.rephrasing_id,
        "timeout",
        True,
    )
    assert ids(tables, "rephrasings") == []


def test_parts_are_stitched_in_the_order_of_their_chunks() -> None:
    one, two = part(chunks=1), part(chunks=1, first=1)
    tables = assembled((two, done(two, "Second.")), (one, done(one, "First.")))
    assert [row.model_dump()["text"] for row in tables["rephrasings"]] == ["First. Second."]


def test_the_same_sentences_in_another_order_are_near_duplicates() -> None:
    rows = [part(number=number, chunks=1) for number in range(3)]
    lines = [f"{words(seed)}." for seed in range(6)]
    texts = [" ".join(lines), " ".join(reversed(lines)), " ".join([*lines[:3], words(8), words(9)])]
    tables = assembled(*((row, done(row, text)) for row, text in zip(rows, texts, strict=True)))
    assert [row.model_dump()["number"] for row in tables["rejects"]] == [1]


def test_the_later_of_two_near_duplicates_goes_and_names_the_one_that_stays() -> None:
    rows = [part(number=number, chunks=1) for number in range(3)]
    texts = [words(1), words(2), words(1) + " too"]
    tables = assembled(*((row, done(row, text)) for row, text in zip(rows, texts, strict=True)))
    (reject,) = (row.model_dump() for row in tables["rejects"])
    assert (reject["stage"], reject["reason"], reject["number"]) == (
        "assemble",
        "near_duplicate",
        2,
    )
    assert rows[0].rephrasing_id in reject["detail"]
    assert sorted(ids(tables, "rephrasings")) == sorted(row.rephrasing_id for row in rows[:2])


def test_equal_texts_of_different_documents_both_stay() -> None:
    rows = [part(document=name, chunks=1) for name in ("one", "two")]
    tables = assembled(*((row, done(row, words(1))) for row in rows))
    assert len(tables["rephrasings"]) == 2


def test_a_similarity_of_one_keeps_copies() -> None:
    rows = [part(number=number, chunks=1) for number in range(2)]
    tables = assembled(*((row, done(row, words(1))) for row in rows), max_similarity=1)
    assert len(tables["rephrasings"]) == 2


@pytest.mark.parametrize("text", ["short", "", "四字" * 3])
def test_texts_too_short_to_compare_stay(text: str) -> None:
    rows = [part(number=number, chunks=1) for number in range(2)]
    assert len(assembled(*((row, done(row, text)) for row in rows))["rephrasings"]) == 2


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(st.sampled_from("asrf"), min_size=2, max_size=8))
def test_order_of_arrival_changes_nothing_and_each_rephrasing_ends_in_one_table(
    order: random.Random, fates: list[str]
) -> None:
    rows = [part(f"d{n % 3}", n, chunks=1) for n in range(len(fates))]
    outcomes: list[Any] = [
        (row, Failure("timeout", "") if fate == "f" else done(row, words(n % 4), statuses=fate))
        for n, (row, fate) in enumerate(zip(rows, fates, strict=True))
    ]
    plain = assembled(*outcomes)
    order.shuffle(outcomes)
    assert assembled(*outcomes) == plain
    ended = ids(plain, "rephrasings") + ids(plain, "rejects")
    assert sorted(ended) == sorted(row.rephrasing_id for row in rows)
