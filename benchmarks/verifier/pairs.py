"""What nothing was trained on, as pairs for `datagen fidelity`.

    DATAGEN_TEST_DATA=… python -m benchmarks.verifier.pairs {rewrites,written} PAIRS

`rewrites`: the test documents' rewrites and the mistakes beside them, both labels for fidelity.
`written`: the held-out genres, labels for support alone (`--column supported`).
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.corruptions.documents import test_data
from benchmarks.verifier import rewrites
from benchmarks.verifier.written import written


def rewritten() -> Iterator[dict[str, Any]]:
    for one in rewrites.pairs(list(test_data()), "test"):
        yield {"source": one.source, "text": one.text, "label": int(one.label), "kind": one.kind}


def edited() -> Iterator[dict[str, Any]]:
    for one in written("test"):
        pair = {"source": one.source, "text": one.text, "label": int(one.supported)}
        yield pair | {"kind": one.domain, "edit": one.kind}


def main() -> None:
    name, path = sys.argv[1:]
    sets = {"rewrites": rewritten, "written": edited}
    with Path(path).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(pair, ensure_ascii=False) + "\n" for pair in sets[name]())


if __name__ == "__main__":
    main()
