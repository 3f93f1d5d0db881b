"""The text of a tool that is embedded: what it does and what it takes.

Name in words, description, then parameters by name and description. Server, category and origin
stay out: two servers' search tools are then as close as what they do, and a picture coloured by
category shows something that was not put in. Types and constraints stay out too: MiniLM reads
prose. Bounded in characters, so that one tool costs the model about 90 word pieces at most.
"""

import json
import re
from collections.abc import Iterator

from datagen.schemas import Tool

VERSION = 1
"""Raised when the text of a tool changes; embeddings that were kept are then made again."""
MAX_CHARACTERS = 400
"""Length of the embedded text; MiniLM's time grows with it. Chosen on 5,194 real tools: see
benchmarks/tool_coverage.py for the seconds it costs."""
MAX_DESCRIPTION = 280
"""Characters of the description, so that a long one leaves room for the parameters."""
MAX_PARAMETER = 60
"""Characters of one parameter's description."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[\W_]+")


def words(name: str) -> str:
    """A name in words: `getUserByID` and `get-user_by_id` are both `get user by id`."""
    return " ".join(_SEPARATORS.sub(" ", _HUMP.sub(" ", name)).lower().split())


def embedded_text(tool: Tool) -> str:
    """Never empty and at most `MAX_CHARACTERS` long."""
    description = _shortened(tool.description, MAX_DESCRIPTION)
    head = f"{words(tool.name) or tool.name or 'unnamed'}. {description}".strip()
    parameters = "; ".join(_parameters(tool.input_schema))
    text = f"{head} Takes {parameters}" if parameters else head
    return text[:MAX_CHARACTERS]


def _parameters(schema: str) -> Iterator[str]:
    """Each top-level parameter as `name: description`; nothing where the schema can't be read."""
    try:
        loaded = json.loads(schema)
    except (ValueError, RecursionError):
        return
    properties = loaded.get("properties") if isinstance(loaded, dict) else None
    if not isinstance(properties, dict):
        return
    for name, described in properties.items():
        description = described.get("description") if isinstance(described, dict) else None
        said = _shortened(description, MAX_PARAMETER) if isinstance(description, str) else ""
        yield f"{words(name)}: {said}" if said else words(name)


def _shortened(text: str, limit: int) -> str:
    """Whitespace joined, cut at a word."""
    joined = " ".join(text[: limit * 4].split())
    return joined if len(joined) <= limit else joined[:limit].rsplit(" ", 1)[0]
