"""Pieces that make a record, with some fields given, in a place that may have to be found first."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from datagen.agentic.domains.compiling.plans import Action, Binding, EntityPlan, Field
from datagen.agentic.domains.compiling.roles import is_called
from datagen.agentic.domains.compiling.states import in_order
from datagen.agentic.domains.compiling.values import is_told
from datagen.agentic.domains.compiling.words import spoken_noun, with_article
from datagen.agentic.domains.drawing.lookups import look_up
from datagen.agentic.domains.drawing.scene import PLACES, Scene, call, written
from datagen.agentic.domains.drawing.speech import field_name, listed, numbered, pick, spoken
from datagen.agentic.domains.pieces import Piece
from datagen.agentic.nouns import Call

VERBS = {
    "create": ("create", "set up", "add"),
    "add": ("add", "create"),
    "insert": ("add",),
    "new": ("create",),
    "make": ("create",),
    "post": ("post",),
    "issue": ("issue",),
}
MOST_PARTS, MOST_PLACES = 5, 2
MOST_OPTIONAL = 2
"""Fields that a user gives though they needn't."""


@dataclass(slots=True)
class NewRecord:
    """A record to be made, as far as it is settled."""

    arguments: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    parts: list[tuple[str, str, bool, Any]] = field(default_factory=list)
    """Field's name, what is said of it, whether it is required, its value."""
    places: list[str] = field(default_factory=list)
    first: list[Call] = field(default_factory=list)

    @property
    def said(self) -> list[tuple[str, str]]:
        """Field's name, and what is said of it."""
        return [(name, said) for name, said, _, _ in self.parts if said]

    @property
    def is_long(self) -> bool:
        """Whether nobody would say all that in one go."""
        return len(self.parts) > MOST_PARTS or len(self.places) > MOST_PLACES


def new(scene: Scene) -> Piece | None:
    """A record whose place the user knows the id of."""
    return _made(scene, named=False)


def new_in_named(scene: Scene) -> Piece | None:
    """A record whose place the user knows by its name."""
    return _made(scene, named=True)


def _made(scene: Scene, *, named: bool) -> Piece | None:
    found = next(new_records(scene, named=named), None)
    return _told(scene, *found) if found is not None else None


def new_records(scene: Scene, *, named: bool = False) -> Iterator[tuple[Action, NewRecord]]:
    """Records that can and may be made, by the tools in turn. `named`: their place is known by its
    name."""
    for action in scene.actions("create"):
        settled = _settled(scene, action, named=named)
        if settled is None or (named and not settled.first) or settled.is_long:
            continue
        if not scene.takes(action, settled.arguments):
            continue
        if scene.allowed(action, None, settled.values):
            yield action, settled


def any_new(scene: Scene, entity: str) -> Piece | None:
    """A record that a user might want made, whatever the rules say."""
    for action in scene.actions("create", entity=entity):
        settled = _settled(scene, action, named=False)
        if settled is not None and scene.takes(action, settled.arguments):
            return _told(scene, action, settled)
    return None


def forbidden(scene: Scene) -> tuple[Action, str, dict[str, Any]] | None:
    """A record that a rule does not allow to be made: tool, clause, arguments."""
    for rule in scene.domain.rules:
        for action in scene.actions("create", entity=rule.entity):
            binding = next((b for b in action.bound("field") if b.field == rule.field), None)
            if binding is None:
                continue
            settled = _settled(scene, action, named=False, given=binding, above=rule.value)
            if settled is None or not scene.takes(action, settled.arguments):
                continue
            if not scene.allowed(action, None, settled.values):
                return action, _told(scene, action, settled).clause, settled.arguments
    return None


def _settled(
    scene: Scene,
    action: Action,
    *,
    named: bool,
    given: Binding | None = None,
    above: Any = None,
) -> NewRecord | None:
    """Values for what is required and some of what isn't; None where one can't be given.

    `given`: a field that gets a value `above` what a rule allows."""
    plan, made = scene.plan(action), NewRecord()
    values: dict[str, Any] = {}
    chosen = _chosen(scene, action, plan, given)
    for binding in chosen:
        if binding is given and above is not None:
            value = above * 2 if isinstance(above, int | float) else above
        else:
            value = _value(scene, plan, plan.field(binding.field), binding)
        if value is None:
            return None
        values[binding.field] = value
    in_order(values, plan)
    for binding in chosen:
        _put(scene, plan, made, binding, values[binding.field], named=named)
    completed = scene.completed(action, made.arguments, {}, plan)
    if completed is None or completed.said:
        return None
    made.arguments = completed.arguments
    return made if made.label or made.parts or made.places else None


