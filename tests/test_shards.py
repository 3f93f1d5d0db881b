"""A run folder: what is published is whole, what is not is done again, one process at a time."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.agentic.nouns import AgenticReject, TaskRow, TrajectoryRow
from datagen.errors import StorageError
from datagen.schemas import SCHEMA_VERSION, Reject, Rephrasing, RewrittenChunk, Row
from datagen.shards import Commit, RunFolder, arrow_schema, read_metadata


class Note(Row):
    """A row with every type that a column may have."""

    text: str
    count: int
    share: float
    fine: bool
    score: float | None
    words: list[str]
    state: Literal["new", "old"]


class Word(Row):
    letters: str


TABLES: dict[str, type[Row]] = {"words": Word, "notes": Note}


def note(number: int, text: str = "") -> Note:
    return Note(
        id=f"n{number:04d}",
        text=text or f"note {number}",
        count=number,
        share=number / 7,
        fine=number % 2 == 0,
        score=None if number % 3 else 0.25,
        words=["a"] * (number % 4),
        state="new",
    )


def word(number: int) -> Word:
    return Word(id=f"w{number:04d}", letters="x" * number)


def taken(path: Path, lease: int = 1) -> RunFolder:
    """The folder as a worker under this lease has it."""
    folder = RunFolder(path, TABLES)
    leases = path / "plan" / "leases"
    leases.mkdir(parents=True, exist_ok=True)
    (leases / f"{lease:06d}.json").touch()
    folder.lease = lease
    return folder


def publish(
    folder: RunFolder,
    notes: Sequence[Note],
    words: Sequence[Word] = (),
    *,
    partition: str = "000000",
    shard_rows: int = 1000,
    failed: int = 0,
) -> Commit:
    commit = Commit(
        partition, len(notes), {"notes": len(notes), "words": len(words)}, failed, {"t": 1}, {}
    )
    folder.publish(commit, {"notes": notes, "words": words}, shard_rows=shard_rows)
    return commit


def read(folder: RunFolder, table: str) -> list[dict[str, object]]:
    return [row for path in folder.shards(table) for row in pq.read_table(path).to_pylist()]


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=12),
    shard_rows=st.integers(1, 15),
)
def test_rows_come_back_as_they_were_whatever_the_shard_size(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], shard_rows: int
) -> None:
    folder = taken(tmp_path_factory.mktemp("run"))
    notes = [note(number, text) for number, text in enumerate(texts)]
    commit = publish(folder, notes, [word(1)], shard_rows=shard_rows)
    found = sorted(read(folder, "notes"), key=lambda row: str(row["id"]))
    assert found == [row.model_dump() for row in notes]
    assert list(folder.commits()) == [commit]
    assert max(pq.read_metadata(p).num_rows for p in folder.shards("notes")) <= shard_rows


def test_publishing_again_with_another_shard_size_leaves_no_old_shard(tmp_path: Path) -> None:
    folder = taken(tmp_path)
    notes = [note(number) for number in range(20)]
    publish(folder, notes, [word(i) for i in range(9)], shard_rows=2)
    publish(folder, notes[:5], shard_rows=4)
    assert sorted(row["id"] for row in read(folder, "notes")) == [row.id for row in notes[:5]]
    assert folder.shards("words") == []


def test_a_partition_is_done_once_its_marker_is_there_and_not_before(tmp_path: Path) -> None:
    folder = taken(tmp_path)
    publish(folder, [note(n) for n in range(6)], [word(1)], shard_rows=2)
    (tmp_path / "notes" / "000000.parquet").unlink()
    assert list(folder.commits()) == []
    publish(folder, [note(n) for n in range(3)], shard_rows=2)
    assert [commit.planned for commit in folder.commits()] == [3]
    assert len(read(folder, "notes")) == 3


def test_a_partition_of_no_rows_is_done_too(tmp_path: Path) -> None:
    folder = taken(tmp_path)
    commit = publish(folder, [])
    assert list(folder.commits()) == [commit]
    assert read(folder, "notes") == []
    # `datasets.load_dataset` fails on a row group without rows.
    assert pq.read_metadata(tmp_path / "notes" / "000000.parquet").num_row_groups == 0


def test_half_written_shards_are_swept_and_whole_ones_stay(tmp_path: Path) -> None:
    folder = taken(tmp_path)
    publish(folder, [note(1)])
    for name in ("notes/000001.parquet.1.tmp", "plan/.inputs.json.9.tmp", ".manifest.json.9.tmp"):
        (tmp_path / name).write_bytes(b"PAR1 half")
    folder.sweep()
    assert list(tmp_path.rglob("*.tmp")) == []
    assert len(read(folder, "notes")) == 1


def test_the_journal_of_a_finished_partition_is_swept_and_others_stay(tmp_path: Path) -> None:
    folder = taken(tmp_path)
    publish(folder, [note(1)], partition="000000")
    publish(folder, [note(2)], partition="000001", failed=1)
    for partition in ("000000", "000001", "000002"):
        folder.journal(partition).mkdir(parents=True)
    folder.sweep()
    left = sorted(path.name for path in (tmp_path / "journal").iterdir())
    assert left == ["000001", "000002"]


@pytest.mark.parametrize("keep", [0, 7, -20])
def test_a_damaged_marker_is_named(tmp_path: Path, keep: int) -> None:
    folder = taken(tmp_path)
    publish(folder, [note(n) for n in range(100)])
    shard = tmp_path / "notes" / "000000.parquet"
    shard.write_bytes(shard.read_bytes()[:keep])
    with pytest.raises(StorageError, match=r"notes/000000\.parquet") as refused:
        list(folder.commits())
    assert "\n" not in str(refused.value)


def test_a_parquet_file_of_someone_else_is_no_shard(tmp_path: Path) -> None:
    folder = taken(tmp_path)
    (tmp_path / "notes").mkdir()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "notes" / "mine.parquet")
    with pytest.raises(StorageError, match=r"mine\.parquet: not a shard"):
        list(folder.commits())


def test_a_worker_whose_entry_is_over_changes_nothing(tmp_path: Path) -> None:
    old = taken(tmp_path, lease=1)
    publish(taken(tmp_path, lease=2), [note(n) for n in range(4)], [word(1)], shard_rows=1)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    with pytest.raises(StorageError, match="entry 2 has taken over from entry 1"):
        publish(old, [note(9)], [word(9)])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == before


def test_each_entry_takes_the_next_lease(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from datagen.shards import RunFolder\n"
        "print(RunFolder(Path(sys.argv[1])).take().lease)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    leases = [subprocess.check_output(command, text=True).strip() for _ in range(3)]
    assert leases == ["1", "2", "3"]


def test_a_run_that_a_process_holds_is_refused_to_another(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from datagen.shards import RunFolder\n"
        "folder = RunFolder(Path(sys.argv[1])).take(); print('taken', flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StorageError, match="another process is at work"):
            RunFolder(tmp_path).take()
        holder.kill()
    assert RunFolder(tmp_path).take().lease == 2


def test_a_small_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_text(folder.manifest_path, '{"a": 1}')
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from datagen.shards import RunFolder\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "folder = RunFolder(Path(sys.argv[1]))\n"
        "folder.write_text(folder.manifest_path, 'x' * 10_000)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True
    )
    assert "StorageError" in done.stderr
    assert folder.manifest() == {"a": 1}
    assert os.listdir(tmp_path) == ["manifest.json"]


def test_a_manifest_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(StorageError, match=r"manifest\.json"):
        RunFolder(tmp_path).manifest()


class Shipped:
    """Columns that users' scripts read. Changing them needs another SCHEMA_VERSION."""

    rephrasings: ClassVar = (
        "id document_id style number text tokens fidelity supported kept audience tone kind chunks "
        "source_chunks source_tokens attempts prompt_tokens completion_tokens source model"
    )
    chunks: ClassVar = (
        "id rephrasing_id document_id style number index start end tokens source_text text status "
        "attempts reasons seed supported kept fidelity length_ratio copied facts_invented facts_kept "
        "sentences_supported sentences_covered flips facts_moved entailed judged returned"
    )
    rejects: ClassVar = (
        "id document_id stage reason failed detail style number chunk attempts scores text source "
        "origin"
    )
    trajectories: ClassVar = (
        "id task_id agent_id domain kind tier number messages tools environment reward verdicts "
        "judgement rubric injected changes turns calls ended prompt_tokens completion_tokens seed "
        "model user_model"
    )
    tasks: ClassVar = (
        "id agent_id domain kind tier request persona rubric task audited model wanted_tier"
    )
    agentic_rejects: ClassVar = (
        "id stage reason failed detail blame task_id agent_id number scores messages task seed "
        "domain kind tier tools environment reward verdicts judgement rubric injected changes turns "
        "calls ended prompt_tokens completion_tokens model user_model"
    )


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (Rephrasing, Shipped.rephrasings),
        (RewrittenChunk, Shipped.chunks),
        (Reject, Shipped.rejects),
        (TrajectoryRow, Shipped.trajectories),
        (TaskRow, Shipped.tasks),
        (AgenticReject, Shipped.agentic_rejects),
    ],
)
def test_columns_change_only_with_the_schema_version(model: type[Row], columns: str) -> None:
    assert SCHEMA_VERSION == 3
    assert arrow_schema(model).names == columns.split()


