"""What asking a server came to: its tools as they came, or the reason why there are none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datagen.schemas import ServerReason

DETAIL_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Listing:
    """What a server listed."""

    tools: tuple[Any, ...]
    """As they stood on the wire, unknown fields and mistakes included."""
    protocol: str
    """The version that was agreed on."""
    pages: int
    server_info: Mapping[str, Any] = field(default_factory=dict)
    """Its own name and version."""


class ServerFailed(Exception):
    """A server gave no tools."""

    def __init__(self, reason: ServerReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: ServerReason = reason
        self.detail = printable(detail)


def printable(text: str) -> str:
    """One line without control characters, as short as a detail may be."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(line.split())[:DETAIL_CHARACTERS]
