"""Settles drafts: what is new becomes a tool, what exists already a reject, ties by place.

A table stage. Drafts stand in a fixed order (round, id, application, ask), so that which of two
twins stays does not depend on which came first. Tools of the other runs count as existing. Nothing
that was settled is settled again: a tool that was published stays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from datagen.agentic.tools.evolve.spec import as_json
from datagen.agentic.tools.near_duplicates import NearDuplicate, near_duplicates
from datagen.schemas import Tool, ToolReject, row_id

Vectors = NDArray[np.float32]
Key = tuple[str, str]
"""A draft: its id and the ask it came from. Two asks may come to the same tool."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a pass decided."""

    tools: list[Tool]
    vectors: Vectors
    """Of `tools`, in their order."""
    duplicates: list[ToolReject]


def key(tool: Tool) -> Key:
    return tool.id, str(orjson.loads(tool.source)["ask"])


def duplicate_id(tool: Tool) -> str:
    """Id of the reject that says that the draft is none."""
    return row_id("duplicate", *key(tool))


def draft_order(tool: Tool) -> tuple[int, str, str, str]:
    """Where a draft stands among those to settle."""
    return tool.round, tool.id, tool.server, key(tool)[1]


def settle(
    drafts: Sequence[Tool],
    vectors: Vectors,
    known: Sequence[Tool],
    known_vectors: Vectors,
    *,
    most: int,
    across: float,
    within: float,
) -> Settled:
    """Decide on drafts, which stand in `draft_order`, until `most` tools are new.

    Those after that stay undecided. `known` are the tools that a draft may repeat.
    """
    repeated = _repeated(drafts, known)
    left = [place for place, draft in enumerate(drafts) if place not in repeated]
    near = near_duplicates(
        [*known, *(drafts[place] for place in left)],
        np.vstack([known_vectors, vectors[left]]),
        across=across,
        within=within,
    )
    twins = {twin.id: twin for twin in near}
    # A draft of an early round that was tried again late can stand before a tool that is settled:
    # then the draft is the duplicate.
    settled = {tool.id for tool in known}
    twins |= {
        twin.other_id: NearDuplicate(twin.other_id, twin.id, twin.cosine)
        for twin in near
        if twin.id in settled and twin.other_id not in settled
    }
    tools: list[int] = []
    duplicates: list[ToolReject] = []
    for place, draft in enumerate(drafts):
        if len(tools) >= most:
            break
        if place in repeated:
            duplicates.append(_duplicate(draft, "duplicate", repeated[place], 1.0))
        elif twin := twins.get(draft.id):
            duplicates.append(_duplicate(draft, "near_duplicate", twin.detail, twin.cosine))
        else:
            tools.append(place)
    return Settled([drafts[place] for place in tools], vectors[tools], duplicates)


def _repeated(drafts: Sequence[Tool], known: Sequence[Tool]) -> dict[int, str]:
    """Places of drafts that are word for word a known or earlier tool, or take its name."""
    ids = {tool.id for tool in known}
    names = {(tool.server, tool.name) for tool in known}
    found: dict[int, str] = {}
    for place, draft in enumerate(drafts):
        if draft.id in ids:
            found[place] = f"word for word {draft.id}"
        elif (draft.server, draft.name) in names:
            found[place] = "the application has a tool of this name"
        ids.add(draft.id)
        names.add((draft.server, draft.name))
    return found


def _duplicate(draft: Tool, reason: str, detail: str, similarity: float) -> ToolReject:
    return ToolReject(
        id=duplicate_id(draft),
        stage="deduplicate",
        reason=reason,
        failed=False,
        detail=detail,
        name=draft.name,
        server=draft.server,
        scores=as_json({"similarity": similarity}),
        text=draft.raw,
        source=draft.source,
        origin=f"round {draft.round}",
    )
