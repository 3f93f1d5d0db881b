"""Memory of the driver and the workers over one run of 100,000 documents (bar 6).

    python -m benchmarks.memory [--documents 100000]

Samples the unique set size (USS, memory that no other process shares) of every process while
documents are rewritten by a server that answers at once, and compares the first tenth of the run
with its end. Prints a row of a Markdown table."""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.against_ideal import ONE, ROOT, documents, write
from benchmarks.ideal_server import RunningServer, running_server

Samples = dict[str, list[tuple[float, float]]]
"""By process: share of the run that is done, USS in MB."""


def measured(command: Sequence[str], server: RunningServer, total: int) -> tuple[Samples, float]:
    samples: Samples = defaultdict(list)
    begun = time.monotonic()
    driver = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while driver.poll() is None:
        time.sleep(0.3)
        share = server.stats()["answered"] / total
        for name, process in ours(driver.pid):
            try:
                samples[name].append((share, process.memory_full_info().uss / 1e6))
            except psutil.Error:
                continue
    if driver.returncode:
        raise SystemExit(f"the run ended with {driver.returncode}")
    return samples, time.monotonic() - begun


def ours(pid: int) -> list[tuple[str, psutil.Process]]:
    """The driver and the processes of its actors; Ray's own daemons are not ours."""
    try:
        driver = psutil.Process(pid)
        found = [("driver", driver)]
        for child in driver.children(recursive=True):
            title = " ".join(child.cmdline())
            if "ray::" in title and "IDLE" not in title:
                found.append(("worker" if "Worker" in title else "other actor", child))
        return found
    except psutil.Error:
        return []


def change(samples: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Median MB between 10% and 20% of the run, and in its last tenth, and their ratio."""
    early = sorted(mb for share, mb in samples if 0.1 <= share <= 0.2)
    late = sorted(mb for share, mb in samples if share >= 0.9)
    a, b = early[len(early) // 2], late[len(late) // 2]
    return a, b, b / a


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--documents", type=int, default=100_000)
    count = arguments.parse_args().documents
    options = {"mode": "paraphrase", "length_distribution": "text", "tokens_per_second": 0}
    with tempfile.TemporaryDirectory() as folder, running_server(slots=512, **options) as server:
        texts, run = Path(folder) / "texts.jsonl", Path(folder) / "run"
        write(texts, documents([1] * count, 4))
        line = [sys.executable, "-m", "datagen.cli", "rephrase", str(texts), "--output", str(run)]
        line += ["--engine", "openai", "--base-url", server.url, "--set=fidelity.tiers=[]"]
        line += [f"--set={setting}" for setting in ONE]
        found, seconds = measured(line, server, count)
        said = []
        for name in ("driver", "worker"):
            first, last, ratio = change(found[name])
            said.append(f"{name} {first:.0f} → {last:.0f} MB ({ratio:.2f})")
        sys.stdout.write(
            f"| USS from 10% to 100% of {count:,} documents | ±10% | {', '.join(said)}; "
            f"{seconds:.0f} s |\n"
        )
