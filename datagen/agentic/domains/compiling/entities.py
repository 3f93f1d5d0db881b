"""Entities while their tools are read, and which parameter of a tool says which record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datagen.agentic.domains.compiling.drafts import ToolDraft
from datagen.agentic.domains.compiling.fields import Fields, shown_values
from datagen.agentic.domains.compiling.parameters import Parameter
from datagen.agentic.domains.compiling.plans import Binding, Reason
from datagen.agentic.domains.compiling.roles import ending, is_called, sign_of
from datagen.agentic.domains.compiling.values import is_told
from datagen.agentic.domains.compiling.words import Words

SETTERS = frozenset(("set", "change", "adjust"))
SCALARS = ("string", "integer", "number")
TEXTS = frozenset("prompt text question code expression input content command script url".split())
"""Words of parameters that name no record."""


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
    return needed[0] if fits and not set(needed[0].words) & TEXTS else None


def today(words: Words) -> Words:
    """`old_name` is the name as long as there is no new one."""
    return words[1:] if len(words) > 1 and words[0] in ("old", "current") else words


def is_named(parameter: Parameter, noun: Words) -> bool:
    named = is_called(parameter.words, noun) or ending(parameter.words, noun)
    return bool(named) or parameter.words[:1] in (("old",), ("current",))


def is_id(parameter: Parameter, noun: Words) -> bool:
    return (is_called(parameter.words, noun) or ending(parameter.words, noun)) == "id"


def has_told_values(parameter: Parameter) -> bool:
    """Whether name and schema say what is to be given."""
    schema = parameter.schema
    if parameter.kind in ("integer", "number", "boolean") and parameter.required:
        return True
    quoted = shown_values(schema)
    return bool(quoted) or is_told(parameter.words, parameter.kind, schema)


def filled(parameter: Parameter) -> Binding:
    """A parameter that means nothing to the state. Raises `Unbound` where it must be given and
    there is nothing to give."""
    if parameter.required and filler(parameter) is None:
        raise Unbound("unclear_parameters", parameter.name)
    return Binding(parameter, "filler")


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
