"""A server's tools into entities and actions; and for each tool that has none, the reason.

No state is made here and no text: reading is cheap, so that all tools of a repository are read
before the first task, and a domain is built of a plan when one is drawn over it. Not looked at:
descriptions, but for values that they quote; whether a name tells the truth is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from datagen.agentic.domains.compiling.applications import declared_fields, touches
from datagen.agentic.domains.compiling.binding import Binder
from datagen.agentic.domains.compiling.drafts import ServerDraft, ToolDraft, drafted
from datagen.agentic.domains.compiling.entities import EntityDraft, Unbound, is_id, key_of
from datagen.agentic.domains.compiling.fields import Fields
from datagen.agentic.domains.compiling.keys import key_field
from datagen.agentic.domains.compiling.labels import label_of
from datagen.agentic.domains.compiling.phrases import is_search
from datagen.agentic.domains.compiling.plans import (
    KEY,
    Action,
    Binding,
    EntityPlan,
    Field,
    ServerPlan,
)
from datagen.agentic.domains.compiling.results import Node, Reader
from datagen.agentic.domains.compiling.statuses import settle_status
from datagen.agentic.domains.compiling.texts import WAYS
from datagen.agentic.domains.compiling.values import is_told
from datagen.agentic.domains.compiling.verbs import Operation
from datagen.agentic.domains.compiling.words import Words, many, snake
from datagen.schemas import Tool

MANAGED = ("create", "update", "delete", "status")
LOOKS = frozenset(("read", "list"))
LEAST_KNOWN = 1
"""Fields that have to be known of records that tools only look at."""
Entities = dict[Words, EntityDraft]


def read_server(server: str, tools: Sequence[Tool]) -> ServerPlan:
    """What the tools of one server come to. Never raises for what a spec holds."""
    draft = drafted(server, tools)
    entities = _grouped(draft)
    results: dict[str, Node | None] = {}
    for entity in entities.values():
        _bind(entity, entities, draft, results)
    for noun in [noun for noun, entity in entities.items() if not _stands(entity, draft)]:
        del entities[noun]
    plans: dict[Words, EntityPlan] = {}
    actions: dict[str, Action] = {}
    for noun, entity in entities.items():
        key = key_field(entity)
        made = _actions(entity, draft, results, key.name if key is not None else KEY)
        plan = _plan(entity, key)
        if plan is None or not _looked_at([action.operation for action in made]):
            for action in made:
                draft.refuse(action.tool, "no_fields" if plan is None else "alone", " ".join(noun))
            continue
        plans[noun] = plan
        actions |= {action.tool.name: action for action in made}
    named = {plan.name: _without_strangers(plan, plans) for plan in plans.values()}
    return ServerPlan(server, named, actions, draft.reasons)


def _grouped(draft: ServerDraft) -> Entities:
    """The tools by entity, those alone left out."""
    entities: Entities = {}
    for tool in draft.tools:
        if not tool.noun or not touches(tool.tool, tool.noun, tool.phrase.operation):
            draft.refuse(tool.tool, "unclear_object", tool.tool.name)
            continue
        fields = Fields(tool.noun, camels=draft.camels, marks=draft.marks)
        entities.setdefault(tool.noun, EntityDraft(tool.noun, fields)).tools.append(tool)
    for noun, entity in list(entities.items()):
        if _viable(entity.tools):
            entity.natural = _natural(entity)
            continue
        for tool in entity.tools:
            draft.refuse(tool.tool, "alone", " ".join(noun))
        del entities[noun]
    return entities


def _viable(tools: Sequence[ToolDraft]) -> bool:
    return _looked_at([tool.phrase.operation for tool in tools])


def _looked_at(operations: Sequence[Operation]) -> bool:
    """Whether records can be looked at, and something else done with them too: several lists of
    one thing are searches in a world outside, not records that are kept."""
    return len(set(operations)) > 1 and not LOOKS.isdisjoint(operations)


def _natural(entity: EntityDraft) -> bool:
    """Whether records go by what people call them: no tool takes an id, and some take a name."""
    keys = [
        key_of(tool, entity.noun)
        for tool in entity.tools
        if tool.phrase.operation in ("read", "update", "delete", "status")
    ]
    found = [key for key in keys if key is not None]
    return bool(found) and not any(is_id(key, entity.noun) for key in found)


def _bind(
    entity: EntityDraft,
    entities: Mapping[Words, EntityDraft],
    draft: ServerDraft,
    results: dict[str, Node | None],
) -> None:
    """Bind each tool's parameters and read its output schema; drop those that can't be."""
    binder = Binder(entity, entities)
    order = {"create": 0, "update": 1, "read": 2}
    for tool in sorted(entity.tools, key=lambda tool: order.get(tool.phrase.operation, 3)):
        try:
            bindings = binder.bound(tool)
        except Unbound as problem:
            draft.refuse(tool.tool, problem.reason, problem.detail)
            continue
        if tool.output:
            reader = Reader(entity.noun, entity.fields, tool.phrase.operation)
            node = reader.node(tool.output)
            if node is None:
                draft.refuse(tool.tool, "unfit_result", tool.tool.name)
                continue
            entity.keys += reader.keys
            results[tool.tool.name] = node
        entity.bindings[tool.tool.name] = bindings
    for words, kind in declared_fields(entity):
        entity.fields.add(words, kind, {})


def _stands(entity: EntityDraft, draft: ServerDraft) -> bool:
    """Whether enough of an entity's tools are left."""
    left = [tool for tool in entity.tools if tool.tool.name in entity.bindings]
    if _viable(left):
        entity.tools = left
        return True
    for tool in left:
        draft.refuse(tool.tool, "alone", " ".join(entity.noun))
    return False


