"""A turn that makes the calls just answered: when it counts, and what is asked instead."""

import json
from typing import Any

import pytest

from datagen.agentic.calling import ToolForm, action_schema
from datagen.agentic.nouns import InjectedFailure, StateChange, ToolCall, Turn
from datagen.agentic.rollout import Player, RolloutOptions, Setting, repeats
from tests.agentic.agentic_fakes import Asked, agent, task

FORM = ToolForm(
    "look", "Look at a thing.", {"type": "object", "properties": {"id": {"type": "string"}}}
)


def call(number: int, **arguments: Any) -> Turn:
    made = ToolCall(id=f"functions.look:{number}", name="look", arguments=arguments)
    return Turn(role="assistant", tool_calls=(made,))


def result(*, is_error: bool = False) -> Turn:
    return Turn(role="tool", content="{}", name="look", tool_call_id="c", is_error=is_error)


class World:
    """Answers every call alike."""

    state: dict[str, object] = {}  # noqa: RUF012

    def __init__(
        self, changed: str = "", injected: tuple[InjectedFailure, ...] = (), kind: str = "compiled"
    ) -> None:
        self.kind = kind
        self.changes = (StateChange(version=1, call_id=changed, patch=()),) if changed else ()
        self.injected = injected

    async def answer(self, call: ToolCall, ask: Any) -> Turn:
        return Turn(role="tool", content='{"id": "a"}', name=call.name, tool_call_id=call.id)


def test_a_call_that_was_answered_repeats_if_nothing_changed_since() -> None:
    turns = [call(0, id="a"), result(), call(1, id="b"), result(is_error=True)]
    assert repeats(turns, call(2, id="a"), World())
    assert repeats(turns, call(2, id="b"), World())
    assert not repeats(turns, call(2, id="c"), World())
    assert not repeats(turns, Turn(role="assistant", content="Done."), World())
    assert not repeats([], call(0, id="a"), World())


def test_after_a_change_earlier_answers_are_old() -> None:
    turns = [call(0, id="a"), result(), call(1, id="b"), result()]
    assert not repeats(turns, call(2, id="a"), World("functions.look:1"))
    assert repeats(turns, call(2, id="b"), World("functions.look:1"))


def test_what_a_failure_spoiled_and_what_a_live_server_holds_may_be_asked_again() -> None:
    spoiled = InjectedFailure(tool="look", occurrence=0, kind="stale_read")
    turns = [call(0, id="a"), result()]
    assert not repeats(turns, call(1, id="a"), World(injected=(spoiled,)))
    assert not repeats(turns, call(1, id="a"), World(kind="mcp"))


class Silent:
    """A user who goes at once."""

    async def reply(self, *told: Any, **more: Any) -> Any:
        from datagen.agentic.users.moves import Move

        return Move("", finished=True), ()


@pytest.mark.parametrize("calling", ["native", "schema"])
async def test_a_model_stuck_on_a_call_is_at_last_asked_for_words(calling: Any) -> None:
    again = json.dumps({"calls": [{"name": "look", "arguments": {"id": "a"}}]})

    def answer(request: Any) -> Any:
        from datagen.engines.base import Completion, RequestedCall

        if calling == "native":
            if not request.tools:
                return "It is a."
            return Completion(
                "", "stop", 1, 1, tool_calls=(RequestedCall("x", "look", '{"id": "a"}'),)
            )
        only_words = request.schema == action_schema((), parallel=1)
        return json.dumps({"say": "It is a."}) if only_words else again

    setting = Setting("row", task(), agent(), 0, 1)
    played = await Player(RolloutOptions(), calling)(
        setting, [FORM], World(), Silent(), Asked(answer)
    )  # type: ignore[arg-type]
    assert played.trajectory.ended == "user_done"
    assert [turn.role for turn in played.trajectory.turns[2:]] == ["assistant", "tool", "assistant"]
    assert played.rerolled == ("repeated_call", "repeated_call")
