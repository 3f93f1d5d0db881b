"""A domain of the plan of a server: entities with schemas, tools with backends, states.

A domain holds the tools of one agent and the entities that these are about or refer to, so that a
task carries no records that nobody can look at. The tools' specs are those of the repository; what
was found out about them (that they only read, which entities they touch) is told to verifiers and
environments alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from datagen.agentic.domains.base import Domain, Entity, Invariant, State, ToolSpec
from datagen.agentic.domains.compiling.backends import Backend
from datagen.agentic.domains.compiling.fields import TYPES
from datagen.agentic.domains.compiling.plans import Action, EntityPlan, Field, ServerPlan
from datagen.agentic.domains.compiling.rules import Rule, drawn_rules, policy
from datagen.agentic.domains.compiling.states import draw_state
from datagen.agentic.domains.compiling.verbs import PAST, READS
from datagen.agentic.domains.compiling.words import spoken_nouns, words_of
from datagen.agentic.tools.specs import json_text
from datagen.schemas import Tool

SUMMARY_FIELDS = 5
"""Fields that a list without an output schema shows where records can be read one by one."""
_CODES: Mapping[str, tuple[str, ...]] = {
    "not_found": ("not_found", "unknown", "missing", "no_such", "does_not_exist", "invalid_id"),
    "already_exists": ("exists", "duplicate", "conflict", "taken"),
    "in_use": ("in_use", "conflict", "locked", "invalid_state", "dependent"),
    "invalid_value": ("invalid", "bad_", "validation"),
    "ambiguous": ("ambiguous", "conflict"),
    "missing_argument": ("missing", "invalid"),
}
"""Our errors, and parts of codes by which a tool's own error is the same."""


@dataclass(frozen=True)
class CompiledDomain(Domain):
    """A domain that was read from tool specs."""

    plans: Mapping[str, EntityPlan] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    """By the tool's name."""
    rules: Sequence[Rule] = ()
    summaries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By entity, the fields that its lists show; all where it is none."""

    def rows(self) -> list[Tool]:
        return [as_compiled(action) for action in self.actions.values()]


def compiled_domain(plan: ServerPlan, names: Sequence[str], *, seed: int = 0) -> CompiledDomain:
    """The domain of those of a server's tools that have these names and a meaning."""
    actions = {name: plan.actions[name] for name in sorted(names) if name in plan.actions}
    plans = {one.name: one for one in _touched(plan, actions)}
    rules = drawn_rules(plan.server, plans, actions, seed)
    summaries = {name: _summary(plans[name], actions) for name in plans}
    about = _about(plan.server, plans)
    return CompiledDomain(
        name=plan.server,
        about=about,
        policy=policy(rules),
        entities=[_entity(one, actions) for one in plans.values()],
        invariants=[_references_lead_somewhere(plans)],
        tools=[_spec(plan.server, one, plans, summaries) for one in actions.values()],
        initial_state=partial(draw_state, plan.server, list(plans.values())),
        plans=plans,
        actions=actions,
        rules=rules,
        summaries=summaries,
    )


def as_compiled(action: Action) -> Tool:
    """The tool's row with what was found out about it."""
    reads = action.operation in READS
    hints = json.loads(action.tool.annotations or "{}")
    hints |= {"readOnlyHint": reads, "destructiveHint": action.operation == "delete"}
    touched = {"reads": [action.entity], "writes": [] if reads else [action.entity]}
    return action.tool.model_copy(update={"annotations": json_text(hints), **touched})


def _touched(plan: ServerPlan, actions: Mapping[str, Action]) -> Iterator[EntityPlan]:
    """The entities of actions and those that these refer to, in the plan's order."""
    wanted = {action.entity for action in actions.values()}
    while True:
        more = {f.refers for name in wanted for f in plan.entities[name].fields.values()}
        if more - {""} <= wanted:
            break
        wanted |= more - {""}
    yield from (one for name, one in plan.entities.items() if name in wanted)


def _entity(plan: EntityPlan, actions: Mapping[str, Action]) -> Entity:
    """The entity with the schema of its records."""
    properties = {plan.key.name: dict(plan.key.schema)}
    properties |= {one.name: _schema(one) for one in plan.fields.values()}
    required = list(properties)
    for action in actions.values():
        if action.entity == plan.name:
            properties |= {b.field: {} for b in action.bound("extra") if b.field not in properties}
    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return Entity(plan.name, plan.key.name, "", schema)


