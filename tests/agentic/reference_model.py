"""A model that plays the reference of each task: what a perfect agent would do."""

from collections.abc import Sequence
from functools import partial

from datagen.agentic.calling import arguments_text
from datagen.agentic.choosing import ground_of
from datagen.agentic.compiled_ground import CompiledGround
from datagen.agentic.domains.base import Domain
from datagen.agentic.domains.building import reference_trajectory
from datagen.agentic.nouns import Task, Turn
from datagen.agentic.pipeline import AgenticPipeline, Setting
from datagen.agentic.planning import TaskPartition
from datagen.agentic.recipe import AgenticRecipe
from datagen.agentic.repository_ground import RepositoryGround
from datagen.engines.base import Completion, Request, RequestedCall
from datagen.schemas import Tool


class ReferenceModel:
    """Answers each turn of the agent with that of the reference run, natively."""

    def __init__(self, pipeline: AgenticPipeline, tasks: int) -> None:
        self.runs: dict[tuple[str, str], list[Turn]] = {}
        self.tasks: dict[str, Task] = {}
        for work in pipeline.read(TaskPartition("t", 0, tasks)):
            row = getattr(work, "row", None)
            if isinstance(row, Setting):
                domain = domain_of(pipeline, row)
                run = reference_trajectory(row.task, domain, system=row.agent.system_prompt)
                played = [turn for turn in run.turns if turn.role == "assistant"]
                self.runs[row.agent.system_prompt, row.task.opening] = played
                self.tasks[row.task.id] = row.task

    def __call__(self, request: Request) -> Completion:
        turns = self.runs[request.messages[0].content, request.messages[1].content]
        said = sum(message.role == "assistant" for message in request.messages)
        turn = turns[min(said, len(turns) - 1)]
        calls = tuple(
            RequestedCall("x", call.name, arguments_text(call.arguments))
            for call in turn.tool_calls
        )
        ended = "tool_calls" if calls else "stop"
        return Completion(turn.content, ended, 100, 20, 0, "reference", calls)  # type: ignore[arg-type]


def domain_of(pipeline: AgenticPipeline, row: Setting) -> Domain:
    """The domain that a task is played in."""
    ground = pipeline.ground
    if isinstance(ground, RepositoryGround):
        tools = [pipeline.tools[known] for known in row.agent.tools]
        return ground.of(row.task.domain, tools).domain
    assert isinstance(ground, CompiledGround)
    return ground.domain


def pipeline_of(recipe: AgenticRecipe, tools: Sequence[Tool] = ()) -> AgenticPipeline:
    return AgenticPipeline(recipe, partial(ground_of, tools=tools))
