"""The requests that evolution makes: what the model is shown, in which order, with which seed.

The application stands first in every request about its tools, so that they share a prefix. What
was said by a model or a server (names, descriptions) goes in as text; nothing in it opens a
section, because the prompts have none. The system prompt of a specification shows one tool in the
asked form: without it small models repeat the words of the form as parameters."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any

from pydantic import Field

from datagen.agentic.tools.evolve.answers import (
    MAX_PARAMETERS,
    Application,
    Brief,
    ToolAnswer,
    outline_schema,
    tool_schema,
)
from datagen.agentic.tools.evolve.asks import Derivation, NewApplication, OperatorName
from datagen.agentic.tools.evolve.operators import OPERATORS
from datagen.agentic.tools.evolve.spec import as_json
from datagen.agentic.tools.evolve.verbs import effects_of
from datagen.engines.base import Message, Request, Sampling
from datagen.prompts import FOLDER
from datagen.recipe import Section
from datagen.schemas import derived_seed, row_id

PROMPTS = FOLDER / "tools"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
ROLE = "rewriter"
"""The one engine that a run has."""


class GrowOptions(Section):
    """How applications and tools are asked for."""

    tools_per_application: int = Field(default=4, ge=1, le=12)
    attempts: int = Field(default=2, ge=1, le=10)
    """Completions per outline and per tool; each further one is told what was wrong."""
    temperature: float = Field(default=0.8, ge=0, le=2)
    max_tokens: int = Field(default=900, ge=64)
    max_parameters: int = Field(default=5, ge=1, le=MAX_PARAMETERS)
    """Of one tool, where the engine holds to the asked schema."""
    operators: tuple[OperatorName, ...] = tuple(OPERATORS)
    audiences: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "private persons",
        "a small business",
        "a large organisation",
        "a public authority",
        "a research group",
        "a non-profit organisation",
        "developers of other software",
    )
    """Whom applications are for; one is drawn for each, so that two of a domain differ."""


def outline_request(ask: NewApplication, options: GrowOptions, **step: Any) -> Request:
    """Asks for an application and briefs of its tools."""
    parts = [
        _filled(
            "application",
            category=ask.title,
            domain=ask.domain,
            audience=ask.audience,
            count=str(ask.slots),
        )
    ]
    if ask.like:
        parts.append(_filled("like", tools="\n".join(f"- {tool}" for tool in ask.like)))
    if ask.other:
        parts.append(_filled("other", names=", ".join(ask.other)))
    return _request(parts, outline_schema(ask.slots), options, ask.id, **step)


def tool_request(
    ask: NewApplication, application: Application, brief: Brief, options: GrowOptions, **step: Any
) -> Request:
    """Asks for the full specification of one tool of the outline."""
    parts = [
        described(application),
        _filled("tool", name=brief.name, purpose=brief.purpose, form=_prompt("form")),
    ]
    schema = tool_schema(
        application,
        max_parameters=options.max_parameters,
        name=brief.name,
        effects=effects_of(brief.name),
    )
    return _request(parts, schema, options, ask.id, system="specify", **step)


def derivation_request(ask: Derivation, options: GrowOptions, **step: Any) -> Request:
    """Asks for the tool that an operator makes of its parents."""
    shown = "\n".join(f"Tool: {as_json(shown_tool(parent.tool))}" for parent in ask.parents)
    instruction = _filled(f"operators/{ask.operator}", entity=ask.entity)
    parts = [
        described(ask.application),
        shown,
        _filled(
            "derive", instruction=instruction, taken=", ".join(ask.taken), form=_prompt("form")
        ),
    ]
    new_errors = OPERATORS[ask.operator].new_errors
    schema = tool_schema(
        ask.application, max_parameters=options.max_parameters, new_errors=new_errors
    )
    return _request(parts, schema, options, ask.id, system="specify", **step)


def described(application: Application) -> str:
    """The application as each request about its tools begins."""
    entities = "; ".join(
        f"{entity.name} ({', '.join(entity.fields)})" for entity in application.entities
    )
    errors = "; ".join(f"{error.code} ({error.when})" for error in application.errors)
    return (
        f"Application: {application.name}, {application.domain}. {application.summary}\n"
        f"Entities: {entities}\nErrors: {errors}"
    )


def shown_tool(tool: ToolAnswer) -> dict[str, Any]:
    """A parent as the model sees it: in the form that it answers in."""
    return tool.model_dump(mode="json")


def prompts_identity() -> dict[str, str]:
    """Digests of all prompt files, by name: part of a run's identity."""
    paths = sorted(PROMPTS.rglob("*.md"))
    return {
        f"prompts.tools.{path.relative_to(PROMPTS).with_suffix('').as_posix()}": row_id(
            path.read_text(encoding="utf-8")
        )
        for path in paths
    }


def _request(
    parts: Sequence[str],
    schema: Mapping[str, Any],
    options: GrowOptions,
    row: str,
    *,
    seed: int,
    step: int,
    attempt: int,
    faults: str = "",
    system: str = "system",
) -> Request:
    if faults:
        parts = [*parts, _filled("retry", faults=faults)]
    return Request(
        messages=(
            Message("system", _prompt(system)),
            Message("user", "\n\n".join(parts)),
        ),
        sampling=Sampling(
            temperature=options.temperature,
            max_tokens=options.max_tokens,
            seed=derived_seed(seed, row, step, attempt),
        ),
        schema=schema,
        row=row,
        attempt=attempt,
    )


def _filled(prompt: str, /, **values: str) -> str:
    """A prompt with its placeholders filled in one pass, so that braces in values stay."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], _prompt(prompt))


@cache
def _prompt(name: str) -> str:
    return (PROMPTS / f"{name}.md").read_text(encoding="utf-8").strip()
