"""A transactional world model: a model answers for tools that have no backend.

For each call the engine proposes a result and a patch of the state as structured output; what may
not be committed (`proposals`) is asked for again with the fault named, a bounded number of times,
and then the environment is broken. A call that changed nothing is answered the same way at the same
version of the state, without asking. Failures of the task's plan are injected here, never left to
the model."""

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from datagen.agentic.domains.base import State
from datagen.agentic.environment.answers import refusal
from datagen.agentic.environment.base import EnvironmentFault, EnvironmentKind, Result
from datagen.agentic.environment.compiled import validator_of
from datagen.agentic.environment.failures import BEFORE, FailurePlan, refused_by, spoiled
from datagen.agentic.environment.proposals import (
    DEFAULT_ERRORS,
    Proposal,
    Refusal,
    Rules,
    SimulatedTool,
    checked,
    proposal_schema,
)
from datagen.agentic.nouns import FailureKind, InjectedFailure, StateChange, ToolCall
from datagen.agentic.prompting import filled
from datagen.engines.base import Message, Request, Sampling
from datagen.schemas import Tool, derived_seed
from datagen.stage import Ask

ROLE = "environment"
ATTEMPTS = 3
"""Proposals asked for per call."""
MAX_TOKENS = 1_024
TEMPERATURE = 0.2
"""Low, since a backend has one right answer; above 0, so that another attempt differs."""
SHOWN_CHARS = 24_000
"""Of the state in a prompt, some 8,000 tokens; of a longer one the tool's collections are shown,
and of those, if need be, what the call names."""


class SimulatedEnvironment:
    """One rollout's world, as a model imagines it and the rules allow."""

    kind: EnvironmentKind = "simulated"

    def __init__(
        self,
        tools: Sequence[SimulatedTool],
        state: Mapping[str, Any],
        *,
        rules: Rules | None = None,
        failures: Sequence[InjectedFailure] = (),
        row: str = "",
        seed: int = 0,
        attempts: int = ATTEMPTS,
        shown_chars: int = SHOWN_CHARS,
    ) -> None:
        """`row`: the rollout that asks."""
        self._tools = {tool.name: tool for tool in tools}
        self._validators = {
            tool.name: validator_of(json.dumps(tool.input_schema)) for tool in tools
        }
        self._state: State = copy.deepcopy(dict(state))
        self._rules = rules or Rules()
        self._plan = FailurePlan(failures)
        self._row, self._seed, self._attempts = row, seed, attempts
        self._shown_chars = shown_chars
        self._changes: list[StateChange] = []
        self._answers: dict[str, dict[int, Proposal]] = {}
        self.refused: list[str] = []
        """Why proposals were asked for again."""

    async def call(self, call: ToolCall, ask: Ask | None = None) -> Result:
        if found := refusal(call, self._validators):
            return found
        if ask is None:
            raise EnvironmentFault(f"{call.name}: there is no engine to ask")
        failure = self._plan.next(call.name)
        if failure in BEFORE:
            assert failure is not None
            return refused_by(failure)
        key = f"{call.name} {json.dumps(call.arguments, sort_keys=True)}"
        known = self._answers.setdefault(key, {})
        stale = [version for version in known if version < self.version]
        proposal = known.get(self.version)
        if proposal is None:
            proposal = await self._proposed(self._tools[call.name], call, ask)
            if not self._commit(proposal, call):
                known[self.version] = proposal
        if failure is not None and proposal.is_error:
            self._plan.withdraw()
            failure = None
        return _answered(proposal, failure, known[max(stale)] if stale else proposal)

    @property
    def state(self) -> State:
        return self._state

    @property
    def version(self) -> int:
        return len(self._changes)

    @property
    def changes(self) -> tuple[StateChange, ...]:
        return tuple(self._changes)

    @property
    def injected(self) -> tuple[InjectedFailure, ...]:
        return tuple(self._plan.happened)

    async def _proposed(self, tool: SimulatedTool, call: ToolCall, ask: Ask) -> Proposal:
        """A proposal that may be committed. Raises `EnvironmentFault`."""
        assert isinstance(call.arguments, dict)
        arguments, faults = call.arguments, list[str]()
        for attempt in range(self._attempts):
            completion = await ask(ROLE, self._request(tool, call, attempt, faults))
            try:
                return checked(completion, tool, arguments, self._state, self._rules)
            except Refusal as problem:
                faults.append(str(problem))
                self.refused.append(str(problem))
        raise EnvironmentFault(f"{tool.name}: {faults[-1]}")

    def _commit(self, proposal: Proposal, call: ToolCall) -> bool:
        """Whether the state is another one now."""
        if not proposal.patch or proposal.after == self._state:
            return False
        self._state = proposal.after
        self._changes.append(
            StateChange(version=self.version + 1, call_id=call.id, patch=proposal.patch)
        )
        return True

    def _request(
        self, tool: SimulatedTool, call: ToolCall, attempt: int, faults: Sequence[str]
    ) -> Request:
        writes = (
            "This tool only reads: its state_patch is always empty."
            if tool.read_only
            else "What the call changes stands in state_patch; an empty patch changes nothing."
        )
        system = filled(
            "environment",
            name=tool.name,
            description=tool.description,
            writes=writes,
            errors="; ".join(f"{code} ({when})" for code, when in tool.errors)
            or "none; it always has a result",
            state=shown(self._state, tool, call.arguments, self._shown_chars),
        )
        said = f"The call: {json.dumps(call.arguments, ensure_ascii=False)}"
        if faults:
            said += f"\n\nYour last answer could not be used: {faults[-1]}. Answer again."
        return Request(
            messages=(Message("system", system), Message("user", said)),
            sampling=Sampling(
                temperature=TEMPERATURE,
                max_tokens=MAX_TOKENS,
                seed=derived_seed(self._seed, self._row, ROLE, call.id, attempt),
            ),
            schema=proposal_schema(tool),
            row=self._row,
            attempt=attempt,
        )


