"""Where values of arguments come from, one by one."""

import json
from typing import Any

import pytest

from datagen.agentic.nouns import ToolCall, Turn
from datagen.agentic.verify.corpus import Corpus
from datagen.agentic.verify.grounding import trace

TOLD = [
    Turn(role="system", content="Fines above 10.00 forbid lending."),
    Turn(
        role="user",
        content="I am member M-1042. Book 15 liters on “The Quiet Harbour” for next Friday, round it.",
    ),
    Turn(role="assistant", content="M-7777 and 91.5 are my own words."),
    Turn(
        role="tool",
        content=json.dumps(
            {
                "today": "2026-05-04",
                "fines": [{"id": "F-2001", "amount": 4.5}, {"id": "F-2002", "amount": 3.25}],
                "name": "Amara O'Neill",
                "opens": "14:00",
            }
        ),
    ),
]


def source(value: Any, path: str = "value", turn: int = 4, **schema: Any) -> str:
    span, reason = trace(value, schema, path, Corpus(TOLD), turn)
    return span.source if span else reason


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("M-1042", "user"),
        ("m-1042", "user"),
        ("F-2001", "tool"),
        ("The Quiet Harbour", "user"),
        ("Quiet Harbour", "user"),
        ("Amara O’Neill", "tool"),
        (4.5, "tool"),
        (10, "system"),
        (7.75, "arithmetic"),
        (1.25, "arithmetic"),
        (3.96, "arithmetic"),
        ("2026-05-04", "tool"),
        ("2026-05-08", "arithmetic"),
        ("2 pm", "untraceable_text"),
        (True, "enum"),
        (None, "enum"),
        ("", "enum"),
        ("..", "default"),
    ],
)
def test_what_was_said_or_follows_from_it_is_traced(value: Any, expected: str) -> None:
    found = source(value)
    assert found == expected or (value == "2 pm" and found.startswith("untraceable"))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("M-7777", "untraceable_identifier"),
        ("M-104", "untraceable_identifier"),
        ("M-10421", "untraceable_identifier"),
        (91.5, "untraceable_number"),
        (4.51, "untraceable_number"),
        ("2026-11-30", "untraceable_date"),
        ("Gwendolyn Ashcombe", "untraceable_name"),
        ("someone@else.example", "untraceable_identifier"),
    ],
)
def test_what_nobody_said_is_not_traced(value: Any, reason: str) -> None:
    assert source(value) == reason


def test_the_agents_own_words_are_no_source() -> None:
    assert source("M-7777") == "untraceable_identifier"


def test_a_value_is_not_traced_to_what_came_after_the_call() -> None:
    assert source("F-2001", turn=3) == "untraceable_identifier"
    assert source("F-2001", turn=4) == "tool"


def test_an_identifier_is_no_arithmetic() -> None:
    assert source(7.75, path="fine_id") == "untraceable_identifier"


@pytest.mark.parametrize(
    ("words", "traced"),
    [
        ("Set it to minus 15 degrees.", True),
        ("Reduce it by 15.", True),
        ("Set it to -15.", True),
        ("I have 15 bags.", False),
        ("I have 15 bags of a lowly kind.", False),
    ],
)
def test_a_number_is_the_negative_of_what_was_said_where_that_is_meant(
    words: str, traced: bool
) -> None:
    span, _ = trace(-15, {}, "value", Corpus([Turn(role="user", content=words)]), 1)

    assert (span is not None) == traced


def test_defaults_and_options_are_sources() -> None:
    assert source("newest", default="newest") == "default"
    assert source("Riverside", enum=["Riverside", "Central"]) == "enum"
    assert source("driver", description="Which door: driver or passenger.") == "enum"
    assert source("F-9000", description="Such as F-9000.") == "untraceable_identifier"
    assert source(2, turn=1, description="Priority from 1 to 5.") == "enum"
    assert source(20, path="limit") == "default"


