"""The compiled environment answers whatever an agent does as a real runtime would."""

import json
import time
from typing import Any, get_args

import pytest

from datagen.agentic.compiled_ground import CompiledGround
from datagen.agentic.domains import load_domain
from datagen.agentic.environment.base import Result
from datagen.agentic.environment.compiled import CompiledEnvironment, state_fault
from datagen.agentic.environment.failures import KINDS, WRITE_KINDS, kind_of, plan
from datagen.agentic.environment.patches import applied
from datagen.agentic.nouns import (
    Call,
    FailureKind,
    InjectedFailure,
    Persona,
    Rubric,
    Task,
    ToolCall,
)
from datagen.engines.base import Completion, Request

LIBRARY = load_domain("library")
STATE = LIBRARY.initial_state(3)
MEMBER = next(iter(STATE["members"]))
LOAN = next(key for key, loan in STATE["loans"].items() if loan["member_id"] == MEMBER)
WRITES = frozenset(tool.name for tool in LIBRARY.tools if not tool.read_only)


def world(*failures: InjectedFailure, **more: Any) -> CompiledEnvironment:
    return CompiledEnvironment(LIBRARY, STATE, failures=failures, **more)


def answered(
    environment: CompiledEnvironment, name: str, arguments: Any = None, number: int = 0
) -> Result:
    given = {} if arguments is None else arguments
    return environment.answer_now(
        ToolCall(id=f"functions.{name}:{number}", name=name, arguments=given)
    )


def code(result: Result) -> str:
    return str(json.loads(result.content)["error"]["code"])


def deep(levels: int) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for _ in range(levels):
        nested = {"a": nested}
    return nested


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("sing", {}, "unknown_tool"),
        ("", {}, "unknown_tool"),
        ("x" * 1_000_000, {}, "unknown_tool"),
        ("get_book", "{broken", "broken_json"),
        ("get_book", '"B-1234"', "broken_json"),
        ("get_book", {"book_id": "B-" + "1" * 1_000_000}, "oversized_arguments"),
        ("get_book", {"k" * 1_000_000: 1}, "oversized_arguments"),
        ("get_book", {"book_id": ["B"] * 1_000_000}, "oversized_arguments"),
        ("get_book", {}, "invalid_arguments"),
        ("get_book", {"book_id": 7}, "invalid_arguments"),
        ("get_book", {"book_id": None}, "invalid_arguments"),
        ("get_book", {"book_id": "B-12345"}, "invalid_arguments"),
        ("get_book", {"book_id": "B-1234", "more": 1}, "invalid_arguments"),
        ("get_book", deep(5_000), "invalid_arguments"),
        (
            "pay_fine",
            {"fine_id": "F-1234", "amount": float("nan"), "method": "card"},
            "broken_json",
        ),
        (
            "pay_fine",
            {"fine_id": "F-1234", "amount": float("inf"), "method": "card"},
            "broken_json",
        ),
        ("pay_fine", {"fine_id": "F-1234", "amount": True, "method": "card"}, "invalid_arguments"),
        ("get_book", {"book_id": "B-0000"}, "not_found"),
        ("search_books", {"title": "\ud800"}, None),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else type(value).__name__,
)
def test_bad_calls_get_an_error_and_change_nothing(
    name: str, arguments: Any, expected: str | None
) -> None:
    environment = world()
    begun = time.monotonic()
    result = answered(environment, name, arguments)
    assert time.monotonic() - begun < 2
    assert result.is_error == (expected is not None)
    assert expected is None or code(result) == expected
    assert len(result.content) < 1_000
    assert environment.state == STATE
    assert environment.version == 0


def test_each_commit_is_a_version_whose_patches_lead_from_start_to_end() -> None:
    environment = world()
    fine = next(iter(STATE["fines"].values()))
    paid = {"fine_id": fine["fine_id"], "amount": fine["amount"], "method": "card"}
    answered(environment, "renew_loan", {"loan_id": LOAN}, 0)
    answered(environment, "get_loan", {"loan_id": LOAN}, 1)
    answered(environment, "pay_fine", paid, 2)
    answered(environment, "return_book", {"loan_id": LOAN}, 3)
    state: Any = STATE
    for change in environment.changes:
        state = applied(state, change.patch)
    assert state == environment.state != STATE
    assert [change.version for change in environment.changes] == [1, 2, 3]
    assert [change.call_id[-1] for change in environment.changes] == ["0", "2", "3"]


def test_a_refused_call_leaves_nothing_behind() -> None:
    environment = world()
    answered(environment, "return_book", {"loan_id": LOAN})
    before = json.dumps(environment.state)
    again = answered(environment, "return_book", {"loan_id": LOAN})
    assert code(again) == "already_returned"
    assert json.dumps(environment.state) == before
    assert environment.version == 1


def test_reads_don_t_change_anything_and_repeat_themselves() -> None:
    environment = world()
    for tool in LIBRARY.tools:
        if tool.read_only:
            first, second = (
                answered(environment, tool.name, _fitting(tool.name)) for _ in range(2)
            )
            assert first == second
            assert not first.is_error
    assert environment.state == STATE


def _fitting(name: str) -> dict[str, Any]:
    ids = {
        "book_id": next(iter(STATE["books"])),
        "member_id": MEMBER,
        "loan_id": LOAN,
        "branch": "Central",
    }
    needed = LIBRARY.tool(name)
    assert needed is not None
    required = needed.input_schema["required"] or ["name" if name == "find_member" else "title"]
    return {key: ids.get(key, "The") for key in required}


