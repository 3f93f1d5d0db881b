"""What a user names, turned into inputs, identities and a plan.

Nothing here holds the records: planning reads a JSONL file's bytes once, a Parquet file's footer, a
folder's listing.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datagen.errors import RecipeError
from datagen.rephrase.read import folder, hub, jsonl, parquet
from datagen.rephrase.read.options import SourceOptions
from datagen.rephrase.read.partitions import (
    Ends,
    Format,
    InputFile,
    Partition,
    Plan,
    Position,
    Sizes,
    Span,
    cut,
)
from datagen.rephrase.read.places import look, place

log = logging.getLogger(__name__)

JSONL_ENDINGS = (".jsonl", ".ndjson", ".jsonlines", ".json-lines")
PARQUET_ENDINGS = (".parquet", ".pq")
KNOWN = (".jsonl[.gz|.zst]", ".ndjson", ".parquet", ".txt", ".md")
"""As error messages name them."""


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that is cut into partitions."""

    file: InputFile
    format: Format
    held: Any = None
    """The listing of a folder, or the dataset of a hub name."""


def identify(inputs: Sequence[str]) -> tuple[InputFile, ...]:
    """What the inputs are now, without reading a record."""
    return tuple(found.file for found in resolve(inputs))


def changed_inputs(planned: Sequence[InputFile], now: Sequence[InputFile]) -> list[str]:
    """One line for every input that is not what it was when it was planned."""
    before, after = ({file.path: file for file in files} for files in (planned, now))
    lines = []
    for path, was in before.items():
        found = after.get(path)
        if found is None:
            lines.append(f"inputs: {path}: was planned and is not among the inputs")
        elif found.size != was.size:
            lines.append(f"inputs: {path}: size was {was.size}, is {found.size}")
        elif found.stamp != was.stamp:
            lines.append(f"inputs: {path}: was changed after it was planned")
    new = (path for path in after if path not in before)
    return lines + [f"inputs: {path}: was not there when the run was planned" for path in new]


def plan_partitions(
    inputs: Sequence[str],
    source: SourceOptions | None = None,
    *,
    records: int = 1000,
    size: int = 8 << 20,
    already: Sequence[Partition] = (),
    limit: int | None = None,
) -> Plan:
    """Cut the inputs, in order, into partitions of at most `records` records and `size` bytes.

    Partitions that were planned `already` stand first and unchanged; planning goes on where each
    input was left. `limit` counts all records, theirs too. A record longer than `size` is a
    partition of its own.

    Raises:
        RecipeError: an input is missing, not readable, of no known kind, or has no text column.
    """
    source = source or SourceOptions()
    left = None if limit is None else limit - sum(partition.count for partition in already)
    latest = {partition.input: partition for partition in already}
    planned, files = list(already), []
    for found in resolve(inputs):
        before = latest.get(found.file.path)
        count = before.first + before.count if before else 0
        if not (before and before.last) and (left is None or left > 0):
            at = Position.after(before) if before else Position()
            for span in cut(_ends(found, at, source), at, Sizes(records, size), left):
                planned.append(_partition(found, span, len(planned)))
                count += span.count
                left = None if left is None else left - span.count
        files.append(replace(found.file, records=count))
    return Plan(tuple(planned), tuple(files))


def _ends(found: Input, at: Position, source: SourceOptions) -> Iterator[Ends]:
    name = found.file.path
    if found.format == "texts":
        return folder.ends(found.held, at)
    if found.format == "hub":
        return hub.ends(name, found.held, at, source)
    if not found.file.size:
        return iter(())
    return jsonl.ends(name, at) if found.format == "jsonl" else parquet.ends(name, at, source)


def _partition(found: Input, span: Span, number: int) -> Partition:
    lined = found.format == "jsonl"
    texts = found.format == "texts"
    return Partition(
        id=f"{number:06d}",
        input=found.file.path,
        format=found.format,
        first=span.first,
        count=span.count,
        start=span.start,
        bytes=span.bytes,
        line=span.line if lined else 0,
        lines=span.lines if lined else 0,
        last=not span.more,
        digest=folder.digest(found.held, span.first, span.count) if texts else "",
    )


def resolve(inputs: Sequence[str]) -> list[Input]:
    """The inputs behind what the user named, in order; folders and globs sorted by path."""
    if not inputs:
        raise RecipeError("inputs: name at least one file, folder, glob or hf: dataset")
    found: dict[str, Input] = {}
    for name in inputs:
        for one in _resolve(name):
            if one.file.path in found:
                raise RecipeError(f"inputs: {name}: {one.file.path} is among the inputs twice")
            found[one.file.path] = one
    return list(found.values())


def _resolve(name: str) -> list[Input]:
    if name.startswith("hf:"):
        dataset = hub.load(name)
        return [Input(hub.identity(name, dataset), "hub", dataset)]
    if folder.is_glob(name) or (file := look(name)) is None:
        at = place(name)
        return _many(name, at.url(at.path), folder.under(name))
    format = format_of(file.path)
    if format is None:
        raise RecipeError(
            f"inputs: {name}: unknown kind of file (known: {', '.join(KNOWN)}, a folder, hf:NAME)"
        )
    if format == "texts":
        return [Input(file, "texts", folder.texts([file]))]
    return [Input(file, format)]


def _many(name: str, url: str, files: Sequence[InputFile]) -> list[Input]:
    """The text files of a folder or glob as one input, then its other files."""
    texts = folder.texts(files)
    found = [Input(folder.identity(url, texts), "texts", texts)] if texts else []
    formats = [format_of(file.path) for file in files]
    if not any(formats):
        raise RecipeError(f"inputs: {name}: no {', '.join(KNOWN)} files there")
    if others := formats.count(None):
        log.warning("%s: %d files of other kinds are not read", name, others)
    for file, format in zip(files, formats, strict=True):
        if format in ("jsonl", "parquet"):
            found.append(Input(file, format))
    return found


def format_of(path: str) -> Format | None:
    """The format that a file's name says."""
    name = path.lower()
    if name.removesuffix(".gz").removesuffix(".zst").endswith(JSONL_ENDINGS):
        return "jsonl"
    if name.endswith(PARQUET_ENDINGS):
        return "parquet"
    return "texts" if name.endswith(folder.TEXT_ENDINGS) else None
