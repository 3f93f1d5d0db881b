"""What a tool's name says that it does to the state, where its first verb leaves no doubt.

Own lists of verbs. Verbs such as `check` or `process` can be either and are in none."""

from typing import get_args

from datagen.agentic.tools.evolve.answers import Effect

READING = {"get", "list", "search", "find", "read", "show", "fetch", "view", "lookup", "query"}
REMOVING = {"delete", "remove", "erase", "purge", "drop", "wipe"}
WRITING = REMOVING | {
    *("add", "create", "insert", "register", "update", "edit", "modify", "change", "set", "write"),
    *("send", "store", "save", "rename", "move", "cancel", "assign", "upload", "mark", "record"),
}
_ALL: tuple[Effect, ...] = get_args(Effect)


def effects_of(name: str) -> tuple[Effect, ...]:
    """The effects that a tool of this name can have."""
    words = name.split("_")
    if words[0] in REMOVING:
        return ("removes",)
    if words[0] in WRITING:
        return tuple(effect for effect in _ALL if effect != "reads")
    if words[0] in READING and not WRITING & set(words):
        return ("reads",)
    return _ALL
