"""What each parameter of a tool means, once it is known which entity the tool is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen.agentic.domains.compiling.drafts import ToolDraft
from datagen.agentic.domains.compiling.fields import Fields, shown_values
from datagen.agentic.domains.compiling.parameters import Parameter
from datagen.agentic.domains.compiling.plans import KEY, Binding, Reason, Role
from datagen.agentic.domains.compiling.roles import (
    PERSON_ROLES,
    PERSONS,
    ending,
    is_called,
    sign_of,
)
from datagen.agentic.domains.compiling.values import is_told
from datagen.agentic.domains.compiling.words import Words, is_plural

ATTRIBUTES = frozenset(
    "email phone address url link file path tag label comment note date time status state type "
    "category name title message text description image icon color language location".split()
)
"""Nouns of entities that are, as a parameter's name, a value of its own."""
SETTERS = frozenset(("set", "change", "adjust"))
MOVES = ("move", "assign", "reassign", "set", "change")
SCALARS = ("string", "integer", "number")
_AFTER = frozenset("after since from start begin min minimum least above over gte gt".split())
_BEFORE = frozenset("before until to end max maximum most below under lte lt".split())
_TEXTS = frozenset("prompt text question code expression input content command script url".split())


class Unbound(Exception):
    """Why a tool's parameters can't be told."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail


@dataclass(slots=True)
class EntityDraft:
    """An entity while its tools are read."""

    noun: Words
    fields: Fields
    tools: list[ToolDraft] = field(default_factory=list)
    natural: bool = False
    keys: list[Mapping[str, Any]] = field(default_factory=list)
    """Schemas of the parameters and properties that hold its id."""
    key_words: Words = ()
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    """By the tool's name."""


def key_of(draft: ToolDraft, noun: Words) -> Parameter | None:
    """The parameter that says which record; None where there is none."""
    called = [(p, is_called(p.words, noun) or ending(p.words, noun)) for p in draft.parameters]
    if draft.phrase.verb in SETTERS:  # set_orientation(device, orientation)
        called = [(p, how) for p, how in called if how != "bare"]
    for wanted in ("id", "bare", "name"):
        found = [p for p, how in called if how == wanted and p.kind in SCALARS]
        found = [p for p in found if p.required and len(p.path) == 1] or found
        if wanted == "name" and draft.phrase.operation == "update":
            found = [p for p in found if p.required]
        if found:
            return found[0]
    olds = [p for p in draft.parameters if p.words[:1] in (("old",), ("current",))]
    if olds and draft.phrase.operation == "update":
        return olds[0]
    return _only(draft) if draft.phrase.operation == "read" else None


def _only(draft: ToolDraft) -> Parameter | None:
    """The one thing that a tool requires, where it can name a record."""
    needed = [p for p in draft.parameters if p.required and not sign_of(p)]
    fits = len(needed) == 1 and needed[0].kind in ("string", "integer")
    return needed[0] if fits and not set(needed[0].words) & _TEXTS else None


def _today(words: Words) -> Words:
    """`old_name` is the name as long as there is no new one."""
    return words[1:] if len(words) > 1 and words[0] in ("old", "current") else words


def _names(parameter: Parameter, noun: Words) -> bool:
    named = is_called(parameter.words, noun) or ending(parameter.words, noun)
    return bool(named) or parameter.words[:1] in (("old",), ("current",))


