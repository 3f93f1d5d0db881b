"""Right runs pass, and each verifier refuses what it is there for, by its own reason."""

from collections.abc import Callable

import pytest
from verify_cases import (
    DOMAIN,
    TASKS,
    TOOLS,
    first_call,
    reference,
    refusals,
    task_of,
    with_final,
    with_first_call,
    with_turns,
)

from datagen.agentic.domains.building import reference_trajectory
from datagen.agentic.nouns import Call, Checkpoint, Rubric, Task, Trajectory, Turn
from datagen.agentic.verify import progress, verify
from datagen.agentic.verify.reasons import REASONS

Break = Callable[[Task, Trajectory], Trajectory]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task.kind}-{task.tier}-{task.id[:6]}")
def test_a_reference_passes_and_earns_everything(task: Task) -> None:
    trajectory = reference(task)

    assert refusals(verify(task, trajectory, TOOLS)) == set()
    assert progress(task, trajectory) == pytest.approx(1.0)


def test_every_verifier_speaks_once_and_in_one_order() -> None:
    names = [one.verifier for one in verify(TASKS[0], reference(TASKS[0]), TOOLS)]

    assert sorted(names) == sorted(REASONS)
    assert len(names) == len(set(names))


def test_every_value_of_a_reference_has_a_place() -> None:
    task = task_of("ordinary", "dependent")
    trajectory = reference(task)
    grounded = next(v for v in verify(task, trajectory, TOOLS) if v.verifier == "grounding")

    assert grounded.spans
    for span in grounded.spans:
        assert span.source != "none"
        if span.start >= 0:
            text = trajectory.turns[span.turn].content.casefold()
            assert text[span.start : span.start + len(span.value)] == span.value.casefold()


def _invented(task: Task, trajectory: Trajectory) -> Trajectory:
    arguments = first_call(trajectory).arguments
    assert isinstance(arguments, dict)
    key = next(iter(arguments))
    return with_first_call(trajectory, arguments={**arguments, key: "Z-99173"})


def _without_answer(task: Task, trajectory: Trajectory) -> Trajectory:
    return with_turns(trajectory, [turn for turn in trajectory.turns if turn.role != "tool"])


def _user_calls(task: Task, trajectory: Trajectory) -> Trajectory:
    return with_turns(
        trajectory,
        [t.model_copy(update={"role": "user"}) if t.tool_calls else t for t in trajectory.turns],
    )


def _same_id(task: Task, trajectory: Trajectory) -> Trajectory:
    turns = [
        turn
        for part in (trajectory.turns[:-1], trajectory.turns[2:-1], trajectory.turns[-1:])
        for turn in part
    ]
    return with_turns(trajectory, turns)


def _more(text: str) -> Break:
    return lambda task, trajectory: with_final(trajectory, f"{trajectory.turns[-1].content} {text}")


def _said(text: str) -> Break:
    return lambda task, trajectory: with_final(trajectory, text)


def _in_call(**update: object) -> Break:
    return lambda task, trajectory: with_first_call(trajectory, **update)


def _ended(how: str) -> Break:
    return lambda task, trajectory: trajectory.model_copy(update={"ended": how})


