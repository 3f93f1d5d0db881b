"""The multi-turn ground truths of the Berkeley Function Calling Leaderboard.

FOLDER is an unpacked `bfcl-eval` wheel (`pip download --no-deps bfcl-eval`, `unzip`), whose Python
backends this imports. The references take their initial state as known (names of folders, ids of
users, the number of the next order): one look at it stands before the first request. The rules for
provenance were fitted on these trajectories."""

import ast
import contextlib
import importlib
import inspect
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.mutations.faults import BFCL
from benchmarks.mutations.recorded import Played, Recording, State, tool_row
from datagen.agentic.nouns import ToolCall

SETS = ("base", "miss_param", "miss_func", "long_context")
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
Specs = Mapping[str, list[dict[str, Any]]]


def references(root: Path) -> Iterator[Played]:
    """Each reference of the four sets, with a look at the initial state before it."""
    data = root / "bfcl_eval" / "data"
    documents = {
        name: list(_lines(data / "multi_turn_func_doc" / f"{document}.json"))
        for name, (_, document) in BACKENDS.items()
    }
    for name in SETS:
        file = next(data.glob(f"BFCL_v*_multi_turn_{name}.json"))
        truths = {
            one["id"]: one["ground_truth"] for one in _lines(data / "possible_answer" / file.name)
        }
        for one in _lines(file):
            yield _played(one, truths[one["id"]], documents, name)


def _played(
    one: Mapping[str, Any],
    truth: Sequence[Sequence[str]],
    documents: Specs,
    group: str,
) -> Played:
    worlds = {
        name: _world(name, one["initial_config"].get(name, {}), group == "long_context")
        for name in one["involved_classes"]
    }
    specs = [LOOKING, *(spec for name in worlds for spec in documents[name])]
    tools = [
        tool_row({key: spec[key] for key in ("name", "description", "parameters")}, "bfcl", "2026")
        for spec in specs
    ]
    recording = Recording(_snapshot(worlds))
    recording.hears("Have a look at how things stand.")
    stands = (json.dumps(recording.before), False, recording.before)
    recording.calls(LOOK, {}, lambda call: stands, look=True)
    recording.says("I know how things stand.")
    for asked, lines in zip(one["question"], truth, strict=True):
        said = "\n".join(message["content"] for message in asked if message["role"] == "user")
        recording.hears(said or "Go on, you have the function now.")
        for line in lines:
            recording.calls(*_parsed(line, worlds), _answering(worlds))
        recording.says("That is done.")
    fault = BFCL.get(one["id"].rsplit("_", 1)[-1], frozenset())
    return recording.played(one["id"], "bfcl", tools, group=group, fault=fault)


def _world(name: str, config: Mapping[str, Any], long: bool) -> Any:
    prefix = "bfcl_eval.eval_checker.multi_turn_eval.func_source_code"
    made = getattr(importlib.import_module(f"{prefix}.{BACKENDS[name][0]}"), name)()
    if hasattr(made, "_load_scenario"):
        made._load_scenario(json.loads(json.dumps(config)), long_context=long)
    return made


def _answering(worlds: Mapping[str, Any]) -> Callable[[ToolCall], tuple[str, bool, State]]:
    return lambda call: (*_answered(call, worlds), _snapshot(worlds))


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


def _parsed(line: str, worlds: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name and arguments of a call that is written as Python."""
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
    return name, arguments


def _snapshot(worlds: Mapping[str, Any]) -> State:
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


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)
