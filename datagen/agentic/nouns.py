"""The nouns of agentic data: what a task asks, what a trajectory was, what was found out about it.

Values that live in memory are frozen pydantic models, because they travel as JSON: into prompts,
into the journal and into the JSON columns of the tables, where Arrow structs would corrupt
free-form objects. The tables' rows stand at the end.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from datagen.schemas import AgenticReject as AgenticReject
from datagen.schemas import Row

TaskKind = Literal["ordinary", "clarify", "refuse", "no_tool", "parallel"]
"""`clarify`: something needed is not said at first; `refuse`: the policy forbids it; `no_tool`: no
tool of the agent fits."""
Tier = Literal["single", "dependent", "long"]
"""One call; several calls that build on each other; many, with something to recover from."""
FailureKind = Literal[
    "timeout",
    "rate_limit",
    "server_error",
    "partial_result",
    "stale_read",
    "permission",
    "malformed",
]
"""What the environment does to a call when the recorded plan says so."""
Blame = Literal["", "agent", "user", "environment", "verifier", "infrastructure"]
Operator = Literal["equals", "exists", "absent", "contains", "count", "at_least", "at_most"]


class Noun(BaseModel):
    """A value."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Call(Noun):
    """One tool call, or the reference for one."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Assertion(Noun):
    """Something that holds of a state: the value at `path` compared with `value`."""

    path: tuple[str, ...]
    """Keys from the state's root, such as ("loans", "L-7", "status")."""
    operator: Operator = "equals"
    value: Any = None


class Checkpoint(Noun):
    """A step on the way, worth part of the progress: calls seen, or a state reached."""

    name: str
    weight: float = Field(gt=0)
    calls: tuple[Call, ...] = ()
    """Any one of these, with at least these arguments."""
    state: tuple[Assertion, ...] = ()


class Criterion(Noun):
    """One line of a rubric, for the judge."""

    name: str
    text: str
    weight: float = Field(gt=0)
    mandatory: bool = False


class Pattern(Noun):
    """How tools are expected to be used."""

    before: tuple[tuple[str, str], ...] = ()
    """(a, b): the first call of b comes after one of a that succeeded."""
    forbidden: tuple[Call, ...] = ()
    """Calls that must not be made; a call without arguments forbids the tool."""
    parallel: tuple[str, ...] = ()
    """Tools whose calls belong into one assistant turn."""


class Rubric(Noun):
    """What a good trajectory is. Total weights of checkpoints and criteria are positive."""

    success: tuple[str, ...]
    """Success criteria in words."""
    pattern: Pattern = Pattern()
    checkpoints: tuple[Checkpoint, ...] = ()
    criteria: tuple[Criterion, ...] = ()


class Persona(Noun):
    """Who the user is and how they write."""

    name: str
    style: str
    """Communication style, such as `terse`, `rambling`, `formal`."""
    patience: int = Field(default=12, ge=1)
    """Messages after which they leave."""


class InjectedFailure(Noun):
    """One failure of the plan: what happens to the n-th call of a tool."""

    tool: str
    occurrence: int = Field(ge=0)
    """0: the first call of the tool in the trajectory."""
    kind: FailureKind


class Task(Noun):
    """One task: a user who wants something of an agent, and everything needed to check the outcome.

    The reference calls, run on the initial state, reach a state in which every goal holds; the
    initial state doesn't satisfy them (ordinary, clarify, parallel). For `refuse` and `no_tool` the
    goal is that the state stays as it was."""

    id: str
    agent_id: str
    domain: str
    kind: TaskKind
    tier: Tier
    request: str
    """What the user wants, in full, as only the user simulator knows it."""
    opening: str
    """The user's first message."""
    persona: Persona
    known: dict[str, str] = Field(default_factory=dict)
    """Facts that the user may reveal when asked, by name."""
    initial_state: dict[str, Any]
    reference: tuple[Call, ...] = ()
    goal: tuple[Assertion, ...] = ()
    answer: tuple[str, ...] = ()
    """Facts that the final answer has to state, literally."""
    rubric: Rubric
    failures: tuple[InjectedFailure, ...] = ()
    seed: int = 0


class AgentSpec(Noun):
    """An agent: who it is and which tools it has."""

    id: str
    role: str
    expertise: str
    behaviour: str
    system_prompt: str
    """Holds the policy."""
    tools: tuple[str, ...]
    """Ids of tools, 3 to 30: those that belong together, and distractors."""
    core: tuple[str, ...]
    """Those of them that belong together."""