def test_results_fit_the_output_schema() -> None:
    from datagen.agentic.environment.answers import misfit
    from datagen.agentic.environment.compiled import validator_of

    for tool in LIBRARY.tools:
        if tool.read_only:
            result = json.loads(answered(world(), tool.name, _fitting(tool.name)).content)
            assert misfit(validator_of(json.dumps(tool.output_schema)), result) == ""


def test_a_thousand_calls_take_bounded_time() -> None:
    environment = world()
    begun = time.monotonic()
    for number in range(1_000):
        answered(environment, "renew_loan", {"loan_id": LOAN}, number)
    assert time.monotonic() - begun < 20
    assert environment.version == 1_000
    assert state_fault(LIBRARY, environment.state) == ""


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_a_read_that_fails_by_plan_fails_once_and_says_how(kind: FailureKind) -> None:
    planned = InjectedFailure(tool="list_loans", occurrence=0, kind=kind)
    environment = world(planned)
    failed = answered(environment, "list_loans", {"member_id": MEMBER})
    right = answered(environment, "list_loans", {"member_id": MEMBER}, 1)
    assert failed.injected == kind
    assert failed.content != right.content
    assert right == answered(world(), "list_loans", {"member_id": MEMBER}, 1)
    assert environment.injected == (planned,)


@pytest.mark.parametrize("kind", WRITE_KINDS)
def test_a_write_that_fails_by_plan_is_not_committed_and_can_be_repeated(
    kind: FailureKind,
) -> None:
    environment = world(InjectedFailure(tool="renew_loan", occurrence=0, kind=kind))
    failed = answered(environment, "renew_loan", {"loan_id": LOAN})
    assert failed.is_error
    assert environment.version == 0
    assert not answered(environment, "renew_loan", {"loan_id": LOAN}, 1).is_error
    assert environment.state["loans"][LOAN]["renewals"] == STATE["loans"][LOAN]["renewals"] + 1


def test_a_malformed_answer_is_no_json_and_a_partial_one_lacks_records() -> None:
    def spoiled(kind: FailureKind) -> str:
        planned = InjectedFailure(tool="list_loans", occurrence=0, kind=kind)
        return answered(world(planned), "list_loans", {"member_id": MEMBER}).content

    with pytest.raises(json.JSONDecodeError):
        json.loads(spoiled("malformed"))
    part = json.loads(spoiled("partial_result"))["result"]["loans"]
    full = json.loads(answered(world(), "list_loans", {"member_id": MEMBER}).content)["loans"]
    assert len(part) < len(full)


def test_a_stale_read_shows_the_version_before_the_last_change() -> None:
    environment = world(InjectedFailure(tool="get_loan", occurrence=0, kind="stale_read"))
    answered(environment, "renew_loan", {"loan_id": LOAN}, 0)
    once = environment.state["loans"][LOAN]["renewals"]
    answered(environment, "renew_loan", {"loan_id": LOAN}, 1)
    stale = json.loads(answered(environment, "get_loan", {"loan_id": LOAN}, 2).content)
    assert stale["result"]["renewals"] == once


def test_a_bad_call_doesn_t_use_up_a_planned_failure() -> None:
    environment = world(InjectedFailure(tool="get_loan", occurrence=0, kind="timeout"))
    answered(environment, "get_loan", "{broken")
    assert environment.injected == ()
    assert answered(environment, "get_loan", {"loan_id": LOAN}).injected == "timeout"


def test_a_failure_that_a_refused_call_hides_has_not_come_to_pass() -> None:
    environment = world(InjectedFailure(tool="get_loan", occurrence=0, kind="malformed"))
    result = answered(environment, "get_loan", {"loan_id": "L-0000"})
    assert code(result) == "not_found"
    assert result.injected is None
    assert environment.injected == ()


def test_failure_kinds_are_balanced_over_every_round() -> None:
    for first in range(0, 70, 7):
        assert {kind_of(first + n, writes=False) for n in range(7)} == set(KINDS)
    for first in range(0, 40, 4):
        assert {kind_of(first + n, writes=True) for n in range(4)} == set(WRITE_KINDS)


def test_a_plan_hits_calls_of_the_reference_and_spares_writes_from_spoiling() -> None:
    reference = [Call(name="list_loans"), Call(name="renew_loan"), Call(name="renew_loan")]
    for number in range(50):
        for failure in plan(reference, WRITES, number=number, seed=number, count=2):
            assert failure.occurrence < sum(call.name == failure.tool for call in reference)
            assert failure.tool not in WRITES or failure.kind in WRITE_KINDS


async def test_a_rollout_sees_the_agent_s_tools_and_no_others() -> None:
    rows = {row.name: row for row in LIBRARY.rows()}
    stranger = rows["get_book"].model_copy(update={"id": "x", "server": "other", "name": "sing"})
    task = Task(
        id="t",
        agent_id="a",
        domain="library",
        kind="ordinary",
        tier="single",
        request="",
        opening="",
        persona=Persona(name="", style="terse"),
        initial_state=STATE,
        rubric=Rubric(success=()),
    )
    seen = CompiledGround(LIBRARY).world(task, [rows["get_loan"], stranger])

    async def ask(role: str, request: Request) -> Completion:
        raise AssertionError("a compiled environment asks no model")

    async def turn(name: str, arguments: dict[str, Any]) -> tuple[bool, str]:
        answer = await seen.answer(ToolCall(id="c", name=name, arguments=arguments), ask)
        return answer.is_error, answer.content

    assert (await turn("get_loan", {"loan_id": LOAN}))[0] is False
    assert "unknown_tool" in (await turn("renew_loan", {"loan_id": LOAN}))[1]
    assert "unavailable" in (await turn("sing", {"book_id": "B-1234"}))[1]
