"""The user simulator: reveals what it is asked for, invents nothing, and its failures are seen."""

import json

import pytest
from agentic_fakes import Asked, said, task

from datagen.agentic.nouns import Persona
from datagen.agentic.users.modelled import ModelledUser
from datagen.agentic.users.moves import Move, UserFault, fault_of
from datagen.agentic.users.ruled import move

OPENING = "I want to keep a book longer."
TOOLS = ["renew_loan", "find_member", "search"]


def modelled(*answers: str) -> tuple[ModelledUser, Asked]:
    user = ModelledUser(attempts=3, temperature=0.8, max_tokens=100, tools=TOOLS)
    return user, Asked(answers)


def move_json(message: str, *, finished: bool = False) -> str:
    return json.dumps({"finished": finished, "message": message})


@pytest.mark.parametrize(
    ("question", "revealed", "hidden"),
    [
        ("What is your member id?", ["M-204"], ["Dune", "ada@"]),
        ("Which book do you mean? Please give its title.", ["Dune"], ["M-204", "ada@"]),
        ("Please provide your email and member number.", ["ada@example.org", "M-204"], ["Dune"]),
    ],
)
def test_a_user_by_rule_reveals_what_it_is_asked_for_and_no_more(
    question: str, revealed: list[str], hidden: list[str]
) -> None:
    answer = move(task(), said(OPENING, question))

    assert all(value in answer.message for value in revealed)
    assert not any(value in answer.message for value in hidden)


@pytest.mark.parametrize(
    "words", ["Your loan is extended.", "I can't do that, sorry.", "Done. Anything else?"]
)
def test_a_user_by_rule_goes_when_the_agent_has_reported(words: str) -> None:
    assert move(task(), said(OPENING, words)).finished


def test_a_user_by_rule_says_the_next_thing_it_knows_when_the_question_is_open() -> None:
    answer = move(task(), said(OPENING, "Could you give me more details?"))

    assert "M-204" in answer.message


def test_a_user_by_rule_that_is_asked_on_and_on_goes_at_last() -> None:
    conversation = said(OPENING, "What colour is it?")
    unknowing = task(known={})
    for _ in range(10):
        answer = move(unknowing, conversation)
        if answer.finished:
            break
        conversation += said(answer.message, "What colour is it?")
    assert answer.finished
    assert len(conversation) < 12


@pytest.mark.parametrize(
    "style", ["terse", "formal", "rambling", "hurried", "friendly", "hesitant", "unheard of"]
)
def test_no_move_by_rule_counts_as_a_fault(style: str) -> None:
    asked = task(persona=Persona(name="x", style=style))
    for question in ("Your member id?", "Shall I go on?", "What colour?", "Done."):
        conversation = said(OPENING, question)
        assert fault_of(asked, conversation, move(asked, conversation), TOOLS) is None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "user_empty"),
        ("My member id is M-205.", "user_contradiction"),
        ("Please also pay my fine of 12.50.", "user_invention"),
        ("Write to eve@example.org.", "user_contradiction"),
        ("Please call renew_loan for me.", "user_leak"),
        ('{"name": "renew", "arguments": {}}', "user_leak"),
        ("I am M-204, the book is Dune and I read mail at ada@example.org.", "user_leak"),
        ("How can I help you today?", "user_role_flip"),
        ("Assistant: it is done.", "user_role_flip"),
        (OPENING, "user_repeats"),
    ],
)
def test_what_a_simulated_user_does_wrong_has_a_name(message: str, reason: str) -> None:
    found = fault_of(task(), said(OPENING, "How may it be?"), Move(message, False), TOOLS)

    assert found is not None
    assert found.reason == reason


def test_a_user_that_goes_while_the_agent_waits_stops_early() -> None:
    conversation = said(OPENING, "What is your member id?")

    early = fault_of(task(), conversation, Move("", True), TOOLS)
    late = fault_of(
        task(),
        said(OPENING, "What is your member id?", "M-204", "What is your member id, again?"),
        Move("", True),
        TOOLS,
    )

    assert early is not None
    assert early.reason == "user_stopped_early"
    assert late is None


@pytest.mark.parametrize(
    "message",
    [
        "It's M-204.",
        "My email is ada@example.org, thanks.",
        "I don't know that, sorry.",
        "Please search for it.",
    ],
)
def test_what_a_user_may_say_is_no_fault(message: str) -> None:
    asked = "Could you tell me your member id or email?"
    assert fault_of(task(), said(OPENING, asked), Move(message, False), TOOLS) is None


async def test_a_faulty_move_is_asked_for_again_with_another_seed() -> None:
    user, ask = modelled(move_json("My id is M-999."), "no json", move_json("It is M-204."))

    answer, faults = await user.reply(
        task(), said(OPENING, "What is your member id?"), row="r", seed=1, ask=ask
    )

    assert answer == Move("It is M-204.", False)
    assert [fault.reason for fault in faults] == ["user_contradiction", "user_broken_json"]
    assert len({request.sampling.seed for _, request in ask.requests}) == 3
    assert {role for role, _ in ask.requests} == {"user"}


async def test_a_user_that_fails_for_good_is_said_to() -> None:
    user, ask = modelled(move_json("x" * 5000))

    answer, faults = await user.reply(task(), said(OPENING, "Yes?"), row="r", seed=1, ask=ask)

    assert isinstance(answer, UserFault)
    assert len(faults) == 3


async def test_the_user_sees_no_tools_and_no_results() -> None:
    user, ask = modelled(move_json("Thanks."))
    conversation = said(OPENING, "One moment?")
    conversation[1] = conversation[1].model_copy(update={"role": "tool", "content": "SECRET"})
    conversation += said("x", "Well?")[1:]

    await user.reply(task(), conversation, row="r", seed=1, ask=ask)

    shown = "\n".join(message.content for message in ask.requests[0][1].messages)
    assert "SECRET" not in shown
    assert "M-204" in shown
