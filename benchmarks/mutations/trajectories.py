"""Ways to break a trajectory that do not need its domain: what was said, called and written down.

Each takes a passing trajectory and gives a broken one, or None where there is nothing to break.
What the tools answered stays as it was, so that the verifier in question is on its own."""

import json
import random
import re
from collections.abc import Callable
from typing import Any

from datagen.agentic.nouns import Task, ToolCall, Trajectory, Turn

Mutation = Callable[[Task, Trajectory, random.Random], Trajectory | None]
_NAMES = ("Gwendolyn Ashcombe", "Bartholomew Finch", "Ottilie Marchetti", "Rasmus Oduya")
_TITLES = ("The Emerald Viaduct", "A Treatise on Kites", "Seven Crooked Bridges")
_TOKENS = (
    "<|im_end|>", "<|im_start|>assistant", "<tool_call>", "</tool_call>", "<think>", "</think>",
    "[INST]",
    "<|eot_id|>", "functions.renew_loan:3", "</s>", "<|tool_calls_section_begin|>", "{{member_id}}",
)  # fmt: skip


def with_turns(trajectory: Trajectory, turns: list[Turn]) -> Trajectory:
    return trajectory.model_copy(update={"turns": tuple(turns)})


def calls_of(trajectory: Trajectory) -> list[tuple[int, int, ToolCall]]:
    """(turn, place, call) of every call."""
    return [
        (number, place, call)
        for number, turn in enumerate(trajectory.turns)
        for place, call in enumerate(turn.tool_calls)
    ]


def with_call(trajectory: Trajectory, turn: int, place: int, call: ToolCall) -> Trajectory:
    turns = list(trajectory.turns)
    calls = list(turns[turn].tool_calls)
    calls[place] = call
    turns[turn] = turns[turn].model_copy(update={"tool_calls": tuple(calls)})
    return with_turns(trajectory, turns)


def with_final(trajectory: Trajectory, text: str) -> Trajectory:
    turns = list(trajectory.turns)
    turns[-1] = turns[-1].model_copy(update={"content": text})
    return with_turns(trajectory, turns)


