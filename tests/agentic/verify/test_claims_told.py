"""What an agent may tell: facts that were asked for, deeds that were done, in any spelling."""

import pytest

from benchmarks.mutations.trajectories import with_final
from datagen.agentic.domains import load_domain
from datagen.agentic.domains.building import reference_trajectory
from datagen.agentic.domains.tasks import draw_tasks
from datagen.agentic.nouns import AgentSpec, Task
from datagen.agentic.verify import verify
from datagen.agentic.verify.claims import states

LIBRARY = load_domain("library")
ANYONE = AgentSpec(id="a", role="", expertise="", behaviour="", system_prompt="", tools=(), core=())
TASKS = draw_tasks(LIBRARY, ANYONE, 5, 120)


def task_with(tool: str, kind: str = "ordinary") -> Task:
    found = (t for t in TASKS if t.kind == kind and [c.name for c in t.reference] == [tool])
    return next(task for task in found if not task.failures)


def reasons(task: Task, final: str) -> list[str]:
    trajectory = with_final(reference_trajectory(task, LIBRARY), final)
    return [one.reason for one in verify(task, trajectory, LIBRARY.rows()) if not one.passed]


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ("It is due on 2026-08-02.", "2026-08-02"),
        ("It is due on August 2, 2026.", "2026-08-02"),
        ("It is due on the 2nd of August.", "2026-08-02"),
        ("You owe $4 in total.", "4.00"),
        ("You owe 4.50.", "4.5"),
        ("It closes at 5:45 pm.", "17:45"),
        ("It opens at 8 a.m.", "08:00"),
        ("Shelf A12, second floor.", "A12"),
    ],
)
def test_a_fact_may_be_told_in_other_spellings(said: str, fact: str) -> None:
    assert states(said, fact)


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ("It is due on 2026-08-03.", "2026-08-02"),
        ("It is due in August.", "2026-08-02"),
        ("You owe 14.00.", "4.00"),
        ("Shelf A123.", "A12"),
        ("", "A12"),
    ],
)
def test_another_fact_is_not_the_one_asked_for(said: str, fact: str) -> None:
    assert not states(said, fact)


def test_a_deed_that_was_not_done_is_not_told() -> None:
    task = task_with("renew_loan")
    assert reasons(task, "I have renewed your loan.") == []
    assert reasons(task, "I have cancelled your hold as well.") == ["unsupported_action"]
    assert reasons(task, "I have not cancelled anything.") in ([], ["denies_deed"])


def test_a_deed_that_was_done_is_not_denied() -> None:
    assert "denies_deed" in reasons(task_with("renew_loan"), "Sorry, I could not renew it.")


def test_a_figure_from_nowhere_is_not_told() -> None:
    task = task_with("renew_loan")
    assert reasons(task, "It is renewed. Your reference is RX-90210.") == ["unsupported_figure"]


@pytest.mark.parametrize(
    ("known", "other"),
    [
        ("7f9c24e5-2f31-4c7e-9a0b-3d5b8f6a1c42", "7f9c24e5-2f31-4c7e-9a0b-3d5b8f6a1c43"),
        ("0x0047aee318ef7b4c", "0x0047aee318ef7b4d"),
        ("#4477aa", "#4477ab"),
    ],
)
def test_a_code_is_one_figure_and_has_to_stand_somewhere(known: str, other: str) -> None:
    task = task_with("renew_loan")

    def told(code: str) -> list[str]:
        made = with_final(reference_trajectory(task, LIBRARY), f"It is renewed, see {code}.")
        turns = [
            turn.model_copy(
                update={"content": turn.content.replace("{", f'{{"ref": "{known}", ', 1)}
            )
            if turn.role == "tool"
            else turn
            for turn in made.turns
        ]
        trajectory = made.model_copy(update={"turns": tuple(turns)})
        verdicts = verify(task, trajectory, LIBRARY.rows())
        return [one.reason for one in verdicts if one.verifier == "claims" and not one.passed]

    assert told(known) == []
    assert told(other) == ["unsupported_figure"]


