"""Rubric files: what the judge asks of every trajectory, as TOML that users edit."""

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from datagen.agentic.nouns import Task
from datagen.assets import shipped
from datagen.errors import RecipeError
from datagen.recipe import mistakes

TASK_OPTIONS = ("it is not met", "it is met in part", "it is met")
"""Answers to a criterion that a task brings along, worst first."""


class Question(BaseModel):
    """A criterion with its answers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    text: str = Field(min_length=1)
    weight: float = Field(ge=0)
    mandatory: bool = False
    options: Annotated[tuple[str, ...], Field(min_length=2, max_length=8)]
    """From worst to best."""
    passes: int = Field(ge=1)
    """Index of the first option that counts as passed."""

    @model_validator(mode="after")
    def _passes_is_an_option(self) -> Self:
        if self.passes >= len(self.options):
            raise ValueError(f"passes: there are only {len(self.options)} options")
        if len(set(self.options)) < len(self.options):
            raise ValueError("options: one stands there twice")
        return self


class RubricFile(BaseModel):
    """A rubric."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    criteria: Annotated[tuple[Question, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _can_be_weighed(self) -> Self:
        names = [question.name for question in self.criteria]
        if len(set(names)) < len(names):
            raise ValueError("criteria: two have one name")
        if sum(question.weight for question in self.criteria) <= 0:
            raise ValueError("criteria: their weights add up to 0")
        return self


def load_rubric(name: str) -> RubricFile:
    """The rubric at that path, or the shipped one of that name. Raises `RecipeError`, one line."""
    path = Path(name)
    if not path.is_file():
        path = shipped("rubrics") / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in shipped("rubrics").glob("*.toml")))
        raise RecipeError(f"judge.rubric: there is no rubric {name} (there are: {known})")
    try:
        return RubricFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise RecipeError(f"{path}: {problem}") from problem
    except ValidationError as problem:
        raise RecipeError(f"{path.name}: {mistakes(RubricFile, problem)}") from problem


def questions(rubric: RubricFile, task: Task) -> tuple[Question, ...]:
    """The rubric's criteria and the task's own."""
    known = {question.name for question in rubric.criteria}
    own = tuple(
        Question(
            name=criterion.name,
            text=criterion.text,
            weight=criterion.weight,
            mandatory=criterion.mandatory,
            options=TASK_OPTIONS,
            passes=len(TASK_OPTIONS) - 1,
        )
        for criterion in task.rubric.criteria
        if criterion.name not in known
    )
    return rubric.criteria + own
