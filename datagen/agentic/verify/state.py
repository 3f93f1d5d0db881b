"""What became of the state: the goal holds, nothing else changed, the log accounts for it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from datagen.agentic.environment.patches import BadPatch, applied, leaves, parts, pointer, same
from datagen.agentic.nouns import Assertion, Task, Trajectory, Verdict
from datagen.agentic.verify.reasons import failed, passed

_NOTHING = object()


def holds(assertion: Assertion, state: Mapping[str, Any]) -> bool:
    """Whether an assertion holds of a state."""
    found: Any = state
    for key in assertion.path:
        found = _inside(found, key)
        if found is _NOTHING:
            return assertion.operator == "absent"
    value = assertion.value
    if assertion.operator == "exists":
        return True
    if assertion.operator == "absent":
        return False
    if assertion.operator == "equals":
        return _equal(found, value)
    if assertion.operator == "contains":
        return _contains(found, value)
    if assertion.operator == "count":
        return isinstance(found, list | dict | str) and len(found) == value
    if not _is_number(found) or not _is_number(value):
        return False
    return bool(found >= value if assertion.operator == "at_least" else found <= value)


def goal(task: Task, trajectory: Trajectory) -> Verdict:
    missed = [one for one in task.goal if not holds(one, trajectory.final_state)]
    if missed:
        one = missed[0]
        return failed("goal", "goal_not_reached", f"{pointer(one.path)} {one.operator}")
    made = {call.id for turn in trajectory.turns for call in turn.tool_calls}
    stray = next((one.call_id for one in trajectory.changes if one.call_id not in made), None)
    if stray is not None:
        detail = f"a change by {stray or 'nobody'}, which is no call of the trajectory"
        return failed("goal", "log_broken", detail, blame="environment")
    try:
        state: Any = task.initial_state
        for change in trajectory.changes:
            state = applied(state, change.patch)
    except (BadPatch, TypeError) as problem:
        return failed("goal", "log_broken", str(problem), blame="environment")
    if not same(state, trajectory.final_state):
        detail = "the changes do not lead to the final state"
        return failed("goal", "log_broken", detail, blame="environment")
    return passed("goal")


def over_action(task: Task, trajectory: Trajectory) -> Verdict:
    """Every value that was touched, also for a while, belongs to the goal."""
    reason = "changed_more" if task.goal else "state_changed"
    allowed = {one.path for one in task.goal}
    above = {one[:end] for one in allowed for end in range(len(one))}
    for path, on_the_way in _touched(task, trajectory):
        if any(path[:end] in allowed for end in range(len(path) + 1)):
            continue
        if not (on_the_way and path in above):
            return failed("over_action", reason, pointer(path))
    return passed("over_action")


def _touched(task: Task, trajectory: Trajectory) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Paths of values that changed, for good or for a while; and whether it is enough that
    something below is part of the goal: what was made empty first, or moved away."""
    was, now = dict(leaves(task.initial_state)), dict(leaves(trajectory.final_state))
    for path, value in now.items():
        if path not in was or not same(was[path], value):
            yield path, False
    for path in was:
        if path not in now:
            yield path, was[path] == {}
    for change in trajectory.changes:
        for step in change.patch:
            where = parts(str(step.get("path", "")))
            if step.get("op") == "remove":
                yield where, True
            else:
                yield from ((path, one == {}) for path, one in leaves(step.get("value"), where))


def _inside(holder: Any, key: str) -> Any:
    if isinstance(holder, Mapping):
        return holder.get(key, _NOTHING)
    if isinstance(holder, Sequence) and not isinstance(holder, str) and key.isdecimal():
        return holder[int(key)] if int(key) < len(holder) else _NOTHING
    return _NOTHING


def _contains(found: Any, value: Any) -> bool:
    if isinstance(found, str):
        return isinstance(value, str) and value.casefold() in found.casefold()
    if isinstance(found, Mapping):
        return str(value) in found
    return isinstance(found, Sequence) and any(same(one, value) for one in found)


def _equal(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        return bool(abs(one - other) <= 1e-9)
    return same(one, other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
