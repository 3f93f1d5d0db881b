"""Where each value of a call's arguments comes from.

Identifiers, numbers, dates, names and texts must stand in what the agent could know before the
call: the system prompt, the user's words, what tools answered; or be a default, a value of an enum,
or arithmetic on numbers that stand there. Texts that an agent writes itself (a query, a message)
only answer for their protected facts. Not seen: a value that stands there and is the wrong one;
that is for the goal."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from datagen.agentic.nouns import Span, ToolCall, Trajectory, Verdict
from datagen.agentic.verify.arithmetic import computed, dated, is_near
from datagen.agentic.verify.codes import CODES
from datagen.agentic.verify.corpus import Corpus, find_whole, plain, stems, words_in
from datagen.agentic.verify.parameters import values
from datagen.agentic.verify.reasons import failed, passed
from datagen.agentic.verify.toolset import Toolset

FREE_TEXT = re.compile(
    r"query|quer(?:y|ies)|keyword|search|text|message|body|note|descri|comment|reason|subject|"
    r"content|summary|question|instruction|caption|prompt|resolution|pattern|title$|tweet|details",
    re.IGNORECASE,
)
"""Names of parameters whose value an agent writes in its own words."""
PAGING = re.compile(
    r"^(?:limit|page|page_size|per_page|offset|top_k|max_results|count|size|n)$", re.I
)
"""Parameters that an agent may choose: they decide how much is read."""
MOST_SPANS = 200
MOST_VALUES = 2_000
"""Values of one trajectory's arguments that are looked up; the rest of a flood is not."""
LONG_TEXT_WORDS = 7
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}.*)?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
_NUMERIC = re.compile(r"-?\d[\d,]*(?:\.\d+)?%?")
_CODED = re.compile(r"[@/\\_#]|\d")
_FIGURES = re.compile(
    r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![^\W\d_])[^\W\d_]*[-_/#]?\d[\w./:-]*\w|\d"
)
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,})*")
_IN_WORDS = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w])")
_IS_ID = re.compile(r"(?:^|[_.])id$|Id$")
_SCALE = re.compile(r"\b(\d{1,2})(?: to | and |-| - |\.\.)(\d{1,2})\b")
MOST_STEPS = 10
"""Steps of a scale that an agent may choose on: priority 1 to 5."""
_CAPITALS = re.compile(r"[A-Z]{2,5}")
_LESSENING = re.compile(
    r"\b(?:minus|negative|below zero|reduc|decreas|lower|deduct|subtract|withdr|debit|take off)"
)
_FILE = re.compile(r"\.[a-z]{2,5}$")
"""Endings of files, which users leave out."""


@dataclass(frozen=True, slots=True)
class Traced:
    """One value of an argument, and where it comes from."""

    turn: int
    call: ToolCall
    path: str
    value: Any
    span: Span | None
    """None: from nowhere."""
    reason: str
    """What it is then."""


def grounding(trajectory: Trajectory, tools: Toolset, corpus: Corpus) -> Verdict:
    spans: list[Span] = []
    for one in traced(trajectory, tools, corpus):
        if one.span is None:
            shown = json.dumps(one.value, ensure_ascii=False)[:200]
            lost = Span(value=str(one.value)[:200], source="none")
            detail = f"{one.call.name}.{one.path}: {shown}"
            return failed("grounding", one.reason, detail, turn=one.turn, spans=[*spans, lost])
        if len(spans) < MOST_SPANS:
            spans.append(one.span)
    return passed("grounding", spans)


def traced(trajectory: Trajectory, tools: Toolset, corpus: Corpus) -> Iterator[Traced]:
    """Every value of every argument, the first `MOST_VALUES` of them."""
    seen = 0
    for number, turn in enumerate(trajectory.turns):
        for call in turn.tool_calls:
            for path, value, schema in values(call, tools):
                seen += 1
                if seen > MOST_VALUES:
                    return
                about = tools[call.name].description
                same = _namesakes(path.rsplit(".", 1)[-1], call.name, tools)
                span, reason = trace(value, schema, path, corpus, number, about=about, same=same)
                yield Traced(number, call, path, value, span, reason if span is None else "")


