"""Everything an agent could have known, and where it stands: the system prompt, the user's words,
what tools answered.

Each value is looked up once; its earliest place decides whether it was there before a call. What
tools answer is searched as text and, where it is JSON, value by value. The agent's own words are no
evidence. Texts over `MAX_SOURCE_CHARS` are read as far as that."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from datagen.agentic.nouns import Span, ToolCall, Turn
from datagen.rephrase.fidelity.facts import Facts

MAX_SOURCE_CHARS = 200_000
MOST_NUMBERS = 400
"""Distinct numbers of a conversation that arithmetic looks at."""
_SAME = str.maketrans("“”„«»‘’`–—−\u00a0\u202f", '"""""\'\'\'---  ')
_NUMBER = re.compile(r"(?<![\w.])(?<!\d[-/:])-?\d[\d,]*(?:\.\d+)?(?![\w])(?![-/:]\d)")
"""Not the parts of dates and times, which are no numbers by themselves."""
_MEASURE = re.compile(r"(?<![\w.-])(\d[\d,]*(?:\.\d+)?)[^\W\d_]{1,3}(?!\w)")
"""A number with its unit behind it: 64GB."""
_PRICED = re.compile(r"[$€£¥] ?(\d[\d,]*(?:\.\d+)?)")
"""Whatever stands behind it: $5000Expenses."""
_ANY_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_EXCHANGES = re.compile(r"exchang|conver|currenc", re.IGNORECASE)
"""In the name of a tool that turns one amount into another."""
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2})")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_WORDS = re.compile(r"[^\W_]+")
SourceName = Literal["system", "user", "tool"]


@dataclass(frozen=True, slots=True)
class Source:
    """One text and what can be looked up in it."""

    turn: int
    name: SourceName
    text: str
    """As it came, in lower case, one kind of quotation marks; same length as the original."""
    flat: str
    """Values of JSON, one a line; the text where it is none."""
    numbers: frozenset[float]
    """Numbers that stand alone."""
    digits: frozenset[float]
    """All runs of digits, also inside words."""
    words: frozenset[str]
    dates: frozenset[date]
    days: frozenset[tuple[int, int]]
    """(month, day) of dates, in whatever way they are written."""
    columns: tuple[tuple[float, ...], ...]
    """Numbers under one key, for each key; and how many things each list has."""
    counts: tuple[float, ...]
    """How many records each collection has that is no list; how often a key is true."""
    fields: tuple[tuple[tuple[str, ...], float], ...]
    """Paths of numbers in the answer, the tool's name first."""
    is_error: bool
    """Nothing is computed from an error."""
    rate: float
    """What a tool that exchanges was asked with one number and multiplied it by; else 0."""


class Corpus:
    """The sources of a trajectory, in order."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        names: dict[str, SourceName] = {"system": "system", "user": "user", "tool": "tool"}
        asked = {call.id: call for turn in turns for call in turn.tool_calls}
        self.sources = [
            _source(
                number,
                names[turn.role],
                turn.content[:MAX_SOURCE_CHARS],
                turn.name,
                0.0 if turn.is_error else _exchanged(asked.get(turn.tool_call_id)),
                is_error=turn.is_error,
            )
            for number, turn in enumerate(turns)
            if turn.role in names and turn.content
        ]
        self._found: dict[str, Span | None] = {}
        self._stems: dict[int, set[str]] = {}

    def before(self, turn: int) -> Iterator[Source]:
        for source in self.sources:
            if source.turn >= turn:
                return
            yield source

    def find(self, value: str, turn: int) -> Span | None:
        """Where the value stands, between boundaries of words, before a turn."""
        wanted = plain(value).strip()
        if wanted not in self._found:
            self._found[wanted] = self._first(wanted)
        found = self._found[wanted]
        return found if found is not None and found.turn < turn else None

    def number(self, value: float, turn: int, *, loose: bool = False) -> Span | None:
        """A source with that number; `loose` also takes digits inside a user's words."""
        for source in self.before(turn):
            if value in source.numbers or (
                loose and source.name == "user" and value in source.digits
            ):
                return Span(value=_shown(value), source=source.name, turn=source.turn)
        return None

    def holding(self, wanted: set[str], value: str, turn: int) -> Span | None:
        """Where stems stand before a turn: in one text or, each of them, somewhere; of several
        texts the one that has most of them."""
        best, most, left = None, 0, set(wanted)
        for place, source in enumerate(self.before(turn)):
            if place not in self._stems:
                self._stems[place] = stems(list(source.words))
            held = wanted & self._stems[place]
            left -= held
            if len(held) > most:
                best, most = source, len(held)
            if most == len(wanted):
                break
        if left or best is None:
            return None
        return Span(value=value, source=best.name, turn=best.turn)

    def _first(self, wanted: str) -> Span | None:
        for source in self.sources:
            start = find_whole(source.text, wanted)
            if start < 0 and source.flat is not source.text:
                start = -2 if find_whole(source.flat, wanted) >= 0 else -1
            if start != -1:
                return Span(
                    value=wanted[:200], source=source.name, turn=source.turn, start=max(-1, start)
                )
        return None


def plain(text: str) -> str:
    """Lower case, one kind of quotation marks, dashes and spaces, a space between a day and its
    time; the length stays."""
    made = _MOMENT.sub(r"\1 \2", text.translate(_SAME))
    low = made.lower()
    return low if len(low) == len(made) else "".join(c.lower()[:1] or c for c in made)