def _chosen(scene: Scene, action: Action, plan: EntityPlan, given: Binding | None) -> list[Binding]:
    """What is given a value: all that is required, and a little more."""
    bound = [b for b in action.bound("key") if b.parameter.required] + [*written(action)]
    needed = [b for b in bound if b.parameter.required]
    optional = [b for b in bound if not b.parameter.required and _is_plain(plan.field(b.field))]
    count = min(len(optional), scene.chance.randint(0, MOST_OPTIONAL))
    more = scene.chance.sample(optional, count) or ([] if needed else optional[:1])
    more += [given] if given is not None and given not in (*needed, *more) else []
    return [binding for binding in bound if binding in (*needed, *more)]


def _is_plain(one: Field) -> bool:
    """Whether a user would give a field that needn't be given."""
    if one.kind == "boolean" or one.schema.get("format") in ("date-time", "uuid"):
        return False
    return bool(one.refers) or is_told(one.words, one.kind, one.schema)


def _value(scene: Scene, plan: EntityPlan, one: Field, binding: Binding) -> Any:
    if one.refers:
        there = scene.records(one.refers)
        return there[0][scene.domain.plans[one.refers].key.name] if there else None
    value = scene.new_value(one, plan, None)
    if one.name in (plan.label, plan.key.name) and str(value) in scene.other_names(plan):
        return None
    whole = binding.parameter.kind == "integer"
    return int(value) if whole and isinstance(value, float) else value


def _put(
    scene: Scene, plan: EntityPlan, made: NewRecord, binding: Binding, value: Any, *, named: bool
) -> None:
    """Write a value down, and how it is said."""
    one = plan.field(binding.field)
    text = str(value) if binding.parameter.kind == "string" else value
    binding.parameter.put(made.arguments, text)
    made.values[one.name] = value
    other = scene.domain.plans.get(one.refers)
    if other is not None:
        record = scene.state[other.name][str(value)]
        place = numbered(other, record)
        if named and (found := look_up(scene, other, record)) is not None:
            made.first.append(found.call)
            place = found.said
        made.places.append(_placed(one, plan, other, place))
    elif one.name == plan.label and one.words[-1] in ("name", "title"):
        made.label = spoken(value, one)
        made.parts.append((one.name, "", binding.parameter.required, value))
    elif one.words[-1] == "id" and field_name(one, plan).split()[-1] in PLACES:
        made.places.append(f"in {field_name(one, plan)} {value}")
    else:
        said = f"the {field_name(one, plan)} {spoken(value, one)}"
        made.parts.append((one.name, said, binding.parameter.required, value))


def _placed(one: Field, plan: EntityPlan, other: EntityPlan, place: str) -> str:
    """Where a record is made, or for whom."""
    if is_called(one.words, other.noun):
        return f"for {place}"
    return f"with {place} as its {field_name(one, plan)}"


def _told(scene: Scene, action: Action, made: NewRecord) -> Piece:
    plan = scene.plan(action)
    verb = pick(scene.chance, *VERBS.get(action.verb, (action.verb,)))
    if plan.noun[-1].startswith(action.verb):  # book a booking
        verb = "make"
    clause = _worded(scene, plan, verb, made, "")
    loose, missing = "", dict[str, str]()
    lacking = [p for p in made.parts if p[2] and isinstance(p[3], str | int | float)]
    lacking = [p for p in lacking if not isinstance(p[3], bool)]
    if lacking:
        gone = scene.chance.choice(lacking)
        loose = _worded(scene, plan, verb, made, gone[0])
        missing = {"_".join(plan.field(gone[0]).words): str(gone[3])}
    return Piece(
        clause,
        (*made.first, call(action, made.arguments)),
        vague=loose,
        missing=missing,
        about=f"new {plan.name}",
    )


def _worded(scene: Scene, plan: EntityPlan, verb: str, made: NewRecord, without: str) -> str:
    """The clause, with one field left out."""
    label = made.label if without != plan.label else ""
    parts = [said for name, said in made.said if name != without]
    noun = (
        with_article(plan.noun)
        if scene.chance.random() < 0.5
        else f"a new {spoken_noun(plan.noun)}"
    )
    head = f"{verb} {noun}{f' {naming(plan)} {label}' if label else ''}"
    head = " ".join([head, *made.places])
    return f"{head} with {listed(parts)}" if parts else head


def naming(plan: EntityPlan) -> str:
    return "titled" if plan.field(plan.label).words[-1] == "title" else "called"