@pytest.mark.parametrize("words", ["", "   "])
def test_an_empty_answer_is_none(words: str) -> None:
    assert {"empty_turn", "no_final_answer"} <= set(reasons(task_with("renew_loan"), words))


def test_markup_does_not_leak_into_words() -> None:
    task = task_with("renew_loan")
    assert reasons(task, "I have renewed it.<|im_end|>") == ["leaked_token"]
    assert "leaked_call" in reasons(task, '{"name": "renew_loan", "arguments": {}}')


def test_what_must_be_declined_is_declined_in_words() -> None:
    task = next(task for task in TASKS if task.kind == "refuse")
    assert reasons(task, "I'm sorry, but that is not allowed.") == []
    assert reasons(task, "Sure, consider it done.") == ["did_not_decline"]
    assert "echo" in reasons(task, task.opening)


@pytest.mark.parametrize(
    "final",
    [
        "I'm waiting for the loan to be renewed.",
        "Please hold on while it goes through.",
        "I will now renew your loan.",
        "Let me check that.",
        "It is renewed. I'll go ahead and renew it.",
    ],
)
def test_last_words_leave_no_work_to_come(final: str) -> None:
    assert "unfinished_deed" in reasons(task_with("renew_loan"), final)


@pytest.mark.parametrize(
    "final",
    [
        "Your loan is renewed. I'll be here if you need me.",
        "It is renewed. Shall I renew another one?",
        "Renewed! If you are late again, I will renew it for you.",
        "Your loan is renewed; let me know if there is more.",
    ],
)
def test_what_may_come_later_is_no_unfinished_work(final: str) -> None:
    assert reasons(task_with("renew_loan"), final) == []


def test_an_agent_does_not_speak_as_the_user() -> None:
    task = task_with("renew_loan")
    assert "my loan" in task.opening
    assert "wrong_person" in reasons(task, "My loan is renewed.")
    assert reasons(task, "Your loan is renewed.") == []


@pytest.mark.parametrize(
    ("final", "told"),
    [
        ("Your loan is renewed.", True),
        ("All done!", True),
        ("That has been taken care of.", True),
        ("The Central branch is open from 08:00.", False),
        ("Is there anything else?", False),
        ("I don't have enough information to renew it.", False),
    ],
)
def test_what_was_done_is_told(final: str, told: bool) -> None:
    found = reasons(task_with("renew_loan"), final)
    assert ("deed_not_told" in found or "denies_deed" in found) is not told


@pytest.mark.parametrize(
    ("final", "reason"),
    [
        ("Your loan is renewed. I don't know what you're asking.", "gave_up"),
        ("Your loan is renewed. Look things up before you change anything, always.", None),
        ("Your loan is renewed. {rule}", "leaked_prompt"),
        ("Your loan is renewed. {statement}", "wrong_person"),
        ("Your loan is renewed. Did you say: {statement} Is that right?", None),
    ],
)
def test_last_words_neither_despair_nor_parrot(final: str, reason: str | None) -> None:
    task = task_with("renew_loan")
    rule = "Fines cannot be waived or reduced by anyone at all."
    statement = "I am a member whose loan it is"
    task = task.model_copy(update={"opening": f"{task.opening} {statement}."})
    right = with_final(
        reference_trajectory(task, LIBRARY),
        final.format(rule=rule, statement=statement + "?")
        if reason is None
        else final.format(rule=rule, statement=statement + "."),
    )
    system = right.turns[0].model_copy(update={"content": f"You are an assistant. {rule}"})
    right = right.model_copy(update={"turns": (system, *right.turns[1:])})
    found = [one.reason for one in verify(task, right, LIBRARY.rows()) if not one.passed]
    assert found == ([reason] if reason else [])
