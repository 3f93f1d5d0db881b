"""The mutation benchmark: mutants differ from their references, and few of either go wrong."""

import sys
from pathlib import Path

import pytest

from benchmarks.mutations.__main__ import caught_by, harmless, mutants
from benchmarks.mutations.cases import Case, compiled_cases, written_cases
from datagen.agentic.domains import load_domain
from datagen.agentic.domains.building import reference_trajectory

sys.path.insert(0, str(Path(__file__).parents[1] / "agentic" / "domains"))

from evolved_apps import evolved_tools
from specs_made import tasks_app

WRITTEN = written_cases(load_domain("library"), 30)
COMPILED = compiled_cases([*tasks_app(), *evolved_tools()], 40)

both = pytest.mark.parametrize("cases", [WRITTEN, COMPILED], ids=["written", "compiled"])


def test_there_are_tasks_of_many_domains() -> None:
    assert len(COMPILED) >= 35
    assert len({case.domain.name for case in COMPILED}) >= 4


@both
def test_right_trajectories_pass_in_whatever_words(cases: list[Case]) -> None:
    for number, case in enumerate(cases):
        trajectory = reference_trajectory(case.task, case.domain)
        assert caught_by(case.task, trajectory, case.tools) == []
        for name, made in harmless(case.task, trajectory, case.domain, number):
            assert caught_by(case.task, made, case.tools) == [], name


@both
def test_nearly_all_broken_trajectories_are_caught(cases: list[Case]) -> None:
    made = caught = 0
    kinds = set()
    for number, case in enumerate(cases):
        trajectory = reference_trajectory(case.task, case.domain)
        for name, mutant in mutants(case.task, trajectory, case.domain, number):
            assert mutant != trajectory
            kinds.add(name)
            made += 1
            caught += bool(caught_by(case.task, mutant, case.tools))
    assert len(kinds) >= 15
    assert caught >= 0.97 * made
