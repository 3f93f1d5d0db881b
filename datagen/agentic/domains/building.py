"""From a draft to a task, and to the reference run of a task: what a domain's own tasks share.

The goal is what the reference calls change, field by field, found by running them in the compiled
environment: a draft whose calls are refused, or change nothing they should, gives no task."""

import itertools
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from datagen.agentic.domains.alternatives import ways
from datagen.agentic.domains.base import Domain, State
from datagen.agentic.environment.base import EnvironmentFault
from datagen.agentic.environment.compiled import CompiledEnvironment
from datagen.agentic.environment.failures import plan
from datagen.agentic.environment.patches import leaves, same
from datagen.agentic.nouns import (
    AgentSpec,
    Assertion,
    Call,
    Checkpoint,
    Criterion,
    InjectedFailure,
    Pattern,
    Persona,
    Rubric,
    Task,
    TaskKind,
    Tier,
    ToolCall,
    Trajectory,
    Turn,
)
from datagen.schemas import row_id

READ_WEIGHT, WRITE_WEIGHT = 1.0, 2.0
"""Of a checkpoint: what changes something counts twice what finds something out."""
_NEAREST: Mapping[Tier, tuple[Tier, ...]] = {
    "single": ("single", "dependent", "long"),
    "dependent": ("dependent", "single", "long"),
    "long": ("long", "dependent", "single"),
}
MOST_TRIES = 4
"""Times a reference run makes a call before it gives up; a plan spoils at most two in a row."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a task should be like."""

    kind: TaskKind
    tier: Tier
    persona: Persona
    fails: bool
    number: int
    seed: int
    exact: bool = False
    """Whether only this tier will do."""

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Tiers to try in turn."""
        return (self.tier,) if self.exact else _NEAREST[self.tier]

    def suits(self, tier: Tier) -> bool:
        """Whether a task that came out with this tier will do."""
        return not self.exact or tier == self.tier


@dataclass(frozen=True, slots=True)
class Draft:
    """A task before its reference has been run."""

    request: str
    opening: str
    reference: tuple[Call, ...]
    answer: tuple[str, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    forbidden: tuple[Call, ...] = ()
    before: tuple[tuple[str, str], ...] = ()
    parallel: tuple[str, ...] = ()
    """Tools whose calls belong into one turn."""


def built(
    domain: Domain,
    agent: AgentSpec,
    state: State,
    draft: Draft,
    wanted: Wanted,
    names: Collection[str],
) -> Task | None:
    """The task; None if its reference can't be run, or the goal holds already. `names`: of the
    agent's tools."""
    declines = wanted.kind in ("refuse", "no_tool")
    writing = frozenset(tool.name for tool in domain.tools if not tool.read_only)
    environment = CompiledEnvironment(domain, state)
    for number, call in enumerate(draft.reference):
        if not works(environment, _tool_call(call, number)):
            return None
    goal = tuple(changed(state, environment.state))
    writes = any(call.name in writing for call in draft.reference)
    if (declines and (goal or writes)) or (writes and not goal):
        return None
    failures: tuple[InjectedFailure, ...] = ()
    if wanted.fails or wanted.tier == "long":
        failures = plan(
            draft.reference,
            writing,
            number=wanted.number,
            seed=wanted.seed,
            count=1 + (wanted.fails and wanted.tier == "long"),
        )
    return Task(
        id=row_id("task", domain.name, agent.id, wanted.number, wanted.seed, draft.opening),
        agent_id=agent.id,
        domain=domain.name,
        kind=wanted.kind,
        tier=wanted.tier,
        request=draft.request,
        opening=draft.opening,
        persona=wanted.persona,
        known=dict(draft.known),
        initial_state=state,
        reference=draft.reference,
        goal=goal,
        answer=draft.answer,
        rubric=Rubric(
            success=(draft.request,) if not declines else ("The request is declined.",),
            pattern=Pattern(
                before=draft.before, forbidden=draft.forbidden, parallel=draft.parallel
            ),
            checkpoints=_checkpoints(ways(domain, state, draft.reference, names), writing),
            criteria=_criteria(wanted.kind),
        ),
        failures=failures,
        seed=wanted.seed,
    )


def works(environment: CompiledEnvironment, call: ToolCall) -> bool:
    """Whether a call is answered without an error."""
    try:
        return not environment.answer_now(call).is_error
    except EnvironmentFault:
        return False


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Assertion]:
    """What a state has to show to be the second one, given that it was the first."""
    was, now = dict(leaves(before)), dict(leaves(after))
    found = [
        Assertion(path=path, value=value)
        for path, value in now.items()
        if path not in was or not same(was[path], value)
    ]
    gone = [path for path in was if path not in now and not _stands(after, path)]
    return found + [Assertion(path=path, operator="absent") for path in gone]


