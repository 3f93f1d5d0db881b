"""What the agent did with its tools: known ones, arguments that fit, nothing forbidden, in order,
asked before it acted."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from datagen.agentic.environment.answers import MAX_ARGUMENT_CHARS, argument_size, misfit
from datagen.agentic.environment.patches import same
from datagen.agentic.nouns import Call, Task, ToolCall, Trajectory, Verdict
from datagen.agentic.verify.corpus import find_whole, plain
from datagen.agentic.verify.reasons import failed, passed
from datagen.agentic.verify.toolset import Toolset

MOST_SAME_CALLS = 5
"""Times that a call with the same arguments may be made: a retry after each of a few failures."""


def calls_of(trajectory: Trajectory) -> Iterator[tuple[int, ToolCall]]:
    """(turn, call) of every call."""
    for number, turn in enumerate(trajectory.turns):
        for call in turn.tool_calls:
            yield number, call


def successes(trajectory: Trajectory) -> set[str]:
    """Ids of the calls that were answered without an error."""
    return {t.tool_call_id for t in trajectory.turns if t.role == "tool" and not t.is_error}


def is_like(call: ToolCall, wanted: Call) -> bool:
    """Whether a call has the wanted one's name and at least its arguments."""
    if call.name != wanted.name or not isinstance(call.arguments, dict):
        return call.name == wanted.name and not wanted.arguments
    given = call.arguments
    return all(key in given and _equal(given[key], v) for key, v in wanted.arguments.items())


def known_tool(trajectory: Trajectory, tools: Toolset) -> Verdict:
    for number, call in calls_of(trajectory):
        if call.name not in tools:
            return failed("known_tool", "unknown_tool", call.name, turn=number)
    return passed("known_tool")


def schema(trajectory: Trajectory, tools: Toolset) -> Verdict:
    for number, call in calls_of(trajectory):
        if not isinstance(call.arguments, dict):
            return failed("schema", "not_an_object", call.arguments[:200], turn=number)
        if call.name not in tools:
            continue
        if argument_size(call.arguments) > MAX_ARGUMENT_CHARS:
            return failed("schema", "oversized_arguments", call.name, turn=number)
        if fault := misfit(tools[call.name].validator, call.arguments):
            return failed("schema", "invalid_arguments", f"{call.name}: {fault}", turn=number)
        if more := _undeclared(tools[call.name].schema, call.arguments):
            detail = f"{call.name}: has no parameter {more}"
            return failed("schema", "invalid_arguments", detail, turn=number)
    return passed("schema")


def forbidden(task: Task, trajectory: Trajectory) -> Verdict:
    for number, call in calls_of(trajectory):
        for wanted in task.rubric.pattern.forbidden:
            if is_like(call, wanted):
                return failed("forbidden", "forbidden_call", call.name, turn=number)
    return passed("forbidden")


def order(task: Task, trajectory: Trajectory) -> Verdict:
    worked = successes(trajectory)
    first: dict[str, int] = {}
    done: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for number, call in calls_of(trajectory):
        first.setdefault(call.name, number)
        if call.id in worked:
            done.setdefault(call.name, number)
        key = f"{call.name} {json.dumps(call.arguments, sort_keys=True, default=str)[:2000]}"
        counts[key] += 1
        if counts[key] > MOST_SAME_CALLS:
            return failed("order", "loop", f"{counts[key]} times {key[:100]}", turn=number)
    for before, after in task.rubric.pattern.before:
        if after in first and done.get(before, len(trajectory.turns)) >= first[after]:
            return failed("order", "out_of_order", f"{after} before {before}", turn=first[after])
    return _together(task, trajectory)


def asking(task: Task, trajectory: Trajectory, tools: Toolset) -> Verdict:
    """For `clarify`: what was not said at first is said by the user before it is acted on."""
    if task.kind != "clarify":
        return passed("asking")
    hidden = [value for value in task.known.values() if not _said(value, task.opening)]
    revealed = 0
    for value in hidden:
        said = next(
            (
                n
                for n, t in enumerate(trajectory.turns)
                if t.role == "user" and _said(value, t.content)
            ),
            None,
        )
        if said is None:
            return failed("asking", "acted_without_asking", value)
        revealed = max(revealed, said)
    writes = [n for n, c in calls_of(trajectory) if c.name in tools and tools[c.name].writes]
    planned = [call for call in task.reference if call.name in tools and tools[call.name].writes]
    if writes and len(planned) == 1 and min(writes) < revealed:
        return failed("asking", "acted_without_asking", turn=min(writes))
    return passed("asking")


def _undeclared(wanted: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """A parameter that a schema neither names nor expressly allows: most runtimes refuse it."""
    composed = {"additionalProperties", "patternProperties", "allOf", "anyOf", "oneOf", "$ref"}
    if composed & wanted.keys():
        return ""
    known = wanted.get("properties", {})
    return next((name for name in arguments if name not in known), "")


def _together(task: Task, trajectory: Trajectory) -> Verdict:
    wanted = Counter(task.rubric.pattern.parallel)
    if not wanted:
        return passed("order")
    for turn in trajectory.turns:
        if not wanted - Counter(call.name for call in turn.tool_calls):
            return passed("order")
    return failed("order", "not_parallel", ", ".join(sorted(wanted)))


def _said(value: str, text: str) -> bool:
    return find_whole(plain(text), plain(value).strip()) >= 0


def _equal(given: object, wanted: object) -> bool:
    if isinstance(given, str) and isinstance(wanted, str):
        return given.casefold().strip() == wanted.casefold().strip()
    return same(given, wanted)
