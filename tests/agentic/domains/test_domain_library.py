"""The library that ships keeps its books in order."""

import json

import pytest

from datagen.agentic.domains import domain_names, load_domain
from datagen.agentic.environment.compiled import CompiledEnvironment, state_fault
from datagen.agentic.nouns import ToolCall
from datagen.agentic.tools.quality import schema_fault
from datagen.errors import RecipeError

LIBRARY = load_domain("library")


def called(environment: CompiledEnvironment, name: str, **arguments: object) -> dict[str, object]:
    result = environment.answer_now(ToolCall(id="c", name=name, arguments=dict(arguments)))
    found: dict[str, object] = json.loads(result.content)
    return found


def test_an_unknown_domain_is_one_line() -> None:
    with pytest.raises(RecipeError, match=r"no domain bakery \(there are: library\)") as raised:
        load_domain("bakery")
    assert "\n" not in str(raised.value)
    assert domain_names() == ["library"]


def test_initial_states_keep_the_rules() -> None:
    for seed in range(2_000):
        assert state_fault(LIBRARY, LIBRARY.initial_state(seed), touched=()) == ""
    for seed in range(40):
        assert state_fault(LIBRARY, LIBRARY.initial_state(seed)) == ""


@pytest.mark.parametrize("seed", range(5))
def test_an_initial_state_follows_from_its_seed(seed: int) -> None:
    state = LIBRARY.initial_state(seed)
    assert state == LIBRARY.initial_state(seed)
    assert state != LIBRARY.initial_state(seed + 1)
    assert json.loads(json.dumps(state)) == state


def test_tools_are_rows_of_the_repository() -> None:
    rows = LIBRARY.rows()
    assert len({row.id for row in rows}) == len(rows) >= 12
    for row, tool in zip(rows, LIBRARY.tools, strict=True):
        assert row.name == tool.name
        assert schema_fault(json.loads(row.input_schema)) is None
        assert schema_fault(json.loads(row.output_schema)) is None
        assert json.loads(row.annotations)["readOnlyHint"] == (not row.writes)
        assert all(set(error) == {"code", "when"} for error in json.loads(row.errors))
        assert row.fixes == []
        assert row.licence == "Apache-2.0"


def test_lending_takes_a_copy_and_bringing_back_gives_it() -> None:
    state = LIBRARY.initial_state(1)
    environment = CompiledEnvironment(LIBRARY, state)
    member = next(iter(state["members"]))
    book = next(key for key, one in state["books"].items() if not one["reference"])
    loan = called(environment, "checkout_book", member_id=member, book_id=book)
    assert environment.state["books"][book]["available"] == state["books"][book]["available"] - 1
    called(environment, "return_book", loan_id=loan["loan_id"])
    assert environment.state["books"][book] == state["books"][book]


def test_the_last_copy_can_be_lent_once() -> None:
    state = LIBRARY.initial_state(1)
    members = list(state["members"])
    book = next(iter(state["books"]))
    out = [loan for loan in state["loans"].values() if loan["book_id"] == book]
    state["books"][book] |= {"available": 1, "copies": len(out) + 1}
    environment = CompiledEnvironment(LIBRARY, state)
    called(environment, "checkout_book", member_id=members[0], book_id=book)
    second = called(environment, "checkout_book", member_id=members[1], book_id=book)
    assert second["error"]["code"] == "no_copy"  # type: ignore[index]


def test_a_fine_is_paid_in_full_once_and_no_longer_owed() -> None:
    state = LIBRARY.initial_state(1)
    fine = next(iter(state["fines"].values()))
    environment = CompiledEnvironment(LIBRARY, state)
    given = {"fine_id": fine["fine_id"], "method": "cash"}
    wrong = called(environment, "pay_fine", amount=fine["amount"] + 1, **given)
    called(environment, "pay_fine", amount=fine["amount"], **given)
    again = called(environment, "pay_fine", amount=fine["amount"], **given)
    assert wrong["error"]["code"] == "wrong_amount"  # type: ignore[index]
    assert again["error"]["code"] == "already_paid"  # type: ignore[index]
    before = state["members"][fine["member_id"]]["owes"]
    after = environment.state["members"][fine["member_id"]]["owes"]
    assert after == pytest.approx(before - fine["amount"])


def test_the_order_of_calls_doesn_t_decide_where_they_lead() -> None:
    state = LIBRARY.initial_state(4)
    member = next(iter(state["members"]))
    held = {hold["book_id"] for hold in state["holds"].values() if hold["member_id"] == member}
    books = [key for key in state["books"] if key not in held][:3]
    ends = []
    for order in (books, books[::-1]):
        environment = CompiledEnvironment(LIBRARY, state)
        for book in order:
            called(environment, "place_hold", member_id=member, book_id=book, branch="Central")
        ends.append(environment.state)
    assert ends[0] == ends[1]


def test_every_declared_error_of_a_tool_is_one_it_can_give() -> None:
    for tool in LIBRARY.tools:
        codes = [code for code, _ in tool.errors]
        assert len(set(codes)) == len(codes)
        if tool.name.startswith(("get_", "list_")) and "branch" not in tool.name:
            assert "not_found" in codes
