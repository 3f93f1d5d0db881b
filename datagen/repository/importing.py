"""`datagen tools import`: tool specs out of files into a repository.

Files are read in the order of their paths, whatever order they were named in, and each in pieces of
`PART_RECORDS` specs that are partitions of the run: a repeated command goes on behind the last
one, and gives the same tools as one that was never stopped. Inputs that changed in between are
refused by name. What is found is either a tool or a reject with its reason."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path

import pyarrow.parquet as pq

from datagen.agentic.tools.duplicates import Duplicates
from datagen.agentic.tools.formats.documents import specs
from datagen.agentic.tools.formats.found import Context, Found, Unreadable
from datagen.agentic.tools.formats.opened import DamagedError, blocks
from datagen.agentic.tools.licences import spdx
from datagen.agentic.tools.specs import Provenance, normalise, refused
from datagen.errors import RecipeError
from datagen.repository.repository_run import RepositoryRun, Standing
from datagen.schemas import Tool, ToolReject

PART_RECORDS = 10_000
"""Specs of one partition: what is in memory at a time, 20 to 50 MB."""
TICK_RECORDS = 500
ENDINGS = (".json", ".jsonl", ".ndjson", ".yaml", ".yml")
"""Files of a folder that are read, also with `.gz` or `.zst` behind; named files always are."""
_GENERIC = {"tools", "tool", "index", "openapi", "swagger", "api", "spec", "schema", "server"}
"""File names that say nothing of a server; the folder's name stands in."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file and what it was when it was looked at."""

    path: Path
    size: int
    mtime_ns: int

    @property
    def stamp(self) -> str:
        return f"{self.size} bytes, mtime_ns {self.mtime_ns}"

    @property
    def date(self) -> str:
        return datetime.fromtimestamp(self.mtime_ns / 1e9, UTC).date().isoformat()

    @property
    def server(self) -> str:
        """What its tools belong to if nothing in the file says so."""
        name = self.path.name.split(".")[0] or self.path.name
        return self.path.absolute().parent.name if name.lower() in _GENERIC else name


def import_tools(
    files: Sequence[str | Path],
    output: Path,
    on_tick: Callable[[Standing], None] = lambda standing: None,
) -> Standing:
    """Import all tools of files and folders into the run at `output`; goes on where it was left.

    Raises `RecipeError` for a file that is not there, `StorageError` for a folder that holds
    something else."""
    inputs = input_files(files)
    identity = {f"files.{file.path}": file.stamp for file in inputs}
    names = [str(file.path) for file in inputs]
    with RepositoryRun(output, pipeline="tools import", identity=identity, inputs=names) as run:
        run.plan(_planned(run, len(inputs)))
        known = Duplicates()
        for number, file in enumerate(inputs):
            _import_file(run, number, file, known, on_tick)
        on_tick(run.standing)
    return run.standing


def input_files(named: Sequence[str | Path]) -> list[InputFile]:
    """The files behind what was named, folders gone into, in the order of their paths."""
    if not named:
        raise RecipeError("files: name at least one file or folder")
    found: dict[str, InputFile] = {}
    for one in named:
        path = Path(one)
        for file in _below(path) if path.is_dir() else [path]:
            key = os.path.abspath(file)
            if key in found and not path.is_dir():
                raise RecipeError(f"{one}: is named twice")
            found[key] = _looked_at(file)
    return [found[key] for key in sorted(found)]


def _below(folder: Path) -> list[Path]:
    files = []
    for above, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            plain = name.lower().removesuffix(".gz").removesuffix(".zst")
            if plain.endswith(ENDINGS) and not name.startswith("."):
                files.append(Path(above, name))
    if not files:
        raise RecipeError(f"{folder}: no files that end in {', '.join(ENDINGS)} there")
    return files


def _looked_at(path: Path) -> InputFile:
    try:
        facts = path.stat()
    except OSError as problem:
        raise RecipeError(f"{path}: {problem.strerror or problem}") from problem
    if not path.is_file():
        raise RecipeError(f"{path}: is not a file")
    if not os.access(path, os.R_OK):
        raise RecipeError(f"{path}: may not be read")
    return InputFile(path, facts.st_size, facts.st_mtime_ns)


def _planned(run: RepositoryRun, files: int) -> list[str]:
    """The partitions that are known of: those committed and the first of each file."""
    first = {_part(number, 0) for number in range(files)}
    return sorted(first | run.standing.commits.keys())


