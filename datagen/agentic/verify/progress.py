"""How far a trajectory came: the weighted share of its task's checkpoints that it reached.

A checkpoint of calls is reached by one of them that worked, one of states by the final state. A
task without checkpoints has none to reach: its trajectory earns 1 if the state is as the goal has
it. Whether the trajectory is accepted is told by the verdicts; its reward comes of both."""

from datagen.agentic.nouns import Checkpoint, Task, Trajectory
from datagen.agentic.verify.conduct import calls_of, is_like, successes
from datagen.agentic.verify.state import goal, holds, over_action


def progress(task: Task, trajectory: Trajectory) -> float:
    """In [0, 1]."""
    checkpoints = task.rubric.checkpoints
    total = sum(point.weight for point in checkpoints)
    if not total:
        return float(goal(task, trajectory).passed and over_action(task, trajectory).passed)
    worked = successes(trajectory)
    calls = [call for _, call in calls_of(trajectory) if call.id in worked]

    def reached(point: Checkpoint) -> bool:
        seen = not point.calls or any(is_like(call, w) for call in calls for w in point.calls)
        return seen and all(holds(one, trajectory.final_state) for one in point.state)

    return sum(point.weight for point in checkpoints if reached(point)) / total
