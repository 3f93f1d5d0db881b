"""Other look-ups by which an agent can learn what one of the reference's tells it.

A tool that only reads and takes one id is another way where its answer holds all that the
reference's answer holds: the account beside a list of its loans. Only ids that the reference's call
or answer names are tried, so that it stays cheap."""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from datagen.agentic.domains.base import Domain, State, ToolSpec
from datagen.agentic.environment.base import EnvironmentFault
from datagen.agentic.environment.compiled import CompiledEnvironment
from datagen.agentic.nouns import Call, ToolCall

MOST_IDS = 6
"""Ids of one entity that are tried for one look-up."""


def ways(
    domain: Domain, state: State, reference: Sequence[Call], names: Collection[str]
) -> list[tuple[Call, ...]]:
    """For each call of a reference the calls that do as well, itself first."""
    environment = CompiledEnvironment(domain, state)
    reads = [t for t in domain.tools if t.read_only and t.name in names and _parameter(domain, t)]
    found = []
    for call in reference:
        answer = _answered(environment, call)
        tool = domain.tool(call.name)
        others = _others(domain, environment, call, answer, reads)
        found.append((call, *others) if tool is not None and tool.read_only else (call,))
    return found


def _others(
    domain: Domain,
    environment: CompiledEnvironment,
    call: Call,
    answer: Any,
    reads: Sequence[ToolSpec],
) -> Iterator[Call]:
    wanted = set(_leaves(answer))
    if not wanted:
        return
    told = {value for _, value in wanted} | {json.dumps(v) for v in call.arguments.values()}
    for tool in reads:
        parameter, entity = _parameter(domain, tool) or ("", "")
        if tool.name == call.name:
            continue
        ids = [one for one in environment.state[entity] if json.dumps(one) in told]
        for one in ids[:MOST_IDS]:
            other = Call(name=tool.name, arguments={parameter: one})
            if wanted <= set(_leaves(_answered(environment, other))):
                yield other


def _parameter(domain: Domain, tool: ToolSpec) -> tuple[str, str] | None:
    """The one parameter that a tool needs, and the entity whose ids it takes."""
    needed = list(tool.input_schema.get("required", ()))
    if len(needed) != 1:
        return None
    [name] = needed
    kind = tool.input_schema["properties"].get(name, {}).get("type")
    named = tool.refers.get(name, "")
    for entity in domain.entities:
        if kind == "string" and (named == entity.name or name == entity.id_field):
            return name, entity.name
    return None


def _answered(environment: CompiledEnvironment, call: Call) -> Any:
    """What a call is answered; None for an error."""
    made = ToolCall(id="way", name=call.name, arguments=dict(call.arguments))
    try:
        result = environment.answer_now(made)
    except EnvironmentFault:
        return None
    return None if result.is_error else json.loads(result.content)


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """(key, value as JSON) of everything that is no object or list."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, key)
    elif value is not None:
        yield key, json.dumps(value)
