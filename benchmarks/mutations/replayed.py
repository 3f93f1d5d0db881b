"""Ways to break a trajectory that are played: other calls, answered by the real environment.

What the tools answer and what becomes of the state is what would have happened, so that only the
goal, over-action, order and provenance can tell."""

import itertools
import random
import re
from collections.abc import Callable, Iterator

from benchmarks.mutations.trajectories import calls_of, with_call, with_final
from datagen.agentic.domains.base import Domain
from datagen.agentic.domains.building import reference_trajectory, works
from datagen.agentic.environment.compiled import CompiledEnvironment
from datagen.agentic.nouns import Call, Task, ToolCall, Trajectory, Turn
from datagen.agentic.verify.audit import MOST_TRIES, filled, ids_of, other_writes

Replay = Callable[[Task, Trajectory, Domain, random.Random], Trajectory | None]


def _final(trajectory: Trajectory) -> str:
    return trajectory.turns[-1].content


def _no_op(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """Nothing is called; the last words stay."""
    if not task.reference or task.kind in ("refuse", "no_tool"):
        return None
    return reference_trajectory(task, domain, calls=(), final=_final(trajectory))


def _wrong_entity(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """One call is about another record that there is."""
    calls = list(task.reference)
    for place in chance.sample(range(len(calls)), len(calls)):
        arguments = dict(calls[place].arguments)
        for key in chance.sample(list(arguments), len(arguments)):
            other = _another(task, domain, calls[place], key, chance)
            if other is not None:
                calls[place] = Call(name=calls[place].name, arguments={**arguments, key: other})
                return reference_trajectory(task, domain, calls=calls, final=_final(trajectory))
    return None


def _another(
    task: Task, domain: Domain, call: Call, key: str, chance: random.Random
) -> str | int | None:
    """Another record that a parameter could name; None where there is none."""
    tool = domain.tool(call.name)
    ids = ids_of(domain, tool, key, task.initial_state) if tool is not None else []
    others = [one for one in ids if one != call.arguments[key]]
    return chance.choice(others) if others else None


def _wrong_option(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """One value of an enum is another one of it, in a call that changes something or that tells
    what was asked for."""
    calls = list(task.reference)
    for place in chance.sample(range(len(calls)), len(calls)):
        tool = domain.tool(calls[place].name)
        assert tool is not None
        if tool.read_only and (task.kind == "refuse" or not task.answer):
            continue
        for key, value in calls[place].arguments.items():
            options = tool.input_schema.get("properties", {}).get(key, {}).get("enum") or ()
            if others := [one for one in options if one != value]:
                made = {**calls[place].arguments, key: chance.choice(others)}
                calls[place] = Call(name=calls[place].name, arguments=made)
                return reference_trajectory(task, domain, calls=calls, final=_final(trajectory))
    return None


def _write_skipped(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    writes = [n for n, call in enumerate(task.reference) if _writes(domain, call)]
    if not writes:
        return None
    gone = chance.choice(writes)
    calls = [call for number, call in enumerate(task.reference) if number != gone]
    return reference_trajectory(task, domain, calls=calls, final=_final(trajectory))


def _look_up_skipped(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """A write is made with ids that were never looked up."""
    if task.tier == "single" or task.kind == "parallel":
        return None
    calls = [call for call in task.reference if _writes(domain, call)]
    if not calls or len(calls) == len(task.reference):
        return None
    return reference_trajectory(task, domain, calls=calls, final=_final(trajectory))


def _order_reversed(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """What builds on a look-up comes before it."""
    if task.tier == "single" or task.kind == "parallel" or len(task.reference) < 2:
        return None
    calls = list(reversed(task.reference))
    told = f"{task.opening} {' '.join(task.known.values())}"
    known = all(str(value) in told for value in _plain(calls[0].arguments))
    if not _writes(domain, calls[0]) or known:
        return None
    return reference_trajectory(task, domain, calls=calls, final=_final(trajectory))


def _plain(value: object) -> Iterator[object]:
    """Texts and numbers in a value."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _plain(inner)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield value


def _over_action(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """One more record is changed, the last call but one."""
    for extra in itertools.islice(other_writes(task, domain), MOST_TRIES):
        environment = CompiledEnvironment(domain, trajectory.final_state)
        if not works(environment, ToolCall(id="x", name=extra.name, arguments=extra.arguments)):
            continue
        if environment.changes:
            calls = [*task.reference, extra]
            return reference_trajectory(task, domain, calls=calls, final=_final(trajectory))
    return None


def _write_twice(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """What changes something is done once more: a loan renewed twice, a task made twice."""
    for twice in (call for call in task.reference if _writes(domain, call)):
        made = reference_trajectory(
            task, domain, calls=[*task.reference, twice], final=_final(trajectory)
        )
        if made.final_state != trajectory.final_state:
            return made
    return None


def _granted(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """What the policy forbids is done, and politely declined."""
    if task.kind != "refuse":
        return None
    for wanted in task.rubric.pattern.forbidden:
        tool = domain.tool(wanted.name)
        calls = filled(tool, wanted.arguments, domain, task) if tool is not None else iter(())
        for call in itertools.islice(calls, MOST_TRIES):
            environment = CompiledEnvironment(domain, task.initial_state)
            if works(environment, ToolCall(id="x", name=call.name, arguments=call.arguments)):
                made = [*task.reference, call]
                return reference_trajectory(task, domain, calls=made, final=_final(trajectory))
    return None


def _not_asked(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """What the user did not say is guessed, and guessed right."""
    if task.kind != "clarify":
        return None
    questions = {
        n
        for n, turn in enumerate(trajectory.turns[:-1])
        if turn.role == "assistant" and not turn.tool_calls
    }
    if not questions:
        return None
    gone = questions | {number + 1 for number in questions}
    turns = [turn for number, turn in enumerate(trajectory.turns) if number not in gone]
    return trajectory.model_copy(update={"turns": tuple(turns)})


def _one_by_one(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """Calls that belong into one turn are made in turns of their own."""
    if task.kind != "parallel":
        return None
    other = task.model_copy(update={"kind": "ordinary", "known": {}})
    return reference_trajectory(other, domain, final=_final(trajectory))


def _gives_up(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """A call that failed is not made again; the last words stay."""
    if not trajectory.injected or not task.reference:
        return None
    failed = {
        turn.tool_call_id for turn in trajectory.turns if turn.role == "tool" and turn.is_error
    }
    hit = {call.name for turn in trajectory.turns for call in turn.tool_calls if call.id in failed}
    writes = [call for call in task.reference if call.name in hit and _writes(domain, call)]
    if not writes:
        return None
    turns: list[Turn] = []
    for turn in trajectory.turns:
        again = turn.tool_calls and turns and any(t.is_error for t in turns)
        if again and turn.tool_calls[0].name in hit:
            break
        turns.append(turn)
    if any(turn is trajectory.turns[-1] for turn in turns):
        return None
    turns.append(trajectory.turns[-1])
    answered = {turn.tool_call_id for turn in turns if turn.role == "tool"}
    kept = [c for c in trajectory.changes if c.call_id in answered]
    if len(kept) == len(trajectory.changes):
        return None
    state = reference_trajectory(task, domain, calls=(), final="x").final_state
    update = {"turns": tuple(turns), "changes": (), "final_state": state}
    return trajectory.model_copy(update=update) if not kept else None


def _missing_argument(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """A required argument is not there; one that needn't be given may well be left out."""
    calls = calls_of(trajectory)
    for turn, place, call in chance.sample(calls, len(calls)):
        tool = domain.tool(call.name)
        if tool is None or not isinstance(call.arguments, dict):
            continue
        needed = [k for k in tool.input_schema.get("required", ()) if k in call.arguments]
        if needed:
            gone = chance.choice(needed)
            arguments = {key: value for key, value in call.arguments.items() if key != gone}
            changed = call.model_copy(update={"arguments": arguments})
            return with_call(trajectory, turn, place, changed)
    return None


def _invented_id(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """An id that nobody named, in one call; what the tools answered stays."""
    calls = calls_of(trajectory)
    for turn, place, call in chance.sample(calls, len(calls)):
        tool = domain.tool(call.name)
        if tool is None or not isinstance(call.arguments, dict):
            continue
        for key, value in call.arguments.items():
            if not ids_of(domain, tool, key, task.initial_state):
                continue
            made = _other_digits(value, chance)
            if made != value:
                arguments = {**call.arguments, key: made}
                changed = call.model_copy(update={"arguments": arguments})
                return with_call(trajectory, turn, place, changed)
    return None


def _other_digits(value: object, chance: random.Random) -> object:
    """An id of the same form; the same one where it has no digits."""
    made = re.sub(r"\d", lambda _: str(chance.randrange(1, 10)), str(value))
    return int(made) if isinstance(value, int) else made


def _invented_action(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """The last words tell of a deed of one of the tools that was not called."""
    done = {call.name for _, _, call in calls_of(trajectory)}
    forms = {tool.done for tool in domain.tools if tool.name in done}
    free = [
        tool.done
        for tool in domain.tools
        if not tool.read_only and tool.name not in done and tool.done not in forms
    ]
    if not free:
        return None
    said = f"I have also {chance.choice(free)} the other one for you."
    return with_final(trajectory, f"{_final(trajectory)} {said}")


def _writes(domain: Domain, call: Call) -> bool:
    tool = domain.tool(call.name)
    return tool is not None and not tool.read_only


REPLAYED: dict[str, Replay] = {
    "missing argument": _missing_argument,
    "invented identifier": _invented_id,
    "invented action": _invented_action,
    "no-op": _no_op,
    "wrong entity": _wrong_entity,
    "wrong option": _wrong_option,
    "write skipped": _write_skipped,
    "look-up skipped": _look_up_skipped,
    "order reversed": _order_reversed,
    "over-action": _over_action,
    "write made twice": _write_twice,
    "forbidden call": _granted,
    "nothing asked": _not_asked,
    "one by one": _one_by_one,
    "gives up": _gives_up,
}
