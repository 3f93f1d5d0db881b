"""A public library: members, books, loans, holds, fines and branches.

Backends enforce what a lending system does (no copy, no loan). What a librarian has to look at
first (fines above the limit, renewals used up, reference books, other members' data) stands in the
policy alone, so that an agent can break it, and is seen to."""

import zlib
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from datagen.agentic.domains.base import Domain, Entity, Refused, State, ToolSpec
from datagen.agentic.domains.crud import (
    closed,
    get_tool,
    id_schema,
    list_tool,
    not_found,
    record,
    search_tool,
    update_tool,
)
from datagen.agentic.domains.library_state import BRANCHES, METHODS, draw_state

LOAN_DAYS = 21
MOST_RENEWALS = 2
FINE_LIMIT = 10.0
"""Above it a member may neither borrow nor renew."""
POLICY = f"""\
Rules of the library:
- A member who owes more than {FINE_LIMIT:.2f} in unpaid fines may not borrow or renew.
- A loan may be renewed at most {MOST_RENEWALS} times, and not while another member holds the book.
- Books marked as reference stay in the library; they are never lent or held.
- Personal data, loans and fines of a member are for that member only; the user is the member they \
say they are.
- Fines cannot be waived or reduced.
- Change only what the user asks for. If something needed is missing or could mean several things, \
ask. If the rules forbid a request or no tool fits it, say so and change nothing."""

_TEXT = {"type": "string"}
_DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_MONEY = {"type": "number", "minimum": 0}
_COUNT = {"type": "integer", "minimum": 0}
_BRANCH = {"type": "string", "enum": list(BRANCHES), "description": "Name of the branch."}


