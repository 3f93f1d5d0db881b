"""Bad inputs and bad models: a reject with its reason, or one line and an exit code; never a traceback."""

import json
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from runs import Case, datagen, documents, scripted, server, write_lines

from benchmarks.ideal_server import running_server

pytestmark = [pytest.mark.ray, pytest.mark.slow]

REPLIES = """
import os, pathlib, time
from datagen.engines.base import Completion
from datagen.errors import EngineError

MENDED = (pathlib.Path(__file__).parent / "mended").exists()

def text(request):
    return request.messages[-1].content.rpartition("<text>")[2].partition("</text>")[0].strip()

def reply(request):
    return text(request)[::-1]

def moody(request):
    said = text(request)
    if "SILENCE" in said: return ""
    if "REFUSE" in said: return "I'm sorry, but I can't help with that request."
    if "LOOP" in said: return "The mill turns and turns. " * 60
    if "CUT" in said: return Completion("The mill of", "length", 5, 640)
    if "DIE" in said and not MENDED: os._exit(9)
    if "RAISE" in said and not MENDED: raise ZeroDivisionError("by nothing")
    if "BUSY" in said: return EngineError("too busy", kind="server_error")
    if "MEND" in said: return said.replace("MEND", "mend").replace("was built", "dates from")
    return said.replace("was built", "dates from")
"""
SENTENCE = "The {} mill was built by the river and grinds wheat for the town all winter."


@pytest.fixture
def replies(tmp_path: Path) -> Path:
    path = tmp_path / "replies.py"
    path.write_text(REPLIES)
    return path


def reasons(case: Case) -> Counter[str]:
    return Counter(row["reason"] for row in case.tables()["rejects"])


def test_every_bad_record_is_a_reject_with_its_reason_and_the_good_ones_are_made(
    tmp_path: Path, replies: Path
) -> None:
    lines = [
        *[json.dumps(row).encode() for row in documents(3, longest=2)],
        b'{"body": "no text here"}',
        b'{"text": null}',
        b'{"text": 7}',
        b'{"text": "  \\n "}',
        b'{"text": "\xff\xfe"}',
        b'{"text": "lone \\ud800 half"}',
        b'{"text": "almost JSON"',
        b'["an", "array"]',
        b'{"id": "d000", "text": "the same id again"}',
        b'{"text": "x", "kind": "poetry"}',
        json.dumps({"id": "braces", "text": "A {audience}, ${x}^2$ and $5."}).encode(),
        json.dumps({"id": "tags", "text": "A </text> and <text> and <so_far>."}).encode(),
        json.dumps({"id": "odd", "text": "\u202e שלום 🙂 \x00 \u2028 end."}).encode(),
    ]
    (tmp_path / "in.jsonl").write_bytes(b"\n".join(lines))
    good = pa.table({"text": ["One good row of a table.", None]})
    pq.write_table(good, tmp_path / "good.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 this is none PAR1")
    case = Case.of(tmp_path, [], scripted(replies), "fidelity.tiers=[]")
    command = case.command()
    command[2:2] = [tmp_path / "bad.parquet", tmp_path / "good.parquet"]
    finished = datagen(*command)
    assert (finished.code, finished.err) == (0, "")
    assert reasons(case) == {
        "no_text": 3,
        "not_text": 1,
        "empty": 1,
        "not_utf8": 2,
        "not_json": 1,
        "not_an_object": 1,
        "duplicate_id": 1,
        "bad_kind": 1,
        "unreadable_file": 1,
    }
    made = Counter(row["document_id"] for row in case.tables()["rephrasings"])
    assert made.keys() >= {"d000", "d001", "d002", "braces", "tags", "odd"}
    assert set(made.values()) == {2}
    assert len(made) == 7
    planned = case.counts()["planned_records"]
    assert planned == len(made) + reasons(case).total()


def test_a_model_that_misbehaves_costs_the_rows_it_misbehaves_on(
    tmp_path: Path, replies: Path
) -> None:
    moods = ["SILENCE", "REFUSE", "LOOP", "CUT", "DIE", "RAISE", "BUSY", "MEND", "calm"]
    rows = [{"id": mood, "text": SENTENCE.format(mood)} for mood in moods]
    case = Case.of(
        tmp_path, rows, scripted(replies, "moody"), "rewrite.rephrasings=1", "rewrite.attempts=2"
    )
    finished = case.enter("runner.rows_in_flight=4")
    assert finished.code == 1
    assert finished.err == ""
    assert {row["document_id"]: row["reason"] for row in case.tables()["rejects"]} == {
        "SILENCE": "no_answer",
        "REFUSE": "refusal",
        "LOOP": "loop",
        "CUT": "truncated",
        "DIE": "crashed",
        "RAISE": "crashed",
        "BUSY": "server_error",
    }
    assert {row["document_id"] for row in case.tables()["rephrasings"]} == {"MEND", "calm"}
    counts = case.counts()
    assert (counts["accepted"], counts["rejected"], counts["failed"]) == (2, 4, 3)
    (tmp_path / "mended").touch()
    assert case.enter().code == 1
    left = {row["document_id"]: row["reason"] for row in case.tables()["rejects"] if row["failed"]}
    assert left == {"BUSY": "server_error"}


