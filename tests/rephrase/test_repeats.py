"""Ids that repeat across partitions: the first of equals stays, wherever partitions are cut."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.rephrase.read import (
    BadRecord,
    Plan,
    SourceOptions,
    mark_repeats,
    plan_partitions,
    read_partition,
)
from datagen.schemas import Document

SOURCE = SourceOptions()


def written(folder: Path, ids: list[str]) -> str:
    path = folder / "texts.jsonl"
    path.write_text("".join(json.dumps({"id": i, "text": f"Text {i}."}) + "\n" for i in ids))
    return str(path)


def kept(plan: Plan) -> list[str]:
    records = [record for part in plan.partitions for record in read_partition(part, SOURCE)]
    assert len(records) == plan.records
    assert all(r.reason == "duplicate_id" for r in records if isinstance(r, BadRecord))
    return [record.id for record in records if isinstance(record, Document)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30), st.integers(1, 7))
def test_each_id_is_kept_once_at_its_first_place(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], size: int
) -> None:
    path = written(tmp_path_factory.mktemp("texts"), ids)
    plan = mark_repeats(plan_partitions([path], SOURCE, records=size), SOURCE)
    assert kept(plan) == list(dict.fromkeys(ids))


def test_a_larger_limit_marks_new_partitions_and_leaves_the_old(tmp_path: Path) -> None:
    path = written(tmp_path, ["a", "b", "a", "c", "b"])
    before = mark_repeats(plan_partitions([path], SOURCE, records=2, limit=2), SOURCE)
    grown = plan_partitions([path], SOURCE, records=2, already=before.partitions)
    after = mark_repeats(grown, SOURCE, already=len(before.partitions))
    assert after.partitions[: len(before.partitions)] == before.partitions
    assert kept(after) == ["a", "b", "c"]