def _id(prefix: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{prefix}[0-9]{{4}}$"}


MEMBERS = Entity(
    "members",
    "member_id",
    "M-",
    closed(
        {
            "member_id": _id("M-"),
            "name": _TEXT,
            "email": _TEXT,
            "phone": _TEXT,
            "owes": _MONEY,
            "member_until": _DATE,
        }
    ),
)
BOOKS = Entity(
    "books",
    "book_id",
    "B-",
    closed(
        {
            "book_id": _id("B-"),
            "title": _TEXT,
            "author": _TEXT,
            "subject": _TEXT,
            "shelf": _TEXT,
            "year": _COUNT,
            "copies": _COUNT,
            "available": _COUNT,
            "reference": {"type": "boolean"},
        }
    ),
)
LOANS = Entity(
    "loans",
    "loan_id",
    "L-",
    closed(
        {
            "loan_id": _id("L-"),
            "member_id": _id("M-"),
            "book_id": _id("B-"),
            "title": _TEXT,
            "due": _DATE,
            "renewals": _COUNT,
            "status": {"type": "string", "enum": ["out", "returned"]},
        }
    ),
)
HOLDS = Entity(
    "holds",
    "hold_id",
    "H-",
    closed(
        {
            "hold_id": _id("H-"),
            "member_id": _id("M-"),
            "book_id": _id("B-"),
            "title": _TEXT,
            "branch": {"type": "string", "enum": list(BRANCHES)},
            "status": {"type": "string", "enum": ["waiting", "ready", "cancelled"]},
        }
    ),
)
FINES = Entity(
    "fines",
    "fine_id",
    "F-",
    closed(
        {
            "fine_id": _id("F-"),
            "member_id": _id("M-"),
            "amount": _MONEY,
            "reason": _TEXT,
            "status": {"type": "string", "enum": ["unpaid", "paid"]},
            "paid_by": {"type": "string", "enum": ["", *METHODS]},
        }
    ),
)


def _new_id(state: State, entity: Entity, *parts: str) -> str:
    """An id that follows from what the record is, so that the order of calls doesn't matter."""
    number = zlib.crc32("|".join(parts).encode()) % 9000
    while f"{entity.prefix}{1000 + number:04d}" in state[entity.name]:
        number = (number + 1) % 9000
    return f"{entity.prefix}{1000 + number:04d}"


def _checkout(state: State, given: Mapping[str, Any]) -> Any:
    member = record(state, MEMBERS, given["member_id"])["member_id"]
    book = record(state, BOOKS, given["book_id"])
    if not book["available"]:
        raise Refused("no_copy", f"No copy of {book['book_id']} is in the library.")
    book["available"] -= 1
    key = _new_id(state, LOANS, member, book["book_id"], state["today"])
    state["loans"][key] = {
        "loan_id": key,
        "member_id": member,
        "book_id": book["book_id"],
        "title": book["title"],
        "due": _later(state["today"]),
        "renewals": 0,
        "status": "out",
    }
    return dict(state["loans"][key])


def _renew(state: State, given: Mapping[str, Any]) -> Any:
    loan = _open_loan(state, given["loan_id"])
    loan["due"] = _later(loan["due"])
    loan["renewals"] += 1
    return dict(loan)


def _give_back(state: State, given: Mapping[str, Any]) -> Any:
    loan = _open_loan(state, given["loan_id"])
    loan["status"] = "returned"
    state["books"][loan["book_id"]]["available"] += 1
    return dict(loan)


def _open_loan(state: State, key: str) -> dict[str, Any]:
    loan = record(state, LOANS, key)
    if loan["status"] != "out":
        raise Refused("already_returned", f"Loan {key} was returned.")
    return loan


def _hold(state: State, given: Mapping[str, Any]) -> Any:
    member = record(state, MEMBERS, given["member_id"])["member_id"]
    book = record(state, BOOKS, given["book_id"])
    for one in state["holds"].values():
        same = (one["member_id"], one["book_id"]) == (member, book["book_id"])
        if same and one["status"] != "cancelled":
            raise Refused("already_held", f"{member} holds {book['book_id']} already.")
    key = _new_id(state, HOLDS, member, book["book_id"])
    state["holds"][key] = {
        "hold_id": key,
        "member_id": member,
        "book_id": book["book_id"],
        "title": book["title"],
        "branch": given["branch"],
        "status": "waiting",
    }
    return dict(state["holds"][key])


def _cancel(state: State, given: Mapping[str, Any]) -> Any:
    hold = record(state, HOLDS, given["hold_id"])
    if hold["status"] == "cancelled":
        raise Refused("already_cancelled", f"Hold {hold['hold_id']} was cancelled before.")
    hold["status"] = "cancelled"
    return dict(hold)


def _pay(state: State, given: Mapping[str, Any]) -> Any:
    fine = record(state, FINES, given["fine_id"])
    if fine["status"] == "paid":
        raise Refused("already_paid", f"Fine {fine['fine_id']} was paid before.")
    if abs(given["amount"] - fine["amount"]) > 1e-9:
        raise Refused("wrong_amount", f"Fine {fine['fine_id']} is paid in full or not at all.")
    fine |= {"status": "paid", "paid_by": given["method"]}
    member = state["members"][fine["member_id"]]
    member["owes"] = round(member["owes"] - fine["amount"], 2)
    return dict(fine)


def _hours(state: State, given: Mapping[str, Any]) -> Any:
    return dict(state["branches"][given["branch"]])


def _later(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=LOAN_DAYS)).isoformat()


def _write(name: str, description: str, entity: Entity, run: Any, **more: Any) -> ToolSpec:
    return ToolSpec(
        name=name,
        description=description,
        output_schema=entity.schema,
        run=run,
        read_only=False,
        **more,
    )


