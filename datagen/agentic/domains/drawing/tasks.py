"""Tasks of compiled domains, of every kind and tier, drawn over their states with no model.

A task is one to four pieces, said in one of several ways. An agent's tools limit what can be drawn;
where no task of the tier comes out, one of another does if that will do, and says so. Every task
keeps to the policy, but for those that are to be refused."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from datagen.agentic.domains.building import Draft, Wanted, built, eased
from datagen.agentic.domains.compiling.building import CompiledDomain
from datagen.agentic.domains.drawing import changing, conditions, listing, looking, making, toolless
from datagen.agentic.domains.drawing.refusals import refused
from datagen.agentic.domains.drawing.scene import Scene
from datagen.agentic.domains.pieces import Piece, before, ordered
from datagen.agentic.domains.wording import framed, joined
from datagen.agentic.nouns import AgentSpec, Task, Tier
from datagen.schemas import Tool, derived_seed

TRIES = 12
"""Drafts drawn per tier before the next one is tried."""
SIDE_BY_SIDE = 2
"""Calls of each piece of a parallel task of several steps: the first together, then the second."""
NAMED_REFUSALS = 0.5
"""Share of drafts of refusals with one look at most in which the user names the record, so that the
look finds it."""
LONG_CALLS = 4
"""Least calls of a long task's reference."""
Draw = Callable[[Scene], Piece | None]
DIRECT: tuple[Draw, ...] = (
    looking.fact,
    looking.fact,
    looking.listed_fact,
    listing.which,
    listing.how_many,
    making.new,
    making.new,
    partial(changing.by_id, operation="update"),
    partial(changing.by_id, operation="update"),
    partial(changing.by_id, operation="status"),
    partial(changing.by_id, operation="status"),
    partial(changing.by_id, operation="delete"),
    partial(conditions.if_so, met=False),
    partial(conditions.unless_there, there=True),
)
"""One call each, mostly."""
NAMED: tuple[Draw, ...] = (
    looking.named_fact,
    looking.fact_beyond,
    listing.in_named,
    partial(conditions.if_so, met=True),
    partial(conditions.unless_there, there=False),
    making.new_in_named,
    partial(changing.by_name, operation="update"),
    partial(changing.by_name, operation="update"),
    partial(changing.by_name, operation="status"),
    partial(changing.by_name, operation="delete"),
)
"""Several calls each, the last of which needs the first."""


def draw_compiled_task(
    domain: CompiledDomain, agent: AgentSpec, tools: Sequence[Tool], wanted: Wanted
) -> Task | None:
    """A task for an agent with these tools, of which `domain` holds those with a meaning; None
    where they allow none of the kind."""
    for tier in wanted.tiers:
        for attempt in range(TRIES):
            seed = derived_seed(domain.name, wanted.seed, tier, attempt)
            scene = Scene(domain, domain.initial_state(seed), random.Random(seed))
            draft = _draft(scene, tools, eased(wanted, tier))
            if draft is None:
                continue
            true = _true_tier(draft, wanted, tier)
            if not wanted.suits(true):
                continue
            names = {tool.name for tool in tools}
            task = built(domain, agent, scene.state, draft, eased(wanted, true), names)
            if task is not None:
                return task
    return None


def _true_tier(draft: Draft, wanted: Wanted, tier: Tier) -> Tier:
    """The tier by the calls that the reference takes; in parallel they don't build on each
    other."""
    calls = len(draft.reference)
    if wanted.kind in ("refuse", "no_tool"):
        return "single" if calls <= 1 else "dependent"
    if wanted.kind == "parallel":
        return tier
    return "single" if calls <= 1 else "dependent" if calls < LONG_CALLS else "long"


