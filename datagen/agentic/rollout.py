"""One rollout: user ⇄ agent ⇄ environment, as plain sequential code.

The agent is asked, its calls are answered in order, its words go to the user, until the user goes
or a budget is used up. A turn that can't be used is asked for again with another seed; one that
never can be ends the trajectory as `broken`, blamed on whoever broke it. A turn whose calls can
only be answered as before is asked for again too, at last without tools. Whether the trajectory is
any good is not decided here (`verify`, `judging`)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import Field

from datagen.agentic.calling import (
    MAX_PARALLEL,
    Calling,
    Fault,
    ToolForm,
    action_schema,
    native_messages,
    read_turn,
    schema_messages,
)
from datagen.agentic.nouns import (
    AgentSpec,
    Blame,
    InjectedFailure,
    StateChange,
    Task,
    ToolCall,
    Trajectory,
    Turn,
)
from datagen.agentic.users.moves import Move, User, UserFault
from datagen.engines.base import Completion, Request, Sampling
from datagen.errors import EngineError
from datagen.recipe import Section
from datagen.schemas import derived_seed
from datagen.stage import Ask

ROLE = "agent"
Ended = Literal["user_done", "agent_done", "turns", "tokens", "calls", "patience", "broken"]


LOOP_TURNS = 4
"""Equal turns of calls in a row that count as a loop. Two retries of what failed are sound; the
plan of failures spoils no more than two calls in a row."""


class RolloutOptions(Section):
    """How tasks are played."""

    per_task: int = Field(default=4, ge=1, le=256)
    """Rollouts of each task: k of pass@k."""
    calling: Literal["auto", "native", "schema"] = "auto"
    """`native`: the engine's own tool calls; `schema`: JSON under a schema; `auto`: native with
    `openai` and `scripted`, schema with engines in this process."""
    attempts: int = Field(default=3, ge=1, le=10)
    """Completions per turn of the agent; another one is asked for where a turn can't be used."""
    temperature: float = Field(default=0.7, ge=0, le=2)
    top_p: float = Field(default=0.95, gt=0, le=1)
    max_turn_tokens: int = Field(default=512, ge=16)
    max_turns: int = Field(default=30, ge=1, le=500)
    """Turns of the agent."""
    max_calls: int = Field(default=60, ge=1, le=10_000)
    max_tokens: int = Field(default=12_000, ge=64)
    """Of all of the agent's completions together."""


class World(Protocol):
    """What a rollout needs of an environment."""

    kind: str
    """`compiled`, `simulated`, `mcp` or `sandbox`."""

    async def answer(self, call: ToolCall, ask: Ask) -> Turn:
        """What the runtime says to a call; bad calls are answered, not raised."""
        ...

    @property
    def state(self) -> dict[str, object]: ...

    @property
    def changes(self) -> tuple[StateChange, ...]: ...

    @property
    def injected(self) -> tuple[InjectedFailure, ...]: ...


class EnvironmentBroken(Exception):
    """The environment could not answer a call, however often it was asked."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of work: which rollout of which task, by which agent."""

    id: str
    task: Task
    agent: AgentSpec
    number: int
    seed: int


@dataclass(frozen=True, slots=True)
class Played:
    """A rollout that came to an end."""

    trajectory: Trajectory
    environment: str
    reason: str = ""
    """Why it is broken; empty where it isn't."""
    detail: str = ""
    blame: Blame = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    rerolled: tuple[str, ...] = ()
    """Why turns were asked for again, the agent's and the user's."""


@dataclass(slots=True)
class _Run:
    """A rollout under way."""

    turns: list[Turn]
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    rerolled: list[str] = field(default_factory=list)
    reason: str = ""
    detail: str = ""
    blame: Blame = ""

    def broken(self, reason: str, detail: str, blame: Blame) -> Ended:
        self.reason, self.detail, self.blame = reason, detail, blame
        return "broken"

    def spend(self, completion: Completion) -> None:
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        self.model = completion.model

    @property
    def messages_of_user(self) -> int:
        return sum(turn.role == "user" for turn in self.turns)


def is_loop(turns: Sequence[Turn]) -> bool:
    """Whether the agent's last turns are the same calls again and again."""
    made = [turn.tool_calls for turn in turns if turn.role == "assistant"][-LOOP_TURNS:]
    asked = [[(call.name, call.arguments) for call in calls] for calls in made]
    return len(asked) == LOOP_TURNS and bool(asked[0]) and all(a == asked[0] for a in asked)


def repeats(turns: Sequence[Turn], turn: Turn, world: World) -> bool:
    """Whether every call of a turn was answered before and can only be answered so again: nothing
    has changed since, and no failure was planned for its tool. Live servers are never asked this:
    what they hold may change by itself."""
    if not turn.tool_calls or world.kind not in ("compiled", "simulated"):
        return False
    last_change = world.changes[-1].call_id if world.changes else None
    answered: list[tuple[str, object]] = []
    for earlier in turns:
        if any(call.id == last_change for call in earlier.tool_calls):
            answered.clear()
        answered += [(call.name, call.arguments) for call in earlier.tool_calls]
    spoiled = {failure.tool for failure in world.injected}
    return all(
        (call.name, call.arguments) in answered and call.name not in spoiled
        for call in turn.tool_calls
    )


