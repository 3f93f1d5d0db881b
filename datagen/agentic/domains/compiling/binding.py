"""What each parameter of a tool means, once it is known which entity the tool is about."""

from collections.abc import Mapping, Sequence

from datagen.agentic.domains.compiling.drafts import ToolDraft
from datagen.agentic.domains.compiling.entities import (
    SCALARS,
    TEXTS,
    EntityDraft,
    Unbound,
    filled,
    filler,
    has_told_values,
    is_id,
    is_named,
    key_of,
    today,
)
from datagen.agentic.domains.compiling.filters import filter_of
from datagen.agentic.domains.compiling.parameters import Parameter
from datagen.agentic.domains.compiling.plans import KEY, Binding
from datagen.agentic.domains.compiling.roles import (
    PERSON_ROLES,
    PERSONS,
    ending,
    is_called,
    sign_of,
)
from datagen.agentic.domains.compiling.values import is_told
from datagen.agentic.domains.compiling.words import Words

ATTRIBUTES = frozenset(
    "email phone address url link file path tag label comment note date time status state type "
    "category name title message text description image icon color language location".split()
)
"""Nouns of entities that are, as a parameter's name, a value of its own."""
MOVES = ("move", "assign", "reassign", "set", "change")


class Binder:
    """Gives the parameters of an entity's tools their roles."""

    def __init__(self, entity: EntityDraft, others: Mapping[Words, EntityDraft]) -> None:
        self.entity = entity
        self.others = others

    def bound(self, draft: ToolDraft) -> list[Binding]:
        """The bindings of one tool. Raises `Unbound`."""
        operation = draft.phrase.operation
        key = None
        if operation in ("read", "update", "delete", "status") or self.entity.natural:
            key = key_of(draft, self.entity.noun)
        elif operation == "create":
            key = self._given_id(draft)
        if operation in ("list", "count"):
            key = None
        if key is not None and not self.entity.natural and not is_named(key, self.entity.noun):
            key = None
        if key is None and operation in ("read", "update", "delete", "status"):
            raise Unbound("no_key", draft.tool.name)
        found = [
            self._key(parameter) if parameter is key else self._other(parameter, draft)
            for parameter in draft.parameters
        ]
        kept = [one for one in found if one is not None]
        self._needed(draft, kept)
        return kept

    def _given_id(self, draft: ToolDraft) -> Parameter | None:
        """An id that whoever makes a record chooses."""
        ids = [p for p in draft.parameters if is_id(p, self.entity.noun) and p.kind in SCALARS]
        return next((p for p in ids if p.required), ids[0] if ids else None)

    def _key(self, parameter: Parameter) -> Binding:
        entity = self.entity
        named = is_called(parameter.words, entity.noun) or ending(parameter.words, entity.noun)
        if entity.natural and not entity.key_words:
            known = entity.fields.add(today(parameter.words), parameter.kind, {})
            entity.key_words = known.words if known is not None else parameter.words
        if entity.natural and named != "bare" and not self._agrees(parameter):
            raise Unbound("no_key", parameter.name)
        if entity.natural or named != "name":
            entity.keys.append(parameter.schema)
            return Binding(parameter, "key", KEY)
        words = parameter.words[-1:] if named == "name" else parameter.words
        known = entity.fields.add(words, parameter.kind, parameter.schema)
        if known is None:
            raise Unbound("unclear_parameters", parameter.name)
        return Binding(parameter, "label", known.name)

    def _agrees(self, parameter: Parameter) -> bool:
        """Whether a natural key is the one that other tools of the entity take."""
        words = self.entity.fields.canonical(today(parameter.words))
        known = self.entity.key_words
        return words == known or is_called(known, self.entity.noun) == "bare"

    def _other(self, parameter: Parameter, draft: ToolDraft) -> Binding | None:
        """The role of a parameter that does not say which record."""
        sign = sign_of(parameter)
        operation = draft.phrase.operation
        if sign == "secret" and parameter.required:
            raise Unbound("credentials", parameter.name)
        if parent := self._parent(parameter):
            return self._reference(parameter, parent, draft)
        if operation in ("list", "count"):
            return filter_of(self.entity, parameter)
        if operation in ("create", "update"):
            return self._written(parameter, draft)
        if parameter.required and not sign and parameter.kind in SCALARS:
            return self._scope(parameter)
        if operation != "read" and parameter.kind == "string" and filler(parameter) is None:
            return Binding(parameter, "extra", parameter.name)
        return filled(parameter)

    def _parent(self, parameter: Parameter) -> Words:
        """The other entity that a parameter names; empty where it names none."""
        if parameter.kind not in SCALARS:
            return ()
        for noun in self.others:
            if noun == self.entity.noun:
                continue
            how = is_called(parameter.words, noun, loose=False)
            plain = noun[-1] not in ATTRIBUTES and not sign_of(parameter)
            if how == "id" or (how == "bare" and plain):
                return noun
        role = parameter.words[:-1] if parameter.words[-1:] == ("id",) else parameter.words
        if len(role) == 1 and role[0] in PERSON_ROLES:
            return next((noun for noun in self.others if noun[-1] in PERSONS), ())
        return ()

    def _reference(self, parameter: Parameter, parent: Words, draft: ToolDraft) -> Binding:
        self.others[parent].keys.append(parameter.schema)
        words = parameter.words
        named = self.entity.fields.get(words)
        known = named or self.entity.fields.add(words, parameter.kind, {}, refers="_".join(parent))
        if known is None:
            raise Unbound("unclear_parameters", parameter.name)
        operation, verb = draft.phrase.operation, draft.phrase.verb
        scopes = operation == "update" and parameter.required and verb not in MOVES
        writes = operation == "create" or (operation == "update" and not scopes)
        return Binding(parameter, "field" if writes else "equals", known.name)

    def _scope(self, parameter: Parameter) -> Binding:
        """What else a record must agree with: `namespace` of `get_document(namespace, slug)`."""
        if set(parameter.words) & TEXTS:
            raise Unbound("unclear_parameters", parameter.name)
        known = self.entity.fields.add(parameter.words, parameter.kind, parameter.schema)
        if known is None:
            raise Unbound("unclear_parameters", parameter.name)
        return Binding(parameter, "equals", known.name)

    def _written(self, parameter: Parameter, draft: ToolDraft) -> Binding | None:
        sign = sign_of(parameter)
        words = parameter.words
        if self._narrows(parameter, draft):
            return self._scope(parameter)
        if draft.rest and (words[-1] in ("value", "to") or set(words) <= set(draft.rest)):
            words = draft.rest  # set_task_status(task_id, value), set_due_date(task_id, date)
        if draft.phrase.verb == "rename" and self.entity.natural and words[-1] == "name":
            words = self.entity.key_words or words  # rename_collection(collection, newName)
        if parameter.kind == "other":
            if parameter.required:
                raise Unbound("unclear_parameters", parameter.name)
            return Binding(parameter, "extra", parameter.name)
        plain = sign in ("", "page", "limit") or (
            parameter.required and parameter.kind == "string" and sign in ("switch", "query")
        )
        if not plain:
            return filled(parameter)
        if parameter.required and not has_told_values(parameter) and self._is_opaque(words):
            raise Unbound("unclear_parameters", parameter.name)
        known = self.entity.fields.add(words, parameter.kind, parameter.schema, written=True)
        if known is not None:
            return Binding(parameter, "field", known.name)
        if parameter.required:
            raise Unbound("unclear_parameters", parameter.name)
        return Binding(parameter, "extra", parameter.name)

    def _narrows(self, parameter: Parameter, draft: ToolDraft) -> bool:
        """Whether a required parameter says which record is changed, where what is written needn't
        be given: `owner` of `update_issue(owner, number, title?)`."""
        if draft.phrase.operation != "update" or not parameter.required or sign_of(parameter):
            return False
        if draft.phrase.verb == "rename":
            return parameter.words[0] not in ("new", "to") and not ending(parameter.words)
        free = [p for p in draft.parameters if not p.required and not sign_of(p)]
        about = bool(set(parameter.words) & set(draft.rest))
        return bool(free) and not about and parameter.kind in SCALARS

    def _is_opaque(self, words: Words) -> bool:
        """Whether nothing tells what a text of that name looks like: neither the name, nor what
        the records are called."""
        canonical = self.entity.fields.canonical(words)
        if self.entity.fields.get(canonical) is not None:
            return False
        return not is_told(canonical, "string", {}) and canonical != self.entity.noun

    def _needed(self, draft: ToolDraft, found: Sequence[Binding]) -> None:
        makes = draft.phrase.operation == "create" and self.entity.natural
        written = [one for one in found if one.role == "field" or (makes and one.role == "key")]
        if draft.rest and draft.phrase.operation == "update":
            about = [one for one in written if set(one.parameter.words) & {*draft.rest, "value"}]
            written = written if about else []
        if draft.phrase.operation in ("create", "update") and not written:
            raise Unbound("unclear_parameters", f"{draft.tool.name} writes nothing")
