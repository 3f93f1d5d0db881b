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
from benchmarks.ideal_server import RunningServer, running_server

Samples = dict[str, list[tuple[float, float]]]
"""By process: share of the run that is done, USS in MB."""
ROLLOUTS = ("rollout.max_turns=40", "rollout.max_calls=100", "rollout.max_tokens=1000000")
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


def rephrase(folder: Path, documents_: int) -> list[str]:
    texts = folder / "texts.jsonl"
    write(texts, documents([1] * documents_, 4))
    return ["rephrase", str(texts), "--set=fidelity.tiers=[]", *(f"--set={one}" for one in ONE)]


def agentic(rollouts: int) -> list[str]:
    settings = (*ROLLOUTS, f"rollout.per_task={PER_TASK}", "tasks.kinds.refuse=0")
    return ["agentic", "--limit", str(rollouts // PER_TASK), *(f"--set={one}" for one in settings)]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--documents", type=int, default=100_000)
    arguments.add_argument("--rollouts", type=int, default=0)
    wanted = arguments.parse_args()
    lengths = "uniform:40:80" if wanted.rollouts else "text"
    mode = {} if wanted.rollouts else {"mode": "paraphrase"}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(
            slots=512, tokens_per_second=0, length_distribution=lengths, **mode
        ) as server,
    ):
        what = f"{wanted.rollouts:,} rollouts" if wanted.rollouts else ""
        what = what or f"{wanted.documents:,} documents"
        line = [sys.executable, "-m", "datagen.cli"]
        line += (
            agentic(wanted.rollouts)
            if wanted.rollouts
            else rephrase(Path(folder), wanted.documents)
        )
        line += ["--output", str(Path(folder) / "run"), "--engine", "openai"]
        found, seconds = measured([*line, "--base-url", server.url], server)
    said = []
    for name in ("driver", "worker"):
        first, last, ratio = change(found[name])
        said.append(f"{name} {first:.0f} → {last:.0f} MB ({ratio:.2f})")
    sys.stdout.write(
        f"| USS from 10% to 100% of {what} | ±10% | {', '.join(said)}; {seconds:.0f} s |\n"
    )


if __name__ == "__main__":
    main()
