"""What the ideal server answers: a length, a text and a fault, each a function of the request.

The draw is a hash of (server seed, request seed, messages), never of the order of arrival, so that
two runs that ask the same get the same work and the same texts. The paraphrase only looks like one:
it swaps words outside names, numbers, quotations, code and formulas, so that a fidelity gate can
accept it; it says nothing about how a model rewrites.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import orjson

Mode = Literal["words", "echo", "paraphrase"]
FaultKind = Literal[
    "rate_limit",
    "server_error",
    "drop",
    "cut",
    "stall",
    "bad_request",
    "truncate",
    "not_json",
    "no_choices",
]
LASTING: frozenset[str] = frozenset({"bad_request", "truncate"})
"""Faults of the request, not of the server: asking the same again meets the same fault."""

CHARACTERS_PER_TOKEN = 4
"""Round figure for English; it only has to be the same for everyone."""

_NORMAL = NormalDist()
_SENTENCE = re.findall(
    r"\w+",
    "the model reads a page and writes it again in plain words so that every fact of the source "
    "stays while its order and its tone may change from one version to the next",
)
_FILLER = " ".join(_SENTENCE * 300)
_STARTS = [0, *(space.end() for space in re.finditer(" ", _FILLER))]
"""Offset of each word of the filler."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """fixed:N, uniform:LOW:HIGH, lognormal:MEDIAN:SIGMA, or text (as many as the answer's text)."""

    kind: Literal["fixed", "uniform", "lognormal", "text"]
    first: float = 0.0
    second: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "Lengths":
        kind, *numbers = text.split(":")
        wanted = {"fixed": 1, "uniform": 2, "lognormal": 2, "text": 0}
        if wanted.get(kind) != len(numbers):
            raise ValueError(f"{text!r}: want {cls.__doc__}")
        return cls(kind, *map(float, numbers))  # type: ignore[arg-type]

    def draw(self, share: float) -> int:
        """The length at quantile `share` in (0, 1); at least 1."""
        if self.kind == "lognormal":
            drawn = self.first * math.exp(self.second * _NORMAL.inv_cdf(share))
        elif self.kind == "uniform":
            drawn = self.first + share * (self.second - self.first)
        else:
            drawn = self.first
        return max(1, round(drawn))


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes into a completion, and the tokens that the clock charges for it."""

    text: str
    tokens: int
    prompt_tokens: int
    cut_off: bool = False
    call: Mapping[str, Any] | None = None
    """A tool call instead of the text."""


@dataclass(frozen=True, slots=True)
class Fault:
    """KIND=0.1 (share of requests), KIND=every:7 (each 7th to arrive), KIND=first:3 (the first
    three) or KIND=above:16 (while more than 16 are in flight)."""

    kind: FaultKind
    when: Literal["share", "every", "first", "above"]
    number: float

    @classmethod
    def parse(cls, text: str) -> "Fault":
        kind, _, rule = text.partition("=")
        when, _, number = rule.rpartition(":")
        known = FaultKind.__args__  # type: ignore[attr-defined]
        if kind not in known or when not in ("", "every", "first", "above"):
            raise ValueError(f"{text!r}: want {cls.__doc__}; kinds: {', '.join(known)}")
        return cls(kind, when or "share", float(number))  # type: ignore[arg-type]

    def is_due(self, *, arrival: int, in_flight: int, digest: bytes, asked: int) -> bool:
        """`arrival` counts requests from 1, `asked` how often this body came before."""
        if self.when == "every":
            return arrival % int(self.number) == 0
        if self.when == "first":
            return arrival <= self.number
        if self.when == "above":
            return in_flight > self.number
        return _share(digest, self.kind, 0 if self.kind in LASTING else asked) < self.number


def _share(*parts: object) -> float:
    """A number in [0, 1) that `parts` decide."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


class Author:
    """Writes answers."""

    def __init__(self, *, seed: int, mode: Mode, lengths: Lengths) -> None:
        self.seed = seed
        self.mode = mode
        self.lengths = lengths

    def answer(self, body: Mapping[str, Any]) -> Answer:
        """The answer to a chat-completions body. Raises `ValueError` on one without messages."""
        messages = body.get("messages")
        if not messages or not isinstance(messages, list):
            raise ValueError("messages: want a list that is not empty")
        asked = orjson.dumps([self.seed, body.get("seed"), messages])
        digest = hashlib.blake2b(asked, digest_size=12).digest()
        cap = int(body.get("max_tokens") or body.get("max_completion_tokens") or 4096)
        drawn = self.lengths.draw((int.from_bytes(digest[:4], "big") + 0.5) / 2**32)
        tokens = cap if body.get("ignore_eos") else min(cap, drawn)
        text = self._text(body, messages, tokens, int.from_bytes(digest[4:], "big"))
        if self.lengths.kind == "text" and not body.get("ignore_eos"):
            tokens = min(cap, max(1, len(text) // CHARACTERS_PER_TOKEN))
        if call := tool_call(body, messages):
            return Answer("", tokens, len(asked) // CHARACTERS_PER_TOKEN, call=call)
        forced = bool(body.get("ignore_eos"))  # an answer that may not end is always cut off
        return Answer(text, tokens, len(asked) // CHARACTERS_PER_TOKEN, forced)

    def _text(
        self, body: Mapping[str, Any], messages: Sequence[Any], tokens: int, draw: int
    ) -> str:
        wanted = body.get("response_format") or {}
        if wanted.get("type") == "json_schema":
            return orjson.dumps(instance_of(wanted["json_schema"]["schema"])).decode()
        if self.mode == "words":
            return filler(tokens if self.lengths.kind != "text" else 64, draw)
        source = text_to_rewrite(str(messages[-1].get("content") or ""))
        return source if self.mode == "echo" else paraphrase(source, draw)


def completion(
    answer: Answer, *, model: str, digest: str, cached: bool, fault: str | None
) -> bytes:
    """The body of a 200, or what `fault` makes of it."""
    truncated = fault == "truncate"
    text = answer.text[: len(answer.text) // 2] if truncated else answer.text
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if answer.call:
        message["tool_calls"] = [answer.call]
    ended = "tool_calls" if answer.call else "stop"
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": "length" if truncated or answer.cut_off else ended,
    }
    usage = {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.tokens,
        "total_tokens": answer.prompt_tokens + answer.tokens,
        "prompt_tokens_details": {"cached_tokens": answer.prompt_tokens if cached else 0},
    }
    payload = orjson.dumps(
        {
            "id": digest,
            "object": "chat.completion",
            "model": model,
            "choices": [] if fault == "no_choices" else [choice],
            "usage": usage,
        }
    )
    return payload[: len(payload) // 2] if fault == "not_json" else payload


def tool_call(body: Mapping[str, Any], messages: Sequence[Any]) -> Mapping[str, Any] | None:
    """A call of one of the body's tools, or None: it is time to answer in words.

    A conversation takes 3 to 30 turns of the assistant, as its first messages decide; each but the
    last is a call with arguments of the right form."""
    tools = body.get("tools")
    if not tools:
        return None
    wanted = 3 + int(28 * _share(orjson.dumps(messages[:2])))
    turns = sum(message.get("role") == "assistant" for message in messages)
    if turns + 1 >= wanted:
        return None
    function = tools[int(_share(turns, wanted) * len(tools))]["function"]
    arguments = orjson.dumps(instance_of(function.get("parameters") or {"type": "object"}))
    function = {"name": function["name"], "arguments": arguments.decode()}
    return {"id": f"call_{turns}", "type": "function", "function": function}


def filler(words: int, draw: int) -> str:
    """`words` words that start where `draw` says."""
    first = draw % len(_SENTENCE)
    if first + words >= len(_STARTS):
        repeats = -(-(first + words) // len(_SENTENCE))
        return " ".join((_SENTENCE * repeats)[first : first + words])
    return _FILLER[_STARTS[first] : _STARTS[first + words] - 1]


def text_to_rewrite(message: str) -> str:
    """What stands between `<text>` and `</text>`, or all of a message without the tags."""
    _, opened, rest = message.rpartition("<text>")
    inside, closed, _ = rest.partition("</text>")
    return (inside if opened and closed else message).strip()


def instance_of(schema: Mapping[str, Any]) -> Any:
    """A small value that satisfies a JSON Schema of the plain kinds (no references or patterns)."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return instance_of(schema[choice][0])
    kind = schema.get("type", "null")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        named = schema.get("properties", {})
        return {name: instance_of(named.get(name, {})) for name in schema.get("required", named)}
    if kind == "array":
        return [instance_of(schema.get("items", {}))] * int(schema.get("minItems", 0))
    if kind == "string":
        return "words" + " words" * (int(schema.get("minLength", 0)) // 6)
    if kind in ("integer", "number"):
        return schema.get("minimum", 0)
    return True if kind == "boolean" else None


_SYNONYMS = {
    "also": ("likewise", "in addition"),
    "although": ("though", "even though"),
    "and": ("as well as", "along with"),
    "because": ("since", "as"),
    "began": ("started", "commenced"),
    "big": ("large", "sizeable"),
    "but": ("yet", "though"),
    "called": ("named", "known as"),
    "different": ("distinct", "differing"),
    "first": ("initial", "earliest"),
    "from": ("out of", "from"),
    "helps": ("aids", "assists"),
    "important": ("significant", "notable"),
    "in": ("within", "inside"),
    "large": ("big", "sizeable"),
    "made": ("produced", "created"),
    "many": ("numerous", "a lot of"),
    "often": ("frequently", "commonly"),
    "shows": ("demonstrates", "reveals"),
    "small": ("little", "modest"),
    "such as": ("like", "for instance"),
    "that": ("which", "that"),
    "therefore": ("thus", "hence"),
    "used": ("employed", "utilised"),
    "usually": ("normally", "typically"),
    "very": ("highly", "quite"),
    "when": ("at the time when", "once"),
    "which": ("that", "which"),
    "with": ("together with", "alongside"),
}
# Only between lower-case words: "and" inside "Trinidad and Tobago" is part of a name.
_LONGEST_FIRST = "|".join(sorted(_SYNONYMS, key=len, reverse=True))
_SWAPS = re.compile(rf"(?<=[a-z] )({_LONGEST_FIRST})(?= [a-z])")
_OPENERS = re.compile(r"(?<=[.!?] )(The|It|This|These|They|There|A|An)(?= [a-z])")
_CONNECTIVES = ("Moreover, ", "In fact, ", "Beyond that, ", "Notably, ")
_PROTECTED = re.compile(
    r"```.*?```|`[^`\n]*`"
    r"|\$\$.*?\$\$|\$[^$\n]*\$|\\\[.*?\\\]|\\\(.*?\\\)"
    r"|\"[^\"\n]*\"|“[^”\n]*”|https?://\S+",
    re.DOTALL,
)


def paraphrase(source: str, draw: int) -> str:
    """The source with other connectives and synonyms; equal draws give equal texts."""
    done = 0
    pieces = []
    for span in _PROTECTED.finditer(source):
        pieces += [_reword(source[done : span.start()], draw), span.group()]
        done = span.end()
    return "".join([*pieces, _reword(source[done:], draw)])


def _reword(plain: str, draw: int) -> str:
    def swap(match: re.Match[str]) -> str:
        choices = _SYNONYMS[match[1]]
        return choices[(draw >> (match.start() % 23)) % len(choices)]

    def connect(match: re.Match[str]) -> str:
        return _CONNECTIVES[(draw >> (match.start() % 29)) % len(_CONNECTIVES)] + match[1].lower()

    return _OPENERS.sub(connect, _SWAPS.sub(swap, plain))