def test_a_rejected_rollout_has_an_accepted_ones_columns_with_their_types() -> None:
    rejected = arrow_schema(AgenticReject)
    for field in arrow_schema(TrajectoryRow):
        assert rejected.field(field.name).type == field.type


def test_the_schema_version_stands_in_every_shard(tmp_path: Path) -> None:
    folder = taken(tmp_path)
    publish(folder, [note(n) for n in range(5)], [word(1)], shard_rows=2)
    shards = [*folder.shards("notes"), *folder.shards("words")]
    assert len(shards) == 4
    assert {read_metadata(path)["schema"] for path in shards} == {SCHEMA_VERSION}


def test_a_row_type_without_a_parquet_type_is_a_bug_that_is_named() -> None:
    class Odd(Row):
        where: dict[str, str]

    with pytest.raises(TypeError, match="dict"):
        arrow_schema(Odd)


def test_empty_tables_have_the_columns_of_full_ones(tmp_path: Path) -> None:
    empty, full = taken(tmp_path / "empty"), taken(tmp_path / "full")
    publish(empty, [])
    publish(full, [note(1)])
    schemas = [
        pq.read_schema(folder.shards("notes")[0]).remove_metadata() for folder in (empty, full)
    ]
    assert schemas[0] == schemas[1]
    assert json.loads(json.dumps(schemas[0].names)) == list(Note.model_fields)
