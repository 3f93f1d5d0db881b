"""Believable numbers by the name of their field."""

import math
import random
from collections.abc import Mapping
from typing import Any

_MONEY = frozenset(
    "price amount cost total budget fee balance salary value subtotal revenue rent deposit "
    "discount spend payment".split()
)
_RANGES: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("quantity", "qty", "stock", "guests", "seats", "people", "items"), (1, 24)),
    **dict.fromkeys(("capacity", "participants", "attendees"), (4, 60)),
    "age": (19, 78),
    "year": (2004, 2026),
    "rating": (1, 5),
    "stars": (1, 5),
    "score": (1, 100),
    "priority": (1, 5),
    "level": (1, 9),
    **dict.fromkeys(("percent", "percentage", "progress", "volume", "brightness"), (5, 95)),
    **dict.fromkeys(("temperature", "humidity"), (12, 34)),
    **dict.fromkeys(("minutes", "duration", "length"), (10, 180)),
    **dict.fromkeys(("hours", "days", "weeks", "months"), (1, 30)),
    **dict.fromkeys(("latitude", "lat"), (-60, 60)),
    **dict.fromkeys(("longitude", "lon", "lng"), (-170, 170)),
    **dict.fromkeys(("width", "height"), (120, 1600)),
    "port": (1024, 9999),
    **dict.fromkeys(("position", "index", "rank", "order", "floor", "row", "column"), (1, 20)),
    **dict.fromkeys(("x", "y", "z"), (1, 90)),
    "weight": (1, 80),
    "distance": (2, 400),
    **dict.fromkeys(("id", "number", "no"), (1000, 9999)),
}
_WHOLE = frozenset("id number no count year quantity position index page port".split())
"""Words of numbers that have no fraction, whatever their type."""
LOW, HIGH = 1, 100


def is_known_number(words: tuple[str, ...]) -> bool:
    """Whether a name says what a number counts or measures."""
    return bool(_MONEY & set(words)) or any(word in _RANGES for word in words)


def number(
    words: tuple[str, ...], schema: Mapping[str, Any], whole: bool, chance: random.Random
) -> float | int | None:
    """A number for a field of that name within its bounds; None where there is none."""
    money = bool(_MONEY & set(words))
    low, high = (
        (8, 900)
        if money
        else next((_RANGES[word] for word in reversed(words) if word in _RANGES), (LOW, HIGH))
    )
    low, high = _bounded(low, high, schema)
    if low > high:
        return None
    step = schema.get("multipleOf")
    if isinstance(step, int | float) and step > 0 and step != 1:
        made: float = math.ceil(low / step) * step
        return (int(made) if whole else made) if made <= high else None
    if whole or _WHOLE & set(words):
        first, last = math.ceil(low), math.floor(high)
        return chance.randint(first, last) if first <= last else None
    if high - low < 2:
        return round(low + (high - low) * chance.choice((0.25, 0.5, 0.75)), 3)
    made = chance.randint(math.ceil(low), math.floor(high) - 1)
    return made + chance.choice((0.25, 0.75, 0.95, 0.49) if money else (0.5, 0.25, 0.75))


def _bounded(low: float, high: float, schema: Mapping[str, Any]) -> tuple[float, float]:
    """The range moved into the bounds of a schema."""
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    edge = 1 if "exclusiveMinimum" in schema or "exclusiveMaximum" in schema else 0
    if isinstance(least, int | float) and low < least + edge:
        low = least + edge
    if isinstance(most, int | float) and high > most - edge:
        high = most - edge
    if low > high:
        low = least + edge if isinstance(least, int | float) else high - (HIGH - LOW)
        if not isinstance(most, int | float):
            high = low + HIGH
    return low, high
