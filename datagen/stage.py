"""What a pipeline is to the runner: rows of work, an async worker for each, and a table made of the
outcomes.

A worker is plain sequential code that may await `ask`; the runner keeps many of them in flight,
writes every completion into the journal before the worker sees it, and commits what `assemble`
returns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from datagen.engines.base import Completion, Request
from datagen.schemas import AnyReject, Row

Tables = Mapping[str, Sequence[Row]]
"""Rows by the table they go to."""


@dataclass(frozen=True, slots=True)
class Work:
    """One row that asks engines: a chain, a rollout."""

    id: str
    size: float
    """How much it will ask for (tokens); rows with more left are asked first."""
    row: Any
    """What the worker gets."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that could not be tried. It stands in the rejects, marked, and is tried again at the
    next entry."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Something made, to be shown while the run goes on."""

    title: str
    before: str
    after: str


class Ask(Protocol):
    """Asks an engine on behalf of one row; answered from the journal where the row asked before."""

    async def __call__(self, role: str, request: Request) -> Completion: ...


class Partition(Protocol):
    """A fixed piece of the input: the unit of planning, memory and commits."""

    @property
    def id(self) -> str: ...

    @property
    def count(self) -> int:
        """Planned records."""
        ...


P = TypeVar("P")
I = TypeVar("I")  # noqa: E741


@dataclass(frozen=True)
class Plan(Generic[P, I]):
    """Partitions in order, and the inputs they came from; both frozen dataclasses of JSON
    values."""

    partitions: tuple[P, ...]
    inputs: tuple[I, ...]

    @property
    def records(self) -> int:
        return sum(partition.count for partition in self.partitions)  # type: ignore[attr-defined]


class Planner(Protocol):
    """Cuts what a run works on into partitions, once; later entries and rounds only add some."""

    types: ClassVar[tuple[type, type]]
    """Dataclasses of its partitions and inputs, as they are read back."""
    rounds: ClassVar[bool]
    """Whether it is asked again when all partitions are committed: the next round may be planned
    from what this one made."""

    @property
    def names(self) -> Sequence[str]:
        """What the user named, for the manifest."""
        ...

    @property
    def limit(self) -> int | None:
        """Records after which no partition begins; None: all."""
        ...

    def extend(self, before: Plan[Any, Any] | None) -> Plan[Any, Any]:
        """The earlier plan and what has come to it; equal to `before` where nothing has. Writes
        nothing."""
        ...

    def changed(self, before: Plan[Any, Any]) -> list[str]:
        """One line for each input that is not what it was when it was planned."""
        ...


class Pipeline(Protocol):
    """What is made of one partition. Deterministic but for what engines answer."""

    tables: ClassVar[Mapping[str, type[Row]]]
    """The tables it writes; the last one is published last and marks the partition as done."""

    def read(self, partition: Any) -> Iterator[Work | AnyReject]:
        """The partition's rows, read and cut, and the inputs that can't be used. Asks no engine."""
        ...

    async def work(self, row: Any, ask: Ask) -> Any:
        """Run one row. Whatever it returns is an outcome for `assemble`."""
        ...

    def accepted(self, outcome: Any) -> bool:
        """Whether a row's outcome is passed on; for the progress shown."""
        ...

    @property
    def preview(self) -> Preview | None:
        """The first thing that was made here."""
        ...

    def assemble(
        self, outcomes: Sequence[tuple[Work, Any | Failure]], rejects: Sequence[AnyReject]
    ) -> Tables:
        """The partition's tables; ties are broken by id, never by arrival."""
        ...

    def totals(self, tables: Tables) -> Mapping[str, int]:
        """What is worth adding up over partitions: documents, tokens."""
        ...
