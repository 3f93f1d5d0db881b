"""The simulated environment commits what the rules allow and nothing else."""

import json
import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from datagen.agentic.compiled_ground import CompiledGround, EnvironmentWorld
from datagen.agentic.domains import load_domain
from datagen.agentic.domains.base import Entity
from datagen.agentic.domains.building import Wanted, reference_trajectory
from datagen.agentic.domains.tasks import draw_task
from datagen.agentic.environment.base import EnvironmentFault
from datagen.agentic.environment.proposals import Rules, SimulatedTool, proposal_schema
from datagen.agentic.environment.simulated import SimulatedEnvironment, shown, simulated_tool
from datagen.agentic.nouns import AgentSpec, InjectedFailure, Persona, ToolCall, Turn
from datagen.agentic.rollout import EnvironmentBroken
from datagen.agentic.simulated_ground import SimulatedGround
from datagen.engines.base import Completion, Request

LAMP = {
    "type": "object",
    "properties": {
        "lamp_id": {"type": "string"},
        "on": {"type": "boolean"},
        "level": {"type": "number", "minimum": 0, "maximum": 100},
    },
    "required": ["lamp_id", "on", "level"],
    "additionalProperties": False,
}
BY_ID = {
    "type": "object",
    "properties": {"lamp_id": {"type": "string"}},
    "required": ["lamp_id"],
    "additionalProperties": False,
}
RULES = Rules(
    entities=(Entity("lamps", "lamp_id", "P-", LAMP),),
    invariants=(lambda state: "the house is too bright" if state["total"]["level"] > 100 else "",),
)
STATE: dict[str, Any] = {
    "lamps": {f"P-{n}": {"lamp_id": f"P-{n}", "on": False, "level": 0} for n in range(8)},
    "total": {"level": 0},
}
TOOLS = (
    SimulatedTool("get_lamp", "Reads a lamp.", BY_ID, LAMP, read_only=True),
    SimulatedTool("switch_on", "Switches a lamp on.", BY_ID, LAMP, read_only=False),
)


