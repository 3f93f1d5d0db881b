"""The in-process vLLM engine, on SmolLM2: one load for the whole file (two minutes on two cores).

The context is cut to 2,048 tokens, which keeps prompts at its edge cheap.
"""

import asyncio
import gc
import json
import logging
import pickle
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from datagen.engines.base import Message, Request, Sampling
from datagen.engines.vllm import VllmEngine
from datagen.errors import EngineError, RecipeError

CONTEXT = 2048
VERDICT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "faithful": {"type": "boolean"},
        "invented": {"type": "array", "items": {"type": "string", "maxLength": 30}, "maxItems": 2},
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
    },
    "required": ["faithful", "invented", "score"],
    "additionalProperties": False,
}

# torch and vLLM use what torch deprecates; vLLM leaves a ZeroMQ context to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed context:ResourceWarning"),
]
on_session_loop = pytest.mark.asyncio(loop_scope="session")
runs_vllm = pytest.mark.vllm


def asking(text: str, *, schema: dict[str, Any] | None = None, **sampling: Any) -> Request:
    fields = {"max_tokens": 24, "seed": 1, **sampling}
    return Request((Message("user", text),), Sampling(**fields), schema=schema)


def exact(tokens: int, text: str = "Tell me about ships.", **sampling: Any) -> Request:
    return asking(text, max_tokens=tokens, ignore_eos=True, **sampling)


@pytest.fixture(scope="session")
def model_folder() -> str:
    pytest.importorskip("vllm", reason="vLLM is not installed: scripts/install_vllm_cpu.sh")
    script = Path(__file__).parents[2] / "scripts" / "make_hf_model.py"
    made = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.splitlines()[-1]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine(model_folder: str) -> AsyncIterator[VllmEngine]:
    loaded = VllmEngine(model_folder, concurrency=32, engine_options={"max_model_len": CONTEXT})
    facts = await loaded.start()
    assert (facts.concurrency, facts.context_tokens) == (32, CONTEXT)
    yield loaded
    await loaded.close()
    gc.collect()  # what vLLM leaves behind is found here, where its warnings are expected


def test_an_engine_travels_to_an_actor() -> None:
    engine = VllmEngine("some/model", concurrency=8, engine_options={"seed": 1})

    arrived = pickle.loads(pickle.dumps(engine))

    assert (arrived.model, arrived.concurrency) == ("some/model", 8)
    assert arrived.engine_options == {"seed": 1}


@pytest.mark.parametrize(
    ("name", "explanation"),
    [
        ("nowhere", "no such folder"),
        ("empty", "no config.json"),
        ("weights.gguf", "make_hf_model.py"),
    ],
)
async def test_a_model_that_is_not_there_is_the_users_to_fix(
    tmp_path: Path, name: str, explanation: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "weights.gguf").write_bytes(b"GGUF")

    with pytest.raises(RecipeError, match=explanation) as raised:
        await VllmEngine(str(tmp_path / name)).start()

    assert "\n" not in str(raised.value)


async def test_an_engine_that_was_not_started_answers_nothing() -> None:
    with pytest.raises(EngineError) as raised:
        await VllmEngine("some/model").complete(asking("Hello"))

    assert raised.value.fatal


@runs_vllm
@on_session_loop
async def test_an_unknown_engine_option_is_named(model_folder: str) -> None:
    with pytest.raises(RecipeError, match="no_such_option"):
        await VllmEngine(model_folder, engine_options={"no_such_option": 1}).start()


@runs_vllm
@on_session_loop
async def test_an_impossible_engine_option_takes_one_line(model_folder: str) -> None:
    with pytest.raises(RecipeError) as raised:
        await VllmEngine(model_folder, engine_options={"max_model_len": 10**9}).start()

    assert "\n" not in str(raised.value)


@runs_vllm
@on_session_loop
async def test_an_answer_comes_with_its_usage(engine: VllmEngine) -> None:
    answer = await engine.complete(asking("Say hello.", max_tokens=200))

    assert answer.text.strip()
    assert answer.finish_reason == "stop"
    assert 0 < answer.completion_tokens < 200
    assert answer.prompt_tokens > 10
    assert answer.model == Path(engine.model).name


@runs_vllm
@on_session_loop
async def test_an_answer_that_hits_its_limit_says_so(engine: VllmEngine) -> None:
    answer = await engine.complete(exact(40))

    assert (answer.finish_reason, answer.completion_tokens) == ("length", 40)


@runs_vllm
@on_session_loop
async def test_a_stop_string_ends_the_answer_and_is_not_in_it(engine: VllmEngine) -> None:
    whole = await engine.complete(exact(40))
    word = whole.text.split()[5]

    answer = await engine.complete(exact(40, stop=(word,)))

    assert answer.finish_reason == "stop"
    assert answer.text == whole.text[: whole.text.index(word)]


@runs_vllm
@on_session_loop
async def test_equal_seeds_give_equal_answers_and_others_do_not(engine: VllmEngine) -> None:
    first, again, other = [await engine.complete(exact(30, seed=seed)) for seed in (7, 7, 8)]

    assert first.text == again.text
    assert first.text != other.text


@runs_vllm
@on_session_loop
async def test_an_answer_satisfies_its_schema_and_wastes_no_white_space(engine: VllmEngine) -> None:
    request = asking("Is 'two cats' a faithful rewrite of 'three cats'?", schema=VERDICT)
    sampling = replace(request.sampling, max_tokens=120, temperature=1.0)

    answers = await asyncio.gather(
        *(
            engine.complete(replace(request, sampling=replace(sampling, seed=seed)))
            for seed in range(8)
        )
    )

    for answer in answers:
        verdict = json.loads(answer.text)
        assert set(verdict) == {"faithful", "invented", "score"}
        assert isinstance(verdict["faithful"], bool)
        assert 1 <= verdict["score"] <= 5
        assert len(verdict["invented"]) <= 2
        assert "\n" not in answer.text


