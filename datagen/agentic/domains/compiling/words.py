"""Names of tools and parameters as words: apart, in the singular, as people write them."""

import re
from collections.abc import Sequence
from functools import lru_cache

Words = tuple[str, ...]
_PIECE = re.compile(r"[A-Z]+(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+|\d+")
_ACRONYM_PLURAL = re.compile(r"\b([A-Z]{2,})s(?![a-z])|(?<=[a-z_-])([A-Z]{2,})s(?![a-z])")
_IRREGULAR = {
    "people": "person",
    "persons": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "indices": "index",
    "indexes": "index",
    "matrices": "matrix",
    "vertices": "vertex",
    "movies": "movie",
    "cookies": "cookie",
    "caches": "cache",
    "axes": "axis",
    "analyses": "analysis",
    "criteria": "criterion",
    "media": "media",
    "leaves": "leaf",
    "shelves": "shelf",
    "knives": "knife",
    "lives": "life",
    "quizzes": "quiz",
    "ids": "id",
}
_SINGULAR = frozenset(
    "address access alias analysis analytics atlas aws basis bias business bus canvas chess class "
    "cors css data dns express gas goods https ios js kubernetes lens mass metadata news os "
    "process progress redis sales series sms species status success synopsis tls diagnosis gps "
    "pos settings statistics stats windows tennis glasses mathematics".split()
)
"""Words with an s at their end, or of two numbers, that name one thing or a mass."""
_UPPER = frozenset(
    "api ip id url uri uuid pdf sql html json csv sku vat iban isbn cpu gpu vm dns ssh aws crm pr "
    "qr sms gps ui http vpn faq hr it".split()
)
_AN = re.compile(r"(?!uni|use|uti|eu|one|url|uri|uuid|uid)[aeiou]|hour|honest|html|sms|sql|mri|xml")


@lru_cache(maxsize=65_536)
def words_of(name: str) -> Words:
    """The words of a name in snake, kebab or camel case, in lower case; digits are words."""
    apart = _ACRONYM_PLURAL.sub(lambda found: f"{(found[1] or found[2]).capitalize()}s", name)
    return tuple(word.lower() for word in _PIECE.findall(apart))


@lru_cache(maxsize=16_384)
def singular(word: str) -> str:
    """The word in the singular; the same one where it is none or can't be told."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _SINGULAR or len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes", "uses")) and word != "houses":
        return word[:-2] if not word.endswith("uses") or word.endswith("tuses") else word[:-1]
    return word[:-1]


def is_plural(word: str) -> bool:
    return singular(word) != word


@lru_cache(maxsize=16_384)
def plural(word: str) -> str:
    for many, one in _IRREGULAR.items():
        if one == word:
            return many
    if is_plural(word) or word in ("data", "metadata", "news", "media", "settings", "analytics"):
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh", "z")) else f"{word}s"


def one(noun: Words) -> Words:
    """A noun in the singular: its last word is."""
    return (*noun[:-1], singular(noun[-1])) if noun else noun


def many(noun: Words) -> Words:
    return (*noun[:-1], plural(noun[-1])) if noun else noun


MASS = frozenset(
    "documentation equipment feedback software hardware content research staff inventory media "
    "knowledge information evidence news".split()
)
"""Words for a mass, of which records are entries."""


def spoken_noun(noun: Words) -> str:
    """A noun as people say it, for one record."""
    return human((*noun, "entry")) if noun[-1] in MASS else human(noun)


def spoken_nouns(noun: Words) -> str:
    return human((*noun, "entries")) if noun[-1] in MASS else human(many(noun))


def human(words: Sequence[str]) -> str:
    """Words as people write them: `IP address`."""
    kept = words[:-1] if len(words) > 1 and words[-1] == "1" else words
    return " ".join(word.upper() if word in _UPPER else word for word in kept)


def with_article(words: Sequence[str]) -> str:
    said = spoken_noun(tuple(words))
    return f"{'an' if _AN.match(said.lower()) else 'a'} {said}"


def snake(words: Sequence[str]) -> str:
    return "_".join(words)


def camel(words: Sequence[str]) -> str:
    return "".join([*words[:1], *(word.capitalize() for word in words[1:])])