class Model:
    """Answers in turn, the last one for good; keeps what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = [a if isinstance(a, str | Completion) else json.dumps(a) for a in answers]
        self.requests: list[Request] = []

    async def __call__(self, role: str, request: Request) -> Completion:
        assert role == "environment"
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        return answer if isinstance(answer, Completion) else Completion(answer)


def world(*failures: InjectedFailure) -> SimulatedEnvironment:
    return SimulatedEnvironment(TOOLS, STATE, rules=RULES, failures=failures, row="r", seed=1)


def call(name: str, number: int = 0, **arguments: Any) -> ToolCall:
    return ToolCall(id=f"functions.{name}:{number}", name=name, arguments=arguments)


def lamp(key: str = "P-1", on: bool = False, level: Any = 0) -> dict[str, Any]:
    return {"lamp_id": key, "on": on, "level": level}


def switched(key: str = "P-1") -> dict[str, Any]:
    patch = [{"op": "replace", "path": f"/lamps/{key}/on", "value": True}]
    return {"result": lamp(key, on=True), "state_patch": patch}


def read(key: str = "P-1") -> dict[str, Any]:
    return {"result": lamp(key), "state_patch": []}


async def test_a_proposal_that_fits_is_committed_with_its_patch() -> None:
    environment = world()
    result = await environment.call(call("switch_on", lamp_id="P-1"), Model(switched()))
    assert not result.is_error
    assert json.loads(result.content)["on"] is True
    assert environment.state["lamps"]["P-1"]["on"] is True
    assert environment.version == 1
    assert environment.changes[0].patch == tuple(switched()["state_patch"])
    assert STATE["lamps"]["P-1"]["on"] is False


async def test_equal_reads_at_one_version_are_answered_alike_and_asked_once() -> None:
    environment, model = (
        world(),
        Model(read(), switched(), {"result": lamp(on=True), "state_patch": []}),
    )
    first = await environment.call(call("get_lamp", lamp_id="P-1"), model)
    second = await environment.call(call("get_lamp", 1, lamp_id="P-1"), model)
    assert first.content == second.content
    assert len(model.requests) == 1
    await environment.call(call("switch_on", 2, lamp_id="P-1"), model)
    third = await environment.call(call("get_lamp", 3, lamp_id="P-1"), model)
    assert third.content != first.content
    assert len(model.requests) == 3


async def test_a_refused_proposal_is_asked_for_again_with_its_fault_named() -> None:
    environment = world()
    model = Model({"result": lamp(on=True), "state_patch": switched()["state_patch"]}, read())
    await environment.call(call("get_lamp", lamp_id="P-1"), model)
    assert "read-only" in model.requests[1].messages[-1].content
    assert model.requests[0].sampling.seed != model.requests[1].sampling.seed
    assert environment.version == 0


def patched(*patch: Any) -> dict[str, Any]:
    return {"result": lamp(on=True), "state_patch": list(patch)}


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("", "no JSON object"),
        ("[]", "no JSON object"),
        (
            '{"result": {"lamp_id": "P-1", "on": true, "level": NaN}, "state_patch": []}',
            "no JSON object",
        ),
        ("[" * 30_000, "no JSON object"),
        (
            '{"result": {"lamp_id": "P-1", "on": true, "level": 1e999}, "state_patch": []}',
            "not finite",
        ),
        ('{"result": {"lamp_id": "\\ud83d"}, "state_patch": []}', "half a character"),
        ('{"result": {"\\ud83d": 1}, "state_patch": []}', "half a character"),
        ('{"result": ' + "[" * 700 + "]" * 700 + ', "state_patch": []}', "too deep"),
        ('{"result": {}, "state_patch": ' + "9" * 5_000 + "}", "no JSON object"),
        ("x" * 1_000_000, "characters"),
        (Completion('{"result"', "length"), "cut off"),
        ({"result": lamp()}, "needs"),
        ({"result": lamp(), "state_patch": [], "more": 1}, "needs"),
        ({"result": {"lamp_id": "P-1"}, "state_patch": []}, "output schema"),
        ({"result": lamp(), "state_patch": {}}, "no JSON Patch"),
        (
            {"result": lamp(), "state_patch": [{"op": "move", "path": "/lamps/P-1"}]},
            "no JSON Patch",
        ),
        ({"result": lamp(on=True), "state_patch": []}, "on is false"),
        ({"result": lamp("P-99"), "state_patch": []}, "there is no P-99"),
        ({"error": {"code": "not_found", "message": "?"}}, "P-1 is in the state"),
        ({"error": {"code": "not_possible", "message": "x" * 1_000}}, "characters"),
        ({"error": {"code": "made_up", "message": "?"}}, "error doesn't fit"),
        (patched(*({"op": "remove", "path": f"/lamps/P-{n}"} for n in range(8))), "removes 8"),
        (patched({"op": "replace", "path": "/lamps", "value": {}}), "whole collection"),
        (patched({"op": "remove", "path": "/lamps"}), "whole collection"),
        (patched({"op": "replace", "path": "/", "value": {}}), "whole collection"),
        (patched({"op": "replace", "path": "/lamps/P-99/on", "value": True}), "no P-99"),
        (patched({"op": "replace", "path": "/lamps/P-1/on", "value": "yes"}), "can't become text"),
        (patched({"op": "replace", "path": "/lamps/P-1/level", "value": 101}), "break its rules"),
        (patched({"op": "add", "path": "/lamps/P-1/colour", "value": "red"}), "break its rules"),
        (patched({"op": "add", "path": "/lamps/P-9", "value": lamp("P-8")}), "calls itself"),
        (patched({"op": "replace", "path": "/total/level", "value": 101}), "too bright"),
        (patched({"op": "remove", "path": "/total/level"}), "can't be read any more"),
        (patched({"op": "add", "path": "/total/note", "value": "x" * 20_000}), "grow"),
    ],
)
async def test_what_may_not_be_committed_never_is(answer: Any, fault: str) -> None:
    environment = world()
    begun = time.monotonic()
    with pytest.raises(EnvironmentFault, match="switch_on"):
        await environment.call(call("switch_on", lamp_id="P-1"), model := Model(answer))
    assert len(model.requests) == 3
    assert all(fault in found for found in environment.refused)
    assert environment.state == STATE
    assert environment.changes == ()
    assert time.monotonic() - begun < 2


async def test_a_declared_error_is_an_answer_and_changes_nothing() -> None:
    environment = world()
    model = Model({"error": {"code": "not_found", "message": "There is no lamp P-77."}})
    result = await environment.call(call("get_lamp", lamp_id="P-77"), model)
    assert result.is_error
    assert "P-77" in result.content
    assert environment.version == 0


@pytest.mark.parametrize(
    "made",
    [
        ToolCall(id="c", name="get_lamp", arguments="{broken"),
        ToolCall(id="c", name="get_lamp", arguments={"lamp_id": 5}),
        ToolCall(id="c", name="get_lamp", arguments={"lamp_id": "x" * 1_000_000}),
        ToolCall(id="c", name="get_lamp", arguments={}),
        ToolCall(id="c", name="sing", arguments={}),
    ],
    ids=["broken", "type", "megabyte", "missing", "unknown"],
)
async def test_bad_calls_are_answered_without_a_model(made: ToolCall) -> None:
    model = Model(read())
    result = await world().call(made, model)
    assert result.is_error
    assert model.requests == []
    assert len(result.content) < 1_000


async def test_a_planned_failure_is_injected_once_and_recovery_works() -> None:
    planned = InjectedFailure(tool="switch_on", occurrence=0, kind="timeout")
    environment, model = world(planned), Model(switched())
    failed = await environment.call(call("switch_on", lamp_id="P-1"), model)
    assert (failed.is_error, environment.version) == (True, 0)
    again = await environment.call(call("switch_on", 1, lamp_id="P-1"), model)
    assert (again.is_error, environment.version) == (False, 1)
    assert environment.injected == (planned,)


async def test_a_stale_read_shows_the_version_before() -> None:
    planned = InjectedFailure(tool="get_lamp", occurrence=1, kind="stale_read")
    now = {"result": lamp(on=True), "state_patch": []}
    environment, model = world(planned), Model(read(), switched(), now)
    await environment.call(call("get_lamp", lamp_id="P-1"), model)
    await environment.call(call("switch_on", 1, lamp_id="P-1"), model)
    stale = await environment.call(call("get_lamp", 2, lamp_id="P-1"), model)
    fresh = await environment.call(call("get_lamp", 3, lamp_id="P-1"), model)
    assert json.loads(stale.content)["result"]["on"] is False
    assert json.loads(fresh.content)["on"] is True


async def test_a_thousand_equal_reads_ask_once_and_take_bounded_time() -> None:
    environment, model = world(), Model(read())
    begun = time.monotonic()
    for number in range(1_000):
        await environment.call(call("get_lamp", number, lamp_id="P-1"), model)
    assert len(model.requests) == 1
    assert time.monotonic() - begun < 5


async def test_a_rollout_sees_a_broken_environment_as_such() -> None:
    seen = EnvironmentWorld(world())
    with pytest.raises(EnvironmentBroken, match="get_lamp"):
        await seen.answer(call("get_lamp", lamp_id="P-1"), Model("nonsense"))


async def test_a_rollout_gets_the_answer_as_a_turn_of_the_tool() -> None:
    seen = EnvironmentWorld(world())
    turn = await seen.answer(call("get_lamp", lamp_id="P-1"), Model(read()))
    assert (turn.role, turn.name, turn.tool_call_id) == ("tool", "get_lamp", "functions.get_lamp:0")
    assert seen.kind == "simulated"


def test_a_long_state_is_shown_as_far_as_the_call_names_it() -> None:
    many = {f"P-{n}": lamp(f"P-{n}") for n in range(2_000)}
    state = {"lamps": many, "other": {"x": "y" * 30_000}, "today": "2026-01-01"}
    touching = SimulatedTool("get_lamp", "", BY_ID, LAMP, read_only=True, touches=("lamps",))
    text = shown(state, touching, {"lamp_id": "P-77"})
    assert json.loads(text) == {"lamps": {"P-77": lamp("P-77")}, "today": "2026-01-01"}
    assert json.loads(shown(STATE, touching, {})) == STATE


def test_a_tool_of_the_repository_may_write_unless_it_says_otherwise() -> None:
    rows = {row.name: row for row in load_domain("library").rows()}
    assert simulated_tool(rows["get_book"]).read_only
    assert not simulated_tool(rows["renew_loan"]).read_only
    unsaid = rows["get_book"].model_copy(update={"annotations": "", "errors": ""})
    assert not simulated_tool(unsaid).read_only
    assert simulated_tool(unsaid).errors


class Backend:
    """A model that knows what the compiled library would say, asked through its prompts."""

    def __init__(self, compiled: EnvironmentWorld, calls: dict[str, ToolCall]) -> None:
        self.compiled = compiled
        self.calls = calls

    async def __call__(self, role: str, request: Request) -> Completion:
        said = request.messages[-1].content.removeprefix("The call: ")
        before = len(self.compiled.changes)
        turn = await self.compiled.answer(self.calls[said], self)
        answer = json.loads(turn.content)
        patch = [step for change in self.compiled.changes[before:] for step in change.patch]
        if turn.is_error:
            return Completion(json.dumps(answer))
        return Completion(json.dumps({"result": answer, "state_patch": patch}))


async def test_a_model_that_answers_as_the_backend_does_leads_where_the_backend_leads() -> None:
    library = load_domain("library")
    simulated, compiled = SimulatedGround(library), CompiledGround(library)
    agent = AgentSpec(
        id="a", role="", expertise="", behaviour="", system_prompt="", tools=(), core=()
    )
    persona = Persona(name="a student", style="friendly")
    played = 0
    for number in range(24):
        wanted = Wanted("ordinary", "long", persona, True, number, number)
        task = draw_task(library, agent, library.rows(), wanted)
        assert task is not None
        clean = task.model_copy(update={"failures": ()})
        reference = reference_trajectory(clean, library)
        calls = [call for turn in reference.turns for call in turn.tool_calls]
        asked = {json.dumps(call.arguments, ensure_ascii=False): call for call in calls}
        if len(asked) < len({(call.name, json.dumps(call.arguments)) for call in calls}):
            continue  # two tools get equal arguments: the prompt's last line names no tool
        ask = Backend(compiled.world(clean, compiled.tools), asked)
        world = simulated.world(clean, simulated.tools)
        answers: list[Turn] = [await world.answer(call, ask) for call in calls]
        results = [turn for turn in reference.turns if turn.role == "tool"]
        assert [json.loads(turn.content) for turn in answers] == [
            json.loads(turn.content) for turn in results
        ]
        assert world.state == reference.final_state
        assert [change.patch for change in world.changes] == [
            change.patch for change in reference.changes
        ]
        played += 1
    assert played > 5


async def test_deep_arguments_are_answered_whatever_the_tool_takes() -> None:
    anything = SimulatedTool("store", "", {"type": "object"}, {}, read_only=False)
    nested: dict[str, Any] = {}
    for _ in range(5_000):
        nested = {"a": nested}
    environment = SimulatedEnvironment([anything], STATE)
    made = ToolCall(id="c", name="store", arguments=nested)
    assert "invalid_arguments" in (await environment.call(made, Model(read()))).content


def test_schemas_of_proposals_are_valid_and_let_read_only_tools_patch_nothing() -> None:
    for row in load_domain("library").rows():
        schema = proposal_schema(simulated_tool(row))
        Draft202012Validator.check_schema(schema)
        done = schema["anyOf"][0] if "anyOf" in schema else schema
        assert ("anyOf" in schema) == (row.errors != "[]")
        patch = done["properties"]["state_patch"]
        assert (patch.get("maxItems") == 0) == (not row.writes)


async def test_a_tool_that_declares_no_errors_can_t_give_one() -> None:
    never = SimulatedTool("find_lamps", "", BY_ID, LAMP, read_only=True, errors=())
    model = Model({"error": {"code": "not_found", "message": "none"}}, read())
    environment = SimulatedEnvironment([never], STATE, rules=RULES)
    assert not (await environment.call(call("find_lamps", lamp_id="P-1"), model)).is_error
    assert "has no errors" in model.requests[1].messages[-1].content
