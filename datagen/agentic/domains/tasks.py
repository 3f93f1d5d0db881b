"""Tasks of the shipped domains, drawn by number and wish; no model writes them."""

import random
from collections.abc import Mapping, Sequence
from typing import Protocol, get_args

from datagen.agentic.domains.base import Domain
from datagen.agentic.domains.building import Wanted
from datagen.agentic.domains.compiling.building import CompiledDomain
from datagen.agentic.domains.drawing.tasks import draw_compiled_task
from datagen.agentic.domains.library_tasks import draw_library_task
from datagen.agentic.nouns import AgentSpec, Persona, Task, TaskKind, Tier
from datagen.schemas import Tool, derived_seed


class Drawer(Protocol):
    """Draws a task of one domain."""

    def __call__(
        self,
        domain: Domain,
        agent: AgentSpec,
        names: frozenset[str],
        texts: str,
        wanted: Wanted,
    ) -> Task | None: ...


_DRAWERS: Mapping[str, Drawer] = {"library": draw_library_task}
PERSONA = Persona(name="visitor", style="formal")


def draw_task(
    domain: Domain, agent: AgentSpec, tools: Sequence[Tool], wanted: Wanted
) -> Task | None:
    """A task for the agent with these tools; None where they allow none of that kind."""
    if isinstance(domain, CompiledDomain):
        return draw_compiled_task(domain, agent, tools, wanted)
    own = {tool.name for tool in domain.tools}
    names = frozenset(t.name for t in tools if t.name in own and t.server == domain.name)
    texts = " ".join(f"{tool.name} {tool.description}" for tool in tools).lower()
    return _DRAWERS[domain.name](domain, agent, names, texts, wanted)


def draw_tasks(domain: Domain, agent: AgentSpec, seed: int, n: int) -> list[Task]:
    """Up to `n` tasks, all kinds and tiers in turn, for an agent with all of the domain's tools or
    those whose ids it names."""
    rows = [tool for tool in domain.rows() if not agent.tools or tool.id in agent.tools]
    kinds: tuple[TaskKind, ...] = get_args(TaskKind)
    tiers: tuple[Tier, ...] = get_args(Tier)
    made: dict[str, Task] = {}
    for number in range(n):
        task_seed = derived_seed(seed, domain.name, number)
        wanted = Wanted(
            kind=kinds[number % len(kinds)],
            tier=tiers[number // len(kinds) % len(tiers)],
            persona=PERSONA,
            fails=random.Random(task_seed).random() < 0.3,
            number=number,
            seed=task_seed,
        )
        task = draw_task(domain, agent, rows, wanted)
        if task is not None:
            made.setdefault(task.opening, task)
    return list(made.values())
