"""The verifiers on public multi-turn ground truths: BFCL (`bfcl.py`) and tau2-bench (`tau.py`).

Each reference is run in its data set's own Python backend; what that answers and what becomes of
its state make a trajectory. A reference call passes if its name, schema and arguments' provenance
pass; a trajectory if all of its calls and the state checks do. Mutants are made of passing
trajectories. A call with a value that no earlier text holds fails, also where the data is at fault;
a trajectory that is refused for such faults alone (`faults.py`) is no false alarm. What passes
without the look-ups that a reference leaves out is told apart.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.mutations import bfcl, tau
from benchmarks.mutations.recorded import Played
from benchmarks.mutations.spoiled import SPOILED
from benchmarks.mutations.trajectories import Mutation, calls_of
from datagen.agentic.nouns import Trajectory, Verdict
from datagen.agentic.verify import verify
from datagen.agentic.verify.corpus import Corpus
from datagen.agentic.verify.grounding import traced
from datagen.agentic.verify.reasons import REASONS
from datagen.agentic.verify.toolset import toolset

CHECKS = (
    "known_tool",
    "schema",
    "grounding",
    "goal",
    "over_action",
    "structure",
    "order",
    "claims",
)
STATE = ("goal", "over_action")
MOST_ALARMS = 45
"""Kinds of alarms that are shown, the most frequent first."""
PASSES = 0.98
"""Share of the reference calls that pass schema and provenance."""
FALSE_ALARMS = 0.02
"""Most whole trajectories that may be refused though nothing is wrong with them."""
SOURCES: Mapping[str, Callable[[Path], Iterator[Played]]] = {
    "bfcl_eval": bfcl.references,
    "tau2": tau.references,
}
"""Package in the folder → what reads its references."""


class Tally:
    """What the references of one group came to."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def line(self, name: str) -> str:
        calls, whole = self.counts["calls"], self.counts["trajectories"]
        shares = [self._passed(key, calls) for key in ("schema", "grounding", "either", "bare")]
        shares += [self._passed(key, whole) for key in ("state", "refused")]
        alarms = f"{self.counts['faults']} | {self.counts['alarms']} ({self.alarms():.4f})"
        return (
            f"| {name} | {whole} | {self.counts['looks']} | {calls} | {' | '.join(shares)} "
            f"| {alarms} |"
        )

    def alarms(self) -> float:
        """Share of the trajectories that are refused though nothing is wrong with them."""
        return self.counts["alarms"] / max(1, self.counts["trajectories"])

    def share(self) -> float:
        """Of the calls that pass schema and provenance."""
        return 1 - self.counts["either"] / max(1, self.counts["calls"])

    def _passed(self, failed: str, of: int) -> str:
        return f"{1 - self.counts[failed] / of:.4f}" if of else "–"


