"""Believable texts by the name of their field: addresses, places, people, a word of a few.

What a name does not tell gives nothing, so that fields of that name are known to be opaque."""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from datagen.agentic.domains.compiling import pools
from datagen.agentic.domains.compiling.names import label, pool_of
from datagen.agentic.domains.compiling.words import Words, singular

DAYS_AROUND = 120
"""Days from today in which dates lie."""
_PAST = frozenset("created birth birthday joined hired start published since last".split())
_BIRTH = frozenset(("birth", "birthday", "dob"))
_DATES = frozenset("date deadline birthday day dob".split())
_TIMES = frozenset("time datetime timestamp".split())
_EVENTS = frozenset("event meeting appointment calendar booking reservation slot".split())
_PERSONS = frozenset(
    "owner author assignee customer contact manager creator reviewer guest patient host doctor "
    "instructor teacher student employee member user recipient sender attendee person".split()
)
_PLAIN: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("city", "town"), pools.CITIES),
    **dict.fromkeys(("country", "nationality"), pools.COUNTRIES),
    **dict.fromkeys(("location", "place", "venue", "room", "building", "warehouse"), pools.PLACES),
    **dict.fromkeys(
        ("company", "organization", "organisation", "vendor", "supplier", "brand"), pools.COMPANIES
    ),
    **dict.fromkeys(("department", "team", "division", "group"), pools.DEPARTMENTS),
    **dict.fromkeys(("role", "job", "profession"), pools.ROLES),
    **dict.fromkeys(("tag", "label", "keyword", "topic", "skill"), pools.TAGS),
    **dict.fromkeys(("category", "type", "kind", "section"), pools.CATEGORIES),
    **dict.fromkeys(("status", "state", "stage"), pools.STATES),
    **dict.fromkeys(("priority", "severity", "importance", "urgency", "impact"), pools.PRIORITIES),
    **dict.fromkeys(("color", "colour"), pools.COLOURS),
    **dict.fromkeys(("symbol", "ticker"), pools.TICKERS),
    **dict.fromkeys(("coin", "token", "crypto"), pools.COINS),
    **dict.fromkeys(("device", "equipment"), pools.DEVICES),
    **dict.fromkeys(("region", "area", "zone"), pools.REGIONS),
    **dict.fromkeys(("difficulty",), ("easy", "medium", "hard")),
    **dict.fromkeys(("size",), ("small", "medium", "large")),
    **dict.fromkeys(("frequency", "recurrence"), ("daily", "weekly", "monthly")),
    **dict.fromkeys(("visibility", "privacy"), ("public", "private")),
    "language": pools.LANGUAGES,
    "currency": pools.CURRENCIES,
    "question": pools.QUESTIONS,
    "reason": pools.REASONS,
    "subject": pools.EVENTS,
    "genre": ("drama", "comedy", "thriller", "documentary", "fantasy"),
    "gender": ("female", "male"),
    "unit": ("piece", "box", "litre", "kilogram"),
    "method": ("card", "cash", "transfer"),
    "grade": ("A", "B", "C"),
    "breed": ("collie", "terrier", "siamese", "beagle"),
    "species": ("dog", "cat", "rabbit", "parrot"),
    "material": ("oak", "steel", "linen", "glass"),
    "cuisine": ("Italian", "Japanese", "Lebanese", "Mexican"),
}
_NAMES: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("first", "given"), pools.FIRST),
    **dict.fromkeys(("last", "family"), pools.LAST),
}
"""Parts of people's names, by the word before `name`."""
TEXTS = frozenset(
    "description content note notes body text message comment comments details instructions memo "
    "summary remark bio abstract answer prompt purpose caption feedback".split()
)
"""Names of fields that hold a sentence."""
LONE = frozenset("type kind category section state stage size method".split())
"""Words that say little by themselves: what a description quotes goes before them."""


