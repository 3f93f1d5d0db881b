"""The wire format."""

from typing import Any

import orjson
import pytest

from datagen.engines.base import Completion, Message, Request, Sampling
from datagen.engines.chat import BadResponse, complaint, decode, encode, model_names
from datagen.errors import EngineError

ASK = (Message("system", "$ {braces} \u202e"), Message("user", "é 🙂 \x00 </text>"))


def body(**fields: Any) -> Any:
    return orjson.loads(encode("m", Request(ASK, **fields)))


def reply(**fields: Any) -> bytes:
    choice = {"message": {"content": "yes"}, "finish_reason": "stop"}
    return orjson.dumps({"choices": [choice | fields]})


def test_messages_arrive_as_they_are() -> None:
    assert body()["messages"] == [message.as_dict() for message in ASK]


def test_a_body_holds_the_sampling_and_nothing_that_was_not_asked_for() -> None:
    assert set(body()) == {"model", "messages", "temperature", "top_p", "max_tokens", "seed"}


def test_stop_and_ignore_eos_are_sent_when_set() -> None:
    sent = body(sampling=Sampling(stop=("\n\n",), ignore_eos=True, seed=5))
    assert (sent["stop"], sent["ignore_eos"], sent["seed"]) == (["\n\n"], True, 5)


def test_a_schema_becomes_a_response_format() -> None:
    schema = {"type": "object", "required": ["a"]}
    wanted = body(schema=schema)["response_format"]
    assert wanted["type"] == "json_schema"
    assert wanted["json_schema"]["schema"] == schema


def test_a_lone_surrogate_fails_its_request_and_nothing_else() -> None:
    with pytest.raises(EngineError) as failure:
        encode("m", Request((Message("user", "\ud800"),)))
    assert (failure.value.kind, failure.value.fatal) == ("bad_request", False)


def test_a_full_answer_is_read() -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 7},
    }
    raw = orjson.dumps(orjson.loads(reply()) | {"model": "m-2", "usage": usage})
    assert decode(raw, "m") == Completion("yes", "stop", 9, 4, 7, "m-2")


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens_details": None}])
def test_usage_may_be_missing(usage: Any) -> None:
    raw = orjson.dumps(orjson.loads(reply()) | {"usage": usage})
    assert decode(raw, "m") == Completion("yes", "stop", 0, 0, 0, "m")


def test_no_content_is_an_empty_answer_and_a_refusal_is_an_answer() -> None:
    assert decode(reply(message={"content": None}), "m").text == ""
    assert decode(reply(message={"content": None, "refusal": "I can't."}), "m").text == "I can't."


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("length", "length"),
        ("max_tokens", "length"),
        ("end_turn", "stop"),
        ("tool_calls", "tool_calls"),
        ("content_filter", "content_filter"),
    ],
)
def test_finish_reasons_are_mapped(said: str, meant: str) -> None:
    assert decode(reply(finish_reason=said), "m").finish_reason == meant


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>\n<body>",
        reply()[:-4],
        b"[]",
        b"null",
        b"{}",
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": [{"message": null, "finish_reason": "stop"}]}',
        reply(message={"content": [{"type": "text"}]}),
        reply(finish_reason="abort"),
        reply(finish_reason=None),
    ],
)
def test_what_holds_no_completion_is_a_bad_response_told_on_one_line(raw: bytes) -> None:
    with pytest.raises(BadResponse) as failure:
        decode(raw, "m")
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"error": {"message": "too\\nlong", "code": 400}}',
        b'{"object": "error", "message": "too long"}',
        b'{"detail": "too long"}',
        b'{"error": "too long"}',
        b"too\r\n  long",
    ],
)
def test_the_servers_own_words_are_found(raw: bytes) -> None:
    assert complaint(raw) == "too long"


def test_a_long_complaint_is_cut() -> None:
    assert len(complaint(b"x" * 10_000)) < 320


def test_models_are_listed_with_their_context_in_either_form() -> None:
    listed = [{"id": "a", "max_model_len": 4096}, {"id": "b"}]
    assert model_names(orjson.dumps({"data": listed})) == {"a": 4096, "b": None}
    assert model_names(orjson.dumps(listed)) == {"a": 4096, "b": None}
