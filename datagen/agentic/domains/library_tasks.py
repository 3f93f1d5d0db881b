"""Tasks of the library, of every kind and tier, drawn over its states with no model.

A task is one to three pieces of one member, said in one of several ways. An agent's tools limit
what can be drawn; where no task of the tier comes out, one of another does if that will do, and
says so."""

import random
from collections.abc import Collection, Sequence

from datagen.agentic.domains.base import Domain, State
from datagen.agentic.domains.building import Draft, Wanted, built, eased, fitting
from datagen.agentic.domains.library import FINE_LIMIT, MOST_RENEWALS
from datagen.agentic.domains.library_pieces import DIRECT, NAMED, Draw, Scene
from datagen.agentic.domains.pieces import Piece, before, ordered
from datagen.agentic.domains.wording import framed, joined, varied
from datagen.agentic.nouns import AgentSpec, Call, Task, Tier
from datagen.schemas import derived_seed

TRIES = 24
"""Drafts drawn per tier before the next one is tried."""
_IDS = ("My member id is {id}.", "I am member {id}.", "My card says {id}.", "Member id: {id}.")
_NAMES = ("My name is {name}.", "I am {name}.", "This is {name}.")
LONG_CALLS = 4
"""Least calls of a long task's reference."""
BY_NAME = 0.6
"""Share of tasks with several steps whose users give their name instead of their id, if that helps
the agent."""
ANONYMOUS = 0.3
"""Share of clarify tasks in which users that have to be known don't say who they are."""
_NO_TOOL: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("book a meeting room for Thursday afternoon", ("room", "meeting", "calendar", "event")),
    ("print forty colour posters for my club", ("print", "poster", "document")),
    ("tell me what the weather will be like tomorrow", ("weather", "forecast")),
    ("order a taxi to the station for me", ("taxi", "ride", "transport", "travel")),
    ("translate my tenancy agreement into French", ("translat", "language")),
    ("recommend a good dentist nearby", ("dentist", "doctor", "health", "place", "nearby")),
    ("transfer my pension to another bank", ("bank", "transfer", "payment", "account")),
    ("reset the password of my e-mail provider", ("password", "login", "credential")),
    ("sign me up for the evening pottery class", ("class", "course", "enrol", "register")),
    ("fix the heating in my flat", ("heating", "repair", "maintenance", "home")),
    ("buy two tickets for the opera on Friday", ("ticket", "event", "book_")),
    ("file my tax return", ("tax", "return_tax")),
    ("send flowers to my aunt", ("flower", "deliver", "order", "gift")),
    ("convert my holiday videos to another format", ("video", "convert", "media")),
    ("tune the piano in our school hall", ("piano", "tune")),
    ("water the plants on my balcony", ("water", "plant", "garden")),
)
"""Wishes that no library tool fits, with parts of words in a tool's text by which one might."""


def draw_library_task(
    domain: Domain, agent: AgentSpec, names: Collection[str], texts: str, wanted: Wanted
) -> Task | None:
    """A task for an agent that has the tools of these names; `texts`: all that its tools say of
    themselves, lower case. None where its tools allow none."""
    for tier in wanted.tiers:
        for attempt in range(TRIES):
            seed = derived_seed("library", wanted.seed, tier, attempt)
            chance = random.Random(seed)
            state = domain.initial_state(seed)
            draft = _draft(state, chance, names, texts, eased(wanted, tier))
            if draft is None or not fitting(names, draft):
                continue
            true = _true_tier(draft, wanted, tier)
            if not wanted.suits(true):
                continue
            task = built(domain, agent, state, draft, eased(wanted, true), names)
            if task is not None:
                return task
    return None


def _true_tier(draft: Draft, wanted: Wanted, tier: Tier) -> Tier:
    """What is declined takes as many calls as finding out that it must be."""
    if wanted.kind not in ("refuse", "no_tool"):
        return tier
    return "single" if len(draft.reference) <= 1 else "dependent"


def _draft(
    state: State, chance: random.Random, names: Collection[str], texts: str, wanted: Wanted
) -> Draft | None:
    if wanted.kind == "refuse":
        return _refused(state, chance, names, wanted)
    if wanted.kind == "no_tool":
        return _without_tool(state, chance, names, texts, wanted)
    scene = Scene(state, chance.choice(list(state["members"])), chance)
    pieces = _pieces(scene, names, wanted)
    by_name = False
    if "find_member" in names and wanted.tier != "single" and wanted.kind != "parallel":
        by_name = chance.random() < BY_NAME
        if not pieces and wanted.tier == "dependent":  # finding the member is the first step
            pieces, by_name = _some(scene, names, DIRECT, 1), True
            pieces = [piece for piece in pieces if piece.identified]
    if not pieces:
        return None
    draft = _composed(scene, pieces, wanted, by_name=by_name)
    if wanted.tier == "long" and draft is not None and len(draft.reference) < LONG_CALLS:
        return None
    return draft