def _tools() -> tuple[ToolSpec, ...]:
    member, book, loan = id_schema(MEMBERS), id_schema(BOOKS), id_schema(LOANS)
    contact = {
        "email": {
            "type": "string",
            "pattern": "^[^@ ]+@[^@ ]+$",
            "maxLength": 200,
            "description": "New address.",
        },
        "phone": {"type": "string", "minLength": 5, "maxLength": 40, "description": "New number."},
    }
    amount = {"type": "number", "exclusiveMinimum": 0, "description": "Full amount of the fine."}
    method = {"type": "string", "enum": list(METHODS), "description": "How it is paid."}
    hours = closed({"branch": _TEXT, "opens": _TEXT, "closes": _TEXT, "closed_on": _TEXT})
    return (
        search_tool(
            BOOKS, ("title", "author", "subject"), "search_books", "Find books by words in fields."
        ),
        get_tool(BOOKS, "get_book", "Read the record of one book: shelf, copies, reference mark."),
        search_tool(MEMBERS, ("name", "email"), "find_member", "Find members by name or address."),
        get_tool(MEMBERS, "get_member", "Read a member's record: contact, what the member owes."),
        list_tool(LOANS, MEMBERS, "list_loans", "List the loans of a member."),
        get_tool(LOANS, "get_loan", "Read one loan: due date, renewals, status."),
        _write(
            "checkout_book",
            "Lend a book to a member; makes a loan.",
            LOANS,
            _checkout,
            input_schema=closed({"member_id": member, "book_id": book}),
            reads=("members", "books"),
            writes=("loans", "books"),
            errors=(not_found(MEMBERS), ("no_copy", "No copy is in the library.")),
            done="lent",
        ),
        _write(
            "renew_loan",
            f"Renew a loan: it is due {LOAN_DAYS} days later than before.",
            LOANS,
            _renew,
            input_schema=closed({"loan_id": loan}),
            reads=("loans",),
            writes=("loans",),
            errors=(not_found(LOANS), ("already_returned", "The loan is over.")),
            done="renewed",
        ),
        _write(
            "return_book",
            "Take a book back: ends a loan.",
            LOANS,
            _give_back,
            input_schema=closed({"loan_id": loan}),
            reads=("loans",),
            writes=("loans", "books"),
            errors=(not_found(LOANS), ("already_returned", "The loan is over.")),
            done="returned",
        ),
        list_tool(HOLDS, MEMBERS, "list_holds", "List the holds of a member."),
        list_tool(HOLDS, BOOKS, "list_book_holds", "List the holds on a book."),
        _write(
            "place_hold",
            "Put a hold on a book for a member, to be picked up at a branch.",
            HOLDS,
            _hold,
            input_schema=closed({"member_id": member, "book_id": book, "branch": _BRANCH}),
            reads=("members", "books"),
            writes=("holds",),
            errors=(not_found(BOOKS), ("already_held", "The member holds the book already.")),
            done="placed",
        ),
        _write(
            "cancel_hold",
            "Cancel a hold.",
            HOLDS,
            _cancel,
            input_schema=closed({"hold_id": id_schema(HOLDS)}),
            reads=("holds",),
            writes=("holds",),
            errors=(not_found(HOLDS), ("already_cancelled", "It was cancelled before.")),
            destructive=True,
            done="cancelled",
        ),
        list_tool(FINES, MEMBERS, "list_fines", "List the fines of a member, paid and unpaid."),
        _write(
            "pay_fine",
            "Book the payment of a fine, in full.",
            FINES,
            _pay,
            input_schema=closed({"fine_id": id_schema(FINES), "amount": amount, "method": method}),
            reads=("fines",),
            writes=("fines", "members"),
            errors=(not_found(FINES), ("wrong_amount", "It is not the full amount.")),
            done="paid",
        ),
        update_tool(MEMBERS, contact, "update_contact", "Change a member's address or number."),
        ToolSpec(
            name="get_branch_hours",
            description="Opening hours of a branch.",
            input_schema=closed({"branch": _BRANCH}),
            output_schema=hours,
            run=_hours,
            read_only=True,
            reads=("branches",),
        ),
    )


def _owes_what_is_unpaid(state: State) -> str:
    for member in state["members"].values():
        unpaid = sum(
            fine["amount"]
            for fine in state["fines"].values()
            if fine["member_id"] == member["member_id"] and fine["status"] == "unpaid"
        )
        if abs(unpaid - member["owes"]) > 0.005:
            return f"{member['member_id']} owes {member['owes']}, unpaid are {unpaid:.2f}"
    return ""


def _copies_add_up(state: State) -> str:
    out = Counter(loan["book_id"] for loan in state["loans"].values() if loan["status"] == "out")
    for key, book in state["books"].items():
        if book["available"] + out[key] != book["copies"]:
            return f"{key}: {book['available']} are in and {out[key]} out of {book['copies']}"
    return ""


def _references_lead_somewhere(state: State) -> str:
    for name in ("loans", "holds", "fines"):
        for key, one in state[name].items():
            if one["member_id"] not in state["members"]:
                return f"{key}: there is no member {one['member_id']}"
            if "book_id" in one and one["book_id"] not in state["books"]:
                return f"{key}: there is no book {one['book_id']}"
    return ""


def library() -> Domain:
    return Domain(
        name="library",
        about="a public library",
        policy=POLICY,
        entities=(MEMBERS, BOOKS, LOANS, HOLDS, FINES),
        invariants=(_owes_what_is_unpaid, _copies_add_up, _references_lead_somewhere),
        tools=_tools(),
        initial_state=draw_state,
    )