def test_a_scripted_file_replaced_under_its_path_is_refused_by_name(
    tmp_path: Path, replies: Path
) -> None:
    rows = [{"id": "calm", "text": SENTENCE.format("calm")}]
    case = Case.of(tmp_path, rows, scripted(replies), "fidelity.tiers=[]")
    assert case.enter().code == 0
    manifest = json.loads((case.output / "manifest.json").read_text())
    assert {row["model"] for row in case.tables()["rephrasings"]} == {"replies.py:reply"}
    assert manifest["model"] == manifest["identity"]["engine.model"] == "replies.py:reply"

    (tmp_path / "moved").mkdir()
    moved = tmp_path / "moved" / "replies.py"
    replies.rename(moved)
    assert replace(case, engine=scripted(moved)).enter().code == 0
    replies.write_text(REPLIES.replace("[::-1]", "[::-2]"))
    finished = case.enter()

    assert finished.code == 2
    assert "engine.model_digest: was " in finished.complaint


def test_a_hundred_thousand_empty_documents_are_rejected_and_counted(
    tmp_path: Path, replies: Path
) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": ""}\n' * 100_000 + '{"text": "One word."}\n')
    case = Case.of(tmp_path, [], scripted(replies), "fidelity.tiers=[]", "rewrite.rephrasings=1")
    began = time.monotonic()
    finished = case.enter("runner.partition_records=20000")
    assert (finished.code, finished.err) == (0, "")
    assert time.monotonic() - began < 90
    counts = case.counts()
    assert (counts["planned_records"], counts["accepted"], counts["rejected"]) == (
        100_001,
        1,
        100_000,
    )


def test_a_book_of_ten_megabytes_is_rewritten_whole(tmp_path: Path, replies: Path) -> None:
    chance = random.Random(1)
    words = [f"word{number}" for number in range(3000)]
    sentences = [" ".join(chance.choices(words, k=14)) + ". " for _ in range(2000)]
    text = "".join(chance.choices(sentences, k=10_000_000 // 110)).strip()
    write_lines(tmp_path / "in.jsonl", [{"id": "book", "text": text}])
    case = Case.of(tmp_path, [], scripted(replies), "fidelity.tiers=[]", "rewrite.rephrasings=1")
    case = replace(case, settings=[s for s in case.settings if "max_tokens" not in s])
    finished = case.enter("chunk.max_tokens=256")
    assert (finished.code, finished.err) == (0, "")
    chunks = sorted(case.tables()["chunks"], key=lambda row: int(row["index"]))
    assert "".join(row["source_text"] for row in chunks) == text
    (book,) = case.tables()["rephrasings"]
    assert book["chunks"] == len(chunks)


@pytest.mark.parametrize(
    ("engine", "code", "said"),
    [
        (["--base-url", "http://127.0.0.1:9/v1", "--model", "m"], 1, "127.0.0.1:9"),
        (["--base-url", "{url}", "--model", "no-such-model"], 2, "no-such-model"),
    ],
)
def test_a_server_that_is_not_there_or_has_another_model_is_one_line(
    tmp_path: Path, engine: list[str], code: int, said: str
) -> None:
    with running_server(tokens_per_second=0) as ideal:
        flags: list[Any] = [part.format(url=ideal.url) for part in engine]
        finished = Case.of(tmp_path, documents(2), ["--engine", "openai", *flags]).enter()
    assert finished.code == code
    assert said in finished.complaint


def test_a_server_that_answers_nonsense_fails_its_rows_and_they_are_tried_again(
    tmp_path: Path,
) -> None:
    settings = ("rewrite.rephrasings=1", "fidelity.tiers=[]")
    with running_server(tokens_per_second=0, mode="paraphrase", fault="bad_request=0.3") as ideal:
        case = Case.of(tmp_path, documents(12, longest=2), server(ideal.url), *settings)
        finished = case.enter()
    assert (finished.code, finished.err) == (1, "")
    counts = case.counts()
    assert counts["failed"] == reasons(case)["bad_request"] > 0
    assert counts["failed"] + counts["accepted"] == 12
    with running_server(tokens_per_second=0, mode="paraphrase") as ideal:
        finished = replace(case, engine=server(ideal.url)).enter()
    assert (finished.code, finished.err) == (0, "")
    assert case.counts()["accepted"] == 12
