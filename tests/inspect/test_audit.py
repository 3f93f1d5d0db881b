"""The audit finds whatever is missing, twice there, unreadable or ahead, and names it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_folders import (
    WrittenRun,
    chunk_of,
    partitions,
    rephrasing,
    small_run,
    tables,
    unreadable,
    without_style,
)

from datagen.errors import StorageError
from datagen.inspect.audit import audit
from datagen.inspect.decoding import check_shard
from datagen.inspect.plans import check_plan
from datagen.rephrase.read import InputFile, Plan
from datagen.schemas import Rephrasing
from datagen.shards import arrow_schema


def kinds(path: Path) -> set[str]:
    return {finding.kind for finding in audit(path).findings}


def two(document: str) -> tuple[Rephrasing, Rephrasing]:
    return rephrasing(document, 0), rephrasing(document, 1)


def test_a_sound_run_is_proved(tmp_path: Path) -> None:
    audited = audit(small_run(tmp_path))

    assert audited.findings == ()
    said = "\n".join(audited.lines())
    assert "5 records = 3 documents + 1 unreadable + 1 without a fitting style" in said
    assert "3 × 2 rephrasings planned = 4 accepted + 1 rejected + 1 failed" in said
    assert said.endswith("everything holds")


def test_partitions_without_rows_and_runs_without_partitions_are_sound(tmp_path: Path) -> None:
    bad = WrittenRun(tmp_path / "bad", [1]).commit(0, tables(unreadable("in.jsonl:1")))

    assert audit(bad.finish()).findings == ()
    assert audit(WrittenRun(tmp_path / "empty", []).finish()).findings == ()


def test_what_is_not_committed_is_pending(tmp_path: Path) -> None:
    path = WrittenRun(tmp_path, [1, 3]).commit(0, tables(*two("a"))).finish("unfinished")

    (finding,) = audit(path).findings

    assert finding.kind == "pending"
    assert "3 records pending in 1 of 2 partitions (000001)" in finding.detail


def test_a_smaller_limit_leaves_later_partitions_out(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path, [1, 1])
    run.commit(0, tables(*two("a"))).commit(1, tables(*two("b")))

    path = run.finish(counts={"planned_records": 1, "accepted": 2})

    assert audit(path).findings == ()


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    table = pq.read_table(path)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)


@pytest.mark.parametrize("table", ["rejects", "chunks", "rephrasings"])
def test_a_lost_row_is_found(tmp_path: Path, table: str) -> None:
    path = small_run(tmp_path)
    rewrite(path / table / "000001.parquet", lambda rows: rows.slice(1))

    assert "marker_mismatch" in kinds(path)


@pytest.mark.parametrize("table", ["rejects", "chunks"])
def test_a_lost_shard_is_found(tmp_path: Path, table: str) -> None:
    path = small_run(tmp_path)
    (path / table / "000001.parquet").unlink()

    assert "marker_mismatch" in kinds(path)


def test_a_lost_marker_makes_its_records_pending(tmp_path: Path) -> None:
    path = small_run(tmp_path)
    (path / "rephrasings" / "000001.parquet").unlink()

    assert kinds(path) == {"pending", "manifest_mismatch"}


def test_a_document_that_vanished_is_found_though_all_counts_agree(tmp_path: Path) -> None:
    path = WrittenRun(tmp_path, [2]).commit(0, tables(*two("a"))).finish()

    assert kinds(path) == {"lost_records"}


def test_one_rephrasing_too_few_and_one_too_many_do_not_cancel_out(tmp_path: Path) -> None:
    rows = (*two("a"), rephrasing("a", 2), rephrasing("b", 0))

    path = WrittenRun(tmp_path, [2]).commit(0, tables(*rows)).finish()

    assert kinds(path) == {"uneven_document"}


def test_the_same_number_twice_is_found_though_the_ids_differ(tmp_path: Path) -> None:
    rows = (rephrasing("a", 0), rephrasing("a", 0, id="another"))

    path = WrittenRun(tmp_path, [1]).commit(0, tables(*rows)).finish()

    assert kinds(path) == {"uneven_document"}


def test_an_id_that_is_accepted_and_rejected_is_found(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path, [2])
    ids = {"id": rephrasing("a", 0).id}
    reject = without_style("b").model_copy(update=ids)

    path = run.commit(0, tables(*two("a"), reject)).finish()

    assert kinds(path) == {"duplicate_rows"}


def test_a_chunk_twice_is_found(tmp_path: Path) -> None:
    made = two("a")
    chunks = [chunk_of(row) for row in (*made, made[0])]

    path = (
        WrittenRun(tmp_path, [1])
        .commit(0, {"rejects": [], "chunks": chunks, "rephrasings": made})
        .finish()
    )

    assert kinds(path) == {"duplicate_rows", "chunks_mismatch"}


def test_a_document_twice_in_the_inputs_is_told_from_a_row_written_twice(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path, [1, 1])

    path = run.commit(0, tables(*two("a"))).commit(1, tables(*two("a"))).finish()

    assert kinds(path) == {"repeated_document"}


def test_missing_chunks_are_found(tmp_path: Path) -> None:
    made = [rephrasing("a", 0, chunks=2), rephrasing("a", 1)]

    path = WrittenRun(tmp_path, [1]).commit(0, tables(*made)).finish()

    assert kinds(path) == {"chunks_mismatch"}


def test_a_reject_that_belongs_to_nothing_is_found(tmp_path: Path) -> None:
    stray = unreadable("x").model_copy(update={"stage": "assemble"})

    path = WrittenRun(tmp_path, [1]).commit(0, tables(*two("a"), stray)).finish()

    assert kinds(path) == {"unknown_reject"}


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"\x00" * 400])
def test_a_shard_that_is_no_parquet_is_named(tmp_path: Path, damage: bytes) -> None:
    path = small_run(tmp_path)
    (path / "chunks" / "000001.parquet").write_bytes(damage)

    audited = audit(path)

    (finding,) = audited.findings
    assert (finding.kind, finding.where) == ("unreadable_shard", "chunks/000001.parquet")
    assert not any("records =" in line for line in audited.proved)


def test_a_marker_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = small_run(tmp_path)
    (path / "rephrasings" / "000001.parquet").write_bytes(b"PAR1")

    assert {"unreadable_marker", "unreadable_shard", "pending"} <= kinds(path)


def test_damage_in_a_page_is_found_by_decoding(tmp_path: Path) -> None:
    path = small_run(tmp_path)
    shard = path / "rephrasings" / "000000.parquet"
    column = pq.ParquetFile(shard).metadata.row_group(0).column(4)
    damaged = bytearray(shard.read_bytes())
    begin = column.dictionary_page_offset or column.data_page_offset
    damaged[begin : begin + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    shard.write_bytes(damaged)

    assert kinds(path) == {"unreadable_shard"}


def test_one_bit_that_flips_in_the_texts_is_found(tmp_path: Path) -> None:
    """Most of them decode to valid text: only the page's checksum tells."""
    path = small_run(tmp_path)
    shard = path / "rephrasings" / "000000.parquet"
    sound = shard.read_bytes()
    column = pq.ParquetFile(shard).metadata.row_group(0).column(4)
    # A page's header holds its checksum and is not covered by it.
    texts = range(column.dictionary_page_offset + 32, column.data_page_offset)

    unseen = []
    for at in texts:
        shard.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        if check_shard(shard, shard.name, Rephrasing) is None:
            unseen.append(at)

    assert len(texts) > 60
    assert unseen == []


