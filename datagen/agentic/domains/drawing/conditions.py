"""Pieces that depend on what is found: something is looked up first, and then done or not."""

from datagen.agentic.domains.compiling.plans import Action, EntityPlan, Field
from datagen.agentic.domains.compiling.verbs import Operation
from datagen.agentic.domains.compiling.words import spoken_noun, with_article
from datagen.agentic.domains.drawing.changes import Wish, wishes
from datagen.agentic.domains.drawing.lookups import searches
from datagen.agentic.domains.drawing.making import VERBS, NewRecord, naming, new_records
from datagen.agentic.domains.drawing.scene import Record, Scene, as_fact, call
from datagen.agentic.domains.drawing.speech import field_name, listed, pick, spoken
from datagen.agentic.domains.pieces import Piece
from datagen.agentic.nouns import Call

BOTH = 0.5
"""Share of wishes that say what to do in the other case too, where it doesn't arise."""


def if_so(scene: Scene, *, met: bool) -> Piece | None:
    """A change that depends on what a field holds."""
    operation: Operation = scene.chance.choice(("update", "status", "delete"))
    for wish in wishes(scene, operation):
        plan = scene.plan(wish.action)
        for reader in scene.actions("read", entity=plan.name):
            given = scene.to(reader, wish.record)
            fields = [f for f in scene.facts(reader, wish.record) if f.name not in wish.written]
            named = scene.named(reader, wish.record) == scene.named(wish.action, wish.record)
            if given is None or not fields or wish.said != given.said or not named:
                continue
            look = call(reader, given.arguments)
            return _checked(scene, wish, scene.chance.choice(fields), look, met=met)
    return None


def _checked(scene: Scene, wish: Wish, field: Field, look: Call, *, met: bool) -> Piece | None:
    plan = scene.plan(wish.action)
    there = wish.record[field.name]
    value = there if met else scene.new_value(field, plan, there)
    if value is None or (spoken(value, field) == spoken(there, field) and not met):
        return None
    what = f"{scene.named(wish.action, wish.record)} {wish.said}".strip()
    verb = pick(scene.chance, "check", "look up", "find out")
    condition = f"{verb} the {field_name(field, plan)} of {what} and, if it is"
    clause = f"{condition} {spoken(value, field)}, {wish.clause(f'that {spoken_noun(plan.noun)}')}"
    otherwise = "; if not, tell me what it is" if _tells(scene, met) else ""
    change = call(wish.action, wish.arguments)
    return Piece(
        f"{clause}{otherwise}",
        (look, change) if met else (look,),
        () if met else (str(there),),
        before=((look.name, change.name),) if met else (),
        about=f"{plan.name} {wish.record[plan.key.name]}",
    )


def unless_there(scene: Scene, *, there: bool) -> Piece | None:
    """A record that is made where there is none of its name."""
    for action, made in new_records(scene):
        plan = scene.plan(action)
        if not made.label or made.places or plan.natural:
            continue
        for record in scene.records(plan.name):
            piece = _looked_for(scene, action, made, record, there=there)
            if piece is not None:
                return piece
    return None


def _looked_for(
    scene: Scene, action: Action, made: NewRecord, record: Record, *, there: bool
) -> Piece | None:
    """`record`: the one that has the name, where one is `there`."""
    plan = scene.plan(action)
    name = record[plan.label] if there else made.values[plan.label]
    names = [one[plan.label] for one in scene.state[plan.name].values()]
    if names.count(name) > 1 or not isinstance(name, str):
        return None
    for lister, arguments in searches(scene, plan, name):
        facts = scene.facts(lister, record)
        if not facts or (there and record not in scene.answered(lister, arguments)):
            continue
        fact = scene.chance.choice(facts)
        look, make = call(lister, arguments), call(action, made.arguments)
        tells = _tells(scene, met=not there)
        return Piece(
            _unless(scene, plan, action, made, name, fact if tells else None),
            (look,) if there else (look, make),
            (as_fact(record[fact.name]),) if there else (),
            before=() if there else ((look.name, make.name),),
            about=f"{plan.name} {record[plan.key.name]}" if there else f"new {plan.name}",
        )
    return None


def _unless(
    scene: Scene, plan: EntityPlan, action: Action, made: NewRecord, name: str, told: Field | None
) -> str:
    """`told`: the field that is asked for where the record is there."""
    verbs = [verb for verb in VERBS.get(action.verb, (action.verb,)) if verb != "set up"]
    verb = pick(scene.chance, "check whether", "see whether", "find out whether")
    label = spoken(name, plan.field(plan.label))
    clause = f"{verb} there is already {with_article(plan.noun)} {naming(plan)} {label}"
    parts = [said for _, said in made.said]
    what = f" with {listed(parts)}" if parts else ""
    otherwise = f"; if there is, tell me its {field_name(told, plan)}" if told else ""
    return f"{clause} and, if not, {pick(scene.chance, *verbs)} it{what}{otherwise}"


def _tells(scene: Scene, met: bool) -> bool:
    """Whether a wish says what to do in the other case."""
    return not met or scene.chance.random() < BOTH
