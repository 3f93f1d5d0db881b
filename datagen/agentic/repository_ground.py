"""The tools of a repository as the ground of a run: a domain for each application understood.

All tools are read at the start, which is cheap; a domain is built when a task is drawn over it, for
the tools of that agent, and few are kept. Tools that were not understood distract, and the table
`compiled` says why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from datagen.agentic.compiled_ground import CompiledGround, EnvironmentWorld
from datagen.agentic.domains.compiling.building import compiled_domain
from datagen.agentic.domains.compiling.plans import ServerPlan
from datagen.agentic.domains.compiling.reading import read_server
from datagen.agentic.grounds import Gate, Wish
from datagen.agentic.nouns import AgentSpec, CompiledRow, Task, Trajectory, Verdict
from datagen.agentic.simulated_ground import SimulatedGround
from datagen.errors import RecipeError
from datagen.schemas import Tool

MOST_KEPT = 256
"""Domains that a worker holds; each is some 100 kB with its tools."""
MOST_REASONS = 3
"""Reasons that are named where nothing is understood."""


class RepositoryGround:
    """Many applications, each with a backend of its own."""

    name = "repository"
    about = "applications"
    policy = ""

    def __init__(self, tools: Sequence[Tool], *, seed: int, simulated: bool = False) -> None:
        """Raises `RecipeError` where no tool has a meaning."""
        self.tools = tools
        self.plans = _read(tools)
        self._ground = lru_cache(maxsize=MOST_KEPT)(self._made)
        self._seed, self._kind = seed, SimulatedGround if simulated else CompiledGround
        if not any(plan.actions for plan in self.plans.values()):
            raise RecipeError(f"tools.from: {_nothing(len(tools), self.plans)}")

    def rows(self) -> list[CompiledRow]:
        """What became of each tool."""
        found = []
        for plan in self.plans.values():
            for action in plan.actions.values():
                told = {"operation": action.operation, "entity": action.entity}
                found.append(_row(action.tool.id, plan.server, **told))
            for tool, (reason, detail) in plan.reasons.items():
                found.append(_row(tool, plan.server, reason=reason, detail=detail))
        return found

    def of(self, server: str, tools: Sequence[Tool]) -> CompiledGround:
        """The ground of an agent with these tools in an application."""
        actions = self.plans[server].actions
        known = [t.name for t in tools if t.name in actions and actions[t.name].tool.id == t.id]
        return self._ground(server, tuple(sorted(known)))

    def draw(self, wish: Wish, agent: AgentSpec, tools: Sequence[Tool]) -> Task | None:
        server = next(tool.server for tool in tools if tool.id == agent.core[0])
        return self.of(server, tools).draw(wish, agent, tools)

    def world(self, task: Task, tools: Sequence[Tool]) -> EnvironmentWorld:
        return self.of(task.domain, tools).world(task, tools)

    def audit(self, task: Task, tools: Sequence[Tool]) -> Gate:
        return self.of(task.domain, tools).audit(task, tools)

    def verify(
        self, task: Task, trajectory: Trajectory, tools: Sequence[Tool]
    ) -> tuple[Sequence[Verdict], float]:
        return self.of(task.domain, tools).verify(task, trajectory, tools)

    def _made(self, server: str, names: tuple[str, ...]) -> CompiledGround:
        return self._kind(compiled_domain(self.plans[server], names, seed=self._seed))


def _read(tools: Sequence[Tool]) -> dict[str, ServerPlan]:
    servers: dict[str, list[Tool]] = {}
    for tool in tools:
        servers.setdefault(tool.server, []).append(tool)
    return {server: read_server(server, servers[server]) for server in sorted(servers)}


def _row(tool: str, server: str, **told: str) -> CompiledRow:
    values = {"operation": "", "entity": "", "reason": "", "detail": ""} | told
    return CompiledRow(id=tool, server=server, **values)


def _nothing(count: int, plans: Mapping[str, ServerPlan]) -> str:
    """Why nothing can be played, in a line."""
    reasons = Counter(reason for plan in plans.values() for reason, _ in plan.reasons.values())
    top = ", ".join(f"{reason} {n:,}" for reason, n in reasons.most_common(MOST_REASONS))
    return (
        f"none of {count:,} tools has a meaning that a backend can be made of ({top}); add runs "
        "with tools that read and write records, or name tools.domain"
    )
