"""What the parameters of a list say of the records that it shows."""

from typing import Any

from datagen.agentic.domains.compiling.entities import (
    SCALARS,
    EntityDraft,
    Unbound,
    filled,
    has_told_values,
    is_id,
)
from datagen.agentic.domains.compiling.parameters import Parameter
from datagen.agentic.domains.compiling.plans import KEY, Binding, Role
from datagen.agentic.domains.compiling.roles import sign_of
from datagen.agentic.domains.compiling.words import Words, is_plural

_AFTER = frozenset("after since from start begin min minimum least above over gte gt".split())
_BEFORE = frozenset("before until to end max maximum most below under lte lt".split())


def filter_of(entity: EntityDraft, parameter: Parameter) -> Binding:
    sign = sign_of(parameter)
    if sign in ("limit", "offset", "page", "query"):
        return Binding(parameter, sign)
    if parameter.kind in SCALARS and is_id(parameter, entity.noun):
        entity.keys.append(parameter.schema)
        return Binding(parameter, "equals", KEY)
    if parameter.words in (("filter",), ("pattern",)) and parameter.required:
        return Binding(parameter, "query")
    if sign or parameter.kind in ("other", "strings") or _is_language(parameter):
        return filled(parameter)
    if ranged := _range(entity, parameter):
        return ranged
    if parameter.required and parameter.kind == "number":
        raise Unbound("unclear_parameters", parameter.name)
    if entity.fields.get(parameter.words) is None and (
        parameter.kind == "boolean" or not has_told_values(parameter)
    ):
        return filled(parameter)
    words = parameter.words
    part = len(words) > 1 and words[-1] == "contains"
    known = entity.fields.add(
        words[:-1] if part else words, parameter.kind, parameter.schema, filters=True
    )
    if known is None:
        return filled(parameter)
    contains = known.kind == "string" and (part or known.words[-1] in ("name", "title"))
    return Binding(parameter, "contains" if contains else "equals", known.name)


def _range(entity: EntityDraft, parameter: Parameter) -> Binding | None:
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
            found = _dated(entity, rest)
        else:
            found = entity.fields.get(rest) if rest else None
            if found is None and rest and parameter.kind in ("integer", "number"):
                found = entity.fields.add(rest, parameter.kind, {})
        if found is not None:
            return Binding(parameter, role, found.name)
    return None


def _dated(entity: EntityDraft, words: Words) -> Any:
    """The date that a bound is about: that field, or the only date there is."""
    fields = entity.fields
    if words and (known := fields.get(words)) is not None:
        return known
    dates = [one for one in fields.found.values() if one.words[-1] in ("date", "deadline")]
    if dates:
        return dates[0]
    return fields.add(("date",), "string", {"format": "date"})


def _is_language(parameter: Parameter) -> bool:
    """Whether a filter is written in a language of its own, or is a list in one text."""
    last = parameter.words[-1]
    return last in ("filter", "jql", "cql", "where", "pattern", "expression", "regex") or (
        parameter.kind == "string" and not parameter.options and is_plural(last)
    )
