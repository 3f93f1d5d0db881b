"""Tasks by number: what is wished for, and the agents that it is tried with.

A task is its own agent's if that agent's tools give one of the kind and tier that are wanted, which
its gate passes. Else it is tried with some of the agents before it; only where none of them gives
one, another tier will do, and only where that fails too, there is none. Agents before, and not
behind: those are written down whatever the limit of the run is, and a task never depends on how
many there are to be. So the first agents of a run have few or none to turn to. What a gate refuses
of one agent is a reject only where nobody else's passes."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from datagen.agentic.grounds import Gate, Ground, Wish
from datagen.agentic.nouns import AgentSpec, Task
from datagen.agentic.recipe import AgenticRecipe
from datagen.agentic.repository_ground import RepositoryGround
from datagen.agentic.wishes import DECLINED, DECLINED_AT_ONCE, wish
from datagen.schemas import Tool, derived_seed

OTHERS = 8
"""Other agents that a task is tried with. Over 5,177 imported tools 83 of 240 tasks have another
tier, or aren't there, without others, 19 with 2, 11 with 4, 4 with 8 and with 16."""
NEAR = 64
"""Agents before its own among which they are drawn: their domains are still held."""


@dataclass(frozen=True, slots=True)
class DrawnTask:
    """What came of a wish: a task of an agent with what its gate said, or none."""

    wanted: Wish
    agent: AgentSpec
    task: Task | None = None
    gate: Gate | None = None

    @property
    def passed(self) -> bool:
        return self.gate is not None and self.gate.passed


class TaskDraws:
    """The tasks of a run; each follows from its number and the seed."""

    def __init__(
        self,
        recipe: AgenticRecipe,
        ground: Ground,
        agents: Callable[[int], AgentSpec],
        tools_of: Callable[[AgentSpec], Sequence[Tool]],
    ) -> None:
        self.recipe = recipe
        self.ground = ground
        self.agents = agents
        self.tools_of = tools_of
        compiled = isinstance(ground, RepositoryGround)
        self._declined = DECLINED_AT_ONCE if compiled else DECLINED

    def __call__(self, number: int) -> DrawnTask:
        """The first try that passes its gate; else the first that came to a task."""
        wanted = self.wanted(number)
        refused: DrawnTask | None = None
        for exact in (True, False):
            for agent in self._agents_for(number):
                drawn = self._try(replace(wanted, exact=exact), agent)
                if drawn.passed:
                    return drawn
                refused = refused or (drawn if drawn.task else None)
        return refused or DrawnTask(wanted, self.agents(self._own(number)))

    def wanted(self, number: int) -> Wish:
        return wish(number, self.recipe.tasks, self.recipe.seed, self._declined)

    def _try(self, wanted: Wish, agent: AgentSpec) -> DrawnTask:
        tools = self.tools_of(agent)
        task = self.ground.draw(wanted, agent, tools)
        if task is None or (wanted.exact and task.tier != wanted.tier):
            return DrawnTask(wanted, agent)
        return DrawnTask(wanted, agent, task, self.ground.audit(task, tools))

    def _agents_for(self, number: int) -> Iterator[AgentSpec]:
        """The task's own agent, then others."""
        own = self._own(number)
        yield self.agents(own)
        before = range(max(0, own - NEAR), own)
        chance = random.Random(derived_seed(self.recipe.seed, "others", number))
        for other in chance.sample(before, min(OTHERS, len(before))):
            yield self.agents(other)

    def _own(self, number: int) -> int:
        return number // self.recipe.agents.tasks_each