def _in_a_call(change: Callable[[ToolCall, random.Random], ToolCall | None]) -> Mutation:
    """Breaks one call, drawn among those that can be broken."""

    def mutate(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
        calls = calls_of(trajectory)
        for turn, place, call in chance.sample(calls, len(calls)):
            changed = change(call, chance)
            if changed is not None:
                return with_call(trajectory, turn, place, changed)
        return None

    return mutate


def _arguments(call: ToolCall) -> dict[str, Any]:
    return dict(call.arguments) if isinstance(call.arguments, dict) else {}


def _unknown_tool(call: ToolCall, chance: random.Random) -> ToolCall:
    name = chance.choice((f"{call.name}s", f"do_{call.name}", "lookup", call.name.title()))
    return call.model_copy(update={"name": name})


def _missing_argument(call: ToolCall, chance: random.Random) -> ToolCall | None:
    arguments = _arguments(call)
    if not arguments:
        return None
    arguments.pop(chance.choice(list(arguments)))
    return call.model_copy(update={"arguments": arguments})


def _wrong_type(call: ToolCall, chance: random.Random) -> ToolCall | None:
    arguments = _arguments(call)
    if not arguments:
        return None
    key = chance.choice(list(arguments))
    arguments[key] = [arguments[key]] if chance.random() < 0.5 else {"value": arguments[key]}
    return call.model_copy(update={"arguments": arguments})


def _extra_argument(call: ToolCall, chance: random.Random) -> ToolCall:
    key, value = chance.choice((("force", True), ("note", "as asked"), ("priority", 1)))
    return call.model_copy(update={"arguments": {**_arguments(call), key: value}})


def _broken_json(call: ToolCall, chance: random.Random) -> ToolCall:
    text = json.dumps(_arguments(call))
    return call.model_copy(update={"arguments": text[: max(1, len(text) - chance.randrange(1, 8))]})


def _changed_number(call: ToolCall, chance: random.Random) -> ToolCall | None:
    arguments = _arguments(call)
    keys = [key for key, value in arguments.items() if isinstance(value, int | float)]
    if not keys:
        return None
    key = chance.choice(keys)
    changed = round(float(arguments[key]) + chance.choice((0.37, 1.13, 11.71, -0.29)), 2)
    return call.model_copy(update={"arguments": {**arguments, key: changed}})


def _changed_name(call: ToolCall, chance: random.Random) -> ToolCall | None:
    arguments = _arguments(call)
    keys = [key for key in arguments if key in ("name", "title", "author", "email", "phone")]
    if not keys:
        return None
    key = chance.choice(keys)
    made = {
        "title": chance.choice(_TITLES),
        "email": f"someone{chance.randrange(100)}@else.example",
        "phone": f"555-{chance.randrange(1000, 10_000)}",
    }.get(key, chance.choice(_NAMES))
    return call.model_copy(update={"arguments": {**arguments, key: made}})


def _unanswered_call(
    task: Task, trajectory: Trajectory, chance: random.Random
) -> Trajectory | None:
    places = [n for n, turn in enumerate(trajectory.turns) if turn.role == "tool"]
    if not places:
        return None
    turns = list(trajectory.turns)
    del turns[chance.choice(places)]
    return with_turns(trajectory, turns)


def _wrong_call_id(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    places = [n for n, turn in enumerate(trajectory.turns) if turn.role == "tool"]
    if not places:
        return None
    turns = list(trajectory.turns)
    place = chance.choice(places)
    turns[place] = turns[place].model_copy(update={"tool_call_id": "functions.other:99"})
    return with_turns(trajectory, turns)


def _empty_final(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory:
    return with_final(trajectory, chance.choice(("", " ", "\n\n")))


def _echo(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory:
    """Nothing is done; the user's words come back."""
    turns = [*trajectory.turns[:2], Turn(role="assistant", content=task.opening, train=True)]
    return trajectory.model_copy(
        update={
            "turns": tuple(turns),
            "final_state": task.initial_state,
            "changes": (),
            "injected": (),
        }
    )


def _cut_final(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory:
    text = trajectory.turns[-1].content
    words = text.split(" ")
    keep = chance.randrange(max(1, len(words) // 4), max(2, len(words) - 1))
    return with_final(trajectory, " ".join(words[:keep]).rstrip(".!,"))


def _cut_trajectory(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """The last words are missing, sometimes with the results before them."""
    if len(trajectory.turns) < 4:
        return None
    return with_turns(trajectory, list(trajectory.turns[: -chance.randrange(1, 3)]))


def _leaked_token(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory:
    text, token = trajectory.turns[-1].content, chance.choice(_TOKENS)
    return with_final(trajectory, f"{text} {token}" if chance.random() < 0.5 else f"{token} {text}")


def _invented_figure(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory:
    text = trajectory.turns[-1].content
    added = chance.choice(
        (
            f"Your reference number is RX-{chance.randrange(10_000, 99_999)}.",
            f"A charge of {chance.randrange(31, 97)}.{chance.randrange(11, 99)} was added.",
            f"This is valid until 2029-0{chance.randrange(1, 10)}-1{chance.randrange(10)}.",
        )
    )
    return with_final(trajectory, f"{text} {added}")


def _wrong_fact(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """A fact of the answer is replaced by one of the same form."""
    text = trajectory.turns[-1].content
    facts = [fact for fact in task.answer if fact in text and any(c.isdigit() for c in fact)]
    if not facts:
        return None
    fact = chance.choice(facts)
    digits = [place for place, sign in enumerate(fact) if sign.isdigit()]
    place = digits[-1]
    other = str((int(fact[place]) + chance.randrange(1, 9)) % 10)
    return with_final(trajectory, text.replace(fact, f"{fact[:place]}{other}{fact[place + 1 :]}"))


def _untold_deed(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """The last words are about something else."""
    if not task.goal or task.kind in ("refuse", "no_tool"):
        return None
    others = (
        "Is there anything else that I can help you with?",
        "I don't have enough information for that. Please tell me more.",
        "The branch is open from Monday to Saturday.",
        "Thank you for your patience.",
    )
    return with_final(trajectory, f"{chance.choice(others)} {' '.join(task.answer)}".strip())


def _promised_deed(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """The last words promise what was done already, or wait for it."""
    if not task.goal or task.kind in ("refuse", "no_tool") or not task.reference:
        return None
    verb = task.reference[-1].name.split("_")[0]
    begun = chance.choice(["I will now", "Let me", "I'm going to", "We'll"])
    final = chance.choice([f"{begun} {verb} it for you.", "I'm waiting for that to be confirmed."])
    return with_final(trajectory, f"{trajectory.turns[-1].content} {final}")


def _denied_deed(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """What was done is said not to have been."""
    if not task.goal:
        return None
    said = (
        "I am sorry, I was not able to do that.",
        "Unfortunately I could not do what you asked for.",
        "I did not change anything.",
    )
    return with_final(trajectory, f"{chance.choice(said)} {' '.join(task.answer)}".strip())


def _given_up(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """After the work is done, the last words say that the agent is at a loss."""
    if task.kind in ("refuse", "no_tool"):
        return None
    said = (
        "I'm sorry, but I don't know what you're asking.",
        "I do not understand your request.",
        "Sorry, I am not sure what you mean.",
    )
    return with_final(trajectory, f"{trajectory.turns[-1].content} {chance.choice(said)}")


def _recited(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """The last words go on with a part of the agent's instructions."""
    prompt = [turn.content for turn in trajectory.turns if turn.role == "system"]
    if task.kind in ("refuse", "no_tool") or not prompt:
        return None
    told = [line for line in re.split(r"(?<=[.!?])\s+|\n", prompt[0]) if len(line.split()) > 8]
    return with_final(trajectory, f"{trajectory.turns[-1].content} {chance.choice(told)}")


def _parroted(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """A statement of the user's about themselves ends the agent's words."""
    told = [
        line
        for line in re.split(r"(?<=[.!?])\s+", task.opening)
        if re.search(r"\b(?:I|my)\b", line) and len(line.split()) > 4 and not line.endswith("?")
    ]
    if not told:
        return None
    return with_final(trajectory, f"{trajectory.turns[-1].content} {chance.choice(told)}")


def _neighbours_fact(
    task: Task, trajectory: Trajectory, chance: random.Random
) -> Trajectory | None:
    """A fact of the answer is replaced by another record's, which a tool did answer."""
    text = trajectory.turns[-1].content
    seen = " ".join(turn.content for turn in trajectory.turns if turn.role == "tool")
    for fact in chance.sample(task.answer, len(task.answer)):
        shape = re.sub(r"[a-z]+", "[a-z]+", re.sub(r"[A-Z]", "[A-Z]", re.sub(r"\d", r"\\d", fact)))
        others = sorted({one for one in re.findall(rf"\b{shape}\b", seen) if one not in text})
        if fact in text and others:
            return with_final(trajectory, text.replace(fact, chance.choice(others)))
    return None


def _missing_fact(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    text = trajectory.turns[-1].content
    facts = [fact for fact in task.answer if fact in text]
    if not facts:
        return None
    return with_final(trajectory, text.replace(chance.choice(facts), "what the record says"))


def _untouched_state(
    task: Task, trajectory: Trajectory, chance: random.Random
) -> Trajectory | None:
    """The state never changed, whatever was said."""
    if not task.goal:
        return None
    return trajectory.model_copy(update={"final_state": task.initial_state, "changes": ()})


def _user_acts(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """A call of the agent stands in the user's turn."""
    places = [n for n, turn in enumerate(trajectory.turns) if turn.tool_calls]
    if not places:
        return None
    turns = list(trajectory.turns)
    place = chance.choice(places)
    turns[place] = turns[place].model_copy(update={"role": "user"})
    return with_turns(trajectory, turns)


def _budget(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory:
    ended = chance.choice(("turns", "tokens", "calls", "patience", "broken"))
    return trajectory.model_copy(update={"ended": ended})


def _declines(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """What could be done is declined."""
    if task.kind in ("refuse", "no_tool"):
        return None
    words = "I am sorry, but I am not able to do that."
    turns = [*trajectory.turns[:2], Turn(role="assistant", content=words, train=True)]
    update = {"turns": tuple(turns), "final_state": task.initial_state, "changes": ()}
    return trajectory.model_copy(update={**update, "injected": ()})


def _complies(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """What should be declined is said to be done."""
    if task.kind not in ("refuse", "no_tool"):
        return None
    said = ("Done, that is taken care of.", "Sure, I have done that for you.", "All set!")
    return with_final(trajectory, chance.choice(said))


def _unseen(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """What is forbidden for a reason in the records is declined without a look at them."""
    if task.kind != "refuse" or not task.reference:
        return None
    turns = [t for t in trajectory.turns if t.role != "tool" and not t.tool_calls]
    return with_turns(trajectory, turns).model_copy(update={"injected": ()})


def _repeated(task: Task, trajectory: Trajectory, chance: random.Random) -> Trajectory | None:
    """One call is made a hundred times."""
    calls = calls_of(trajectory)
    if not calls:
        return None
    turn, _, call = chance.choice(calls)
    answer = next(t for t in trajectory.turns if t.tool_call_id == call.id)
    added: list[Turn] = []
    for number in range(100):
        again = call.model_copy(update={"id": f"functions.{call.name}:{1000 + number}"})
        added.append(Turn(role="assistant", tool_calls=(again,), train=True))
        added.append(answer.model_copy(update={"tool_call_id": again.id}))
    end = turn + 1 + len(trajectory.turns[turn].tool_calls)
    return with_turns(trajectory, [*trajectory.turns[:end], *added, *trajectory.turns[end:]])


missing_argument = _in_a_call(_missing_argument)
"""Of a domain whose tools need all that they are given; `replayed` has it for any domain."""
IN_EPISODES: dict[str, Mutation] = {
    "unknown tool": _in_a_call(_unknown_tool),
    "wrong type": _in_a_call(_wrong_type),
    "extra argument": _in_a_call(_extra_argument),
    "broken JSON": _in_a_call(_broken_json),
    "changed number": _in_a_call(_changed_number),
    "changed name": _in_a_call(_changed_name),
    "unanswered call": _unanswered_call,
    "wrong call id": _wrong_call_id,
    "empty answer": _empty_final,
    "echo": _echo,
    "answer cut": _cut_final,
    "trajectory cut": _cut_trajectory,
    "leaked token": _leaked_token,
    "invented figure": _invented_figure,
    "wrong fact": _wrong_fact,
    "another record's fact": _neighbours_fact,
    "missing fact": _missing_fact,
    "deed denied": _denied_deed,
    "deed promised": _promised_deed,
    "deed passed over": _untold_deed,
    "given up": _given_up,
    "prompt recited": _recited,
    "user's words": _parroted,
    "state untouched": _untouched_state,
    "call in user's turn": _user_acts,
    "budget used up": _budget,
    "declined for no reason": _declines,
    "said to be done": _complies,
    "declined unseen": _unseen,
    "call repeated": _repeated,
}
