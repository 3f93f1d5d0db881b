"""Which class runs an engine kind, and whether it owns a model."""

from collections.abc import Callable

from datagen.engines.base import Engine
from datagen.engines.weights import model_name
from datagen.errors import RecipeError
from datagen.recipe import EngineKind, EngineOptions

DEFAULT_MODEL = "smollm2"
"""The embedded engine's, if none is named."""
OWNS_A_MODEL: frozenset[EngineKind] = frozenset({"llamacpp", "vllm"})
"""Kinds that load a model and so live in an actor of their own; the others are clients inside a
worker."""


def make_engine(options: EngineOptions, *, concurrency: int | None = None) -> Engine:
    """The engine that the options name, not started. `concurrency` is this copy's share."""
    share = concurrency or options.concurrency
    return _MAKERS[options.kind](options, share)


def _llamacpp(options: EngineOptions, concurrency: int | None) -> Engine:
    from datagen.engines.llamacpp import LlamaCppEngine

    return LlamaCppEngine(
        options.model or DEFAULT_MODEL,
        concurrency=concurrency or 16,
        threads=options.threads,
        context_tokens=options.context_tokens,
    )


def _openai(options: EngineOptions, concurrency: int | None) -> Engine:
    from datagen.engines.openai import OpenAIEngine, Patience

    if not options.base_url:
        raise RecipeError("engine.base_url: is missing; --engine openai needs --base-url URL")
    return OpenAIEngine(
        options.base_url,
        options.model,
        api_key_variable=options.api_key_variable,
        concurrency=concurrency or 64,
        timeout_s=options.timeout_s,
        patience=Patience.of(options.patience_s),
    )


def _vllm(options: EngineOptions, concurrency: int | None) -> Engine:
    from datagen.engines.vllm import VllmEngine

    if not options.model:
        raise RecipeError("engine.model: is missing; --engine vllm needs --model NAME or a folder")
    more = dict(options.options)
    if options.context_tokens:
        more["max_model_len"] = options.context_tokens
    return VllmEngine(options.model, concurrency=concurrency or 256, engine_options=more)


def _scripted(options: EngineOptions, concurrency: int | None) -> Engine:
    from datagen.engines.scripted import ScriptedEngine, load_reply

    if not options.model:
        raise RecipeError(
            "engine.model: is missing; --engine scripted needs --model module:function"
        )
    reply, name = load_reply(options.model), model_name(options)
    return ScriptedEngine(reply, concurrency=concurrency or 64, name=name)


_MAKERS: dict[EngineKind, Callable[[EngineOptions, int | None], Engine]] = {
    "llamacpp": _llamacpp,
    "openai": _openai,
    "vllm": _vllm,
    "scripted": _scripted,
}
