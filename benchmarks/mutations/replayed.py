"""Ways to break a trajectory that are played: other calls, answered by the real environment.

What the tools answer and what becomes of the state is what would have happened, so that only the
goal, over-action, order and provenance can tell."""

import random
from collections.abc import Callable

from datagen.agentic.domains.base import Domain
from datagen.agentic.domains.building import reference_trajectory
from datagen.agentic.nouns import Call, Task, Trajectory, Turn

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
            other = _another(task, key, str(arguments[key]), chance)
            if other:
                calls[place] = Call(name=calls[place].name, arguments={**arguments, key: other})
                return reference_trajectory(task, domain, calls=calls, final=_final(trajectory))
    return None


def _another(task: Task, key: str, value: str, chance: random.Random) -> str:
    """Another record's value of that field; empty where there is none."""
    entity = key.removesuffix("_id") + "s"
    records = task.initial_state.get(entity)
    if not key.endswith("_id") or not isinstance(records, dict):
        return ""
    others = [one for one in records if one != value]
    return chance.choice(others) if others else ""


def _wrong_option(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """One value of an enum is another one of it."""
    calls = list(task.reference)
    for place in chance.sample(range(len(calls)), len(calls)):
        tool = domain.tool(calls[place].name)
        assert tool is not None
        for key, value in calls[place].arguments.items():
            options = tool.input_schema["properties"][key].get("enum") or ()
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
    if not _writes(domain, calls[0]):
        return None
    return reference_trajectory(task, domain, calls=calls, final=_final(trajectory))


def _over_action(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """One more record is changed, the last call but one."""
    extra = _extra_write(task, chance)
    if extra is None:
        return None
    calls = [*task.reference, extra]
    made = reference_trajectory(task, domain, calls=calls, final=_final(trajectory))
    return made if made.final_state != trajectory.final_state else None


def _extra_write(task: Task, chance: random.Random) -> Call | None:
    state = task.initial_state
    used = {str(value) for call in task.reference for value in call.arguments.values()}
    loans = [key for key in state["loans"] if key not in used]
    holds = [
        key
        for key, hold in state["holds"].items()
        if key not in used and hold["status"] != "cancelled"
    ]
    members = [key for key in state["members"] if key not in used]
    choices = [
        Call(name=name, arguments=arguments)
        for name, keys, arguments in (
            ("renew_loan", loans, {"loan_id": chance.choice(loans or [""])}),
            ("return_book", loans, {"loan_id": chance.choice(loans or [""])}),
            ("cancel_hold", holds, {"hold_id": chance.choice(holds or [""])}),
            (
                "update_contact",
                members,
                {"member_id": chance.choice(members or [""]), "phone": "555-0199"},
            ),
        )
        if keys
    ]
    return chance.choice(choices) if choices else None


def _write_twice(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """A loan is renewed twice."""
    twice = [call for call in task.reference if call.name == "renew_loan"]
    if not twice:
        return None
    calls = [*task.reference, twice[0]]
    made = reference_trajectory(task, domain, calls=calls, final=_final(trajectory))
    return made if made.final_state != trajectory.final_state else None


def _granted(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """What the policy forbids is done, and politely declined."""
    if task.kind != "refuse":
        return None
    forbidden = task.rubric.pattern.forbidden
    call = chance.choice(forbidden)
    arguments = dict(call.arguments)
    if call.name in ("checkout_book", "place_hold"):
        arguments.setdefault("member_id", next(iter(task.initial_state["members"])))
        lendable = [k for k, b in task.initial_state["books"].items() if b["available"]]
        arguments.setdefault("book_id", chance.choice(lendable))
    if call.name == "place_hold":
        arguments["branch"] = "Central"
    if call.name == "update_contact":
        arguments["phone"] = "555-0000"
    if call.name == "pay_fine":
        amount = task.initial_state["fines"][arguments["fine_id"]]["amount"]
        arguments |= {"amount": amount, "method": "card"}
    calls = [*task.reference, Call(name=call.name, arguments=arguments)]
    return reference_trajectory(task, domain, calls=calls, final=_final(trajectory))


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


def _writes(domain: Domain, call: Call) -> bool:
    tool = domain.tool(call.name)
    return tool is not None and not tool.read_only


REPLAYED: dict[str, Replay] = {
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
