"""The ideal server is a measure, so it is measured itself."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from benchmarks.ideal_answers import Author, Fault, Lengths, instance_of, paraphrase
from benchmarks.ideal_server import RunningServer, running_server


def body(text: str, **fields: Any) -> dict[str, Any]:
    return {"model": "ideal", "messages": [{"role": "user", "content": text}]} | fields


async def post(session: aiohttp.ClientSession, server: RunningServer, sent: Any) -> Any:
    async with session.post(f"{server.url}/chat/completions", json=sent) as answer:
        return await answer.json()


def texts(answers: list[Any]) -> list[str]:
    return [answer["choices"][0]["message"]["content"] for answer in answers]


async def test_a_full_server_takes_exactly_its_work_divided_by_its_slots() -> None:
    options = {"slots": 4, "tokens_per_second": 100, "length_distribution": "uniform:2:12"}
    with running_server(**options) as server:
        async with aiohttp.ClientSession() as session:
            asks = (post(session, server, body(str(number))) for number in range(60))
            answers = await asyncio.gather(*asks)
        stats = server.stats()
    tokens = sum(answer["usage"]["completion_tokens"] for answer in answers)
    assert stats["work_slot_s"] == pytest.approx(tokens / 100)
    assert stats["busy_slot_s"] == pytest.approx(stats["work_slot_s"])
    bound_s = stats["work_slot_s"] / 4
    assert bound_s <= stats["wall_s"] + 1e-3
    assert stats["wall_s"] < 1.1 * bound_s + 0.12  # 0.12: the longest answer may be the last
    assert stats["answered"] == stats["distinct"] == 60
    assert (stats["in_flight"], stats["repeated"]) == (0, 0)


async def test_answers_depend_on_what_is_asked_not_on_when() -> None:
    options = {"tokens_per_second": 0, "length_distribution": "lognormal:30:0.7", "seed": 3}
    sent = [body(str(number), seed=number % 2) for number in range(20)]
    runs = []
    for order in (sent, sent[::-1]):
        with running_server(**options) as server:
            async with aiohttp.ClientSession() as session:
                runs.append(texts([await post(session, server, one) for one in order]))
    assert runs[0] == runs[1][::-1]
    assert len(set(runs[0])) == 20


async def test_a_client_that_hangs_up_gives_its_slot_back() -> None:
    options = {"slots": 1, "tokens_per_second": 1, "length_distribution": "fixed:60"}
    with running_server(**options) as server:
        async with aiohttp.ClientSession() as session:
            impatient = [asyncio.create_task(post(session, server, body(str(n)))) for n in range(3)]
            await asyncio.sleep(0.2)
            assert (server.stats()["in_flight"], server.stats()["waiting"]) == (3, 2)
            for one in impatient:
                one.cancel()
            await asyncio.gather(*impatient, return_exceptions=True)
            quick = body("quick", max_tokens=1)
            await asyncio.wait_for(post(session, server, quick), 3.0)
        stats = server.stats()
    assert (stats["aborted"], stats["answered"], stats["in_flight"]) == (3, 1, 0)
    assert stats["busy_slot_s"] < 2.0


async def test_the_log_has_a_line_for_each_question_and_each_answer(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running_server(tokens_per_second=0, log=log, fault="drop=first:1") as server:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError):
                await post(session, server, body("a"))
            await post(session, server, body("a"))
            await post(session, server, body("b"))
        assert server.stats()["repeated"] == 1
    lines = [line.split()[:2] for line in log.read_text().splitlines()]
    asked = [digest for event, digest in lines if event == "asked"]
    answered = [digest for event, digest in lines if event == "answered"]
    assert asked == [answered[0], *answered]
    assert len(set(asked)) == 2


async def test_a_reset_counts_from_zero() -> None:
    with running_server(tokens_per_second=0) as server:
        async with aiohttp.ClientSession() as session:
            await post(session, server, body("a"))
        server.reset()
        stats = server.stats()
    assert (stats["requests"], stats["work_slot_s"], stats["distinct"]) == (0, 0.0, 0)


@pytest.mark.parametrize("sent", [[], {}, {"messages": "no"}, {"messages": [1]}, "text", None])
async def test_nonsense_gets_a_400_and_the_next_request_an_answer(sent: Any) -> None:
    with running_server(tokens_per_second=0, mode="echo") as server:
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{server.url}/chat/completions", json=sent) as answer:
                assert answer.status == 400
            assert texts([await post(session, server, body("<text>x</text>"))]) == ["x"]


async def test_a_connection_per_request_works_too() -> None:
    with running_server(tokens_per_second=0) as server:
        async with aiohttp.ClientSession(headers={"Connection": "close"}) as session:
            answers = [await post(session, server, body(str(number))) for number in range(5)]
    assert len(set(texts(answers))) > 1


def test_a_bad_option_is_told_before_anything_listens() -> None:
    with pytest.raises(RuntimeError, match="did not start"), running_server(fault="flood=1.0"):
        pass


def test_lasting_faults_meet_the_same_request_again_and_passing_ones_do_not() -> None:
    def met(kind: str, digest: bytes, asked: int) -> bool:
        fault = Fault.parse(f"{kind}=0.5")
        return fault.is_due(arrival=1, in_flight=1, digest=digest, asked=asked)

    bodies = [bytes([number]) for number in range(200)]
    assert all(len({met("truncate", one, asked) for asked in range(9)}) == 1 for one in bodies)
    assert any(len({met("drop", one, asked) for asked in range(9)}) == 2 for one in bodies)
    assert 60 < sum(met("drop", one, 1) for one in bodies) < 140


def test_drawn_lengths_have_the_median_that_was_asked_for() -> None:
    author = Author(seed=0, mode="words", lengths=Lengths.parse("lognormal:200:0.7"))
    drawn = sorted(author.answer(body(str(n))).tokens for n in range(2001))
    assert 185 < drawn[1000] < 215
    assert drawn[-1] > 1000
    assert all(author.answer(body(str(n), max_tokens=50)).tokens <= 50 for n in range(99))
    assert author.answer(body("a", max_tokens=777, ignore_eos=True)).tokens == 777


def test_filler_has_as_many_words_as_tokens() -> None:
    for tokens in (1, 2, 33, 9_000, 20_000):
        author = Author(seed=0, mode="words", lengths=Lengths("fixed", tokens))
        assert len(author.answer(body("a", max_tokens=tokens)).text.split()) == tokens


def test_a_schema_is_answered_with_an_instance_of_it() -> None:
    schema = {
        "type": "object",
        "required": ["verdict", "votes", "quotes", "sure"],
        "properties": {
            "verdict": {"enum": ["yes", "no"]},
            "votes": {"type": "integer", "minimum": 2},
            "quotes": {"type": "array", "minItems": 2, "items": {"type": "string"}},
            "sure": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
        },
    }
    assert instance_of(schema) == {
        "verdict": "yes",
        "votes": 2,
        "quotes": ["words", "words"],
        "sure": True,
    }


SOURCE = (
    "In 1887, Ada Lovelace and Charles Babbage often worked with many large engines in London. "
    "The engine is often used when numbers from $a and b$ are important because it helps. "
    'Trinidad and Tobago called it "very big and very small" in `code in a box` at 3.5 km.'
)


def test_a_paraphrase_keeps_names_numbers_quotations_and_formulas_and_changes_the_rest() -> None:
    versions = {paraphrase(SOURCE, draw * 7919) for draw in range(50)}
    assert len(versions) > 10
    for text in versions:
        assert text != SOURCE
        for kept in (
            "1887",
            "Ada Lovelace and Charles Babbage",
            "Trinidad and Tobago",
            '"very big and very small"',
            "`code in a box`",
            "$a and b$",
            "3.5 km",
        ):
            assert kept in text


def test_a_paraphrase_of_nothing_is_nothing() -> None:
    assert [paraphrase(text, 5) for text in ("", " ", "\n", "🙂")] == ["", " ", "\n", "🙂"]