def trace(
    value: Any,
    schema: Mapping[str, Any],
    path: str,
    corpus: Corpus,
    turn: int,
    *,
    about: str = "",
    same: str = "",
) -> tuple[Span | None, str]:
    """Where a value comes from; or None and the reason it fails. `about`: what the tool says of
    itself; `same`: what other tools of the same things list for parameters of this name."""
    shown = str(value)[:200]
    if value is None or isinstance(value, bool) or value in ("", []):
        return Span(value=shown, source="enum"), ""
    if "default" in schema and schema["default"] == value:
        return Span(value=shown, source="default"), ""
    if value in (schema.get("enum") or ()) or schema.get("const") == value:
        found = corpus.find(str(value), turn)
        return found or Span(value=shown, source="enum"), ""
    described = f"{schema.get('description', '')}"
    if isinstance(value, int | float):
        if PAGING.match(path.rsplit(".", 1)[-1]) and abs(value) <= 1000:
            return Span(value=shown, source="default"), ""
        if _IS_ID.search(path):
            return corpus.number(float(value), turn, loose=True), "untraceable_identifier"
        found = (
            _number(float(value), corpus, turn)
            or _bound(float(value), f"{about} {described}", corpus, turn)
            or (_on_scale(float(value), same) if same else None)
            or (_single(path, corpus, turn) if value == 1 else None)
        )
        return found, "untraceable_number"
    span, reason = _text(str(value), path, corpus, turn)
    return span or _option(str(value), f"{described} {same}"), reason


def _option(value: str, described: str) -> Span | None:
    """One of the options that a parameter's description names in words; never an identifier."""
    if re.search(r"\d|@", value) or len(value.split()) > 3:
        return None
    said, wanted = plain(described), plain(value).strip()
    found = find_whole(said, wanted) >= 0 or find_whole(said, wanted.replace("_", " ")) >= 0
    return Span(value=value, source="enum") if found else None


def _bound(value: float, described: str, corpus: Corpus, turn: int) -> Span | None:
    """A bound or a step of a scale that a description names ("from 1 to 5"), or what is missing to
    one ("holds up to 50 gallons")."""
    named = {float(one) for one in _IN_WORDS.findall(described)}
    span = Span(value=str(value), source="enum")
    if value in named or _on_scale(value, described):
        return span
    for source in corpus.before(turn):
        for column in source.columns:
            if any(is_near(value, bound - one) for bound in named if bound > 1 for one in column):
                return Span(value=str(value), source="arithmetic")
    return None


def _on_scale(value: float, described: str) -> Span | None:
    for low, high in _SCALE.findall(described):
        if value == int(value) and int(low) <= value <= int(high) <= int(low) + MOST_STEPS:
            return Span(value=str(value), source="enum")
    return None


def _namesakes(name: str, tool: str, tools: Toolset) -> str:
    """What other tools of the same things list for parameters of a name."""
    things = tools[tool].things
    found = (
        one.listed[name] for one in tools.values() if name in one.listed and one.things & things
    )
    return " ".join(dict.fromkeys(found))


