"""How a run's tasks are cut into partitions."""

from hypothesis import given
from hypothesis import strategies as st

from datagen.agentic.planning import TaskPlanner

COUNTS = st.integers(1, 3000)


@given(COUNTS, st.integers(1, 700), st.integers(1, 600))
def test_partitions_hold_every_task_once_and_a_bounded_number_of_rollouts(
    count: int, per_task: int, most: int
) -> None:
    plan = TaskPlanner(count, (), per_task, partition_rollouts=most).extend(None)
    tasks = [n for p in plan.partitions for n in range(p.first, p.first + p.count)]
    assert tasks == list(range(count))
    assert all(p.count * per_task <= most or p.count == 1 for p in plan.partitions if p.count)


@given(COUNTS, COUNTS, st.integers(1, 9))
def test_more_tasks_add_partitions_and_change_none(few: int, more: int, per_task: int) -> None:
    before = TaskPlanner(few, (), 4).extend(None)
    after = TaskPlanner(few + more, (), per_task).extend(before)
    assert after.partitions[: len(before.partitions)] == before.partitions
    assert after.records == few + more
