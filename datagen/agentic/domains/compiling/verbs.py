"""What the words of names mean: closed lists of verbs, and of what may stand beside a noun.

Own lists, made from the names of 5,177 real tools. A verb that can mean several things to the state
(`sync`, `process`, `run`, `send`) is in none of them: its tool has no backend."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from datagen.agentic.domains.compiling.words import Words

Operation = Literal["read", "list", "count", "create", "update", "delete", "status"]
READS: tuple[Operation, ...] = ("read", "list", "count")


@dataclass(frozen=True, slots=True)
class Status:
    """What a verb of state sets."""

    field: str
    """`status`, or the name of a flag."""
    value: str | bool
    synonyms: tuple[str, ...] = ()
    """Other names of the value in a list of options."""
    past: str = ""
    """What was done, for a report."""


_READ = "get fetch read show view retrieve describe lookup display".split()
_LIST = "list browse enumerate".split()
_SEARCH = "search find query filter".split()
_CREATE = "create add insert register new make record schedule book place post issue draft".split()
_UPDATE = "update edit modify change set adjust amend revise rename move assign reassign".split()
_DELETE = "delete remove erase destroy drop trash unregister".split()
VERBS: Mapping[str, Operation] = {
    **dict.fromkeys(_READ, "read"),
    **dict.fromkeys((*_LIST, *_SEARCH), "list"),
    "count": "count",
    **dict.fromkeys(_CREATE, "create"),
    **dict.fromkeys(_UPDATE, "update"),
    **dict.fromkeys(_DELETE, "delete"),
}
SEARCHES = frozenset(_SEARCH)
_DONE = ("completed", "complete", "done", "closed", "finished", "resolved", "fulfilled")
STATUSES: Mapping[str, Status] = {
    "cancel": Status("status", "cancelled", ("canceled",), "cancelled"),
    "close": Status("status", "closed", ("done", "completed", "resolved"), "closed"),
    "reopen": Status("status", "open", ("todo", "to_do", "active", "reopened"), "reopened"),
    "complete": Status("status", "completed", _DONE, "completed"),
    "finish": Status("status", "completed", _DONE, "finished"),
    "finalize": Status("status", "completed", (*_DONE, "final"), "finalized"),
    "approve": Status("status", "approved", ("accepted",), "approved"),
    "reject": Status("status", "rejected", ("declined", "denied"), "rejected"),
    "deny": Status("status", "rejected", ("denied", "declined"), "denied"),
    "decline": Status("status", "declined", ("rejected", "denied"), "declined"),
    "confirm": Status("status", "confirmed", (), "confirmed"),
    "activate": Status("status", "active", ("enabled",), "activated"),
    "deactivate": Status("status", "inactive", ("disabled",), "deactivated"),
    "pause": Status("status", "paused", ("suspended", "on_hold"), "paused"),
    "resume": Status("status", "active", ("running", "in_progress"), "resumed"),
    "unpause": Status("status", "active", ("running",), "resumed"),
    "suspend": Status("status", "suspended", ("paused",), "suspended"),
    "start": Status("status", "running", ("started", "active", "in_progress"), "started"),
    "stop": Status("status", "stopped", ("inactive",), "stopped"),
    "publish": Status("status", "published", ("live",), "published"),
    "unpublish": Status("status", "draft", ("unpublished",), "unpublished"),
    "resolve": Status("status", "resolved", ("closed", "done"), "resolved"),
    "acknowledge": Status("status", "acknowledged", (), "acknowledged"),
    "archive": Status("archived", True, ("archived",), "archived"),
    "unarchive": Status("archived", False, ("active",), "unarchived"),
    "enable": Status("enabled", True, ("enabled", "active"), "enabled"),
    "disable": Status("enabled", False, ("disabled", "inactive"), "disabled"),
    "lock": Status("locked", True, ("locked",), "locked"),
    "unlock": Status("locked", False, ("unlocked",), "unlocked"),
    "star": Status("starred", True, (), "starred"),
    "unstar": Status("starred", False, (), "unstarred"),
    "pin": Status("pinned", True, (), "pinned"),
    "unpin": Status("pinned", False, (), "unpinned"),
    "mute": Status("muted", True, (), "muted"),
    "unmute": Status("muted", False, (), "unmuted"),
    "block": Status("blocked", True, ("blocked",), "blocked"),
    "unblock": Status("blocked", False, (), "unblocked"),
    "hide": Status("hidden", True, ("hidden",), "hidden"),
    "unhide": Status("hidden", False, ("visible",), "unhidden"),
}
MARKS: Mapping[str, Status] = {
    **dict.fromkeys(
        ("done", "complete", "completed", "finished"),
        Status("status", "completed", _DONE, "marked"),
    ),
    "read": Status("read", True, ("read",), "marked"),
    "unread": Status("read", False, ("unread",), "marked"),
    "paid": Status("status", "paid", (), "marked"),
    "resolved": Status("status", "resolved", ("closed", "done"), "marked"),
    "shipped": Status("status", "shipped", (), "marked"),
    "delivered": Status("status", "delivered", (), "marked"),
}
"""What `mark … as` sets."""
PAST: Mapping[str, str] = {
    **{"create": "created", "add": "added", "insert": "added", "register": "registered"},
    **{"new": "created", "make": "made", "record": "recorded", "schedule": "scheduled"},
    **{"book": "booked", "place": "placed", "post": "posted", "issue": "issued"},
    **{"draft": "drafted", "update": "updated", "edit": "edited", "modify": "modified"},
    **{"change": "changed", "set": "set", "adjust": "adjusted", "amend": "amended"},
    **{"revise": "revised", "rename": "renamed", "move": "moved", "assign": "assigned"},
    **{"reassign": "reassigned", "delete": "deleted", "remove": "removed", "erase": "erased"},
    **{"destroy": "destroyed", "drop": "dropped", "trash": "deleted"},
    "unregister": "unregistered",
}
ADJECTIVES = frozenset(
    "a all an available existing full individual multiple my new own several single specific "
    "specified the".split()
)
"""Words beside a noun that change nothing."""
PARTS = frozenset("detail details info information data record by".split())
"""Words behind a noun for what is known of it."""
PREPOSITIONS = frozenset("by for of in from to on with at into as using via".split())
CONTAINERS = frozenset(
    "controller service api resource manager client tool mcp server v1 v2".split()
)
"""Words of namespaces in front of a tool's name."""
SINGLETONS = frozenset(
    "current latest next random today now selected active default own me".split()
)
"""Words that say which record is meant by something that no state here holds."""


NOUNS_TOO = frozenset(
    "book place post record issue draft schedule set star pin lock block count view display drop "
    "trash change move show register query filter search find star mark list new".split()
)
"""Verbs that behind another word may as well be what it is about: `return_book`."""


def is_verb(word: str) -> bool:
    return word in VERBS or word in STATUSES or word == "mark"


def without(words: Words, *lists: frozenset[str]) -> Words:
    return tuple(word for word in words if not any(word in one for one in lists))