def test_text_that_is_no_text_is_found(tmp_path: Path) -> None:
    path = small_run(tmp_path)
    shard = path / "chunks" / "000000.parquet"
    broken = pa.array([b"\xff\xfe", b"ok"], pa.binary()).cast(pa.string(), safe=False)

    def change(rows: pa.Table) -> pa.Table:
        index = rows.schema.get_field_index("text")
        return rows.set_column(index, rows.schema.field("text"), broken)

    rewrite(shard, change)

    assert kinds(path) == {"unreadable_shard"}


def test_other_columns_and_another_schema_version_are_found(tmp_path: Path) -> None:
    path = small_run(tmp_path)
    rewrite(path / "rejects" / "000000.parquet", lambda rows: rows.drop_columns(["origin"]))
    shard = path / "chunks" / "000001.parquet"
    older = pq.read_table(shard).replace_schema_metadata({"datagen": json.dumps({"schema": 0})})
    pq.write_table(older, shard)

    found = {finding.where: finding for finding in audit(path).findings}

    assert "origin" in found["rejects/000000.parquet"].detail
    assert "schema version 0" in found["chunks/000001.parquet"].detail
    assert {finding.kind for finding in found.values()} == {"wrong_schema"}


def test_an_earlier_version_with_the_same_columns_is_as_good(tmp_path: Path) -> None:
    path = small_run(tmp_path)
    shard = path / "chunks" / "000001.parquet"
    older = pq.read_table(shard).replace_schema_metadata({"datagen": json.dumps({"schema": 2})})
    pq.write_table(older, shard)

    assert audit(path).findings == ()


