"""What a tool's name says: a verb and what it is about.

`create_task`, `tasks-list`, `crm_getContactById`, `mark_order_as_paid`: the verb stands first,
last, or behind a namespace; what follows a preposition says by what, or of what. Prefixes that a
server's tools share, and its own name in front, are dropped. Nothing is guessed from
descriptions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datagen.agentic.domains.compiling.verbs import (
    ADJECTIVES,
    CONTAINERS,
    MARKS,
    NOUNS_TOO,
    PARTS,
    PREPOSITIONS,
    READS,
    SEARCHES,
    SINGLETONS,
    STATUSES,
    VERBS,
    Operation,
    Status,
    is_verb,
)
from datagen.agentic.domains.compiling.words import Words, is_plural, one, words_of

MOST_NOUN_WORDS = 3
_NOUN_FIRST = frozenset(("list", "search", "new", "set"))
"""Of the words that are verbs and nouns those that stand behind a noun as verbs: `tasks_list`."""
_LISTING = frozenset(("list", "browse", "enumerate"))
SHARED_PREFIX = 0.6
"""Share of a server's tools, of at least three, that makes a first word a prefix."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A name, understood."""

    operation: Operation
    verb: str
    noun: Words
    """In the singular; empty where the name has none: `cancel`."""
    plural: bool = False
    by: Words = ()
    """What stands behind `by`."""
    of: Words = ()
    """What stands behind another preposition, in the singular."""
    scope: Words = ()
    """A noun in front of the verb, where one stands behind it too: `task` of `task_add_comment`."""
    status: Status | None = None
    several: bool = False
    """Whether it writes many records at once: `add_tasks`."""
    contents: bool = False
    """Whether it lists what is inside of one thing: `list_directory`."""


def prefixes(server: str, names: Sequence[str]) -> frozenset[str]:
    """First words of a server's tools that say only whose tools they are."""
    firsts = Counter(words[0] for name in names if (words := words_of(name)))
    of_server = {word for word in words_of(server) if word not in ("server", "mcp")}
    joined = "".join(words_of(server))
    return frozenset(
        word
        for word, count in firsts.items()
        if not is_verb(word)
        and (
            (count >= 3 and count >= SHARED_PREFIX * len(names) and count > 3)
            or (word in of_server and count > len(names) / 2)
            or (len(word) > 5 and joined.startswith(word) and word not in of_server)
        )
    )


def phrase_of(name: str, dropped: frozenset[str]) -> Phrase | None:
    """What the name says; None where it has no verb of the lists."""
    words = [word for word in words_of(name) if not word.isdecimal()]
    while len(words) > 1 and words[0] in dropped:
        words = words[1:]
    words = [word for n, word in enumerate(words) if word not in CONTAINERS or n == len(words) - 1]
    if not words:
        return None
    found = _split(words)
    if found is None:
        return None
    before, verb, after = found
    if verb == "mark":
        return _marked(after)
    return _phrase(before, verb, after)


def _split(words: Sequence[str]) -> tuple[Words, str, Words] | None:
    """What stands before the verb, the verb, what stands behind it."""
    if tuple(words[:2]) == ("look", "up"):
        return (), "lookup", tuple(words[2:])
    if is_verb(words[0]):
        return (), words[0], tuple(words[1:])
    if len(words) > 1 and is_verb(words[-1]) and words[-1] not in NOUNS_TOO - _NOUN_FIRST:
        return tuple(words[:-1]), words[-1], ()
    for place in range(1, min(len(words), 3)):
        if is_verb(words[place]) and words[place] not in NOUNS_TOO - _NOUN_FIRST:
            return tuple(words[:place]), words[place], tuple(words[place + 1 :])
    return None


def _marked(after: Words) -> Phrase | None:
    """`mark order as paid`, `mark task done`, `mark as read`."""
    rest = tuple(word for word in after if word not in ("as", "is"))
    if not rest or rest[-1] not in MARKS:
        return None
    noun = _bare(rest[:-1])
    many = bool(noun) and is_plural(noun[-1])
    return Phrase("status", "mark", one(noun), many, status=MARKS[rest[-1]], several=many)


def _phrase(before: Words, verb: str, after: Words) -> Phrase | None:
    head, by, of = _parts(after)
    scope = _bare(before)
    noun = head or scope
    if set(head) & SINGLETONS:
        return None
    scope = one(scope) if head else ()
    many = bool(noun) and is_plural(noun[-1])
    operation: Operation = VERBS.get(verb, "status")
    if operation == "read" and noun[-1:] in (("count",), ("total",)) and len(noun) > 1:
        operation, noun = "count", noun[:-1]
    if operation == "read" and noun[-1:] == ("list",) and len(noun) > 1:
        operation, noun = "list", noun[:-1]
    if operation == "read" and (many or "all" in after):
        operation = "list"
    if len(noun) > MOST_NOUN_WORDS:
        return None
    writes = operation not in READS
    return Phrase(
        operation,
        verb,
        one(noun),
        many,
        by,
        of,
        scope,
        STATUSES.get(verb),
        several=writes and bool(head) and (many or "multiple" in after),
        contents=verb in _LISTING and bool(head) and not many and after[-1:] != ("list",),
    )


def _parts(after: Words) -> tuple[Words, Words, Words]:
    """The noun, what follows `by`, and what follows another preposition."""
    head: list[str] = []
    found: dict[str, list[str]] = {"by": [], "of": []}
    into = head
    for word in after:
        if word == "by":
            into = found["by"]
        elif word in PREPOSITIONS:
            into = found["of"]
        else:
            into.append(word)
    return _bare(tuple(head)), tuple(found["by"]), one(_bare(tuple(found["of"])))


def _bare(words: Words) -> Words:
    """A noun without what stands beside it and means nothing."""
    kept = tuple(word for word in words if word not in ADJECTIVES)
    while len(kept) > 1 and kept[-1] in PARTS:
        kept = kept[:-1]
    return kept


def is_search(phrase: Phrase) -> bool:
    return phrase.verb in SEARCHES


def nouns_of(phrases: Mapping[str, Phrase]) -> Counter[Words]:
    """How many tools are about each noun."""
    return Counter(phrase.noun for phrase in phrases.values() if phrase.noun)
