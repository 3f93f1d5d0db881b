"""Turns asked for and read: what a model may answer, however wrong, comes to a turn or a reason."""

import json
from typing import Any

import jsonschema
import pytest

from datagen.agentic.calling import (
    MAX_TURN_CHARS,
    Fault,
    ToolForm,
    action_schema,
    native_messages,
    read_turn,
    schema_messages,
)
from datagen.agentic.nouns import ToolCall, Turn
from datagen.engines.base import Completion, RequestedCall

LEND = ToolForm(
    "lend_book",
    "Lends a book.",
    {
        "type": "object",
        "properties": {"book_id": {"type": "string"}},
        "required": ["book_id"],
        "additionalProperties": False,
    },
)
FIND = ToolForm("find_book", "Finds books.", {"type": "object", "properties": {}})
CALL = ToolCall(id="functions.lend_book:0", name="lend_book", arguments={"book_id": "B-1"})
TURNS = [
    Turn(role="system", content="You lend books."),
    Turn(role="user", content="Lend me B-1."),
    Turn(role="assistant", tool_calls=(CALL,), train=True),
    Turn(role="tool", content='{"ok": true}', tool_call_id=CALL.id, name="lend_book"),
    Turn(role="tool", content='{"ok": false}', tool_call_id="functions.x:1", name="x"),
    Turn(role="assistant", content="Done.", train=True),
]


def asked(name: str, arguments: str) -> Completion:
    return Completion("", "tool_calls", tool_calls=(RequestedCall("abc", name, arguments),))


def action(value: Any) -> Completion:
    return Completion(json.dumps(value))


def fault(completion: Completion, calling: Any = "schema") -> str:
    found = read_turn(completion, calling, counter=0)
    assert isinstance(found, Fault)
    return found.reason


def test_native_calls_are_numbered_over_the_dialogue_and_hold_objects() -> None:
    turn = read_turn(asked("lend_book", '{"book_id": "B-1"}'), "native", counter=7)

    assert isinstance(turn, Turn)
    assert turn.tool_calls == (
        ToolCall(id="functions.lend_book:7", name="lend_book", arguments={"book_id": "B-1"}),
    )
    assert turn.train


@pytest.mark.parametrize(
    "arguments",
    [
        "{", "[1]", "null", '"x"', '{"a": NaN}', "[" * 5000, '{"a": "\\ud800"}', f'{{"a": 1{"0" * 40}}}',
    ],
)  # fmt: skip
def test_native_arguments_that_are_no_object_stay_the_text_that_came(arguments: str) -> None:
    turn = read_turn(asked("lend_book", arguments), "native", counter=0)

    assert isinstance(turn, Turn)
    assert turn.tool_calls[0].arguments == arguments


def test_an_action_under_a_schema_gives_the_same_turn_as_a_native_call() -> None:
    native = read_turn(asked("lend_book", '{"book_id": "B-1"}'), "native", counter=0)
    under_schema = read_turn(
        action({"calls": [{"name": "lend_book", "arguments": {"book_id": "B-1"}}]}),
        "schema",
        counter=0,
    )

    assert native == under_schema


