"""A domain whose tools a model answers for, under the domain's schemas and invariants.

Same tools, tasks, checks and audit as with its backend; only the environment of the rollouts
differs. Tools of other runs in an agent's tool set, which have no backend, are answered for as
as well. What a model answers without breaking a rule may still be wrong: goals tell."""

from collections.abc import Sequence

from datagen.agentic.compiled_ground import CompiledGround, EnvironmentWorld
from datagen.agentic.environment.proposals import Rules
from datagen.agentic.environment.simulated import SimulatedEnvironment, simulated_tool
from datagen.agentic.nouns import Task
from datagen.schemas import Tool


class SimulatedGround(CompiledGround):
    """A domain without its backend."""

    def world(self, task: Task, tools: Sequence[Tool]) -> EnvironmentWorld:
        return EnvironmentWorld(
            SimulatedEnvironment(
                [simulated_tool(tool) for tool in self.known(tools)],
                task.initial_state,
                rules=Rules(self.domain.entities, self.domain.invariants),
                failures=task.failures,
                row=task.id,
                seed=task.seed,
            )
        )
