"""Rules of a domain's policy, drawn for it: plain words, and a check whether a call breaks one.

Backends do not enforce them: an agent that breaks one is seen to. Every rule can be told from the
request and the record, so that an agent can keep it, and leaves something to do."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from datagen.agentic.domains.compiling.plans import Action, EntityPlan, Field
from datagen.agentic.domains.compiling.values import Values, is_told
from datagen.agentic.domains.compiling.words import human, spoken_nouns, with_article

RuleKind = Literal[
    "final_status",
    "kept_before",
    "barred_value",
    "fixed_field",
    "limit",
    "confidential",
    "withheld",
    "never_deleted",
    "never_added",
]
MOST_RULES = 2
LAST_RESORT = 0.4
"""Share of domains where nothing finer can be forbidden in which a whole operation is."""
LEAST_FIELDS = 3
"""Of records one field of which is nobody's business."""
GENERAL = """\
- Change only what the user asks for. If something needed is missing or could mean several things, \
ask. If the rules forbid a request or no tool fits it, say so and change nothing."""
_FINAL = (
    "cancelled canceled closed completed complete done archived approved published resolved paid "
    "rejected shipped delivered finished inactive locked".split()
)
_PRIVATE = ("email", "phone", "address", "salary", "birthday", "birth_date", "date_of_birth")
_KINDS = frozenset("status state stage type category priority severity role department".split())
"""Last words of fields that sort records."""
_SHARES: Mapping[RuleKind, int] = {
    "final_status": 4,
    "kept_before": 2,
    "limit": 3,
    "barred_value": 3,
    "fixed_field": 2,
    "confidential": 2,
    "withheld": 2,
    "never_deleted": 1,
    "never_added": 1,
}
_AMOUNTS: Mapping[str, int] = {
    **dict.fromkeys(("price", "amount", "cost", "total", "budget", "salary"), 500),
    **dict.fromkeys(("quantity", "guests", "seats"), 10),
}
"""Fields of amounts, and above what nothing is set."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is not allowed."""

    kind: RuleKind
    entity: str
    said: str
    """As the policy states it."""
    field: str = ""
    value: Any = None

    def forbids(
        self, action: Action, record: Mapping[str, Any] | None, written: Mapping[str, Any]
    ) -> bool:
        """Whether an action on a record that writes these values breaks the rule."""
        if action.entity != self.entity:
            return False
        operation, new = action.operation, written.get(self.field)
        if self.kind in ("final_status", "kept_before"):
            changes = operation in ("update", "status", "delete")
            return changes and record is not None and self.holds(record)
        if self.kind == "limit":
            return isinstance(new, int | float) and new > self.value
        return {
            "barred_value": operation in ("create", "update") and new == self.value,
            "fixed_field": operation == "update" and self.field in written,
            "never_deleted": operation == "delete",
            "never_added": operation == "create",
        }.get(self.kind, False)

    def holds(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is one of those that the rule is about."""
        there = record.get(self.field)
        if self.kind == "kept_before":
            return isinstance(there, str) and there < self.value
        return bool(there == self.value)


def drawn_rules(
    server: str, plans: Mapping[str, EntityPlan], actions: Mapping[str, Action], seed: int
) -> tuple[Rule, ...]:
    """One or two rules that something the tools can do would break; none where there is none."""
    chance = random.Random(f"rules {server} {seed} {sorted(actions)}")
    possible = [rule for name in plans for rule in _possible(plans[name], actions, chance)]
    several = len({action.entity for action in actions.values()}) > 1
    if not possible and several and chance.random() < LAST_RESORT:
        possible = [rule for name in plans for rule in _nothing(plans[name], actions)]
    chosen: list[Rule] = []
    for _ in range(chance.randint(1, MOST_RULES)):
        left = [r for r in possible if not any(_same(r, other) for other in chosen)]
        if left:
            weights = [_SHARES[rule.kind] for rule in left]
            chosen.append(chance.choices(left, weights)[0])
    return tuple(chosen)


def policy(rules: Sequence[Rule]) -> str:
    """The rules in words."""
    return "\n".join(["Rules:", *(f"- {rule.said}" for rule in rules), GENERAL])


def _same(one: Rule, other: Rule) -> bool:
    return one.kind == other.kind or (one.entity, one.field) == (other.entity, other.field)


def _possible(
    plan: EntityPlan, actions: Mapping[str, Action], chance: random.Random
) -> Iterator[Rule]:
    mine = [action for action in actions.values() if action.entity == plan.name]
    doing = {action.operation for action in mine}
    if not mine:
        return
    if "delete" in doing and doing & {"create", "update", "status"}:
        yield Rule("never_deleted", plan.name, f"{_things(plan)} are never deleted.")
    if "create" in doing and doing & {"update", "status", "delete"}:
        said = f"No {spoken_nouns(plan.noun)} are added at the moment."
        yield Rule("never_added", plan.name, said)
    if doing & {"read", "list"}:
        yield from _final(plan, mine)
        if doing & {"update", "delete", "status"}:
            yield from _kept(plan, chance)
        yield from _confidential(plan)
    if "read" in doing and not doing & {"create", "update", "delete", "status"}:
        yield from _withheld(plan, chance)
    yield from _fixed(plan, mine, chance)
    yield from _of_values(plan, mine, chance)


def _nothing(plan: EntityPlan, actions: Mapping[str, Action]) -> Iterator[Rule]:
    """One of two things that the tools can do is not done at all."""
    doing = {action.operation for action in actions.values() if action.entity == plan.name}
    if "delete" in doing:
        yield Rule("never_deleted", plan.name, f"{_things(plan)} are never deleted.")
    if "create" in doing:
        said = f"No {spoken_nouns(plan.noun)} are added at the moment."
        yield Rule("never_added", plan.name, said)


def _things(plan: EntityPlan) -> str:
    said = spoken_nouns(plan.noun)
    return f"{said[:1].upper()}{said[1:]}"


def _final(plan: EntityPlan, mine: Sequence[Action]) -> Iterator[Rule]:
    """Records in one state stay as they are."""
    for one in plan.fields.values():
        if one.words[-1] not in ("status", "state", "stage") or len(one.options) < 2:
            continue
        final = [value for value in one.options if str(value).lower() in _FINAL]
        value = final[0] if final else one.options[-1]
        changed = any(
            action.operation in ("update", "delete")
            or (action.sets is not None and action.sets != (one.name, value))
            for action in mine
        )
        if changed:
            said = (
                f"{_things(plan)} with the {human(one.words)} {value} are final: they are neither "
                "changed nor deleted."
            )
            yield Rule("final_status", plan.name, said, one.name, value)


def _kept(plan: EntityPlan, chance: random.Random) -> Iterator[Rule]:
    """What is from before some day stays as it is."""
    dates = [one for one in plan.fields.values() if one.words[-1] in ("date", "at", "deadline")]
    for one in dates[:1]:
        if one.kind == "string" and one.schema.get("format", "date") == "date":
            day = f"2026-{chance.randrange(3, 10):02d}-01"
            name = "creation date" if one.words == ("created", "at") else human(one.words)
            said = (
                f"{_things(plan)} with a {name} before {day} are kept as they are: they are "
                "neither changed nor deleted."
            )
            yield Rule("kept_before", plan.name, said, one.name, day)


def _confidential(plan: EntityPlan) -> Iterator[Rule]:
    if len(plan.fields) < LEAST_FIELDS:
        return
    for one in plan.fields.values():
        if "_".join(one.words) in _PRIVATE and one.name not in (plan.label, plan.key.name):
            what = f"The {human(one.words)} of {spoken_nouns(plan.noun)}"
            said = f"{what} is confidential: nobody is told it."
            yield Rule("confidential", plan.name, said, one.name)


def _withheld(plan: EntityPlan, chance: random.Random) -> Iterator[Rule]:
    """Nobody is told of records of one kind."""
    for one, value in _kinds(plan, plan.fields.values(), chance):
        said = (
            f"{_things(plan)} with the {human(one.words)} {value} are under review: nobody is told "
            "anything about them."
        )
        yield Rule("withheld", plan.name, said, one.name, value)
        return


def _fixed(plan: EntityPlan, mine: Sequence[Action], chance: random.Random) -> Iterator[Rule]:
    """One field is not changed once a record is there."""
    updates = [action for action in mine if action.operation == "update"]
    written = {b.field for a in updates for b in a.bound("field") if not b.parameter.required}
    plain = [name for name in sorted(written) if _is_plain(plan.field(name))]
    others = {a.operation for a in mine} - {"read", "list", "count", "update"}
    if plain and len(written) + len(others) > 1:
        field = plan.field(chance.choice(plain))
        said = f"The {human(field.words)} of existing {spoken_nouns(plan.noun)} is never changed."
        yield Rule("fixed_field", plan.name, said, field.name)


def _is_plain(field: Field) -> bool:
    told = is_told(field.words, field.kind, field.schema)
    return told and field.kind not in ("boolean", "strings") and not field.refers


def _of_values(plan: EntityPlan, mine: Sequence[Action], chance: random.Random) -> Iterator[Rule]:
    """Values that no record is given."""
    writing = [action for action in mine if action.operation in ("update", "create")]
    names = {b.field for action in writing for b in action.bound("field")}
    fields = [one for one in plan.fields.values() if one.name in names]
    for one in fields:
        limit = _AMOUNTS.get(one.words[-1], 0)
        if limit and one.kind in ("integer", "number") and one.schema.get("maximum", 1e9) > limit:
            what = f"No {human(one.words)} above {limit} is set for {spoken_nouns(plan.noun)}."
            yield Rule("limit", plan.name, what, one.name, limit)
    for one, value in _kinds(plan, fields, chance):
        said = f"Nobody may give {with_article(plan.noun)} the {human(one.words)} {value}."
        yield Rule("barred_value", plan.name, said, one.name, value)


def _kinds(
    plan: EntityPlan, fields: Iterator[Field] | Sequence[Field] | Any, chance: random.Random
) -> Iterator[tuple[Field, Any]]:
    """Fields that sort records, with one of their values."""
    for one in fields:
        sorts = len(one.options) > 2 or (one.words[-1] in _KINDS and not one.options)
        if one.kind == "string" and sorts and one.name != plan.label and not one.refers:
            values = Values(chance, date(2026, 1, 1))
            value = values.drawn(one.words, one.kind, one.schema, plan.noun, named=False)
            if isinstance(value, str):
                yield one, value
