"""Examples for the reader: (evidence, claim, label, which words are wrong).

Claims of people (questions with answers, dialogue answers) and sentences of the documents, each
true, then edited. A document belongs to one split for good, the same as in
`benchmarks.corruptions`.
"""

import difflib
import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.corruptions.pairs import split as split_of
from benchmarks.corruptions.words import Split
from benchmarks.verifier.claims import multiple_choice, rows, shuffled, squad
from benchmarks.verifier.edits import Draws, Neighbours, edited
from benchmarks.verifier.written import written
from datagen.rephrase.fidelity.evidence import Evidence
from datagen.rephrase.fidelity.sentences import content, sentences, split

WORDS = (40, 60, 60, 90)
"""Words of evidence that an example may have."""
_WORD = re.compile(r"\S+")


class Example(NamedTuple):
    """One claim to judge."""

    evidence: str
    claim: str
    supported: bool
    wrong: tuple[tuple[int, int], ...] | None
    """Character spans of the claim that are wrong; None where nobody can say which."""
    kind: str
    document: str
    origin: str


def spans(base: str, claim: str) -> tuple[tuple[int, int], ...]:
    """Words of the claim that the base lacks; where words only went, the words around the gap."""
    mine, theirs = list(_WORD.finditer(claim)), [m.group() for m in _WORD.finditer(base)]
    matcher = difflib.SequenceMatcher(None, theirs, [m.group() for m in mine], autojunk=False)
    found: list[tuple[int, int]] = []
    for tag, _, _, start, end in matcher.get_opcodes():
        if tag == "equal" or not mine:
            continue
        if start == end:
            start, end = max(0, start - 1), min(len(mine), start + 1)
        found.append((mine[start].start(), mine[end - 1].end()))
    return tuple(found)


def knowledge_split(text: str) -> str:
    """Split of a dialogue's knowledge sentence: 70 % train, 30 % held out, by its first words."""
    key = " ".join(re.findall(r"\w+", text.lower())[:8])
    return "train" if hashlib.sha256(key.encode()).digest()[0] < 179 else "test"


def dialogue() -> Iterator[Example]:
    """BEGIN and Q²: answers of dialogue models beside the sentence they were to use."""
    for row in rows("fidelity/begin_wow.jsonl.gz"):
        if row["begin_label"] in ("Fully attributable", "Not fully attributable"):
            label = row["begin_label"] == "Fully attributable"
            key = row["knowledge"]
            yield Example(key, row["response"], label, () if label else None, "begin", key, "begin")
    for row in rows("fidelity/q2_dialog.jsonl.gz"):
        for model in ("dodeca", "memnet"):
            label = row[f"{model}_label"] in ("0", 0)  # 1 marks an inconsistency
            key = row["knowledge"]
            yield Example(
                key, row[f"{model}_response"], label, () if label else None, "q2", key, "q2"
            )


def questions(
    split: str, seed: int, neighbours: Neighbours | None, edits: int
) -> Iterator[Example]:
    """Claims made of SQuAD's questions, true and edited, against the paragraph or the article."""
    cache: dict[str, tuple[Evidence, list[str], list[tuple[str, str]]]] = {}
    for title, paragraphs, index, made in squad():
        if split_of(f"squad/{title}") != split:
            continue
        if title not in cache:
            cache[title] = Evidence("\n".join(paragraphs)), [], []
        rng = random.Random(f"{seed}/{title}/{index}")
        own, others = Evidence(paragraphs[index]), shuffled(paragraphs, rng.randrange(1 << 30))[:4]
        other = [line for paragraph in others for line in split_text(paragraph)]
        near = [answer for _, answer in made]
        far = cache[title][2]
        for text, answer in made:
            source = own if rng.random() < 0.6 else cache[title][0]
            draws = Draws(
                rng,
                answer,
                shuffled([a for a in near if a != answer], rng.randrange(1 << 30))
                + [a for _, a in far[-40:]],
                paragraphs[index],
                other,
                neighbours,
            )
            yield from _judged(text, source, draws, f"squad/{title}", edits)
        far += made
        for line in shuffled(split_text(paragraphs[index]), rng.randrange(1 << 30))[:2]:
            if 6 <= len(line.split()) <= 45:
                draws = Draws(rng, "", (), paragraphs[index], other, neighbours)
                yield from _judged(line, own, draws, f"squad/{title}", edits, "sentence")
        if far and rng.random() < 0.7:
            text, _ = rng.choice(far)
            if text not in [claim for claim, _ in made]:
                yield _against(own, text, False, None, "elsewhere", f"squad/{title}", "squad", rng)


