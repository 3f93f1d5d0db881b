"""How close a run comes to what an ideal server allows: bars 1 to 3, one command each.

    python -m benchmarks.against_ideal single   2,000 one-chunk documents, 64 slots, beside a bare
    aiohttp loop python -m benchmarks.against_ideal chains   300 documents of 1 to 40 chunks, 32
    slots python -m benchmarks.against_ideal rate     completions/s against a server that answers at
    once

The server runs in a process of its own with a token clock, so that the least possible time is
known. Time is counted at the server, from the first request to the last completion; starting and
stopping are told apart. Each prints a row of a Markdown table."""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pyarrow.parquet as pq

from benchmarks.ideal_server import RunningServer, running_server
from datagen.engines.base import Completion, Request
from datagen.engines.chat import encode
from datagen.rephrase.pipeline import RephrasePipeline, RephraseRecipe
from datagen.schemas import Document
from datagen.stage import Work

ROOT = Path(__file__).parents[1]
GATE_OFF = ["fidelity.tiers=[]"]
ONE = ["rewrite.rephrasings=1", 'rewrite.styles=["plain"]', "chunk.window_tokens=4096"]


def sentences() -> list[str]:
    """Sentences of the demo documents, to build texts of any length from."""
    lines = (ROOT / "pipelines" / "demo" / "documents.jsonl").read_text().splitlines()
    texts = [json.loads(line) for line in lines]
    prose = " ".join(row["text"] for row in texts if row.get("kind") != "math")
    return [part.strip() + "." for part in prose.replace("\n", " ").split(". ") if len(part) > 40]


def documents(sizes: Sequence[int], seed: int) -> Iterator[Document]:
    """Documents of so many paragraphs each; a paragraph fills most of a 256-token chunk."""
    pool, chance = sentences(), random.Random(seed)
    for number, size in enumerate(sizes):
        paragraphs = []
        for _ in range(size):
            words: list[str] = []
            while len(words) < 130:
                words += chance.choice(pool).split()
            paragraphs.append(" ".join(words[:150]).rstrip(".,;") + ".")
        yield Document(f"d{number:05d}", "\n\n".join(paragraphs), "knowledge")


def write(path: Path, made: Iterator[Document]) -> None:
    with path.open("w") as file:
        for document in made:
            row = {"id": document.id, "text": document.text}
            file.write(json.dumps(row) + "\n")


def ours(
    server: RunningServer, texts: Path, output: Path, concurrency: int, *settings: str
) -> float:
    """Run the command line; the seconds that it took from start to exit."""
    more = [f"--set={setting}" for setting in (*ONE, *settings)]
    command = [sys.executable, "-m", "datagen.cli", "rephrase", str(texts), "--output", str(output)]
    command += ["--engine", "openai", "--base-url", server.url, *more]
    command += [f"--set=engine.concurrency={concurrency}"]
    begun = time.monotonic()
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun


def bodies(made: Iterator[Document]) -> list[bytes]:
    """The requests that a run makes for one-chunk documents."""
    recipe = RephraseRecipe.model_validate(
        {"rewrite": {"styles": ["plain"], "rephrasings": 1}, "fidelity": {"tiers": []}}
    )
    pipeline = RephrasePipeline(recipe, None)
    asked: list[bytes] = []

    async def ask(role: str, request: Request) -> Completion:
        asked.append(encode("ideal", request))
        return Completion("Said.")

    async def all_of_them() -> None:
        for document in made:
            for work in pipeline.rows_of(document):
                assert isinstance(work, Work)
                await pipeline.work(work.row, ask)

    asyncio.run(all_of_them())
    return asked


async def bare_loop(url: str, requests: Sequence[bytes], concurrency: int) -> None:
    """What anyone would write first: a semaphore around aiohttp; nothing is kept."""
    slots = asyncio.Semaphore(concurrency)
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(body: bytes) -> None:
            headers = {"Content-Type": "application/json"}
            async with (
                slots,
                session.post(f"{url}/chat/completions", data=body, headers=headers) as answer,
            ):
                await answer.json()

        await asyncio.gather(*(one(body) for body in requests))


