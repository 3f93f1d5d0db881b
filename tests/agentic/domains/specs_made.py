"""Tool specs made in a line, as an import would have taken them."""

import gzip
import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from datagen.agentic.domains.compiling.plans import ServerPlan
from datagen.agentic.domains.compiling.reading import read_server
from datagen.agentic.tools.specs import Provenance, normalise
from datagen.schemas import Tool

TEXT: Mapping[str, Any] = {"type": "string"}
COUNT: Mapping[str, Any] = {"type": "integer"}
DATA = os.environ.get("DATAGEN_TEST_DATA")
needs_data = pytest.mark.skipif(DATA is None, reason="DATAGEN_TEST_DATA is not set")


def spec(
    name: str,
    parameters: Mapping[str, Any] | str = "",
    *,
    server: str = "Desk",
    output: Mapping[str, Any] | None = None,
    annotations: Mapping[str, Any] | None = None,
    description: str = "Does what its name says.",
    schema: Mapping[str, Any] | None = None,
) -> Tool:
    """A tool. `parameters` as text: names of texts, with `?` where they needn't be given."""
    if isinstance(parameters, str):
        properties = {one.removesuffix("?"): dict(TEXT) for one in parameters.split()}
        required = [one for one in parameters.split() if not one.endswith("?")]
    else:
        properties = {one.removesuffix("?"): dict(kind) for one, kind in parameters.items()}
        required = [one for one in parameters if not one.endswith("?")]
    inputs = schema or {"type": "object", "properties": properties, "required": required}
    raw: dict[str, Any] = {"name": name, "description": description, "inputSchema": inputs}
    if output is not None:
        raw["outputSchema"] = output
    if annotations is not None:
        raw["annotations"] = annotations
    made = normalise(raw, provenance(server))
    assert isinstance(made, Tool), made
    return made


def provenance(server: str) -> Provenance:
    return Provenance(
        server=server, category="", domain="", licence="", date="2026-01-01", source={},
        origin="imported", where=server,
    )  # fmt: skip


def read(*tools: Tool) -> ServerPlan:
    return read_server(tools[0].server, tools)


def reason(plan: ServerPlan, tool: Tool) -> str:
    """Why a tool has no backend; empty where it has one."""
    return plan.reasons[tool.id][0] if tool.id in plan.reasons else ""


def tasks_app(server: str = "Task Desk") -> list[Tool]:
    """Tasks and projects, as many servers keep them."""
    status = {"type": "string", "enum": ["todo", "in_progress", "done"]}
    day = {"type": "string", "format": "date"}
    return [
        spec("create_task", {"title": TEXT, "project_id": TEXT, "due_date?": day, "priority?": {"type": "string", "enum": ["low", "high"]}}, server=server),
        spec("get_task", "task_id", server=server),
        spec("list_tasks", {"status?": status, "project_id?": TEXT, "limit?": COUNT}, server=server),
        spec("search_tasks", "query", server=server),
        spec("update_task", {"task_id": TEXT, "title?": TEXT, "due_date?": day, "status?": status}, server=server),
        spec("complete_task", "task_id", server=server),
        spec("delete_task", {"task_id": TEXT, "force?": {"type": "boolean"}}, server=server),
        spec("move_task", "task_id project_id", server=server),
        spec("create_project", "name description?", server=server),
        spec("list_projects", "", server=server),
        spec("get_project", "project_id", server=server),
        spec("archive_project", "project_id", server=server),
        spec("count_tasks", {"status?": status}, server=server),
    ]  # fmt: skip


@cache
def real_tools() -> tuple[Tool, ...]:
    """The tools of a public list of real servers."""
    assert DATA is not None
    found: dict[str, Tool] = {}
    path = Path(DATA) / "mcp_tools" / "toucan_tools.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            made = normalise(row["tool"], provenance(row["server"]))
            if isinstance(made, Tool):
                found.setdefault(made.id, made)
    return tuple(found.values())


def by_server(tools: Sequence[Tool]) -> dict[str, list[Tool]]:
    servers: dict[str, list[Tool]] = {}
    for tool in tools:
        servers.setdefault(tool.server, []).append(tool)
    return servers


@cache
def real_plans() -> tuple[ServerPlan, ...]:
    """The plans of real servers of which some tool has a backend."""
    plans = [read_server(server, tools) for server, tools in by_server(real_tools()).items()]
    return tuple(plan for plan in plans if plan.actions)
