"""Rules of a domain's policy, drawn for it: plain words, and a check whether a call breaks one.

Backends do not enforce them: an agent that breaks one is seen to. Every rule can be told from the
request and the record, so that an agent can keep it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from datagen.agentic.domains.compiling.plans import Action, EntityPlan
from datagen.agentic.domains.compiling.words import human, many

RuleKind = Literal["final_status", "never_deleted", "fixed_field", "limit", "confidential"]
MOST_RULES = 2
GENERAL = """\
- Change only what the user asks for. If something needed is missing or could mean several things, \
ask. If the rules forbid a request or no tool fits it, say so and change nothing."""
_FINAL = (
    "cancelled canceled closed completed complete done archived approved published resolved paid "
    "rejected shipped delivered finished inactive locked".split()
)
_PRIVATE = ("email", "phone", "address", "salary", "birthday", "birth_date", "date_of_birth")
_SHARES: Mapping[RuleKind, int] = {
    "final_status": 4,
    "fixed_field": 2,
    "limit": 3,
    "confidential": 2,
    "never_deleted": 1,
}


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
        changes = action.operation in ("update", "status", "delete")
        if self.kind == "never_deleted":
            return action.operation == "delete"
        if self.kind == "final_status":
            return changes and record is not None and record.get(self.field) == self.value
        if self.kind == "fixed_field":
            return action.operation == "update" and self.field in written
        if self.kind == "limit":
            value = written.get(self.field)
            return isinstance(value, int | float) and value > self.value
        return False


def drawn_rules(
    server: str, plans: Mapping[str, EntityPlan], actions: Mapping[str, Action], seed: int
) -> tuple[Rule, ...]:
    """One or two rules that something the tools can do would break."""
    chance = random.Random(f"rules {server} {seed} {sorted(actions)}")
    possible = [rule for name in plans for rule in _possible(plans[name], actions, chance)]
    chosen: list[Rule] = []
    for _ in range(chance.randint(1, MOST_RULES)):
        left = [r for r in possible if not any(_same(r, other) for other in chosen)]
        if left:
            weights = [_SHARES[rule.kind] for rule in left]
            chosen.append(chance.choices(left, weights)[0])
    return tuple(chosen)


def _same(one: Rule, other: Rule) -> bool:
    return one.kind == other.kind or (one.entity, one.field) == (other.entity, other.field)


def _possible(plan: EntityPlan, actions: Mapping[str, Action], chance: random.Random) -> list[Rule]:
    mine = [action for action in actions.values() if action.entity == plan.name]
    looks = any(action.operation in ("read", "list") for action in mine)
    doing = {action.operation for action in mine}
    things = human(many(plan.noun))
    found = []
    if looks and doing & {"update", "delete", "status"}:
        found += _final(plan, things, chance)
    if "delete" in doing:
        said = f"{things[:1].upper()}{things[1:]} are never deleted."
        found.append(Rule("never_deleted", plan.name, said))
    found += _fixed(plan, things, mine, chance)
    found += _limits(plan, things, mine)
    if looks:
        found += [
            Rule(
                "confidential",
                plan.name,
                f"The {human(one.words)} of {things} is confidential: nobody is told it.",
                one.name,
            )
            for one in plan.fields.values()
            if "_".join(one.words) in _PRIVATE and one.name != plan.label
        ]
    return found


def _final(plan: EntityPlan, things: str, chance: random.Random) -> list[Rule]:
    """Records in one state stay as they are."""
    found = []
    for one in plan.fields.values():
        if one.words[-1] not in ("status", "state", "stage") or len(one.options) < 2:
            continue
        final = [value for value in one.options if str(value).lower() in _FINAL]
        value = final[0] if final else one.options[-1]
        said = (
            f"{things[:1].upper()}{things[1:]} with the {human(one.words)} {value} are final: they "
            "are neither changed nor deleted."
        )
        found.append(Rule("final_status", plan.name, said, one.name, value))
    return found


def _fixed(
    plan: EntityPlan, things: str, mine: Sequence[Action], chance: random.Random
) -> list[Rule]:
    """One field is not changed once a record is there."""
    written = {b.field for a in mine if a.operation == "update" for b in a.bound("field")}
    if len(written) < 2:
        return []
    name = chance.choice(sorted(written))
    field = plan.field(name)
    said = f"The {human(field.words)} of existing {things} is never changed."
    return [Rule("fixed_field", plan.name, said, name)]


def _limits(plan: EntityPlan, things: str, mine: Sequence[Action]) -> list[Rule]:
    """An amount above which nothing is set."""
    written = {
        b.field for a in mine if a.operation in ("update", "create") for b in a.bound("field")
    }
    amounts = (
        "price",
        "amount",
        "cost",
        "total",
        "budget",
        "quantity",
        "guests",
        "seats",
        "salary",
    )
    return [
        Rule(
            "limit",
            plan.name,
            f"No {human(one.words)} above {limit} is set for {things}.",
            one.name,
            limit,
        )
        for one in plan.fields.values()
        if one.name in written and one.words[-1] in amounts and one.kind in ("integer", "number")
        for limit in [10 if one.words[-1] in ("quantity", "guests", "seats") else 500]
        if one.schema.get("maximum", limit + 1) > limit
    ]


def policy(server: str, rules: Sequence[Rule]) -> str:
    """The rules in words."""
    return "\n".join(["Rules:", *(f"- {rule.said}" for rule in rules), GENERAL])
