"""Whether an answer repeats the example that its request shows.

A small model that has nothing to say gives the example back, whole or in parts. The example stands
in the prompt file, so that both always agree. Short texts and example values don't count: `loan_id`
is a name that others may have too."""

import json
import re
from collections.abc import Iterator
from functools import cache

from datagen.agentic.tools.evolve.answers import Application, ToolAnswer
from datagen.agentic.tools.evolve.spec import Fault
from datagen.prompts import FOLDER

_WORD = re.compile(r"[a-z_]+")
LEAST_WORDS = 4
"""Of a text, below which two tools can say the same by chance."""


_TELLTALES = {"telescope", "telescopes", "borrower", "extra_days", "extend_loan"}
"""Words of the example that hardly any application needs."""


def copied(tool: ToolAnswer, place: Application) -> Fault | None:
    """What of the example stands in the tool, if anything does."""
    example = shown_example()
    if tool.name == example.name:
        return Fault("copied_example", f"{tool.name} is the tool of the example")
    known = set(_texts(example))
    for text in _texts(tool):
        if text in known:
            return Fault("copied_example", f"this is copied from the example: {text}")
    mine = set(_WORD.findall(place.model_dump_json().lower()))
    if strange := sorted((_TELLTALES & set(_WORD.findall(tool.model_dump_json()))) - mine):
        return Fault("copied_example", f"{strange[0]} is of the example, not of this application")
    return None


@cache
def shown_example() -> ToolAnswer:
    """The tool on the last line of the prompt."""
    prompt = (FOLDER / "tools" / "specify.md").read_text(encoding="utf-8").strip()
    return ToolAnswer.model_validate(json.loads(prompt.splitlines()[-1]))


def _texts(tool: ToolAnswer) -> Iterator[str]:
    for text in (
        tool.description,
        *(parameter.description for parameter in tool.parameters),
        *(field.description for field in tool.result),
        *(error.when for error in tool.errors),
    ):
        words = " ".join(text.lower().split()).rstrip(".")
        if len(words.split()) >= LEAST_WORDS:
            yield words