class Texts:
    """Writes texts in one state: the same ones for the same chance."""

    def __init__(self, chance: random.Random, today: date) -> None:
        self.chance = chance
        self.today = today

    def of(self, words: Words, noun: Words, shown: Sequence[str]) -> str:
        """Text for a field of that name; empty where the name does not tell. `shown`: values that
        a description quotes."""
        if not words:
            return ""
        last = singular(words[-1])
        if made := self._dated(words, noun) or self._shaped(words, last):
            return made
        for word in reversed(words):
            if (pool := _PLAIN.get(singular(word))) and not (shown and singular(word) in LONE):
                return self.chance.choice(pool)
        if shown:
            return self.chance.choice(shown)
        if last in TEXTS or words[-1] in TEXTS:
            return self.chance.choice(pools.SENTENCES)
        return self._named(words, noun, last)

    def _named(self, words: Words, noun: Words, last: str) -> str:
        """The name of a person or a thing."""
        if last == "name" and (part := _NAMES.get(words[-2] if len(words) > 1 else "")):
            return self.chance.choice(part)
        if last in _PERSONS or (last in ("name", "by") and set(words[:-1]) & _PERSONS):
            return self.person()
        if last in ("name", "title") and len(words) > 1:
            return label(words[:-1], words, self.chance)
        if last in ("name", "title", "label", "headline"):
            return label(noun, words, self.chance)
        return self.chance.choice(pool) if (pool := pool_of((last,))) else ""

    def formatted(self, form: str, words: Words) -> str:
        """Text of a JSON Schema format; empty for one that is not known."""
        made: Mapping[str, Callable[[], str]] = {
            "date": lambda: self.day(words).isoformat(),
            "date-time": lambda: f"{self.day(words)}T{self.hour()}:00Z",
            "time": lambda: f"{self.hour()}:00",
            "email": self.email,
            "uri": self._link,
            "url": self._link,
            "uuid": self._uuid,
            "hostname": lambda: f"{self.chance.choice(pools.SYSTEMS)}.example.org",
            "ipv4": lambda: f"10.0.{self.chance.randrange(8)}.{self.chance.randrange(2, 250)}",
        }
        return made[form]() if form in made else ""

    def moments(self, words: Words, noun: Words) -> list[str]:
        """A day in the forms that patterns ask for; none where the name is of no day."""
        if not self._dated(words, noun) and not set(words) & _TIMES:
            return []
        day, hour = self.day(words), self.hour()
        return [
            f"{day}",
            f"{day}T{hour}:00Z",
            f"{day}T{hour}:00",
            f"{day} {hour}",
            f"{day}T{hour}:00+00:00",
            f"{day}T{hour}:00.000Z",
            hour,
            f"{day:%Y%m%d}",
            f"{day:%Y-%m}",
        ]

    def _dated(self, words: Words, noun: Words) -> str:
        """A day or a time of day, where the name says so."""
        found = set(words)
        if "zone" in found:
            return ""
        if found & _DATES or words[-1:] == ("at",):
            return self.day(words).isoformat()
        if found & _TIMES or words in (("start",), ("end",)):
            clock = "time" in found and noun[-1:] and noun[-1] not in _EVENTS
            return self.hour() if clock else f"{self.day(words)}T{self.hour()}:00"
        return self.day(words).isoformat() if words[-1:] in (("due",), ("until",)) else ""

    def _shaped(self, words: Words, last: str) -> str:
        """Text of a form of its own: addresses, numbers of telephones, codes."""
        chance, found = self.chance, set(words)
        slug = f"{chance.choice(pools.ADJECTIVES)}-{chance.choice(pools.NOUNS)}".lower()
        made: Mapping[str, Callable[[], str]] = {
            "email": self.email,
            "phone": lambda: f"555-{chance.randrange(1000, 10_000)}",
            "mobile": lambda: f"555-{chance.randrange(1000, 10_000)}",
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
            "street": self._street,
            "username": lambda: self.person().lower().replace(" ", "."),
            "slug": lambda: slug,
            "timezone": lambda: f"Europe/{chance.choice(('Lisbon', 'Oslo', 'Madrid', 'Vienna'))}",
            "version": lambda: f"{chance.randrange(1, 9)}.{chance.randrange(10)}",
            "schedule": lambda: f"every day at {self.hour()}",
            "ip": lambda: f"10.0.{chance.randrange(8)}.{chance.randrange(2, 250)}",
            "uuid": self._uuid,
            "hash": lambda: f"0x{chance.getrandbits(64):016x}",
            "isbn": lambda: f"978-{chance.randrange(10**9, 10**10)}",
            "barcode": lambda: f"{chance.randrange(10**11, 10**12)}",
            "zip": lambda: f"{chance.randrange(10_000, 99_999)}",
            "postcode": lambda: f"{chance.randrange(10_000, 99_999)}",
            **dict.fromkeys(
                ("code", "sku", "number", "reference", "id", "iid"), lambda: _code(words, chance)
            ),
        }
        last = "timezone" if words[-2:] == ("time", "zone") else last
        if last in made:
            return made[last]()
        if words[-1] in TEXTS:
            return ""
        return next((made[w]() for w in ("email", "phone", "url", "path") if w in found), "")

    def day(self, words: Words) -> date:
        days = self.chance.randrange(2, DAYS_AROUND)
        if _BIRTH & set(words):
            days = self.chance.randrange(7_000, 25_000)
        past = bool((_PAST | _BIRTH) & set(words))
        return self.today - timedelta(days) if past else self.today + timedelta(days)

    def hour(self) -> str:
        return f"{self.chance.randrange(8, 19):02d}:{self.chance.choice(('00', '15', '30', '45'))}"

    def person(self) -> str:
        return f"{self.chance.choice(pools.FIRST)} {self.chance.choice(pools.LAST)}"

    def email(self) -> str:
        return f"{self.person().lower().replace(' ', '.')}@example.org"

    def _link(self) -> str:
        return f"https://example.org/{self.chance.choice(pools.NOUNS).lower()}"

    def _street(self) -> str:
        street, city = self.chance.choice(pools.STREETS), self.chance.choice(pools.CITIES)
        return f"{self.chance.randrange(1, 90)} {street} Street, {city}"

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))


def _code(words: Words, chance: random.Random) -> str:
    first = next((word for word in words if word not in ("id", "code", "number")), "ref")
    return f"{first[:1].upper()}-{chance.randrange(1000, 10_000)}"
