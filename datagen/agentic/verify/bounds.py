"""How much of a trajectory verifiers read, so that their time is bounded whatever a model wrote.

Trajectories within the bounds pass through untouched. Of larger ones the start is kept and
`structure` fails, so that nothing is accepted that was not read."""

from collections.abc import Mapping
from typing import Any

from datagen.agentic.environment.answers import MAX_ARGUMENT_CHARS, argument_size
from datagen.agentic.nouns import ToolCall, Trajectory, Turn
from datagen.agentic.verify.corpus import MAX_SOURCE_CHARS

MAX_CHARS: Mapping[str, int] = {"assistant": 20_000, "user": MAX_SOURCE_CHARS}
"""Of one turn. Chosen: of the agent several pages, more than a user would read; of the user, who
may paste documents, what the other sources are read to. What tools answer is cut there too, and
may be longer."""
MAX_CALLS = 1_000
"""Of a trajectory. Chosen: ten times a generous budget of calls."""
MAX_TURNS = 3_000
"""Of a trajectory. Chosen: each call in a turn of its own, with its answer, and as many words."""
MAX_DEPTH = 50
"""Of arguments. Chosen: far above real schemas, far below the stack."""
LARGEST_NUMBER = 1e300
"""Above it, whole numbers have no float that arithmetic could work with."""


def oversized(trajectory: Trajectory) -> str:
    """What exceeds the bounds, in words; empty if nothing does."""
    if len(trajectory.turns) > MAX_TURNS:
        return f"{len(trajectory.turns)} turns, at most {MAX_TURNS} are read"
    calls = [call for turn in trajectory.turns for call in turn.tool_calls]
    if len(calls) > MAX_CALLS:
        return f"{len(calls)} calls, at most {MAX_CALLS} are read"
    for turn in trajectory.turns:
        if len(turn.content) > MAX_CHARS.get(turn.role, len(turn.content)):
            return f"{len(turn.content)} characters in one turn of the {turn.role}"
    return next((fault for call in calls if (fault := _excess(call.arguments))), "")


def within(trajectory: Trajectory) -> Trajectory:
    """The part of a trajectory that is read: the same one where all of it is; without the arguments
    that exceed the bounds."""
    if not oversized(trajectory):
        return trajectory
    left, turns = MAX_CALLS, list[Turn]()
    for turn in trajectory.turns[:MAX_TURNS]:
        calls = tuple(_cut(call) for call in turn.tool_calls[:left])
        left -= len(calls)
        said = turn.content[: MAX_CHARS.get(turn.role)]
        turns.append(turn.model_copy(update={"content": said, "tool_calls": calls}))
    return trajectory.model_copy(update={"turns": tuple(turns)})


def _cut(call: ToolCall) -> ToolCall:
    return call.model_copy(update={"arguments": {}}) if _excess(call.arguments) else call


def _excess(arguments: Any) -> str:
    """How arguments exceed the bounds; breadth first, so that no depth of theirs reaches the
    stack."""
    if argument_size(arguments) > MAX_ARGUMENT_CHARS:
        return f"arguments over {MAX_ARGUMENT_CHARS} characters"
    level = [arguments]
    for _ in range(MAX_DEPTH):
        if any(isinstance(v, int | float) and abs(v) > LARGEST_NUMBER for v in level):
            return f"a number beyond {LARGEST_NUMBER:g}"
        level = [inner for value in level for inner in _parts(value)]
    return f"arguments nested deeper than {MAX_DEPTH}" if level else ""


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []
