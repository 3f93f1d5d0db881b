"""Is every shard readable? Each row group of each column is decoded, a batch of rows at a time.

Page checksums are verified where a shard has them. Without them damage inside a value that still
decodes to valid text goes unseen.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from datagen.errors import StorageError
from datagen.inspect.findings import Checked, Finding, clipped, many
from datagen.inspect.views import partition_of
from datagen.schemas import SCHEMA_VERSION, Row
from datagen.shards import METADATA_KEY, Commit, RunFolder, arrow_schema, read_metadata

BATCH_ROWS = 2048


def check_shard(path: Path, where: str, model: type[Row]) -> Finding | None:
    """What is wrong with a shard, or None."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as shard:
            wrong = _schema_problem(shard, model)
            decoded = sum(_valid(batch) for batch in shard.iter_batches(BATCH_ROWS))
            promised = shard.metadata.num_rows
    except (OSError, ValueError, pa.ArrowException) as problem:
        said = " ".join(str(problem).split())[:200]
        return Finding("unreadable_shard", where, said)
    if decoded != promised:
        detail = f"{decoded:,} rows decoded, {promised:,} promised"
        return Finding("unreadable_shard", where, detail)
    return Finding("wrong_schema", where, wrong) if wrong else None


def markers(
    folder: RunFolder, shards: Mapping[str, Sequence[Path]]
) -> tuple[dict[str, Commit], Checked]:
    """What each marker says, and the ones that say nothing."""
    commits: dict[str, Commit] = {}
    findings = []
    for path in shards[list(folder.tables)[-1]]:
        if path.name.count(".") > 1:
            continue
        try:
            commits[partition_of(path)] = Commit(**read_metadata(path)["commit"])
        except (StorageError, KeyError, TypeError) as problem:
            name = str(path.relative_to(folder.path))
            findings.append(Finding("unreadable_marker", name, " ".join(str(problem).split())))
    return commits, Checked(clipped(findings), f"{many(len(commits), 'partition')} committed")


def decoded(folder: RunFolder, shards: Mapping[str, Sequence[Path]]) -> tuple[Checked, set[str]]:
    """Every shard decoded; the partitions of those that cannot be."""
    findings: list[Finding] = []
    damaged: set[str] = set()
    for name, model in folder.tables.items():
        for path in shards[name]:
            if finding := check_shard(path, f"{name}/{path.name}", model):
                findings.append(finding)
                damaged.add(partition_of(path))
    count = sum(len(paths) for paths in shards.values())
    proved = f"all {count:,} shards decode in full and have the columns of this version"
    return Checked(clipped(findings), proved), damaged


def _valid(batch: pa.RecordBatch) -> int:
    batch.validate(full=True)
    return int(batch.num_rows)


def _schema_problem(shard: pq.ParquetFile, model: type[Row]) -> str:
    wanted, found = arrow_schema(model), shard.schema_arrow
    if not found.equals(wanted):
        differing = {str(field) for field in found} ^ {str(field) for field in wanted}
        return f"columns differ: {', '.join(sorted(differing)) or 'their order'}"
    kept = (shard.metadata.metadata or {}).get(METADATA_KEY)
    version = json.loads(kept).get("schema") if kept else None
    if version in range(1, SCHEMA_VERSION + 1):  # the columns are this version's all the same
        return ""
    return f"schema version {version}, not {SCHEMA_VERSION}"