def _pieces(scene: Scene, names: Collection[str], wanted: Wanted) -> list[Piece]:
    """Wishes that go together and that the tools can fulfil; empty where there are none."""
    several = 2 + scene.chance.randrange(2)
    if wanted.tier == "single":
        return _some(scene, names, DIRECT, several if wanted.kind == "parallel" else 1)
    if wanted.kind == "parallel":
        return _some(scene, names, (*NAMED, *NAMED), 2 if wanted.tier == "dependent" else 3)
    if wanted.tier == "dependent":
        return _some(scene, names, NAMED, 1)
    return _some(scene, names, (*NAMED, *NAMED, *DIRECT), 1 + several)


def _some(scene: Scene, names: Collection[str], draws: Sequence[Draw], count: int) -> list[Piece]:
    """That many pieces about different records."""
    found: list[Piece] = []
    seen: set[str] = set()
    for draw in scene.chance.sample(list(draws) * 2, len(draws) * 2):
        piece = draw(scene)
        if piece is None or any(call.name not in names for call in piece.calls):
            continue
        marks = {f"{call.name} {sorted(call.arguments.items())}" for call in piece.calls[-1:]}
        marks |= {piece.about} - {""}
        marks |= {
            str(value)
            for call in piece.calls
            for key, value in call.arguments.items()
            if key != "member_id" and key not in ("branch", "method", "amount")
        }
        if marks & seen:
            continue
        seen |= marks
        found.append(piece)
        if len(found) == count:
            return found
    return []


def _composed(scene: Scene, pieces: list[Piece], wanted: Wanted, *, by_name: bool) -> Draft | None:
    """The pieces as one request. For `clarify` something of it is left out of the opening."""
    chance = scene.chance
    who, full_who, find = _introduced(scene, pieces, by_name=by_name)
    vague, known = -1, dict[str, str]()
    if wanted.kind == "clarify":
        if full_who and not by_name and chance.random() < ANONYMOUS:
            who, known = "", {"member_id": scene.member}
        can = [place for place, piece in enumerate(pieces) if piece.missing and piece.vague]
        if can and (not known or chance.random() < ANONYMOUS):
            vague = chance.choice(can)
            known |= pieces[vague].missing
        if not known:
            return None
    full = joined([piece.clause for piece in pieces], chance)
    said = [p.vague if place == vague else p.clause for place, p in enumerate(pieces)]
    opening = _opening(chance, joined(said, chance), who, wanted)
    if any(value.casefold() in opening.casefold() for value in known.values()):
        return None  # another piece says it
    return Draft(
        request=f"{full[0].upper()}{full[1:]}. {full_who}".strip(),
        opening=opening,
        reference=ordered(find, pieces, together=wanted.kind == "parallel"),
        answer=tuple(fact for piece in pieces for fact in piece.answer),
        known=known,
        before=before(pieces),
        parallel=tuple(p.calls[-1].name for p in pieces) if wanted.kind == "parallel" else (),
    )


def _introduced(
    scene: Scene, pieces: Sequence[Piece], *, by_name: bool
) -> tuple[str, str, list[Call]]:
    """How the user says who they are, twice the same, and the call that finds them by their name;
    nothing where nobody has to know."""
    if not any(piece.identified for piece in pieces):
        return "", "", []
    if not by_name:
        who = scene.chance.choice(_IDS).format(id=scene.member)
        return who, who, []
    name = scene.state["members"][scene.member]["name"]
    who = scene.chance.choice(_NAMES).format(name=name)
    return who, who, [Call(name="find_member", arguments={"name": name})]


def _opening(chance: random.Random, wish: str, who: str, wanted: Wanted) -> str:
    return framed(varied(wish, chance), who, wanted.persona.style, chance)


def _without_tool(
    state: State, chance: random.Random, names: Collection[str], texts: str, wanted: Wanted
) -> Draft | None:
    """A wish outside the library, or one inside whose tool the agent doesn't have."""
    if chance.random() < 0.5:
        scene = Scene(state, chance.choice(list(state["members"])), chance)
        lacking = [
            piece
            for piece in (draw(scene) for draw in DIRECT)
            if piece is not None and not piece.answer and piece.calls[-1].name not in names
        ]
        if lacking:
            piece = chance.choice(lacking)
            who = f"I am member {scene.member}."
            request = f"{piece.clause[0].upper()}{piece.clause[1:]}."
            return Draft(request, _opening(chance, piece.clause, who, wanted), ())
    wish, marks = chance.choice(_NO_TOOL)
    if any(mark in texts for mark in marks if mark != "book_"):
        return None
    return Draft(f"{wish[0].upper()}{wish[1:]}.", _opening(chance, wish, "", wanted), ())


