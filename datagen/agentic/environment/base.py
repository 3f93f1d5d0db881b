"""What answers an agent's calls: one protocol, whoever is behind it.

An environment belongs to one rollout. It never raises for what an agent does: unknown tools, bad
arguments and calls that are refused are results with `is_error`, as a real runtime would give
them."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from datagen.agentic.nouns import FailureKind, InjectedFailure, StateChange, ToolCall
from datagen.stage import Ask

EnvironmentKind = Literal["compiled", "simulated", "mcp", "sandbox"]


@dataclass(frozen=True, slots=True)
class Result:
    """What a call is answered with."""

    content: str
    """JSON text, but for injected failures of kind `malformed`."""
    is_error: bool
    injected: FailureKind | None = None
    """The planned failure that this is; None: none."""


class EnvironmentFault(Exception):
    """The environment has no usable answer, however often its model was asked."""


class Environment(Protocol):
    """Answers calls and keeps state."""

    kind: EnvironmentKind

    async def call(self, call: ToolCall, ask: Ask | None = None) -> Result:
        """Answer one call. `ask` reaches the engines, where there are any behind it.
        Raises `EnvironmentFault`."""
        ...

    @property
    def state(self) -> dict[str, Any]:
        """The state as it is; not to be changed."""
        ...

    @property
    def version(self) -> int:
        """Number of committed changes."""
        ...

    @property
    def changes(self) -> tuple[StateChange, ...]: ...

    @property
    def injected(self) -> tuple[InjectedFailure, ...]:
        """Planned failures that came to pass."""
        ...
