"""Public ground truths become trajectories: what a reference leaves out is looked up, what it changes
is its goal, and both are counted. The data set is a fake one with the layout of tau2-bench."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.mutations.look_ups import LookUps, Reader, missing_from
from benchmarks.mutations.public import measure_public
from benchmarks.mutations.recorded import Played, Recording, tool_row
from benchmarks.mutations.tau import first_person, opening, thinned
from datagen.agentic.nouns import Call, StateChange, ToolCall, Turn
from datagen.agentic.verify import verify

ROOT = Path(__file__).parents[2]
SHOP = """
import copy
import json
from types import SimpleNamespace as Of

CUSTOMERS = {"C-77": {"customer_id": "C-77", "name": "Ada", "orders": ["O-31"]}}
ORDERS = {"O-31": {"order_id": "O-31", "price": 12.75, "status": "pending"}}
TOOLS = {"find_customer": "name", "get_order": "order_id", "cancel_order": "order_id"}


class Database:
    def __init__(self):
        self.state = copy.deepcopy({"customers": CUSTOMERS, "orders": ORDERS})

    def model_dump(self, mode):
        return copy.deepcopy(self.state)


class Kit:
    db = None

    def tool_type(self, name):
        return "write" if name == "cancel_order" else "read"


class Shop:
    def __init__(self):
        self.tools = Kit()
        self.tools.db = Database()

    def get_policy(self):
        return "Help customers of the shop. Cancel an order if they ask for it."

    def get_tools(self):
        def schema(name, key):
            parameters = {"type": "object", "properties": {key: {"type": "string"}}, "required": [key]}
            return {"function": {"name": name, "description": "Of the shop.", "parameters": parameters}}

        return [Of(name=name, openai_schema=schema(name, key)) for name, key in TOOLS.items()]

    def get_response(self, call):
        state = self.tools.db.state
        if call.name == "find_customer":
            named = [c for c in state["customers"].values() if c["name"] == call.arguments["name"]]
            found = named[0] if named else None
        else:
            found = state["orders"].get(call.arguments["order_id"])
        if found is None:
            return Of(content="Error: not found", error=True)
        if call.name == "cancel_order":
            found["status"] = "cancelled"
        return Of(content=json.dumps(found), error=False)


def get_environment():
    return Shop()


def get_tasks_split():
    return {"base": ["1"], "test": ["1"]}


def get_tasks(split):
    told = Of(
        reason_for_call="You want to cancel your order and know its price.",
        known_info="You are Ada.",
        task_instructions=".",
    )
    cancel = Of(requestor="assistant", name="cancel_order", arguments={"order_id": "O-31"})
    wanted = Of(actions=[cancel], communicate_info=["12.75"])
    scenario = Of(instructions=told)
    return [Of(id="1", initial_state=None, user_scenario=scenario, evaluation_criteria=wanted)]
