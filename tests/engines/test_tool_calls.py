"""Tools on requests, calls on completions: on the wire, in digests, in the journal."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datagen.engines.base import Completion, Message, Request, RequestedCall
from datagen.engines.chat import BadResponse, decode, encode
from datagen.journal import Journal
from datagen.runner.rows import encodable

PLAIN = Request((Message("user", "é"),))
PLAIN_DIGEST = "102d48398bc40af80e87f76b24624bb9"
"""Of `PLAIN` before requests had tools: journals of older runs are answered from."""
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
CALL = RequestedCall("functions.look:0", "look", '{"at": "B-1"}')


def reply(message: dict[str, Any], finish_reason: str = "tool_calls") -> bytes:
    choice = {
        "index": 0,
        "message": {"role": "assistant"} | message,
        "finish_reason": finish_reason,
    }
    return json.dumps({"choices": [choice], "usage": {}, "model": "m"}).encode()


def test_a_request_without_tools_has_the_digest_it_always_had() -> None:
    assert PLAIN.digest() == PLAIN_DIGEST


def test_tools_calls_and_the_call_that_is_answered_are_part_of_a_digest() -> None:
    called = Message("assistant", "", (CALL,))
    answered = Message("tool", "x", tool_call_id=CALL.id, name="look")
    variants = [
        PLAIN,
        replace(PLAIN, tools=(TOOL,)),
        replace(PLAIN, messages=(called,)),
        replace(PLAIN, messages=(replace(called, tool_calls=(replace(CALL, arguments="{}"),)),)),
        replace(PLAIN, messages=(Message("assistant", ""),)),
        replace(PLAIN, messages=(answered,)),
        replace(PLAIN, messages=(replace(answered, tool_call_id="other"),)),
    ]

    assert len({request.digest() for request in variants}) == len(variants)


def test_tools_and_calls_go_out_as_the_wire_has_them() -> None:
    request = replace(PLAIN, messages=(Message("assistant", "", (CALL,)),), tools=(TOOL,))

    body = json.loads(encode("m", request))

    assert body["tools"] == [TOOL]
    assert body["messages"][0]["tool_calls"][0]["function"] == {
        "name": "look",
        "arguments": '{"at": "B-1"}',
    }
    assert "tools" not in json.loads(encode("m", PLAIN))


@pytest.mark.parametrize(
    ("arguments", "read"),
    [('{"a": 1}', '{"a": 1}'), ({"a": 1}, '{"a":1}'), (None, "{}"), ("{broken", "{broken")],
)
def test_calls_are_read_whatever_form_their_arguments_have(arguments: Any, read: str) -> None:
    call = {"id": "c1", "function": {"name": "look", "arguments": arguments}}

    completion = decode(reply({"content": None, "tool_calls": [call]}), "m")

    assert completion.tool_calls == (RequestedCall("c1", "look", read),)
    assert (completion.text, completion.finish_reason) == ("", "tool_calls")


@pytest.mark.parametrize("calls", [["x"], [{}], [{"function": {}}], "x", 3, [None]])
def test_calls_of_no_known_form_are_a_bad_response(calls: Any) -> None:
    with pytest.raises(BadResponse):
        decode(reply({"content": "", "tool_calls": calls}), "m")


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_are_kept_apart_under_either_name(name: str) -> None:
    completion = decode(reply({"content": "Yes.", name: "Hm."}, "stop"), "m")

    assert (completion.text, completion.reasoning) == ("Yes.", "Hm.")


def test_the_journal_gives_calls_and_thoughts_back_after_a_crash(tmp_path: Path) -> None:
    called = Completion("", "tool_calls", 3, 4, 0, "m", (CALL, CALL), "Hm.")
    plain = Completion("Yes.", "stop", 1, 2, 0, "m")
    journal = Journal(tmp_path / "p", lease=1)
    journal.record("r", 0, "d0", called)
    journal.record("r", 1, "d1", plain)

    again = Journal(tmp_path / "p", lease=2)

    assert again.answer("r", 0, "d0") == called
    assert again.answer("r", 1, "d1") == plain


def test_half_pairs_in_calls_and_thoughts_can_be_written_down(tmp_path: Path) -> None:
    broken = Completion(
        "\ud83d", tool_calls=(replace(CALL, arguments="\ud83d"),), reasoning="\ud83d"
    )

    Journal(tmp_path / "p", lease=1).record("r", 0, "d", encodable(broken))

    answer = Journal(tmp_path / "p", lease=2).answer("r", 0, "d")
    assert answer is not None
    assert (answer.text, answer.tool_calls[0].arguments, answer.reasoning) == ("?", "?", "?")
