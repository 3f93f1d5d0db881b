"""How users put what they want: frames by communication style, and other words for a wish.

Identifiers, titles, names and figures stay as they are; only verbs and frames vary. A style without
frames of its own writes as the formal one does."""

import random
from collections.abc import Mapping, Sequence

FRAMES: Mapping[str, tuple[str, ...]] = {
    "terse": ("{Do}.", "Please {do}.", "Hi. {Do}.", "{Do}. That is all."),
    "formal": (
        "Good day. I would be grateful if you could {do}.",
        "Good morning. Would you be so kind as to {do}? Thank you.",
        "Dear team, I kindly ask you to {do}.",
        "Good afternoon. I should like you to {do}, please.",
        "Hello. Please {do}.",
    ),
    "rambling": (
        "Hello there, I hope I am right here, they said you are the one to ask. What I need, if it "
        "is no trouble, is for you to {do}.",
        "Oh, hello! It has been such a day, first the bus and then the rain, but never mind. Could "
        "you {do}?",
        "So, I meant to write last week and then the grandchildren came. Anyway, would you {do}?",
        "Hi, sorry for the long message, I never know where to start. What it comes down to: "
        "please {do}.",
    ),
    "hurried": (
        "Quick one: {do}. No time, thanks.",
        "In a rush, please {do}.",
        "Need this now: {do}.",
        "Short on time, can you {do}?",
        "{Do}. Please be quick.",
    ),
    "friendly": (
        "Hi! Could you {do}? Thanks a lot!",
        "Hey there, would you mind helping me out? I'd like you to {do}.",
        "Hello! I hope you are having a good day. Please {do}.",
        "Hi, it's me again! Can you {do}? You are a star.",
        "Do me a favour and {do}, would you?",
    ),
    "hesitant": (
        "Hello, I am not sure whether you can, but could you {do}?",
        "Um, hi. I think I would like you to {do}, if that is possible.",
        "Sorry to bother you. Maybe you could {do}?",
        "I have never done this here before. Would you {do}, please?",
    ),
}
VARIANTS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("tell me ", ("tell me ", "let me know ", "look up ", "find out ")),
    ("renew ", ("renew ", "extend ", "prolong ")),
    ("take back ", ("take back ", "book in ", "check in ")),
    ("check out ", ("check out ", "issue ")),
    ("put a hold on ", ("put a hold on ", "place a hold on ", "set up a hold on ")),
    ("cancel ", ("cancel ", "drop ", "remove ")),
    ("book the payment of ", ("book the payment of ", "record the payment of ")),
    ("change the ", ("change the ", "update the ")),
    ("which I have out", ("which I have out", "which I have on loan")),
)
_GREETINGS = ("Hi", "Hello", "Hey", "Good", "Dear", "Oh", "Um", "So")
_AND = (" and ", ", then ", ", and also ")


def joined(clauses: Sequence[str], chance: random.Random) -> str:
    """Several wishes as one."""
    if len(clauses) < 2:
        return "".join(clauses)
    return ", ".join(clauses[:-1]) + chance.choice(_AND) + clauses[-1]


def varied(wish: str, chance: random.Random) -> str:
    """The wish in other words."""
    for phrase, others in VARIANTS:
        if phrase in wish:
            wish = wish.replace(phrase, chance.choice(others))
    return wish


def framed(wish: str, who: str, style: str, chance: random.Random) -> str:
    """A first message. `who`: how the user names themselves; empty where they don't."""
    form = chance.choice(FRAMES.get(style, FRAMES["formal"]))
    said = form.replace("{do}", wish).replace("{Do}", wish[:1].upper() + wish[1:])
    greets = form.split()[0].strip(".,!") in (
        "Hi",
        "Hello",
        "Hey",
        "Good",
        "Dear",
        "Oh",
        "Um",
        "So",
    )
    parts = [said, who] if greets or chance.random() < 0.5 else [who, said]
    return " ".join(part for part in parts if part)
