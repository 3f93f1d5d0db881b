"""Pieces of library tasks: one wish of a member each, with the calls that fulfil it.

A piece is drawn for a member of a state, by id (`direct`) or by title, reason and the like
(`named`, which needs a look-up). Each keeps to the policy, so that an agent may do it. A piece that
can be said vaguely names the one fact that is then missing."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datagen.agentic.domains.base import State
from datagen.agentic.domains.library import FINE_LIMIT, MOST_RENEWALS
from datagen.agentic.domains.library_state import BRANCHES, METHODS
from datagen.agentic.domains.pieces import Piece
from datagen.agentic.nouns import Call

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a piece is drawn: a state, and the member who wishes."""

    state: State
    member: str
    chance: random.Random

    def mine(self, collection: str) -> list[Record]:
        return [r for r in self.state[collection].values() if r["member_id"] == self.member]

    def one(self, records: list[Record]) -> Record | None:
        return self.chance.choice(records) if records else None

    def out(self) -> list[Record]:
        return [loan for loan in self.mine("loans") if loan["status"] == "out"]

    def renewable(self) -> list[Record]:
        if self.state["members"][self.member]["owes"] > FINE_LIMIT:
            return []
        return [
            loan
            for loan in self.out()
            if loan["renewals"] < MOST_RENEWALS and not self.held_by_others(loan["book_id"])
        ]

    def held_by_others(self, book: str) -> bool:
        return any(
            hold["book_id"] == book
            and hold["member_id"] != self.member
            and hold["status"] != "cancelled"
            for hold in self.state["holds"].values()
        )

    def lendable(self) -> list[Record]:
        """Books that the member may borrow or hold, and neither has nor holds."""
        taken = {r["book_id"] for r in (*self.out(), *self.mine("holds"))}
        return [
            book
            for book in self.state["books"].values()
            if not book["reference"] and book["available"] and book["book_id"] not in taken
        ]

    def may_borrow(self) -> bool:
        return bool(self.state["members"][self.member]["owes"] <= FINE_LIMIT)


Draw = Callable[[Scene], Piece | None]


def _loan_due(scene: Scene) -> Piece | None:
    loan = scene.one(scene.out())
    if loan is None:
        return None
    return Piece(
        f"tell me when my loan {loan['loan_id']} is due",
        (Call(name="get_loan", arguments={"loan_id": loan["loan_id"]}),),
        (loan["due"],),
        "tell me when one of my loans is due",
        {"loan": loan["loan_id"]} if len(scene.out()) > 1 else {},
    )


def _shelf(scene: Scene) -> Piece | None:
    book = scene.one(list(scene.state["books"].values()))
    assert book is not None
    return Piece(
        f"tell me on which shelf book {book['book_id']} stands",
        (Call(name="get_book", arguments={"book_id": book["book_id"]}),),
        (book["shelf"],),
        "tell me on which shelf a book stands",
        {"book": book["book_id"]},
    )


def _renew(scene: Scene) -> Piece | None:
    loan = scene.one(scene.renewable())
    if loan is None:
        return None
    return Piece(
        f"renew my loan {loan['loan_id']}",
        (Call(name="renew_loan", arguments={"loan_id": loan["loan_id"]}),),
        vague="renew one of my loans",
        missing={"loan": loan["loan_id"]} if len(scene.out()) > 1 else {},
    )


def _return(scene: Scene) -> Piece | None:
    loan = scene.one(scene.out())
    if loan is None:
        return None
    return Piece(
        f"take back the book of my loan {loan['loan_id']}",
        (Call(name="return_book", arguments={"loan_id": loan["loan_id"]}),),
        vague="take back one of the books that I have out",
        missing={"loan": loan["loan_id"]} if len(scene.out()) > 1 else {},
    )


def _pay(scene: Scene) -> Piece | None:
    fine = scene.one(scene.mine("fines"))
    if fine is None:
        return None
    method = scene.chance.choice(METHODS)
    said = f"book the payment of my fine {fine['fine_id']} over {fine['amount']:.2f}"
    arguments = {"fine_id": fine["fine_id"], "amount": fine["amount"], "method": method}
    return Piece(
        f"{said}, paid by {method}",
        (Call(name="pay_fine", arguments=arguments),),
        vague=said,
        missing={"payment_method": method},
        about="fines",
    )


