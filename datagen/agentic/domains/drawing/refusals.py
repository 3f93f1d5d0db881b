"""Wishes that the policy forbids although the tools could fulfil them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from datagen.agentic.domains.compiling.plans import Action, EntityPlan
from datagen.agentic.domains.compiling.rules import Rule
from datagen.agentic.domains.drawing import making
from datagen.agentic.domains.drawing.changes import Wish, wishes
from datagen.agentic.domains.drawing.lookups import look_up
from datagen.agentic.domains.drawing.scene import Record, Scene, call
from datagen.agentic.domains.drawing.speech import field_name, numbered, pick
from datagen.agentic.nouns import Call


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A wish that has to be declined."""

    clause: str
    reads: tuple[Call, ...]
    """What has to be looked up to see that it is forbidden."""
    granted: tuple[Call, ...]
    """The calls that grant it, or would go some way."""


def refused(scene: Scene, *, named: bool) -> Forbidden | None:
    """A forbidden wish; `named`: the record is known by its name and has to be looked up."""
    found = [one for rule in scene.domain.rules for one in _of(scene, rule, named=named)][:4]
    return scene.chance.choice(found) if found else None


def _of(scene: Scene, rule: Rule, *, named: bool) -> Iterator[Forbidden]:
    if rule.kind == "confidential":
        if not named:
            yield from _told_anyway(scene, rule)
        return
    if rule.kind == "withheld":
        yield from _withheld(scene, rule, named=named)
        return
    yield from _changed_anyway(scene, rule, named=named)
    if rule.kind == "never_added" and not named and (wish := making.any_new(scene, rule.entity)):
        yield Forbidden(wish.clause, (), (Call(name=wish.calls[-1].name),))
    if (
        rule.kind in ("limit", "barred_value")
        and not named
        and (made := making.forbidden(scene)) is not None
    ):
        action, clause, _ = made
        yield Forbidden(clause, (), (Call(name=action.tool.name),))


def _changed_anyway(scene: Scene, rule: Rule, *, named: bool) -> Iterator[Forbidden]:
    plan = scene.domain.plans[rule.entity]
    for operation in ("delete", "update", "status"):
        for wish in wishes(scene, operation, rule):
            said, reads = f"{numbered(plan, wish.record)} {wish.said}".strip(), tuple[Call, ...]()
            if named:
                found = look_up(scene, plan, wish.record)
                if found is None:
                    continue
                said, reads = found.said, (found.call,)
            if rule.kind in ("final_status", "kept_before") and not _seen(scene, rule, reads):
                looked = _read(scene, plan, wish.record)
                if looked is None:
                    continue
                reads = (*reads, looked)
            yield Forbidden(wish.clause(said), reads, _granting(scene, rule, wish))


def _withheld(scene: Scene, rule: Rule, *, named: bool) -> Iterator[Forbidden]:
    plan = scene.domain.plans[rule.entity]
    for record in scene.state[plan.name].values():
        if record.get(rule.field) != rule.value:
            continue
        for action in scene.actions("read", entity=plan.name):
            given = scene.to(action, record)
            fields = [one for one in scene.facts(action, record) if one.name != rule.field]
            found = look_up(scene, plan, record) if named else None
            if given is None or not fields or (named and found is None):
                continue
            if not scene.shows(action, rule.field):
                continue
            what = (
                found.said if found is not None else f"{scene.named(action, record)} {given.said}"
            )
            field = field_name(scene.chance.choice(fields), plan)
            reads = (*((found.call,) if found is not None else ()), call(action, given.arguments))
            yield Forbidden(f"tell me the {field} of {what.strip()}", reads, ())


def _seen(scene: Scene, rule: Rule, reads: tuple[Call, ...]) -> bool:
    """Whether what was looked up shows the status by which the rule applies."""
    return any(
        scene.shows(scene.domain.actions[one.name], rule.field)
        for one in reads
        if scene.domain.actions[one.name].entity == rule.entity
    )


def _read(scene: Scene, plan: EntityPlan, record: Record) -> Call | None:
    for action in scene.actions("read", entity=plan.name):
        given = scene.to(action, record)
        if given is not None and not given.said:
            return call(action, given.arguments)
    return None


def _granting(scene: Scene, rule: Rule, wish: Wish) -> tuple[Call, ...]:
    """Calls that would do it: of every tool that the rule keeps from the record."""
    found = [_naming(wish.action, wish.record)]
    for action in scene.actions("update", "delete", "status", entity=rule.entity):
        if action is not wish.action and rule.forbids(action, wish.record, wish.written):
            found.append(_naming(action, wish.record))
    return tuple(found)


def _naming(action: Action, record: Record) -> Call:
    """A call of the tool about the record, whatever else it says."""
    arguments: dict[str, Any] = {}
    for binding in action.bound("key", "label")[:1]:
        if len(binding.parameter.path) == 1:
            value = record[binding.field]
            text = str(value) if binding.parameter.kind == "string" else value
            binding.parameter.put(arguments, text)
    return Call(name=action.tool.name, arguments=arguments)


def _told_anyway(scene: Scene, rule: Rule) -> Iterator[Forbidden]:
    plan = scene.domain.plans[rule.entity]
    for record in scene.records(plan.name)[:1]:
        verb = pick(scene.chance, "tell me", "give me", "look up")
        what = f"{field_name(plan.field(rule.field), plan)} of {numbered(plan, record)}"
        yield Forbidden(f"{verb} the {what}", (), ())