def test_several_calls_of_one_turn_have_numbers_of_their_own() -> None:
    calls = [{"name": "find_book", "arguments": {}}] * 2
    turn = read_turn(action({"calls": calls}), "schema", counter=3)

    assert isinstance(turn, Turn)
    assert [call.id for call in turn.tool_calls] == [
        "functions.find_book:3",
        "functions.find_book:4",
    ]


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (Completion(""), "broken_json"),
        (Completion("Sure, I lend it."), "broken_json"),
        (Completion('{"calls": [{"name": "x"'), "broken_json"),
        (Completion("[" * 10_000), "broken_json"),
        (action([]), "broken_json"),
        (action({"say": 3}), "broken_json"),
        (action({"say": "x", "calls": []}), "empty_turn"),
        (action({"calls": []}), "empty_turn"),
        (action({"calls": ["lend_book"]}), "broken_json"),
        (action({"calls": [{"name": 3, "arguments": {}}]}), "broken_json"),
        (action({"calls": [{"name": "x", "arguments": "{}"}]}), "broken_json"),
        (action({"calls": [{"name": "x", "arguments": {}}] * 1000}), "oversized_turn"),
        (action({"calls": [{"name": "x", "arguments": {}}] * 9}), "too_many_calls"),
        (action({"say": "  "}), "empty_turn"),
        (action({"say": "User: and now I want another one"}), "wrong_role"),
        (action({"say": "x" * 2**20}), "oversized_turn"),
        (Completion('{"say": "I', "length"), "truncated"),
        (Completion("", "content_filter"), "filtered"),
    ],
)
def test_an_action_that_cannot_be_used_has_a_reason(completion: Completion, reason: str) -> None:
    assert fault(completion) == reason


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (Completion(""), "empty_turn"),
        (Completion(" \n"), "empty_turn"),
        (asked("lend_book", "x" * 2**20), "oversized_turn"),
        (Completion("user\nLend me another."), "wrong_role"),
        (
            Completion("", "tool_calls", tool_calls=(RequestedCall("", "x", "{}"),) * 1000),
            "too_many_calls",
        ),
    ],
)
def test_a_native_answer_that_cannot_be_used_has_a_reason(
    completion: Completion, reason: str
) -> None:
    assert fault(completion, "native") == reason


def test_a_fault_keeps_no_more_text_than_a_turn_may_have() -> None:
    found = read_turn(Completion("x" * 2**20), "schema", counter=0)

    assert isinstance(found, Fault)
    assert len(found.text) == MAX_TURN_CHARS


@pytest.mark.parametrize(
    "completion",
    [
        Completion("<think>B-1 is free.</think>\nDone."),
        Completion("Done.", reasoning="B-1 is free."),
    ],
)
def test_reasoning_is_kept_apart_from_what_is_said(completion: Completion) -> None:
    turn = read_turn(completion, "native", counter=0)

    assert isinstance(turn, Turn)
    assert (turn.content, turn.reasoning) == ("Done.", "B-1 is free.")


def test_a_turn_of_thoughts_alone_is_empty() -> None:
    assert fault(Completion("<think>Hm, B-1 …"), "native") == "empty_turn"


def test_the_schema_takes_what_is_read_and_refuses_unknown_tools_and_arguments() -> None:
    schema = action_schema([LEND, FIND], parallel=2)
    takes = jsonschema.Draft202012Validator(schema).is_valid

    assert takes({"say": "Hello"})
    assert takes({"calls": [{"name": "lend_book", "arguments": {"book_id": "B-1"}}]})
    assert not takes({"calls": [{"name": "lend_book", "arguments": {}}]})
    assert not takes({"calls": [{"name": "burn_book", "arguments": {}}]})
    assert not takes({"calls": []})
    assert not takes({"say": "Hello", "calls": []})


def test_without_tools_of_the_engine_results_of_one_turn_come_as_one_message_of_the_user() -> None:
    messages = schema_messages(TURNS, [LEND, FIND])

    assert [message.role for message in messages] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
    ]
    assert "- lend_book(book_id: string): Lends a book." in messages[0].content
    assert json.loads(messages[2].content) == {
        "calls": [{"name": "lend_book", "arguments": {"book_id": "B-1"}}]
    }
    assert messages[3].content.count("Result of") == 2
    assert all(not message.tool_calls for message in messages)


def test_with_tools_of_the_engine_calls_and_results_keep_their_ids() -> None:
    messages = native_messages(TURNS)

    assert messages[2].as_dict()["tool_calls"] == [
        {
            "id": "functions.lend_book:0",
            "type": "function",
            "function": {"name": "lend_book", "arguments": '{"book_id":"B-1"}'},
        }
    ]
    assert messages[3].as_dict() == {
        "role": "tool",
        "content": '{"ok": true}',
        "tool_call_id": "functions.lend_book:0",
        "name": "lend_book",
    }
