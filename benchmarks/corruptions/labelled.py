"""Pairs with labels by people, scored like a user's: BEGIN (Wizard of Wikipedia).

    DATAGEN_TEST_DATA=… python -m benchmarks.corruptions.labelled [COUNT]

Without hygiene: the responses are tokenised chat, often without capitals or a full stop. What a
response leaves out of its knowledge is no fault here, so support is measured.
"""

import json
import os
import sys
import tempfile
from itertools import islice
from pathlib import Path

from benchmarks.corruptions.documents import rows
from datagen.errors import RecipeError
from datagen.rephrase.fidelity import FidelityOptions
from datagen.scoring import report, score

LABELS = {"Fully attributable": True, "Not fully attributable": False}


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1200
    try:
        root = Path(os.environ["DATAGEN_TEST_DATA"])
        found = list(islice(rows(root / "fidelity/begin_wow.jsonl.gz"), count))
    except (KeyError, RecipeError) as problem:
        sys.stderr.write(f"no labelled pairs: {problem}\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "begin.jsonl"
        with path.open("w", encoding="utf-8") as lines:
            for row in found:
                if row["begin_label"] in LABELS:
                    pair = {
                        "source": row["knowledge"],
                        "text": row["response"],
                        "label": LABELS[row["begin_label"]],
                        "kind": "begin_wow",
                    }
                    lines.write(json.dumps(pair) + "\n")
        options = FidelityOptions(tiers=("ledger", "alignment"))
        for line in report(score(path, options=options, column="supported")):
            sys.stdout.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
