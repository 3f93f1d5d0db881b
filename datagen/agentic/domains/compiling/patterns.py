"""Text that fits a regular expression, for the plain ones that schemas hold.

Literals, classes, groups with choices, and counts; what looks around, refers back or negates gives
None, and so does what does not match in the end."""

import random
import re
import string

MOST_REPEATS = 6
"""Times that an open count (`+`, `*`, `{3,}`) is taken, beyond its least."""
_CLASSES = {
    "d": string.digits,
    "w": string.ascii_lowercase + string.digits,
    "s": " ",
}
_COUNT = re.compile(r"\{(\d{1,3})(?:(,)(\d{1,3})?)?\}")


class _Unclear(Exception):
    pass


def matching(pattern: str, chance: random.Random) -> str | None:
    """A text that the pattern matches; None where none is found."""
    try:
        text, _ = _choices(pattern.removeprefix("^").removesuffix("$"), 0, chance)
        compiled = re.compile(pattern)
    except (_Unclear, re.error, IndexError, RecursionError):
        return None
    return text if text and compiled.search(text) else None


def _choices(pattern: str, at: int, chance: random.Random) -> tuple[str, int]:
    """One of the alternatives that begin at a place, and where they end."""
    options: list[str] = []
    said = ""
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            options.append(said)
            said, at = "", at + 1
            continue
        start = at
        _, at = _one(pattern, at, chance)
        least, most, at = _count(pattern, at)
        unit = pattern[start:at]
        for _ in range(chance.randint(least, most)):
            said += _one(unit, 0, chance)[0]
    options.append(said)
    return chance.choice(options), at


def _one(pattern: str, at: int, chance: random.Random) -> tuple[str, int]:
    """What one unit gives, and where it ends."""
    sign = pattern[at]
    if sign == "(":
        inside = at + (3 if pattern.startswith("(?:", at) else 1)
        if pattern.startswith("(?", at) and not pattern.startswith("(?:", at):
            raise _Unclear
        text, end = _choices(pattern, inside, chance)
        return text, end + 1
    if sign == "[":
        end = pattern.index("]", at + 2) if "]" in pattern[at + 2 :] else len(pattern)
        return chance.choice(_class(pattern[at + 1 : end])), end + 1
    if sign == "\\":
        letter = pattern[at + 1]
        if letter in _CLASSES:
            return chance.choice(_CLASSES[letter]), at + 2
        if letter.isalnum():
            if letter == "b":
                return "", at + 2
            raise _Unclear
        return letter, at + 2
    if sign == ".":
        return chance.choice(string.ascii_lowercase), at + 1
    if sign in "^$*+?{":
        raise _Unclear
    return sign, at + 1


def _class(inside: str) -> str:
    if inside.startswith("^"):
        raise _Unclear
    found, at = "", 0
    while at < len(inside):
        if inside[at] == "\\":
            found += _CLASSES.get(inside[at + 1], inside[at + 1])
            at += 2
        elif inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            found += "".join(map(chr, range(ord(inside[at]), ord(inside[at + 2]) + 1)))
            at += 3
        else:
            found += inside[at]
            at += 1
    plain = "".join(sign for sign in found if sign.isalnum())
    plain = (
        "".join(sign for sign in plain if not sign.isupper()) if plain != plain.upper() else plain
    )
    if not found:
        raise _Unclear
    return plain or found


def _count(pattern: str, at: int) -> tuple[int, int, int]:
    """How often the unit before a place is taken, at least and at most, and where the count
    ends."""
    sign = pattern[at : at + 1]
    if sign in ("?", "*", "+") and sign:
        least, most = {"?": (0, 1), "*": (0, MOST_REPEATS), "+": (1, MOST_REPEATS)}[sign]
        return least, most, at + 1
    if match := _COUNT.match(pattern, at):
        least = int(match[1])
        most = int(match[3]) if match[3] else least + (MOST_REPEATS if match[2] else 0)
        return least, max(least, most), match.end()
    return 1, 1, at
