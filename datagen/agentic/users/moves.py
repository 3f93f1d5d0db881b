"""What a user does next, and what a simulated one does wrong.

A user knows its request and some facts, reveals a fact when it is asked for, invents none, leaves
the work to the agent and goes when it is done. What breaks that is detected here from the text
alone: a figure that nobody named (invention, or contradiction where a known fact has that shape),
facts poured out unasked, tool names and calls, words of an agent, an end while the agent waits for
an answer. Not covered: words without figures that change what is wanted."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from datagen.agentic.nouns import Task, Turn
from datagen.stage import Ask

UserFaultReason = Literal[
    "user_truncated",
    "user_broken_json",
    "user_empty",
    "user_leak",
    "user_role_flip",
    "user_contradiction",
    "user_invention",
    "user_stopped_early",
    "user_repeats",
]
MAX_MESSAGE_CHARS = 2_000
"""Longest message of a user; nobody types more to an agent at once."""
UNASKED_FACTS = 1
"""Facts that a message may reveal beyond those asked for: people say a little more than asked."""

FIGURE = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|[^\W\d_]*[-_/#]?\d[\w./:-]*\w|\d")
_QUESTION = re.compile(
    r"\?|\b(?:please (?:provide|give|tell|specify|share|confirm)|could you|can you|let me know|"
    r"which|what is|i need (?:to know|your|the))\b",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"\b(?:anything|something) else\b|\bfurther (?:help|assistance)\b", re.I)
_AGENT_WORDS = re.compile(
    r"how (?:can|may) i (?:help|assist)|as an ai|i(?:'ll| will) (?:look (?:that|it) up|check that "
    r"for you)|is there anything else i can|<\|im_start\|>|\bassistant\s*:|let me check that",
    re.IGNORECASE,
)
_CALL = re.compile(r'"(?:name|arguments|calls|tool_calls)"\s*:|<tool_call>|functions\.\w+:\d')


@dataclass(frozen=True, slots=True)
class Move:
    """What the user does next."""

    message: str
    finished: bool
    """The user goes; nothing is said any more."""


@dataclass(frozen=True, slots=True)
class UserFault:
    """What a simulated user did wrong."""

    reason: UserFaultReason
    detail: str = ""


class User(Protocol):
    """Plays the user of one task at a time."""

    async def reply(
        self, task: Task, turns: Sequence[Turn], *, row: str, seed: int, ask: Ask
    ) -> tuple[Move | UserFault, list[UserFault]]:
        """The next move after the agent's last words, and the faults of moves that were asked for
        again."""
        ...


def asked_facts(task: Task, said: str) -> list[str]:
    """Names of known facts that the agent's words ask for."""
    if not is_question(said):
        return []
    words = set(re.findall(r"[a-z]+", said.lower()))
    stems = words | {word.removesuffix("s") for word in words}
    return [name for name in task.known if _named(name, stems)]


def is_question(said: str) -> bool:
    return bool(_QUESTION.search(said)) and not is_closing(said)


def is_closing(said: str) -> bool:
    """Whether the only thing asked is whether there is more to do."""
    questions = re.findall(r"[^.!?\n]*\?", said)
    return bool(questions) and all(_CLOSING.search(question) for question in questions)


def revealed(task: Task, turns: Sequence[Turn]) -> set[str]:
    """Names of known facts that the user has said."""
    said = " ".join(turn.content for turn in turns if turn.role == "user").casefold()
    return {name for name, value in task.known.items() if value.casefold() in said}


def fault_of(
    task: Task, turns: Sequence[Turn], move: Move, tools: Sequence[str] = ()
) -> UserFault | None:
    """What is wrong with a move; None: nothing that can be seen."""
    said = turns[-1].content if turns else ""
    if move.finished:
        waiting = [name for name in asked_facts(task, said) if name not in revealed(task, turns)]
        if waiting:
            return UserFault("user_stopped_early", f"the agent asked for {waiting[0]}")
        return None
    text = move.message
    if not text.strip():
        return UserFault("user_empty")
    if found := _CALL.search(text) or _tool_named(text, tools):
        return UserFault("user_leak", found[0])
    if found := _AGENT_WORDS.search(text):
        return UserFault("user_role_flip", found[0])
    if text.strip() in {turn.content.strip() for turn in turns if turn.role == "user"}:
        return UserFault("user_repeats", text[:80])
    return _wrong_facts(task, turns, text)


def _wrong_facts(task: Task, turns: Sequence[Turn], text: str) -> UserFault | None:
    """Figures from nowhere, and facts poured out before anyone asked."""
    heard = "\n".join(turn.content for turn in turns if turn.role != "system")
    source = "\n".join([heard, task.request, task.opening, *task.known.values()]).casefold()
    for figure in figures(text):
        if figure.casefold() not in source:
            return UserFault(_shape_fault(task, figure), figure)
    asked = set(asked_facts(task, turns[-1].content))
    before = revealed(task, turns)
    new = {
        name
        for name, value in task.known.items()
        if value.casefold() in text.casefold() and name not in before | asked
    }
    if len(new) > UNASKED_FACTS:
        return UserFault("user_leak", f"unasked: {', '.join(sorted(new))}")
    return None


def figures(text: str) -> Iterator[str]:
    """What in a text holds a digit or is an address: identifiers, numbers, dates."""
    for found in FIGURE.finditer(text):
        yield found[0].rstrip(".:-/")


def _shape_fault(task: Task, figure: str) -> UserFaultReason:
    shapes = {_shape(value) for value in task.known.values()}
    return "user_contradiction" if _shape(figure) in shapes else "user_invention"


def _shape(text: str) -> str:
    return re.sub(r"\d+", "0", re.sub(r"[a-zA-Z]+", "a", text))


def _named(fact: str, stems: set[str]) -> bool:
    """Whether a question's words name a fact: its last word, or all of its words but `id`."""
    parts = [part for part in re.findall(r"[a-z]+", fact.lower()) if part != "id"]
    return bool(parts) and (parts[-1] in stems or all(part in stems for part in parts))


def _tool_named(text: str, tools: Sequence[str]) -> re.Match[str] | None:
    """A tool's name with an underscore, which no user types."""
    names = [re.escape(name) for name in tools if "_" in name]
    return re.search(rf"\b(?:{'|'.join(names)})\b", text) if names else None
