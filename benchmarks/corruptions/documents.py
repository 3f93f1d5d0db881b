"""Documents to make pairs of: the texts of DATAGEN_TEST_DATA, files of JSON lines, and programs of
Python's own library for code."""

import gzip
import inspect
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.corruptions.pairs import Document
from datagen.errors import RecipeError


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a file of JSON lines, gzipped or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise RecipeError(f"{path}:{number}: not an object")
                yield row
    except (OSError, ValueError) as problem:
        raise RecipeError(f"{path}: {problem}") from None


def read(paths: Sequence[Path]) -> Iterator[Document]:
    """Documents of JSON lines with `text`, and `id`, `topic`, `kind` where they have them."""
    for path in paths:
        for number, row in enumerate(rows(path)):
            text = row.get("text")
            if not isinstance(text, str):
                raise RecipeError(f"{path}:{number + 1}: no text")
            subject = "math" if row.get("kind") == "math" else "knowledge"
            id = str(row.get("id") or f"{path.name}/{number}")
            yield Document(id, text, str(row.get("topic") or path.name), subject)  # type: ignore[arg-type]


def test_data() -> Iterator[Document]:
    """Textbook modules, encyclopaedia articles, worked problems, and code."""
    folder = os.environ.get("DATAGEN_TEST_DATA")
    if not folder:
        raise RecipeError("give files of JSON lines, or set DATAGEN_TEST_DATA")
    root = Path(folder)
    for row in rows(root / "docs/squad_articles.jsonl.gz"):
        text = "\n\n".join(part["context"] for part in row["paragraphs"])
        yield Document(f"squad/{row['title']}", text, "encyclopaedia")
    modules: dict[tuple[str, str], list[str]] = {}
    for row in rows(root / "docs/openstax_sections.jsonl.gz"):
        modules.setdefault((row["book"], row["module"]), []).append(row["text"])
    for (book, module), texts in modules.items():
        yield Document(module, "\n\n".join(texts), book)
    yield from mathematics(root)
    yield from programs()


def mathematics(root: Path) -> Iterator[Document]:
    """School problems with their steps, competition problems with their solutions."""
    for name in ("gsm8k_train", "gsm8k_test"):
        for number, row in enumerate(rows(root / f"math/{name}.jsonl.gz")):
            steps = re.sub(r"<<[^>]*>>", "", row["answer"])
            yield Document(f"{name}/{number}", f"{row['question']}\n{steps}", "school", "math")
    for number, row in enumerate(rows(root / "math/math_solutions.jsonl.gz")):
        text = f"{row['question']}\n{row['other']['solution']}"
        yield Document(f"math/{number}", text, "competition", "math")


def programs() -> Iterator[Document]:
    """Functions of the standard library, each with the text that documents it."""
    import bisect
    import colorsys
    import fractions
    import heapq
    import statistics
    import textwrap

    for module in (bisect, colorsys, fractions, heapq, statistics, textwrap):
        for name, function in sorted(vars(module).items()):
            if not inspect.isfunction(function) or function.__module__ != module.__name__:
                continue
            told = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
            code = inspect.getsource(function)
            if 80 < len(code) < 1400:
                head = f"The function {name} of the module {module.__name__}.\n{told}"
                text = f"{head}\n```python\n{code}```"
                yield Document(f"python/{module.__name__}.{name}", text, "code", "math")
