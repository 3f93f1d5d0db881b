"""What a domain is: entities with schemas, rules, tools with a deterministic backend, a policy.

A tool's backend is a function from a state that it may change and arguments that fit its schema to
a result; it raises `Refused` for what it declares as its errors. Whoever runs it gives it a copy
and commits what came out, so a refused call leaves nothing behind. Rules that only the policy
states are not enforced by a backend: an agent that breaks them is seen in the state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen.agentic.tools.specs import Provenance, normalise
from datagen.schemas import Tool

State = dict[str, Any]
"""Scalars, and collections of records by id: `{"today": "2026-05-04", "loans": {"L-1": {…}}}`."""
Backend = Callable[[State, Mapping[str, Any]], Any]
Invariant = Callable[[State], str]
"""What is wrong with a state, in words; empty if nothing is."""


class Refused(Exception):
    """A backend's declared error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of record; the records of a state stand under its name, by id."""

    name: str
    """Plural, as the key of the state: `loans`."""
    id_field: str
    prefix: str
    """Of its ids: `L-`."""
    schema: Mapping[str, Any]
    """JSON Schema of a record."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool with its backend."""

    name: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    run: Backend
    read_only: bool
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()
    """(code, when)."""
    destructive: bool = False
    done: str = ""
    """What was done, for a report: `renewed`."""
    refers: Mapping[str, str] = field(default_factory=dict)
    """Parameters that name a record which is there, with its entity; those called as an entity's
    id field do anyway."""

    @property
    def annotations(self) -> dict[str, bool]:
        return {
            "readOnlyHint": self.read_only,
            "destructiveHint": self.destructive,
            "idempotentHint": self.read_only,
            "openWorldHint": False,
        }

    def openai(self) -> dict[str, Any]:
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": dict(self.input_schema),
        }
        return {"type": "function", "function": function}


@dataclass(frozen=True)
class Domain:
    """A world that tasks are drawn in."""

    name: str
    about: str
    """What the tools are about, as it drops into a sentence."""
    policy: str
    """Rules for the domain's agents."""
    entities: Sequence[Entity]
    invariants: Sequence[Invariant]
    tools: Sequence[ToolSpec]
    initial_state: Callable[[int], State]
    """A state by its seed; the same one for the same seed."""

    def tool(self, name: str) -> ToolSpec | None:
        return next((tool for tool in self.tools if tool.name == name), None)

    def rows(self) -> list[Tool]:
        """The tools as rows of the repository."""
        return [_row(self, tool) for tool in self.tools]


def _row(domain: Domain, tool: ToolSpec) -> Tool:
    raw = {
        "name": tool.name,
        "description": tool.description,
        "inputSchema": dict(tool.input_schema),
        "outputSchema": dict(tool.output_schema),
        "annotations": tool.annotations,
    }
    made = normalise(
        raw,
        Provenance(
            server=domain.name,
            category="",
            domain=domain.name,
            licence="Apache-2.0",
            date="2026-11-24",
            source={"shipped": domain.name},
            origin="imported",
            where=f"{domain.name}/{tool.name}",
        ),
    )
    if not isinstance(made, Tool):
        raise AssertionError(f"{domain.name}: {tool.name}: {made.reason}: {made.detail}")
    errors = [f'{{"code": "{code}", "when": "{when}"}}' for code, when in tool.errors]
    return made.model_copy(
        update={
            "reads": list(tool.reads),
            "writes": list(tool.writes),
            "errors": f"[{', '.join(errors)}]",
        }
    )
