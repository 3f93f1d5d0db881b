"""What a model proposes as a tool's answer, and whether it may be committed.

A proposal is a result with a patch of the state, or one of the tool's declared errors. Checked, in
this order: JSON, size, output schema, patch schema, `readOnlyHint`, whole collections, JSON types
of replaced values, growth, the entities' schemas, invariants, and whether whole records in the
result, and a `not_found`, are what the state says. What fails is named, so that the model can be
asked again. Not covered: records that a list lacks, and values that belong to no record."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from datagen.agentic.domains.base import Entity, Invariant, State
from datagen.agentic.environment.answers import MESSAGE_CHARS, misfit, oddity
from datagen.agentic.environment.compiled import state_fault, validator_of
from datagen.agentic.environment.patches import (
    PATCH_SCHEMA,
    BadPatch,
    Patch,
    applied,
    parts,
    refuse_wholesale,
    same,
)
from datagen.engines.base import Completion

MAX_PROPOSAL_CHARS = 40_000
"""Longest answer that is read; a page of records has a tenth of it."""
MOST_GROWTH = 8_000
"""Characters that one patch may add to the state: some ten records."""
STATE_CHARS = 200_000
"""Longest state, as JSON; several times what a prompt can show."""
DEFAULT_ERRORS = (("not_found", "there is no such record"), ("not_possible", "it can't be done"))


@dataclass(frozen=True, slots=True)
class SimulatedTool:
    """A tool that a model answers for."""

    name: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    """Empty: any JSON value."""
    read_only: bool
    errors: tuple[tuple[str, str], ...] = DEFAULT_ERRORS
    """(code, when); empty: it always has a result."""
    touches: tuple[str, ...] = ()
    """Collections that it reads or writes, where that is known."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds of a state: records fit their schemas, invariants hold."""

    entities: Sequence[Entity] = ()
    invariants: Sequence[Invariant] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """An answer that may be committed."""

    result: Any
    is_error: bool
    patch: Patch
    after: State
    """The state with the patch applied."""


class Refusal(Exception):
    """Why a proposal can't be used, in words for the model."""


def proposal_schema(tool: SimulatedTool) -> dict[str, Any]:
    """JSON Schema of a proposal for the tool, as engines are asked for it.

    Without the bounds on lengths that are checked afterwards: grammars made of them are slow."""
    step = _closed({"op": {"enum": ["add", "replace", "remove"]}, "path": {"type": "string"}})
    step["properties"]["value"] = {}
    patch: dict[str, Any] = {"type": "array", "items": step}
    if tool.read_only:
        patch["maxItems"] = 0
    done = _closed({"result": dict(tool.output_schema), "state_patch": patch})
    return {"anyOf": [done, _error_schema(tool)]} if tool.errors else done


def _error_schema(tool: SimulatedTool) -> dict[str, Any]:
    code = {"enum": [code for code, _ in tool.errors]}
    return _closed({"error": _closed({"code": code, "message": {"type": "string"}})})


def checked(
    completion: Completion,
    tool: SimulatedTool,
    arguments: Mapping[str, Any],
    state: State,
    rules: Rules,
) -> Proposal:
    """What the completion proposes as an answer to a call. Raises `Refusal`."""
    answer = _read(completion)
    if "error" in answer:
        return _error(answer, tool, arguments, state, rules)
    if set(answer) != {"result", "state_patch"}:
        raise Refusal("the answer needs `result` and `state_patch`, or `error`, and nothing else")
    if fault := misfit(_validator(tool.output_schema), answer["result"]):
        raise Refusal(f"the result doesn't fit the output schema: {fault}")
    patch = answer["state_patch"]
    if fault := misfit(_validator(PATCH_SCHEMA), patch):
        raise Refusal(f"the patch is no JSON Patch: {fault}")
    if tool.read_only and patch:
        raise Refusal(f"{tool.name} is read-only: its patch must be empty")
    after = _after(patch, state, rules)
    if fault := _record_fault(answer["result"], after, rules):
        raise Refusal(f"the result tells something else than the state: {fault}")
    return Proposal(answer["result"], False, tuple(patch), after)