def _actions(
    entity: EntityDraft, draft: ServerDraft, results: Mapping[str, Node | None], key: str
) -> list[Action]:
    made = []
    for tool in entity.tools:
        sets: tuple[str, Any] | None = None
        node = results.get(tool.tool.name)
        if tool.phrase.status is not None:
            sets = settle_status(tool.phrase.status, entity.fields)
            if sets is None:
                draft.refuse(tool.tool, "unclear_parameters", tool.phrase.verb)
                continue
        if tool.rest and tool.phrase.operation == "read" and node is None:
            known = entity.fields.get(tool.rest)
            if known is None:
                draft.refuse(tool.tool, "unclear_object", " ".join((*tool.noun, *tool.rest)))
                continue
            node = Node("object", {known.name: Node("field", known.name)})
        made.append(
            Action(
                tool.tool,
                tool.phrase.operation,
                tool.phrase.verb,
                snake(many(entity.noun)),
                tuple(_settled(one, key) for one in entity.bindings[tool.tool.name]),
                node,
                sets,
                tool.phrase.operation == "list"
                and (is_search(tool.phrase) or bool(tool.phrase.by)),
            )
        )
    return made


def _settled(binding: Binding, key: str) -> Binding:
    return replace(binding, field=key) if binding.field == KEY else binding


def _plan(entity: EntityDraft, key: Field | None) -> EntityPlan | None:
    """The entity as it is; None where nothing is known of its records."""
    fields = entity.fields
    managed = any(tool.phrase.operation in MANAGED for tool in entity.tools)
    known = {
        one.name
        for one in fields.found.values()
        if not one.refers and one.words[-1] not in ("id", "name", "title", "owner", "account")
    }
    asked = {
        fields.canonical(parameter.words)
        for tool in entity.tools
        if tool.phrase.operation == "read"
        for parameter in tool.parameters
    }
    told = {
        one.name
        for one in fields.found.values()
        if one.name in known and one.words not in asked and is_told(one.words, one.kind, one.schema)
        if not (entity.natural and one.words[-1] in WAYS)
    }
    if not managed and len(told - {key.name if key is not None else ""}) < LEAST_KNOWN:
        return None
    if key is None:
        return None
    held = {b.field for bound in entity.bindings.values() for b in bound if b.role == "label"}
    label = key.name if entity.natural else label_of(entity.noun, fields, held)
    if managed and len(fields.found) < 2:
        fields.add(("created", "at"), "string", {"format": "date"}, promised=True)
    return EntityPlan(
        name=snake(many(entity.noun)),
        noun=entity.noun,
        key=key,
        natural=entity.natural,
        label=label,
        fields={one.name: one for one in fields.found.values() if one.name != key.name},
        twins=not entity.natural and bool(label) and not held,
    )


def _without_strangers(plan: EntityPlan, plans: Mapping[Words, EntityPlan]) -> EntityPlan:
    """References to entities that did not stand are plain ids, those that did go by their key."""
    by_noun = {"_".join(noun): other for noun, other in plans.items()}
    fields: dict[str, Field] = {}
    for name, one in plan.fields.items():
        other = by_noun.get(one.refers)
        if one.refers and other is None:
            one = replace(one, refers="")
        elif other is not None:
            one = replace(one, kind=other.key.kind, schema=other.key.schema, refers=other.name)
        fields[name] = one
    return replace(plan, fields=fields)
