"""The agentic pipeline: tools → agents → tasks → trajectories → verify → judge.

Agents and tasks are drawn by number when a partition is read; tasks pass their gate there, before a
model is asked. One row is one rollout: the conversation, then the verifiers, then the judge, as
sequential code. A rollout that something speaks against is a reject with all that an accepted one
holds, so that one of a task with accepted rollouts is a named-failure pair."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from datagen.agentic.agents import AgentDraws
from datagen.agentic.compiled_ground import CompiledGround
from datagen.agentic.grounds import Gate, Ground, Wish
from datagen.agentic.judging import Judge
from datagen.agentic.nouns import (
    AgentRow,
    AgentSpec,
    CompiledRow,
    Task,
    TaskRow,
    Trajectory,
    TrajectoryRow,
    Verdict,
)
from datagen.agentic.planning import TOOLS, TaskPartition
from datagen.agentic.recipe import AgenticRecipe, calling_of
from datagen.agentic.repository_agents import RepositoryDraws
from datagen.agentic.repository_ground import RepositoryGround
from datagen.agentic.rollout import Played, Player, Setting
from datagen.agentic.rows import (
    Checked,
    agent_row,
    rollout_failure,
    rollout_reject,
    task_reject,
    task_row,
    tool_form,
    trajectory_row,
    undrawn,
)
from datagen.agentic.rubrics import load_rubric
from datagen.agentic.tasks import TaskDraws
from datagen.agentic.users.modelled import ModelledUser
from datagen.agentic.users.moves import User
from datagen.agentic.users.ruled import RuledUser
from datagen.schemas import AgenticReject, AnyReject, Row, Tool, derived_seed, row_id
from datagen.stage import Ask, Failure, Preview, Tables, Work

ROWS_PER_SLOT = 8.0
"""Conversations to keep open per slot of a server. Their lengths are unknown, so the only way to
have no long one begin last is to have begun it: 500 of 3 to 30 turns on 64 slots reach 0.65 of the
bound with 2, see `benchmarks/agentic_speed.py`."""
TURNS_OF: Mapping[str, int] = {"single": 3, "dependent": 6, "long": 14}
"""Turns that a task of a tier takes about, for the order in which rows start."""


@dataclass(frozen=True, slots=True)
class Stock:
    """Not a rollout: the tools of the run, written down once."""


@dataclass(frozen=True, slots=True)
class Introduced:
    """Not a rollout: an agent, written down with its first task."""

    agent: AgentSpec


@dataclass(frozen=True, slots=True)
class Passed:
    """Not a rollout: a task that its gate passed."""

    wanted: Wish
    task: Task
    gate: Gate


RowOfWork = Stock | Introduced | Passed | Setting


class AgenticPipeline:
    """What one worker does with a partition of tasks."""

    tables: ClassVar[Mapping[str, type[Row]]] = {
        "tools": Tool,
        "compiled": CompiledRow,
        "agents": AgentRow,
        "tasks": TaskRow,
        "rejects": AgenticReject,
        "trajectories": TrajectoryRow,
    }

    def __init__(
        self,
        recipe: AgenticRecipe,
        ground: Callable[[AgenticRecipe], Ground],
        others: Sequence[Tool] = (),
        embed: object = None,
    ) -> None:
        """`others` are tools that distract; `embed` is what the runner offers every pipeline."""
        self.recipe = recipe
        self.ground = ground(recipe)
        self.tools = {tool.id: tool for tool in [*self.ground.tools, *others]}
        self.agents = _draws(self.ground, others, recipe)
        self.tasks = TaskDraws(recipe, self.ground, self.agents, self._tools_of)
        self.player = Player(recipe.rollout, calling_of(recipe))
        rubric = load_rubric(recipe.judge.rubric)
        self.judge = Judge(recipe.judge, rubric) if recipe.judge.votes else None
        self._preview: Preview | None = None

    def read(self, partition: TaskPartition) -> Iterator[Work | AnyReject]:
        if partition.id == TOOLS:
            yield Work(row_id("stock"), 0.0, Stock())
        for number in range(partition.first, partition.first + partition.count):
            if number % self.recipe.agents.tasks_each == 0:
                agent = self.agents(number // self.recipe.agents.tasks_each)
                yield Work(row_id("introduced", agent.id, number), 0.0, Introduced(agent))
            yield from self._task(number)

    def _task(self, number: int) -> Iterator[Work | AnyReject]:
        """A task and its rollouts, or why there is none."""
        drawn = self.tasks(number)
        agent, task, gate = drawn.agent, drawn.task, drawn.gate
        if task is None or gate is None:
            yield undrawn(drawn.wanted, agent)
            return
        if not gate.passed:
            yield task_reject(drawn.wanted, task, gate)
            return
        yield Work(row_id("passed", task.id), 0.0, Passed(drawn.wanted, task, gate))
        for rollout in range(self.recipe.rollout.per_task):
            made = row_id(task.id, "rollout", rollout)
            seed = derived_seed(self.recipe.seed, task.id, rollout)
            size = float(TURNS_OF[task.tier] * self.recipe.rollout.max_turn_tokens)
            yield Work(made, size, Setting(made, task, agent, rollout, seed))

    async def work(self, row: RowOfWork, ask: Ask) -> Checked | None:
        """Play, verify and judge a rollout; nothing to do for other rows."""
        if not isinstance(row, Setting):
            return None
        tools = self._tools_of(row.agent)
        world = self.ground.world(row.task, tools)
        forms = [tool_form(tool) for tool in tools]
        played = await self.player(row, forms, world, self._user(tools), ask)
        checked = await self._checked(row, played, tools, ask)
        if self._preview is None and checked.refusal is None:
            self._preview = _preview(row, played)
        return checked

    def accepted(self, outcome: Checked | None) -> bool:
        return outcome is not None and outcome.refusal is None

    @property
    def preview(self) -> Preview | None:
        return self._preview

    def assemble(
        self,
        outcomes: Sequence[tuple[Work, Checked | Failure | None]],
        rejects: Sequence[AnyReject],
    ) -> Tables:
        """The partition's tables, by id."""
        tables: dict[str, list[Row]] = {name: [] for name in self.tables}
        tables["rejects"] += rejects
        for work, outcome in outcomes:
            for name, rows in self._rows(work.row, outcome).items():
                tables[name] += rows
        for rows in tables.values():
            rows.sort(key=lambda row: row.id)
        return tables

    def totals(self, tables: Tables) -> Mapping[str, int]:
        rows = [row for row in tables["trajectories"] if isinstance(row, TrajectoryRow)]
        rejects = [row for row in tables["rejects"] if isinstance(row, AgenticReject)]
        return {
            "tokens": sum(row.completion_tokens for row in rows),
            "agents": len(tables["agents"]),
            "tasks": len(tables["tasks"]),
            "rollouts": len(rows) + sum(row.number >= 0 for row in rejects),
        }

    def _rows(self, row: RowOfWork, outcome: Checked | Failure | None) -> dict[str, list[Row]]:
        """What becomes of a row of work, by the table it goes to."""
        if isinstance(row, Stock):
            return {"tools": list(self.tools.values()), "compiled": list(_compiled(self.ground))}
        if isinstance(row, Introduced):
            return {"agents": [agent_row(row.agent)]}
        if isinstance(row, Passed):
            return {"tasks": [task_row(row.wanted, row.task, row.gate)]}
        forms = [tool_form(tool) for tool in self._tools_of(row.agent)]
        if isinstance(outcome, Failure):
            return {"rejects": [rollout_failure(row, outcome, forms)]}
        assert outcome is not None
        if outcome.refusal is not None:
            return {"rejects": [rollout_reject(row, outcome, forms)]}
        return {"trajectories": [trajectory_row(row, outcome, forms)]}

    async def _checked(
        self, row: Setting, played: Played, tools: Sequence[Tool], ask: Ask
    ) -> Checked:
        verdicts, progress = self._verified(row.task, played.trajectory, tools)
        checked = Checked(played, tuple(verdicts), progress, None, self.recipe.user.kind)
        options = self.recipe.judge
        if self.judge is None or (options.of == "verified" and checked.refusal):
            return checked
        judgement = await self.judge(
            row.task, played.trajectory.turns, row=row.id, seed=row.seed, ask=ask
        )
        return Checked(played, tuple(verdicts), progress, judgement, self.recipe.user.kind)

    def _verified(
        self, task: Task, trajectory: Trajectory, tools: Sequence[Tool]
    ) -> tuple[Sequence[Verdict], float]:
        """A verifier that breaks on what a model wrote costs that rollout, with its own name on it,
        and no other."""
        try:
            return self.ground.verify(task, trajectory, tools)
        except Exception as problem:
            detail = f"{type(problem).__name__}: {problem}"[:300]
            broken = Verdict(
                verifier="verifiers", passed=False, reason="verifier_error", detail=detail,
                blame="verifier",
            )  # fmt: skip
            return [broken], 0.0

    def _tools_of(self, agent: AgentSpec) -> list[Tool]:
        return [self.tools[known] for known in agent.tools]

    def _user(self, tools: Sequence[Tool]) -> User:
        options = self.recipe.user
        if options.kind == "rules":
            return RuledUser()
        return ModelledUser(
            attempts=options.attempts,
            temperature=options.temperature,
            max_tokens=options.max_tokens,
            tools=[tool.name for tool in tools],
        )