def _refused(
    state: State, chance: random.Random, names: Collection[str], wanted: Wanted
) -> Draft | None:
    """A wish that the policy forbids although the agent's tools could fulfil it."""
    scene = Scene(state, chance.choice(list(state["members"])), chance)
    draws = [_owing, _reference_book, _renewed_enough]
    if wanted.tier == "single":  # of these the words alone show that they are forbidden
        draws += [_others_account, _others_contact, _waived]
    found = chance.choice(draws)(scene, wanted)
    if found is None:
        return None
    clause, reads, forbidden = found
    if any(call.name not in names for call in forbidden[:1]):
        return None
    who = chance.choice(_IDS).format(id=scene.member)
    known = {"member_id": scene.member}
    looks = any(call.arguments == known for call in reads)
    if looks and wanted.tier != "single" and "find_member" in names:
        name = scene.state["members"][scene.member]["name"]
        who = chance.choice(_NAMES).format(name=name)
        reads = (Call(name="find_member", arguments={"name": name}), *reads)
    if wanted.tier != "single" and len(reads) < 2:
        return None
    return Draft(
        request=f"{clause[0].upper()}{clause[1:]}. {who}",
        opening=_opening(chance, clause, who, wanted),
        reference=reads,
        forbidden=forbidden,
    )


Forbidden = tuple[str, tuple[Call, ...], tuple[Call, ...]]
"""The wish, what has to be looked up to see that it is forbidden, the calls that grant it."""


def _owing(scene: Scene, wanted: Wanted) -> Forbidden | None:
    """Borrowing or renewing with too much unpaid."""
    if scene.state["members"][scene.member]["owes"] <= FINE_LIMIT:
        return None
    account = Call(name="get_member", arguments={"member_id": scene.member})
    loans = [loan for loan in scene.out() if loan["renewals"] < MOST_RENEWALS]
    book = scene.one(scene.lendable())
    if wanted.tier != "single" and book is not None:
        search = Call(name="search_books", arguments={"title": book["title"]})
        granted = Call(name="checkout_book", arguments={"member_id": scene.member})
        return f"check out “{book['title']}” for me", (search, account), (granted,)
    loan = scene.one(loans)
    if loan is None:
        return None
    granted = Call(name="renew_loan", arguments={"loan_id": loan["loan_id"]})
    return f"renew my loan {loan['loan_id']}", (account,), (granted,)


def _renewed_enough(scene: Scene, wanted: Wanted) -> Forbidden | None:
    loan = scene.one([loan for loan in scene.out() if loan["renewals"] >= MOST_RENEWALS])
    if loan is None:
        return None
    granted = Call(name="renew_loan", arguments={"loan_id": loan["loan_id"]})
    if wanted.tier == "single":
        look = Call(name="get_loan", arguments={"loan_id": loan["loan_id"]})
        return f"renew my loan {loan['loan_id']} once more", (look,), (granted,)
    look = Call(name="list_loans", arguments={"member_id": scene.member})
    return f"renew “{loan['title']}”, which I have out", (look,), (granted,)


def _reference_book(scene: Scene, wanted: Wanted) -> Forbidden | None:
    books = [book for book in scene.state["books"].values() if book["reference"]]
    book = scene.one(books)
    assert book is not None
    given = {"book_id": book["book_id"]}
    granted = (
        Call(name="checkout_book", arguments=given),
        Call(name="place_hold", arguments=given),
    )
    if wanted.tier == "single":
        look = Call(name="get_book", arguments=given)
        return f"check out book {book['book_id']} for me", (look,), granted
    look = Call(name="search_books", arguments={"title": book["title"]})
    return f"check out “{book['title']}” for me", (look,), granted


def _others_account(scene: Scene, wanted: Wanted) -> Forbidden | None:
    other = _other(scene)
    given = {"member_id": other}
    tools = ("list_loans", "list_fines", "get_member", "list_holds")
    granted = tuple(Call(name=tool, arguments=given) for tool in tools)
    return f"tell me which books member {other} has out", (), granted


def _others_contact(scene: Scene, wanted: Wanted) -> Forbidden | None:
    other = _other(scene)
    granted = Call(name="update_contact", arguments={"member_id": other})
    return f"set the phone number of member {other} to 555-0000", (), (granted,)


def _waived(scene: Scene, wanted: Wanted) -> Forbidden | None:
    fine = scene.one(scene.mine("fines"))
    if fine is None:
        return None
    granted = Call(name="pay_fine", arguments={"fine_id": fine["fine_id"]})
    return f"waive my fine {fine['fine_id']}, it is unfair", (), (granted,)


def _other(scene: Scene) -> str:
    others: list[str] = [key for key in scene.state["members"] if key != scene.member]
    return scene.chance.choice(others)
