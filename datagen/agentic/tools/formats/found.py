"""What reading a file comes to: specs with what stands around them, and what could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from datagen.schemas import ToolReason

MAX_LABEL_CHARS = 200
SERVER_KEYS = ("server", "server_name", "serverName", "mcp_server", "serverInfo")
CATEGORY_KEYS = ("category", "primary_label")
LICENCE_KEYS = ("licence", "license", "server_license")
HOLDERS = ("metadata", "labels", "info")
"""Objects whose fields speak for the object that holds them."""
TOOL_LISTS = (
    "tools",
    "functions",
    "function_declarations",
    "functionDeclarations",
    "available_tools",
)


@dataclass(frozen=True, slots=True)
class Context:
    """What the objects around a spec say of it; empty where they say nothing."""

    server: str = ""
    category: str = ""
    domain: str = ""
    licence: str = ""

    def inside(self, holder: Mapping[str, Any]) -> "Context":
        """The context of what this object holds."""
        held = [holder, *(holder[key] for key in HOLDERS if isinstance(holder.get(key), Mapping))]
        server = _first(held, SERVER_KEYS)
        if not server and any(key in holder for key in TOOL_LISTS):
            server = _first([holder], ("name", "title"))
        return replace(
            self,
            server=server or self.server,
            category=_first(held, CATEGORY_KEYS) or self.category,
            domain=_first(held, ("domain",)) or self.domain,
            licence=_first(held, LICENCE_KEYS) or self.licence,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Something that looks like a tool spec."""

    raw: Any
    context: Context
    place: str
    """Position in the file: `line 3`, `/tools/0`."""
    original: Any = None
    """What `raw` was made from, where the file holds no tool spec but something that means one."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A piece of a file that holds, or may have held, specs and could not be read."""

    reason: ToolReason
    detail: str
    place: str
    text: str = ""
    counts: bool = True
    """False: a note on the whole file, only worth a reject if nothing else came of it."""


def _first(holders: list[Any], keys: tuple[str, ...]) -> str:
    for holder in holders:
        for key in keys:
            value = holder.get(key)
            if isinstance(value, Mapping):
                value = value.get("name")
            if isinstance(value, str) and value.strip():
                clean = value.strip()[:MAX_LABEL_CHARS]
                return clean.encode("utf-8", "replace").decode("utf-8")
    return ""
