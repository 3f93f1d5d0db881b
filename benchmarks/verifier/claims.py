"""Short claims about long documents, with labels: what the verifier's reader is trained on.

A question about a paragraph and its answer make a claim in a person's own words, so a claim that
holds is no near-copy of its evidence; that is what tells paraphrase from drift. Questions become
statements by moving the answer to the place of the question word: stiff English, equally stiff for
true and false claims. Sources: SQuAD articles, OpenStax sections with their multiple-choice
questions.
"""

import gzip
import json
import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BE = r"(?:is|are|was|were)"
_DO = re.compile(r"^(?:do|does|did)$", re.IGNORECASE)
_WH = re.compile(
    r"^(?P<prep>(?:in|on|at|to|from|by|for|of|with|during|under|into|through)\s+)?"
    r"(?P<wh>who|whom|what|which|when|where|how many|how much|how long|how old|how far|whose)\b\s*",
    re.IGNORECASE,
)
_AUX = re.compile(
    r"\b(is|are|was|were|do|does|did|can|could|has|have|had|will|would|should|must|may)\b"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement, where it comes from, and whether that supports it."""

    document: str
    evidence: tuple[str, ...]
    """Paragraphs; the first holds what decides, unless the claim is invented."""
    text: str
    supported: bool
    kind: str
    base: str = ""
    """The claim that an edit started from: what differs is what is wrong."""


def rows(path: str) -> Iterator[dict[str, Any]]:
    with gzip.open(Path(os.environ["DATAGEN_TEST_DATA"]) / path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def statement(question: str, answer: str) -> str | None:
    """The question with its answer in place, or None where the rules don't reach."""
    plain = question.strip().rstrip("?").strip()
    match = _WH.match(plain)
    if match is None or len(plain) < 15:
        return None
    wh, rest = match["wh"].lower(), plain[match.end() :]
    first, _, tail = rest.partition(" ")
    prep = match["prep"] or ("in " if wh in ("when", "where") else "")
    if wh in ("when", "where") and re.match(r"(?:in|on|at|from|the day|near|by)\b", answer.lower()):
        prep = ""
    if re.fullmatch(_BE, first.lower()) and wh in ("what", "who", "when", "where", "which"):
        return _finish(f"{tail} {first} {prep}{answer}")
    if _DO.match(first):
        return _finish(f"{tail} {prep}{answer}")
    if wh in ("who", "whose") or wh in ("what", "which"):
        return _asked_noun(rest, answer, prep, wh)
    found = _AUX.search(rest)
    if wh.startswith("how") and found:
        noun, after = rest[: found.start()], rest[found.end() :]
        amount = (
            answer
            if noun.strip().split(" ")[-1:] == answer.split(" ")[-1:]
            else (f"{answer} {noun}".strip())
        )
        verb = "" if _DO.match(found[1]) else f"{found[1]} "
        return _finish(f"{after.strip()} {verb}{amount}")
    return _finish(f"{rest} {prep}{answer}")


def _asked_noun(rest: str, answer: str, prep: str, wh: str) -> str:
    """ "What river is near the town", "Who won": the answer takes the place of the noun."""
    found = _AUX.search(rest)
    if found is None or found.start() > 40:
        return _finish(f"{prep}{answer} {rest}")
    noun, after = rest[: found.start()].strip(), rest[found.end() :].strip()
    named = f"{noun} {answer}" if noun and wh != "who" else answer
    if _DO.match(found[1]):
        return _finish(f"{after} {prep}{named}")
    return _finish(f"{prep}{named} {found[1]} {after}")


def _finish(text: str) -> str:
    plain = " ".join(text.split()).strip(" .")
    return plain[:1].upper() + plain[1:] + "."


def squad() -> Iterator[tuple[str, list[str], int, list[tuple[str, str]]]]:
    """(article, its paragraphs, which one, (statement, answer) pairs)."""
    for article in rows("docs/squad_articles.jsonl.gz"):
        paragraphs = [part["context"].strip() for part in article["paragraphs"]]
        for index, part in enumerate(article["paragraphs"]):
            made = [
                (text, qa["answers"][0])
                for qa in part["qas"]
                if qa["answers"] and (text := statement(qa["question"], qa["answers"][0]))
                if 5 <= len(text.split()) <= 45
            ]
            yield article["title"], paragraphs, index, made


_NEGATED = re.compile(r"\b(?:not|except|false|incorrect|least|never)\b", re.IGNORECASE)
_FOLLOWING = re.compile(
    r"which of the following(?:(?: \w+)??(?= (?:is|are|was|were|has|does|would|can|could)\b))?",
    re.IGNORECASE,
)
_META_OPTION = re.compile(r"\b(?:all|none|both|neither|above|answers?)\b", re.IGNORECASE)


def multiple_choice() -> Iterator[tuple[str, str, str, list[str]]]:
    """(module, its text, the right statement, wrong statements)."""
    sections: dict[str, list[str]] = {}
    for row in rows("docs/openstax_sections.jsonl.gz"):
        sections.setdefault(row["module"], []).append(row["text"])
    for row in rows("qa/openstax_mcq.jsonl.gz"):
        text = "\n\n".join(sections.get(row["id"], ()))
        for asked in row["mcq"]:
            options, right = asked["options"], asked["answer_idx"]
            if not text or _NEGATED.search(asked["question"]):
                continue
            if any(_META_OPTION.search(option) for option in options):
                continue
            made = [option_statement(asked["question"], option) for option in options]
            true = made.pop(right)
            if true and all(made):
                yield row["id"], text, true, [wrong for wrong in made if wrong]


def option_statement(question: str, option: str) -> str | None:
    plain, option = question.strip(), option.strip().rstrip(".")
    if "___" in plain:
        return _finish(re.sub(r"_{2,}", lambda _: option, plain, count=1).rstrip("."))
    if plain.endswith("?") and "which of the following" in plain.lower():
        return _finish(_FOLLOWING.sub(lambda _: option, plain).rstrip("?"))
    if plain.endswith("?"):
        return statement(plain, option)
    return _finish(f"{plain.rstrip(':')} {option}")


def shuffled(items: list[Any], seed: int) -> list[Any]:
    rng = random.Random(seed)
    copy = list(items)
    rng.shuffle(copy)
    return copy
