"""Does a plan cover its inputs? Partitions have to follow each other without gap or overlap.

Looks at the plan alone: the inputs may be gone by now. Where a limit cut the plan short, what
follows the last partition of an input is not planned and not missed.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from datagen.inspect.findings import Checked, Finding, clipped, many
from datagen.rephrase.read import Partition, Plan
from datagen.rephrase.read.partitions import Position


def check_plan(plan: Plan) -> Checked:
    """Every input covered from its first record to its last planned one, exactly once."""
    by_input: dict[str, list[Partition]] = defaultdict(list)
    for partition in plan.partitions:
        by_input[partition.input].append(partition)
    findings = [*_repeated_ids(plan)]
    for file in plan.inputs:
        covering = sorted(by_input.pop(file.path, []), key=lambda partition: partition.first)
        findings += _uncovered(covering)
        records = sum(partition.count for partition in covering)
        if records != file.records:
            detail = f"{file.records:,} records planned, its partitions hold {records:,}"
            findings.append(Finding("plan_gap", file.path, detail))
    findings += [
        Finding("plan_gap", name, "has partitions and is not among the inputs") for name in by_input
    ]
    proved = (
        f"the plan covers {many(len(plan.inputs), 'input')} ({many(plan.records, 'record')}, "
        f"{many(len(plan.partitions), 'partition')}) without gap or overlap"
    )
    return Checked(clipped(findings), proved)


def _repeated_ids(plan: Plan) -> Iterator[Finding]:
    seen: set[str] = set()
    for partition in plan.partitions:
        if partition.id in seen:
            yield Finding("plan_gap", partition.id, "is the name of two partitions")
        seen.add(partition.id)


def _uncovered(partitions: Sequence[Partition]) -> Iterator[Finding]:
    """What is wrong between neighbours of one input, in order of their first records."""
    at = Position()
    for number, partition in enumerate(partitions):
        if partition.first != at.first:
            what = "leaves out" if partition.first > at.first else "repeats"
            records = abs(partition.first - at.first)
            yield Finding("plan_gap", partition.id, f"{what} {records:,} records of its input")
        elif partition.start != at.start:
            detail = f"begins at byte {partition.start:,}, the one before ends at {at.start:,}"
            yield Finding("plan_gap", partition.id, detail)
        elif partition.line and partition.line != at.line:
            detail = f"begins at line {partition.line:,}, the one before ends at {at.line - 1:,}"
            yield Finding("plan_gap", partition.id, detail)
        if partition.count < 1 or (partition.last and number < len(partitions) - 1):
            yield Finding("plan_gap", partition.id, "is empty, or ends an input that goes on")
        at = Position.after(partition)
