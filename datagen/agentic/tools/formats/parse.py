"""JSON and YAML text as Python values, within bounds, with what parsers hide made visible.

A key that stands twice gives a `Repeated`; NaN and numbers of hundreds of digits give a NaN that
`bounds.misfit` refuses for the one spec that has it, not for its file. YAML is composed only after
its events were counted: nesting would overflow the C stack, and anchors can hold each other."""

import json
import math
from typing import Any

import yaml

from datagen.agentic.tools.bounds import Repeated
from datagen.agentic.tools.formats.found import Unreadable

MAX_DIGITS = 300
"""More than a double's 308 digits never fit; Python refuses 4,300 for all of a text."""
MAX_YAML_DEPTH = 200
MAX_YAML_EVENTS = 3_000_000
"""Nodes of a YAML document: ten times those of the largest public OpenAPI documents tried."""


def parsed(text: bytes, place: str) -> Any | Unreadable:
    """The value of a JSON text."""
    try:
        return json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_pairs,
            parse_constant=lambda _: math.nan,
            parse_int=_integer,
        )
    except UnicodeDecodeError as problem:
        return Unreadable("not_utf8", f"byte {problem.start}", place, _shown(text))
    except RecursionError:
        return Unreadable("too_deep", "nested too deep to be read", place, _shown(text))
    except json.JSONDecodeError as problem:
        where = place if problem.lineno == 1 else f"{place}:{problem.lineno}".lstrip(":")
        detail = f"{problem.msg} at line {problem.lineno}, column {problem.colno}"
        return Unreadable("not_json", detail, where, _shown(text))


def parsed_yaml(text: bytes) -> Any | Unreadable:
    """The value of a YAML text, of the types that JSON has."""
    try:
        if fault := _yaml_misfit(text):
            return fault
        return yaml.load(text, Loader=_Plain)
    except (UnicodeDecodeError, yaml.reader.ReaderError) as problem:
        return Unreadable("not_utf8", _line(problem), "line 1", _shown(text))
    except RecursionError:
        return Unreadable("too_deep", "nested too deep to be read", "line 1", _shown(text))
    except (yaml.YAMLError, ValueError, TypeError) as problem:
        return Unreadable("not_json", f"neither JSON nor YAML: {_line(problem)}", "line 1")


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Plain(_Base):  # type: ignore[misc]
    """Dates stay text, as they are in JSON."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}


def _yaml_misfit(text: bytes) -> Unreadable | None:
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_Base)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_YAML_DEPTH:
            line = f"line {event.start_mark.line + 1}"
            return Unreadable("too_deep", f"more than {MAX_YAML_DEPTH} levels", line)
        if number > MAX_YAML_EVENTS:
            return Unreadable("too_large", f"more than {MAX_YAML_EVENTS:,} values", "line 1")
    return None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(found)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else math.nan


def _shown(text: bytes) -> str:
    return text[:20_000].decode("utf-8", "replace")


def _line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:300]
