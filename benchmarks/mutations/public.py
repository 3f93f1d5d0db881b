"""The verifiers on public multi-turn ground truths: the Berkeley Function Calling Leaderboard.

FOLDER is an unpacked `bfcl-eval` wheel (`pip download --no-deps bfcl-eval`, `unzip`). Its reference
calls are run in its own Python backends, which this imports from there; what they answer and what
becomes of their state make a trajectory. A reference call passes if its name, schema and arguments'
provenance pass; a trajectory if all of its calls and the state checks do. Mutants are made of
passing trajectories. Values that no earlier text holds are alarms, also where the data is at fault.
The references take their initial state as known; one look at it is put before the first request,
and what passes without it is told apart.
"""

import ast
import contextlib
import importlib
import inspect
import io
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.mutations.spoiled import SPOILED
from benchmarks.mutations.trajectories import Mutation, calls_of
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
from datagen.agentic.verify import verify
from datagen.agentic.verify.corpus import Corpus
from datagen.agentic.verify.grounding import traced
from datagen.agentic.verify.reasons import REASONS
from datagen.agentic.verify.state import holds
from datagen.agentic.verify.toolset import toolset
from datagen.schemas import Tool

SETS = ("base", "miss_param", "miss_func", "long_context")
CHECKS = (
    "known_tool",
    "schema",
    "grounding",
    "goal",
    "over_action",
    "structure",
    "order",
    "claims",
)
BACKENDS: Mapping[str, tuple[str, str]] = {
    "GorillaFileSystem": ("gorilla_file_system", "gorilla_file_system"),
    "MathAPI": ("math_api", "math_api"),
    "MessageAPI": ("message_api", "message_api"),
    "TwitterAPI": ("posting_api", "posting_api"),
    "TicketAPI": ("ticket_api", "ticket_api"),
    "TradingBot": ("trading_bot", "trading_bot"),
    "TravelAPI": ("travel_booking", "travel_booking"),
    "VehicleControlAPI": ("vehicle_control", "vehicle_control"),
}
"""Class → module and document. Source: constants/executable_backend_config.py of bfcl-eval."""
LOOK = "look_around"
LOOKING = {
    "name": LOOK,
    "description": "Shows how things stand.",
    "parameters": {"type": "dict", "properties": {}},
}
"""The references take their initial state as known (names of folders, ids of users, the number of
the next order): one look at it stands before the first request."""
PERSONA = Persona(name="user", style="plain")


@dataclass
class Played:
    """A reference that was run."""

    task: Task
    trajectory: Trajectory
    tools: list[Tool]
    failed_calls: int = 0
    """Reference calls that their own backend answered with an error."""
    worlds: dict[str, Any] = field(default_factory=dict)


def measure_public(folder: Path) -> bool:
    """Prints pass rates of references and catch rates of mutants; whether the bars hold."""
    root = folder if (folder / "bfcl_eval").is_dir() else folder.parent
    sys.path.insert(0, str(root.resolve()))
    documents = _documents(root / "bfcl_eval" / "data" / "multi_turn_func_doc")
    calls: Counter[str] = Counter()
    trajectories: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    passing: list[Played] = []
    for name in SETS:
        for played in _references(root, name, documents):
            trajectories["all"] += 1
            _count_calls(played, calls, lost)
            verdicts = {v.verifier: v for v in verify(played.task, played.trajectory, played.tools)}
            refused = [check for check in CHECKS if not verdicts[check].passed]
            lost.update(f"trajectory {check}:{verdicts[check].reason}" for check in refused)
            if not refused:
                passing.append(played)
    for what, count in lost.most_common(45):
        say(f"  {count:5d} {what}")
    share = {key: 1 - calls[key] / max(1, calls["all"]) for key in ("schema", "grounding")}
    say(
        f"reference calls: {calls['all']}; schema {share['schema']:.4f}, provenance "
        f"{share['grounding']:.4f}, both {1 - calls['either'] / max(1, calls['all']):.4f}"
    )
    say(
        f"trajectories that pass {', '.join(CHECKS)}: {len(passing)} of {trajectories['all']} "
        f"({len(passing) / max(1, trajectories['all']):.4f})"
    )
    say(f"without the look: {_without_look(root, documents):.4f} of calls pass both")
    caught = _mutants(passing)
    return caught and 1 - calls["either"] / max(1, calls["all"]) >= 0.98


