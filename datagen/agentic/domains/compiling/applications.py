"""What evolved tools say of their application beside their schemas: which entities they touch, and
which fields these have."""

import json
from collections.abc import Iterator

from datagen.agentic.domains.compiling.entities import EntityDraft
from datagen.agentic.domains.compiling.numbers import is_known_number
from datagen.agentic.domains.compiling.parameters import Kind
from datagen.agentic.domains.compiling.values import is_told
from datagen.agentic.domains.compiling.verbs import READS, Operation
from datagen.agentic.domains.compiling.words import Words, one, words_of
from datagen.schemas import Tool


def touches(tool: Tool, noun: Words, operation: Operation) -> bool:
    """Whether a tool that names the entities it touches touches this one in that way."""
    named = (*tool.reads, *tool.writes) if operation in READS else tool.writes
    if not tool.reads and not tool.writes:
        return True
    return any(one(words_of(name)) == noun for name in named)


def _is_named(entity: EntityDraft) -> bool:
    return any(words[-1] in ("name", "title") for words in entity.fields.found)


def declared_fields(entity: EntityDraft) -> Iterator[tuple[Words, Kind]]:
    """Fields that the application gives the entity and no tool has named, as far as their names
    tell what they hold."""
    for draft in entity.tools[:1]:
        if draft.tool.origin != "evolved":
            continue
        declared = json.loads(draft.tool.source).get("application", {}).get("entities", ())
        for found in declared:
            if one(words_of(str(found.get("name", "")))) != entity.noun:
                continue
            for name in found.get("fields", ()):
                words = words_of(str(name))
                if words[-1:] in (("name",), ("title",)) and _is_named(entity):
                    continue
                if words and words[-1] != "id" and entity.fields.get(words) is None:
                    kind: Kind = "integer" if is_known_number(words) else "string"
                    if kind == "integer" or is_told(words, kind, {}):
                        yield words, kind
