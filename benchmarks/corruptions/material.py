"""What operations on a text work with: its sentences, its names, and what may be drawn from
elsewhere. Reads English; names are runs of capitalised words inside sentences."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.corruptions.words import Lists

_END = re.compile(r"(?<=[.!?])(?:[\"”’)\]]{0,2})\s+(?=[\"“‘(\[]?[A-Z0-9$\\])")
_ABBREVIATED = re.compile(
    r"(?:^|[\s(\"“])(?:Mr|Mrs|Ms|Dr|St|Mt|Ft|Gov|Sgt|Hon|Pres|Prof|Gen|Col|Lt|Jr|Sr|No|Vol|Fig|Figs|vs|etc|c|ca|cf|"
    r"e\.g|i\.e|Rev|Capt|Sen|Rep|Inc|Co|Ltd|approx|[A-Z](?:\.[A-Z])*)\.$"
)
NAME = re.compile(
    r"(?<![\w.$\\])[A-Z][\w’'-]*[a-z][\w’'-]*"
    r"(?:(?: of| de| van| von| the| and the)? [A-Z][\w’'-]+)*"
)
_NOT_NAMES_LIST = """
    the a an in on at by for from to with and but or nor so yet as if when while although though
    because since after before during until this that these those it its he she they his her their
    we you i our your my who what which where why how there here one two three most many some all
    both each every however thus therefore moreover furthermore also today according despite
    january february march april may june july august september october november december monday
    tuesday wednesday thursday friday saturday sunday figure table chapter section part no not
    another other such like under over between among within without instead unlike then once
"""
_NOT_NAMES = frozenset(_NOT_NAMES_LIST.split())
WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Material:
    """What an operation on one chunk may draw on."""

    rng: random.Random
    lists: Lists
    source: str
    strangers: Sequence[str] = ()
    """Sentences of other texts on the topic, none of them in the source."""
    names: Sequence[str] = ()
    """Names of other texts, none of them in the source."""


def sentences(text: str) -> list[str]:
    """Sentences of a text in order; a line break ends one too."""
    found: list[str] = []
    for line in text.split("\n"):
        start = 0
        for match in _END.finditer(line):
            head = line[start : match.start()].rstrip()
            if not _ABBREVIATED.search(head[-12:]):
                found.append(line[start : match.end()].strip())
                start = match.end()
        found.append(line[start:].strip())
    return [sentence for sentence in found if sentence]


def lines(text: str) -> list[str]:
    """Lines that hold something; a fenced program is one line."""
    parts = re.split(r"(```.*?```)", text, flags=re.S)
    found = [
        line.rstrip()
        for number, part in enumerate(parts)
        for line in ([part] if number % 2 else part.split("\n"))
    ]
    return [line for line in found if line.strip()]


def names(sentence: str) -> list[re.Match[str]]:
    """Runs of capitalised words that don't begin the sentence."""
    return [
        match
        for match in NAME.finditer(sentence)
        if match.start() > 1 and match.group().split()[0].lower() not in _NOT_NAMES
    ]


def stems(text: str) -> set[str]:
    """Words of five letters or more, cut to six, and figures: what a sentence is about."""
    return {
        word[:6] for word in map(str.lower, WORD.findall(text)) if len(word) > 4 or word.isdigit()
    }


def plain(text: str) -> str:
    """The words alone, in lower case: equal plain texts say the same."""
    joined = re.sub(r"(?<=\d),(?=\d{3})", "", text.lower())
    return " ".join(re.findall(r"[^\W_]+|[-+*/=<>^%$€£]", joined))


def substituted(sentence: str, match: re.Match[str], new: str) -> str:
    """The sentence with a match replaced; a capital at its start is kept."""
    if match.group()[:1].isupper() and match.start() == 0:
        new = new[:1].upper() + new[1:]
    return sentence[: match.start()] + new + sentence[match.end() :]


def is_name(word: str, source: str) -> bool:
    """True if a word has its capital inside a sentence of the source too."""
    return bool(re.search(rf"[a-z,;] {re.escape(word)}\b", source))


def lowered(sentence: str, source: str) -> str:
    """The sentence as it goes on behind a comma: without the capital of its first word."""
    first = re.match(r"[\w’'-]*", sentence)
    word = first.group() if first else ""
    if word == "I" or word[1:] != word[1:].lower() or is_name(word, source):
        return sentence
    return sentence[:1].lower() + sentence[1:]
