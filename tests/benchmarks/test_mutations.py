"""The mutation benchmark: mutants differ from their references, and few of either go wrong."""

from benchmarks.mutations.__main__ import EVERYONE, caught_by, harmless, mutants
from datagen.agentic.domains import load_domain
from datagen.agentic.domains.building import reference_trajectory
from datagen.agentic.domains.tasks import draw_tasks

LIBRARY = load_domain("library")
TASKS = draw_tasks(LIBRARY, EVERYONE, 77, 30)


def test_right_trajectories_pass_in_whatever_words() -> None:
    tools = LIBRARY.rows()
    for number, task in enumerate(TASKS):
        trajectory = reference_trajectory(task, LIBRARY)
        assert caught_by(task, trajectory, tools) == []
        for name, made in harmless(task, trajectory, LIBRARY, number):
            assert caught_by(task, made, tools) == [], name


def test_nearly_all_broken_trajectories_are_caught() -> None:
    tools = LIBRARY.rows()
    made = caught = 0
    kinds = set()
    for number, task in enumerate(TASKS):
        trajectory = reference_trajectory(task, LIBRARY)
        for name, mutant in mutants(task, trajectory, LIBRARY, number):
            assert mutant != trajectory
            kinds.add(name)
            made += 1
            caught += bool(caught_by(task, mutant, tools))
    assert len(kinds) >= 15
    assert caught >= 0.97 * made