def simulated_tool(tool: Tool) -> SimulatedTool:
    """A row of the repository as a tool to simulate; unless it says that it only reads, it may
    write."""
    errors = (
        DEFAULT_ERRORS
        if not tool.errors
        else tuple(
            (str(error["code"]), str(error.get("when", ""))) for error in json.loads(tool.errors)
        )
    )
    return SimulatedTool(
        name=tool.name,
        description=tool.description,
        input_schema=json.loads(tool.input_schema),
        output_schema=json.loads(tool.output_schema or "{}"),
        read_only=bool(json.loads(tool.annotations or "{}").get("readOnlyHint")),
        errors=errors,
        touches=(*tool.reads, *tool.writes),
    )


def shown(state: State, tool: SimulatedTool, arguments: Any, most: int = SHOWN_CHARS) -> str:
    """The state for a prompt: all of it, or as much as the call has to do with. Valid JSON unless
    even that is longer than `most`."""
    text = json.dumps(state, ensure_ascii=False)
    if len(text) > most:
        touched = {
            name: value
            for name, value in state.items()
            if name in tool.touches or not tool.touches or not isinstance(value, dict)
        }
        text = json.dumps(touched, ensure_ascii=False)
        if len(text) > most:
            text = json.dumps(_named(touched, arguments), ensure_ascii=False)[:most]
    return text


def _named(state: State, arguments: Any) -> State:
    """The records with one of the arguments in them."""
    named = {str(value) for value in _scalars(arguments)}
    kept: State = {}
    for name, records in state.items():
        kept[name] = records
        if isinstance(records, dict):
            kept[name] = {
                key: record
                for key, record in records.items()
                if key in named or named & {str(value) for value in _scalars(record)}
            }
    return kept


def _answered(proposal: Proposal, failure: FailureKind | None, stale: Proposal) -> Result:
    if failure is None:
        content = json.dumps(proposal.result, ensure_ascii=False)
        return Result(content, is_error=proposal.is_error)
    return spoiled(failure, proposal.result, stale.result)


def _scalars(value: Any) -> list[Any]:
    """Values in a JSON value that hold no others."""
    found, rest = [], [value]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            rest.extend(one.values())
        elif isinstance(one, list):
            rest.extend(one)
        else:
            found.append(one)
    return found