def _draft(scene: Scene, tools: Sequence[Tool], wanted: Wanted) -> Draft | None:
    if wanted.kind == "refuse":
        return _refusal(scene, wanted)
    if wanted.kind == "no_tool":
        said = toolless.wish(scene, tools)
        return Draft(_sentence(said), _opening(scene, said, wanted), ()) if said else None
    pieces = _pieces(scene, wanted)
    draft = _composed(scene, pieces, wanted) if pieces else None
    if draft is None or (wanted.tier == "long" and len(draft.reference) < LONG_CALLS):
        return None
    return draft


def _pieces(scene: Scene, wanted: Wanted) -> list[Piece]:
    """Wishes that go together and that the tools can fulfil; empty where there are none."""
    several = 2 + scene.chance.randrange(2)
    if wanted.tier == "single":
        if wanted.kind == "parallel":
            return _some(scene, _unconditional(DIRECT), several)
        return _some(scene, DIRECT, 1)
    if wanted.kind == "parallel":
        found = _some(
            scene, _unconditional((*NAMED, *NAMED)), 2 if wanted.tier == "dependent" else 3
        )
        return found if all(len(piece.calls) == SIDE_BY_SIDE for piece in found) else []
    if wanted.tier == "dependent":
        return _some(scene, NAMED, 1)
    return _some(scene, (*NAMED, *NAMED, *DIRECT), 1 + several)


def _unconditional(draws: Sequence[Draw]) -> list[Draw]:
    """Without those whose second call is made or not."""
    ways = (conditions.if_so, conditions.unless_there)
    return [one for one in draws if not (isinstance(one, partial) and one.func in ways)]


def _some(scene: Scene, draws: Sequence[Draw], count: int) -> list[Piece]:
    """That many pieces about different records."""
    found: list[Piece] = []
    seen: set[str] = set()
    for draw in scene.chance.sample(list(draws) * 2, len(draws) * 2):
        piece = draw(scene)
        if piece is None:
            continue
        marks = {piece.about} | {
            str(one) for call in piece.calls for one in _leaves(call.arguments)
        }
        if marks & seen:
            continue
        seen |= marks
        found.append(piece)
        if len(found) == count:
            return found
    return []


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [] if isinstance(value, bool) or value in ("", None) else [value]


def _composed(scene: Scene, pieces: list[Piece], wanted: Wanted) -> Draft | None:
    """The pieces as one request. For `clarify` something of it is left out of the opening."""
    chance = scene.chance
    vague, known = -1, dict[str, str]()
    if wanted.kind == "clarify":
        can = [place for place, piece in enumerate(pieces) if piece.missing and piece.vague]
        if not can:
            return None
        vague = chance.choice(can)
        known = dict(pieces[vague].missing)
    full = joined([piece.clause for piece in pieces], chance)
    said = [p.vague if place == vague else p.clause for place, p in enumerate(pieces)]
    opening = _opening(scene, joined(said, chance), wanted)
    if any(value.casefold() in opening.casefold() for value in known.values()):
        return None
    together = wanted.kind == "parallel"
    reference = ordered((), pieces, together=together)
    if together and len(reference) < sum(len(piece.calls) for piece in pieces):
        return None  # two look at the same list, which takes one call
    return Draft(
        request=_sentence(full),
        opening=opening,
        reference=reference,
        answer=tuple(fact for piece in pieces for fact in piece.answer),
        known=known,
        before=before(pieces),
        parallel=tuple(p.calls[-1].name for p in pieces) if together else (),
    )


def _refusal(scene: Scene, wanted: Wanted) -> Draft | None:
    named = wanted.tier != "single" or scene.chance.random() < NAMED_REFUSALS
    found = refused(scene, named=named)
    if found is None:
        return None
    return Draft(
        request=_sentence(found.clause),
        opening=_opening(scene, found.clause, wanted),
        reference=found.reads,
        forbidden=found.granted,
    )


def _opening(scene: Scene, wish: str, wanted: Wanted) -> str:
    return framed(wish, "", wanted.persona.style, scene.chance)


def _sentence(wish: str) -> str:
    return f"{wish[:1].upper()}{wish[1:]}."