def _single(path: str, corpus: Corpus, turn: int) -> Span | None:
    """One of what the parameter counts, where the user's last words are of one and not of more:
    `lines` of "the last line"."""
    counted = words_in(re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", path.rsplit(".", 1)[-1]))
    if not counted or not counted[-1].endswith("s"):
        return None
    users = [source for source in corpus.before(turn) if source.name == "user"]
    if not users or counted[-1] in users[-1].words:
        return None
    one = re.compile(rf"\b(?:one|last|first|latest|newest|single) {counted[-1][:-1]}\b")
    match = one.search(users[-1].text)
    return match and Span(value="1", source="user", turn=users[-1].turn, start=match.start())


def _number(value: float, corpus: Corpus, turn: int) -> Span | None:
    whole = value == int(value) if abs(value) < 1e15 else True
    found = corpus.number(value, turn, loose=whole)
    if found is None and value < 0 and _lessens(corpus, turn):
        found = corpus.number(-value, turn)
    return found or computed(value, corpus, turn)


def _lessens(corpus: Corpus, turn: int) -> bool:
    """Whether the user speaks of what a number without its sign may be the negative of."""
    users = (source for source in corpus.before(turn) if source.name == "user")
    return any(_LESSENING.search(source.text) for source in users)


def _text(value: str, path: str, corpus: Corpus, turn: int) -> tuple[Span | None, str]:
    if not any(sign.isalnum() for sign in value):
        return Span(value=value, source="default"), ""  # `.`, `..`, `*`
    if found := corpus.find(value, turn):
        return found, ""
    if found := corpus.find(re.sub(r"[_\-]+", " ", value), turn):
        return found, ""
    if match := _DATE.fullmatch(value):
        return dated(match, corpus, turn), "untraceable_date"
    if match := _TIME.fullmatch(value):
        return _time(match, corpus, turn), "untraceable_date"
    if _NUMERIC.fullmatch(value):
        bare = float(value.rstrip("%").replace(",", ""))
        return _number(bare, corpus, turn), "untraceable_number"
    leaf = path.rsplit(".", 1)[-1]
    if FREE_TEXT.search(leaf) or len(value.split()) >= LONG_TEXT_WORDS:
        return _free(value, corpus, turn), "untraceable_text"
    if " " not in value and _CODED.search(value):
        return _coded(value, corpus, turn), "untraceable_identifier"
    return _name(value, corpus, turn), "untraceable_name"


def _time(match: re.Match[str], corpus: Corpus, turn: int) -> Span | None:
    hour, minute = int(match[1]), match[2]
    twelve = hour % 12 or 12
    half = "am" if hour < 12 else "pm"
    ways = [f"{hour}:{minute}", f"{hour:02d}:{minute}", f"{twelve}:{minute}"]
    if minute == "00":
        ways += [f"{twelve} {half}", f"{twelve}{half}", f"{twelve} {half[0]}.m", f"{hour} o'clock"]
    return next((found for way in ways if (found := corpus.find(way, turn))), None)


def _coded(value: str, corpus: Corpus, turn: int) -> Span | None:
    """An identifier, path or address: whole, or a path whose parts are all known."""
    value = value.lstrip("#@")
    if found := corpus.find(value, turn) or corpus.find(_spaced(value), turn):
        return found
    if found := _two_parts(value, corpus, turn):
        return found
    parts = [part for part in re.split(r"[/\\]", value) if part not in ("", ".", "..")]
    if not parts:
        return Span(value=value, source="default")
    if len(parts) < 2 and "@" not in value and "/" not in value:
        words = [word for word in re.split(r"[_\-#.]", value) if word]
        inside = all(corpus.find(word, turn) for word in words)
        wordy = len(words) > 1 and not any(c.isdigit() for c in value)
        return corpus.find(words[0], turn) if words and inside and wordy else None
    places = [corpus.find(part, turn) or _coded_word(part, corpus, turn) for part in parts]
    return places[0] if all(places) and "@" not in value else None


def _two_parts(value: str, corpus: Corpus, turn: int) -> Span | None:
    """A file's name without its ending, letters said apart from digits ("P followed by 1234567"), a
    month of a year with two digits more."""
    if match := _FILE.search(value):
        stem = value[: match.start()]
        number = float(stem) if stem.isdecimal() and len(stem) < 12 else None
        return corpus.find(stem, turn) or (
            None if number is None else _number(number, corpus, turn)
        )
    if match := re.fullmatch(r"([A-Z]{1,3})(\d{5,})", value):
        found = corpus.find(match[2], turn)
        return found if found and corpus.find(match[1], turn) else None
    if match := re.fullmatch(r"(\d{1,2})/20(\d{2})", value):
        return corpus.find(f"{match[1]}/{match[2]}", turn)
    return None


def _spaced(value: str) -> str:
    """Words written together, apart: `ProjectUpdate`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value)


def _coded_word(part: str, corpus: Corpus, turn: int) -> Span | None:
    return corpus.find(part.replace("_", " "), turn)


def _name(value: str, corpus: Corpus, turn: int) -> Span | None:
    """A name or a few words: each of them stands somewhere, whatever its ending."""
    if code := _code(value, corpus, turn):
        return code
    value = _FILE.sub("", value)
    words = [word for word in words_in(value) if len(word) > 2 or word.isdigit()]
    if not words:
        return None
    return corpus.holding(stems(words), value[:200], turn)


def _code(value: str, corpus: Corpus, turn: int) -> Span | None:
    """A code of capital letters for something that was named: a currency, a shortened name."""
    if not _CAPITALS.fullmatch(value):
        return None
    names = CODES.get(value, ())
    for name in names:
        if found := corpus.find(name, turn):
            return found
    letters = re.compile(
        rf"\b{value[0].lower()}" + "".join(rf"[a-z]*? ?{one}" for one in value[1:].lower())
    )
    for source in corpus.before(turn):
        if match := letters.search(source.text):
            return Span(value=value, source=source.name, turn=source.turn, start=match.start())
    return None


def _free(value: str, corpus: Corpus, turn: int) -> Span | None:
    """A text of the agent's own: its figures, names and quotations stand somewhere. The span is
    that of the first of them; a text without any is the agent's own alone."""
    first: Span | None = None
    for figure in _FIGURES.findall(value):
        bare = figure.rstrip(".:-/")
        found = corpus.find(bare, turn)
        if found is None and _NUMERIC.fullmatch(bare):
            found = _number(float(bare.rstrip("%").replace(",", "")), corpus, turn)
        if found is None:
            return None
        first = first or found
    for name in _NAME.findall(value):
        found = _name(name, corpus, turn)
        if found is None:
            return None
        first = first or found
    for quoted in re.findall(r'"([^"\n]{3,200})"', plain(value)):
        found = corpus.find(quoted, turn) or _name(quoted, corpus, turn)
        if found is None:
            return None
        first = first or found
    return first or Span(value=value[:200], source="agent")