"""
FAKE = {
    "loguru.py": "class logger:\n    disable = print\n",
    "tau2/__init__.py": "",
    "tau2/data_model/__init__.py": "",
    "tau2/data_model/message.py": "from types import SimpleNamespace as ToolCall\n",
    "tau2/domains/__init__.py": "",
    "tau2/domains/mock/__init__.py": "",
    "tau2/domains/mock/environment.py": SHOP,
}
LOOKS = LookUps(
    [Reader("find_customer", ("name",)), Reader("get_order", ("order_id",))],
    {"customers": [{"name": "Ada"}, {"name": "Bo"}], "orders": [{"order_id": "O-31"}]},
)
ANSWERS = {("find_customer", "Ada"): "orders: O-31", ("get_order", "O-31"): "item: I-9"}


def asked(look: Call) -> str | None:
    return ANSWERS.get((look.name, *map(str, look.arguments.values())))


def test_the_references_of_a_folder_are_counted_with_their_look_ups(tmp_path: Path) -> None:
    for name, text in FAKE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "benchmarks.mutations", "public", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 1, "fifty mutants of each kind are not to be had"
    rows = [line for line in done.stdout.splitlines() if line.startswith("| mock test")]
    assert rows == [
        "| mock test | 1 | 1 | 1 | 1.0000 | 1.0000 | 1.0000 | 0.0000 | 1.0000 | 1.0000 | 0 | 0 (0.0000) |"
    ]
    assert "| invented name | 1 | 1.000 |" in done.stdout


def test_a_folder_that_holds_no_data_set_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not measure_public(tmp_path)
    assert "tau2" in capsys.readouterr().out


def test_what_an_identifier_comes_from_is_looked_up_step_by_step() -> None:
    call = Call(name="return_item", arguments={"order_id": "O-31", "item_id": "I-9"})

    found = LOOKS.before(call, "I am Ada.", asked)

    assert [(look.name, *look.arguments.values()) for look in found] == [
        ("find_customer", "Ada"),
        ("get_order", "O-31"),
    ]


def test_nothing_is_looked_up_that_was_told_or_cannot_be_found() -> None:
    told = Call(name="get_order", arguments={"order_id": "O-31"})
    unknown = Call(name="get_order", arguments={"order_id": "O-99"})

    assert LOOKS.before(told, "It is order O-31.", asked) == []
    assert LOOKS.before(unknown, "I am Ada.", asked) == []


def test_no_look_up_uses_an_identifier_that_was_not_told() -> None:
    """Else the order that is to be found would be found by its own number."""
    call = Call(name="return_item", arguments={"order_id": "O-31", "item_id": "I-9"})

    assert LOOKS.before(call, "I am somebody.", asked) == []


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ({"order_id": "O-31", "city": "Rome", "date": "2026-05-04"}, ["o-31"]),
        ({"passengers": [{"dob": "1980-01-02"}]}, ["1980-01-02"]),
        ({"formula": "12.75 + 3 * 4.5", "address": "5 Elm Street"}, ["12.75", "4.5"]),
        ({"order_id": "o-8"}, []),
    ],
)
def test_identifiers_and_prices_are_what_may_be_missing(
    arguments: dict[str, Any], missing: list[str]
) -> None:
    assert missing_from(arguments, "my order is o-8") == missing


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("You are Ada. Your order is late.", "I am Ada. my order is late."),
        ("If the agent asks you to pay, you're fine.", "If the agent asks me to pay, I'm fine."),
        ("Keep yourself short.", "Keep myself short."),
    ],
)
def test_users_speak_of_themselves(told: str, said: str) -> None:
    assert first_person(told) == said
    assert opening(told) == said


def played() -> Played:
    """A folder is entered and left, a name is set, and one call fails."""
    states = [{"at": "top", "name": "a"}, {"at": "in", "name": "a"}, {"at": "top", "name": "b"}]
    recording = Recording(states[0])
    recording.hears("Go to docs, call it b, come back.")
    specs = [{"name": name, "description": "It.", "parameters": {}} for name in ("enter", "leave")]
    recording.calls("enter", {}, lambda call: ("{}", False, states[1]), look=True)
    recording.calls("leave", {}, lambda call: ("no", True, states[1]))
    recording.calls("leave", {}, lambda call: ("{}", False, states[2]))
    recording.says("That is done.")
    return recording.played("t", "d", [tool_row(s, "s", "2026") for s in specs], group="g")


def test_a_reference_passes_with_what_it_touched_on_the_way() -> None:
    made = played()

    assert [one for one in verify(made.task, made.trajectory, made.tools) if not one.passed] == []
    assert {one.path: one.value for one in made.task.goal} == {("name",): "b", ("at",): "top"}
    assert [call.name for call in made.task.reference] == ["enter", "leave"]


def test_look_ups_and_their_answers_can_be_taken_out() -> None:
    bare = played().without_looks()

    assert [c.name for t in bare.trajectory.turns for c in t.tool_calls] == ["leave", "leave"]
    assert len(bare.trajectory.turns) == len(played().trajectory.turns) - 2


def test_calls_from_before_the_task_are_none_of_the_reference() -> None:
    recording = Recording({})
    call = ToolCall(id="call_1", name="enter", arguments={})
    recording.starts(Turn(role="user", content="Hi."), Turn(role="assistant", tool_calls=(call,)))
    recording.hears("Go on.")

    assert recording.played("t", "d", [], group="g").looks == {"call_1"}


def test_a_large_state_shows_what_changed_and_a_few_records_beside() -> None:
    state = {"orders": {str(n): {"n": n} for n in range(100)}, "plans": ["a"]}
    patch = ({"op": "replace", "path": "/orders/77/n", "value": 1},)
    shown = thinned(state, [StateChange(version=1, call_id="c", patch=patch)])

    assert shown["plans"] == ["a"]
    assert "77" in shown["orders"]
    assert len(shown["orders"]) < 20
