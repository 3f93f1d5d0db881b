"""Where pieces are drawn: a domain, one of its states, and the chance that decides."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from datagen.agentic.domains.base import Refused, State
from datagen.agentic.domains.compiling.building import CompiledDomain
from datagen.agentic.domains.compiling.entities import filler
from datagen.agentic.domains.compiling.names import is_person
from datagen.agentic.domains.compiling.plans import Action, Binding, EntityPlan, Field
from datagen.agentic.domains.compiling.pools import REASONS
from datagen.agentic.domains.compiling.results import shown_fields
from datagen.agentic.domains.compiling.roles import is_called
from datagen.agentic.domains.compiling.states import TODAY, value_of
from datagen.agentic.domains.compiling.texts import WAYS
from datagen.agentic.domains.compiling.values import Values, is_told
from datagen.agentic.domains.compiling.verbs import Operation
from datagen.agentic.domains.drawing.speech import called, field_name, numbered, spoken
from datagen.agentic.environment.answers import misfit
from datagen.agentic.environment.compiled import validator_of
from datagen.agentic.nouns import Call
from datagen.agentic.tools.specs import json_text
from datagen.agentic.verify.corpus import find_whole

Record = Mapping[str, Any]
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]")
LONGEST_FACT = 60
"""Characters of a text that is asked for: users ask for facts, not for passages."""


@dataclass(frozen=True, slots=True)
class Given:
    """A call's arguments, and what of them still has to be said."""

    arguments: dict[str, Any]
    parts: tuple[str, ...] = ()
    """What else the user has to say: `in project P-12`."""

    @property
    def said(self) -> str:
        return run_on(self.parts)


@dataclass(frozen=True, slots=True)
class Scene:
    """A state of a domain."""

    domain: CompiledDomain
    state: State
    chance: random.Random

    def actions(self, *operations: Operation, entity: str = "") -> list[Action]:
        """The agent's tools of these kinds, in shuffled order."""
        found = [
            one
            for one in self.domain.actions.values()
            if one.operation in operations and entity in ("", one.entity)
        ]
        return self.chance.sample(found, len(found))

    def plan(self, action: Action) -> EntityPlan:
        return self.domain.plans[action.entity]

    def records(self, entity: str) -> list[Record]:
        """The records of an entity that may be spoken of, in shuffled order."""
        found = [r for r in self.state[entity].values() if not self.is_withheld(entity, r)]
        return self.chance.sample(found, len(found))

    def allowed(self, action: Action, record: Record | None, written: Record) -> bool:
        """Whether no rule forbids it."""
        return not any(rule.forbids(action, record, written) for rule in self.domain.rules)

    def is_withheld(self, entity: str, record: Record) -> bool:
        """Whether nobody is told of a record."""
        return any(
            rule.kind == "withheld"
            and rule.entity == entity
            and record.get(rule.field) == rule.value
            for rule in self.domain.rules
        )

    def is_secret(self, entity: str, field: str) -> bool:
        return any(
            rule.kind == "confidential" and (rule.entity, rule.field) == (entity, field)
            for rule in self.domain.rules
        )

    def facts(self, action: Action, record: Record) -> list[Field]:
        """Fields of a record that an action shows and that a user may ask for."""
        plan = self.plan(action)
        shown = self.shown(action)
        scope = {b.field for b in action.bound("equals") if b.parameter.required}
        return [
            one
            for one in plan.fields.values()
            if (shown is None or one.name in shown)
            and one.name not in (plan.label, *scope)
            and self.can_be_told(plan, one, record.get(one.name))
        ]

    def can_be_told(self, plan: EntityPlan, field: Field, value: Any) -> bool:
        """Whether users speak of a field's value, and may. Where a file lies its own path says."""
        if plan.natural and field.words[-1:] and field.words[-1] in WAYS:
            return False
        return _is_fact(field, value) and not self.is_secret(plan.name, field.name)

    def shown(self, action: Action) -> frozenset[str] | None:
        """Names of the fields that an action's result holds; None: all."""
        plan = self.plan(action)
        if action.result is not None:
            found = shown_fields(action.result)
            names = {"*key": plan.key.name, "*label": plan.label}
            return found and frozenset(names.get(one, one) for one in found)
        summary = self.domain.summaries[plan.name] if action.operation == "list" else ()
        return frozenset(summary) or None

    def shows(self, action: Action, *names: str) -> bool:
        shown = self.shown(action)
        return shown is None or set(names) <= shown

    def named(self, action: Action, record: Record) -> str:
        """A record as the user has to name it, so that the action can be made."""
        plan = self.plan(action)
        if action.bound("key") or not action.bound("label"):
            return numbered(plan, record)
        return called(plan, record)

    def to(self, action: Action, record: Record) -> Given | None:
        """The arguments by which an action names a record; None where it can't."""
        plan = self.plan(action)
        named = action.bound("key") or action.bound("label")
        if not named:
            return None
        arguments: dict[str, Any] = {}
        binding = named[0]
        value = record[binding.field]
        binding.parameter.put(arguments, _as(value, binding))
        return self.completed(action, arguments, record, plan)

    def completed(
        self, action: Action, arguments: dict[str, Any], record: Record, plan: EntityPlan
    ) -> Given | None:
        """The arguments with all that the tool requires beside; None where that can't be given."""
        said = []
        for binding in action.bindings:
            parameter = binding.parameter
            if not parameter.required or parameter.given(arguments) is not None:
                continue
            if binding.role in ("equals", "contains") and record.get(binding.field) is not None:
                value = record[binding.field]
                parameter.put(arguments, _as(value, binding))
                said.append(self.where(plan, plan.field(binding.field), value))
            elif binding.role == "extra" and parameter.kind == "string":
                value = self.chance.choice(REASONS)
                parameter.put(arguments, value)
                said.append(f"with the {parameter.words[-1]} “{value}”")
            elif (value := filler(parameter)) is not None:
                parameter.put(arguments, value)
        return (
            Given(arguments, tuple(filter(None, said))) if self.takes(action, arguments) else None
        )

    def where(self, plan: EntityPlan, field: Field, value: Any) -> str:
        """What a user says to narrow down what is meant: `in project P-12`."""
        other = self.domain.plans.get(field.refers)
        name = field_name(field, plan)
        if other is not None:
            record = self.state[other.name].get(str(value))
            if record is None:
                return ""
            if not is_called(field.words, other.noun):
                return f"with {numbered(other, record)} as the {name}"
            return f"{'of' if is_person(other.noun) else 'in'} {numbered(other, record)}"
        if field.words[-1] == "id" and name.split()[-1] in PLACES:
            return f"in {name} {value}"
        return f"with the {name} {spoken(value, field)}"

    def takes(self, action: Action, arguments: Mapping[str, Any]) -> bool:
        """Whether the arguments fit the tool's own schema."""
        return not misfit(validator_of(action.tool.input_schema), arguments)

    def counts(self, action: Action, arguments: Mapping[str, Any], count: int) -> bool:
        """Whether a list or a count answers with that number of records."""
        tool = self.domain.tool(action.tool.name)
        assert tool is not None
        try:
            text = json_text(tool.run(self.state, arguments))
        except Refused:
            return False
        if action.operation == "list" and len(self.answered(action, arguments)) != count:
            return False
        return action.operation == "list" or find_whole(text, str(count)) >= 0

    def answered(self, action: Action, arguments: Mapping[str, Any]) -> list[Record]:
        """The records that a list finds: those of the state whose id its result holds."""
        tool = self.domain.tool(action.tool.name)
        assert tool is not None
        try:
            text = json_text(tool.run(self.state, arguments))
        except Refused:
            return []
        plan = self.plan(action)
        return [
            record
            for record in self.state[plan.name].values()
            if json_text(record[plan.key.name]) in text
        ]

    def new_value(self, field: Field, plan: EntityPlan, current: Any) -> Any:
        """Another value for a field; None where there is none."""
        values = Values(self.chance, date.fromisoformat(self.state[TODAY]))
        for _ in range(8):
            made = value_of(plan, field, values)
            if made is not None and made != current:
                return made
        return None

    def other_names(self, plan: EntityPlan) -> set[str]:
        """What records of an entity are called."""
        return {str(one.get(plan.label)) for one in self.state[plan.name].values()}


