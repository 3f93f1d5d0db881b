"""Whether a trajectory is a conversation that a trainer can learn: turns in order, every call
answered once, a clean ending, no markup of chat templates in the words."""

import itertools
import re
from collections.abc import Iterator

from datagen.agentic.nouns import Task, Trajectory, Verdict
from datagen.agentic.verify.corpus import plain, shared_run
from datagen.agentic.verify.reasons import failed, passed

_TOKENS = re.compile(
    r"<\|[\w ]{1,40}\|>"
    r"|</?(?:tool_calls?|tool_response|think|function_calls?|s|invoke)\b[^>]{0,200}>"
    r"|\[/?(?:INST|TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS)\]|<(?:start|end)_of_turn>|<<SYS>>"
    r"|<｜[^｜>]{1,40}｜>|\bfunctions\.\w+:\d+|\{\{\s*\w+\s*\}\}|^[^\S\n]*(?:assistant|system|user)\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_CALL = re.compile(r"\{\s*\"(?:name|calls|tool_calls|function)\"\s*:|```(?:json|tool_code)")
_OPEN_END = re.compile(
    r"(?:[,;:(\[{“\-–/&+=]|\b(?:a|an|the|of|and|or|to|is|are|was|for|with|your|my|has|have|been|until|"
    r"on|in|at|by|from|that|which|it|i|be|not|what|you|as|here))\s*$",
    re.IGNORECASE,
)
_CLOSED = re.compile(r"[.!?…)\]}\"'”’*`_|。！？]\s*$|[^\w\s]\s*$", re.UNICODE)
_VALUE_END = re.compile(r"\S*\d\S*\s*$")
LINE_END_CHARS = 200
"""Of the last line, where its end is looked for: longer than a word, an address or a path."""
RECITED_WORDS = 8
"""Of the system prompt in a row: more than a rule and its explanation share by chance."""
SHORT_WORDS = 2
"""An answer of that many words needs no full stop: "All done"."""


def structure(trajectory: Trajectory) -> Verdict:
    if not any(turn.role == "assistant" for turn in trajectory.turns):
        return failed("structure", "no_turns")
    return next(itertools.chain(_roles(trajectory), _answers(trajectory)), passed("structure"))


def _roles(trajectory: Trajectory) -> Iterator[Verdict]:
    """Who speaks after whom, and that they say something."""
    before = ""
    for number, turn in enumerate(trajectory.turns):
        if turn.role == "system" and number:
            yield failed("structure", "wrong_role", "a system turn inside", turn=number)
        if turn.role != "assistant" and turn.tool_calls:
            yield failed("structure", "wrong_role", f"calls in a {turn.role} turn", turn=number)
        if turn.role == "assistant" and before in ("", "system"):
            yield failed("structure", "wrong_role", "the agent speaks first", turn=number)
        if turn.role == "user" and before == "user":
            yield failed("structure", "wrong_role", "two user turns", turn=number, blame="user")
        silent = not turn.content.strip() and not turn.tool_calls
        if silent and turn.role == "user":
            yield failed("structure", "empty_user_turn", turn=number, blame="user")
        if silent and turn.role == "assistant":
            yield failed("structure", "empty_turn", turn=number)
        before = turn.role


def _answers(trajectory: Trajectory) -> Iterator[Verdict]:
    """Each call has an id of its own and is answered once, before anyone else speaks."""
    pending: set[str] = set()
    used: set[str] = set()
    for number, turn in enumerate(trajectory.turns):
        if pending and turn.role != "tool":
            yield failed("structure", "unanswered_call", min(pending), turn=number)
        if turn.role == "tool":
            if turn.tool_call_id not in pending:
                yield failed("structure", "orphan_result", turn.tool_call_id, turn=number)
            pending.discard(turn.tool_call_id)
        for call in turn.tool_calls:
            if call.id in used or not call.id:
                yield failed("structure", "repeated_id", call.id, turn=number)
            used.add(call.id)
            pending.add(call.id)
    if pending:
        yield failed("structure", "unanswered_call", min(pending))


def ending(trajectory: Trajectory) -> Verdict:
    last = len(trajectory.turns) - 1
    if trajectory.ended == "patience":
        return failed("ending", "user_left", blame="user")
    if trajectory.ended not in ("user_done", "agent_done"):
        return failed("ending", "not_finished", trajectory.ended)
    if last < 0 or trajectory.turns[last].role != "assistant" or trajectory.turns[last].tool_calls:
        return failed("ending", "no_final_answer", turn=last)
    words = trajectory.turns[last].content.strip()
    if not words:
        return failed("ending", "no_final_answer", turn=last)
    if is_cut(words):
        return failed("ending", "cut_off", words[-80:], turn=last)
    return passed("ending")


def is_cut(words: str) -> bool:
    """Whether a text stops in the middle: no full stop and no value at its end, or words that
    something must follow."""
    line = words.strip().rsplit("\n", 1)[-1]
    end = line[-LINE_END_CHARS:]
    if _OPEN_END.search(end):
        return True
    if _CLOSED.search(end) or _VALUE_END.search(end):
        return False
    return len(line.split()) > SHORT_WORDS and not line.lstrip().startswith(("-", "*", "|", "•"))


def markup(task: Task, trajectory: Trajectory) -> Verdict:
    """No tokens of a chat template, no call and no instructions of the prompt in the words. Where
    a request is declined, the rule that forbids it may be told as it stands."""
    told = "" if task.kind in ("refuse", "no_tool") else _system(trajectory)
    for number, turn in enumerate(trajectory.turns):
        if turn.role != "assistant":
            continue
        if found := _TOKENS.search(turn.content):
            return failed("markup", "leaked_token", found[0], turn=number)
        if found := _CALL.search(turn.content):
            return failed("markup", "leaked_call", found[0], turn=number)
        if recited := shared_run(plain(turn.content), told, RECITED_WORDS):
            return failed("markup", "leaked_prompt", recited, turn=number)
    return passed("markup")


def _system(trajectory: Trajectory) -> str:
    return " ".join(plain(turn.content) for turn in trajectory.turns if turn.role == "system")
