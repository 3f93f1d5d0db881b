"""Drafts and rejects of evolution as rows of the repository's tables."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from datagen.agentic.tools.evolve.answers import Application, Outline, ToolAnswer
from datagen.agentic.tools.evolve.asks import OUTLINE, Derivation, NewApplication
from datagen.agentic.tools.evolve.spec import Fault, as_json, mcp_spec
from datagen.agentic.tools.quality import check
from datagen.agentic.tools.specs import Provenance, normalise
from datagen.schemas import Tool, ToolReason, ToolReject, row_id

MAX_REJECT_TEXT = 20_000
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Made:
    """A slot that came to a tool."""

    tool: ToolAnswer
    row: Tool


@dataclass(frozen=True, slots=True)
class Refused:
    """A slot that came to none: what was wrong with its last answer."""

    stage: str
    """`outline` or `specify`."""
    fault: Fault
    name: str
    text: str
    attempts: int
    earlier: Sequence[str] = ()
    """Reasons why earlier attempts were refused, in order."""


def application(ask: NewApplication, outline: Outline) -> Application:
    """The outline in its place; its server name is unique, whatever the model called it."""
    slug = _NOT_A_WORD.sub("-", outline.name.lower()).strip("-")[:40] or "application"
    return Application(
        server=f"{slug}-{ask.id[:6]}",
        name=outline.name,
        summary=outline.summary,
        category=ask.category,
        domain=ask.domain,
        entities=outline.entities,
        errors=outline.errors,
    )


def draft(
    ask: NewApplication | Derivation,
    tool: ToolAnswer,
    place: Application,
    *,
    model: str,
    repeated: Sequence[str] = (),
) -> Tool | Fault:
    """The tool as a row, if it holds to what evolved tools are measured by, or what is wrong.

    `source` holds the application and the answer, which derivations start from; `repeated` names
    the lists of which repeated entries were left out.
    """
    parents = [parent.id for parent in ask.parents] if isinstance(ask, Derivation) else []
    source = {
        "ask": ask.id,
        "application": place.model_dump(mode="json"),
        "answer": tool.model_dump(mode="json"),
        "parents": parents,
    }
    provenance = Provenance(
        server=place.server,
        category=place.category,
        domain=place.domain,
        licence="",
        date=ask.date,
        source=source,
        origin="evolved",
        where=f"round {ask.round}",
        parent_id=parents[0] if parents else "",
        operator=ask.operator if isinstance(ask, Derivation) else OUTLINE,
        round=ask.round,
        model=model,
    )
    row = normalise(mcp_spec(tool), provenance)
    if isinstance(row, ToolReject):
        return Fault(cast("ToolReason", row.reason), row.detail)
    if faults := check(row, strict=True):
        return Fault(*faults[0])
    return row.model_copy(update={"fixes": [*row.fixes, *(f"repeated_{n}" for n in repeated)]})


def reject(ask: NewApplication | Derivation, slot: int, refused: Refused) -> ToolReject:
    """The row of a slot that came to no tool."""
    return _reject(
        ask,
        slot,
        stage=refused.stage,
        reason=refused.fault.reason,
        failed=False,
        detail=refused.fault.said,
        name=refused.name,
        scores=json.dumps({"attempts": refused.attempts, "earlier": list(refused.earlier)}),
        text=refused.text[:MAX_REJECT_TEXT],
    )


def failure(ask: NewApplication | Derivation, slot: int, *, reason: str, detail: str) -> ToolReject:
    """The row of a slot that could not be tried."""
    return _reject(
        ask,
        slot,
        stage="specify",
        reason=reason,
        failed=True,
        detail=detail,
        name="",
        scores="{}",
        text="",
    )


def application_of(tool: Tool) -> Application:
    """The application that an evolved tool belongs with."""
    return Application.model_validate(_part(tool, "application"))


def answer_of(tool: Tool) -> ToolAnswer:
    """An evolved tool in the form that the model gave it."""
    return ToolAnswer.model_validate(_part(tool, "answer"))


def _part(tool: Tool, name: str) -> Any:
    return orjson.loads(tool.source)[name]


def _reject(ask: NewApplication | Derivation, slot: int, **fields: str | bool) -> ToolReject:
    place = ask.application if isinstance(ask, Derivation) else ask
    source = {
        "ask": ask.id,
        "round": ask.round,
        "operator": ask.operator if isinstance(ask, Derivation) else OUTLINE,
        "category": place.category,
        "domain": place.domain,
        "parents": [parent.id for parent in ask.parents] if isinstance(ask, Derivation) else [],
    }
    return ToolReject.model_validate(
        {
            "id": row_id("reject", ask.id, slot),
            "server": ask.application.server if isinstance(ask, Derivation) else "",
            "source": as_json(source),
            "origin": f"round {ask.round}",
            **fields,
        }
    )
