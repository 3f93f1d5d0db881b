"""Believable values by the name of their field, and by what its schema allows.

A value always fits its schema: options first, then what the name suggests, then quoted examples,
then what the format or the pattern spells; None where nothing does."""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from datagen.agentic.domains.compiling import pools
from datagen.agentic.domains.compiling.names import label, pool_of
from datagen.agentic.domains.compiling.numbers import number
from datagen.agentic.domains.compiling.parameters import Kind
from datagen.agentic.domains.compiling.patterns import matching
from datagen.agentic.domains.compiling.words import Words, singular
from datagen.agentic.environment.answers import misfit
from datagen.agentic.environment.compiled import validator_of
from datagen.agentic.tools.specs import json_text

TRIES = 6
DAYS_AROUND = 120
"""Days from today in which dates lie."""
_PAST = frozenset("created birth birthday joined hired start published since last".split())
_PERSONS = frozenset(
    "owner author assignee customer contact manager creator reviewer guest patient host doctor "
    "instructor teacher student employee member user recipient sender attendee person agent".split()
)
_PLAIN: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("city", "town"), pools.CITIES),
    **dict.fromkeys(("country", "nationality"), pools.COUNTRIES),
    **dict.fromkeys(("location", "place", "venue", "room", "building", "warehouse"), pools.PLACES),
    **dict.fromkeys(
        ("company", "organization", "organisation", "vendor", "supplier", "brand"), pools.COMPANIES
    ),
    **dict.fromkeys(("department", "team", "division", "group"), pools.DEPARTMENTS),
    **dict.fromkeys(("role", "position", "job", "profession"), pools.ROLES),
    **dict.fromkeys(("tag", "tags", "label", "labels", "keyword", "topic"), pools.TAGS),
    **dict.fromkeys(("category", "type", "kind", "section", "subject"), pools.CATEGORIES),
    **dict.fromkeys(("status", "state", "stage"), pools.STATES),
    **dict.fromkeys(("priority", "severity", "importance", "urgency", "impact"), pools.PRIORITIES),
    **dict.fromkeys(("color", "colour"), pools.COLOURS),
    **dict.fromkeys(("language", "lang"), pools.LANGUAGES),
    **dict.fromkeys(("currency",), pools.CURRENCIES),
    **dict.fromkeys(("symbol", "ticker", "stock"), pools.TICKERS),
    **dict.fromkeys(("coin", "token", "crypto"), pools.COINS),
    **dict.fromkeys(("question",), pools.QUESTIONS),
    **dict.fromkeys(("reason", "cause"), pools.REASONS),
    **dict.fromkeys(("device", "equipment"), pools.DEVICES),
    **dict.fromkeys(
        "description content note notes body text message comment comments details instructions "
        "memo summary remark bio abstract answer prompt purpose detail caption".split(),
        pools.SENTENCES,
    ),
}
TEXTS = frozenset(word for word, pool in _PLAIN.items() if pool is pools.SENTENCES)
"""Names of fields that hold a sentence."""


