"""The chat-completions wire format: a request's body out, a completion in.

Written by hand instead of through an SDK's models, because a run makes millions of these. Covers
what OpenAI, vLLM, SGLang and llama-server share; models that only take `max_completion_tokens` or a
fixed temperature are not covered.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from datagen.engines.base import Completion, FinishReason, Request, RequestedCall
from datagen.errors import EngineError

FINISH_REASONS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
"""What servers call the end of an answer. Anything else ("abort", "error", null) is none."""


class BadResponse(Exception):
    """The server's 200 doesn't hold a completion."""


def encode(model: str, request: Request) -> bytes:
    """The body of a chat-completions call."""
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": model,
        "messages": [message.as_dict() for message in request.messages],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
    }
    if sampling.stop:
        body["stop"] = sampling.stop
    if sampling.ignore_eos:
        body["ignore_eos"] = True
    if request.tools:
        body["tools"] = request.tools
    if request.schema is not None:
        schema = {"name": "answer", "schema": dict(request.schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError as problem:
        raise EngineError(f"the request is not valid JSON: {problem}", kind="bad_request") from None


def decode(raw: bytes, model: str) -> Completion:
    """The completion that a 200 holds. Raises `BadResponse` if there is none."""
    try:
        reply = orjson.loads(raw)
        choice = reply["choices"][0]
        message = choice["message"]
        text = message.get("content")
        ended = FINISH_REASONS.get(choice["finish_reason"])
        calls = requested_calls(message)
        usage = reply.get("usage") or {}
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    except orjson.JSONDecodeError:
        raise BadResponse(f"is not JSON: {one_line(raw)}") from None
    except (KeyError, IndexError, TypeError, AttributeError):
        raise BadResponse(f"holds no completion: {one_line(raw)}") from None
    if ended is None:
        raise BadResponse(f"ended for an unknown reason: {choice['finish_reason']!r}")
    if text is None:
        text = message.get("refusal") or ""
    if not isinstance(text, str):
        raise BadResponse(f"holds no text: {one_line(raw)}")
    return Completion(
        text,
        ended,
        usage.get("prompt_tokens") or 0,
        usage.get("completion_tokens") or 0,
        cached,
        reply.get("model") or model,
        calls,
        reasoning(message),
    )


def requested_calls(message: Mapping[str, Any]) -> tuple[RequestedCall, ...]:
    """The tool calls of a server's message. Raises `TypeError`, `KeyError` or `AttributeError`
    where it has none of the known forms; arguments stay the text that came."""
    found = []
    for call in message.get("tool_calls") or ():
        function = call["function"]
        arguments = function.get("arguments")
        if not isinstance(arguments, str):  # some servers parse them
            arguments = orjson.dumps(arguments or {}).decode()
        found.append(RequestedCall(str(call.get("id") or ""), str(function["name"]), arguments))
    return tuple(found)


def reasoning(message: Mapping[str, Any]) -> str:
    """The thoughts that a server gives beside the answer: vLLM's, SGLang's and llama-server's
    names."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(message.get(name), str):
            return str(message[name])
    return ""


def complaint(raw: bytes) -> str:
    """A server's own words about what is wrong, on one line: OpenAI's, vLLM's or FastAPI's form."""
    try:
        said: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return one_line(raw)
    for name in ("error", "message", "detail"):
        if isinstance(said, dict) and said.get(name):
            said = said[name]
    return one_line(said.encode() if isinstance(said, str) else raw)


def one_line(raw: bytes, limit: int = 300) -> str:
    """At most `limit` characters of `raw`, without line breaks."""
    text = " ".join(raw[: 4 * limit].decode("utf-8", "replace").split())
    return text if len(text) <= limit else f"{text[:limit]}…"


def model_names(raw: bytes) -> dict[str, int | None]:
    """Names that `GET /models` lists, each with its context in tokens where that is said (vLLM)."""
    try:
        reply = orjson.loads(raw)
        listed = reply["data"] if isinstance(reply, dict) else reply
        return {str(model["id"]): model.get("max_model_len") for model in listed}
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise BadResponse(f"lists no models: {one_line(raw)}") from None