def _cancel(scene: Scene) -> Piece | None:
    held = [hold for hold in scene.mine("holds") if hold["status"] != "cancelled"]
    hold = scene.one(held)
    if hold is None:
        return None
    return Piece(
        f"cancel my hold {hold['hold_id']}",
        (Call(name="cancel_hold", arguments={"hold_id": hold["hold_id"]}),),
        vague="cancel one of my holds",
        missing={"hold": hold["hold_id"]} if len(held) > 1 else {},
    )


def _email(scene: Scene) -> Piece | None:
    name = scene.state["members"][scene.member]["name"].split()[0].lower()
    number = scene.chance.randrange(10, 100)
    email = f"{name}{number}@{scene.chance.choice(('mail', 'post', 'inbox'))}.example"
    arguments = {"member_id": scene.member, "email": email}
    return Piece(
        f"change the email address of my account to {email}",
        (Call(name="update_contact", arguments=arguments),),
        vague="change the email address of my account",
        missing={"email": email},
        identified=True,
        about="contact",
    )


def _phone(scene: Scene) -> Piece | None:
    phone = f"555-{scene.chance.randrange(1000, 10_000)}"
    arguments = {"member_id": scene.member, "phone": phone}
    return Piece(
        f"change the phone number of my account to {phone}",
        (Call(name="update_contact", arguments=arguments),),
        vague="change the phone number of my account",
        missing={"phone_number": phone},
        identified=True,
        about="contact",
    )


def _hold(scene: Scene) -> Piece | None:
    book = scene.one(scene.lendable())
    if book is None:
        return None
    branch = scene.chance.choice(BRANCHES)
    arguments = {"member_id": scene.member, "book_id": book["book_id"], "branch": branch}
    said = f"put a hold on book {book['book_id']} for me"
    return Piece(
        f"{said}, to be picked up at the {branch} branch",
        (Call(name="place_hold", arguments=arguments),),
        vague=said,
        missing={"branch": branch},
        identified=True,
    )


def _borrow(scene: Scene) -> Piece | None:
    book = scene.one(scene.lendable())
    if book is None or not scene.may_borrow():
        return None
    arguments = {"member_id": scene.member, "book_id": book["book_id"]}
    return Piece(
        f"check out book {book['book_id']} for me",
        (Call(name="checkout_book", arguments=arguments),),
        vague="check out a book for me",
        missing={"book": book["book_id"]},
        identified=True,
    )


def _hours(scene: Scene) -> Piece | None:
    branch = scene.chance.choice(BRANCHES)
    hours = scene.state["branches"][branch]
    which = scene.chance.choice(("opens", "closes"))
    return Piece(
        f"tell me when the {branch} branch {which}",
        (Call(name="get_branch_hours", arguments={"branch": branch}),),
        (hours[which],),
        f"tell me when your branch {which}",
        {"branch": branch},
    )


def _owes(scene: Scene) -> Piece | None:
    member = scene.state["members"][scene.member]
    return Piece(
        "tell me how much I owe in total",
        (Call(name="get_member", arguments={"member_id": scene.member}),),
        (f"{member['owes']:.2f}",),
        identified=True,
        about="fines",
    )


def _title_due(scene: Scene) -> Piece | None:
    loan = scene.one(scene.out())
    if loan is None:
        return None
    return Piece(
        f"tell me when “{loan['title']}” is due, which I have out",
        (Call(name="list_loans", arguments={"member_id": scene.member}),),
        (loan["due"],),
        "tell me when one of the books I have out is due",
        {"title": loan["title"]} if len(scene.out()) > 1 else {},
        identified=True,
        about=loan["loan_id"],
    )


def _title_loan(scene: Scene, tool: str, verb: str, loans: list[Record]) -> Piece | None:
    loan = scene.one(loans)
    if loan is None:
        return None
    return Piece(
        f"{verb} “{loan['title']}”, which I have out",
        (
            Call(name="list_loans", arguments={"member_id": scene.member}),
            Call(name=tool, arguments={"loan_id": loan["loan_id"]}),
        ),
        vague=f"{verb} one of the books that I have out",
        missing={"title": loan["title"]} if len(scene.out()) > 1 else {},
        identified=True,
        before=(("list_loans", tool),),
    )


def _title_renew(scene: Scene) -> Piece | None:
    return _title_loan(scene, "renew_loan", "renew", scene.renewable())


def _title_return(scene: Scene) -> Piece | None:
    return _title_loan(scene, "return_book", "take back", scene.out())