class Values:
    """Draws values in one state: the same ones for the same chance."""

    def __init__(self, chance: random.Random, today: date) -> None:
        self.chance = chance
        self.today = today

    def drawn(
        self, words: Words, kind: Kind, schema: Mapping[str, Any], noun: Words, *, named: bool
    ) -> Any:
        """A value that fits; None where none is found. `named`: it is what records are called."""
        options = schema.get("enum")
        if options:
            return self.chance.choice(options)
        for _ in range(TRIES):
            value = self._tried(words, kind, schema, noun, named=named)
            if value is not None and fits(value, schema):
                return value
        return self._spelled(kind, schema)

    def _tried(
        self, words: Words, kind: Kind, schema: Mapping[str, Any], noun: Words, *, named: bool
    ) -> Any:
        if kind == "boolean":
            return self.chance.random() < 0.5
        if kind in ("integer", "number"):
            return number(words, schema, kind == "integer", self.chance)
        if kind == "strings":
            return self._several(words, schema, noun)
        if made := self._formatted(str(schema.get("format", ""))):
            return made
        if named:
            return label(noun, words, self.chance)
        return self._text(words, schema, noun)

    def _several(self, words: Words, schema: Mapping[str, Any], noun: Words) -> list[str]:
        items = schema.get("items")
        inner = items if isinstance(items, Mapping) else {}
        count = max(int(schema.get("minItems", 1)), self.chance.randint(1, 2))
        one = (*words[:-1], singular(words[-1]))
        found: dict[str, None] = {}
        for _ in range(TRIES):
            if len(found) < count:
                value = self.drawn(one, "string", inner, noun, named=False)
                found |= {value: None} if isinstance(value, str) else {}
        return list(found)

    def _formatted(self, form: str) -> str:
        made: Mapping[str, Callable[[], str]] = {
            "date": lambda: self.day(()).isoformat(),
            "date-time": lambda: f"{self.day(())}T{self._hour()}:00Z",
            "time": lambda: f"{self._hour()}:00",
            "email": self._email,
            "uri": self._link,
            "url": self._link,
            "uuid": self._uuid,
            "hostname": lambda: f"{self.chance.choice(pools.SYSTEMS)}.example.org",
            "ipv4": lambda: f"10.0.{self.chance.randrange(8)}.{self.chance.randrange(2, 250)}",
        }
        return made[form]() if form in made else ""

    def _text(self, words: Words, schema: Mapping[str, Any], noun: Words) -> str:
        """Text for a field of that name."""
        last = words[-1] if words else ""
        if dated := self._dated(words, noun):
            return dated
        if shaped := self._shaped(words, last):
            return shaped
        shown = [one for one in schema.get("examples", ()) if isinstance(one, str)]
        for word in reversed(words):
            if word in _PLAIN and not (shown and word in ("type", "kind", "category", "stock")):
                return self.chance.choice(_PLAIN[word])
        if shown:
            return self.chance.choice(shown)
        if last in _PERSONS or (
            last in ("name", "by") and len(words) > 1 and words[-2] in _PERSONS
        ):
            return self._person()
        if last in ("name", "title", "label") and len(words) > 1:
            return label(words[:-1], words, self.chance)
        if pool := pool_of((singular(last),)):
            return self.chance.choice(pool)
        return f"{self.chance.choice(pools.ADJECTIVES)} {self.chance.choice(pools.NOUNS)}"

    def _dated(self, words: Words, noun: Words) -> str:
        """A day or a time of day, where the name says so."""
        found = set(words)
        if found & {"date", "deadline", "birthday", "day", "dob"} or words[-1:] == ("at",):
            return self.day(words).isoformat()
        if found & {"time", "datetime", "timestamp"} or words in (("start",), ("end",)):
            hour = self._hour()
            clock = "time" in found and noun[-1:] not in (
                ("event",),
                ("meeting",),
                ("appointment",),
            )
            return hour if clock else f"{self.day(words)}T{hour}:00"
        return self.day(words).isoformat() if words[-1:] in (("due",), ("until",)) else ""

    def _shaped(self, words: Words, last: str) -> str:
        """Text of a form of its own: addresses, numbers of telephones, codes."""
        chance, found = self.chance, set(words)
        slug = f"{chance.choice(pools.ADJECTIVES)}-{chance.choice(pools.NOUNS)}".lower()
        made: Mapping[str, Callable[[], str]] = {
            "email": self._email,
            "phone": lambda: f"555-{chance.randrange(1000, 10_000)}",
            "url": self._link,
            "link": self._link,
            "website": self._link,
            "uri": self._link,
            "path": lambda: f"/documents/{slug}.{chance.choice(pools.EXTENSIONS)}",
            "filename": lambda: f"{slug}.{chance.choice(pools.EXTENSIONS)}",
            "file": lambda: f"{slug}.{chance.choice(pools.EXTENSIONS)}",
            "folder": lambda: f"/documents/{slug}",
            "directory": lambda: f"/documents/{slug}",
            "address": self._street,
            "username": lambda: self._person().lower().replace(" ", "."),
            "slug": lambda: slug,
            "timezone": lambda: f"Europe/{chance.choice(('Lisbon', 'Oslo', 'Madrid', 'Vienna'))}",
            "version": lambda: f"{chance.randrange(1, 9)}.{chance.randrange(10)}",
            "schedule": lambda: f"every day at {self._hour()}",
            "ip": lambda: f"10.0.{chance.randrange(8)}.{chance.randrange(2, 250)}",
            "uuid": self._uuid,
            "hash": lambda: f"0x{chance.getrandbits(64):016x}",
            "isbn": lambda: f"978-{chance.randrange(10**9, 10**10)}",
            "code": lambda: self._code(words),
            "sku": lambda: self._code(words),
            "barcode": lambda: f"{chance.randrange(10**11, 10**12)}",
            "number": lambda: self._code(words),
            "reference": lambda: self._code(words),
            "id": lambda: self._code(words),
            "key": lambda: slug,
        }
        if last in made:
            return made[last]()
        return next((made[w]() for w in ("email", "phone", "url", "path") if w in found), "")

    def _spelled(self, kind: Kind, schema: Mapping[str, Any]) -> Any:
        """A value that only the schema tells: of its pattern, its length, its default."""
        made: Any = None
        if kind == "string" and isinstance(schema.get("pattern"), str):
            made = matching(schema["pattern"], self.chance)
        elif kind == "string":
            size = int(schema.get("maxLength", 0)) or int(schema.get("minLength", 1))
            letters = "abcdefghjkmnpqrstuvwxyz"
            made = "".join(self.chance.choice(letters) for _ in range(min(size, 60)))
        if made is None:
            made = schema.get("default")
        return made if made is not None and fits(made, schema) else None

    def day(self, words: Words) -> date:
        days = self.chance.randrange(2, DAYS_AROUND)
        past = bool(_PAST & set(words))
        if "birth" in words or "birthday" in words or "dob" in words:
            days = self.chance.randrange(7_000, 25_000)
        return self.today - timedelta(days) if past else self.today + timedelta(days)

    def _hour(self) -> str:
        return f"{self.chance.randrange(8, 19):02d}:{self.chance.choice(('00', '15', '30', '45'))}"

    def _person(self) -> str:
        return f"{self.chance.choice(pools.FIRST)} {self.chance.choice(pools.LAST)}"

    def _email(self) -> str:
        return f"{self._person().lower().replace(' ', '.')}@example.org"

    def _link(self) -> str:
        return f"https://example.org/{self.chance.choice(pools.NOUNS).lower()}"

    def _street(self) -> str:
        street, city = self.chance.choice(pools.STREETS), self.chance.choice(pools.CITIES)
        return f"{self.chance.randrange(1, 90)} {street} Street, {city}"

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def _code(self, words: Words) -> str:
        first = next((word for word in words if word not in ("id", "code", "number")), "ref")
        return f"{first[:1].upper()}-{self.chance.randrange(1000, 10_000)}"


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value fits a field's schema."""
    return not misfit(validator_of(json_text(schema)), value)
