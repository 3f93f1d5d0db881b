"""Tools that are there already, and names that are taken.

A tool whose name, description and input schema stand in the repository already is a reject that
names the one that stays; two different tools with one name in one server get two names: the later
one's ends in its id, which does not change with its neighbours. Which of two is the later one is
decided by the order of files and of specs in them, never by when they were read; the caller keeps
to it. Near-duplicates (another wording of the same) are not found here."""

from datagen.agentic.tools.names import suffixed
from datagen.agentic.tools.specs import REJECT_TEXT_CHARS
from datagen.schemas import Tool, ToolReject, row_id


class Duplicates:
    """What the repository holds so far; about 300 bytes for a tool."""

    def __init__(self) -> None:
        self._seen: dict[bytes, str] = {}
        self._names: set[tuple[str, str]] = set()

    def remember(self, id: str, server: str, name: str) -> None:
        """A tool that was let in earlier."""
        self._seen.setdefault(bytes.fromhex(id), f"{name} of {server}")
        self._names.add((server, name))

    def admit(self, tool: Tool, *, stage: str, where: str) -> Tool | ToolReject:
        """The tool under a name of its own, or why it stays out."""
        key = bytes.fromhex(tool.id)
        if (first := self._seen.get(key)) is not None:
            return ToolReject(
                id=row_id("tool_reject", stage, tool.server, where, "duplicate", tool.id),
                stage=stage,
                reason="duplicate",
                failed=False,
                detail=f"the same as {first} ({tool.id})",
                name=tool.name,
                server=tool.server,
                scores="{}",
                text=tool.raw[:REJECT_TEXT_CHARS],
                source=tool.source,
                origin=where,
            )
        if (tool.server, tool.name) in self._names:
            tool = tool.model_copy(
                update={
                    "name": self._free(tool),
                    "fixes": [*tool.fixes, "name_collision"],
                }
            )
        self.remember(tool.id, tool.server, tool.name)
        return tool

    def _free(self, tool: Tool) -> str:
        digest = tool.id
        while (tool.server, name := suffixed(tool.name, digest)) in self._names:
            digest = row_id(digest)
        return name
