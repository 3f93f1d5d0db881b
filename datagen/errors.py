"""What can go wrong, named by who can act on it.

    DatagenError ├── RecipeError    the user can fix it: one line, exit 2 ├── StorageError   the run
    folder can't be read or written: one line, exit 2; what is done is kept └── EngineError    the
    model's server failed: retried, then left for the next entry, exit 1

A bad row is a `Drop` (datagen.stage), not an error. Anything else that is raised is a bug.
"""

from typing import Literal

Failure = Literal["unreachable", "timeout", "server_error", "bad_request", "bad_response"]


class DatagenError(Exception):
    """Base of all errors that end a run with one line instead of a traceback."""


class RecipeError(DatagenError):
    """A recipe, an input, a flag or a folder is wrong and the user can put it right."""


class StorageError(DatagenError):
    """The run folder can't be written or read: disk full, read-only, taken by another process."""


class EngineError(DatagenError):
    """A model could not answer a request.

    `kind` says what failed. `fatal` means that no request can succeed (server gone, circuit open),
    so the run stops; otherwise only the row that asked fails.
    """

    def __init__(self, message: str, *, kind: Failure, fatal: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.fatal = fatal

    def __reduce__(self) -> tuple[object, ...]:
        return _engine_error, (str(self), self.kind, self.fatal)


def _engine_error(message: str, kind: Failure, fatal: bool) -> EngineError:
    return EngineError(message, kind=kind, fatal=fatal)
