"""What the pipeline needs of a domain: tools, tasks by number, environments, verifiers.

One object per worker, made from the recipe; the hand-written domains and the simulated ones stand
behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from datagen.agentic.nouns import AgentSpec, Persona, Task, TaskKind, Tier, Trajectory, Verdict
from datagen.agentic.rollout import World
from datagen.schemas import Tool


@dataclass(frozen=True, slots=True)
class Wish:
    """What the task of a number should be like."""

    number: int
    kind: TaskKind
    tier: Tier
    persona: Persona
    fails: bool
    """Whether the environment is to fail by plan."""
    seed: int
    exact: bool = False
    """Whether only this tier will do; else one of another tier is better than none."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What the audit of a task came to."""

    passed: bool
    reason: str = ""
    detail: str = ""
    record: Mapping[str, Any] | None = None
    """What each must-fail run and the reference came to; JSON values."""


class Ground(Protocol):
    """Tools with a backend, tasks over them, and the checks."""

    name: str
    about: str
    """What the tools are about, as it drops into a sentence."""
    policy: str
    """Rules of the domain's agents."""
    tools: Sequence[Tool]

    def draw(self, wish: Wish, agent: AgentSpec, tools: Sequence[Tool]) -> Task | None:
        """A task for the agent; None where its tools allow none."""
        ...

    def audit(self, task: Task, tools: Sequence[Tool]) -> Gate: ...

    def world(self, task: Task, tools: Sequence[Tool]) -> World: ...

    def verify(
        self, task: Task, trajectory: Trajectory, tools: Sequence[Tool]
    ) -> tuple[Sequence[Verdict], float]:
        """The verdicts, and the share of the checkpoints that was reached."""
        ...
