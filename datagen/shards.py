"""A run folder: Parquet shards that are the ledger, the lease, the manifest.

A shard is written under a temporary name, synced and renamed. A partition's tables are published
one after the other, the marker (shard 0 of the pipeline's last table) at the end: with the marker
in place the partition is done, without it whatever lies there is overwritten by the next entry.
Reading the markers is how a run knows where it stands; the manifest only repeats it."""

import fcntl
import json
import os
import shutil
import socket
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq

from datagen.errors import StorageError
from datagen.schemas import SCHEMA_VERSION, Row
from datagen.stage import Tables

METADATA_KEY = b"datagen"


@dataclass(frozen=True, slots=True)
class Commit:
    """What a partition came to, as its marker tells it."""

    partition: str
    planned: int
    """Input records."""
    rows: Mapping[str, int]
    """Rows by table."""
    failed: int
    """Rows that could not be tried; the next entry tries them again."""
    totals: Mapping[str, int]
    """Sums over the partition: completions, tokens, …"""
    reasons: Mapping[str, int]
    """Rejects and failures by `stage.reason`."""


class RunFolder:
    """One run's folder on a local or shared file system."""

    def __init__(self, path: Path, tables: Mapping[str, type[Row]] | None = None) -> None:
        self.path = path
        self.tables = dict(tables or {})
        self.lease = 0

    # paths

    @property
    def manifest_path(self) -> Path:
        return self.path / "manifest.json"

    def journal(self, partition: str) -> Path:
        return self.path / "journal" / partition

    def shards(self, table: str) -> list[Path]:
        """The table's published shards, in order of their names."""
        return sorted((self.path / table).glob("*.parquet"))

    # lease

    def take(self) -> "RunFolder":
        """Take the run's next lease; refuse if a live process holds the run."""
        try:
            self._leases.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self.path / ".lock")
            while True:
                self.lease = self.latest_lease() + 1
                holder = {"lease": self.lease, "pid": os.getpid(), "host": socket.gethostname()}
                try:
                    with (self._leases / f"{self.lease:06d}.json").open("x") as file:
                        json.dump(holder, file)
                    return self
                except FileExistsError:
                    continue
        except OSError as problem:
            raise storage_error(self.path, problem) from problem

    def release(self) -> None:
        """Let other processes, or a later entry of this one, take the run."""
        os.close(self._lock)

    def latest_lease(self) -> int:
        return max((int(path.stem) for path in self._leases.glob("*.json")), default=0)

    def check_lease(self) -> None:
        """Raise if a later entry has taken the run: this one may publish nothing any more."""
        if (latest := self.latest_lease()) != self.lease:
            raise StorageError(
                f"{self.path}: entry {latest} has taken over from entry {self.lease}"
            )

    @property
    def _leases(self) -> Path:
        return self.path / "plan" / "leases"

    # shards

    def publish(self, commit: Commit, tables: Tables, *, shard_rows: int) -> None:
        """Write a partition's tables; the marker comes last."""
        try:
            for number, name in enumerate(self.tables):
                is_marker = number == len(self.tables) - 1
                self._publish_table(name, tables.get(name, ()), commit, shard_rows, is_marker)
        except OSError as problem:
            raise storage_error(self.path, problem) from problem

    def _publish_table(
        self, name: str, rows: Sequence[Row], commit: Commit, shard_rows: int, is_marker: bool
    ) -> None:
        self.check_lease()
        folder = self.path / name
        folder.mkdir(parents=True, exist_ok=True)
        pieces = [rows[i : i + shard_rows] for i in range(0, len(rows), shard_rows)] or [()]
        keep = {shard_name(commit.partition, number) for number in range(len(pieces))}
        for stale in folder.glob(f"{commit.partition}.*parquet*"):
            if stale.name not in keep:
                stale.unlink()
        if not rows and not is_marker:
            (folder / shard_name(commit.partition, 0)).unlink(missing_ok=True)
            return
        model = self.tables[name]
        for number in reversed(range(len(pieces))):
            table = arrow_table(model, pieces[number])
            self.check_lease()
            if is_marker and number == 0:
                table = _with_metadata(table, {"commit": asdict(commit)})
            _write_shard(table, folder / shard_name(commit.partition, number), self.lease)

    def commits(self) -> Iterator[Commit]:
        """The partitions that are done, from their markers."""
        marker_table = list(self.tables)[-1]
        for path in self.shards(marker_table):
            if path.name.count(".") == 1:
                yield Commit(**read_metadata(path)["commit"])

    def sweep(self) -> None:
        """Delete what an earlier entry left: half-written files, journals of what is done."""
        try:
            for folder in [self.path, self.path / "plan", *(self.path / t for t in self.tables)]:
                for path in folder.glob("*.tmp"):
                    path.unlink(missing_ok=True)
        except OSError as problem:
            raise storage_error(self.path, problem) from problem
        for journal in (self.path / "journal").glob("*"):
            marker = self.path / list(self.tables)[-1] / shard_name(journal.name, 0)
            if marker.exists() and not read_metadata(marker)["commit"]["failed"]:
                shutil.rmtree(journal, ignore_errors=True)

    # manifest

    def write_text(self, path: Path, text: str) -> None:
        """Write a small file atomically."""
        try:
            write_atomically(path, text.encode())
        except OSError as problem:
            raise storage_error(self.path, problem) from problem

    def manifest(self) -> dict[str, Any] | None:
        """The manifest, or None if the folder holds no run."""
        try:
            found = json.loads(self.manifest_path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as problem:
            raise StorageError(f"{self.manifest_path}: {problem}") from problem
        return dict(found)


def shard_name(partition: str, number: int) -> str:
    return f"{partition}.parquet" if number == 0 else f"{partition}.{number:03d}.parquet"


def storage_error(path: Path, problem: OSError) -> StorageError:
    """One line that says what the file system refused."""
    where = problem.filename or path
    return StorageError(
        f"{where}: {problem.strerror or problem}; put it right and run the same command again, "
        "nothing is lost"
    )


def write_atomically(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def read_metadata(path: Path) -> dict[str, Any]:
    """The JSON that `datagen` keeps in a shard's footer."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
        return dict(json.loads(metadata[METADATA_KEY]))
    except (OSError, KeyError, ValueError, pa.ArrowException) as problem:
        raise StorageError(f"{path}: not a shard of datagen ({problem})") from problem


def arrow_schema(model: type[Row]) -> pa.Schema:
    """The Parquet schema of a row model: fixed by its fields, never by the rows that come."""
    fields = [
        pa.field(name, *_arrow_type(field.annotation)) for name, field in model.model_fields.items()
    ]
    metadata = {METADATA_KEY: json.dumps({"schema": SCHEMA_VERSION}).encode()}
    return pa.schema(fields, metadata=metadata)


def arrow_table(model: type[Row], rows: Sequence[Row]) -> pa.Table:
    schema = arrow_schema(model)
    columns = [[getattr(row, name) for row in rows] for name in schema.names]
    arrays = [_array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(column: list[Any], kind: pa.DataType) -> pa.Array:
    """Half of a surrogate pair, which a model may write, becomes `?`: it costs no partition."""
    try:
        return pa.array(column, type=kind)
    except UnicodeEncodeError:
        return pa.array([_whole(value) for value in column], type=kind)


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _arrow_type(annotation: Any) -> tuple[pa.DataType, bool]:
    """Arrow type and nullability of a field's annotation."""
    plain = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    if annotation in plain:
        return plain[annotation], False
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return pa.string(), False
    if origin is list:
        return pa.list_(pa.field("element", _arrow_type(arguments[0])[0])), False
    if origin in (Union, types.UnionType) and len(arguments) == 2 and type(None) in arguments:
        return _arrow_type(next(a for a in arguments if a is not type(None)))[0], True
    raise TypeError(f"no Parquet type for {annotation}")


def _with_metadata(table: pa.Table, more: Mapping[str, Any]) -> pa.Table:
    kept = {"schema": SCHEMA_VERSION, **more}
    return table.replace_schema_metadata({METADATA_KEY: json.dumps(kept).encode()})


def _write_shard(table: pa.Table, path: Path, lease: int) -> None:
    # Two entries never share a temporary file: a worker may outlive its killed driver.
    temporary = path.with_name(f"{path.name}.{lease}.tmp")
    with temporary.open("wb") as file:
        with pq.ParquetWriter(
            file, table.schema, compression="zstd", version="2.6", write_page_checksum=True
        ) as writer:
            if table.num_rows:  # `datasets` fails on a row group of no rows, and passes over none
                writer.write_table(table)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int:
    """Hold the run's lock until this process ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StorageError(
            f"{path.parent}: another process is at work on this run; wait for it or choose "
            "another --output"
        ) from None
    return descriptor
