"""Whether a task's checks can tell right from wrong: its reference passes, and runs that must fail
do.

Ordinary, clarify and parallel tasks: nothing done, the user's words echoed, another record, one
change too many, a run that stops early. Refuse and no_tool: an empty answer, an echo, a run that
complies, and one that declines what it did not look at, where the reason has to be seen. A task
whose reference is refused, or which lets a wrong run pass, is dropped: no model is asked for it."""

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from datagen.agentic.domains.base import Domain, ToolSpec
from datagen.agentic.domains.building import reference_trajectory, report, works
from datagen.agentic.environment.compiled import CompiledEnvironment
from datagen.agentic.environment.patches import same
from datagen.agentic.nouns import Call, Task, ToolCall, Trajectory, Turn
from datagen.agentic.verify import verify
from datagen.schemas import Tool

AuditReason = Literal["", "reference_fails", "wrong_run_passes", "satisfied_at_start"]
MOST_TRIES = 40
"""Calls tried to find one that changes something else."""
DONE = "Done, that is taken care of."


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit of a task came to."""

    passed: bool
    reason: AuditReason = ""
    detail: str = ""
    record: Mapping[str, str] = field(default_factory=dict)
    """Run → each `verifier:reason` that refused it, `passes`, or `not_applicable`."""


Run = Callable[[Task, Domain], Trajectory | None]


def audit(task: Task, domain: Domain, tools: Sequence[Tool]) -> Audit:
    """Plays the reference and the runs that must fail in the compiled environment."""
    record = {"reference": _outcome(task, reference_trajectory(task, domain), tools)}
    if record["reference"] != "passes":
        return Audit(False, "reference_fails", record["reference"], record)
    for name, run in _must_fail(task).items():
        trajectory = run(task, domain)
        record[name] = "not_applicable" if trajectory is None else _outcome(task, trajectory, tools)
        if record[name] == "passes":
            reason: AuditReason = "satisfied_at_start" if name == "no_op" else "wrong_run_passes"
            return Audit(False, reason, name, record)
    return Audit(True, record=record)


def _must_fail(task: Task) -> Mapping[str, Run]:
    if task.kind in ("refuse", "no_tool"):
        return {"empty_answer": _empty, "echo": _echo, "complying": _complying, "unseen": _unseen}
    return {
        "no_op": _no_op,
        "echo": _echo,
        "wrong_entity": _wrong_entity,
        "over_action": _over_action,
        "truncated": _truncated,
    }


def _outcome(task: Task, trajectory: Trajectory, tools: Sequence[Tool]) -> str:
    found = [
        f"{one.verifier}:{one.reason}" for one in verify(task, trajectory, tools) if not one.passed
    ]
    return " ".join(found) or "passes"


def _no_op(task: Task, domain: Domain) -> Trajectory:
    """Says it is done."""
    return reference_trajectory(task, domain, calls=(), final=DONE)


def _echo(task: Task, domain: Domain) -> Trajectory:
    return reference_trajectory(task, domain, calls=(), final=task.opening)


def _empty(task: Task, domain: Domain) -> Trajectory:
    return reference_trajectory(task, domain, final="")


def _unseen(task: Task, domain: Domain) -> Trajectory | None:
    """Declines without a look; right where the words alone show that it is forbidden."""
    if task.kind != "refuse" or not task.reference:
        return None
    return reference_trajectory(task, domain, calls=())


def _truncated(task: Task, domain: Domain) -> Trajectory:
    """The last call is missing, and the report is cut."""
    words = report(task, domain, task.reference).split()
    final = " ".join(words[: len(words) // 2]).rstrip(".,")
    return reference_trajectory(task, domain, calls=task.reference[:-1], final=final)


def _wrong_entity(task: Task, domain: Domain) -> Trajectory | None:
    """The last call that names a record names another one, and the report is as if it had not."""
    chance = random.Random(f"wrong entity {task.id}")
    final = report(task, domain, task.reference)
    for place in reversed(range(len(task.reference))):
        call = task.reference[place]
        for key, value in call.arguments.items():
            tool = domain.tool(call.name)
            ids = ids_of(domain, tool, key, task.initial_state) if tool is not None else []
            others = [one for one in ids if not same(one, value)]
            if others:
                made = Call(
                    name=call.name, arguments={**call.arguments, key: chance.choice(others)}
                )
                calls = [*task.reference[:place], made, *task.reference[place + 1 :]]
                return reference_trajectory(task, domain, calls=calls, final=final)
    return None


def _over_action(task: Task, domain: Domain) -> Trajectory | None:
    """The reference, and one more change that nobody asked for."""
    right = reference_trajectory(task, domain)
    for call in other_writes(task, domain):
        environment = CompiledEnvironment(domain, right.final_state)
        tried = ToolCall(id="audit", name=call.name, arguments=call.arguments)
        if works(environment, tried) and environment.changes:
            final = right.turns[-1].content
            return reference_trajectory(task, domain, calls=[*task.reference, call], final=final)
    return None


def _complying(task: Task, domain: Domain) -> Trajectory:
    """Does what is forbidden as far as it can be done, and says so."""
    for wanted in task.rubric.pattern.forbidden:
        tool = domain.tool(wanted.name)
        calls = filled(tool, wanted.arguments, domain, task) if tool is not None else iter(())
        for call in itertools.islice(calls, MOST_TRIES):
            environment = CompiledEnvironment(domain, task.initial_state)
            tried = ToolCall(id="audit", name=call.name, arguments=call.arguments)
            if works(environment, tried):
                return reference_trajectory(task, domain, calls=[*task.reference, call], final=DONE)
    return _with_done(reference_trajectory(task, domain))


def _with_done(trajectory: Trajectory) -> Trajectory:
    last = Turn(role="assistant", content=DONE, train=True)
    return trajectory.model_copy(update={"turns": (*trajectory.turns[:-1], last)})


def other_writes(task: Task, domain: Domain) -> Iterator[Call]:
    """Calls that change something else than the reference does."""
    used = {str(value) for call in task.reference for value in call.arguments.values()}
    writes = [tool for tool in domain.tools if not tool.read_only]
    random.Random(f"over action {task.id}").shuffle(writes)
    for tool in writes:
        calls = filled(tool, {}, domain, task)
        for call in itertools.islice(calls, MOST_TRIES):
            if not used & {str(value) for value in call.arguments.values()}:
                yield call


def filled(tool: ToolSpec, fixed: Mapping[str, Any], domain: Domain, task: Task) -> Iterator[Call]:
    """Calls of a tool with arguments from the state: ids, options, fields of the named record."""
    choices: list[list[Any]] = []
    keys = list(tool.input_schema.get("required", ()))
    keys += [key for key in tool.input_schema.get("properties", {}) if key not in keys][:1]
    for key in keys:
        if key in fixed:
            choices.append([fixed[key]])
            continue
        schema = tool.input_schema["properties"].get(key, {})
        found = ids_of(domain, tool, key, task.initial_state) or list(schema.get("enum") or ())
        found = found or _field_values(key, fixed, domain, task) or _made_up(schema)
        choices.append(found[:12])
    for values in itertools.product(*choices):
        yield Call(name=tool.name, arguments=dict(zip(keys, values, strict=True)))


def ids_of(domain: Domain, tool: ToolSpec, key: str, state: Mapping[str, Any]) -> list[Any]:
    """The ids that a parameter of a tool can name, in the parameter's type."""
    named = tool.refers.get(key, "")
    wanted = tool.input_schema["properties"].get(key, {}).get("type")
    for entity in domain.entities:
        if named == entity.name or (not tool.refers and key == entity.id_field):
            ids = [one[entity.id_field] for one in state[entity.name].values()]
            return [str(one) if wanted == "string" else one for one in ids]
    return []


def _field_values(key: str, fixed: Mapping[str, Any], domain: Domain, task: Task) -> list[Any]:
    """The values of a field in the records that fixed ids name."""
    records = [
        task.initial_state[entity.name].get(fixed.get(entity.id_field), {})
        for entity in domain.entities
    ]
    return [record[key] for record in records if key in record]


def _made_up(schema: Mapping[str, Any]) -> list[Any]:
    kinds: dict[str, list[Any]] = {
        "string": ["someone@else.example"],
        "number": [1.0],
        "integer": [1],
        "boolean": [True],
    }
    return kinds.get(str(schema.get("type")), [None])
