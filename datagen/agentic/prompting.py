"""Prompts of agentic runs: files under `prompts/agentic`, filled in one pass."""

import re
from functools import cache

from datagen.prompts import FOLDER
from datagen.schemas import row_id

PROMPTS = FOLDER / "agentic"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def filled(prompt: str, /, **values: str) -> str:
    """A prompt with its placeholders filled; braces in values stay as they are."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text_of(f"{prompt}.md"))


@cache
def text_of(name: str) -> str:
    return (PROMPTS / name).read_text(encoding="utf-8").strip()


def prompts_identity() -> dict[str, str]:
    """A digest of each file, by name."""
    files = sorted(path for path in PROMPTS.rglob("*") if path.suffix in (".md", ".toml"))
    return {
        f"prompts.agentic.{path.relative_to(PROMPTS)}": row_id(path.read_text(encoding="utf-8"))
        for path in files
    }
