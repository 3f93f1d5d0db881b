"""What a plain share of words does on claims that people judged, for comparison.

    DATAGEN_TEST_DATA=… python -m benchmarks.verifier.overlap

AUROC of the share of a text's words that its source has, on the 30 % of BEGIN and Q² by knowledge
sentence that `train` reports on.
"""

import sys

from benchmarks.verifier.examples import Example, dialogue, knowledge_split
from datagen.rephrase.fidelity.facts import words_of
from datagen.scoring.measures import auroc


def share(one: Example) -> float:
    known, said = set(words_of(one.evidence)), words_of(one.claim)
    return sum(word in known for word in said) / max(1, len(said))


def main() -> None:
    held = [one for one in dialogue() if knowledge_split(one.document) == "test"]
    for origin in ("begin", "q2"):
        part = [one for one in held if one.origin == origin]
        fine = [share(one) for one in part if one.supported]
        area = auroc(fine, [share(one) for one in part if not one.supported])
        sys.stdout.write(f"{origin}: {len(part)} pairs, AUROC {area:.3f}\n")


if __name__ == "__main__":
    main()
