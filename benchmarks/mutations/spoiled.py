"""Ways to break a trajectory of any domain, where nothing is known of its entities.

The state is part of the trajectory, so that what would have become of it is worked out from the
log: a call that is left out takes its changes with it."""

import random
import re
from typing import Any

from benchmarks.mutations.trajectories import (
    IN_EPISODES,
    Mutation,
    calls_of,
    missing_argument,
    with_call,
)
from datagen.agentic.environment.patches import BadPatch, applied
from datagen.agentic.nouns import StateChange, Task, Trajectory
from datagen.agentic.verify.grounding import FREE_TEXT

_ANY = (
    "unknown tool", "wrong type", "extra argument", "broken JSON",
    "unanswered call", "wrong call id", "empty answer", "answer cut", "trajectory cut",
    "leaked token", "invented figure", "call in user's turn", "budget used up", "state untouched",
    "call repeated",
)  # fmt: skip
_STRANGE = ("zephyrquill", "Oglethorpe", "quibblewick", "Vandermeulen", "brassfjord")


def _invented_name(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """A short argument, other than a text of the agent's own, is one that nobody said."""
    return _changed(trajectory, chance, lambda value: _made_up(value, chance))


def _invented_number(
    task: Task, trajectory: Trajectory, chance: random.Random
) -> Trajectory | None:
    """A number argument is one that nobody said."""

    def other(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        made = value + chance.choice((7_391, 90_211, 31_337))
        return made if isinstance(value, int) else made + 0.37

    return _changed(trajectory, chance, other)


def _number_off(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """A number argument is off by a little, and nobody said what it is now."""
    said = {
        float(one)
        for turn in trajectory.turns
        for one in re.findall(r"\d+(?:\.\d+)?", turn.content)
    }

    def other(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if isinstance(value, int):
            made: float = value + chance.choice((1, -1, 2, 3, 7))
        else:
            made = round(value * chance.choice((0.9, 1.1, 1.25, 1.02)) + 0.01, 2)
        return None if float(made) in said else made

    return _changed(trajectory, chance, other)


def _call_left_out(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """A call that changed the state is not made."""
    ids = [change.call_id for change in trajectory.changes]
    if not ids:
        return None
    gone = chance.choice(ids)
    changes = [change for change in trajectory.changes if change.call_id != gone]
    try:
        state: Any = task.initial_state
        for change in changes:
            state = applied(state, change.patch)
    except BadPatch:
        return None
    turns = [
        turn
        for turn in trajectory.turns
        if turn.tool_call_id != gone and not any(call.id == gone for call in turn.tool_calls)
    ]
    if state == trajectory.final_state:
        return None
    update = {"turns": tuple(turns), "changes": tuple(changes), "final_state": state}
    return trajectory.model_copy(update=update)


def _more_changed(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """A value that the reference leaves alone is changed."""
    collections = [key for key, value in trajectory.final_state.items() if isinstance(value, dict)]
    if not collections:
        return None
    key = chance.choice(collections)
    patch = ({"op": "add", "path": f"/{key}/left_behind", "value": chance.randrange(1000)},)
    number = len(trajectory.changes) + 1
    change = StateChange(version=number, call_id="functions.other:0", patch=patch)
    update = {
        "changes": (*trajectory.changes, change),
        "final_state": applied(trajectory.final_state, patch),
    }
    return trajectory.model_copy(update=update)


def _changed(trajectory: Trajectory, chance: random.Random, other: Any) -> Trajectory | None:
    calls = calls_of(trajectory)
    for turn, place, call in chance.sample(calls, len(calls)):
        if not isinstance(call.arguments, dict):
            continue
        for key, value in chance.sample(list(call.arguments.items()), len(call.arguments)):
            made = None if FREE_TEXT.search(key) else other(value)
            if made is not None:
                arguments = {**call.arguments, key: made}
                return with_call(
                    trajectory, turn, place, call.model_copy(update={"arguments": arguments})
                )
    return None


def _made_up(value: Any, chance: random.Random) -> str | None:
    if not isinstance(value, str) or not value or len(value.split()) > 4:
        return None
    strange = chance.choice(_STRANGE)
    suffix = re.search(r"\.\w{1,4}$", value)
    return f"{strange}{suffix[0]}" if suffix else strange


SPOILED: dict[str, Mutation] = {name: IN_EPISODES[name] for name in _ANY} | {
    "missing argument": missing_argument,
    "invented name": _invented_name,
    "invented number": _invented_number,
    "number off": _number_off,
    "call left out": _call_left_out,
    "more changed": _more_changed,
}
