"""What a round asks for: new applications, and tools derived from accepted ones.

An ask holds all that its row needs, so that a worker reads nothing but its partition; ids are
hashes of what is asked, so that no ask is planned twice. A record of a partition is a tool slot:
each comes to one draft, one reject or one failure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from datagen.agentic.tools.evolve.answers import Application, ToolAnswer
from datagen.schemas import row_id

OperatorName = Literal[
    "add_constraint",
    "deepen",
    "specialise",
    "combine",
    "add_failure_modes",
    "change_entity",
]
OUTLINE = "outline"
"""`operator` of a tool that was specified with its application, not derived."""


class _Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    round: int
    date: str
    """Day of planning, ISO 8601: what is made carries it, on whichever day it is made."""


class NewApplication(_Ask):
    """Invent an application for a cell of the taxonomy, and specify its tools."""

    kind: Literal["application"] = "application"
    category: str
    title: str
    """Of the category."""
    domain: str
    number: int
    """Which application of this cell, from 0."""
    slots: int
    """Tools to specify."""
    audience: str = ""
    """Whom it is for."""
    like: tuple[str, ...] = ()
    """Tools whose kind of work the application should do, as `name: description`."""
    other: tuple[str, ...] = ()
    """Names of applications that it should differ from."""

    @property
    def id(self) -> str:
        return row_id("application", self.category, self.domain, self.number)


class Parent(BaseModel):
    """An accepted tool that another is derived from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    tool: ToolAnswer


class Derivation(_Ask):
    """Apply an operator to an accepted tool (`combine`: to two of one application)."""

    kind: Literal["derivation"] = "derivation"
    operator: OperatorName
    application: Application
    parents: tuple[Parent, ...]
    entity: str = ""
    """`change_entity`: what the new tool works on."""
    taken: tuple[str, ...] = ()
    """Names of the application's tools."""
    slots: ClassVar[int] = 1

    @property
    def id(self) -> str:
        return row_id("derivation", self.operator, self.entity, *(p.id for p in self.parents))


Ask = Annotated[NewApplication | Derivation, Field(discriminator="kind")]
_ASK: TypeAdapter[NewApplication | Derivation] = TypeAdapter(Ask)


@dataclass(frozen=True, slots=True)
class AskPartition:
    """Asks of one round that are committed together; as JSON in the run's plan."""

    id: str
    count: int
    """Tool slots of all its asks."""
    round: int
    asks: Sequence[dict[str, Any]]

    def read(self) -> list[NewApplication | Derivation]:
        return [_ASK.validate_python(ask, strict=False) for ask in self.asks]


def partitions(
    asks: Sequence[NewApplication | Derivation], number: int, *, slots: int
) -> list[AskPartition]:
    """The round's asks, in the order of their ids, cut so that each has about this many slots."""
    cut: list[list[NewApplication | Derivation]] = [[]]
    for ask in sorted(asks, key=lambda ask: ask.id):
        if sum(known.slots for known in cut[-1]) >= slots:
            cut.append([])
        cut[-1].append(ask)
    return [
        AskPartition(
            id=f"round-{number:04d}-{place:04d}",
            count=sum(ask.slots for ask in group),
            round=number,
            asks=[ask.model_dump(mode="json") for ask in group],
        )
        for place, group in enumerate(cut)
        if group
    ]
