"""Legal names for tools: `[a-zA-Z0-9_-]{1,64}`, the narrowest of what APIs and trainers accept.

Accents are folded and what is left over becomes `_`; a long name is cut and ends in a hash of the
whole name, so that two long names stay two. A name without one legal letter or digit has no legal
form. Not here: whether two tools of one server end up with one name (see `duplicates`)."""

import hashlib
import re
import unicodedata

MAX_NAME_CHARS = 64
"""Source: the pattern of function names in OpenAI's API reference."""
LEGAL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]+")
_HASH_CHARS = 6


def legal_name(name: str) -> tuple[str, list[str]]:
    """The name in legal characters and length, and the fixes that took; empty if it has no legal
    form."""
    if LEGAL_NAME.fullmatch(name):
        return name, []
    fixes = []
    folded = unicodedata.normalize("NFKD", name)
    folded = "".join(char for char in folded if not unicodedata.combining(char))
    legal = _ILLEGAL.sub("_", folded)
    if legal != name:
        legal = legal.strip("_")
        fixes.append("name_characters")
    if not re.search(r"[a-zA-Z0-9]", legal):
        return "", fixes
    if len(legal) > MAX_NAME_CHARS:
        legal = suffixed(legal, hashlib.blake2b(name.encode(), digest_size=8).hexdigest())
        fixes.append("name_length")
    return legal, fixes


def suffixed(name: str, digest: str) -> str:
    """The name with the first digits of a hash behind it, cut to fit."""
    ending = f"_{digest[:_HASH_CHARS]}"
    return name[: MAX_NAME_CHARS - len(ending)].rstrip("_-") + ending
