"""What a verb of state (`cancel`, `archive`) does to a record of an entity that has, or has not, a
field for it."""

from typing import Any

from datagen.agentic.domains.compiling.fields import Fields
from datagen.agentic.domains.compiling.plans import Field
from datagen.agentic.domains.compiling.verbs import Status

FIRST = "open"
"""Status of records of which only verbs tell what states there are."""


def settle_status(status: Status, fields: Fields) -> tuple[str, Any] | None:
    """The field that the verb sets, and to what; None where the entity's own states lack it."""
    if (flag := _flag(status, fields)) is not None:
        return flag.name, status.value
    known = fields.get(("status",)) or fields.get(("state",))
    if known is not None and known.kind == "string":
        return _among(status, known, fields)
    if isinstance(status.value, bool):
        made = fields.add((status.field,), "boolean", {}, promised=True)
        return (made.name, status.value) if made is not None else None
    made = fields.add(("status",), "string", {"enum": [FIRST, status.value]}, promised=True)
    return (made.name, status.value) if made is not None else None


def _flag(status: Status, fields: Fields) -> Field | None:
    """A field that says yes or no to the status itself: `archived`, `is_archived`."""
    if not isinstance(status.value, bool):
        return None
    for words in ((status.field,), ("is", status.field)):
        known = fields.get(words)
        if known is not None and known.kind == "boolean":
            return known
    return None


def _among(status: Status, known: Field, fields: Fields) -> tuple[str, Any] | None:
    """The option of a field of states that the verb means."""
    wanted = [status.value, *status.synonyms] if isinstance(status.value, str) else status.synonyms
    options = {_plain(option): option for option in known.options}
    for name in wanted:
        if _plain(name) in options:
            return known.name, options[_plain(name)]
    if not isinstance(status.value, str):
        made = fields.add((status.field,), "boolean", {}, promised=True)
        return (made.name, status.value) if made is not None else None
    if known.options and FIRST not in known.options:
        return None
    grown = dict(known.schema)
    grown["enum"] = list(dict.fromkeys([*(known.options or (FIRST,)), status.value]))
    fields.found[known.words] = Field(
        known.name, known.words, known.kind, grown, known.refers, known.nullable, known.writable
    )
    return known.name, status.value


def _plain(text: Any) -> str:
    return str(text).lower().replace("_", "").replace("-", "").replace(" ", "")