class Player:
    """Plays rollouts; holds what all of them share."""

    def __init__(self, options: RolloutOptions, calling: Calling) -> None:
        self.options = options
        self.calling = calling

    async def __call__(
        self, setting: Setting, tools: Sequence[ToolForm], world: World, user: User, ask: Ask
    ) -> Played:
        run = _Run(
            [
                Turn(role="system", content=setting.agent.system_prompt),
                Turn(role="user", content=setting.task.opening),
            ]
        )
        ended: Ended | None = None
        while ended is None:
            ended = await self._step(run, setting, tools, world, user, ask)
        return Played(
            Trajectory(
                task_id=setting.task.id,
                turns=tuple(run.turns),
                final_state=dict(world.state),
                changes=world.changes,
                injected=world.injected,
                ended=ended,
            ),
            environment=world.kind,
            reason=run.reason,
            detail=run.detail,
            blame=run.blame,
            prompt_tokens=run.prompt_tokens,
            completion_tokens=run.completion_tokens,
            model=run.model,
            rerolled=tuple(run.rerolled),
        )

    async def _step(
        self,
        run: _Run,
        setting: Setting,
        tools: Sequence[ToolForm],
        world: World,
        user: User,
        ask: Ask,
    ) -> Ended | None:
        """The agent's turn and what follows on it; how it ended, or None."""
        if over := self._over_budget(run):
            return over
        turn = await self._agent_turn(run, setting, tools, world, ask)
        if isinstance(turn, Fault):
            refused = turn.reason == "request_refused"
            return run.broken(turn.reason, turn.detail, "infrastructure" if refused else "agent")
        run.turns.append(turn)
        if is_loop(run.turns):
            return run.broken("loop", f"the same turn {LOOP_TURNS} times", "agent")
        if turn.tool_calls:
            return await self._answer_calls(run, turn, world, ask)
        return await self._user_turn(run, setting, user, ask)

    def _over_budget(self, run: _Run) -> Ended | None:
        if sum(turn.role == "assistant" for turn in run.turns) >= self.options.max_turns:
            return "turns"
        return "tokens" if run.completion_tokens >= self.options.max_tokens else None

    async def _agent_turn(
        self, run: _Run, setting: Setting, tools: Sequence[ToolForm], world: World, ask: Ask
    ) -> Turn | Fault:
        fault = Fault("empty_turn")
        last = self.options.attempts - 1
        for attempt in range(self.options.attempts):
            offered = () if attempt == last and fault.reason == "repeated_call" else tools
            request = self._request(run, setting, tools, offered, attempt)
            try:
                completion = await ask(ROLE, request)
            except EngineError as problem:
                if problem.fatal or problem.kind != "bad_request":
                    raise
                # It would be refused again: most often the conversation outgrew the context.
                return Fault("request_refused", str(problem))
            run.spend(completion)
            turn = read_turn(completion, self.calling, counter=run.calls)
            if isinstance(turn, Turn):
                if attempt == last or not repeats(run.turns, turn, world):
                    return turn
                turn = Fault("repeated_call", turn.tool_calls[0].name)
            fault = turn
            run.rerolled.append(fault.reason)
        return fault

    def _request(
        self,
        run: _Run,
        setting: Setting,
        tools: Sequence[ToolForm],
        offered: Sequence[ToolForm],
        attempt: int,
    ) -> Request:
        """The next turn's request: `tools` are known to the agent, `offered` can be called now."""
        options, native = self.options, self.calling == "native"
        messages = native_messages(run.turns) if native else schema_messages(run.turns, tools)
        return Request(
            messages=messages,
            sampling=Sampling(
                temperature=options.temperature,
                top_p=options.top_p,
                max_tokens=options.max_turn_tokens,
                seed=derived_seed(setting.seed, setting.id, len(run.turns), attempt),
            ),
            schema=None if native else action_schema(offered, parallel=MAX_PARALLEL),
            tools=tuple(tool.openai() for tool in offered) if native else (),
            row=setting.id,
            attempt=attempt,
            priority=float(options.max_tokens - run.completion_tokens),
        )

    async def _answer_calls(self, run: _Run, turn: Turn, world: World, ask: Ask) -> Ended | None:
        run.calls += len(turn.tool_calls)
        if run.calls > self.options.max_calls:
            return "calls"
        for call in turn.tool_calls:
            try:
                run.turns.append(await world.answer(call, ask))
            except EnvironmentBroken as problem:
                return run.broken("environment_broken", str(problem), "environment")
        return None

    async def _user_turn(self, run: _Run, setting: Setting, user: User, ask: Ask) -> Ended | None:
        move, faults = await user.reply(
            setting.task, run.turns, row=setting.id, seed=setting.seed, ask=ask
        )
        run.rerolled += [fault.reason for fault in faults]
        if isinstance(move, UserFault):
            return run.broken(move.reason, move.detail, "user")
        assert isinstance(move, Move)
        if move.finished:
            return "user_done"
        if run.messages_of_user >= setting.task.persona.patience:
            return "patience"
        run.turns.append(Turn(role="user", content=move.message))
        return None
