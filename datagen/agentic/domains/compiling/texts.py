"""Believable texts by the name of their field: addresses, places, people, a word of a few.

What a name does not tell gives nothing, so that fields of that name are known to be opaque."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

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
_CHAINED = frozenset("wallet token coin contract transaction blockchain crypto".split())
"""What has an address in a chain of blocks, and in no street."""
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
    **dict.fromkeys(("category", "section"), pools.CATEGORIES),
    **dict.fromkeys(("type", "kind"), pools.TYPES),
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
WAYS = frozenset("path directory folder dir".split())
"""Names of fields that say where a file lies: what goes by its path has said it."""
_JOINING = frozenset(("or", "and"))
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
        if not words or _JOINING & set(words):
            return ""
        last = singular(words[-1])
        if made := self._dated(words, noun) or self._shaped(words, noun, last):
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
            "uri": self.link,
            "url": self.link,
            "uuid": self.uuid,
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

    def _shaped(self, words: Words, noun: Words, last: str) -> str:
        """Text of a form of its own: addresses, numbers of telephones, codes."""
        last = "timezone" if words[-2:] == ("time", "zone") else last
        if last == "address" and _CHAINED & {*words, *noun}:
            last = "hash"
        elif last == "address" and len(words) > 1 and words[-2] in ("email", "ip", "url"):
            last = words[-2]
        if (shape := _SHAPES.get(last)) is not None:
            return shape(self, words)
        if words[-1] in TEXTS:
            return ""
        inside = next((word for word in ("email", "phone", "url", "path") if word in words), "")
        return _SHAPES[inside](self, words) if inside else ""

    def slug(self) -> str:
        return f"{self.chance.choice(pools.ADJECTIVES)}-{self.chance.choice(pools.NOUNS)}".lower()

    def file(self) -> str:
        return f"{self.slug()}.{self.chance.choice(pools.EXTENSIONS)}"

    def digits(self, count: int) -> str:
        return str(self.chance.randrange(10 ** (count - 1), 10**count))

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

    def link(self) -> str:
        return f"https://example.org/{self.chance.choice(pools.NOUNS).lower()}"

    def street(self) -> str:
        street, city = self.chance.choice(pools.STREETS), self.chance.choice(pools.CITIES)
        return f"{self.chance.randrange(1, 90)} {street} Street, {city}"

    def uuid(self) -> str:
        return str(UUID(int=self.chance.getrandbits(128), version=4))


def _code(texts: Texts, words: Words) -> str:
    first = next((word for word in words if word not in ("id", "code", "key", "number")), "ref")
    return f"{first[:1].upper()}-{texts.digits(4)}"


def _key(texts: Texts, words: Words) -> str:
    return _code(texts, words) if len(words) > 1 else texts.slug()


def _path(texts: Texts, words: Words) -> str:
    folder = bool({"directory", "folder", "dir"} & set(words))
    return f"/documents/{texts.slug() if folder else texts.file()}"


_ZONES = ("Lisbon", "Oslo", "Madrid", "Vienna")
_SHAPES: Mapping[str, Callable[[Texts, Words], str]] = {
    **dict.fromkeys(("phone", "mobile"), lambda texts, _: f"555-{texts.digits(4)}"),
    **dict.fromkeys(("url", "link", "website", "uri"), lambda texts, _: texts.link()),
    **dict.fromkeys(("filename", "file"), lambda texts, _: texts.file()),
    **dict.fromkeys(("folder", "directory"), lambda texts, _: f"/documents/{texts.slug()}"),
    **dict.fromkeys(("address", "street"), lambda texts, _: texts.street()),
    **dict.fromkeys(("zip", "postcode"), lambda texts, _: texts.digits(5)),
    **dict.fromkeys(("code", "sku", "number", "reference", "id", "iid"), _code),
    "key": _key,
    "email": lambda texts, _: texts.email(),
    "path": _path,
    "username": lambda texts, _: texts.person().lower().replace(" ", "."),
    "slug": lambda texts, _: texts.slug(),
    "timezone": lambda texts, _: f"Europe/{texts.chance.choice(_ZONES)}",
    "version": lambda texts, _: f"{texts.digits(1)}.{texts.chance.randrange(10)}",
    "schedule": lambda texts, _: f"every day at {texts.hour()}",
    "ip": lambda texts, _: f"10.0.{texts.chance.randrange(8)}.{texts.chance.randrange(2, 250)}",
    "uuid": lambda texts, _: texts.uuid(),
    "hash": lambda texts, _: f"0x{texts.chance.getrandbits(64):016x}",
    "isbn": lambda texts, _: f"978-{texts.digits(10)}",
    "barcode": lambda texts, _: texts.digits(12),
}
"""Texts of a form of their own, by the last word of a field's name."""