def _error(
    answer: dict[str, Any],
    tool: SimulatedTool,
    arguments: Mapping[str, Any],
    state: State,
    rules: Rules,
) -> Proposal:
    if not tool.errors:
        raise Refusal(f"{tool.name} has no errors: what finds nothing has an empty result")
    if fault := misfit(_validator(_error_schema(tool)), answer):
        raise Refusal(f"the error doesn't fit: {fault}")
    if len(answer["error"]["message"]) > MESSAGE_CHARS:
        raise Refusal(f"the error's message has over {MESSAGE_CHARS} characters")
    if answer["error"]["code"] == "not_found" and (key := _present(arguments, state, rules)):
        raise Refusal(f"{key} is in the state")
    return Proposal(answer, True, (), state)


def _read(completion: Completion) -> dict[str, Any]:
    if completion.finish_reason == "length":
        raise Refusal("the answer was cut off: make it shorter")
    if len(completion.text) > MAX_PROPOSAL_CHARS:
        raise Refusal(f"the answer has over {MAX_PROPOSAL_CHARS:,} characters")
    try:
        answer = json.loads(completion.text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise Refusal("the answer is no JSON object") from problem
    if not isinstance(answer, dict):
        raise Refusal("the answer is no JSON object")
    if odd := oddity(answer):
        raise Refusal(f"the answer holds a value that is {odd.replace('_', ' ')}")
    return answer


def _after(patch: Sequence[Mapping[str, Any]], state: State, rules: Rules) -> State:
    """The state with a patch applied that may be."""
    if not patch:
        return state
    try:
        refuse_wholesale(state, patch)
        after: State = applied(state, patch)
    except BadPatch as problem:
        raise Refusal(f"the patch can't be applied: {problem}") from problem
    if fault := _type_fault(patch, state, after) or _size_fault(state, after):
        raise Refusal(fault)
    try:
        fault = state_fault(rules, after)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        # an invariant met a record it has no schema for, and the patch broke it
        fault = f"the state can't be read any more ({type(problem).__name__}: {problem})"
    if fault:
        raise Refusal(f"the state would break its rules: {fault}")
    return after


def _present(arguments: Mapping[str, Any], state: State, rules: Rules) -> str:
    """An id that the call names, if all that it names are there; empty where one is missing or
    none is named."""
    ids = {entity.id_field: entity.name for entity in rules.entities}
    named = [(ids[name], value) for name, value in arguments.items() if name in ids]
    there = [str(key) for name, key in named if key in state.get(name, {})]
    return there[0] if named and len(there) == len(named) else ""


def _record_fault(result: Any, state: State, rules: Rules) -> str:
    """A record in the result that isn't the state's. Records are told by their fields."""
    fields = {frozenset(entity.schema.get("properties", {})): entity for entity in rules.entities}
    rest = [result]
    while rest:
        value = rest.pop()
        if isinstance(value, dict) and (entity := fields.get(frozenset(value))) is not None:
            key = value[entity.id_field]
            found = state[entity.name].get(key) if isinstance(key, str) else None
            if found is None:
                return f"there is no {str(key)[:40]}"
            wrong = [name for name in value if not same(value[name], found[name])]
            if wrong:
                return f"{key}: {wrong[0]} is {json.dumps(found[wrong[0]])[:100]}"
        elif isinstance(value, dict):
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)
    return ""


def _type_fault(patch: Sequence[Mapping[str, Any]], before: State, after: State) -> str:
    """A value that was replaced by one of another JSON type."""
    for change in patch:
        keys = parts(str(change["path"]))
        was, now = _value(before, keys), _value(after, keys)
        if was is not None and now is not None and _json_type(was) != _json_type(now):
            return f"{change['path']}: was {_json_type(was)}, can't become {_json_type(now)}"
    return ""


def _size_fault(before: State, after: State) -> str:
    was, now = (len(json.dumps(state, ensure_ascii=False)) for state in (before, after))
    if now - was > MOST_GROWTH or now > max(STATE_CHARS, was):
        return f"the patch makes the state grow by {now - was:,} characters"
    return ""


def _value(state: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        if isinstance(state, dict) and key in state:
            state = state[key]
        elif isinstance(state, list) and key.isdecimal() and int(key) < len(state):
            state = state[int(key)]
        else:
            return None
    return state


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number"
    for kind, name in ((str, "text"), (list, "a list"), (dict, "an object")):
        if isinstance(value, kind):
            return name
    return "null"


def _validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    return validator_of(json.dumps(schema))


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
