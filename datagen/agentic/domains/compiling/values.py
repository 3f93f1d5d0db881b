"""Believable values for fields: they always fit the field's schema.

Options first, then what the name suggests, then quoted examples, then what the pattern spells;
None where nothing does."""

import random
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from datagen.agentic.domains.compiling import pools
from datagen.agentic.domains.compiling.names import label
from datagen.agentic.domains.compiling.numbers import is_known_number, number
from datagen.agentic.domains.compiling.parameters import Kind
from datagen.agentic.domains.compiling.patterns import matching
from datagen.agentic.domains.compiling.texts import Texts
from datagen.agentic.domains.compiling.words import Words, singular
from datagen.agentic.environment.answers import misfit
from datagen.agentic.environment.compiled import validator_of
from datagen.agentic.tools.specs import json_text

TRIES = 6
_BLANK = frozenset(("unknown", "unknownfuturevalue", "unspecified", "none", "other", ""))
"""Options that say that there is none."""
LETTERS = "abcdefghjkmnpqrstuvwxyz"


class Values:
    """Draws values in one state: the same ones for the same chance."""

    def __init__(self, chance: random.Random, today: date) -> None:
        self.chance = chance
        self.texts = Texts(chance, today)

    def drawn(
        self, words: Words, kind: Kind, schema: Mapping[str, Any], noun: Words, *, named: bool
    ) -> Any:
        """A value that fits; None where none is found. `named`: it is what records are called."""
        options = schema.get("enum")
        if options:
            telling = [one for one in options if str(one).lower() not in _BLANK]
            return self.chance.choice(telling or options)
        for _ in range(TRIES if _is_bounded(schema) else 1):
            value = self._tried(words, kind, schema, noun, named=named)
            if value is not None and fits(value, schema):
                return value
        return self._spelled(words, kind, schema, noun)

    def _tried(
        self, words: Words, kind: Kind, schema: Mapping[str, Any], noun: Words, *, named: bool
    ) -> Any:
        if kind == "boolean":
            return self.chance.random() < 0.5
        if kind in ("integer", "number"):
            return number(words, schema, kind == "integer", self.chance)
        if kind == "strings":
            return self._several(words, schema, noun)
        if made := self.texts.formatted(str(schema.get("format", "")), words):
            return made
        if named:
            return label(noun, words, self.chance)
        shown = [one for one in schema.get("examples", ()) if isinstance(one, str)]
        plain = f"{self.chance.choice(pools.ADJECTIVES)} {self.chance.choice(pools.NOUNS)}"
        return self.texts.of(words, noun, shown) or plain

    def _several(self, words: Words, schema: Mapping[str, Any], noun: Words) -> list[str]:
        items = schema.get("items")
        inner = {"type": "string", **(items if isinstance(items, Mapping) else {})}
        count = max(int(schema.get("minItems", 1)), self.chance.randint(1, 2))
        one = (*words[:-1], singular(words[-1]))
        found: dict[str, None] = {}
        for _ in range(TRIES):
            if len(found) < count:
                value = self.drawn(one, "string", inner, noun, named=False)
                found |= {value: None} if isinstance(value, str) else {}
        return list(found)

    def _spelled(self, words: Words, kind: Kind, schema: Mapping[str, Any], noun: Words) -> Any:
        """A value that only the schema tells: of its pattern, its length, its default."""
        tried: list[Any] = []
        if kind == "string":
            tried += self.texts.moments(words, noun)
            if isinstance(schema.get("pattern"), str):
                plain = label(noun or ("thing",), words, self.chance).lower()
                tried += [plain.replace(" ", sign) for sign in ("-", "_", "")]
                tried.append(matching(schema["pattern"], self.chance))
            size = int(schema.get("maxLength", 0)) or int(schema.get("minLength", 1))
            tried.append("".join(self.chance.choice(LETTERS) for _ in range(min(size, 60))))
        tried.append(schema.get("default"))
        return next((one for one in tried if one is not None and fits(one, schema)), None)


def is_told(words: Words, kind: Kind, schema: Mapping[str, Any]) -> bool:
    """Whether the name and the schema of a field say what its values look like."""
    if schema.get("enum") or schema.get("examples") or "format" in schema or kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return is_known_number(words)
    one = (*words[:-1], singular(words[-1])) if kind == "strings" and words else words
    return bool(Texts(random.Random(0), date(2026, 1, 1)).of(one, ("thing",), ()))


def _is_bounded(schema: Mapping[str, Any]) -> bool:
    return not schema.keys() <= {"type", "examples", "enum"}


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value fits a field's schema."""
    plain = _PLAIN.get(str(schema.get("type")))
    if plain is not None and not _is_bounded(schema) and "enum" not in schema:
        return isinstance(value, plain) and not (isinstance(value, bool) and plain is not bool)
    return not misfit(_validator(json_text(schema)), value)


_PLAIN: Mapping[str, Any] = {"string": str, "boolean": bool, "number": (int, float)}


@lru_cache(maxsize=4096)
def _validator(schema: str) -> Any:
    return validator_of(schema)
