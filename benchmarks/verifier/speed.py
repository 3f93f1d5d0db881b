"""How fast the gate is, tier by tier, and how often the reader is asked.

    DATAGEN_TEST_DATA=… python -m benchmarks.verifier.speed [PAIRS]

A real mix: four faithful rewrites in five, textbook and encyclopaedia; then one of worked
solutions. Processor time of one core, for `mathematics`, which computes in a process of its own,
seconds that passed; in tokens of the rewrite per second (a token is four characters). Each source
is new. `alignment` goes by words alone here.
"""

import asyncio
import random
import sys
import time
from collections.abc import Sequence

from benchmarks.corruptions.documents import test_data
from benchmarks.corruptions.pairs import Pair, Subject, pairs
from datagen.engines.reader import Reader
from datagen.rephrase.fidelity import Expectation, FidelityGate, FidelityOptions, Tier

TIERS: tuple[tuple[Tier, ...], ...] = (
    ("hygiene",),
    ("hygiene", "ledger"),
    ("hygiene", "ledger", "relations"),
    ("hygiene", "ledger", "alignment"),
    ("hygiene", "ledger", "relations", "verifier"),
)
MATHEMATICS: tuple[tuple[Tier, ...], ...] = (
    ("hygiene", "ledger", "relations"),
    ("hygiene", "ledger", "mathematics", "relations"),
)


def mix(count: int, subject: Subject = "knowledge") -> list[Pair]:
    """Pairs of test documents, four in five faithful."""
    rng = random.Random(11)
    documents = [one for one in test_data() if one.subject == subject]
    found = list(pairs(rng.sample(documents, 150), seed=4, split="test", per_document=12))
    fine = [pair for pair in found if pair.label]
    bad = [pair for pair in found if not pair.label]
    least = min(len(fine) // 4, len(bad), count // 5)
    chosen = [*rng.sample(fine, 4 * least), *rng.sample(bad, least)]
    rng.shuffle(chosen)
    return chosen


async def timed(
    chosen: Sequence[Pair], tiers: tuple[Tier, ...], reader: Reader, subject: Subject = "knowledge"
) -> str:
    gate = FidelityGate(FidelityOptions(tiers=tiers, max_copied=1), read=reader.read)
    told = Expectation(length_ratio=(0.3, 3.0), kind=subject)
    tokens = sum(len(pair.text) for pair in chosen) / 4
    clock = time.perf_counter if "mathematics" in tiers else time.process_time
    before, start = reader.computed, clock()
    found = await asyncio.gather(
        *[gate.check(pair.source, pair.text, expectation=told) for pair in chosen]
    )
    seconds = clock() - start
    passed = sum(finding.faithful for finding in found)
    return (
        f"{'+'.join(tiers):52} {tokens / seconds:10,.0f} tokens/s  "
        f"{1000 * seconds / len(chosen):6.2f} ms/pair  passed {passed:4}  "
        f"claims read {reader.computed - before}"
    )


async def measured(count: int) -> None:
    chosen = mix(count)
    reader = Reader()
    await reader.start()
    say(f"{len(chosen)} pairs, {sum(len(pair.text) for pair in chosen) // 4:,} tokens")
    for tiers in TIERS:
        say(await timed(chosen, tiers, reader))
    await reader.close()
    chosen = mix(count, "math")
    say(f"{len(chosen)} pairs of worked solutions")
    for tiers in MATHEMATICS:
        say(await timed(chosen, tiers, reader, "math"))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(measured(int(sys.argv[1]) if len(sys.argv) > 1 else 400))