def _title_cancel(scene: Scene) -> Piece | None:
    held = [hold for hold in scene.mine("holds") if hold["status"] != "cancelled"]
    hold = scene.one(held)
    if hold is None:
        return None
    return Piece(
        f"cancel my hold on “{hold['title']}”",
        (
            Call(name="list_holds", arguments={"member_id": scene.member}),
            Call(name="cancel_hold", arguments={"hold_id": hold["hold_id"]}),
        ),
        vague="cancel one of my holds",
        missing={"title": hold["title"]} if len(held) > 1 else {},
        identified=True,
    )


def _reason_pay(scene: Scene) -> Piece | None:
    fine = scene.one(scene.mine("fines"))
    if fine is None:
        return None
    method = scene.chance.choice(METHODS)
    arguments = {"fine_id": fine["fine_id"], "amount": fine["amount"], "method": method}
    said = f"book the payment of my fine for “{fine['reason']}”"
    return Piece(
        f"{said}, paid by {method}",
        (
            Call(name="list_fines", arguments={"member_id": scene.member}),
            Call(name="pay_fine", arguments=arguments),
        ),
        vague=said,
        missing={"payment_method": method},
        identified=True,
        before=(("list_fines", "pay_fine"),),
        about="fines",
    )


def _loan_book(scene: Scene) -> Piece | None:
    loan = scene.one(scene.out())
    if loan is None:
        return None
    book = scene.state["books"][loan["book_id"]]
    which, said = scene.chance.choice((("author", "who wrote"), ("shelf", "on which shelf stands")))
    return Piece(
        f"tell me {said} the book of my loan {loan['loan_id']}",
        (
            Call(name="get_loan", arguments={"loan_id": loan["loan_id"]}),
            Call(name="get_book", arguments={"book_id": loan["book_id"]}),
        ),
        (book[which],),
        f"tell me {said} the book of one of my loans",
        {"loan": loan["loan_id"]} if len(scene.out()) > 1 else {},
    )


def _title_hold(scene: Scene) -> Piece | None:
    book = scene.one(scene.lendable())
    if book is None:
        return None
    branch = scene.chance.choice(BRANCHES)
    arguments = {"member_id": scene.member, "book_id": book["book_id"], "branch": branch}
    said = f"put a hold on “{book['title']}” for me"
    return Piece(
        f"{said}, to be picked up at the {branch} branch",
        (
            Call(name="search_books", arguments={"title": book["title"]}),
            Call(name="place_hold", arguments=arguments),
        ),
        vague=said,
        missing={"branch": branch},
        identified=True,
    )


def _title_borrow(scene: Scene) -> Piece | None:
    book = scene.one(scene.lendable())
    if book is None or not scene.may_borrow():
        return None
    arguments = {"member_id": scene.member, "book_id": book["book_id"]}
    return Piece(
        f"check out “{book['title']}” for me",
        (
            Call(name="search_books", arguments={"title": book["title"]}),
            Call(name="checkout_book", arguments=arguments),
        ),
        vague="check out a book for me",
        missing={"title": book["title"]},
        identified=True,
    )


def _title_shelf(scene: Scene) -> Piece | None:
    book = scene.one(list(scene.state["books"].values()))
    assert book is not None
    return Piece(
        f"tell me on which shelf “{book['title']}” stands",
        (Call(name="search_books", arguments={"title": book["title"]}),),
        (book["shelf"],),
        "tell me on which shelf a book stands",
        {"title": book["title"]},
    )


def _hold_branch(scene: Scene) -> Piece | None:
    hold = scene.one([hold for hold in scene.mine("holds") if hold["status"] != "cancelled"])
    if hold is None:
        return None
    return Piece(
        f"tell me at which branch my hold on “{hold['title']}” will be",
        (Call(name="list_holds", arguments={"member_id": scene.member}),),
        (hold["branch"],),
        identified=True,
        about=hold["hold_id"],
    )


DIRECT: tuple[Draw, ...] = (
    _loan_due, _shelf, _renew, _return, _pay, _cancel, _email, _phone, _hold, _borrow, _hours,
    _owes, _title_due, _title_shelf, _hold_branch,
)  # fmt: skip
"""One call each."""
NAMED: tuple[Draw, ...] = (
    _title_renew, _title_return, _title_cancel, _reason_pay, _title_hold, _title_borrow,
    _loan_book,
)  # fmt: skip
"""Two calls each, the second of which needs the first."""
LOOKUPS: tuple[Draw, ...] = (_title_due, _hold_branch, _owes)
"""One call each that needs the member's id."""
