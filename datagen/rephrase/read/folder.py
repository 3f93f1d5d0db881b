"""Text files: each one a document, its path below the folder its id.

A folder can hold more files than a plan should list, so a partition is a range of the sorted
listing, with a hash of the names in it: reading lists again and refuses a folder that changed in
between.
"""

import hashlib
from collections.abc import Iterator, Sequence

from datagen.errors import RecipeError
from datagen.rephrase.read.options import SourceOptions
from datagen.rephrase.read.partitions import (
    BadRecord,
    Ends,
    InputFile,
    Partition,
    Position,
    whole,
)
from datagen.rephrase.read.places import Place, exists, find, look, open_file, place
from datagen.rephrase.read.rows import bad, document, guess_kind
from datagen.schemas import Document

TEXT_ENDINGS = (".txt", ".md", ".markdown")


def is_glob(name: str) -> bool:
    """Whether a name is a pattern; what exists under that very name is none."""
    return _marked(name) and not exists(name)


def _marked(name: str) -> bool:
    return any(mark in name for mark in "*?[")


def root(name: str) -> Place:
    """The folder that ids of a folder, glob or single file are relative to."""
    at = place(name)
    if is_glob(name):
        parts = at.path.split("/")
        fixed = next(i for i, part in enumerate(parts) if _marked(part))
        return Place(at.fs, "/".join(parts[:fixed]), at.local)
    if at.fs.isfile(at.path):
        return Place(at.fs, at.path.rpartition("/")[0], at.local)
    return at


def under(name: str) -> list[InputFile]:
    """Every file of a folder or glob, sorted by path."""
    return find(root(name), place(name).path if is_glob(name) else None)


def texts(files: Sequence[InputFile]) -> list[InputFile]:
    """The text files among these; one without a byte is a record too, and rejected as empty."""
    return [file for file in files if file.path.lower().endswith(TEXT_ENDINGS)]


def listing(name: str) -> list[InputFile]:
    """Text files of a folder or glob, or the one file, sorted by path."""
    if is_glob(name) or (file := look(name)) is None:
        return texts(under(name))
    return texts([file])


def identity(name: str, files: Sequence[InputFile]) -> InputFile:
    """One identity for all text files of a folder."""
    seen = hashlib.blake2b(digest_size=12)
    for file in files:
        seen.update(f"{file.path}\0{file.size}\0{file.stamp}\n".encode("utf-8", "surrogateescape"))
    return InputFile(name, sum(file.size for file in files), f"files:{seen.hexdigest()}")


def ends(files: Sequence[InputFile], at: Position) -> Iterator[Ends]:
    """Every file is one record; offsets count on from `at`."""
    after = whole([file.size for file in files[at.first :]])
    yield Ends(after.offsets + at.start, after.lines)


def digest(files: Sequence[InputFile], first: int, count: int) -> str:
    """Hash of the names in a range of the listing."""
    names = "\n".join(file.path for file in files[first : first + count])
    return hashlib.blake2b(names.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def read(
    files: Sequence[InputFile], partition: Partition, source: SourceOptions
) -> Iterator[Document | BadRecord]:
    """Exactly `partition.count` documents and bad records. `files` is the whole listing."""
    if digest(files, partition.first, partition.count) != partition.digest:
        raise RecipeError(f"inputs: {partition.input}: its files changed since they were planned")
    at = root(partition.input)
    below = at.url(at.path).rstrip("/") + "/"
    for file in files[partition.first : partition.first + partition.count]:
        yield _file(file.path, file.path.removeprefix(below), source)


def _file(path: str, name: str, source: SourceOptions) -> Document | BadRecord:
    try:
        with open_file(path) as file:
            raw = file.read()
    except (RecipeError, OSError) as problem:
        return bad(path, "unreadable_file", str(problem))
    try:
        text, name = raw.decode("utf-8-sig"), name.encode("utf-8").decode("utf-8")
    except UnicodeDecodeError as problem:
        return bad(path, "not_utf8", f"byte {problem.start}", raw[:8000].decode("utf-8", "replace"))
    except UnicodeEncodeError:
        return bad(path.encode("utf-8", "replace").decode(), "not_utf8", "the file's name")
    kind = guess_kind(text) if source.kind == "auto" else source.kind
    return document(text, name, kind, {"file": name}, path)
