"""A server's outcome as rows of a run folder."""

from collections.abc import Sequence

from datagen.agentic.tools.harvest.harvester import Harvested
from datagen.agentic.tools.harvest.outcome import ServerFailed
from datagen.agentic.tools.harvest.servers import Server
from datagen.agentic.tools.specs import Provenance, json_text, normalise, refused
from datagen.schemas import ServerReason, Tool, ToolReject, row_id

STAGE = "harvest"
TRIED_AGAIN: tuple[ServerReason, ...] = ("not_installed", "no_start", "timeout")
"""What another day or another machine may put right; the other reasons are the server's own."""


def tool_rows(
    server: Server, found: Harvested, date: str
) -> tuple[Sequence[Tool], Sequence[ToolReject]]:
    """The server's tools in their normal form, each once, and those that have none."""
    package = server.entry.package
    source: dict[str, object] = {**server.source(), "protocol": found.listing.protocol}
    if info := found.listing.server_info:
        source["server_info"] = dict(info)
    if found.more:
        source["with"] = [*(package.extras if package else ()), *found.more]
    tools: dict[str, Tool] = {}
    rejects: dict[str, ToolReject] = {}
    for number, raw in enumerate(found.listing.tools):
        provenance = Provenance(
            server=server.name,
            category=package.category if package else "",
            domain=package.domain if package else "",
            licence=package.licence if package else "",
            date=date,
            source=source,
            origin="harvested",
            where=f"{server.name}: tools[{number}]",
        )
        row = normalise(raw, provenance)
        if isinstance(row, Tool) and row.id in tools:
            row = refused(raw, provenance, "duplicate", f"same as tool {row.id}")
        if isinstance(row, Tool):
            tools[row.id] = row
        else:
            rejects[row.id] = row
    return list(tools.values()), list(rejects.values())


def server_reject(server: Server, problem: ServerFailed) -> ToolReject:
    """The one reject of a server that gave no tools."""
    return ToolReject(
        id=row_id("server_reject", server.id),
        stage=STAGE,
        reason=problem.reason,
        failed=problem.reason in TRIED_AGAIN,
        detail=problem.detail,
        name="",
        server=server.name,
        scores="{}",
        text="",
        source=json_text(dict(server.source())),
        origin=f"{server.where}: mcpServers.{server.name}",
    )
