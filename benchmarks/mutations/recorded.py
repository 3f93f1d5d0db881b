"""A public ground truth as it is played: its reference calls, run in its own backend, make a task
and the trajectory that passes it.

The goal is what the calls change, and what they touch and leave as it was: a folder entered and
left."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datagen.agentic.domains.building import changed
from datagen.agentic.environment.patches import diff, leaves, parts
from datagen.agentic.nouns import (
    Assertion,
    Call,
    Persona,
    Rubric,
    StateChange,
    Task,
    ToolCall,
    Trajectory,
    Turn,
)
from datagen.agentic.tools.specs import Provenance, normalise
from datagen.agentic.verify.state import holds
from datagen.schemas import Tool

PERSONA = Persona(name="user", style="plain")
State = dict[str, Any]


@dataclass(frozen=True)
class Played:
    """A reference that was run."""

    task: Task
    trajectory: Trajectory
    tools: list[Tool]
    group: str
    """The part of the data set that it is counted with."""
    looks: frozenset[str]
    """Ids of calls that the reference does not name: look-ups put in, and what was called before
    the task begins."""
    fault: frozenset[str] = frozenset()
    """Arguments that are wrong in the data, as `tool.argument`."""

    def without_looks(self) -> "Played":
        """The reference alone; no look-up changes the state."""
        turns = tuple(
            turn
            for turn in self.trajectory.turns
            if turn.tool_call_id not in self.looks
            and not any(call.id in self.looks for call in turn.tool_calls)
        )
        trajectory = self.trajectory.model_copy(update={"turns": turns})
        return replace(self, trajectory=trajectory, looks=frozenset())


class Recording:
    """Turns and versions of the state, in the order they come to pass."""

    def __init__(self, state: State) -> None:
        self.before = self.state = state
        self.turns: list[Turn] = []
        self.changes: list[StateChange] = []
        self._looks: set[str] = set()
        self._made = 0

    def starts(self, *turns: Turn) -> None:
        """What stands before the task."""
        self.turns += turns
        self._looks |= {call.id for turn in turns for call in turn.tool_calls}

    def says(self, content: str) -> None:
        self.turns.append(Turn(role="assistant", content=content, train=True))

    def hears(self, content: str) -> None:
        self.turns.append(Turn(role="user", content=content))

    def calls(
        self,
        name: str,
        arguments: Mapping[str, Any],
        answer: Callable[[ToolCall], tuple[str, bool, State]],
        *,
        look: bool = False,
    ) -> str:
        """Makes a call and gives what it was answered with; `answer` gives that, whether it is an
        error, and the state after it."""
        given = json.loads(json.dumps(arguments))
        call = ToolCall(id=f"functions.{name}:{self._made}", name=name, arguments=given)
        self._made += 1
        content, is_error, state = answer(call)
        self.turns.append(Turn(role="assistant", tool_calls=(call,), train=True))
        self.turns.append(
            Turn(role="tool", content=content, tool_call_id=call.id, name=name, is_error=is_error)
        )
        if state is not self.state and (patch := diff(self.state, state)):
            number = len(self.changes) + 1
            self.changes.append(StateChange(version=number, call_id=call.id, patch=patch))
        self.state = state
        if look:
            self._looks.add(call.id)
        return content

    def played(
        self,
        name: str,
        domain: str,
        tools: Sequence[Tool],
        *,
        group: str,
        answer: Sequence[str] = (),
        fault: frozenset[str] = frozenset(),
        shown: Callable[[State], State] = lambda state: state,
    ) -> Played:
        """The task and its trajectory; `shown` leaves parts of the states out that no call
        changed."""
        before, after = shown(self.before), shown(self.state)
        opening = next(turn.content for turn in self.turns if turn.role == "user")
        task = Task(
            id=name,
            agent_id="",
            domain=domain,
            kind="ordinary",
            tier="long",
            request=opening,
            opening=opening,
            persona=PERSONA,
            initial_state=before,
            reference=tuple(self._worked()),
            goal=_goal(before, after, self.changes),
            answer=tuple(answer),
            rubric=Rubric(success=("The reference state is reached.",)),
        )
        trajectory = Trajectory(
            task_id=task.id,
            turns=tuple(self.turns),
            final_state=after,
            changes=tuple(self.changes),
        )
        return Played(task, trajectory, list(tools), group, frozenset(self._looks), fault)

    def _worked(self) -> Iterator[Call]:
        """The calls that were answered without an error, look-ups included."""
        failed = {turn.tool_call_id for turn in self.turns if turn.is_error}
        for turn in self.turns:
            for call in turn.tool_calls:
                if call.id not in failed and isinstance(call.arguments, dict):
                    yield Call(name=call.name, arguments=call.arguments)


def tool_row(spec: Mapping[str, Any], server: str, date: str) -> Tool:
    """A tool of the data set, as the repository would hold it."""
    where = Provenance(
        server=server, category="", domain="", licence="", date=date, source={},
        origin="imported", where=spec["name"],
    )  # fmt: skip
    made = normalise(spec, where)
    assert isinstance(made, Tool), made
    return made


def _goal(
    before: Mapping[str, Any], after: Mapping[str, Any], changes: Sequence[StateChange]
) -> tuple[Assertion, ...]:
    """What the reference changes, and what it touches and leaves as it was."""
    changed_ones = changed(before, after)
    known = {one.path for one in changed_ones}
    ends = dict(leaves(after)) | {
        one.path: None for one in changed_ones if one.operator == "absent"
    }
    touched = {
        path
        for change in changes
        for step in change.patch
        for path, _ in leaves(step.get("value"), parts(step["path"]))
    }
    left = [
        Assertion(path=path, value=ends[path])
        if path in ends
        else Assertion(path=path, operator="absent")
        for path in touched - known
        if path in ends or not holds(Assertion(path=path, operator="exists"), after)
    ]
    return (*changed_ones, *left)
