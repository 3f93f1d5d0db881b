"""Trajectories for the verifiers' tests: references of the shipped domain, and pieces to build others."""

from collections.abc import Iterable

from datagen.agentic.domains import load_domain
from datagen.agentic.domains.building import reference_trajectory
from datagen.agentic.domains.tasks import draw_tasks
from datagen.agentic.nouns import AgentSpec, Task, ToolCall, Trajectory, Turn, Verdict

DOMAIN = load_domain("library")
TOOLS = DOMAIN.rows()
_EVERYONE = AgentSpec(
    id="everyone", role="", expertise="", behaviour="", system_prompt="", tools=(), core=()
)
TASKS = draw_tasks(DOMAIN, _EVERYONE, 11, 60)


def task_of(kind: str, tier: str = "") -> Task:
    """The first task of a kind that changes something, where the kind allows it."""
    return next(
        task
        for task in TASKS
        if task.kind == kind
        and (not tier or task.tier == tier)
        and (task.goal or kind in ("refuse", "no_tool"))
    )


def reference(task: Task) -> Trajectory:
    return reference_trajectory(task, DOMAIN)


def with_turns(trajectory: Trajectory, turns: Iterable[Turn]) -> Trajectory:
    return trajectory.model_copy(update={"turns": tuple(turns)})


def with_final(trajectory: Trajectory, text: str) -> Trajectory:
    last = trajectory.turns[-1].model_copy(update={"content": text})
    return with_turns(trajectory, (*trajectory.turns[:-1], last))


def first_call(trajectory: Trajectory) -> ToolCall:
    return next(turn.tool_calls[0] for turn in trajectory.turns if turn.tool_calls)


def with_first_call(trajectory: Trajectory, **update: object) -> Trajectory:
    """The trajectory with something else in its first call; the answer stays as it was."""
    place = next(n for n, turn in enumerate(trajectory.turns) if turn.tool_calls)
    turn = trajectory.turns[place]
    call = turn.tool_calls[0].model_copy(update=update)
    changed = turn.model_copy(update={"tool_calls": (call, *turn.tool_calls[1:])})
    return with_turns(
        trajectory, (*trajectory.turns[:place], changed, *trajectory.turns[place + 1 :])
    )


def refusals(verdicts: Iterable[Verdict]) -> set[str]:
    return {f"{one.verifier}:{one.reason}" for one in verdicts if not one.passed}