def _draws(
    ground: Ground, others: Sequence[Tool], recipe: AgenticRecipe
) -> Callable[[int], AgentSpec]:
    """The run's agents by number."""
    sizes = (recipe.agents.min_tools, recipe.agents.max_tools)
    if isinstance(ground, RepositoryGround):
        return RepositoryDraws(ground, sizes=sizes, seed=recipe.seed)
    return AgentDraws(
        ground.tools,
        others,
        about=ground.about,
        policy=ground.policy,
        sizes=sizes,
        seed=recipe.seed,
    )


def _compiled(ground: Ground) -> Sequence[CompiledRow]:
    """What became of the run's tools; a domain of a user's own doesn't say."""
    if isinstance(ground, RepositoryGround | CompiledGround):
        return ground.rows()
    return ()


def context_needed(recipe: AgenticRecipe) -> int:
    """Tokens of the shortest conversation worth starting: rules and tools, a turn, its answer."""
    return 4 * recipe.rollout.max_turn_tokens


def _preview(row: Setting, played: Played) -> Preview:
    calls = [
        f"{call.name} {call.arguments}"
        for turn in played.trajectory.turns
        for call in turn.tool_calls
    ]
    said = played.trajectory.turns[-1].content
    return Preview(f"{row.task.kind} task, accepted", row.task.opening, "\n".join([*calls, said]))
