"""What verifiers are measured on: tasks of a domain, with the tools of their agents."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen.agentic.domains.base import Domain
from datagen.agentic.domains.tasks import draw_tasks
from datagen.agentic.nouns import AgentSpec, Task
from datagen.agentic.recipe import TaskOptions
from datagen.agentic.repository_agents import RepositoryDraws
from datagen.agentic.repository_ground import RepositoryGround
from datagen.agentic.wishes import wish
from datagen.repository.round_planner import run_tools
from datagen.schemas import Tool

SEED = 20261124
TASKS_EACH = 4
"""Tasks of one agent over compiled domains, as the recipe has it."""
SIZES = (5, 20)
EVERYONE = AgentSpec(
    id="everyone", role="", expertise="", behaviour="", system_prompt="", tools=(), core=()
)


@dataclass(frozen=True, slots=True)
class Case:
    """One task that passed its audit."""

    task: Task
    domain: Domain
    tools: Sequence[Tool]


def written_cases(domain: Domain, count: int) -> list[Case]:
    """Tasks of a hand-written domain."""
    tools = domain.rows()
    return [Case(task, domain, tools) for task in draw_tasks(domain, EVERYONE, SEED, count)]


def tools_of(runs: Sequence[Path]) -> list[Tool]:
    return [tool for run in runs for tool in run_tools(run)]


def compiled_cases(given: Sequence[Tool], count: int) -> list[Case]:
    """Tasks over tools that pass their audit, of as many domains as there are."""
    found = {tool.id: tool for tool in given}
    ground = RepositoryGround([found[key] for key in sorted(found)], seed=SEED)
    agents, cases = RepositoryDraws(ground, sizes=SIZES, seed=SEED), list[Case]()
    for number in range(count):
        agent = agents(number // TASKS_EACH)
        tools = [found[key] for key in agent.tools]
        task = ground.draw(wish(number, TaskOptions(), SEED), agent, tools)
        if task is not None and ground.audit(task, tools).passed:
            played = ground.of(task.domain, tools)
            cases.append(Case(task, played.domain, played.known(tools)))
    return cases