def _without_look(root: Path, documents: Mapping[str, list[dict[str, Any]]]) -> float:
    """Share of the reference calls that pass where the initial state is not shown."""
    calls: Counter[str] = Counter()
    for name in SETS:
        for played in _references(root, name, documents, looks=False):
            _count_calls(played, calls, Counter())
    return 1 - calls["either"] / max(1, calls["all"])


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _mutants(passing: Sequence[Played]) -> bool:
    from benchmarks.mutations.__main__ import table

    made: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    by: dict[str, Counter[str]] = {}
    ways: Mapping[str, Mutation] = SPOILED
    for number, played in enumerate(passing):
        for name, mutate in ways.items():
            mutant = mutate(played.task, played.trajectory, random.Random(f"{number} {name}"))
            if mutant is None or mutant == played.trajectory:
                continue
            if name == "missing argument" and not _needed(played, mutant):
                continue
            verdicts = verify(played.task, mutant, played.tools)
            found = [v.verifier for v in verdicts if not v.passed and v.verifier in REASONS]
            made[name] += 1
            caught[name] += bool(found)
            by.setdefault(name, Counter()).update(found)
    return table(made, caught, by, 0, len(passing))


def _needed(played: Played, mutant: Trajectory) -> bool:
    """Whether the argument that a mutant lacks is one that its tool requires."""
    tools = toolset(played.tools)
    for (_, _, one), (_, _, other) in zip(
        calls_of(played.trajectory), calls_of(mutant), strict=True
    ):
        if isinstance(one.arguments, dict) and isinstance(other.arguments, dict):
            gone = one.arguments.keys() - other.arguments.keys()
            if gone & set(tools[one.name].schema.get("required", ())):
                return True
    return False


def _count_calls(played: Played, calls: Counter[str], lost: Counter[str]) -> None:
    tools = toolset(played.tools)
    nowhere: set[str] = set()
    for one in traced(played.trajectory, tools, Corpus(played.trajectory.turns)):
        if one.span is None:
            nowhere.add(one.call.id)
            lost[f"{one.reason} {one.call.name}.{one.path} = {str(one.value)[:60]}"] += 1
    for turn in played.trajectory.turns:
        for call in turn.tool_calls:
            if call.name == LOOK:
                continue
            calls["all"] += 1
            fits = call.name in tools and tools[call.name].validator.is_valid(call.arguments)
            calls["schema"] += not fits
            calls["grounding"] += call.id in nowhere
            calls["either"] += not fits or call.id in nowhere


def _references(
    root: Path, name: str, documents: Mapping[str, list[dict[str, Any]]], *, looks: bool = True
) -> Iterator[Played]:
    data = root / "bfcl_eval" / "data"
    file = next(data.glob(f"BFCL_v*_multi_turn_{name}.json"))
    truths = {
        one["id"]: one["ground_truth"] for one in _lines(data / "possible_answer" / file.name)
    }
    for one in _lines(file):
        yield _played(one, truths[one["id"]], documents, long=name == "long_context", looks=looks)


def _played(
    one: Mapping[str, Any],
    truth: Sequence[Sequence[str]],
    documents: Mapping[str, list[dict[str, Any]]],
    *,
    long: bool,
    looks: bool,
) -> Played:
    worlds = {
        name: _world(name, one["initial_config"].get(name, {}), long)
        for name in one["involved_classes"]
    }
    raw = [LOOKING, *(spec for name in worlds for spec in documents[name])]
    tools = [tool for spec in raw if isinstance(tool := _tool(spec), Tool)]
    before = _snapshot(worlds)
    look = ToolCall(id=f"functions.{LOOK}:0", name=LOOK, arguments={})
    state, changes = before, list[StateChange]()
    turns = [
        Turn(role="user", content="Have a look at how things stand."),
        Turn(role="assistant", tool_calls=(look,), train=True),
        Turn(role="tool", content=json.dumps(before), tool_call_id=look.id, name=LOOK),
        Turn(role="assistant", content="I know how things stand.", train=True),
    ]
    turns = turns if looks else []
    counter, failures = len(turns), 0
    for asked, lines in zip(one["question"], truth, strict=True):
        said = "\n".join(message["content"] for message in asked if message["role"] == "user")
        turns.append(Turn(role="user", content=said or "Go on, you have the function now."))
        for line in lines:
            call = _parsed(line, worlds, counter)
            counter += 1
            content, is_error = _answered(call, worlds)
            failures += is_error
            turns.append(Turn(role="assistant", tool_calls=(call,), train=True))
            turns.append(
                Turn(
                    role="tool",
                    content=content,
                    tool_call_id=call.id,
                    name=call.name,
                    is_error=is_error,
                )
            )
            after = _snapshot(worlds)
            if patch := diff(state, after):
                changes.append(StateChange(version=len(changes) + 1, call_id=call.id, patch=patch))
            state = after
        turns.append(Turn(role="assistant", content="That is done.", train=True))
    task = Task(
        id=one["id"],
        agent_id="",
        domain="bfcl",
        kind="ordinary",
        tier="long",
        request=turns[0].content,
        opening=turns[0].content,
        persona=PERSONA,
        initial_state=before,
        reference=tuple(
            Call(name=c.name, arguments=c.arguments if isinstance(c.arguments, dict) else {})
            for turn in turns
            for c in turn.tool_calls
        ),
        goal=(*changed(before, state), *_passing(before, state, changes)),
        rubric=Rubric(success=("The reference state is reached.",)),
    )
    trajectory = Trajectory(
        task_id=task.id, turns=tuple(turns), final_state=state, changes=tuple(changes)
    )
    return Played(task, trajectory, tools, failures)


