"""Does a translation carry its figures; what a multilingual model or a way back says of meaning.

Figures are compared across spellings (80.000, 80 000, ٨٠, 八十): each written in digits has to come
back, in digits or English words, as often as it stands in the source where another takes its place.
Small numbers that a language spells out are not read, Chinese numerals apart, so a digit for a word
is no fault. Meaning has two routes, both off the model that translated: `meant` by a multilingual
embedding, `returned` by a translation back. Neither is needed for the figures. Not covered: a
changed relation between the same figures.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from datagen.rephrase import boundaries
from datagen.rephrase.fidelity import latex
from datagen.rephrase.fidelity.facts import Facts

Embed = Callable[[Sequence[str]], Awaitable[NDArray[Any]]]
"""Sentences of any language → their embeddings, (sentences, dim), rows of length 1."""

_FIGURE = re.compile(r"\d+(?:[.,'’\u00a0\u202f\u2009 ]\d{3}(?!\d))*(?:[.,٫]\d+)?")
_RATIO = re.compile(r"(?<![\d/.])(\d{1,3})\s?[/⁄]\s?(\d{1,3})(?![\d/]|\.\d)")
_MONTH = re.compile(r"(?<!\d)\d{1,2}\s?月")
"""Months by number in Chinese and Japanese; English names them."""
_PARTED = re.compile(r"(\d{1,3})分[の之](\d{1,3})")
_MYRIADS = re.compile(r"(?<![\d.,])(\d{1,5}(?:\.\d{1,3})?)\s?[万萬]")
_AFTERNOON = re.compile(r"p\.?m\b|afternoon|evening", re.IGNORECASE)
_HAN = re.compile(r"[一二两兩三四五六七八九十百千万萬零〇半]+")
_HAN_DIGITS = dict(
    zip("零〇一二两兩三四五六七八九", (0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_PARTS = {
    "half": 0.5, "halves": 0.5, "third": 1 / 3, "thirds": 1 / 3, "quarter": 0.25,
    "quarters": 0.25, "fourth": 0.25, "fourths": 0.25, "fifth": 0.2, "fifths": 0.2, "sixth": 1 / 6,
    "eighth": 0.125, "tenth": 0.1, "twice": 2.0, "double": 2.0, "triple": 3.0, "dozen": 12.0,
    "once": 1.0, "pair": 2.0, "both": 2.0, "a": 1.0, "an": 1.0, "single": 1.0,
}  # fmt: skip
_SPELLED_UP_TO = 20
"""Numbers up to here stand in words in many languages: a digit for them is no invention."""


def number_fault(
    source: str, text: str
) -> tuple[Literal["lost_number", "invented_number"], str] | None:
    """The first figure that a translation into English lost or has of its own, or None."""
    theirs, words = _english(latex.outside(text)), _said(text)
    everywhere = theirs + words + _english(text)
    wanted = _chosen(latex.outside(source), everywhere)
    later: Counter[float] = Counter()
    if _AFTERNOON.search(text):
        for hour in [value for value in wanted if 12 < value < 24 and not everywhere[value]]:
            later[hour - 12] += wanted.pop(hour)
        wanted += later
    for value in wanted:
        if value not in (0, 1) and not everywhere[value]:
            return "lost_number", f"{value:g}"
    allowed = _chosen(source, theirs) + _han(source) + later
    missing = [
        value
        for value in wanted
        if value not in (0, 1) and wanted[value] > theirs[value] + words[value]
    ]
    for value in theirs:
        if allowed[value] >= theirs[value] or value in (0, 1):
            continue
        new = not allowed[value] and (value > _SPELLED_UP_TO or value != int(value))
        if new or (missing and any(value != other for other in missing)):
            return "invented_number", f"{value:g}"
    return None


def _chosen(source: str, have: Counter[float]) -> Counter[float]:
    """Figures of a text in any spelling; where one reads two ways, the way that `have` has."""
    found: Counter[float] = Counter()
    for readings in _figures(source):
        found[next((value for value in readings if have[value]), readings[0])] += 1
    return found


def _english(text: str) -> Counter[float]:
    return Counter(readings[-1] for readings in _figures(text))


def _figures(text: str) -> Iterator[list[float]]:
    """What each figure may mean, likeliest first and as English has it last; 3/4 is one figure."""
    plain = "".join(_digit(char) for char in text)
    plain = _MYRIADS.sub(lambda found: f"{float(found[1]) * 10_000:.0f}", plain)
    plain = _PARTED.sub(r" \2/\1 ", plain)
    ratios = list(_RATIO.finditer(plain))
    for ratio in ratios:
        if int(ratio[2]):
            yield [round(int(ratio[1]) / int(ratio[2]), 6)]
    for mark in _FIGURE.finditer(_MONTH.sub(" ", _RATIO.sub(" ", plain))):
        yield _readings(mark[0])


def _digit(char: str) -> str:
    if char.isascii() or not char.isdecimal():
        return char
    return str(unicodedata.decimal(char))


def _readings(figure: str) -> list[float]:
    """Values of a figure: points or commas as thousands, then as decimals, then as in English."""
    bare = re.sub(r"['’\u00a0\u202f\u2009 ]", "", figure).replace("٫", ".")
    spellings = [bare.replace(".", "").replace(",", "."), bare.replace(",", "")]
    if re.search(r"\.\d{3}$", bare):
        spellings.insert(0, re.sub("[.,]", "", bare))
    elif not re.search(r",\d{1,2}$", bare):
        spellings = spellings[1:]
    return [round(float(spelling), 6) for spelling in spellings if spelling.count(".") < 2] or [
        -1.0
    ]


def _said(text: str) -> Counter[float]:
    """Numbers that an English text says in words."""
    facts = Facts(text)
    found = Counter(round(_PARTS[word], 6) for word in facts.prose_words if word in _PARTS)
    for number in facts.numbers.facts:
        if not any(char.isdigit() for char in number.surface):
            try:
                found[round(float(number.value), 6)] += 1
            except ValueError:
                continue
    parts = [word for word in facts.prose_words if word in ("two", "three", "four", "thirds")]
    if parts[-1:] == ["thirds"]:
        found[round(2 / 3, 6)] += 1
    if "fourths" in facts.vocabulary or "quarters" in facts.vocabulary:
        found[0.75] += 1
    return found


def _han(text: str) -> Counter[float]:
    """Chinese numerals of a text."""
    found: Counter[float] = Counter()
    for mark in _HAN.finditer(text):
        total, part, digit = 0, 0, 0
        for char in mark[0]:
            if char in _HAN_DIGITS:
                digit = _HAN_DIGITS[char]
            elif char in _HAN_UNITS:
                part, digit = part + (digit or 1) * _HAN_UNITS[char], 0
            elif char in "万萬":
                total, part, digit = total + (part + digit or 1) * 10_000, 0, 0
            else:
                found[0.5] += 1
        found[float(total + part + digit)] += 1
    return found


@dataclass(frozen=True, slots=True)
class Meant:
    """How far a translation means what its source means."""

    supported: float
    """Lowest best cosine of a sentence of the translation with the source's."""
    kept: float
    """Lowest best cosine of a sentence of the source with the translation's."""
    least: str
    """The sentence of the translation that decided `supported`."""
    lost: str
    """The sentence of the source that decided `kept`."""