def single(folder: Path) -> str:
    sizes, slots = [1] * 2000, 64
    write(folder / "texts.jsonl", documents(sizes, 1))
    requests = bodies(documents(sizes, 1))
    bound: list[float] = []
    wall: dict[str, list[float]] = {"bare": [], "ours": []}
    options: dict[str, Any] = {"slots": slots, "tokens_per_second": 200, "prefill_s": 0.02}
    with running_server(length_distribution="lognormal:140:0.5", **options) as server:
        for turn in range(3):
            server.reset()
            asyncio.run(bare_loop(server.url, requests, slots))
            wall["bare"].append(server.stats()["wall_s"])
            server.reset()
            total = ours(server, folder / "texts.jsonl", folder / f"run{turn}", slots, *GATE_OFF)
            stats = server.stats()
            wall["ours"].append(stats["wall_s"])
            bound.append(stats["work_slot_s"] / slots)
    ratio = median([b / o for b, o in zip(wall["bare"], wall["ours"], strict=True)])
    ideal = median([b / o for b, o in zip(bound, wall["ours"], strict=True)])
    overhead = total - wall["ours"][-1]
    return (
        f"| 2,000 one-chunk documents, 64 slots, ÷ bare aiohttp loop | ≥ 0.99 | {ratio:.3f} "
        f"({ideal:.3f} of the bound; start and stop {overhead:.1f} s) |"
    )


def chains(folder: Path) -> str:
    chance, slots, rate, prefill = random.Random(2), 32, 600.0, 0.02
    sizes = [chance.randint(1, 40) for _ in range(300)]
    write(folder / "texts.jsonl", documents(sizes, 2))
    options: dict[str, Any] = {"slots": slots, "tokens_per_second": rate, "prefill_s": prefill}
    shares = []
    with running_server(length_distribution="lognormal:100:0.5", **options) as server:
        for turn in range(3):
            server.reset()
            ours(server, folder / "texts.jsonl", folder / f"run{turn}", slots, *GATE_OFF)
            stats = server.stats()
            rows = pq.read_table(folder / f"run{turn}" / "rephrasings").to_pylist()
            longest = max(r["attempts"] * prefill + r["completion_tokens"] / rate for r in rows)
            bound = max(stats["work_slot_s"] / slots, longest)
            shares.append(bound / stats["wall_s"])
    return f"| 300 chains of 1–40 chunks, 32 slots, ÷ bound | ≥ 0.97 | {median(shares):.3f} |"


def rate(folder: Path) -> str:
    write(folder / "texts.jsonl", documents([1] * 12_000, 3))
    figures = {}
    tiers = {"gate off": "[]", "hygiene, ledger": '["hygiene","ledger"]'}
    tiers["with alignment"] = '["hygiene","ledger","alignment"]'
    tiers["as shipped"] = '["hygiene","ledger","relations","verifier"]'
    with running_server(
        slots=512, tokens_per_second=0, mode="paraphrase", length_distribution="text"
    ) as server:
        for name, value in tiers.items():
            server.reset()
            limit = "12000" if name == "gate off" else "6000"
            output = folder / name.replace(" ", "_")
            settings = [f"fidelity.tiers={value}", "rewrite.attempts=1"]
            texts = folder / f"{limit}.jsonl"
            texts.write_text(
                "".join((folder / "texts.jsonl").read_text().splitlines(True)[: int(limit)])
            )
            ours(server, texts, output, 64, *settings)
            stats = server.stats()
            manifest = json.loads((output / "manifest.json").read_text())["counts"]
            share = manifest["accepted"] / (manifest["accepted"] + manifest["rejected"])
            figures[name] = f"{name} {stats['answered'] / stats['wall_s']:,.0f} ({share:.0%} kept)"
    said = "; ".join(figures.values())
    return f"| completions/s, server answers at once | ≥ 1,000 off, ≥ 400 on | {said} |"


def median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    chosen = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    chosen.add_argument("benchmark", choices=["single", "chains", "rate"])
    benchmark = {"single": single, "chains": chains, "rate": rate}[chosen.parse_args().benchmark]
    with tempfile.TemporaryDirectory() as made:
        sys.stdout.write(benchmark(Path(made)) + "\n")
