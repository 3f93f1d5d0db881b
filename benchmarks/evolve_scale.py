"""What `datagen tools evolve` does at scale, with answers drawn from real tools: no model.

    python -m benchmarks.evolve_scale --count 20000 --output RUN [--from REAL]
    python -m benchmarks.evolve_scale --count 1000 --output DIR --compare RUN

The first gives seconds, memory and rejects. `--compare` grows two runs of one size beside the
tools of RUN, one planned on the holes of the coverage and one at random, and gives the share of
RUN's tools that each covers. The figures say what the machinery takes and that planning steers it;
they say nothing of a model's tools, and since the scripted answers are moved real tools, coverage
comes easier here than with a model. Needs `DATAGEN_TEST_DATA`."""

import argparse
import hashlib
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.agentic.tools.coverage.neighbours import nearest
from datagen.agentic.tools.coverage.reach import RADIUS
from datagen.agentic.tools.coverage.text import embedded_text
from datagen.agentic.tools.evolve.recipe import EvolveRecipe
from datagen.engines.bulk_embeddings import BulkEmbedder
from datagen.recipe import load_recipe
from datagen.repository.evolving import Evolved, evolve
from datagen.repository.round_planner import run_tools

ANSWERS = f"{Path(__file__).parent / 'evolve_answers.py'}:reply"


class RememberingEmbedder:
    """Embeds a text once: the runs compared share the real tools."""

    def __init__(self, threads: int) -> None:
        self.model = BulkEmbedder(threads=threads)
        self.known: dict[bytes, NDArray[Any]] = {}

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        keys = [hashlib.blake2b(text.encode("utf-8", "replace")).digest() for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self.known}
        vectors = self.model.embed(list(new.values()))
        self.known.update(zip(new, vectors, strict=True))
        if not keys:
            return vectors
        return np.stack([self.known[key] for key in keys])


def grown(
    output: Path, count: int, settings: Sequence[str], others: Sequence[Path], embedder: Any
) -> Evolved:
    overrides = {"engine.kind": "scripted", "engine.model": ANSWERS}
    recipe = load_recipe(EvolveRecipe, "tools_evolve", settings, overrides)
    started = time.monotonic()
    found = evolve(recipe, output, count=count, others=others, embedder=embedder)
    seconds = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    memory, busy = used.ru_maxrss // 1024, used.ru_utime + used.ru_stime
    sys.stdout.write(
        f"{output.name}: {found.tools:,} tools of {found.drafts:,} drafts,"
        f" {found.duplicates:,} duplicates, {found.rounds} rounds, {seconds:.0f} s"
        f" ({busy:.0f} of the driver's processor), its peak {memory:,} MB"
        f"{' (' + found.why + ')' if found.why else ''}\n"
        f"  rejects: {dict(found.state.reasons().most_common())}\n"
    )
    return found


def covered(run: Path, reference: Path, embedder: Any) -> list[tuple[int, float]]:
    """Share of the reference's tools within the radius, after each round: (tools, share)."""
    real = embedder.embed([embedded_text(tool) for tool in run_tools(reference)])
    tools = run_tools(run)
    vectors = embedder.embed([embedded_text(tool) for tool in tools])
    rounds = np.array([tool.round for tool in tools])
    shares = []
    for number in sorted(set(rounds.tolist())):
        until = vectors[rounds <= number]
        shares.append((len(until), float((nearest(real, until)[1] >= RADIUS).mean())))
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--compare", type=Path, help="a run whose tools are to be covered")
    parser.add_argument("--from", type=Path, action="append", default=[], dest="others")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    if given.compare is None:
        embedder = BulkEmbedder(threads=given.threads)
        grown(given.output, given.count, given.settings, given.others, embedder)
        return
    remembering = RememberingEmbedder(given.threads)
    for guidance in ("random", "holes"):
        run = given.output / guidance
        settings = [*given.settings, f"rounds.guidance={guidance}"]
        grown(run, given.count, settings, [given.compare], remembering)
        for tools, share in covered(run, given.compare, remembering):
            sys.stdout.write(f"  {guidance}: {tools:,} tools cover {share:.1%} of the real ones\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