def _schema(field: Field) -> dict[str, Any]:
    made = {"type": TYPES.get(field.kind, field.kind), **field.schema}
    if field.nullable:
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    return made


def _spec(
    server: str,
    action: Action,
    plans: Mapping[str, EntityPlan],
    summaries: Mapping[str, tuple[str, ...]],
) -> ToolSpec:
    errors = [
        (str(one["code"]), str(one.get("when", "")))
        for one in json.loads(action.tool.errors or "[]")
    ]
    reads = action.operation in READS
    return ToolSpec(
        name=action.tool.name,
        description=action.tool.description,
        input_schema=json.loads(action.tool.input_schema),
        output_schema=json.loads(action.tool.output_schema or "{}"),
        run=Backend(server, action, plans, _codes(errors), summaries[action.entity]),
        read_only=reads,
        reads=(action.entity,),
        writes=() if reads else (action.entity,),
        errors=tuple(errors),
        destructive=action.operation == "delete",
        done=(action.sets and _past(action)) or PAST.get(action.verb, "updated"),
        refers=_refers(action, plans),
    )


def _past(action: Action) -> str:
    from datagen.agentic.domains.compiling.verbs import MARKS, STATUSES

    known = STATUSES.get(action.verb) or next(iter(MARKS.values()))
    return known.past


def _codes(errors: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Our errors by the codes that a tool declares."""
    found: dict[str, str] = {}
    for ours, parts in _CODES.items():
        same = (code for part in parts for code, _ in errors if part in code.lower())
        if (code := next(same, None)) is not None:
            found[ours] = code
    return found


def _refers(action: Action, plans: Mapping[str, EntityPlan]) -> dict[str, str]:
    """Arguments that name records that are there, by entity."""
    found: dict[str, str] = {}
    for binding in action.bindings:
        if len(binding.parameter.path) > 1:
            continue
        field = plans[action.entity].fields.get(binding.field)
        if binding.role == "key" and action.operation != "create":
            found[binding.parameter.name] = action.entity
        elif field is not None and field.refers and binding.role in ("field", "equals"):
            found[binding.parameter.name] = field.refers
    return found


def _summary(plan: EntityPlan, actions: Mapping[str, Action]) -> tuple[str, ...]:
    """What lists show of a record: less than all where it can be read by itself."""
    if not any(a.operation == "read" and a.entity == plan.name for a in actions.values()):
        return ()
    shown = [plan.key.name, plan.label] if plan.label else [plan.key.name]
    rest = [one for one in plan.fields.values() if one.name not in shown]
    rest.sort(key=lambda one: (not one.refers, one.words[-1] not in ("status", "state", "type")))
    kept = min(SUMMARY_FIELDS - len(shown), len(rest) // 2)
    return (*shown, *(one.name for one in rest[:kept]))


def _about(server: str, plans: Mapping[str, EntityPlan]) -> str:
    """What the tools are about, as it drops into a sentence."""
    names = [spoken_nouns(one.noun) for one in plans.values()][:3]
    kept = " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
    return f"{title(server)}, which keeps {kept}" if kept else title(server)


def title(server: str) -> str:
    """A server's name as people say it: without what only says that it is one."""
    words = [word for word in server.replace("_", " ").split() if word.strip()]
    kept = [w for w in words if w.lower() not in ("mcp", "server", "integration", "the")]
    said = " ".join(kept or words)
    if " " not in said and "-" in said:
        said = " ".join(words_of(said)).title()
    return said[:80]


def _references_lead_somewhere(plans: Mapping[str, EntityPlan]) -> Invariant:
    held = [
        (plan.name, one.name, one.refers)
        for plan in plans.values()
        for one in plan.fields.values()
        if one.refers in plans
    ]

    def fault(state: State) -> str:
        for entity, name, refers in held:
            for key, record in state.get(entity, {}).items():
                value = record.get(name) if isinstance(record, dict) else None
                if value is not None and str(value) not in state.get(refers, {}):
                    return f"{entity} {key}: there is no {name} {value}"
        return ""

    return fault
