"""An agent's tools as verifiers need them: schemas, whether they write, what they would say was
done."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from datagen.agentic.domains.compiling.verbs import NOUNS_TOO, PAST, STATUSES, is_verb
from datagen.agentic.domains.compiling.words import singular, words_of
from datagen.schemas import Tool

_IRREGULAR: Mapping[str, tuple[str, ...]] = {
    "pay": ("paid",),
    "send": ("sent",),
    "make": ("made",),
    "set": ("set",),
    "put": ("put",),
    "buy": ("bought",),
    "sell": ("sold",),
    "write": ("written", "wrote"),
    "give": ("given", "gave"),
    "checkout": ("checked out", "lent"),
    "cancel": ("cancelled", "canceled"),
    "submit": ("submitted",),
    "transfer": ("transferred",),
    "place": ("placed",),
    "book": ("booked",),
    "update": ("updated",),
    "stop": ("stopped",),
    "drop": ("dropped",),
    "add": ("added",),
}


_LISTS = re.compile(
    r"\[enum\][^.]*|\b(?:options?|possible values|allowed values)(?: are)?:[^.]*|\bone of:? [^.]*"
    r"|\b\d{1,2} to \d{1,2}\b",
    re.IGNORECASE,
)
MOST_INSIDE = 3
"""Levels of a schema at which parameters are looked for."""


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """What verifiers know of a tool."""

    name: str
    description: str
    schema: Mapping[str, Any]
    validator: Draft202012Validator
    writes: bool
    past: tuple[str, ...]
    """What was done after a call, in words: `renewed`."""
    things: frozenset[str]
    """What its name is about: `ticket` of `create_ticket`."""
    listed: Mapping[str, str]
    """Name of a parameter → what it takes, where its description lists that."""


Toolset = Mapping[str, ToolFacts]


def toolset(tools: Iterable[Tool]) -> Toolset:
    return {
        tool.name: _facts(
            tool.name, tool.description, tool.input_schema, tool.annotations, bool(tool.writes)
        )
        for tool in tools
    }


@lru_cache(maxsize=8192)
def _facts(name: str, description: str, schema: str, annotations: str, writes: bool) -> ToolFacts:
    hints = json.loads(annotations or "{}")
    read_only = hints.get("readOnlyHint") is True
    inputs = json.loads(schema)
    return ToolFacts(
        name=name,
        description=description,
        schema=inputs,
        validator=Draft202012Validator(inputs),
        writes=writes or not read_only,
        past=_past(name),
        things=frozenset(singular(word) for word in words_of(name) if not is_verb(word)),
        listed=dict(_listed(inputs)),
    )


def _listed(schema: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Of the parameters of a schema, and those inside them."""
    parts = schema.get("properties") if isinstance(schema, dict) else None
    for name, part in parts.items() if isinstance(parts, dict) else ():
        said = f"{part.get('description') or ''}" if isinstance(part, dict) else ""
        if match := _LISTS.search(said):
            yield name, match[0]
        if depth < MOST_INSIDE:
            yield from _listed(part, depth + 1)


def _past(name: str) -> tuple[str, ...]:
    """Of the first word of a name that is a known verb, else of its first word: `deleted` of
    `crm_delete_contact`."""
    words = words_of(name)
    verb = words[0] if words else ""
    if not is_verb(verb):
        sure = (w for w in words[1:] if is_verb(w) and (w == "new" or w not in NOUNS_TOO))
        verb = next(sure, verb)
    if not verb.isalpha():
        return ()
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if known := PAST.get(verb) or (STATUSES[verb].past if verb in STATUSES else ""):
        return (known,)
    if verb.endswith("e"):
        return (f"{verb}d",)
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return (f"{verb[:-1]}ied",)
    return (f"{verb}ed",)