def _file(number: int) -> str:
    return f"file-{number:05d}-"


def _part(number: int, piece: int) -> str:
    return f"{_file(number)}{piece:05d}"


def _import_file(
    run: RepositoryRun,
    number: int,
    file: InputFile,
    known: Duplicates,
    on_tick: Callable[[Standing], None],
) -> None:
    """One file, piece by piece; pieces that are committed are passed over."""
    commits = run.standing.commits
    if _ended(run, number):
        _remember(run, known, f"{_file(number)}*")
        return
    records = _records(file)
    piece = 0
    following = next(records, None)
    while following is not None or piece == 0:
        part = _part(number, piece)
        taken = islice(chain([following] if following else [], records), PART_RECORDS)
        if part in commits:
            _pass_over(taken)
            _remember(run, known, f"{part}*")
        else:
            rows = list(_rows(taken, file, known, run.standing, on_tick))
        following = next(records, None)
        if part not in commits:
            _publish(run, part, rows, ends=following is None)
            on_tick(run.standing)
        piece += 1
        if following is not None and _part(number, piece) not in commits:
            run.standing.planned += 1


def _ended(run: RepositoryRun, number: int) -> bool:
    """Whether the last piece of a file is committed."""
    return any(
        name.startswith(_file(number)) and commit.totals.get("files")
        for name, commit in run.standing.commits.items()
    )


def _pass_over(records: Iterator[Found | Unreadable]) -> None:
    for _ in records:
        pass


def _remember(run: RepositoryRun, known: Duplicates, pattern: str) -> None:
    """Take in what committed partitions hold."""
    for path in sorted((run.folder.path / "tools").glob(f"{pattern}.parquet")):
        for row in pq.read_table(path, columns=["id", "server", "name"]).to_pylist():
            known.remember(row["id"], row["server"], row["name"])


def _records(file: InputFile) -> Iterator[Found | Unreadable]:
    """What a file holds; damage at its end is a record too."""
    context = Context(server=file.server)
    damage: list[str] = []
    yield from specs(_undamaged(file.path, damage), context)
    for detail in damage:
        yield Unreadable("unreadable_file", f"cannot be decompressed further: {detail}", "its end")


def _undamaged(path: Path, damage: list[str]) -> Iterator[bytes]:
    try:
        yield from blocks(path)
    except DamagedError as problem:
        damage.append(str(problem))


def _rows(
    records: Iterator[Found | Unreadable],
    file: InputFile,
    known: Duplicates,
    standing: Standing,
    on_tick: Callable[[Standing], None],
) -> Iterator[Tool | ToolReject]:
    for count, record in enumerate(records, start=1):
        row = row_of(record, file)
        if isinstance(row, Tool):
            row = known.admit(row, stage="import", where=f"{file.path}:{record.place}")
        yield row
        if count % TICK_RECORDS == 0:
            standing.current = count
            on_tick(standing)
    standing.current = 0


def row_of(record: Found | Unreadable, file: InputFile) -> Tool | ToolReject:
    """The tool or the reject that a record comes to, duplicates not considered."""
    context = Context(server=file.server) if isinstance(record, Unreadable) else record.context
    source = {"file": str(file.path), "place": record.place}
    if context.licence and not spdx(context.licence) and "://" not in context.licence:
        source["stated_licence"] = context.licence[:60]
    provenance = Provenance(
        server=context.server or file.server,
        category=context.category,
        domain=context.domain,
        licence=context.licence,
        date=file.date,
        source=source,
        origin="imported",
        where=f"{file.path}:{record.place}",
    )
    if isinstance(record, Unreadable):
        return refused(record.text, provenance, record.reason, record.detail)
    return normalise(record.raw, provenance, original=record.original)


def _publish(
    run: RepositoryRun, part: str, rows: Sequence[Tool | ToolReject], *, ends: bool
) -> None:
    tools = [row for row in rows if isinstance(row, Tool)]
    rejects = [row for row in rows if isinstance(row, ToolReject)]
    totals = Counter({"files": int(ends), "servers": len({tool.server for tool in tools})})
    totals.update(f"fix.{name}" for tool in tools for name in tool.fixes)
    totals.update(f"flag.{name}" for tool in tools for name in tool.flags)
    run.publish(part, {"rejects": rejects, "tools": tools}, found=len(rows), totals=totals)