@pytest.mark.parametrize(
    ("text", "traced"),
    [
        ("books about gardening for beginners", True),
        ("please tell M-1042 that 4.5 is open", True),
        ("please tell M-4321 about it", False),
        ("they still owe 99.95", False),
        ("a note for Bartholomew Finch", False),
    ],
)
def test_a_text_of_ones_own_answers_for_its_facts(text: str, traced: bool) -> None:
    assert (source(text, path="message") != "untraceable_text") == traced


def test_a_megabyte_is_looked_up_in_bounded_time() -> None:
    assert source("x" * 1_000_000, path="name").startswith("untraceable")
    assert source("7" * 1_000_000, path="name").startswith("untraceable")


@pytest.mark.parametrize(
    ("words", "path", "traced"),
    [
        ("Show me the last line of it.", "lines", True),
        ("Show me the latest entry.", "lines", False),
        ("Show me its lines.", "lines", False),
        ("Send a copy to the press.", "numberOfCopies", False),
        ("Book a night in Graz.", "number_of_nights", False),
        ("Book one night in Graz.", "hotel.maxNights", True),
        ("There is an issue with the last item, so cancel all items.", "items", False),
        ("What a day. Show the history.", "days", False),
        ("Book the last line.", "line", False),
    ],
)
def test_one_is_meant_where_the_user_speaks_of_one(words: str, path: str, traced: bool) -> None:
    span, _ = trace(1, {}, path, Corpus([Turn(role="user", content=words)]), 1)

    assert (span is not None) == traced


def exchanged(
    value: float, answer: dict[str, float], tool: str = "exchange", asked: float = 2800
) -> bool:
    """Whether the value is traced after the user said 150, and a tool was asked and answered."""
    call = ToolCall(id="c1", name=tool, arguments={"value": asked, "to": "EUR"})
    turns = [
        Turn(role="user", content="It may cost some 150 euros."),
        Turn(role="assistant", tool_calls=(call,)),
        Turn(role="tool", tool_call_id="c1", content=json.dumps(answer), is_error="code" in answer),
    ]
    span, _ = trace(value, {}, "cost", Corpus(turns), 3)
    return span is not None


def test_a_tools_rate_exchanges_what_the_user_said() -> None:
    assert exchanged(187.5, {"exchanged_value": 2240})
    assert exchanged(120, {"exchanged_value": 2240})
    assert not exchanged(188.5, {"exchanged_value": 2240})
    assert not exchanged(187.5, {"exchanged_value": 2240, "fee": 1.5})
    assert not exchanged(45_000, {"balance": 2100}, "get_user", 7)
    assert not exchanged(555, {"total": 37}, "list_loans", 10)
    assert not exchanged(60_600, {"code": 404}, asked=1)
    assert not exchanged(987_654.321, {"exchanged_value": 5}, asked=1e-320)


def test_a_price_is_read_whatever_stands_behind_it() -> None:
    turns = [Turn(role="tool", content='{"text": "Revenue: $5000Expenses: $3,000Profit"}')]

    assert trace(5000, {}, "amount", Corpus(turns), 1)[0]
    assert trace(3000, {}, "amount", Corpus(turns), 1)[0]
    assert not trace(500, {}, "amount", Corpus(turns), 1)[0]


def test_a_parameter_takes_what_another_tool_says_of_its_name() -> None:
    corpus = Corpus([Turn(role="user", content="Raise it as far as it goes.")])
    made = "1 to 5 Options: open, closed"
    for value, source in ((5, "enum"), ("closed", "enum"), (7, None), ("ajar", None)):
        span, _ = trace(value, {}, "updates.state", corpus, 1, same=made)
        assert (span and span.source) == source
    assert trace("F-9", {}, "status", corpus, 1, same="either F-9 or F-8")[0] is None


def test_a_span_names_the_text_that_holds_the_words() -> None:
    assert source("O'Neill Amara") == "tool"
    assert source("harbour, the quiet", path="shelf") == "user"
    assert source("which books are late", path="query") == "agent"
    assert source("ask F-2001 about it", path="query") == "tool"
