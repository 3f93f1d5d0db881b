"""A domain with backends as the ground of a run: its tasks, its backend, the verifiers.

Tools of other runs in an agent's tool set distract only: they have no backend here, and a call of
one is answered with an error."""

import json
from collections.abc import Sequence

from datagen.agentic.domains.base import Domain
from datagen.agentic.domains.building import Wanted
from datagen.agentic.domains.tasks import draw_task
from datagen.agentic.environment.base import Environment, EnvironmentFault
from datagen.agentic.environment.compiled import CompiledEnvironment
from datagen.agentic.grounds import Gate, Wish
from datagen.agentic.nouns import (
    AgentSpec,
    CompiledRow,
    InjectedFailure,
    StateChange,
    Task,
    ToolCall,
    Trajectory,
    Turn,
    Verdict,
)
from datagen.agentic.rollout import EnvironmentBroken
from datagen.agentic.verify import progress, verify
from datagen.agentic.verify.audit import audit
from datagen.schemas import Tool
from datagen.stage import Ask


class EnvironmentWorld:
    """An environment as a rollout sees it: answers are turns."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.kind: str = environment.kind

    async def answer(self, call: ToolCall, ask: Ask) -> Turn:
        try:
            result = await self.environment.call(call, ask)
        except EnvironmentFault as problem:
            raise EnvironmentBroken(str(problem)) from problem
        return Turn(
            role="tool",
            content=result.content,
            tool_call_id=call.id,
            name=call.name,
            is_error=result.is_error,
        )

    @property
    def state(self) -> dict[str, object]:
        return self.environment.state

    @property
    def changes(self) -> tuple[StateChange, ...]:
        return self.environment.changes

    @property
    def injected(self) -> tuple[InjectedFailure, ...]:
        return self.environment.injected


class CompiledGround:
    """A domain with a deterministic backend."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.name = domain.name
        self.about = domain.about
        self.policy = domain.policy
        self.tools: Sequence[Tool] = domain.rows()
        self._rows = {row.id: row for row in self.tools}

    def rows(self) -> list[CompiledRow]:
        """The domain's tools as those that have a backend."""
        values = {"operation": "written", "entity": "", "reason": "", "detail": ""}
        return [CompiledRow(id=t.id, server=t.server, **values) for t in self.tools]

    def draw(self, wish: Wish, agent: AgentSpec, tools: Sequence[Tool]) -> Task | None:
        wanted = Wanted(
            kind=wish.kind,
            tier=wish.tier,
            persona=wish.persona,
            fails=wish.fails,
            number=wish.number,
            seed=wish.seed,
            exact=wish.exact,
        )
        return draw_task(self.domain, agent, tools, wanted)

    def world(self, task: Task, tools: Sequence[Tool]) -> EnvironmentWorld:
        own = [tool.name for tool in tools if tool.id in self._rows]
        others = {
            tool.name: json.loads(tool.input_schema) for tool in tools if tool.id not in self._rows
        }
        environment = CompiledEnvironment(
            self.domain, task.initial_state, failures=task.failures, others=others, names=own
        )
        return EnvironmentWorld(environment)

    def audit(self, task: Task, tools: Sequence[Tool]) -> Gate:
        found = audit(task, self.domain, self.known(tools))
        return Gate(found.passed, found.reason, found.detail, found.record)

    def verify(
        self, task: Task, trajectory: Trajectory, tools: Sequence[Tool]
    ) -> tuple[Sequence[Verdict], float]:
        return verify(task, trajectory, self.known(tools)), progress(task, trajectory)

    def known(self, tools: Sequence[Tool]) -> list[Tool]:
        """The tools with what is known of the domain's own: which of them only read."""
        return [self._rows.get(tool.id, tool) for tool in tools]
