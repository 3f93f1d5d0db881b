"""Rows of real tables and lists, kept and exchanged: what the check of rows says.

    DATAGEN_TEST_DATA=… python -m benchmarks.corruptions.rows

Every document with three rows or more becomes texts that keep its rows (a list of first figures,
of last ones, a rank before either, all lines shuffled) and one in which two rows, chosen by chance
among those that share no figure, exchange their first.
"""

import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.corruptions.documents import test_data
from datagen.rephrase.fidelity.rows import Row, exchanged, rows


def texts(document: str, found: Sequence[Row], rng: random.Random) -> Iterator[tuple[bool, str]]:
    """Texts of the document's rows, and whether each keeps them."""
    figures = [list(row.figures.values()) for row in found]
    for at in (0, -1):
        yield (
            True,
            "\n".join(
                f"- **{row.name}**: {own[at]}" for row, own in zip(found, figures, strict=True)
            ),
        )
        yield (
            True,
            "\n".join(
                f"| {rank} | {row.name} | {figures[rank][at]} |" for rank, row in enumerate(found)
            ),
        )
    lines = document.splitlines()
    rng.shuffle(lines)
    yield True, "\n".join(lines)
    apart = [
        (one, other)
        for one in range(len(found))
        for other in range(one)
        if not found[one].every & found[other].every
        and not found[one].stems <= found[other].stems
        and not found[other].stems <= found[one].stems
    ]
    if apart:
        one, other = rng.choice(apart)
        figures[one], figures[other] = figures[other], figures[one]
        yield (
            False,
            "\n".join(
                f"| {row.name} | {own[0]} |" for row, own in zip(found, figures, strict=True)
            ),
        )


def main() -> None:
    rng = random.Random(1)
    seen: Counter[bool] = Counter()
    told: Counter[bool] = Counter()
    for document in test_data():
        found = rows(document.text) if document.subject == "knowledge" else []
        for kept, text in texts(document.text, found, rng) if len(found) >= 3 else ():
            seen[kept] += 1
            told[kept] += any(exchanged(document.text, text))
    for kept, name in ((True, "kept"), (False, "exchanged")):
        sys.stdout.write(f"{name}: {told[kept]} of {seen[kept]} texts told\n")


if __name__ == "__main__":
    main()
