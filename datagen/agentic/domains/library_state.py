"""Initial states of the library: a handful of members and books, with what they have to do with
each other, drawn from a seed.

Small, since every task carries its own: about 8 kB. Each state has what tasks need: members with
several loans, with holds, with fines below and above the limit, a loan whose renewals are used up,
a reference book."""

import random
from datetime import date, timedelta
from itertools import product

from datagen.agentic.domains.base import State

BRANCHES = ("Central", "Northgate", "Riverside", "Harbour")
METHODS = ("card", "cash", "transfer")
_FIRST = (
    "Amara Boris Chloe Dmitri Elena Farid Greta Hugo Ines Jonas Keiko Luca Mina Noor Oskar Petra "
    "Quentin Rosa Samir Tilda Umar Vera Willem Ximena Yusuf Zelda"
).split()
_LAST = (
    "Abbott Brandt Castillo Dupont Eriksen Farkas Greco Hansen Ivanov Jansen Kovacs Lindgren "
    "Moreau Novak Okafor Petrov Quist Rossi Schubert Tanaka Ueda Virtanen Weber Yildiz Zhang"
).split()
_HOW = "Quiet Copper Hidden Last Northern Salted Paper Glass Wandering Second Hollow Amber".split()
_WHAT = (
    "Harbour Orchard Lantern Compass Garden Railway Library Mountain Clockmaker Island Letter "
    "Meadow Winter Cathedral"
).split()
_SUBJECTS = ("history", "gardening", "astronomy", "cooking", "fiction", "travel", "chess", "music")
_REASONS = ("returned late", "damaged cover", "lost bookmark ribbon", "coffee stain")
MEMBERS, BOOKS = 6, 12
FIRST_DAY = date(2026, 1, 5)


def draw_state(seed: int) -> State:
    """A state; `today` lies in 2026."""
    chance = random.Random(f"library {seed}")
    today = FIRST_DAY + timedelta(days=chance.randrange(330))
    state: State = {
        "today": today.isoformat(),
        "members": {},
        "books": {},
        "loans": {},
        "holds": {},
        "fines": {},
        "branches": {},
    }
    _members(state, chance, today)
    _books(state, chance)
    for place, member in enumerate(state["members"]):
        _loans(state, chance, member, (3, 2, 3, 1, 2, 0)[place], today)
        _holds(state, chance, member, (2, 3, 0, 2, 1, 1)[place])
        _fines(state, chance, member, (1, 2, 0, 0, 3, 1)[place], much=place == 4)
    for place, branch in enumerate(BRANCHES):
        state["branches"][branch] = {
            "branch": branch,
            "opens": f"{8 + place % 3:02d}:{chance.choice(('00', '30'))}",
            "closes": f"{17 + place}:{chance.choice(('00', '15', '45'))}",
            "closed_on": chance.choice(("Sunday", "Monday", "Sunday and Monday")),
        }
    return state


def _ids(chance: random.Random, prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}" for number in chance.sample(range(1000, 10_000), count)]


def _members(state: State, chance: random.Random, today: date) -> None:
    firsts, lasts = chance.sample(_FIRST, MEMBERS), chance.sample(_LAST, MEMBERS)
    for key, first, last in zip(_ids(chance, "M-", MEMBERS), firsts, lasts, strict=True):
        state["members"][key] = {
            "member_id": key,
            "name": f"{first} {last}",
            "email": f"{first.lower()}.{last.lower()}@example.org",
            "phone": f"555-{chance.randrange(1000, 10_000)}",
            "owes": 0.0,
            "member_until": (today + timedelta(days=chance.randrange(30, 700))).isoformat(),
        }


def _books(state: State, chance: random.Random) -> None:
    titles = chance.sample([f"The {how} {what}" for how, what in product(_HOW, _WHAT)], BOOKS)
    for place, (key, title) in enumerate(zip(_ids(chance, "B-", BOOKS), titles, strict=True)):
        copies = chance.randrange(4, 9)
        state["books"][key] = {
            "book_id": key,
            "title": title,
            "author": f"{chance.choice(_FIRST)} {chance.choice(_LAST)}",
            "subject": _SUBJECTS[place % len(_SUBJECTS)],
            "shelf": f"{chance.choice('ABCDEF')}{chance.randrange(10, 60)}",
            "year": chance.randrange(1951, 2025),
            "copies": copies,
            "available": copies,
            "reference": place >= BOOKS - 2,
        }


def _loans(state: State, chance: random.Random, member: str, count: int, today: date) -> None:
    lendable = [
        book for book in state["books"].values() if not book["reference"] and book["available"] > 1
    ]
    dues = chance.sample(range(1, 20), count)
    for place, book in enumerate(chance.sample(lendable, count)):
        key = _free(state["loans"], chance, "L-")
        book["available"] -= 1
        state["loans"][key] = {
            "loan_id": key,
            "member_id": member,
            "book_id": book["book_id"],
            "title": book["title"],
            "due": (today + timedelta(days=dues[place])).isoformat(),
            "renewals": 2 if place == 2 else chance.randrange(2),
            "status": "out",
        }


def _holds(state: State, chance: random.Random, member: str, count: int) -> None:
    taken = {one["book_id"] for one in state["loans"].values()}
    free = [
        book
        for book in state["books"].values()
        if book["book_id"] not in taken and not book["reference"]
    ]
    for book in chance.sample(free, min(count, len(free))):
        key = _free(state["holds"], chance, "H-")
        state["holds"][key] = {
            "hold_id": key,
            "member_id": member,
            "book_id": book["book_id"],
            "title": book["title"],
            "branch": chance.choice(BRANCHES),
            "status": chance.choice(("waiting", "ready")),
        }


def _fines(state: State, chance: random.Random, member: str, count: int, *, much: bool) -> None:
    low, high = (8, 20) if much else (2, 9)
    amounts = [quarter / 4 * 2 for quarter in chance.sample(range(low, high), count)]
    for amount, reason in zip(amounts, chance.sample(_REASONS, count), strict=True):
        key = _free(state["fines"], chance, "F-")
        state["fines"][key] = {
            "fine_id": key,
            "member_id": member,
            "amount": amount,
            "reason": reason,
            "status": "unpaid",
            "paid_by": "",
        }
    state["members"][member]["owes"] = float(sum(amounts))


def _free(records: State, chance: random.Random, prefix: str) -> str:
    while (key := f"{prefix}{chance.randrange(1000, 10_000)}") in records:
        pass
    return key
