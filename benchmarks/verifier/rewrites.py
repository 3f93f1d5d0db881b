"""Rewrites as a strong model writes them, and mistakes as models make them.

The rules of `benchmarks.corruptions` write tamer ones, and a verifier that saw only theirs refuses
every deep rewrite.

`rewrites.jsonl` was written for this project; its sources are chunks of DATAGEN_TEST_DATA, named by
document and by the first 16 hex digits of their SHA-256. Unfaithful pairs are the mistakes that
stand beside each rewrite, and, with `ruled`, corruptions by rule of the same texts.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.corruptions import words
from benchmarks.corruptions.corruptions import PROSE, void
from benchmarks.corruptions.material import Material, sentences
from benchmarks.corruptions.pairs import Document, Pair, chunks, split
from benchmarks.corruptions.words import Split

REWRITES = Path(__file__).parent / "rewrites.jsonl"
KIND = "rewritten"
STRUCTURED = ("FAQ", "table", "dialogue", "facts", "notes", "terms", "interview", "list")
"""What names of styles that select and lay out contain."""


def pairs(
    documents: Sequence[Document], part: Split, *, ruled: bool = False, path: Path = REWRITES
) -> Iterator[Pair]:
    """Pairs of the rewrites of one split's documents; KeyError or ValueError without the source."""
    known = {document.id: document for document in documents}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if split(row["document"]) != part:
            continue
        document = known[row["document"]]
        source = _source(document, row["chunk"])
        yield Pair(source, row["text"], True, KIND, document.id, document.subject)
        for mistake in row["mistakes"]:
            text = row["text"].replace(mistake["old"], mistake["new"])
            yield Pair(source, text, False, mistake["kind"], document.id, document.subject)
        if ruled and not any(name in row["style"] for name in STRUCTURED):
            yield from _by_rule(source, row["text"], document, part)


def _source(document: Document, digest: str) -> str:
    glue = "\n" if document.subject == "math" else " "
    for chunk in chunks(document):
        text = glue.join(chunk)
        if hashlib.sha256(text.encode()).hexdigest().startswith(digest):
            return text
    raise ValueError(f"no chunk {digest} in {document.id}")


def _by_rule(source: str, text: str, document: Document, part: Split) -> Iterator[Pair]:
    draft = sentences(text)
    rng = random.Random(f"{document.id}|rewrites")
    for kind, rule in PROSE.items():
        material = Material(rng, words.lists(part), source, [], [])
        made = rule(list(draft), material)
        if made is not None and not void(draft, made):
            yield Pair(source, " ".join(made), False, kind, document.id, document.subject)
