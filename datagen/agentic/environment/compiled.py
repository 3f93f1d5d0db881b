"""A domain's own backends as an environment: no model, the same answer every time.

A call works on a copy of the state; what comes out is checked against the output schema, the
entities' schemas and the invariants before it is committed. Tools of other servers in an agent's
tool set have no backend here: they answer that they can't be reached."""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from jsonschema import Draft202012Validator

from datagen.agentic.domains.base import Domain, Entity, Invariant, Refused, State, ToolSpec
from datagen.agentic.environment.answers import error_text, misfit, refusal
from datagen.agentic.environment.base import EnvironmentFault, EnvironmentKind, Result
from datagen.agentic.environment.failures import BEFORE, FailurePlan, refused_by, spoiled
from datagen.agentic.environment.patches import diff, parts
from datagen.agentic.nouns import InjectedFailure, StateChange, ToolCall
from datagen.stage import Ask


class CompiledEnvironment:
    """One rollout's library, shop or whatever the domain is."""

    kind: EnvironmentKind = "compiled"

    def __init__(
        self,
        domain: Domain,
        state: Mapping[str, Any],
        *,
        failures: Sequence[InjectedFailure] = (),
        others: Mapping[str, Mapping[str, Any]] | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        """`names`: the domain's tools that there are (None: all); `others`: input schemas of tools
        that are listed but belong to no backend, by name."""
        self.domain = domain
        self._state: State = copied(state)
        self._earlier = self._state
        """The version before; reads may come back stale."""
        self._changes: list[StateChange] = []
        self._plan = FailurePlan(failures)
        known = {tool.name: tool for tool in domain.tools}
        self._tools = known if names is None else {n: known[n] for n in names if n in known}
        self._validators = {
            name: validator_of(json.dumps(tool.input_schema)) for name, tool in self._tools.items()
        }
        for name, schema in (others or {}).items():
            if name not in self._tools:
                self._validators[name] = validator_of(json.dumps(schema))

    async def call(self, call: ToolCall, ask: Ask | None = None) -> Result:
        return self.answer_now(call)

    def answer_now(self, call: ToolCall) -> Result:
        """The same, for callers that don't wait."""
        if found := refusal(call, self._validators):
            return found
        tool = self._tools.get(call.name)
        if tool is None:
            return Result(error_text("unavailable", f"{call.name} can't be reached."), True)
        assert isinstance(call.arguments, dict)
        failure = self._plan.next(call.name)
        if failure in BEFORE:
            assert failure is not None
            return refused_by(failure)
        try:
            result = self._run(tool, call)
        except Refused as problem:
            if failure is not None:
                self._plan.withdraw()
            return Result(error_text(problem.code, problem.message), is_error=True)
        if failure is None:
            return Result(json.dumps(result, ensure_ascii=False), is_error=False)
        return spoiled(failure, result, self._stale(tool, call.arguments))

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

    def _run(self, tool: ToolSpec, call: ToolCall) -> Any:
        assert isinstance(call.arguments, dict)
        if tool.read_only:
            return tool.run(self._state, call.arguments)
        after: State = copied(self._state)
        result = tool.run(after, call.arguments)
        patch = diff(self._state, after)
        touched = {parts(change["path"])[:2] for change in patch}
        if fault := state_fault(self.domain, after, touched):
            raise EnvironmentFault(f"{tool.name}: {fault}")
        if patch:
            self._earlier, self._state = self._state, after
            self._changes.append(
                StateChange(version=len(self._changes) + 1, call_id=call.id, patch=patch)
            )
        return result

    def _stale(self, tool: ToolSpec, arguments: Mapping[str, Any]) -> Any:
        try:
            return tool.run(self._earlier, arguments)
        except Refused as problem:
            return {"error": {"code": problem.code, "message": problem.message}}


def copied(value: Any) -> Any:
    """A copy of a JSON value."""
    if isinstance(value, Mapping):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


class StateRules(Protocol):
    """What holds of a state."""

    @property
    def entities(self) -> Sequence[Entity]: ...

    @property
    def invariants(self) -> Sequence[Invariant]: ...


def state_fault(
    rules: StateRules, state: Mapping[str, Any], touched: Collection[tuple[str, ...]] | None = None
) -> str:
    """What is wrong with a state: a record that doesn't fit its schema, a broken invariant.
    `touched`: the records to look at, by collection and id; None: all."""
    for entity in rules.entities:
        records = state.get(entity.name)
        if not isinstance(records, dict):
            return f"{entity.name}: is gone"
        validator = validator_of(json.dumps(entity.schema))
        for key, one in records.items():
            if touched is not None and (entity.name, key) not in touched:
                continue
            if not validator.is_valid(one):
                return f"{entity.name}/{key}: {misfit(validator, one)}"
            if str(one[entity.id_field]) != key:
                return f"{entity.name}/{key}: calls itself {one[entity.id_field]}"
    for invariant in rules.invariants:
        if fault := invariant(dict(state)):
            return fault
    return ""


@lru_cache(maxsize=4096)
def validator_of(schema: str) -> Draft202012Validator:
    """The validator of a schema given as JSON text; made once."""
    return Draft202012Validator(json.loads(schema))
