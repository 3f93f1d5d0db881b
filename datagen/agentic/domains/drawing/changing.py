"""Pieces that change a record that is there: a field, its state, its end."""

from datagen.agentic.domains.compiling.verbs import Operation
from datagen.agentic.domains.drawing.changes import Wish, wishes
from datagen.agentic.domains.drawing.looking import missing_record, one_of
from datagen.agentic.domains.drawing.lookups import look_up
from datagen.agentic.domains.drawing.scene import Scene, call, run_on
from datagen.agentic.domains.pieces import Piece
from datagen.agentic.nouns import Call


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
        place = run_on((*found.parts, *wish.parts))
        what = run_on((found.what, *found.parts, *wish.parts))
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
