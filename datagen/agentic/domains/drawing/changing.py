"""Pieces that change a record that is there: a field, its state, its end."""

from datagen.agentic.domains.compiling.plans import Field
from datagen.agentic.domains.compiling.verbs import Operation
from datagen.agentic.domains.compiling.words import spoken_noun
from datagen.agentic.domains.drawing.changes import Wish, wishes
from datagen.agentic.domains.drawing.looking import missing_record, one_of
from datagen.agentic.domains.drawing.lookups import look_up
from datagen.agentic.domains.drawing.scene import Scene, call
from datagen.agentic.domains.drawing.speech import field_name, pick, spoken
from datagen.agentic.domains.pieces import Piece
from datagen.agentic.nouns import Call

MET = 0.6
"""Share of conditions that hold: a change is asked for in all of them."""


def by_id(scene: Scene, operation: Operation) -> Piece | None:
    """A change of a record that the user knows the id of."""
    for wish in wishes(scene, operation):
        plan = scene.plan(wish.action)
        what = f"{scene.named(wish.action, wish.record)} {wish.said}".strip()
        missing = missing_record(wish.action, plan, wish.record)
        return _piece(scene, wish, what, wish.said, (), missing)
    return None


def by_name(scene: Scene, operation: Operation) -> Piece | None:
    """A change of a record that the user knows by its name, which has to be found first."""
    for wish in wishes(scene, operation):
        plan = scene.plan(wish.action)
        found = look_up(scene, plan, wish.record)
        if found is None or found.field in wish.written:
            continue
        place = " ".join(dict.fromkeys(filter(None, (found.place, wish.said))))
        what = f"{found.said} {wish.said}" if wish.said not in ("", found.place) else found.said
        return _piece(scene, wish, what, place, (found.call,), found.missing)
    return None


def _piece(
    scene: Scene,
    wish: Wish,
    what: str,
    place: str,
    first: tuple[Call, ...],
    missing: dict[str, str],
) -> Piece:
    """`what`: the record as the user names it; `place`: where it is."""
    plan = scene.plan(wish.action)
    vague = wish.clause(f"{one_of(plan)} {place}".strip())
    if wish.loose is not None and scene.chance.random() < 0.6:
        vague, missing = wish.loose(what), dict((wish.missing,))
    return Piece(
        wish.clause(what),
        (*first, call(wish.action, wish.arguments)),
        vague=vague,
        missing=missing,
        about=f"{plan.name} {wish.record[plan.key.name]}",
    )


def if_so(scene: Scene) -> Piece | None:
    """A change that depends on what a field holds: looked up first, and made or not."""
    operation: Operation = scene.chance.choice(("update", "status", "delete"))
    for wish in wishes(scene, operation):
        plan = scene.plan(wish.action)
        for reader in scene.actions("read", entity=plan.name):
            given = scene.to(reader, wish.record)
            fields = [f for f in scene.facts(reader, wish.record) if f.name not in wish.written]
            named = scene.named(reader, wish.record) == scene.named(wish.action, wish.record)
            if given is None or not fields or wish.said != given.said or not named:
                continue
            return _checked(scene, wish, scene.chance.choice(fields), call(reader, given.arguments))
    return None


def _checked(scene: Scene, wish: Wish, field: Field, look: Call) -> Piece | None:
    plan = scene.plan(wish.action)
    there = wish.record[field.name]
    met = scene.chance.random() < MET
    value = there if met else scene.new_value(field, plan, there)
    if value is None or (spoken(value, field) == spoken(there, field) and not met):
        return None
    what = f"{scene.named(wish.action, wish.record)} {wish.said}".strip()
    verb = pick(scene.chance, "check", "look up", "find out")
    condition = f"{verb} the {field_name(field, plan)} of {what} and, if it is"
    clause = f"{condition} {spoken(value, field)}, {wish.clause(f'that {spoken_noun(plan.noun)}')}"
    change = call(wish.action, wish.arguments)
    return Piece(
        clause if met else f"{clause}; if not, tell me what it is",
        (look, change) if met else (look,),
        () if met else (str(there),),
        before=((look.name, change.name),) if met else (),
        about=f"{plan.name} {wish.record[plan.key.name]}",
    )