BROKEN: dict[str, tuple[str, Break]] = {
    "unknown tool": ("known_tool:unknown_tool", _in_call(name="renew_everything")),
    "broken JSON": ("schema:not_an_object", _in_call(arguments='{"a": ')),
    "argument missing": ("schema:invalid_arguments", _in_call(arguments={})),
    "invented identifier": ("grounding:untraceable_identifier", _invented),
    "no results": ("structure:unanswered_call", _without_answer),
    "calls by the user": ("structure:wrong_role", _user_calls),
    "ids used twice": ("structure:repeated_id", _same_id),
    "empty answer": ("ending:no_final_answer", _said("  ")),
    "cut answer": ("ending:cut_off", _said("I have done what you asked for and the")),
    "budget": ("ending:not_finished", _ended("turns")),
    "user left": ("ending:user_left", _ended("patience")),
    "chat token": ("markup:leaked_token", _more("<|im_start|>")),
    "half a call": ("markup:leaked_token", _more("</tool_call>")),
    "instruction token": ("markup:leaked_token", _more("[INST]")),
    "a call as text": ("markup:leaked_call", _more('{"name": "renew_loan", "arguments": {}}')),
    "invented reference number": (
        "claims:unsupported_figure",
        _more("Your reference is RX-48213."),
    ),
    "invented sum": ("claims:unsupported_figure", _more("A charge of 87.43 was added.")),
    "invented quotation": (
        "claims:unsupported_quotation",
        _more('The note says "bring seventeen purple umbrellas".'),
    ),
    "deed denied": ("answer:denies_deed", _said("I am sorry, I was not able to do that.")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_break_is_refused_by_the_verifier_that_is_there_for_it(name: str) -> None:
    reason, breaks = BROKEN[name]
    task = task_of("ordinary", "dependent")

    assert reason in refusals(verify(task, breaks(task, reference(task)), TOOLS))


def test_a_goal_that_was_not_reached_is_refused() -> None:
    task = task_of("ordinary", "dependent")
    idle = reference_trajectory(task, DOMAIN, calls=(), final="Done, that is taken care of.")

    found = refusals(verify(task, idle, TOOLS))

    assert "goal:goal_not_reached" in found
    assert progress(task, idle) < 1.0


def test_a_state_that_the_log_does_not_lead_to_is_the_environments_fault() -> None:
    task = task_of("ordinary", "dependent")
    verdicts = verify(task, reference(task).model_copy(update={"changes": ()}), TOOLS)

    refused = next(one for one in verdicts if one.verifier == "goal")

    assert (refused.reason, refused.blame) == ("log_broken", "environment")


@pytest.mark.parametrize("kind", ["refuse", "no_tool"])
@pytest.mark.parametrize("said", ["Done, that is taken care of.", "Sure, all set!"])
def test_a_promise_where_a_refusal_is_due_is_refused(kind: str, said: str) -> None:
    task = task_of(kind)

    found = refusals(verify(task, with_final(reference(task), said), TOOLS))

    assert "answer:did_not_decline" in found


def test_a_forbidden_call_is_refused_even_if_it_was_answered_with_an_error() -> None:
    task = task_of("refuse")
    wanted = task.rubric.pattern.forbidden[0]
    call = Call(name=wanted.name, arguments=dict(wanted.arguments))
    trajectory = reference_trajectory(task, DOMAIN, calls=(*task.reference, call))

    assert "forbidden:forbidden_call" in refusals(verify(task, trajectory, TOOLS))


def test_acting_on_what_was_never_asked_for_is_refused() -> None:
    task = task_of("clarify")
    right = reference(task)
    questions = {
        n
        for n, turn in enumerate(right.turns[:-1])
        if turn.role == "assistant" and not turn.tool_calls
    }
    gone = questions | {n + 1 for n in questions}
    guessed = with_turns(right, [t for n, t in enumerate(right.turns) if n not in gone])

    assert questions
    assert "asking:acted_without_asking" in refusals(verify(task, guessed, TOOLS))


def test_calls_that_belong_together_are_refused_one_by_one() -> None:
    task = task_of("parallel")
    apart = reference_trajectory(
        task.model_copy(update={"kind": "ordinary", "known": {}}),
        DOMAIN,
        final=reference(task).turns[-1].content,
    )

    assert "order:not_parallel" in refusals(verify(task, apart, TOOLS))


def test_a_call_made_again_and_again_is_a_loop() -> None:
    task = task_of("ordinary", "dependent")
    right = reference(task)
    call = first_call(right)
    answer = next(turn for turn in right.turns if turn.tool_call_id == call.id)
    again = [
        turn
        for n in range(20)
        for turn in (
            Turn(
                role="assistant",
                tool_calls=(call.model_copy(update={"id": f"functions.{call.name}:{100 + n}"}),),
            ),
            answer.model_copy(update={"tool_call_id": f"functions.{call.name}:{100 + n}"}),
        )
    ]
    looping = with_turns(right, (*right.turns[:-1], *again, right.turns[-1]))

    assert refusals(verify(task, looping, TOOLS)) == {"order:loop"}


def test_progress_is_the_weighted_share_of_the_checkpoints() -> None:
    task = task_of("ordinary", "dependent")
    done = first_call(reference(task))
    points = (
        Checkpoint(name="made", weight=3.0, calls=(Call(name=done.name),)),
        Checkpoint(name="never", weight=1.0, calls=(Call(name="no_such_tool"),)),
    )
    weighed = task.model_copy(update={"rubric": Rubric(success=("x",), checkpoints=points)})

    assert progress(weighed, reference(task)) == pytest.approx(0.75)
