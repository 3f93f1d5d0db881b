"""Texts written for this project beside their sources, and small edits of them that keep them true
or make them false.

`written/*.jsonl` holds a row per source: the source itself, or the `id` of a document of
DATAGEN_TEST_DATA with the first 16 hex digits of a chunk's SHA-256; texts about it that say nothing
it does not say; and for each text edits, `ok` or not, one change each. Edits that keep a text true
bring words that the source lacks, and edits that spoil it bring words that the source has, so that
a verifier which only looks for new words learns nothing here. Rows whose id begins with `t` are of
genres that no other row has, and are never trained on.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.corruptions.documents import test_data
from benchmarks.corruptions.pairs import chunks
from benchmarks.corruptions.pairs import split as split_of
from benchmarks.corruptions.words import Split

FOLDER = Path(__file__).parent / "written"


class Written(NamedTuple):
    """A text beside its source, as it was written or with one edit."""

    source: str
    text: str
    supported: bool
    kind: str
    """Of the edit; `written` where there is none."""
    at: tuple[int, int] | None
    """Characters of the text that the edit brought; None where there is none."""
    id: str
    domain: str
    style: str
    part: Split


def written(part: Split, folder: Path = FOLDER) -> Iterator[Written]:
    """Every text of one split, and every edit of it."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if split_of_row(row) == part:
                yield from _texts(row, part)


def split_of_row(row: Mapping[str, Any]) -> Split:
    """Held-out genres are tested on; rows over documents go with their document; one in twelve of
    the rest is for calibration."""
    if row["id"].startswith("t"):
        return "test"
    if "source" not in row:
        return split_of(row["id"])
    return "dev" if hashlib.sha256(row["id"].encode()).digest()[0] % 12 == 0 else "train"


def _texts(row: Mapping[str, Any], part: Split) -> Iterator[Written]:
    source = row["source"] if "source" in row else _chunk(row["id"], row["chunk"])
    for told in row["texts"]:
        text = told["text"]
        about = (row["id"], row["domain"], told["style"], part)
        yield Written(source, text, True, "written", None, *about)
        for edit in told["edits"]:
            start = text.index(edit["old"])
            made = text[:start] + edit["new"] + text[start + len(edit["old"]) :]
            span = (start, start + len(edit["new"]))
            yield Written(source, made, edit["ok"], edit["kind"], span, *about)


@cache
def _chunks() -> dict[tuple[str, str], str]:
    return {
        (document.id, hashlib.sha256(text.encode()).hexdigest()[:16]): text
        for document in test_data()
        if document.subject != "math"
        for text in map(" ".join, chunks(document))
    }


def _chunk(document: str, digest: str) -> str:
    return _chunks()[document, digest]
