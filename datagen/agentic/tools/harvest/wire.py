"""What passes between a server and the SDK's session: messages kept as they came, bounded.

The session gets tool lists emptied: a tool that its models refuse would cost the whole list, and
what they don't know they drop, while a spec is wanted as it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import mcp_types as types
from mcp.shared.message import SessionMessage

KEPT_STDERR_BYTES = 8192
KEPT_JUNK_CHARACTERS = 2000
JUNK_LINES = 200
"""Lines on stdout that are no messages after which a server is not speaking the protocol; banners
and log lines of servers that do are fewer than 50."""


@dataclass(slots=True)
class Wire:
    """What was seen of a server's side."""

    limit: int
    """Bytes that it may send, on all its streams together."""
    lists: list[Any] = field(default_factory=list)
    """`tools` of each answer that had it, in order."""
    received: int = 0
    messages: int = 0
    junk_lines: int = 0
    junk: str = ""
    """The last text on stdout that is no message."""
    stderr: bytes = b""
    """Its end."""
    ended: bool = False
    """The server closed its stdout."""
    refused: int = 0
    """HTTP status of a message that the server didn't take; 0 for none."""

    @property
    def flooded(self) -> bool:
        return self.received > self.limit

    @property
    def is_junk(self) -> bool:
        return self.junk_lines > JUNK_LINES

    def count(self, size: int) -> bool:
        """Count bytes received; False once they are too many."""
        self.received += size
        return not self.flooded

    def line(self, line: bytes) -> SessionMessage | None:
        """One line of stdout as a message for the session; None for one that isn't."""
        try:
            message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError:
            self.note_junk(line)
            return None
        return self.tap(SessionMessage(message))

    def note_junk(self, text: bytes) -> None:
        """Remember text that is no message, and count it unless it is blank."""
        if text.strip():
            self.junk_lines += 1
            self.junk = text.decode(errors="replace")[-KEPT_JUNK_CHARACTERS:]

    def note_stderr(self, text: bytes) -> None:
        self.stderr = (self.stderr + text)[-KEPT_STDERR_BYTES:]

    def tap(self, told: SessionMessage) -> SessionMessage:
        """Keep the tools of an answer; the session gets it without them."""
        self.messages += 1
        message = told.message
        if not isinstance(message, types.JSONRPCResponse):
            return told
        result: Mapping[str, Any] = message.result
        if "tools" not in result or "capabilities" in result:
            return told
        self.lists.append(result["tools"])
        emptied = message.model_copy(update={"result": {**result, "tools": []}})
        return SessionMessage(emptied, told.metadata)