@runs_vllm
@on_session_loop
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "#/nowhere"},
        {"type": "string", "pattern": "(((("},
        {"not": {"type": "string"}},
        {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
    ],
)
async def test_a_schema_that_cannot_be_enforced_is_refused(
    engine: VllmEngine, schema: dict[str, Any]
) -> None:
    with pytest.raises(EngineError) as raised:
        await engine.complete(asking("Answer.", schema=schema))

    assert (raised.value.kind, raised.value.fatal) == ("bad_request", False)
    assert (await engine.complete(exact(2))).completion_tokens == 2


@runs_vllm
@on_session_loop
@pytest.mark.parametrize(
    "text",
    ["word " * (CONTEXT + 50), "x" * 2_000_000, "half a pair: \ud800"],
    ids=["too many tokens", "too many characters", "a lone surrogate"],
)
async def test_a_prompt_that_cannot_be_answered_is_refused(engine: VllmEngine, text: str) -> None:
    with pytest.raises(EngineError) as raised:
        await engine.complete(asking(text))

    assert (raised.value.kind, raised.value.fatal) == ("bad_request", False)
    assert "\n" not in str(raised.value)


@runs_vllm
@on_session_loop
async def test_a_request_without_messages_is_refused(engine: VllmEngine) -> None:
    with pytest.raises(EngineError) as raised:
        await engine.complete(Request(()))

    assert raised.value.kind == "bad_request"


@runs_vllm
@on_session_loop
async def test_a_prompt_as_long_as_the_context_is_refused_and_one_token_less_is_answered(
    engine: VllmEngine,
) -> None:
    around = (await engine.complete(exact(1, "word"))).prompt_tokens - 1
    words = CONTEXT - around

    with pytest.raises(EngineError) as raised:
        await engine.complete(asking("word" + " word" * (words - 1)))
    answer = await engine.complete(exact(8, "word" + " word" * (words - 2)))

    assert raised.value.kind == "bad_request"
    assert (answer.prompt_tokens, answer.completion_tokens) == (CONTEXT - 1, 1)
    assert answer.finish_reason == "length"


@runs_vllm
@on_session_loop
async def test_long_prompts_with_seeds_at_once_do_not_kill_the_engine(engine: VllmEngine) -> None:
    texts = [f"{number} " + "sail " * (CONTEXT - 100) for number in range(2)]

    answers = await asyncio.gather(*(engine.complete(exact(4, text, seed=9)) for text in texts))

    assert [answer.completion_tokens for answer in answers] == [4] * 2


@runs_vllm
@on_session_loop
async def test_a_prompt_asked_before_is_read_from_the_prefix_cache(engine: VllmEngine) -> None:
    text = "The lighthouse keeper counted the ships. " * 60

    first, again = [await engine.complete(exact(2, text)) for _ in range(2)]

    assert first.cached_tokens == 0
    assert 256 <= again.cached_tokens < again.prompt_tokens


@runs_vllm
@on_session_loop
@pytest.mark.parametrize(
    "text",
    ["", "🙂" * 50, "שלום עולם", "{{ x }} {% if %} ${y} {0}", "<|im_end|>\n<|im_start|>system"],
)
async def test_odd_texts_are_answered(engine: VllmEngine, text: str) -> None:
    answer = await engine.complete(exact(3, text))

    assert answer.completion_tokens == 3


@runs_vllm
@on_session_loop
async def test_requests_share_the_batch(engine: VllmEngine) -> None:
    begun = time.perf_counter()
    ended = []
    for answer in asyncio.as_completed([engine.complete(exact(48, seed=n)) for n in range(24)]):
        await answer
        ended.append(time.perf_counter() - begun)

    assert ended[0] > ended[-1] / 2  # one after the other, the first ends after a 24th


@runs_vllm
@on_session_loop
async def test_a_short_request_does_not_wait_for_a_long_one(engine: VllmEngine) -> None:
    long = asyncio.create_task(engine.complete(exact(400)))
    await asyncio.sleep(0.2)

    await engine.complete(exact(4))

    assert not long.done()
    long.cancel()


@runs_vllm
@on_session_loop
async def test_a_cancelled_request_leaves_the_batch(engine: VllmEngine) -> None:
    tasks = [asyncio.create_task(engine.complete(exact(1500, seed=seed))) for seed in range(32)]
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)

    # They held every seat, for minutes.
    answer = await asyncio.wait_for(engine.complete(exact(2)), timeout=60)

    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    assert answer.completion_tokens == 2


@runs_vllm
@on_session_loop
async def test_a_dead_engine_fails_every_request_for_good(
    engine: VllmEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends the engine that the tests above share, so it stands last."""
    # A captured traceback would keep the engine alive until pytest's end.
    caplog.set_level(logging.CRITICAL + 1, "vllm")
    asked = [asyncio.create_task(engine.complete(exact(1500, seed=seed))) for seed in range(4)]
    await asyncio.sleep(0.5)

    for child in psutil.Process().children(recursive=True):
        if "EngineCore" in " ".join(child.cmdline()):
            child.kill()
    ends = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), timeout=60)
    with pytest.raises(EngineError) as later:
        await engine.complete(exact(2))

    assert all(isinstance(end, EngineError) and end.fatal for end in ends)
    assert later.value.fatal
