"""The embedded engine: llama.cpp in this process, for machines with no GPU, no key and no server.

llama.cpp batches the calls of all its slots; a call goes to the slot whose last prompt is most like
its own, so that a chain finds its prefix there. Each slot has a cache of its own: one cache for
all was no faster, and a long chain could take the others' room. A seed does not fix an answer:
what stands in the cache and who else is in the batch decide how sums are rounded, and answers part
(of 32 asked twice side by side, 2 to 6 were equal), so a run keeps to what it wrote down. A call
that was cancelled runs to its end in its slot. Tools go through the model's own template where it
knows them (`--jinja`); small models call none that way, see `agent.calling`. Does not cover images.
"""

import asyncio
import json
import os
import secrets
import urllib.request
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import psutil

from datagen.assets import GGUF_MAGIC, model_path
from datagen.engines.base import Completion, EngineFacts, FinishReason, Request
from datagen.engines.chat import reasoning, requested_calls
from datagen.engines.gate import PriorityGate
from datagen.engines.weights import gguf_name
from datagen.errors import EngineError, RecipeError

CONTEXT_TOKENS = 4096
"""Of one slot: a window of 1,024 tokens, as much rewritten, a chunk and its answer fit with room.
With SmolLM2 (23 kB a token) 16 slots take 1.5 GB, all of it when the engine starts."""


class LlamaCppEngine:
    """A GGUF model, by path or embedded name, in this process.

    `concurrency` is the number of slots, `context_tokens` the room of one slot for prompt and
    answer (None: 4,096; never more than the model was trained for), `threads` None all physical
    cores.
    """

    def __init__(
        self,
        model: str = "smollm2",
        *,
        concurrency: int = 16,
        threads: int | None = None,
        context_tokens: int | None = None,
    ) -> None:
        self.model = model
        self.concurrency = concurrency
        self.threads = threads
        self.context_tokens = context_tokens or CONTEXT_TOKENS
        self._name = gguf_name(model)
        self._server: Any = None
        self._calls: ThreadPoolExecutor | None = None
        self._gate = PriorityGate(concurrency)

    async def start(self) -> EngineFacts:
        """Load the model, fetching an embedded one that isn't in the cache yet."""
        path = await asyncio.to_thread(model_path, self.model)
        if self._server is None:
            key = secrets.token_hex()
            self._server = await asyncio.to_thread(self._load, path, key)
            self._calls = ThreadPoolExecutor(self.concurrency, thread_name_prefix="llamacpp")
            self.context_tokens = await asyncio.to_thread(_slot_context, self._server, key)
        return EngineFacts(
            model=self._name,
            concurrency=self.concurrency,
            context_tokens=self.context_tokens,
            extras={"file": path.name, "xllamacpp": version("xllamacpp")},
        )

    async def complete(self, request: Request) -> Completion:
        if self._calls is None:
            raise EngineError(f"{self._name} is not loaded", kind="unreachable", fatal=True)
        await self._gate.acquire(request.priority)
        loop = asyncio.get_running_loop()

        def leave(_: Future[Any]) -> None:
            with suppress(RuntimeError):  # the loop may be gone when an abandoned call ends
                loop.call_soon_threadsafe(self._gate.release)

        call = self._calls.submit(self._server.handle_chat_completions, _body(request))
        call.add_done_callback(leave)
        try:
            answer = await asyncio.wrap_future(call)
        except ValueError as problem:  # a schema that it doesn't know, a chat its template refuses
            raise EngineError(f"{self._name}: {problem}", kind="bad_request") from problem
        except RuntimeError as problem:
            raise EngineError(f"{self._name}: {problem}", kind="server_error") from problem
        return _completion(answer, self._name)

    async def close(self) -> None:
        """Free the model, after the calls that are under way."""
        server, self._server = self._server, None
        calls, self._calls = self._calls, None
        if calls is not None:
            await asyncio.to_thread(calls.shutdown)
        del server

    def _load(self, path: Path, key: str) -> Any:
        with path.open("rb") as file:
            if file.read(len(GGUF_MAGIC)) != GGUF_MAGIC:
                raise RecipeError(f"--model {path}: not a GGUF file")
        xllamacpp = _library()
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_parallel = self.concurrency
        params.n_ctx = self.context_tokens * self.concurrency
        params.fit_params = False  # the context is what was asked for, or loading fails
        params.cache_ram_mib = 0  # else up to 8 GiB of prompts are kept beside the slots
        params.verbosity = -1
        # The library opens a port on the loopback interface; nobody else may ask there.
        params.api_keys = [key]
        for cpu in (params.cpuparams, params.cpuparams_batch):
            cpu.n_threads = self.threads or physical_cores()
            cpu.poll = 0  # workers and the embedder share the cores: a waiting thread sleeps
        try:
            return xllamacpp.Server(params)
        except RuntimeError as problem:
            raise RecipeError(
                f"--model {path}: llama.cpp can't load it (damaged, of an unknown kind, or too"
                f" large for {self.concurrency} slots of {self.context_tokens} tokens)"
            ) from problem