def is_id(parameter: Parameter, noun: Words) -> bool:
    return (is_called(parameter.words, noun) or ending(parameter.words, noun)) == "id"


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
        if key is not None and not self.entity.natural and not _names(key, self.entity.noun):
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
            known = entity.fields.add(_today(parameter.words), parameter.kind, {})
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
        words = self.entity.fields.canonical(_today(parameter.words))
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
            return self._filter(parameter, draft)
        if operation in ("create", "update"):
            return self._written(parameter, draft)
        if parameter.required and not sign and parameter.kind in SCALARS:
            return self._scope(parameter)
        if operation != "read" and parameter.kind == "string" and filler(parameter) is None:
            return Binding(parameter, "extra", parameter.name)
        return self._filler(parameter)

    def _parent(self, parameter: Parameter) -> Words:
        """The other entity that a parameter names; empty where it names none."""
        if parameter.kind not in SCALARS:
            return ()
        for noun in self.others:
            if noun == self.entity.noun:
                continue
            how = is_called(parameter.words, noun)
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
        if set(parameter.words) & _TEXTS:
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
        if parameter.kind == "other":
            if parameter.required:
                raise Unbound("unclear_parameters", parameter.name)
            return Binding(parameter, "extra", parameter.name)
        plain = sign in ("", "page", "limit") or (
            parameter.required and parameter.kind == "string" and sign in ("switch", "query")
        )
        if not plain:
            return self._filler(parameter)
        if parameter.required and not _is_told(parameter) and self._is_opaque(words):
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

    def _filter(self, parameter: Parameter, draft: ToolDraft) -> Binding | None:
        sign = sign_of(parameter)
        if sign in ("limit", "offset", "page", "query"):
            return Binding(parameter, sign)
        if parameter.kind in SCALARS and is_id(parameter, self.entity.noun):
            self.entity.keys.append(parameter.schema)
            return Binding(parameter, "equals", KEY)
        if parameter.words in (("filter",), ("pattern",)) and parameter.required:
            return Binding(parameter, "query")
        if sign or parameter.kind in ("other", "strings") or _is_language(parameter):
            return self._filler(parameter)
        if ranged := self._range(parameter):
            return ranged
        if parameter.required and parameter.kind == "number":
            raise Unbound("unclear_parameters", parameter.name)
        if self.entity.fields.get(parameter.words) is None and (
            parameter.kind == "boolean" or not _is_told(parameter)
        ):
            return self._filler(parameter)
        words = parameter.words
        part = len(words) > 1 and words[-1] == "contains"
        known = self.entity.fields.add(
            words[:-1] if part else words, parameter.kind, parameter.schema, filters=True
        )
        if known is None:
            return self._filler(parameter)
        contains = known.kind == "string" and (part or known.words[-1] in ("name", "title"))
        return Binding(parameter, "contains" if contains else "equals", known.name)

    def _range(self, parameter: Parameter) -> Binding | None:
        """A bound of a number or a date: `min_price`, `created_after`, `end_date`."""
        words = parameter.words
        role: Role
        for edge, rest in ((words[0], words[1:]), (words[-1], words[:-1])):
            if edge not in _AFTER | _BEFORE:
                continue
            role = "least" if edge in _AFTER else "most"
            if rest in (("date",), ("time",), ("datetime",)) or edge in (
                "since",
                "until",
                "before",
                "after",
            ):
                found = self._dated(rest)
            else:
                found = self.entity.fields.get(rest) if rest else None
                if found is None and rest and parameter.kind in ("integer", "number"):
                    found = self.entity.fields.add(rest, parameter.kind, {})
            if found is not None:
                return Binding(parameter, role, found.name)
        return None

    def _dated(self, words: Words) -> Any:
        """The date that a bound is about: that field, or the only date there is."""
        fields = self.entity.fields
        if words and (known := fields.get(words)) is not None:
            return known
        dates = [one for one in fields.found.values() if one.words[-1] in ("date", "deadline")]
        if dates:
            return dates[0]
        return fields.add(("date",), "string", {"format": "date"})

    def _filler(self, parameter: Parameter) -> Binding | None:
        """A parameter that means nothing to the state. Raises `Unbound` where it must be given and
        there is nothing to give."""
        if parameter.required and filler(parameter) is None:
            raise Unbound("unclear_parameters", parameter.name)
        return Binding(parameter, "filler")

    def _needed(self, draft: ToolDraft, found: Sequence[Binding]) -> None:
        makes = draft.phrase.operation == "create" and self.entity.natural
        written = [one for one in found if one.role == "field" or (makes and one.role == "key")]
        if draft.rest and draft.phrase.operation == "update":
            about = [one for one in written if set(one.parameter.words) & {*draft.rest, "value"}]
            written = written if about else []
        if draft.phrase.operation in ("create", "update") and not written:
            raise Unbound("unclear_parameters", f"{draft.tool.name} writes nothing")


def _is_told(parameter: Parameter) -> bool:
    schema = parameter.schema
    if parameter.kind in ("integer", "number", "boolean") and parameter.required:
        return True
    quoted = shown_values(schema)
    return bool(quoted) or is_told(parameter.words, parameter.kind, schema)


def _is_language(parameter: Parameter) -> bool:
    """Whether a filter is written in a language of its own, or is a list in one text."""
    last = parameter.words[-1]
    return last in ("filter", "jql", "cql", "where", "pattern", "expression", "regex") or (
        parameter.kind == "string" and not parameter.options and is_plural(last)
    )


def filler(parameter: Parameter) -> Any:
    """A value for a parameter that means nothing; None where none is at hand."""
    schema = parameter.schema
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    if parameter.options:
        return parameter.options[0]
    if parameter.kind == "boolean":
        return "confirm" in parameter.words or "confirmed" in parameter.words
    sign = sign_of(parameter)
    if sign == "placeholder" and parameter.kind == "string" and not schema.get("minLength"):
        return ""
    if sign in ("limit", "page", "offset"):
        low, high = schema.get("minimum", 1), schema.get("maximum", 10)
        return max(low, min(10, high)) if sign == "limit" else max(low, int(sign == "page"))
    return None