def split_text(text: str) -> list[str]:
    return [piece for piece in split(text) if len(piece) > 25]


def _judged(
    text: str, source: Evidence, draws: Draws, document: str, edits: int, origin: str = "squad"
) -> Iterator[Example]:
    text = _cased(text, draws.rng)
    yield _against(source, text, True, (), "true", document, origin, draws.rng)
    for _ in range(edits):
        if made := edited(text, draws):
            kind, wrong = made
            yield _against(
                source, wrong, False, spans(text, wrong), kind, document, origin, draws.rng
            )


def _cased(text: str, rng: random.Random) -> str:
    return text.lower() if rng.random() < 0.05 else text


def _against(
    source: Evidence,
    claim: str,
    label: bool,
    wrong: Sequence[tuple[int, int]] | None,
    kind: str,
    document: str,
    origin: str,
    rng: random.Random,
) -> Example:
    evidence = source.about(content(claim), words=rng.choice(WORDS))
    return Example(
        evidence, claim, label, None if wrong is None else tuple(wrong), kind, document, origin
    )


def choices(split: str, seed: int) -> Iterator[Example]:
    """Right and wrong options of textbook questions against the module they belong to."""
    cache: dict[str, Evidence] = {}
    for module, text, true, wrong in multiple_choice():
        if split_of(module) != split:
            continue
        rng = random.Random(f"{seed}/{module}/{true}")
        source = cache.setdefault(module, Evidence(text))
        yield _against(source, true, True, (), "true", module, "choice", rng)
        for claim in shuffled(wrong, rng.randrange(1 << 30))[:2]:
            yield _against(
                source, claim, False, spans(true, claim), "option", module, "choice", rng
            )


def sections(split: str, seed: int, neighbours: Neighbours | None, count: int) -> Iterator[Example]:
    """Sentences of textbook sections, true and edited."""
    for number, row in enumerate(rows("docs/openstax_sections.jsonl.gz")):
        if split_of(row["module"]) != split or number % 3:
            continue
        rng = random.Random(f"{seed}/{row['id']}")
        lines = split_text(row["text"])
        for line in shuffled(lines, number)[:count]:
            if 6 <= len(line.split()) <= 45:
                at = lines.index(line)
                near = " ".join(lines[max(0, at - 6) : at + 7])
                far = lines[: max(0, at - 6)] + lines[at + 7 :]
                draws = Draws(rng, "", (), near, far[:40], neighbours)
                yield from _judged(line, Evidence(near), draws, row["module"], 1, "section")


def by_hand(part: Split, seed: int) -> Iterator[Example]:
    """Sentences of the written texts: as they were written once, and each that an edit changed."""
    cache: dict[str, Evidence] = {}
    for one in written(part):
        rng = random.Random(f"{seed}/{one.id}/{one.text}")
        source = cache.setdefault(one.source, Evidence(one.source))
        for sentence in sentences(one.text):
            start = one.text.find(sentence.text)
            end = start + len(sentence.text)
            if one.at is not None and not (start < one.at[1] and one.at[0] < end):
                continue
            wrong: tuple[tuple[int, int], ...] = ()
            if one.at is not None and not one.supported:
                wrong = ((max(0, one.at[0] - start), min(end, one.at[1]) - start),)
            words = rng.choice(WORDS)
            evidence = source.about(sentence.stems, words=words)
            yield Example(
                evidence, sentence.text, one.supported, wrong, one.kind, one.id, "written"
            )
