"""Memory of the driver and the workers over one run of 100,000 documents or many rollouts (bar 6).

    python -m benchmarks.memory [--documents 100000 | --rollouts 20000]

Samples the unique set size (USS, memory that no other process shares) of every process while a
server that answers at once rewrites the documents or plays the agent, and compares the first tenth
of the run with its end. Prints a row of a Markdown table."""

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
from benchmarks.agentic_speed import LENGTHS, LONG
from benchmarks.ideal_server import RunningServer, running_server

Samples = dict[str, list[tuple[float, float]]]
"""By process: share of the run that is done, USS in MB."""
PER_TASK = 4


def measured(command: Sequence[str], server: RunningServer) -> tuple[Samples, float]:
    """The share that is done goes by the requests that were answered."""
    samples: Samples = defaultdict(list)
    begun = time.monotonic()
    driver = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while driver.poll() is None:
        time.sleep(0.3)
        answered = server.stats()["answered"]
        for name, process in ours(driver.pid):
            try:
                samples[name].append((answered, process.memory_full_info().uss / 1e6))
            except psutil.Error:
                continue
    if driver.returncode:
        raise SystemExit(f"the run ended with {driver.returncode}")
    total = server.stats()["answered"]
    shares = {name: [(at / total, mb) for at, mb in found] for name, found in samples.items()}
    return shares, time.monotonic() - begun


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


def rephrase(folder: Path, count: int) -> tuple[dict[str, str], list[str]]:
    """Options of the server, and the arguments of a run over `count` documents."""
    texts = folder / "texts.jsonl"
    write(texts, documents([1] * count, 4))
    options = {"mode": "paraphrase", "length_distribution": "text"}
    return options, ["rephrase", str(texts), "--set=fidelity.tiers=[]", *_set(ONE)]


def agentic(count: int) -> tuple[dict[str, str], list[str]]:
    """The same of a run of `count` rollouts."""
    settings = (*LONG, f"rollout.per_task={PER_TASK}")
    return {"length_distribution": LENGTHS}, [
        "agentic", "--limit", str(count // PER_TASK), *_set(settings)
    ]  # fmt: skip


def _set(settings: Sequence[str]) -> list[str]:
    return [f"--set={setting}" for setting in settings]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--documents", type=int, default=100_000)
    arguments.add_argument("--rollouts", type=int, default=0)
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, count = Path(name), wanted.rollouts or wanted.documents
        options, told = agentic(count) if wanted.rollouts else rephrase(folder, count)
        with running_server(slots=512, tokens_per_second=0, **options) as server:
            line = [sys.executable, "-m", "datagen.cli", *told, "--output", str(folder / "run")]
            line += ["--engine", "openai", "--base-url", server.url]
            found, seconds = measured(line, server)
    what = f"{count:,} {'rollouts' if wanted.rollouts else 'documents'}"
    said = []
    for process in ("driver", "worker"):
        first, last, ratio = change(found[process])
        said.append(f"{process} {first:.0f} → {last:.0f} MB ({ratio:.2f})")
    sys.stdout.write(
        f"| USS from 10% to 100% of {what} | ±10% | {', '.join(said)}; {seconds:.0f} s |\n"
    )


if __name__ == "__main__":
    main()
