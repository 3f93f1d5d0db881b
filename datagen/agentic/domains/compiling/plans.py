"""What reading a server's tools comes to: entities with fields, actions on them, and why the other
tools have none.

A plan is data: no state, no text of tasks. `building` makes a domain of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from datagen.agentic.domains.compiling.parameters import Kind, Parameter
from datagen.agentic.domains.compiling.verbs import Operation
from datagen.agentic.domains.compiling.words import Words
from datagen.schemas import Tool

Reason = Literal[
    "unclear_verb",
    "unclear_object",
    "unclear_parameters",
    "unsupported_schema",
    "contradictory_hints",
    "credentials",
    "no_key",
    "no_fields",
    "unfit_result",
    "alone",
    "name_taken",
]
"""Why a tool has no backend. `unclear_verb`: its name has no verb of the lists; `unclear_object`:
nothing that records are kept of; `unclear_parameters`: a required one has no clear meaning, or
nothing is given that could be written; `unsupported_schema`: the input schema is more than plain
arguments; `contradictory_hints`: its hints say the opposite of its name; `credentials`: it wants
keys; `no_key`: nothing says which record; `no_fields`: nothing is known of what a record holds;
`unfit_result`: no result fits its output schema; `alone`: its entity can't be looked at, or has no
other tool; `name_taken`: another tool of the server has its name."""
Role = Literal[
    "key",
    "label",
    "field",
    "extra",
    "equals",
    "contains",
    "least",
    "most",
    "query",
    "limit",
    "offset",
    "page",
    "filler",
]
"""What a parameter is to a backend: the record's id; what people call it; a field to write, or to
hold against (`equals` to `most`); `extra`: kept in the record as it comes; `filler`: means nothing
to the state."""

KEY = "*key"
"""Stands for the name of the id's field, which is settled last."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity's records."""

    name: str
    words: Words
    kind: Kind
    schema: Mapping[str, Any]
    """What all tools that take or give it agree on."""
    refers: str = ""
    """The entity whose id it holds; empty: none."""
    nullable: bool = True
    """Whether a record may lack it; no tool promises it then."""
    writable: bool = False
    """Whether some tool writes it."""

    @property
    def options(self) -> tuple[Any, ...]:
        return tuple(self.schema.get("enum") or ())


@dataclass(frozen=True, slots=True)
class EntityPlan:
    """A kind of record."""

    name: str
    """Of its collection in a state: `pull_requests`."""
    noun: Words
    key: Field
    natural: bool
    """Whether its id is what people call it (a name, a path), not a number given by the system."""
    label: str
    """Field that people call a record by, the id itself where it is natural; empty: none."""
    fields: Mapping[str, Field]
    """By name, the id left out."""
    twins: bool
    """Whether two records may be called the same."""

    def field(self, name: str) -> Field:
        return self.key if name == self.key.name else self.fields[name]


@dataclass(frozen=True, slots=True)
class Binding:
    """A parameter with its meaning."""

    parameter: Parameter
    role: Role
    field: str = ""
    """The field it is about; of an `extra` its name in the record."""


@dataclass(frozen=True, slots=True)
class Action:
    """A tool whose meaning is clear."""

    tool: Tool
    operation: Operation
    verb: str
    entity: str
    bindings: tuple[Binding, ...]
    result: Any
    """How its result is made (`results.Node`); None: no output schema asks for a form."""
    sets: tuple[str, Any] | None = None
    """Of a verb of state: the field and its new value."""
    narrow: bool = False
    """Whether a list wants something to look for: `find_order_by_email`."""

    def bound(self, *roles: Role) -> list[Binding]:
        return [one for one in self.bindings if one.role in roles]


@dataclass(frozen=True)
class ServerPlan:
    """The tools of one server, as far as they were understood."""

    server: str
    entities: Mapping[str, EntityPlan]
    actions: Mapping[str, Action]
    """By the tool's name."""
    reasons: Mapping[str, tuple[Reason, str]] = field(default_factory=dict)
    """Tool id → why it has no backend, with a detail."""
