"""A small task, its agent, and an `ask` that answers from a list."""

from collections.abc import Callable, Sequence
from typing import Any

from datagen.agentic.nouns import AgentSpec, Assertion, Call, Persona, Rubric, Task, Turn
from datagen.engines.base import Completion, Request


def task(**more: Any) -> Task:
    values: dict[str, Any] = {
        "id": "t1",
        "agent_id": "a1",
        "domain": "library",
        "kind": "clarify",
        "tier": "single",
        "request": "Extend the loan of one of my books.",
        "opening": "I want to keep a book longer.",
        "persona": Persona(name="a lawyer", style="formal", patience=4),
        "known": {"member_id": "M-204", "book_title": "Dune", "email": "ada@example.org"},
        "initial_state": {"loans": {"L-7": {"renewals": 0}}},
        "reference": (Call(name="renew_loan", arguments={"loan_id": "L-7"}),),
        "goal": (Assertion(path=("loans", "L-7", "renewals"), value=1),),
        "rubric": Rubric(success=("The loan is extended.",)),
    }
    return Task(**(values | more))


def agent(**more: Any) -> AgentSpec:
    values: dict[str, Any] = {
        "id": "a1",
        "role": "assistant",
        "expertise": "",
        "behaviour": "",
        "system_prompt": "You lend books.",
        "tools": (),
        "core": (),
    }
    return AgentSpec(**(values | more))


def said(*texts: str) -> list[Turn]:
    """A conversation: the user begins, both take turns."""
    roles = ("user", "assistant")
    return [
        Turn(role=roles[number % 2], content=text)  # type: ignore[arg-type]
        for number, text in enumerate(texts)
    ]


class Asked:
    """An `ask` that gives one answer after the other, the last one for good."""

    def __init__(self, answers: Sequence[str | Completion] | Callable[[Request], Any]) -> None:
        self.answers = answers
        self.requests: list[tuple[str, Request]] = []

    async def __call__(self, role: str, request: Request) -> Completion:
        self.requests.append((role, request))
        if callable(self.answers):
            answer = self.answers(request)
        else:
            answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        return answer if isinstance(answer, Completion) else Completion(answer, "stop", 7, 3)
