"""Seconds and memory of the coverage of 25,000 tools, and the calibration of its thresholds.

    python -m benchmarks.tool_coverage --tools toucan_tools.jsonl.gz [--count 25000] [--calibrate]

The repository is made from real tools and from variants of them that are moved into other domains.
A child process deduplicates, measures and draws it, twice: the second time with the embeddings
kept. Memory is the resident set of that process and its children, sampled.
Processor seconds ÷ cores is what a machine of its own would take at best. Prints rows of a Markdown
table. `--calibrate` prints what the thresholds in datagen come from instead."""

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq

from datagen.agentic.tools.coverage.measure import kept
from datagen.agentic.tools.coverage.neighbours import nearest
from datagen.agentic.tools.coverage.text import embedded_text, words
from datagen.agentic.tools.names import legal_name
from datagen.agentic.tools.near_duplicates import ACROSS_SERVERS, WITHIN_SERVER
from datagen.engines.bulk_embeddings import BulkEmbedder
from datagen.repository.covering import cover
from datagen.schemas import Tool, derived_seed, row_id
from datagen.shards import arrow_table

DOMAINS = [
    *("beekeeping", "hospital pharmacy", "tram depot", "wine cellar", "observatory", "opera house"),
    *("fish farm", "court registry", "ski resort", "print shop", "blood bank", "film archive"),
    *("sawmill", "harbour pilotage", "zoo", "seed vault", "bakery chain", "bridge inspection"),
    *("chess club", "glacier survey", "tax office", "toy factory", "vineyard", "water works"),
    *("dental lab", "kennel", "library loans", "mountain rescue", "nursery school", "power grid"),
]
"""What variants are moved to: far from each other and from most real servers."""
ACTIONS = ("audit", "schedule", "forecast", "reconcile", "archive", "escalate", "compare", "price")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def real_tools(path: Path) -> list[Tool]:
    """The tools of a dump of JSON lines `{server, category, tool}`, each id once."""
    found: dict[str, Tool] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            spec = record["tool"]
            schema = json.dumps(spec.get("input_schema") or {"type": "object"})
            name, description = spec["name"], spec.get("description") or ""
            tool = Tool(
                id=row_id(name, description, schema),
                name=legal_name(name)[0] or "unnamed",
                server=record["server"],
                title="",
                description=description,
                category=record.get("category") or "",
                domain="",
                input_schema=schema,
                output_schema="",
                annotations="{}",
                reads=[],
                writes=[],
                errors="[]",
                origin="imported",
                fixes=[],
                flags=[],
                licence="",
                date="2025-01-01",
                source="{}",
                raw=json.dumps(spec),
                parent_id="",
                operator="",
                round=-1,
                model="",
            )
            found.setdefault(tool.id, tool)
    return list(found.values())


def variants(real: list[Tool], count: int) -> Iterator[Tool]:
    """Real tools moved into a domain and given another action; the same for the same arguments."""
    for number in range(count):
        parent = real[derived_seed("parent", number) % len(real)]
        domain = DOMAINS[derived_seed("domain", number) % len(DOMAINS)]
        action = ACTIONS[derived_seed("action", number) % len(ACTIONS)]
        subject = re.sub(r"\W+", "_", words(parent.name))
        name = f"{action}_{domain.replace(' ', '_')}_{subject}"[:64]
        said = f"{action.capitalize()} for the {domain}: {parent.description}"
        yield parent.model_copy(
            update={
                "id": row_id(name, said, parent.input_schema, number),
                "name": name,
                "server": f"{domain} {number // 400}",
                "description": said,
                "category": domain.split()[-1],
                "domain": domain,
                "origin": "evolved",
                "parent_id": parent.id,
                "round": 0,
            }
        )


def calibrate(tools: list[Tool]) -> None:
    """Print pairs by cosine, across and within servers, and the quartiles behind the radius."""
    vectors = BulkEmbedder(threads=2).embed([embedded_text(tool) for tool in tools])
    servers = np.unique([tool.server for tool in tools], return_inverse=True)[1]
    names = np.unique([words(tool.name) for tool in tools], return_inverse=True)[1]
    rows, columns = np.triu_indices(len(tools), 1)
    cosines = (vectors @ vectors.T)[rows, columns]
    same_server, same_name = servers[rows] == servers[columns], names[rows] == names[columns]
    say("| cosine from | across servers | of these one name | within a server |\n|---|---|---|---|")
    for low in (0.80, 0.84, 0.88, 0.90, ACROSS_SERVERS, 0.94, 0.96, 0.98, WITHIN_SERVER):
        near = cosines >= low
        across = near & ~same_server
        both = int((across & same_name).sum())
        say(f"| {low} | {across.sum()} | {both} | {(near & same_server).sum()} |")
    _, peers = nearest(vectors, vectors, groups=(servers, servers))
    say(f"radius quartiles {np.round(np.percentile(peers, [25, 50, 75]), 3)}")
    _, out = kept(tools, vectors)
    say(f"{len(out)} of {len(tools)} real tools are near-duplicates")


def measured(run: Path) -> tuple[float, float, float, str]:
    """Seconds, processor seconds, peak MB and the output of a child that covers the run."""
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.tool_coverage", "--cover", str(run)],
        stdout=subprocess.PIPE,
        text=True,
    )
    begun, peak, busy = time.monotonic(), 0.0, 0.0
    process = psutil.Process(child.pid)
    while child.poll() is None:
        time.sleep(0.1)
        try:
            tree = [process, *process.children(recursive=True)]
            peak = max(peak, sum(each.memory_info().rss for each in tree) / 1e6)
            busy = max(busy, sum(sum(each.cpu_times()[:2]) for each in tree))
        except psutil.Error:
            continue
    said = child.stdout.read() if child.stdout else ""
    if child.returncode:
        raise SystemExit(f"the child ended with {child.returncode}")
    return time.monotonic() - begun, busy, peak, said


def benchmark(tools: list[Tool], count: int, folder: Path) -> None:
    run = folder / "run"
    (run / "tools").mkdir(parents=True, exist_ok=True)
    tools = tools[:count]
    tools = [*tools, *variants(tools, count - len(tools))]
    for start in range(0, len(tools), 20_000):
        shard = run / "tools" / f"{start:06d}.parquet"
        pq.write_table(arrow_table(Tool, tools[start : start + 20_000]), shard)
    say("| tools | embeddings | seconds | processor seconds | peak MB | load before |")
    say("|---|---|---|---|---|---|")
    for state in ("made", "kept"):
        load = os.getloadavg()[0]
        seconds, busy, peak, said = measured(run)
        told = f"{seconds:.0f} | {busy:.0f} | {peak:.0f} | {load:.1f}"
        say(f"| {len(tools):,} | {state} | {told} |")
    say(said)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tools", type=Path, help="dump of real tools")
    arguments.add_argument("--count", type=int, default=25_000)
    arguments.add_argument("--folder", type=Path, help="keep the run here")
    arguments.add_argument("--calibrate", action="store_true")
    arguments.add_argument("--cover", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.cover is not None:
        done = cover([chosen.cover], BulkEmbedder(threads=os.cpu_count() or 1))
        say("\n".join([*done.lines, f"seconds {done.seconds}, drawn {done.drawn}"]))
    elif chosen.tools is None:
        raise SystemExit("--tools: a file of real tools is needed")
    elif chosen.calibrate:
        calibrate(real_tools(chosen.tools))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            benchmark(real_tools(chosen.tools), chosen.count, chosen.folder or Path(temporary))