async def meant(source: str, text: str, embed: Embed) -> Meant:
    """Compare sentences through a multilingual embedding, alone and in adjacent pairs.

    A translator joins and splits sentences, hence the pairs. `embed` has to know both languages;
    the embedded MiniLM knows English only.
    """
    ours, theirs = _sentences(source), _sentences(text)
    spans = [*ours, *_joined(ours), *theirs, *_joined(theirs)]
    if not ours or not theirs:
        return Meant(0.0, 0.0, text[:200], source[:200])
    rows = np.asarray(await embed(spans))
    border = len(spans) - len(theirs) - len(_joined(theirs))
    ahead, back = rows[border:] @ rows[:border].T, rows[:border] @ rows[border:].T
    support = [float(ahead[index].max()) for index in range(len(theirs))]
    echo = [float(back[index].max()) for index in range(len(ours))]
    weakest, gone = int(np.argmin(support)), int(np.argmin(echo))
    return Meant(support[weakest], echo[gone], theirs[weakest], ours[gone])


def _sentences(text: str) -> list[str]:
    cuts = [0, *(at for at, _ in boundaries.sentences(text, 0, len(text))), len(text)]
    return [part for start, end in pairwise(cuts) if (part := text[start:end].strip())]


def _joined(parts: Sequence[str]) -> list[str]:
    return [f"{one} {other}" for one, other in pairwise(parts)]


BACK = (
    "Translate the text into {language}. Copy every formula, number, name and final answer exactly "
    "and leave nothing out. Write only the translation.\n\n<text>\n{text}\n</text>"
)
"""What an engine is asked for the way back; `text` is the translation, tags neutralised."""


def returned(source: str, back: str, *, longest: int = 6) -> float:
    """F2 of character n-grams of a translation back against the source, in [0, 1].

    Source: chrF (Popović 2015), n = 1 to 6, recall weighed twice, white space left out. Works in
    any script without a model; blind to short changes, so figures are checked beside it.
    """
    one, other = ("".join(text.lower().split()) for text in (source, back))
    precisions, recalls = [], []
    for size in range(1, longest + 1):
        mine, yours = _grams(one, size), _grams(other, size)
        if mine and yours:
            both = sum((mine & yours).values())
            precisions.append(both / sum(yours.values()))
            recalls.append(both / sum(mine.values()))
    precision, recall = (sum(shares) / (len(shares) or 1) for shares in (precisions, recalls))
    return 5 * precision * recall / (4 * precision + recall) if precision + recall else 0.0


def _grams(text: str, size: int) -> Counter[str]:
    return Counter(text[at : at + size] for at in range(len(text) - size + 1))