def _passing(
    before: Mapping[str, Any], after: Mapping[str, Any], changes: Sequence[StateChange]
) -> list[Assertion]:
    """What the reference touches and leaves as it was: a folder entered and left."""
    ends = dict(leaves(after)) | {
        one.path: None for one in changed(before, after) if one.operator == "absent"
    }
    touched = {
        path
        for change in changes
        for step in change.patch
        for path, _ in leaves(step.get("value"), parts(step["path"]))
    }
    known = {one.path for one in changed(before, after)}
    return [
        Assertion(path=path, value=ends[path])
        if path in ends
        else Assertion(path=path, operator="absent")
        for path in touched - known
        if path in ends or not holds(Assertion(path=path, operator="exists"), after)
    ]


def _world(name: str, config: Mapping[str, Any], long: bool) -> Any:
    prefix = "bfcl_eval.eval_checker.multi_turn_eval.func_source_code"
    made = getattr(importlib.import_module(f"{prefix}.{BACKENDS[name][0]}"), name)()
    if hasattr(made, "_load_scenario"):
        made._load_scenario(json.loads(json.dumps(config)), long_context=long)
    return made


def _answered(call: ToolCall, worlds: Mapping[str, Any]) -> tuple[str, bool]:
    for world in worlds.values():
        method = getattr(world, call.name, None)
        if method is None:
            continue
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                result = method(**call.arguments) if isinstance(call.arguments, dict) else None
        except Exception as problem:  # whatever their backends raise
            return json.dumps({"error": str(problem)}), True
        error = isinstance(result, dict) and "error" in result
        return json.dumps(result, default=str, ensure_ascii=False), error
    return json.dumps({"error": f"there is no {call.name}"}), True


def _parsed(line: str, worlds: Mapping[str, Any], counter: int) -> ToolCall:
    expression = ast.parse(line.strip(), mode="eval").body
    assert isinstance(expression, ast.Call)
    assert isinstance(expression.func, ast.Name)
    name = expression.func.id
    method = next((m for w in worlds.values() if (m := getattr(w, name, None))), None)
    names = list(inspect.signature(method).parameters) if method else []
    arguments = {
        key: ast.literal_eval(value) for key, value in zip(names, expression.args, strict=False)
    }
    arguments |= {
        word.arg: ast.literal_eval(word.value) for word in expression.keywords if word.arg
    }
    return ToolCall(
        id=f"functions.{name}:{counter}", name=name, arguments=json.loads(json.dumps(arguments))
    )


def _snapshot(worlds: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(vars(world)) for name, world in worlds.items()}


def _plain(value: Any, depth: int = 0) -> Any:
    """A backend's attributes as JSON values; what leads back up is left out."""
    if depth > 40 or isinstance(value, str | int | float | bool) or value is None:
        return value if depth <= 40 else None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner, depth + 1) for inner in value]
    if hasattr(value, "__dict__"):
        kept = {
            k: v
            for k, v in vars(value).items()
            if k not in ("parent", "_parent", "_random", "_api_description")
        }
        return {key: _plain(inner, depth + 1) for key, inner in kept.items()}
    return str(value)


def _documents(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {name: list(_lines(folder / f"{doc}.json")) for name, (_, doc) in BACKENDS.items()}


def _tool(spec: Mapping[str, Any]) -> object:
    raw = {key: spec[key] for key in ("name", "description", "parameters")}
    where = Provenance(
        server="bfcl", category="", domain="", licence="", date="2026-03-23", source={},
        origin="imported", where=spec["name"],
    )  # fmt: skip
    return normalise(raw, where)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)