@pytest.mark.parametrize("count", ["accepted", "rejected", "failed", "pending_records"])
def test_a_manifest_of_a_done_run_repeats_the_shards(tmp_path: Path, count: str) -> None:
    run = WrittenRun(tmp_path, [1]).commit(0, tables(*two("a")))

    assert kinds(run.finish(counts={count: 1})) == {"manifest_mismatch"}


def test_a_manifest_may_lag_behind_and_never_lead(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path, [1, 1]).commit(0, tables(*two("a"))).commit(1, tables(*two("b")))

    behind = kinds(run.finish("running", {"accepted": 2, "pending_records": 1}))
    ahead = kinds(run.finish("running", {"accepted": 5}))

    assert (behind, ahead) == (set(), {"manifest_mismatch"})


def test_a_partition_that_nobody_planned_is_found(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path, [1]).commit(0, tables(*two("a")))
    run.planned.append(replace(run.planned[0], id="000007"))
    run.commit(1, tables(*two("b")))
    del run.planned[1], run.commits["000007"]

    assert kinds(run.finish()) == {"unplanned_partition"}


def test_a_marker_with_another_count_than_the_plan_is_found(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path, [2])

    path = run.commit(0, tables(*two("a")), planned=1).finish(counts={"pending_records": 0})

    assert kinds(path) == {"lost_records", "manifest_mismatch"}


def test_many_findings_of_one_kind_are_counted(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path, [2] * 50)
    for number in range(50):
        run.commit(number, tables(*two(f"d{number}")))

    findings = audit(run.finish()).findings

    assert {finding.kind for finding in findings} == {"lost_records"}
    assert "30 more" in findings[-1].detail
    assert len(findings) == 21


def test_a_run_without_a_plan_is_refused(tmp_path: Path) -> None:
    path = small_run(tmp_path)
    (path / "plan" / "inputs.json").unlink()

    with pytest.raises(StorageError, match="no plan"):
        audit(path)


def file(records: int) -> InputFile:
    return InputFile("in.jsonl", 10, "1", records)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.data())
@settings(max_examples=60)
def test_a_plan_holds_unless_something_in_it_is_moved(
    counts: list[int], data: st.DataObject
) -> None:
    cut = partitions(counts)
    sound = Plan(tuple(cut), (file(sum(counts)),))
    index = data.draw(st.integers(0, len(cut) - 1))
    field = data.draw(st.sampled_from(["first", "count", "start", "line"]))
    moved = replace(cut[index], **{field: getattr(cut[index], field) + 1})
    broken = Plan((*cut[:index], moved, *cut[index + 1 :]), (file(sum(counts)),))

    assert check_plan(sound).findings == []
    assert {finding.kind for finding in check_plan(broken).findings} == {"plan_gap"}


def test_a_partition_left_out_repeated_or_of_no_input_is_found() -> None:
    cut = partitions([2, 2, 2])
    for wrong, files in (
        ([cut[0], cut[2]], (file(6),)),
        ([*cut, cut[1]], (file(6),)),
        (cut, ()),
        ([replace(cut[0], last=True), cut[1], cut[2]], (file(6),)),
    ):
        assert check_plan(Plan(tuple(wrong), files)).findings


def test_a_plan_of_which_a_limit_left_the_rest_is_sound() -> None:
    cut = [replace(partition, last=False) for partition in partitions([2, 2])]

    assert check_plan(Plan(tuple(cut), (file(4),))).findings == []


def test_the_columns_survive_parquet_as_they_are_declared(tmp_path: Path) -> None:
    path = small_run(tmp_path)

    assert pq.read_schema(path / "rephrasings" / "000000.parquet").equals(arrow_schema(Rephrasing))
