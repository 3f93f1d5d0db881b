"""Plans an agentic run: its tasks by number, cut into partitions.

A task is what its number and the seed make of it, so that a partition needs no input but its
range. The first partition holds no task: it writes down the tools. A larger limit, or count, adds
partitions behind the earlier ones and changes none of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from datagen.stage import Plan

TOOLS = "tools"
"""Id of the partition that writes down the run's tools."""
PARTITION_ROLLOUTS = 500
"""Rollouts of a partition. They are what a worker can choose from, and two partitions are open at a
time: with 50, the last conversations of a partition left slots empty (0.65 of the bound). All are
in memory until the last has ended."""


@dataclass(frozen=True, slots=True)
class TaskPartition:
    """A range of task numbers."""

    id: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class ToolsInput:
    """A tool run that the run's tools come from."""

    path: str
    tools: int
    digest: str
    """Of its tools' ids."""


AgenticPlan = Plan[TaskPartition, ToolsInput]


@dataclass(frozen=True)
class TaskPlanner:
    """Cuts a number of tasks into partitions; more of them later adds some."""

    types: ClassVar[tuple[type, type]] = (TaskPartition, ToolsInput)
    rounds: ClassVar[bool] = False

    count: int
    inputs: tuple[ToolsInput, ...]
    per_task: int = 1
    """Rollouts of a task."""
    partition_rollouts: int = PARTITION_ROLLOUTS

    @property
    def names(self) -> Sequence[str]:
        return [source.path for source in self.inputs]

    @property
    def limit(self) -> int:
        return self.count

    def extend(self, before: AgenticPlan | None) -> AgenticPlan:
        if before is None:
            before = Plan((TaskPartition(TOOLS, 0, 0),), self.inputs)
        partitions = list(before.partitions)
        first = before.records
        while first < self.count:
            most = max(1, self.partition_rollouts // self.per_task)
            count = min(most, self.count - first)
            partitions.append(TaskPartition(f"t{first:07d}", first, count))
            first += count
        return Plan(tuple(partitions), before.inputs)

    def changed(self, before: AgenticPlan) -> list[str]:
        known = {source.path: source for source in self.inputs}
        changed = [
            f"{source.path}: holds other tools than before"
            for source in before.inputs
            if source.path in known and known[source.path] != source
        ]
        missing = [s.path for s in before.inputs if s.path not in known]
        new = known.keys() - {source.path for source in before.inputs}
        changed += [f"{path}: is no longer among tools.from" for path in missing]
        return changed + [f"{path}: was not among tools.from" for path in sorted(new)]
