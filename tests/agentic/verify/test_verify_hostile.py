"""Whatever a model wrote, the verifiers answer in bounded time, refuse it, and do not crash."""

import time
from typing import Any

import pytest
from verify_cases import TOOLS, first_call, reference, refusals, task_of

from datagen.agentic.nouns import StateChange, ToolCall, Trajectory, Turn
from datagen.agentic.verify import progress, verify

SECONDS = 20.0
"""Ten times what the slowest row takes on a busy machine; quadratic work takes minutes."""
TASK = task_of("ordinary", "dependent")
RIGHT = reference(TASK)
SYSTEM, USER = RIGHT.turns[:2]
CALL = first_call(RIGHT)
KEY = next(iter(CALL.arguments))
FINAL = Turn(role="assistant", content="Done with it.")
MEGABYTE = 1_000_000


def made(arguments: Any, number: int = 0, name: str = CALL.name) -> ToolCall:
    return ToolCall(id=f"functions.{name}:{number}", name=name, arguments=arguments)


def answered(*calls: ToolCall, content: str = "{}") -> list[Turn]:
    answers = [Turn(role="tool", content=content, tool_call_id=c.id, name=c.name) for c in calls]
    return [Turn(role="assistant", tool_calls=calls), *answers]


def run(*turns: Turn, **update: Any) -> Trajectory:
    return RIGHT.model_copy(update={"turns": (SYSTEM, USER, *turns), **update})


def saying(text: str) -> Trajectory:
    return run(Turn(role="assistant", content=text))


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def many(count: int) -> list[Turn]:
    return [turn for n in range(count) for turn in answered(made({KEY: f"B-{n}"}, n))]


HOSTILE = {
    "an argument of a megabyte": run(*answered(made({KEY: "a b1 " * 200_000})), FINAL),
    "broken JSON of a megabyte": run(*answered(made("{" + "a b1 " * 200_000)), FINAL),
    "broken JSON": run(*answered(made('{"a": ')), FINAL),
    "a thousand calls": run(*many(1000), FINAL),
    "five thousand calls": run(*many(5000), FINAL),
    "a thousand calls at once": run(*answered(*(made({KEY: f"B-{n}"}, n) for n in range(1000)))),
    "deep arguments": run(*answered(made({KEY: nested(5000)})), FINAL),
    "a deep answer": run(*answered(made({KEY: "x"}), content="[" * 100_000), FINAL),
    "a deep valid answer": run(*answered(made({KEY: "x"}), content="[" * 900 + "]" * 900), FINAL),
    "many numbers answered": run(
        *answered(made({KEY: 3.3}), content=str(list(range(150_000)))), FINAL
    ),
    "an endless word": saying("a" * MEGABYTE),
    "an endless number": saying("1" * MEGABYTE),
    "an endless address": saying("a." * (MEGABYTE // 2)),
    "an endless name": saying("a-" * (MEGABYTE // 2)),
    "nothing but lines": saying("x" + "\n" * MEGABYTE + "y"),
    "nothing but spaces": saying("x" + " " * MEGABYTE + "y"),
    "nothing but quotation marks": saying('"abc' * (MEGABYTE // 4)),
    "nothing but half tags": saying("<tool_call " * 90_000),
    "nothing but claims": saying("I have also renewed " * 50_000),
    "a long word within the bound": saying("a" * 19_999),
    "long lines within the bound": saying("x" + "\n" * 19_990 + "y"),
    "half tags within the bound": saying("<tool_call " * 1_800),
    "quotations within the bound": saying('"abc' * 4_990),
    "a number without a float": run(*answered(made({KEY: 10**400})), FINAL),
    "no numbers": run(
        *answered(made({KEY: float("inf")}), made({KEY: float("nan")}, 1), content="[1e999]"), FINAL
    ),
    "an answer without a float": run(
        *answered(made({KEY: "x"}), content='{"a": 1' + "0" * 4000 + "}"), FINAL
    ),
    "half a character": run(
        *answered(made({KEY: "\ud800 x9"}), content='"\\ud800"'),
        Turn(role="assistant", content="\ud800 9 x"),
    ),
    "no dates": run(
        *answered(made({KEY: "9999-99-99"}), made({KEY: "0000-00-00"}, 1), made({KEY: "99:99"}, 2)),
        FINAL,
    ),
    "odd keys": run(*answered(made({"": {"": {"": ""}}, "a.b": [[], {}]})), FINAL),
    "an odd name": run(*answered(made({"a": 1}, name="nö\x00" * 1000)), FINAL),
    "an empty name": run(*answered(ToolCall(id="", name="", arguments={})), FINAL),
    "empty turns": run(*[Turn(role="assistant")] * 500),
    "only users": run(*[USER] * 500),
    "a result from nowhere": run(Turn(role="tool", content="x", tool_call_id="y"), FINAL),
    "nobody": RIGHT.model_copy(update={"turns": ()}),
    "only a system": RIGHT.model_copy(update={"turns": (SYSTEM,)}),
    "the agent first": RIGHT.model_copy(update={"turns": (FINAL,)}),
    "a state of other types": run(FINAL, final_state={"books": None, "loans": [1]}),
    "no state": run(FINAL, final_state={}),
    "patches of nothing": run(
        FINAL,
        changes=(
            StateChange(version=1, call_id="", patch=({"op": "replace", "path": "/no/x"},)),
            StateChange(version=-4, call_id="q", patch=({"no": 1}, {"op": 5, "path": 7})),
        ),
    ),
    "patches that delete everything": RIGHT.model_copy(
        update={
            "final_state": {},
            "changes": tuple(
                StateChange(version=n, call_id="", patch=({"op": "remove", "path": f"/{key}"},))
                for n, key in enumerate(TASK.initial_state)
            ),
        }
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_trajectory_is_refused_in_bounded_time(name: str) -> None:
    begun = time.monotonic()

    verdicts = verify(TASK, HOSTILE[name], TOOLS)
    earned = progress(TASK, HOSTILE[name])

    assert refusals(verdicts)
    assert time.monotonic() - begun < SECONDS
    assert 0.0 <= earned <= 1.0
    assert all(len(verdict.detail) <= 300 for verdict in verdicts)


@pytest.mark.parametrize(
    "name",
    ["an argument of a megabyte", "five thousand calls", "deep arguments", "an endless word"],
)
def test_what_was_not_read_is_refused_as_oversized(name: str) -> None:
    assert "structure:oversized" in refusals(verify(TASK, HOSTILE[name], TOOLS))


def test_a_change_that_no_call_made_is_refused() -> None:
    assert "goal:log_broken" in refusals(verify(TASK, saying("That is done."), TOOLS))


def test_verdicts_do_not_depend_on_what_was_verified_before() -> None:
    first = verify(TASK, RIGHT, TOOLS)
    for name in ("a thousand calls", "no dates", "half a character"):
        verify(TASK, HOSTILE[name], TOOLS)

    assert verify(TASK, RIGHT, TOOLS) == first
