"""The recipe of `datagen agentic`, and what identifies a run of it."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from datagen.agentic.calling import Calling
from datagen.agentic.judging import JudgeOptions
from datagen.agentic.nouns import TaskKind, Tier
from datagen.agentic.prompting import prompts_identity
from datagen.agentic.rollout import RolloutOptions
from datagen.agentic.rubrics import load_rubric
from datagen.engines.weights import model_digest, model_name
from datagen.errors import RecipeError
from datagen.recipe import Recipe, Section, identity
from datagen.schemas import row_id

CODE_VERSION = 8
"""Raised whenever code that decides what comes out changes: domains, verifiers, requests."""


SHIPPED_DOMAIN = "library"
"""What tasks are over where no tools are named."""


class ToolsOptions(Section):
    """Where tools come from."""

    domain: str = ""
    """A hand-written domain with its tools, such as `library`, or one of your own, `file.py:name`;
    tools of `from` only distract then. Empty: tasks are over the tools of `from`, `evolve` and
    `catalogue`; where there are none, over the library."""
    from_: tuple[str, ...] = Field(default=(), alias="from")
    """Folders of tool runs (harvest, import, evolve)."""
    evolve: int = Field(default=0, ge=0)
    """Tools to evolve before the first task, into RUN/sources/evolved, with the run's engine."""
    catalogue: bool = False
    """Whether to harvest the shipped catalogue of servers first, into RUN/sources/harvested."""

    @property
    def elsewhere(self) -> bool:
        """Whether tools come from tool runs."""
        return bool(self.from_ or self.evolve or self.catalogue)


class AgentOptions(Section):
    """Which agents there are."""

    tasks_each: int = Field(default=4, ge=1, le=1000)
    """Tasks meant for one agent. Those that its tools don't give go to others, so that it may have
    fewer, or more."""
    min_tools: int = Field(default=3, ge=3, le=30)
    max_tools: int = Field(default=30, ge=3, le=30)
    """Sizes of tool sets are drawn log-uniformly between both: half of them have up to 9 tools."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min_tools > self.max_tools:
            raise ValueError("min_tools: is above max_tools")
        return self


class TaskOptions(Section):
    """Which tasks there are. Kinds and tiers are balanced by quota over each block of tasks; what
    is declined (`refuse`, `no_tool`) takes the short tiers, so that the others get the long
    ones."""

    count: int = Field(default=40, ge=1)
    """Tasks of a run; `--limit` says otherwise. May grow from entry to entry."""
    kinds: dict[TaskKind, float] = Field(
        default={"ordinary": 5, "clarify": 2, "refuse": 1, "no_tool": 1, "parallel": 1}
    )
    """Weights."""
    tiers: dict[Tier, float] = Field(default={"single": 3, "dependent": 2, "long": 1})
    failures: float = Field(default=0.25, ge=0, le=1)
    """Share of tasks in whose rollouts the environment fails by plan."""

    @model_validator(mode="after")
    def _weighs_something(self) -> Self:
        for name, weights in (("kinds", self.kinds), ("tiers", self.tiers)):
            if any(weight < 0 for weight in weights.values()) or not sum(weights.values()) > 0:
                raise ValueError(f"{name}: weights must not be negative, nor all 0")
        return self


class EnvironmentOptions(Section):
    """What answers the agents' calls."""

    kind: Literal["compiled", "simulated"] = "compiled"
    """`compiled`: the domain's own backend; `simulated`: the run's engine proposes results and
    changes of state, which are held against schemas and invariants before they count."""


class UserOptions(Section):
    """Who plays the user."""

    kind: Literal["rules", "model"] = "rules"
    """`rules`: a user without a model; `model`: the run's engine."""
    attempts: int = Field(default=3, ge=1, le=10)
    """Moves asked for before a rollout is given up and blamed on the user."""
    temperature: float = Field(default=0.8, ge=0, le=2)
    max_tokens: int = Field(default=200, ge=16)


class AgenticRecipe(Recipe):
    """What an agentic run makes; its sections stand in the order data flows."""

    tools: ToolsOptions = ToolsOptions()
    agents: AgentOptions = AgentOptions()
    tasks: TaskOptions = TaskOptions()
    environment: EnvironmentOptions = EnvironmentOptions()
    user: UserOptions = UserOptions()
    rollout: RolloutOptions = RolloutOptions()
    judge: JudgeOptions = JudgeOptions()


def calling_of(recipe: AgenticRecipe) -> Calling:
    """How the recipe's agent calls tools. Raises `RecipeError` where its engine can't."""
    wanted, kind = recipe.rollout.calling, recipe.engine.kind
    if wanted == "native" and kind == "vllm":
        raise RecipeError(
            "rollout.calling: the vllm engine takes no tools; use schema, or serve the model with "
            "a tool parser and use --engine openai"
        )
    if wanted == "auto":
        return "native" if kind in ("openai", "scripted") else "schema"
    return wanted


def run_identity(recipe: AgenticRecipe) -> dict[str, Any]:
    """Everything that decides what comes out, by name; how many tasks there are may grow."""
    chosen = {
        key: value
        for key, value in identity(recipe).items()
        if key not in ("tasks.count", "rollout.calling", "tools.from")
    }
    rubric = load_rubric(recipe.judge.rubric)
    return {
        **chosen,
        **prompts_identity(),
        "engine.model": model_name(recipe.engine),
        "engine.model_digest": model_digest(recipe.engine),
        "rollout.calling": calling_of(recipe),
        "tools.domain": recipe.tools.domain or ("" if recipe.tools.elsewhere else SHIPPED_DOMAIN),
        "judge.rubric": row_id(rubric.model_dump_json()),
        "code": CODE_VERSION,
    }