PLACES = frozenset(
    "calendar project workspace team board list folder channel repository repo database group "
    "collection account site drive chat room course store organization space class server".split()
)
"""Things that others are in."""
SWITCHES = frozenset(
    "allow enable disable include show use has can should require force is".split()
)
"""First words of fields that say whether something is so, in whatever type."""
_ODD = frozenset(
    "id hash ip uuid url version latitude longitude max min length crop schedule".split()
)
_ODD_FORMATS = frozenset(("uuid", "date-time", "uri", "ipv4"))
"""Of values that no user asks for, or that nobody writes out."""


def run_on(parts: Sequence[str]) -> str:
    """What is said of something, in a row and each once: `with the team A and the channel B`."""
    made = ""
    each = dict.fromkeys(filter(None, parts))
    for part in sorted(each, key=lambda part: part.startswith("with")):
        if f" {part} " in f"{made} ":
            continue
        more = "with " in made and part.startswith("with the")
        made += f" and{part.removeprefix('with')}" if more else f" {part}"
    return made.strip()


def call(action: Action, given: Mapping[str, Any]) -> Call:
    return Call(name=action.tool.name, arguments=dict(given))


def written(action: Action) -> Iterator[Binding]:
    """Bindings that write a field, the required ones first."""
    bound = action.bound("field")
    yield from sorted(bound, key=lambda one: not one.parameter.required)


def as_fact(value: Any) -> str:
    """A value as a final answer has to state it."""
    return str(value)


def _as(value: Any, binding: Binding) -> Any:
    """A value in the type of its parameter."""
    kind = binding.parameter.kind
    if kind == "string":
        return str(value)
    return int(value) if kind in ("integer", "number") and isinstance(value, str) else value


def _is_fact(field: Field, value: Any) -> bool:
    if isinstance(value, str) and _MOMENT.match(value):
        return False
    if value is None or isinstance(value, bool | list) or field.refers:
        return False
    if set(field.words) & _ODD or field.schema.get("format") in _ODD_FORMATS:
        return False
    if any(len(word) < 2 for word in field.words) or field.words[0] in SWITCHES:
        return False
    if not is_told(field.words, field.kind, field.schema):
        return False
    return not isinstance(value, str) or 0 < len(value) <= LONGEST_FACT


Records = Sequence[Record]
