"""A user who follows rules: no model, so it never fails and costs nothing.

Reveals the facts it is asked for in the words of its persona, says so when it knows none, agrees
when the agent asks whether to go on, and goes when the agent has reported. Small models can't play
a user; large ones play a more varied one (`users.modelled`)."""

import re
from collections.abc import Mapping, Sequence

from datagen.agentic.nouns import Task, Turn
from datagen.agentic.users.moves import (
    Move,
    UserFault,
    asked_facts,
    is_question,
    revealed,
)
from datagen.stage import Ask

_GO_ON = re.compile(
    r"\b(?:shall|should) i\b|would you like me to|do you want me to|\bconfirm\b|may i proceed|"
    r"go ahead\?|is that (?:right|correct|ok)",
    re.IGNORECASE,
)
_FACT: Mapping[str, str] = {
    "terse": "{value}",
    "formal": "The {name} is {value}.",
    "rambling": "Oh, right, sorry, I should have said that at once: the {name} is {value}.",
    "hurried": "{name}: {value}. Please be quick.",
    "friendly": "Sure! The {name} is {value}.",
    "hesitant": "I think the {name} is {value}, yes.",
}
_UNKNOWN: Mapping[str, str] = {
    "terse": "No idea.",
    "formal": "I am afraid that I do not know that.",
    "rambling": "Hm, I really could not tell you, nobody ever told me that.",
    "hurried": "Don't know. Can you go on without it?",
    "friendly": "Sorry, I don't know that one!",
    "hesitant": "I'm not sure, I don't think I know that.",
}
_YES: Mapping[str, str] = {
    "terse": "Yes.",
    "formal": "Yes, please do what I asked for.",
    "rambling": "Yes, yes, that is what I meant, please do it just as I said.",
    "hurried": "Yes, do it.",
    "friendly": "Yes please, thanks!",
    "hesitant": "Yes, I think so, please do.",
}
MOST_UNKNOWN = 2
"""Questions without an answer after which the user gives up."""


class RuledUser:
    """Plays users by rule."""

    async def reply(
        self, task: Task, turns: Sequence[Turn], *, row: str, seed: int, ask: Ask
    ) -> tuple[Move | UserFault, list[UserFault]]:
        return move(task, turns), []


def move(task: Task, turns: Sequence[Turn]) -> Move:
    """The user's answer to the agent's last words."""
    said, style = turns[-1].content, task.persona.style
    if not is_question(said):
        return Move("", finished=True)
    wanted = asked_facts(task, said)
    before = revealed(task, turns)
    pending = [name for name in task.known if name not in before]
    if not wanted and _GO_ON.search(said):
        return _once(turns, _phrase(_YES, style))
    if not wanted and pending:
        wanted = pending[:1]  # an open question: the user says the next thing it knows
    if wanted:
        facts = [_fact(style, name, task.known[name]) for name in wanted]
        return _once(turns, " ".join(facts))
    unknown = _phrase(_UNKNOWN, style)
    if sum(turn.content == unknown for turn in turns if turn.role == "user") >= MOST_UNKNOWN:
        return Move("", finished=True)
    return Move(unknown, finished=False)


def _once(turns: Sequence[Turn], message: str) -> Move:
    """The message; said before, the user repeats itself once and then goes."""
    earlier = [turn.content for turn in turns if turn.role == "user"]
    if message not in earlier:
        return Move(message, finished=False)
    again = f"As I said: {message}"
    return Move("", finished=True) if again in earlier else Move(again, finished=False)


def _fact(style: str, name: str, value: str) -> str:
    said = name.replace("_", " ")
    text = _phrase(_FACT, style).replace("{name}", said).replace("{value}", value)
    return text[0].upper() + text[1:] if style != "terse" else text


def _phrase(phrases: Mapping[str, str], style: str) -> str:
    return phrases.get(style, phrases["formal"])