class ToolCall(Noun):
    """A call as the agent made it."""

    id: str
    """`functions.{name}:{n}`, n counted over the trajectory from 0."""
    name: str
    arguments: dict[str, Any] | str
    """The text as it came where it is no JSON object."""


class Turn(Noun):
    """One message of a trajectory, in the order it was written."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""
    """Of the tool that answers."""
    is_error: bool = False
    train: bool = False
    """Whether a trainer learns this message: the agent's own."""


class StateChange(Noun):
    """One committed change of the environment's state."""

    version: int
    """After the change; the initial state is version 0."""
    call_id: str
    patch: tuple[dict[str, Any], ...]
    """JSON Patch (RFC 6902) from the version before."""


class Trajectory(Noun):
    """What happened: the agent's run at a task."""

    task_id: str
    turns: tuple[Turn, ...]
    final_state: dict[str, Any]
    changes: tuple[StateChange, ...] = ()
    injected: tuple[InjectedFailure, ...] = ()
    """The planned failures that came to pass."""
    ended: Literal["user_done", "agent_done", "turns", "tokens", "calls", "patience", "broken"] = (
        "user_done"
    )
    """`turns`, `tokens`, `calls`: a budget was used up; `patience`: the user left; `broken`: a turn
    could not be used, however often it was asked for."""


class Span(Noun):
    """Where a value of an argument or a claim comes from."""

    value: str
    source: Literal["system", "user", "tool", "default", "enum", "arithmetic", "agent", "none"]
    """`agent`: words of its own, such as a query, without a figure or name to trace."""
    turn: int = -1
    """Index into the turns; -1 where there is none."""
    start: int = -1


class Verdict(Noun):
    """What one verifier found."""

    verifier: str
    passed: bool
    reason: str = ""
    """Closed set per verifier; empty if it passed."""
    detail: str = ""
    turn: int = -1
    """Where; -1: the whole trajectory."""
    blame: Blame = ""
    spans: tuple[Span, ...] = ()


class AgentRow(Row):
    """Table `agents`."""

    role: str
    expertise: str
    behaviour: str
    system_prompt: str
    tools: list[str]
    core: list[str]
    model: str


class CompiledRow(Row):
    """Table `compiled`: what became of each tool that could have a backend; `id` is the tool's."""

    server: str
    operation: str
    """`read`, `list`, `count`, `create`, `update`, `delete` or `status`; `written`: its backend was
    written by hand; empty: it has none."""
    entity: str
    """The records it is about."""
    reason: str
    """Why it has no backend; empty: it has one."""
    detail: str


class TaskRow(Row):
    """Table `tasks`."""

    agent_id: str
    domain: str
    kind: str
    tier: str
    request: str
    persona: str
    """JSON text."""
    rubric: str
    """JSON text."""
    task: str
    """The whole task, as JSON text."""
    audited: str
    """JSON text: what the must-fail runs and the reference came to."""
    model: str
    wanted_tier: str
    """Not that of `tier` where no agent's tools gave a task of it."""


class TrajectoryRow(Row):
    """Table `trajectories`: accepted rollouts, training-ready."""

    task_id: str
    agent_id: str
    domain: str
    kind: str
    tier: str
    number: int
    """Which rollout of the task, from 0."""
    messages: str
    """JSON text: OpenAI-style messages with `arguments` as objects and a `train` flag each."""
    tools: str
    """JSON text: the agent's tools, OpenAI-style."""
    environment: str
    """`compiled`, `simulated`, `mcp` or `sandbox`."""
    reward: float
    """1 for an accepted rollout; for a reject half the share of the checkpoints it reached."""
    """Weighted share of the checkpoints reached, in [0, 1]."""
    verdicts: str
    """JSON text."""
    judgement: str
    """JSON text; empty where no judge was asked."""
    rubric: str
    """JSON text."""
    injected: str
    """JSON text: failures that came to pass."""
    changes: str
    """JSON text: the state's versions as patches."""
    turns: int
    calls: int
    ended: str
    prompt_tokens: int
    completion_tokens: int
    seed: int
    model: str
    user_model: str


def as_json(noun: Noun) -> Mapping[str, Any]:
    """The noun as JSON values, what is empty left out."""
    return noun.model_dump(mode="json", exclude_defaults=True)
