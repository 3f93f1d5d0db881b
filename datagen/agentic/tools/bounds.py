"""How large a value from outside may be before anything recurses into it.

One pass with a list instead of recursion, that stops at the first limit it meets: a spec of 50
MB, of 10^5 levels, or one that holds itself (YAML anchors) costs what the limits allow and no
more. A number that no double holds and half a surrogate pair are refused here too, since no JSON
text of them would be read alike everywhere."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from datagen.schemas import ToolReason

MAX_DEPTH = 64
"""Levels of objects and arrays. The deepest of 5,194 real input schemas has 18."""
MAX_NODES = 20_000
"""Values in one spec; the largest of the same specs has 2,210."""
MAX_CHARS = 1_000_000
"""Characters of all texts and names in one spec; the largest of the same specs has 52,900."""
MAX_DESCRIPTION_CHARS = 100_000
"""Characters of one text; the longest description of the same specs has 6,282."""
MAX_INTEGER = 10**308
"""Beyond it an integer has no double; Python's parser itself refuses 4,300 digits."""


class Repeated(dict[str, Any]):
    """An object whose text named a key twice; the last value stands, as in every common parser."""


def misfit(value: Any) -> tuple[ToolReason, str] | None:
    """The first limit that the value breaks, or None. Linear, bounded, without recursion."""
    stack: list[tuple[Any, int]] = [(value, 0)]
    nodes = chars = 0
    while stack:
        one, depth = stack.pop()
        nodes += 1
        chars += len(one) if isinstance(one, str) else 0
        if nodes > MAX_NODES or chars > MAX_CHARS:
            return "too_large", f"more than {MAX_NODES:,} values or {MAX_CHARS:,} characters"
        if isinstance(one, Mapping | list | tuple):
            if depth >= MAX_DEPTH:
                return "too_deep", f"more than {MAX_DEPTH} levels"
            if len(one) > MAX_NODES:
                return "too_large", f"more than {MAX_NODES:,} values"
            stack.extend((part, depth + 1) for part in _inside(one))
        elif found := _text_misfit(one) if isinstance(one, str) else _scalar_misfit(one):
            return found
    return None


def _inside(value: Mapping[Any, Any] | list[Any] | tuple[Any, ...]) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value
        yield from value.values()
    else:
        yield from value


def has_repeated_keys(value: Any) -> bool:
    """Whether an object in the value was read from text that named a key twice."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, Repeated):
            return True
        if isinstance(one, Mapping):
            stack.extend(one.values())
        elif isinstance(one, list | tuple):
            stack.extend(one)
    return False


def _text_misfit(text: str) -> tuple[ToolReason, str] | None:
    if len(text) > MAX_DESCRIPTION_CHARS:
        return "too_large", f"a text of {len(text):,} characters"
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return "not_utf8", "an unpaired surrogate"
    return None


def _scalar_misfit(value: Any) -> tuple[ToolReason, str] | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int) and abs(value) < MAX_INTEGER:
        return None
    if isinstance(value, float) and math.isfinite(value):
        return None
    if isinstance(value, int | float):
        return "bad_schema", "a number that no double holds (NaN, Infinity, or hundreds of digits)"
    return "not_json", f"a {type(value).__name__}, which JSON does not have"
