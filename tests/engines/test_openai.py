"""The HTTP engine against the ideal server, and against servers that say odd things."""

import asyncio
import pickle
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from benchmarks.ideal_server import running_server
from datagen.engines.base import Completion, Message, Request, Sampling
from datagen.engines.openai import OpenAIEngine, Patience
from datagen.errors import EngineError, RecipeError
from datagen.recipe import EngineOptions

SHORT = Patience(retries=8, first_wait_s=0.02, longest_wait_s=0.1, outage_s=5.0, start_s=1.0)


def ask(text: str = "<text>a</text>", **fields: float) -> Request:
    return Request((Message("user", text),), Sampling(max_tokens=50), **fields)


@asynccontextmanager
async def started(url: str, model: str = "ideal", **options: object) -> AsyncIterator[OpenAIEngine]:
    engine = OpenAIEngine(url, model, **({"patience": SHORT} | options))
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


@asynccontextmanager
async def canned(answer: bytes, *, models: bytes | None = None) -> AsyncIterator[str]:
    """A server that gives every request the same raw answer (`models`: other bytes to a GET)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
        writer.write(models if models is not None and head.startswith(b"GET") else answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


def http(status: str, body: bytes, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Starting


async def test_the_only_model_of_a_server_needs_no_name() -> None:
    with running_server(tokens_per_second=0, model="lonely") as server:
        async with started(server.url, "") as engine:
            facts = await engine.start()
            answer = await engine.complete(ask())
    assert (facts.model, facts.concurrency, facts.rows_in_flight) == ("lonely", 64, 2.0)
    assert answer.model == "lonely"


async def test_several_models_are_named_to_choose_from() -> None:
    with (
        running_server(model=["b", "a"]) as server,
        pytest.raises(RecipeError, match=r"engine\.model: .* has a, b"),
    ):
        await OpenAIEngine(server.url, patience=SHORT).start()


async def test_a_closed_port_is_fatal_in_one_line_and_in_time() -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    began = time.monotonic()
    with pytest.raises(EngineError) as failure:
        await OpenAIEngine(url, "m", patience=SHORT).start()
    assert time.monotonic() - began < 1.5
    assert (failure.value.kind, failure.value.fatal) == ("unreachable", True)
    assert url in str(failure.value)
    assert "Connection refused" in str(failure.value)
    assert "\n" not in str(failure.value)


async def test_a_server_that_never_answers_is_fatal_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        engine = OpenAIEngine(f"http://127.0.0.1:{mute.getsockname()[1]}/v1", "m", patience=SHORT)
        with pytest.raises(EngineError) as failure:
            await asyncio.wait_for(engine.start(), 3.0)
    assert failure.value.fatal


async def test_a_server_that_is_still_loading_is_waited_for() -> None:
    port = free_port()
    engine = OpenAIEngine(f"http://127.0.0.1:{port}/v1", patience=Patience(first_wait_s=0.1))
    starting = asyncio.create_task(engine.start())
    await asyncio.sleep(0.1)
    with running_server(port=port):
        assert (await starting).model == "ideal"
    await engine.close()


@pytest.mark.parametrize("url", ["localhost:8000/v1", "", "ftp://x/v1", "http://", "http://[1/v1"])
def test_what_is_no_url_is_the_users_mistake(url: str) -> None:
    with pytest.raises(RecipeError, match=r"engine\.base_url"):
        OpenAIEngine(url, "m")


def test_a_password_in_the_url_is_refused_without_repeating_it() -> None:
    with pytest.raises(RecipeError) as mistake:
        OpenAIEngine("http://me:s3cret@host/v1", "m")
    assert "s3cret" not in str(mistake.value)


@pytest.mark.parametrize("ending", ["", "/", "/chat/completions"])
async def test_a_url_may_end_in_a_slash_or_in_the_end_point(ending: str) -> None:
    with running_server(tokens_per_second=0) as server:
        async with started(server.url + ending) as engine:
            assert (await engine.complete(ask())).text


# Keys


async def test_the_key_is_sent_and_stays_out_of_everything_one_can_look_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_KEY", " k3y-value\n")
    with running_server(api_key="k3y-value", tokens_per_second=0) as server:
        engine = OpenAIEngine(server.url, api_key_variable="MY_KEY", patience=SHORT)
        assert b"k3y-value" not in pickle.dumps(engine)
        await engine.start()
        await engine.complete(ask())
        assert "k3y-value" not in f"{engine!r} {vars(engine)}"
        with pytest.raises(TypeError):
            pickle.dumps(engine)
        await engine.close()


@pytest.mark.parametrize(("key", "says"), [("", "wants a key"), ("wr0ng", "refuses the key")])
async def test_a_missing_or_wrong_key_is_the_users_mistake(
    key: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", key)
    with running_server(api_key="right") as server, pytest.raises(RecipeError) as mistake:
        await OpenAIEngine(server.url, api_key_variable="MY_KEY", patience=SHORT).start()
    assert says in str(mistake.value)
    assert "MY_KEY" in str(mistake.value)
    assert "wr0ng" not in str(mistake.value)


async def test_a_server_that_repeats_the_key_does_not_put_it_into_messages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k3y-value")
    async with canned(http("403 Forbidden", b'{"error": "k3y-value may not"}')) as url:
        with pytest.raises(RecipeError, match="OPENAI_API_KEY") as mistake:
            await OpenAIEngine(url, "m", patience=SHORT).start()
    assert "k3y-value" not in str(mistake.value)


async def test_a_key_that_no_header_can_carry_is_the_users_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ключ")
    with pytest.raises(RecipeError, match="OPENAI_API_KEY"):
        await OpenAIEngine("http://127.0.0.1:9/v1", "m").start()


# Answers


async def test_an_answer_has_its_text_its_usage_and_its_model() -> None:
    with running_server(tokens_per_second=0, mode="echo", length_distribution="fixed:7") as server:
        async with started(server.url) as engine:
            first = await engine.complete(ask("<text>$ {é} 🙂</text>"))
            again = await engine.complete(ask("<text>$ {é} 🙂</text>"))
    assert first == Completion("$ {é} 🙂", "stop", first.prompt_tokens, 7, 0, "ideal")
    assert again.cached_tokens == again.prompt_tokens > 0


async def test_a_truncated_answer_is_an_answer() -> None:
    with running_server(tokens_per_second=0, fault="truncate=1.0") as server:
        async with started(server.url) as engine:
            assert (await engine.complete(ask())).finish_reason == "length"


async def test_two_megabytes_go_through() -> None:
    with running_server(tokens_per_second=0, mode="echo") as server:
        async with started(server.url) as engine:
            assert (await engine.complete(ask("é" * 1_000_000))).text == "é" * 1_000_000


async def test_no_more_than_the_concurrency_is_asked_at_a_time() -> None:
    with running_server(tokens_per_second=1000, length_distribution="fixed:5") as server:
        async with started(server.url, concurrency=5) as engine:
            await asyncio.gather(*(engine.complete(ask(str(number))) for number in range(40)))
        stats = server.stats()
    assert stats["most_in_flight"] == 5
    assert (stats["requests"], stats["repeated"]) == (40, 0)


async def test_the_highest_priority_is_asked_first() -> None:
    answered: list[float] = []

    async def one(engine: OpenAIEngine, priority: float) -> None:
        await engine.complete(ask(str(priority), priority=priority))
        answered.append(priority)

    with running_server(prefill_s=0.02, tokens_per_second=0) as server:
        async with started(server.url, concurrency=1) as engine:
            await asyncio.gather(*(one(engine, priority) for priority in (9, 1, 3, 2)))
    assert answered == [9, 3, 2, 1]


async def test_a_cancelled_call_gives_its_place_back() -> None:
    with running_server(tokens_per_second=0, fault="stall=first:1") as server:
        async with started(server.url, concurrency=1) as engine:
            stalled = asyncio.create_task(engine.complete(ask("stalled")))
            await asyncio.sleep(0.1)
            stalled.cancel()
            assert (await asyncio.wait_for(engine.complete(ask("next")), 2.0)).text


# Setbacks


@pytest.mark.parametrize(
    "fault", ["server_error", "drop", "cut", "not_json", "no_choices", "rate_limit", "stall"]
)
async def test_what_goes_wrong_twice_is_tried_again_and_nobody_notices(fault: str) -> None:
    with running_server(tokens_per_second=0, fault=f"{fault}=first:2") as server:
        async with started(server.url, timeout_s=0.5) as engine:
            answer = await engine.complete(ask())
        assert server.stats()["requests"] == 3
    assert answer.finish_reason == "stop"


async def test_a_bad_day_loses_no_call() -> None:
    faults = [f"{kind}=0.05" for kind in ("server_error", "drop", "cut", "not_json", "rate_limit")]
    with running_server(tokens_per_second=0, fault=faults) as server:
        async with started(server.url, concurrency=16) as engine:
            asks = [ask(f"<text>{number}</text>") for number in range(400)]
            answers = await asyncio.gather(*map(engine.complete, asks))
        stats = server.stats()
    assert len(answers) == 400
    assert stats["distinct"] == 400
    assert stats["requests"] == 400 + sum(stats["faults"].values()) > 450


@pytest.mark.parametrize(
    ("fault", "kind", "tries"),
    [
        ("server_error", "server_error", 4),
        ("drop", "unreachable", 4),
        ("not_json", "bad_response", 4),
        ("rate_limit", "server_error", 4),
        ("stall", "timeout", 2),
    ],
)
async def test_what_always_goes_wrong_fails_the_row_after_a_bounded_number_of_tries(
    fault: str, kind: str, tries: int
) -> None:
    patience = Patience(retries=3, first_wait_s=0.01)
    with running_server(tokens_per_second=0, fault=f"{fault}=1.0") as server:
        async with started(server.url, timeout_s=0.3, patience=patience) as engine:
            with pytest.raises(EngineError) as failure:
                await engine.complete(ask())
        assert server.stats()["requests"] == tries
    assert (failure.value.kind, failure.value.fatal) == (kind, False)
    assert server.url in str(failure.value)


async def test_a_bad_request_fails_at_once_in_the_servers_words() -> None:
    with running_server(tokens_per_second=0, fault="bad_request=1.0") as server:
        async with started(server.url) as engine:
            with pytest.raises(EngineError, match="longer than the model's context") as failure:
                await engine.complete(ask())
        assert server.stats()["requests"] == 1
    assert (failure.value.kind, failure.value.fatal) == ("bad_request", False)


async def test_a_model_that_is_not_there_is_the_users_mistake() -> None:
    with running_server() as server:
        async with started(server.url, "ghost") as engine:
            with pytest.raises(RecipeError, match=r"engine\.model \('ghost'\)"):
                await engine.complete(ask())


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (http("308 Moved", b"", "Location: https://there/v1\r\n"), "https://there/v1"),
        (http("402 Payment Required", b"pay"), "pay"),
        (http("429 Too Many", b'{"error": {"code": "insufficient_quota"}}'), "insufficient_quota"),
    ],
)
async def test_what_the_user_must_put_right_is_not_tried_again(answer: bytes, says: str) -> None:
    async with (
        canned(answer, models=http("404 Not Found", b"")) as url,
        started(url, "m") as engine,
    ):
        with pytest.raises(RecipeError, match=says):
            await asyncio.wait_for(engine.complete(ask()), 1.0)


async def test_what_is_not_http_is_a_setback_not_a_crash() -> None:
    patience = Patience(retries=1, first_wait_s=0.01)
    async with (
        canned(b"\x00\xff not http\r\n\r\n", models=http("404 Not Found", b"")) as url,
        started(url, "m", patience=patience) as engine,
    ):
        with pytest.raises(EngineError) as failure:
            await engine.complete(ask())
    assert failure.value.kind == "unreachable"
    assert "\n" not in str(failure.value)


async def test_a_call_that_waits_for_its_next_try_lets_others_go_first() -> None:
    patience = Patience(first_wait_s=0.5)
    with running_server(tokens_per_second=0, fault="server_error=first:1") as server:
        async with started(server.url, concurrency=1, patience=patience) as engine:
            unlucky = asyncio.create_task(engine.complete(ask("unlucky")))
            await asyncio.sleep(0.1)
            await engine.complete(ask("lucky"))
            assert not unlucky.done()
            await unlucky


# Busy servers


@pytest.mark.parametrize(
    ("wait", "least_s"),
    [
        ("0.4", 0.4),
        ("Tue, 24 Nov 2026 08:00:00 GMT", 0.0),
        ("soon", 0.0),
    ],
)
async def test_nobody_asks_before_the_server_wants_to_be_asked(wait: str, least_s: float) -> None:
    options = {"tokens_per_second": 0, "fault": "rate_limit=first:1", "retry_after": wait}
    with running_server(**options) as server:
        async with started(server.url) as engine:
            began = time.monotonic()
            first = asyncio.create_task(engine.complete(ask("first")))
            await asyncio.sleep(0.1)
            await engine.complete(ask("second"))
            took = time.monotonic() - began
            await first
    assert least_s <= took < least_s + 0.6


async def test_a_date_to_come_back_at_is_kept() -> None:
    at = datetime.now(UTC) + timedelta(seconds=3)
    options = {"retry_after": format_datetime(at, usegmt=True), "fault": "rate_limit=first:1"}
    with running_server(tokens_per_second=0, **options) as server:
        async with started(server.url) as engine:
            await engine.complete(ask())
    assert datetime.now(UTC) >= at.replace(microsecond=0)


async def test_a_server_without_quota_ends_the_run() -> None:
    options = {"fault": "rate_limit=1.0", "retry_after": "3600"}
    with running_server(**options) as server:
        async with started(server.url) as engine:
            with pytest.raises(EngineError, match="3600 s") as failure:
                await asyncio.wait_for(engine.complete(ask()), 2.0)
    assert failure.value.fatal


async def test_concurrency_finds_what_a_server_takes_and_loses_no_call() -> None:
    options = {"slots": 8, "length_distribution": "fixed:20", "fault": "rate_limit=above:8"}
    with running_server(tokens_per_second=250, **options) as server:
        async with started(server.url, concurrency=64) as engine:
            await asyncio.gather(*(engine.complete(ask(str(number))) for number in range(600)))
        stats = server.stats()
    assert stats["answered"] == 600
    assert stats["faults"]["rate_limit"] < 200
    assert stats["work_slot_s"] / 8 / stats["wall_s"] > 0.4


# Dead servers


@pytest.mark.parametrize("outage_s", [0.1, 5.0, 60.0, 600.0, 86_400.0])
def test_the_waits_of_all_retries_outlast_the_outage(outage_s: float) -> None:
    patience = Patience.of(outage_s)
    waited_s = sum(patience.wait_s(tries) for tries in range(1, patience.retries + 1))
    assert patience.outage_s == outage_s < waited_s
    assert patience.start_s <= outage_s


def test_the_usual_patience_is_what_a_recipe_gives() -> None:
    assert Patience.of(EngineOptions().patience_s) == Patience()


async def test_a_server_that_dies_ends_all_calls_within_the_outage() -> None:
    patience = Patience(retries=99, first_wait_s=0.05, longest_wait_s=0.2, outage_s=0.6)
    with running_server(tokens_per_second=10) as server:
        async with started(server.url, patience=patience, concurrency=8) as engine:
            calls = [asyncio.create_task(engine.complete(ask(str(n)))) for n in range(20)]
            await asyncio.sleep(0.2)
            server.stop()
            began = time.monotonic()
            ends = await asyncio.gather(*calls, return_exceptions=True)
            took = time.monotonic() - began
            with pytest.raises(EngineError) as late:
                await asyncio.wait_for(engine.complete(ask("late")), 0.5)
    assert {type(end) for end in ends} == {EngineError}
    assert all(end.fatal and end.kind == "unreachable" for end in [*ends, late.value])
    assert "Connection refused" in str(ends[0])
    assert server.url in str(ends[0])
    assert 0.5 < took < 2.0


async def test_an_outage_hangs_up_on_answers_that_will_not_come() -> None:
    patience = Patience(retries=99, first_wait_s=0.05, longest_wait_s=0.1, outage_s=0.4)
    faults = ["stall=first:1", "server_error=1.0"]
    with running_server(fault=faults) as server:
        async with started(server.url, patience=patience) as engine:
            stalled = asyncio.create_task(engine.complete(ask("stalled")))
            await asyncio.sleep(0.1)
            calls = [engine.complete(ask(str(n))) for n in range(6)]
            ends = await asyncio.wait_for(
                asyncio.gather(stalled, *calls, return_exceptions=True), 3.0
            )
    assert all(isinstance(end, EngineError) and end.fatal for end in ends)


async def test_a_server_that_comes_back_within_the_outage_loses_no_call() -> None:
    port = free_port()
    with running_server(port=port, tokens_per_second=20) as server:
        engine = OpenAIEngine(server.url, "ideal", patience=SHORT)
        await engine.start()
        calls = [asyncio.create_task(engine.complete(ask(str(n)))) for n in range(20)]
        await asyncio.sleep(0.1)
        server.stop()
    with running_server(port=port, tokens_per_second=0):
        answers = await asyncio.wait_for(asyncio.gather(*calls), 10.0)
        await engine.close()
    assert len(answers) == 20


async def test_closing_twice_is_fine_and_asking_after_it_is_a_bug() -> None:
    with running_server() as server:
        engine = OpenAIEngine(server.url, "ideal")
        await engine.start()
        await engine.close()
        await engine.close()
        with pytest.raises(RuntimeError, match="not started"):
            await engine.complete(ask())


async def test_a_proxy_in_the_environment_is_not_used_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with running_server(tokens_per_second=0) as server:
        async with started(server.url) as engine:
            assert (await engine.complete(ask())).text