def _library() -> Any:
    """xllamacpp, with OpenMP's threads told to sleep at barriers.

    By default they spin, and a thread that was put aside keeps all the others spinning: on two busy
    cores two threads took over eight times as long as one (SmolLM2, 16 slots).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read once, when the library is loaded
    try:
        import xllamacpp
    except ImportError as problem:
        raise RecipeError(f"--engine llamacpp: xllamacpp can't be loaded: {problem}") from problem
    return xllamacpp


def physical_cores() -> int:
    """Cores this process may use; threads of one core don't help to multiply matrices."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(psutil.cpu_count(logical=False) or 1, allowed or 1))


def _slot_context(server: Any, key: str) -> int:
    """Tokens of one slot as llama.cpp settled them: rounded, and capped at the model's context."""
    request = urllib.request.Request(
        f"{server.listening_address}/props", headers={"Authorization": f"Bearer {key}"}
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=60) as response:
        return int(json.load(response)["default_generation_settings"]["n_ctx"])


def _body(request: Request) -> dict[str, Any]:
    """The request as JSON. What `Sampling` doesn't name is neutral, not the library's default."""
    sampling = request.sampling
    body: dict[str, Any] = {
        "messages": [_encodable(message.as_dict()) for message in request.messages],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": 0,
        "min_p": 0.0,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
        "stop": list(sampling.stop),
        "ignore_eos": sampling.ignore_eos,
        "cache_prompt": True,
    }
    if request.tools:
        body["tools"] = [dict(tool) for tool in request.tools]
    if request.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": request.schema},
        }
    return body


def _encodable(message: Any) -> Any:
    """A lone surrogate can't be encoded; the model sees a question mark in its place."""
    if isinstance(message, str):
        return message.encode("utf-8", "replace").decode()
    if isinstance(message, list):
        return [_encodable(part) for part in message]
    if isinstance(message, dict):
        return {key: _encodable(part) for key, part in message.items()}
    return message


def _completion(answer: Mapping[str, Any], name: str) -> Completion:
    if "error" in answer:
        raise _error(answer["error"], name)
    try:
        choice, usage = answer["choices"][0], answer["usage"]
        reason, message = choice["finish_reason"], choice["message"]
        return Completion(
            text=message.get("content") or "",
            finish_reason=reason if reason in get_args(FinishReason) else "stop",
            prompt_tokens=usage["prompt_tokens"],
            completion_tokens=usage["completion_tokens"],
            cached_tokens=usage.get("prompt_tokens_details", {}).get("cached_tokens", 0),
            model=name,
            tool_calls=requested_calls(message),
            reasoning=reasoning(message),
        )
    except (KeyError, IndexError, TypeError, AttributeError) as problem:
        raise EngineError(f"{name}: unusable answer: {problem!r}", kind="bad_response") from problem


def _error(error: Mapping[str, Any], name: str) -> EngineError:
    if error.get("type") == "exceed_context_size_error":
        return EngineError(
            f"{name}: a prompt of {error['n_prompt_tokens']} tokens doesn't fit the context of"
            f" {error['n_ctx']}",
            kind="bad_request",
        )
    code = int(error.get("code", 500))
    return EngineError(
        f"{name}: {error.get('message', error)}",
        kind="bad_request" if 400 <= code < 500 else "server_error",
    )