def measure_public(folder: Path) -> bool:
    """Prints pass rates of references and catch rates of mutants; whether the bars hold."""
    roots = [(root, name) for root in (folder, folder.parent) for name in SOURCES]
    root, package = next(((r, n) for r, n in roots if (r / n).is_dir()), (folder, ""))
    if not package:
        say(f"{folder}: holds none of {', '.join(SOURCES)}")
        return False
    sys.path.insert(0, str(root.resolve()))
    references = SOURCES[package]
    tallies: dict[str, Tally] = {}
    lost: Counter[str] = Counter()
    passing: list[Played] = []
    for played in references(root):
        verdicts = _counted(played, tallies, lost)
        if all(verdicts[check].passed for check in CHECKS):
            passing.append(played)
    for what, count in lost.most_common(MOST_ALARMS):
        say(f"  {count:5d} {what}")
    say(
        "| references | trajectories | look-ups put in | calls | schema | provenance | both "
        "| both without look-ups | state | all checks | faulty | false alarms |"
    )
    say("|---|" + "---:|" * 11)
    for name in sorted(tallies, key=lambda name: (name == "all", name)):
        say(tallies[name].line(name))
    caught = _mutants(passing)
    whole = tallies["all"]
    return caught and whole.share() >= PASSES and whole.alarms() <= FALSE_ALARMS


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _counted(
    played: Played, tallies: dict[str, Tally], lost: Counter[str]
) -> Mapping[str, Verdict]:
    """Verdicts on a reference, after it was counted with its group and with all."""
    verdicts = {v.verifier: v for v in verify(played.task, played.trajectory, played.tools)}
    refused = [check for check in CHECKS if not verdicts[check].passed]
    counts, wrong = _calls(played, lost)
    wrong |= {verdicts[check].detail.partition(":")[0] for check in refused if check != "grounding"}
    faulty = bool(refused) and wrong <= played.fault
    counts["faults"], counts["alarms"] = int(faulty), int(bool(refused) and not faulty)
    counts["trajectories"] = 1
    counts["looks"] = len(played.looks)
    counts["bare"] = _calls(played.without_looks(), Counter())[0]["either"]
    counts["refused"] = bool(refused)
    counts["state"] = any(check in STATE for check in refused)
    for name in {played.group, played.group.split()[0], "all"}:
        tallies.setdefault(name, Tally()).counts.update(counts)
    lost.update(
        f"trajectory {check}:{verdicts[check].reason} {verdicts[check].detail[:60]}"
        if check not in ("grounding", "schema")
        else f"trajectory {check}:{verdicts[check].reason}"
        for check in refused
    )
    return verdicts


def _calls(played: Played, lost: Counter[str]) -> tuple[Counter[str], set[str]]:
    """How many of the reference's calls fail, by check; arguments that come from nowhere."""
    tools = toolset(played.tools)
    nowhere: set[str] = set()
    wrong: set[str] = set()
    for one in traced(played.trajectory, tools, Corpus(played.trajectory.turns)):
        if one.span is None:
            nowhere.add(one.call.id)
            wrong.add(f"{one.call.name}.{one.path}")
            lost[f"{one.reason} {one.call.name}.{one.path} = {str(one.value)[:60]}"] += 1
    counts: Counter[str] = Counter()
    for _, _, call in calls_of(played.trajectory):
        if call.id in played.looks:
            continue
        fits = call.name in tools and tools[call.name].validator.is_valid(call.arguments)
        counts["calls"] += 1
        counts["schema"] += not fits
        counts["grounding"] += call.id in nowhere
        counts["either"] += not fits or call.id in nowhere
    return counts, wrong


def _mutants(passing: Sequence[Played]) -> bool:
    from benchmarks.mutations.__main__ import table

    made: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    by: dict[str, Counter[str]] = {}
    ways: Mapping[str, Mutation] = SPOILED
    for number, played in enumerate(passing):
        for name, mutate in ways.items():
            mutant = mutate(played.task, played.trajectory, random.Random(f"{number} {name}"))
            if mutant is None or mutant == played.trajectory:
                continue
            if name == "missing argument" and not _needed(played, mutant):
                continue
            verdicts = verify(played.task, mutant, played.tools)
            found = [v.verifier for v in verdicts if not v.passed and v.verifier in REASONS]
            made[name] += 1
            caught[name] += bool(found)
            by.setdefault(name, Counter()).update(found)
    return table(made, caught, by, 0, len(passing))


def _needed(played: Played, mutant: Trajectory) -> bool:
    """Whether the argument that a mutant lacks is one that its tool requires."""
    tools = toolset(played.tools)
    for (_, _, one), (_, _, other) in zip(
        calls_of(played.trajectory), calls_of(mutant), strict=True
    ):
        if isinstance(one.arguments, dict) and isinstance(other.arguments, dict):
            gone = one.arguments.keys() - other.arguments.keys()
            if gone & set(tools[one.name].schema.get("required", ())):
                return True
    return False
