"""Right trajectories in other words: false alarms are counted on them too.

A reference's report is as plain as can be. Agents write dates and times as people do, put lists and
currency signs in, look something up once more, and thank. None of that breaks anything."""

import random
import re
from collections.abc import Callable
from datetime import date

from benchmarks.mutations.trajectories import with_final
from datagen.agentic.domains.base import Domain
from datagen.agentic.domains.building import reference_trajectory
from datagen.agentic.nouns import Call, Task, Trajectory

Harmless = Callable[[Task, Trajectory, Domain, random.Random], Trajectory | None]
_ISO = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_CLOCK = re.compile(r"\b(\d{2}):(\d{2})\b")
_MONEY = re.compile(r"\b(\d+\.\d{2})\b")
_DECLINES = (
    "I'm sorry, but I can't help with that.",
    "Unfortunately that isn't something I am allowed to do.",
    "Sorry, this is not possible under our rules, so I have left everything as it is.",
    "I'm afraid I cannot do that for you. Nothing was changed.",
    "That is outside what I can do here. Please ask at the front desk.",
    "I don't have a tool for that, so I won't be able to help.",
)
_OPENERS = (
    "Thank you for waiting.", "All right!", "Sure.", "Good news:", "Here you go.", "Okay,",
    "Thanks for your patience.", "I've checked.",
)  # fmt: skip
_CLOSERS = (
    "Have a nice day!", "Let me know if there is anything else.", "You're welcome.", "",
    "Is there anything else I can help you with?", "Enjoy your reading!",
)  # fmt: skip


def _other_words(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory:
    """The same report as people write it."""
    if task.kind in ("refuse", "no_tool"):
        return with_final(trajectory, chance.choice(_DECLINES))
    text = _ISO.sub(lambda found: _prose_date(found[0], chance), trajectory.turns[-1].content)
    text = _CLOCK.sub(lambda found: _twelve_hours(found, chance), text)
    text = _MONEY.sub(lambda found: chance.choice((f"${found[1]}", f"{found[1]} in total")), text)
    return with_final(
        trajectory, f"{chance.choice(_OPENERS)} {text} {chance.choice(_CLOSERS)}".strip()
    )


def _as_list(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """What was done, as a numbered list that names the records."""
    writes = [call for call in task.reference if (t := domain.tool(call.name)) and not t.read_only]
    if not writes:
        return None
    lines = []
    for number, call in enumerate(writes, 1):
        tool = domain.tool(call.name)
        assert tool is not None
        shown = ", ".join(
            f"{key.replace('_', ' ')} {value}" for key, value in call.arguments.items()
        )
        lines.append(f"{number}. I have {tool.done} it: {shown}.")
    facts = [f"You asked for {fact}." for fact in task.answer]
    return with_final(trajectory, "\n".join(["Done:", *lines, *facts]))


def _more_looks(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """One of the look-ups is made twice."""
    reads = [call for call in task.reference if (t := domain.tool(call.name)) and t.read_only]
    if not reads or task.kind == "parallel":
        return None
    calls: list[Call] = []
    for call in task.reference:
        calls.append(call)
        if call == reads[0]:
            calls.append(call)
    return reference_trajectory(task, domain, calls=calls, final=trajectory.turns[-1].content)


def _count(
    task: Task, trajectory: Trajectory, domain: Domain, chance: random.Random
) -> Trajectory | None:
    """The report says how many records a look-up found."""
    totals = [
        int(found[1])
        for turn in trajectory.turns
        if turn.role == "tool" and (found := re.search(r'"total": (\d+)', turn.content))
    ]
    if not totals:
        return None
    return with_final(
        trajectory, f"I looked through {totals[-1]} records. {trajectory.turns[-1].content}"
    )


def _prose_date(text: str, chance: random.Random) -> str:
    day = date.fromisoformat(text)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(
        day.day % 10 if day.day not in (11, 12, 13) else 0, "th"
    )
    return chance.choice(
        (
            f"{day:%B} {day.day}, {day.year}",
            f"{day.day} {day:%B} {day.year}",
            f"the {day.day}{ending} of {day:%B}",
            f"{day:%A}, {day:%B} {day.day}{ending}",
            f"{day:%b} {day.day}",
        )
    )


def _twelve_hours(found: re.Match[str], chance: random.Random) -> str:
    hour, half = int(found[1]), "am" if int(found[1]) < 12 else "pm"
    minute = "" if found[2] == "00" else f":{found[2]}"
    return f"{hour % 12 or 12}{minute} {chance.choice((half, half.upper(), f'{half[0]}.m.'))}"


HARMLESS: dict[str, Harmless] = {
    "other words": _other_words,
    "as a list": _as_list,
    "looked up twice": _more_looks,
    "counted": _count,
}
