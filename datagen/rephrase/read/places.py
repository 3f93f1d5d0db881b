"""Files wherever they are: one thin layer over fsspec.

Local paths are made absolute, so that a plan means the same from another working folder, and are
opened without fsspec. Not covered: credentials, which fsspec takes from the environment.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import fsspec

from datagen.errors import RecipeError
from datagen.rephrase.read.partitions import InputFile


@dataclass(frozen=True, slots=True)
class Place:
    """A file system and a path in it."""

    fs: Any
    path: str
    """As the file system wants it."""
    local: bool

    def url(self, path: str) -> str:
        """What names `path` of this file system from anywhere."""
        return path if self.local else str(self.fs.unstrip_protocol(path))


def place(name: str) -> Place:
    """The place of a path or URL; nothing is touched yet."""
    try:
        fs, path = fsspec.url_to_fs(name if "://" in name else os.path.abspath(name))
    except (ImportError, ValueError) as problem:
        raise RecipeError(f"inputs: {name}: {_line(problem)}") from problem
    local = "file" in ([fs.protocol] if isinstance(fs.protocol, str) else fs.protocol)
    return Place(fs, path, local)


def look(name: str) -> InputFile | None:
    """Size and stamp of a file; None for a folder. Raises `RecipeError` if there is nothing."""
    at = place(name)
    try:
        facts = at.fs.info(at.path)
    except FileNotFoundError:
        raise RecipeError(f"inputs: {name}: no such file or folder") from None
    except Exception as problem:  # every remote file system has its own errors
        raise RecipeError(f"inputs: {name}: {_line(problem)}") from problem
    return None if facts["type"] == "directory" else identity(at, at.path, facts)


def exists(name: str) -> bool:
    at = place(name)
    try:
        return bool(at.fs.exists(at.path))
    except Exception as problem:  # as in `look`
        raise RecipeError(f"inputs: {name}: {_line(problem)}") from problem


def identity(at: Place, path: str, facts: dict[str, Any]) -> InputFile:
    """What tells that a file changed, from what its file system says of it."""
    if at.local:
        stamp = f"mtime_ns:{os.stat(path).st_mtime_ns}"
    else:
        keys = ("ETag", "etag", "LastModified", "last_modified", "mtime", "created")
        stamp = next((f"{key}:{facts[key]}" for key in keys if facts.get(key)), "")
    return InputFile(at.url(path), int(facts.get("size") or 0), stamp)


def find(at: Place, pattern: str | None = None) -> list[InputFile]:
    """Files under a folder, or matching a glob, sorted by path; hidden ones left out."""
    try:
        if at.local and pattern is None:
            return _walk(at)
        if pattern is None:
            found = at.fs.find(at.path, detail=True)
        else:
            found = at.fs.glob(pattern, detail=True)
    except Exception as problem:  # as in `look`
        raise RecipeError(f"inputs: {at.url(at.path)}: {_line(problem)}") from problem
    root = at.path.rstrip("/")
    return [
        identity(at, path, facts)
        for path, facts in sorted(found.items())
        if facts["type"] == "file" and not _hidden(path.removeprefix(root))
    ]


def _walk(at: Place) -> list[InputFile]:
    def refuse(problem: OSError) -> None:
        raise problem

    files = []
    for folder, below, names in os.walk(at.path, onerror=refuse):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in names:
            path = os.path.join(folder, name)
            if not name.startswith(".") and os.path.isfile(path):
                facts = os.stat(path)
                files.append(InputFile(path, facts.st_size, f"mtime_ns:{facts.st_mtime_ns}"))
    return sorted(files, key=lambda file: file.path)


def _hidden(relative: str) -> bool:
    return any(part.startswith(".") for part in relative.split("/"))


def open_file(name: str) -> IO[bytes]:
    """Open for reading, seekable. Raises `RecipeError` if it is not there or not allowed."""
    try:
        if "://" not in name:
            return Path(name).open("rb")
        at = place(name)
        opened: IO[bytes] = at.fs.open(at.path, "rb")
        return opened
    except FileNotFoundError:
        raise RecipeError(f"inputs: {name}: no such file") from None
    except RecipeError:
        raise
    except Exception as problem:  # as in `look`
        raise RecipeError(f"inputs: {name}: {_line(problem)}") from problem


def lost(name: str, problem: OSError) -> RecipeError:
    """An input that stopped being readable: a disk or a network, not a damaged file."""
    return RecipeError(f"inputs: {name}: {_line(problem)}")


def _line(problem: Exception) -> str:
    text = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return " ".join(str(text).split())[:300]
