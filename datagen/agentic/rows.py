"""Rows of the tables of an agentic run, made of what the stages came to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from datagen.agentic.calling import ToolForm
from datagen.agentic.grounds import Gate, Wish
from datagen.agentic.judging import Judgement
from datagen.agentic.messages import messages_json, tools_json
from datagen.agentic.nouns import (
    AgentRow,
    AgentSpec,
    Blame,
    Noun,
    Task,
    TaskRow,
    TrajectoryRow,
    Verdict,
    as_json,
)
from datagen.agentic.rollout import Played, Setting
from datagen.schemas import AgenticReject, Tool, row_id
from datagen.stage import Failure

Stage = Literal["tasks", "trajectories", "verify", "judge"]
DETAIL_CHARS = 2_000
BUDGETS = ("turns", "tokens", "calls", "patience")


@dataclass(frozen=True, slots=True)
class Checked:
    """A rollout with what was found out about it."""

    played: Played
    verdicts: tuple[Verdict, ...]
    progress: float
    """Weighted share of the checkpoints reached."""
    judgement: Judgement | None
    user_model: str

    @property
    def earned(self) -> float:
        """The reward: 1 for an accepted rollout, for another half the share of the checkpoints that
        it reached, so that none earns what an accepted one does. Own choice."""
        return 1.0 if self.refusal is None else self.progress / 2

    @property
    def refusal(self) -> tuple[Stage, str, str, Blame] | None:
        """Stage, reason, detail and blame of what speaks against it; None: it is accepted."""
        played = self.played
        if played.reason:
            return "trajectories", played.reason, played.detail, played.blame
        if played.trajectory.ended in BUDGETS:
            blame: Blame = "user" if played.trajectory.ended == "patience" else "agent"
            return "trajectories", f"budget_{played.trajectory.ended}", "", blame
        for verdict in self.verdicts:
            if not verdict.passed:
                reason = verdict.reason or verdict.verifier
                return "verify", reason, verdict.detail, verdict.blame or "agent"
        if self.judgement is not None and self.judgement.refused_by:
            return "judge", self.judgement.refused_by, "", "agent"
        return None


def agent_row(agent: AgentSpec) -> AgentRow:
    return AgentRow(
        id=agent.id,
        role=agent.role,
        expertise=agent.expertise,
        behaviour=agent.behaviour,
        system_prompt=agent.system_prompt,
        tools=list(agent.tools),
        core=list(agent.core),
        model="",
    )


def task_row(wanted: Wish, task: Task, gate: Gate) -> TaskRow:
    return TaskRow(
        id=task.id,
        agent_id=task.agent_id,
        domain=task.domain,
        kind=task.kind,
        tier=task.tier,
        request=task.request,
        persona=_json(as_json(task.persona)),
        rubric=_json(as_json(task.rubric)),
        task=_json(as_json(task)),
        audited=_json(gate.record or {}),
        model="",
        wanted_tier=wanted.tier,
    )


def trajectory_row(setting: Setting, checked: Checked, tools: Sequence[ToolForm]) -> TrajectoryRow:
    return TrajectoryRow(id=setting.id, **_of_task(setting, tools), **_of_rollout(checked))


def rollout_reject(setting: Setting, checked: Checked, tools: Sequence[ToolForm]) -> AgenticReject:
    """A rollout that something speaks against: what an accepted one's row holds, and what."""
    assert checked.refusal is not None
    stage, reason, detail, blame = checked.refusal
    scores = {
        "reward": checked.earned,
        "verdicts": [as_json(verdict) for verdict in checked.verdicts],
        "judgement": checked.judgement.as_json() if checked.judgement else None,
        "rerolled": checked.played.rerolled,
        "ended": checked.played.trajectory.ended,
        "injected": [as_json(failure) for failure in checked.played.trajectory.injected],
        "completion_tokens": checked.played.completion_tokens,
    }
    return AgenticReject(
        id=setting.id,
        stage=stage,
        reason=reason,
        failed=False,
        detail=detail[:DETAIL_CHARS],
        blame=blame,
        scores=_json(scores),
        task="{}",
        **_of_task(setting, tools),
        **_of_rollout(checked),
    )


def rollout_failure(setting: Setting, failure: Failure, tools: Sequence[ToolForm]) -> AgenticReject:
    """A rollout that could not be played."""
    return AgenticReject(
        id=setting.id,
        stage="trajectories",
        reason=failure.reason,
        failed=True,
        detail=failure.detail[:DETAIL_CHARS],
        blame="infrastructure",
        scores="{}",
        messages="[]",
        task="{}",
        **_of_task(setting, tools),
    )


def task_reject(wanted: Wish, task: Task, gate: Gate) -> AgenticReject:
    """A task that its gate refused."""
    return AgenticReject(
        id=row_id("reject", task.id),
        stage="tasks",
        reason=gate.reason,
        failed=False,
        detail=gate.detail[:DETAIL_CHARS],
        blame="",
        task_id=task.id,
        agent_id=task.agent_id,
        number=-1,
        scores=_json(gate.record or {}),
        messages="[]",
        task=_json(as_json(task)),
        seed=task.seed,
        domain=task.domain,
        kind=wanted.kind,
        tier=wanted.tier,
        rubric=_json(as_json(task.rubric)),
    )


def undrawn(wanted: Wish, agent: AgentSpec) -> AgenticReject:
    """A task that could not be drawn, for its agent or others."""
    return AgenticReject(
        id=row_id("undrawn", wanted.number, agent.id),
        stage="tasks",
        reason="not_drawable",
        failed=False,
        detail=f"no task of kind {wanted.kind} with its tools, nor with those of agents before",
        blame="",
        task_id="",
        agent_id=agent.id,
        number=-1,
        scores="{}",
        messages="[]",
        task="{}",
        seed=wanted.number,
        kind=wanted.kind,
        tier=wanted.tier,
    )


def tool_form(tool: Tool) -> ToolForm:
    """A tool of the repository as a model sees it."""
    return ToolForm(tool.name, tool.description, json.loads(tool.input_schema))


def _of_task(setting: Setting, tools: Sequence[ToolForm]) -> dict[str, Any]:
    """Columns of a rollout that are the same for each of its task, but for number and seed."""
    task = setting.task
    return {
        "task_id": task.id,
        "agent_id": task.agent_id,
        "domain": task.domain,
        "kind": task.kind,
        "tier": task.tier,
        "number": setting.number,
        "tools": tools_json(tools),
        "rubric": _json(as_json(task.rubric)),
        "seed": setting.seed,
    }


def _of_rollout(checked: Checked) -> dict[str, Any]:
    """Columns of a rollout that say what happened in it."""
    played = checked.played
    turns = played.trajectory.turns
    return {
        "messages": messages_json(turns),
        "environment": played.environment,
        "reward": checked.earned,
        "verdicts": _nouns(checked.verdicts),
        "judgement": _json(checked.judgement.as_json()) if checked.judgement else "",
        "injected": _nouns(played.trajectory.injected),
        "changes": _nouns(played.trajectory.changes),
        "turns": sum(turn.role == "assistant" for turn in turns),
        "calls": sum(len(turn.tool_calls) for turn in turns),
        "ended": played.trajectory.ended,
        "prompt_tokens": played.prompt_tokens,
        "completion_tokens": played.completion_tokens,
        "model": played.model,
        "user_model": checked.user_model,
    }


def _nouns(nouns: Sequence[Noun]) -> str:
    return _json([as_json(noun) for noun in nouns])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
