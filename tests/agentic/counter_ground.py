"""A domain of counters, small enough to see through, and a model that follows its references."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from datagen.agentic.grounds import Gate, Wish
from datagen.agentic.nouns import (
    AgentSpec,
    Assertion,
    Call,
    Rubric,
    StateChange,
    Task,
    ToolCall,
    Trajectory,
    Turn,
    Verdict,
)
from datagen.engines.base import Completion, Request, RequestedCall
from datagen.schemas import Tool, row_id
from datagen.stage import Ask

NAMES = ("read_counter", "increase_counter", "reset_counter", "list_counters", "name_counter")


def tool(name: str, server: str = "counters") -> Tool:
    schema = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "by": {"type": "integer"}},
        "required": ["id"],
        "additionalProperties": False,
    }
    values: dict[str, Any] = {
        name: "" for name, field in Tool.model_fields.items() if field.annotation is str
    }
    values |= {
        "id": row_id("tool", server, name),
        "name": name,
        "server": server,
        "description": f"{name.replace('_', ' ')}.",
        "input_schema": json.dumps(schema),
        "origin": "imported",
        "reads": ["counter"],
        "writes": [],
        "fixes": [],
        "flags": [],
        "round": -1,
    }
    return Tool.model_validate(values)


class CounterWorld:
    """Counters that go up."""

    kind = "compiled"

    def __init__(self, task: Task) -> None:
        self.state: dict[str, Any] = json.loads(json.dumps(task.initial_state))
        self.changes: tuple[StateChange, ...] = ()
        self.injected = ()

    async def answer(self, call: ToolCall, ask: Ask) -> Turn:
        content, error = self._result(call)
        return Turn(
            role="tool",
            content=json.dumps(content),
            tool_call_id=call.id,
            name=call.name,
            is_error=error,
        )

    def _result(self, call: ToolCall) -> tuple[Any, bool]:
        arguments = call.arguments
        if call.name not in NAMES or not isinstance(arguments, dict):
            return {"error": "no such tool, or bad arguments"}, True
        counter = self.state["counters"].get(arguments.get("id"))
        if counter is None:
            return {"error": "no such counter"}, True
        if call.name == "increase_counter":
            self.state["counters"][arguments["id"]] = counter + arguments.get("by", 1)
        return {"value": self.state["counters"][arguments["id"]]}, False


class CounterGround:
    """Tasks: increase one counter by some number."""

    name = "counters"
    about = "counters"
    policy = "Increase only the counter that is asked for."

    def __init__(self, recipe: object = None) -> None:
        self.tools = [tool(name) for name in NAMES]

    def draw(self, wish: Wish, agent: AgentSpec, tools: Sequence[Tool]) -> Task | None:
        if "increase_counter" not in {found.name for found in tools}:
            return None
        counter, by = f"C-{wish.number}", 2 + wish.number % 5
        return Task(
            id=row_id("task", wish.number, agent.id),
            agent_id=agent.id,
            domain=self.name,
            kind=wish.kind,
            tier=wish.tier,
            request=f"Increase {counter} by {by}.",
            opening=f"Please increase {counter} by {by}.",
            persona=wish.persona,
            initial_state={"counters": {counter: 10, "C-other": 1}},
            reference=(Call(name="increase_counter", arguments={"id": counter, "by": by}),),
            goal=(Assertion(path=("counters", counter), value=10 + by),),
            rubric=Rubric(success=(f"{counter} is increased by {by}.",)),
            seed=wish.seed,
        )

    def audit(self, task: Task, tools: Sequence[Tool]) -> Gate:
        if int(task.id, 16) % 7 == 0:
            return Gate(
                False, "reference_fails", "the audit of this test says so", {"noop": "fails"}
            )
        return Gate(True, record={"noop": "fails", "reference": "passes"})

    def world(self, task: Task, tools: Sequence[Tool]) -> CounterWorld:
        return CounterWorld(task)

    def verify(
        self, task: Task, trajectory: Trajectory, tools: Sequence[Tool]
    ) -> tuple[list[Verdict], float]:
        counters = trajectory.final_state["counters"]
        reached = all(counters[goal.path[1]] == goal.value for goal in task.goal)
        verdict = Verdict(
            verifier="goal",
            passed=reached,
            reason="" if reached else "goal_not_reached",
            blame="" if reached else "agent",
        )
        return [verdict], float(reached)


def follower(request: Request) -> Completion:
    """Does what the user asked for, natively: one call, then a report. Every fifth does too much."""
    words = request.messages[1].content.removesuffix(".").split()
    counter, by = words[2], int(words[4])
    if request.messages[-1].role == "tool":
        return Completion(f"{counter} is increased.", "stop", 40, 5, 0, "scripted")
    by += request.sampling.seed % 5 == 0
    call = RequestedCall("x", "increase_counter", json.dumps({"id": counter, "by": by}))
    return Completion("", "tool_calls", 30, 12, 0, "scripted", (call,))


Reply = Callable[[Request], Any]