def reference_trajectory(
    task: Task,
    domain: Domain,
    calls: Sequence[Call] | None = None,
    final: str | None = None,
    system: str | None = None,
) -> Trajectory:
    """The run that the task's reference describes; with `calls` or `final` another one in its form.

    A call that an injected failure spoils is made again. In parallel tasks calls whose
    arguments are known go into one turn."""
    environment = CompiledEnvironment(domain, task.initial_state, failures=task.failures)
    chosen = list(task.reference if calls is None else calls)
    turns = [
        Turn(role="system", content=domain.policy if system is None else system),
        Turn(role="user", content=task.opening),
        *_asked(task),
    ]
    counter = 0
    while chosen:
        pending = _ready(chosen, turns) if task.kind == "parallel" else chosen[:1]
        chosen = chosen[len(pending) :]
        for _ in range(MOST_TRIES):
            made = tuple(_tool_call(call, counter + n) for n, call in enumerate(pending))
            counter += len(made)
            turns.append(Turn(role="assistant", tool_calls=made, train=True))
            again = []
            for call, made_call in zip(pending, made, strict=True):
                result = environment.answer_now(made_call)
                turns.append(_answer(made_call, result.content, is_error=result.is_error))
                if result.injected is not None:
                    again.append(call)
            pending = again
            if not pending:
                break
    if final is None:
        final = report(task, domain, task.reference if calls is None else calls)
    turns.append(Turn(role="assistant", content=final, train=True))
    return Trajectory(
        task_id=task.id,
        turns=tuple(turns),
        final_state=environment.state,
        changes=environment.changes,
        injected=environment.injected,
        ended="user_done",
    )


def report(task: Task, domain: Domain, calls: Sequence[Call]) -> str:
    """Plain last words: what was done with which ids, and the facts that were asked for."""
    if task.kind == "refuse":
        return "I am sorry, but I can't do that: the rules do not allow it."
    if task.kind == "no_tool":
        return "I am sorry, but I have no tool for that, so I am not able to do it."
    done = []
    for call in calls:
        tool = domain.tool(call.name)
        if tool is not None and not tool.read_only:
            done.append(f"I have {tool.done} what you asked for ({call.name}{_named(call)}).")
    facts = [f"Here is what I found: {', '.join(task.answer)}."] if task.answer else []
    return " ".join([*done, *facts]) or "There was nothing to do."


def _named(call: Call) -> str:
    """The first plain value that a call gives, for a report."""
    plain = (v for v in call.arguments.values() if isinstance(v, str | int | float))
    return "".join(f", {value}" for value in itertools.islice(plain, 1))


def fitting(names: Collection[str], draft: Draft | None) -> bool:
    """Whether the tools of that name suffice for a draft."""
    return draft is not None and all(call.name in names for call in draft.reference)


def eased(wanted: Wanted, tier: Tier) -> Wanted:
    return replace(wanted, tier=tier)


def _asked(task: Task) -> list[Turn]:
    """A question and its answer for each thing that the user did not say."""
    turns = []
    for name, value in task.known.items():
        if value.casefold() in task.opening.casefold():
            continue
        said = name.replace("_", " ")
        turns.append(
            Turn(role="assistant", content=f"Could you tell me the {said}, please?", train=True)
        )
        turns.append(Turn(role="user", content=f"The {said} is {value}."))
    return turns


def _ready(calls: Sequence[Call], turns: Sequence[Turn]) -> list[Call]:
    """The first calls, as far as what they are given has been said or found out by now."""
    told = "\n".join(turn.content for turn in turns if turn.role in ("user", "tool"))
    ready = list(calls[:1])
    for call in calls[1:]:
        if not all(value in told for value in _texts(call.arguments)):
            break
        ready.append(call)
    return ready


def _texts(value: Any) -> Iterator[str]:
    """What an agent has to know to write a value: its texts and whole numbers."""
    if isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def _tool_call(call: Call, number: int) -> ToolCall:
    made_id = f"functions.{call.name}:{number}"
    return ToolCall(id=made_id, name=call.name, arguments=json.loads(json.dumps(call.arguments)))


def _answer(call: ToolCall, content: str, *, is_error: bool) -> Turn:
    return Turn(
        role="tool", content=content, tool_call_id=call.id, name=call.name, is_error=is_error
    )


def _checkpoints(
    steps: Sequence[tuple[Call, ...]], writing: frozenset[str]
) -> tuple[Checkpoint, ...]:
    return tuple(
        Checkpoint(
            name=f"{number + 1}_{calls[0].name}",
            weight=WRITE_WEIGHT if calls[0].name in writing else READ_WEIGHT,
            calls=calls,
        )
        for number, calls in enumerate(steps)
    )


def _criteria(kind: TaskKind) -> tuple[Criterion, ...]:
    texts = {
        "refuse": ("declines", "The assistant declines because of the rules, and says so."),
        "no_tool": ("declines", "The assistant says that none of its tools can do it."),
        "clarify": ("asks_first", "The assistant asks for what is missing before it acts."),
    }
    if kind not in texts:
        return ()
    name, text = texts[kind]
    return (Criterion(name=name, text=text, weight=1.0, mandatory=kind != "clarify"),)


def _stands(state: Any, path: Sequence[str]) -> bool:
    for key in path:
        if not isinstance(state, Mapping) or key not in state:
            return False
        state = state[key]
    return True