def find_whole(text: str, wanted: str) -> int:
    """Where `wanted` stands in the text as a whole word or words; -1: nowhere."""
    if not wanted:
        return -1
    start = text.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        before = text[start - 1] if start else " "
        after = text[end] if end < len(text) else " "
        if not (wanted[0].isalnum() and _binds(before, text, start - 2)) and not (
            wanted[-1].isalnum() and _binds(after, text, end + 1)
        ):
            return start
        start = text.find(wanted, start + 1)
    return -1


def stems(words: Sequence[str]) -> set[str]:
    """Words without common endings."""
    return {re.sub(r"(?:ies|es|s|ing|ed|y|e)$", "", word) or word for word in words}


def words_in(text: str) -> list[str]:
    return _WORDS.findall(plain(text))


def shared_run(text: str, other: str, length: int, among: Collection[str] = ()) -> str:
    """The first `length` words in a row that both texts have, with one of `among` (any, where that
    is empty) in them; empty where there are none."""
    runs = set(_runs(words_in(other), length))
    for run in _runs(words_in(text), length):
        if run in runs and (not among or not set(run).isdisjoint(among)):
            return " ".join(run)
    return ""


def _runs(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[n : n + length]) for n in range(len(words) - length + 1))


def _binds(sign: str, text: str, beyond: int) -> bool:
    """Whether a sign beside a match makes it part of a longer word: letters, digits, and a point
    or hyphen with one behind it."""
    if sign.isalnum() or sign == "_":
        return True
    return sign in ".-" and 0 <= beyond < len(text) and text[beyond].isdigit() and sign == "."


def _shown(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else str(value)


@lru_cache(maxsize=512)
def _source(
    turn: int,
    name: SourceName,
    content: str,
    tool: str,
    asked: float = 0.0,
    *,
    is_error: bool = False,
) -> Source:
    text = plain(content)
    parsed = _json(content) if name == "tool" else None
    leaves = list(_leaves(parsed)) if parsed is not None else []
    flat = plain("\n".join(str(leaf) for _, leaf in leaves)) if leaves else text
    numbers = {_float(found) for found in _NUMBER.findall(flat)}
    numbers |= {_float(found) for found in _MEASURE.findall(flat)}
    numbers |= {_float(found) for found in _PRICED.findall(flat)}
    numbers |= {float(v) for _, v in leaves if _is_number(v)}
    fields = tuple(_fields(parsed, (tool,)))
    facts = Facts(content[:20_000] if name != "tool" else flat[:20_000])
    for one in facts.every_number.facts if name != "tool" else ():
        numbers |= _value(one.value)
    by_key = _by_key(leaves)
    return Source(
        turn=turn,
        name=name,
        text=text,
        flat=flat,
        numbers=frozenset(n for n in numbers if n == n),
        digits=frozenset(_float(found) for found in _ANY_DIGITS.findall(flat)),
        words=frozenset(_WORDS.findall(flat)),
        dates=frozenset(_dates(flat)),
        days=frozenset(facts.numbers.days),
        columns=(
            *(tuple(values[:50]) for values in by_key.values()),
            *((float(size),) for size in _sizes(parsed, list)),
        ),
        counts=(*map(float, _sizes(parsed, dict)), *map(float, _true(leaves))),
        fields=fields,
        is_error=is_error,
        rate=fields[0][1] / asked if asked and len(fields) == 1 else 0.0,
    )


def _exchanged(call: ToolCall | None) -> float:
    """The one number that a call has exchanged; 0 where it is about something else."""
    if call is None or not _EXCHANGES.search(call.name):
        return 0.0
    told = list(_fields(call.arguments, ()))
    return told[0][1] if len(told) == 1 and abs(told[0][1]) > 1e-6 else 0.0


def _json(content: str) -> Any:
    if content[:1] not in "{[":
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _leaves(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and depth < 50:
        for inner, one in value.items():
            yield "", inner
            yield from _leaves(one, inner, depth + 1)
    elif isinstance(value, list) and depth < 50:
        for one in value:
            yield from _leaves(one, key, depth + 1)
    elif value is not None:
        yield key, value


def _by_key(leaves: Sequence[tuple[str, Any]]) -> dict[str, list[float]]:
    by_key: dict[str, list[float]] = {}
    for key, value in leaves:
        if key and _is_number(value):
            by_key.setdefault(key, []).append(float(value))
    return by_key


def _sizes(value: Any, kind: type, depth: int = 0) -> Iterator[int]:
    """Of each list; of each object that holds nothing but objects."""
    if depth > 20:
        return
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, kind) and (kind is list or all(isinstance(one, dict) for one in inner)):
        yield len(inner)
    for one in inner:
        yield from _sizes(one, kind, depth + 1)


def _fields(
    value: Any, path: tuple[str, ...], depth: int = 0
) -> Iterator[tuple[tuple[str, ...], float]]:
    if _is_number(value):
        yield path, float(value)
    if depth > 20:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(inner, (*path, key), depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value[:50]):
            yield from _fields(inner, (*path, str(place)), depth + 1)


def _true(leaves: Sequence[tuple[str, Any]]) -> Iterator[int]:
    yield from Counter(key for key, value in leaves if value is True).values()


def _dates(text: str) -> Iterator[date]:
    for year, month, day in _ISO.findall(text):
        try:
            yield date(int(year), int(month), int(day))
        except ValueError:
            continue


def _is_number(value: Any) -> bool:
    """A number that has a float; whole ones of JSON have no bound."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _float(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return float("nan")


def _value(text: str) -> set[float]:
    try:
        return {float(text)}
    except ValueError:
        return set()
