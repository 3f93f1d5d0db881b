"""Plans a run over documents: the user's inputs, cut into partitions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from datagen.recipe import RunnerOptions
from datagen.rephrase.read import (
    InputFile,
    Partition,
    Plan,
    SourceOptions,
    changed_inputs,
    identify,
    mark_repeats,
    plan_partitions,
)


@dataclass(frozen=True, slots=True)
class InputPlanner:
    """Cuts inputs at fixed places; a larger limit adds partitions to an earlier plan."""

    types: ClassVar[tuple[type, type]] = (Partition, InputFile)
    rounds: ClassVar[bool] = False

    names: Sequence[str]
    source: SourceOptions
    runner: RunnerOptions
    limit: int | None = None

    def extend(self, before: Plan | None) -> Plan:
        """The plan up to the limit. Raises `InputError` for what can't be read."""
        already = before.partitions if before else ()
        plan = plan_partitions(
            self.names,
            self.source,
            records=self.runner.partition_records,
            size=self.runner.partition_bytes,
            already=already,
            limit=self.limit,
        )
        return mark_repeats(plan, self.source, already=len(already))

    def changed(self, before: Plan) -> list[str]:
        return changed_inputs(before.inputs, identify(self.names))
