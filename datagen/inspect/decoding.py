"""Is every shard readable? Each row group of each column is decoded, a batch of rows at a time.

Page checksums are verified where a shard has them. Without them damage inside a value that still
decodes to valid text goes unseen.
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from datagen.inspect.findings import Finding
from datagen.schemas import SCHEMA_VERSION, Row
from datagen.shards import METADATA_KEY, arrow_schema

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
    return "" if version == SCHEMA_VERSION else f"schema version {version}, not {SCHEMA_VERSION}"
