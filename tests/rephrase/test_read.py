"""Reading: what is planned comes out, record for record, whatever the bytes."""

import gzip
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datagen.errors import RecipeError
from datagen.rephrase.read import (
    BadRecord,
    Cursors,
    Partition,
    Plan,
    SourceOptions,
    changed_inputs,
    identify,
    plan_partitions,
    read_partition,
)
from datagen.schemas import Document, row_id

TEXT = SourceOptions()
ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst")


def write(path: Path, content: bytes) -> str:
    """The content under a name whose ending says how it is packed."""
    if path.suffix == ".gz":
        content = gzip.compress(content)
    if path.suffix == ".zst":
        content = zstandard.ZstdCompressor().compress(content)
    path.write_bytes(content)
    return str(path)


def rows(*texts: str) -> bytes:
    return b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)


def read(plan: Plan, source: SourceOptions = TEXT) -> list[Document | BadRecord]:
    cursors = Cursors()
    found: list[Document | BadRecord] = []
    for partition in plan.partitions:
        out = list(read_partition(partition, source, cursors))
        assert len(out) == partition.count
        found += out
    cursors.close()
    return found


def documents(plan: Plan, source: SourceOptions = TEXT) -> list[Document]:
    return [record for record in read(plan, source) if isinstance(record, Document)]


def reasons(found: Sequence[Document | BadRecord]) -> list[str]:
    return [record.reason if isinstance(record, BadRecord) else "" for record in found]


NASTY_LINE = st.one_of(
    st.sampled_from(
        [
            b"",
            b"\r",
            b"   ",
            b"\t \x0b\x0c",
            b"\xef\xbb\xbf",
            b"{",
            b"[]",
            b"\xff\xfe",
            b'{"text": "a"}',
            b'  {"text": "b"}\r',
            b'{"text": "\\ud800"}',
            b'{"text": "\x00"}',
            b"null",
            '{"text": "\u2028 \x85"}'.encode(),
        ]
    ),
    st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")),
)


@pytest.mark.parametrize("ending", ENDINGS)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=st.lists(NASTY_LINE, max_size=40),
    open_end=st.booleans(),
    records=st.integers(1, 7),
    size=st.integers(1, 200),
)
def test_as_many_records_come_out_as_were_planned(
    tmp_path: Path, ending: str, lines: list[bytes], open_end: bool, records: int, size: int
) -> None:
    content = b"\n".join(lines) + (b"" if open_end else b"\n")
    name = write(tmp_path / f"a{ending}", content)

    plan = plan_partitions([name], records=records, size=size)

    body = content.removeprefix(b"\xef\xbb\xbf")
    assert plan.records == sum(1 for line in body.split(b"\n") if line.strip())
    assert len(read(plan)) == plan.records
    assert [partition.last for partition in plan.partitions[-1:]] == [True] * bool(plan.records)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(st.integers(0, 9), max_size=6),
    records=st.integers(1, 5),
    ending=st.sampled_from([".jsonl", ".jsonl.gz", ".parquet", "/"]),
)
def test_a_growing_limit_appends_and_changes_nothing(
    tmp_path: Path, steps: list[int], records: int, ending: str
) -> None:
    names = []
    for number, count in enumerate((4, 0, 11, 1)):
        texts = [f"{number}/{i}" for i in range(count)]
        path = tmp_path / f"{number}{ending}"
        if ending == "/" and not count:
            continue
        if ending == "/":
            path.mkdir(exist_ok=True)
            for i, text in enumerate(texts):
                (path / f"{i:03}.txt").write_text(text)
            names.append(str(path))
        elif ending == ".parquet":
            pq.write_table(pa.table({"text": pa.array(texts, pa.string())}), path)
            names.append(str(path))
        else:
            names.append(write(path, b"\n\n".join(rows(text) for text in texts)))

    plan, limit = plan_partitions(names, records=records, limit=0), 0
    for step in [*steps, 16]:
        limit += step
        before = plan.partitions
        plan = plan_partitions(names, records=records, limit=limit, already=before)
        assert plan.partitions[: len(before)] == before
        assert plan.records == min(limit, 16)

    assert sorted(document.text for document in documents(plan)) == sorted(
        f"{number}/{i}" for number, count in enumerate((4, 0, 11, 1)) for i in range(count)
    )
    assert len({partition.id for partition in plan.partitions}) == len(plan.partitions)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'["text"]', "not_an_object"),
        (b'"text"', "not_an_object"),
        (b'{"text": "\xff"}', "not_utf8"),
        (b'{"text": "\\ud800"}', "not_utf8"),
        (b'{"text": "a", "more": "\\udfff"}', "not_utf8"),
        (b"{}", "no_text"),
        (b'{"text": null}', "no_text"),
        (b'{"text": 7}', "not_text"),
        (b'{"text": ["a"]}', "not_text"),
        (b'{"text": ""}', "empty"),
        (b'{"text": " \\n\\u00a0"}', "empty"),
        (b'{"text": "a", "kind": "poem"}', "bad_kind"),
        (b'{"text": "a", "kind": ["math"]}', "bad_kind"),
    ],
)
def test_a_bad_line_keeps_its_reason_and_line_number(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    name = write(tmp_path / "a.jsonl", b'\r\n{"text": "good"}\r\n\n' + line + b"\n" + rows("last"))

    found = read(plan_partitions([name]))

    assert reasons(found) == ["", reason, ""]
    assert found[1].origin == f"{name}:4"
    assert isinstance(found[1], BadRecord)
    assert len(found[1].text) <= 2000
    found[1].text.encode()


def test_line_numbers_count_on_over_partitions_and_blank_lines(tmp_path: Path) -> None:
    content = b"\n\n".join(rows(str(i)) for i in range(9))
    name = write(tmp_path / "a.jsonl.gz", content)
    plan = plan_partitions([name], records=2, limit=5)
    plan = plan_partitions([name], records=2, already=plan.partitions)

    assert [record.origin for record in read(plan)] == [f"{name}:{3 * i + 1}" for i in range(9)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_byte_order_mark_is_dropped(tmp_path: Path, ending: str) -> None:
    name = write(tmp_path / f"a{ending}", b"\xef\xbb\xbf" + rows("a", "b"))
    assert [document.text for document in documents(plan_partitions([name]))] == ["a", "b"]


def test_nan_becomes_null_and_other_fields_are_carried(tmp_path: Path) -> None:
    line = b'{"text": "a", "id": 7, "kind": "math", "score": NaN, "big": 12345678901234567890123}'
    (document,) = documents(plan_partitions([write(tmp_path / "a.jsonl", line)]))

    assert (document.id, document.kind) == ("7", "math")
    assert document.source["score"] is None
    assert set(document.source) == {"score", "big"}
    json.dumps(document.source, allow_nan=False)


def test_without_an_id_the_text_names_the_document(tmp_path: Path) -> None:
    content = rows("a") + b'{"text": "b", "id": null}\n{"text": "c", "id": ""}\n' + rows("a")
    found = read(plan_partitions([write(tmp_path / "a.jsonl", content)]))

    assert reasons(found) == ["", "", "", "duplicate_id"]
    assert [record.id for record in found if isinstance(record, Document)] == [
        row_id("a"),
        row_id("b"),
        row_id("c"),
    ]


def test_fields_can_be_named_and_switched_off(tmp_path: Path) -> None:
    line = b'{"": "empty", "question": "q", "kind": "article", "id": "x", "number": 3}'
    source = SourceOptions(text_field="question", id_field="number", kind_field="")
    (document,) = documents(plan_partitions([write(tmp_path / "a.jsonl", line)], source), source)

    assert (document.id, document.text, document.kind) == ("3", "q", "knowledge")
    assert document.source == {"": "empty", "kind": "article", "id": "x"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The treaty of 1648 ended a war of 30 years.", "knowledge"),
        (r"Let $f(x) = \frac{1}{2}x^2$. Then $f'(x) = x$.", "math"),
        ("She sells 9 * 2 = <<9*2=18>>18 eggs.", "math"),
    ],
)
def test_auto_tells_math_by_its_formulas(tmp_path: Path, text: str, kind: str) -> None:
    source = SourceOptions(kind="auto")
    (document,) = documents(plan_partitions([write(tmp_path / "a.jsonl", rows(text))]), source)
    assert document.kind == kind


@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_a_truncated_file_gives_its_whole_lines_and_one_bad_record(
    tmp_path: Path, ending: str, kept: float
) -> None:
    texts = [os.urandom(200).hex() for _ in range(2000)]
    whole = Path(write(tmp_path / f"a.jsonl{ending}", rows(*texts))).read_bytes()
    short = tmp_path / f"short.jsonl{ending}"
    short.write_bytes(whole[: max(9, int(len(whole) * kept))])

    plan = plan_partitions([str(short)], records=100)
    found = read(plan)

    good = [record.text for record in found if isinstance(record, Document)]
    assert good == texts[: len(good)]
    assert reasons(found) == [""] * len(good) + ["unreadable_file"]
    again = plan_partitions([str(short)], records=100, already=plan.partitions)
    assert again.partitions == plan.partitions


def test_what_is_no_gzip_is_one_bad_record(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl.gz"
    bad.write_bytes(b"<html>not found</html>")
    good = write(tmp_path / "good.jsonl.gz", rows("a"))

    assert reasons(read(plan_partitions([str(bad), good]))) == ["unreadable_file", ""]


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(rows("a")) + gzip.compress(rows("b")) + b"\0" * 512)
    assert [document.text for document in documents(plan_partitions([str(path)]))] == ["a", "b"]


def test_a_record_longer_than_a_partition_is_one_record(tmp_path: Path) -> None:
    name = write(tmp_path / "a.jsonl", rows("short", "x" * 9_000_000, "short again"))
    plan = plan_partitions([name], size=1 << 20)

    assert [partition.count for partition in plan.partitions] == [1, 1, 1]
    assert [len(document.text) for document in documents(plan)] == [5, 9_000_000, 11]


def test_partitions_can_be_read_in_any_order(tmp_path: Path) -> None:
    name = write(tmp_path / "a.jsonl.zst", rows(*map(str, range(50))))
    table = pa.table({"text": [f"p{i}" for i in range(50)]})
    pq.write_table(table, tmp_path / "b.parquet", row_group_size=17)
    plan = plan_partitions([name, str(tmp_path / "b.parquet")], records=6)

    backwards = Plan(tuple(reversed(plan.partitions)), plan.inputs)

    assert {document.text for document in documents(backwards)} == {
        *map(str, range(50)),
        *(f"p{i}" for i in range(50)),
    }


def test_parquet_values_become_json(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": ["a", None, "c"],
            "id": pa.array([1.0, 2.0, None]),
            "when": [datetime(2024, 5, 1, tzinfo=UTC)] * 3,
            "price": pa.array([Decimal("1.20")] * 3, pa.decimal128(9, 2)),
            "blob": [b"\xff", b"ok", None],
            "nested": [{"x": float("nan"), "y": [b"b"]}] * 3,
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")

    found = read(plan_partitions([str(tmp_path / "a.parquet")]))

    assert reasons(found) == ["", "no_text", ""]
    assert isinstance(found[0], Document)
    assert found[0].id == "1"
    assert found[0].source == {
        "when": "2024-05-01T00:00:00+00:00",
        "price": "1.20",
        "blob": "/w==",
        "nested": {"x": None, "y": ["b"]},
    }


def test_a_damaged_parquet_file_spoils_only_its_own_records(tmp_path: Path) -> None:
    good = tmp_path / "b.parquet"
    pq.write_table(pa.table({"text": [f"{i} {os.urandom(40).hex()}" for i in range(3000)]}), good)
    broken = bytearray(good.read_bytes())
    (tmp_path / "a.parquet").write_bytes(broken[:500])
    for at in range(len(broken) // 2, len(broken) // 2 + 4000):
        broken[at] ^= 0xFF
    (tmp_path / "c.parquet").write_bytes(broken)

    plan = plan_partitions([str(tmp_path)], records=1000)
    found = read(plan)

    assert plan.records == 1 + 3000 + 3000
    assert found[0].origin.startswith(str(tmp_path / "a.parquet"))
    assert reasons(found[:3001]) == ["unreadable_file"] + [""] * 3000
    assert "unreadable_file" in reasons(found[3001:])


def test_parquet_text_that_is_not_utf8_is_one_bad_record(tmp_path: Path) -> None:
    raw = pa.array([b"good", b"\xff\xfe", b"fine"], pa.binary())
    unchecked = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    pq.write_table(pa.table({"text": unchecked}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": raw}), tmp_path / "b.parquet")

    assert reasons(read(plan_partitions([str(tmp_path)]))) == ["", "not_utf8", ""] * 2


def test_a_missing_column_lists_the_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"body": ["a"], "url": ["b"]}), tmp_path / "a.parquet")
    with pytest.raises(RecipeError, match=r"a\.parquet: no column 'text'; it has body, url"):
        plan_partitions([str(tmp_path / "a.parquet")])


def test_a_folder_gives_its_files_by_relative_path(tmp_path: Path) -> None:
    for name, content in {
        "b.md": b"\xef\xbb\xbf# B\r\n",
        "a/x.txt": b"ax",
        "a/empty.txt": b"",
        "a/blank.txt": b" \n",
        "a/latin.txt": b"caf\xe9",
        ".git/config.txt": b"hidden",
        "a/.hidden.md": b"hidden",
        "a/rows.jsonl": rows("from rows"),
        "a/picture.png": b"\x89PNG",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)

    plan = plan_partitions([str(tmp_path)], records=2)
    found = read(plan)

    assert reasons(found) == ["empty", "empty", "not_utf8", "", "", ""]
    texts = [(record.id, record.text) for record in found if isinstance(record, Document)]
    assert texts[:2] == [("a/x.txt", "ax"), ("b.md", "# B\r\n")]
    assert texts[2][1] == "from rows"


def test_a_glob_and_a_single_file_are_inputs(tmp_path: Path) -> None:
    (tmp_path / "d" / ".h").mkdir(parents=True)
    for name in ("d/a.txt", "d/b.md", "d/.h/c.txt", "e [1].txt"):
        (tmp_path / name).write_text(name)

    several = documents(plan_partitions([f"{tmp_path}/d/**/*.txt", f"{tmp_path}/d/*.md"]))
    single = documents(plan_partitions([f"{tmp_path}/e [1].txt"]))

    assert [document.id for document in several] == ["a.txt", "b.md"]
    assert [(document.id, document.text) for document in single] == [("e [1].txt", "e [1].txt")]


def test_a_folder_that_changed_since_it_was_planned_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("b")
    plan = plan_partitions([str(tmp_path)])
    (tmp_path / "a.txt").write_text("a")

    with pytest.raises(RecipeError, match="changed since they were planned"):
        read(plan)


def test_remote_inputs_are_ordinary_paths() -> None:
    fs = fsspec.filesystem("memory")
    fs.pipe("/read/d/a.txt", b"text a")
    fs.pipe("/read/b.jsonl.gz", gzip.compress(rows("b1", "b2")))
    fs.pipe("/read/c.jsonl", rows("c1", "c2", "c3"))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"text": ["p"]}), sink)
    fs.pipe("/read/d.parquet", sink.getvalue().to_pybytes())

    plan = plan_partitions(["memory://read"], records=2)
    globbed = plan_partitions(["memory://read/*.jsonl"])

    texts = [document.text for document in documents(plan)]
    assert texts == ["text a", "b1", "b2", "c1", "c2", "c3", "p"]
    assert globbed.records == 3
    assert all(partition.input.startswith("memory://") for partition in plan.partitions)


def test_a_local_dataset_is_read_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    made = datasets.Dataset.from_dict(
        {"text": [f"row {i}" for i in range(300)], "n": [*range(300)]}
    )
    made.save_to_disk(str(tmp_path / "saved"))
    name = f"hf:{tmp_path / 'saved'}"

    plan = plan_partitions([name], records=130, limit=290)

    assert [partition.count for partition in plan.partitions] == [130, 130, 30]
    found = documents(plan)
    assert [document.text for document in found] == [f"row {i}" for i in range(290)]
    assert found[5].source == {"n": 5}
    assert changed_inputs(plan.inputs, identify([name])) == []
    with pytest.raises(RecipeError, match="no column 'body'"):
        plan_partitions([name], SourceOptions(text_field="body"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing.jsonl", "no such file"),
        ("table.csv", "unknown kind of file"),
        ("rows.json", "unknown kind of file"),
        ("empty", "no .jsonl"),
        ("*.parquet", "no .jsonl"),
        ("s9://bucket/a.jsonl", "s9"),
    ],
)
def test_a_wrong_input_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "table.csv").write_text("a,b")
    (tmp_path / "rows.json").write_text("{}")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RecipeError) as error:
        plan_partitions([name])

    assert str(error.value).startswith(f"inputs: {name}: ")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_an_input_named_twice_is_refused(tmp_path: Path) -> None:
    name = write(tmp_path / "a.jsonl", rows("a"))
    with pytest.raises(RecipeError, match="twice"):
        plan_partitions([name, str(tmp_path)])


def test_a_file_that_went_missing_stops_the_run(tmp_path: Path) -> None:
    name = write(tmp_path / "a.jsonl", rows("a"))
    plan = plan_partitions([name])
    Path(name).unlink()
    with pytest.raises(RecipeError, match="no such file"):
        read(plan)


def test_a_changed_input_is_told_in_one_line_each(tmp_path: Path) -> None:
    names = [write(tmp_path / f"{i}.jsonl", rows("a")) for i in range(4)]
    planned = plan_partitions(names).inputs
    Path(names[0]).write_bytes(rows("a", "b"))
    os.utime(names[1], ns=(1, 1))
    new = write(tmp_path / "new.jsonl", rows("a"))

    lines = changed_inputs(planned, identify([*names[:3], new]))

    assert lines == [
        f"inputs: {names[0]}: size was 14, is 28",
        f"inputs: {names[1]}: was changed after it was planned",
        f"inputs: {names[3]}: was planned and is not among the inputs",
        f"inputs: {new}: was not there when the run was planned",
    ]


def test_zero_length_files_have_no_records(tmp_path: Path) -> None:
    names = []
    for ending in (".jsonl", ".jsonl.gz", ".parquet"):
        (tmp_path / f"a{ending}").touch()
        names.append(str(tmp_path / f"a{ending}"))
    assert plan_partitions(names).records == 0


def test_a_text_file_without_a_byte_is_a_record_that_is_rejected(tmp_path: Path) -> None:
    for name in ("a.txt", "b.md", "c.txt"):
        (tmp_path / name).write_text("text" if name == "b.md" else "")

    alone = plan_partitions([str(tmp_path / "a.txt")])
    folder = plan_partitions([str(tmp_path)], records=1, size=1)

    assert reasons(read(alone)) == ["empty"]
    assert reasons(read(folder)) == ["empty", "", "empty"]


def test_partitions_survive_json(tmp_path: Path) -> None:
    plan = plan_partitions([write(tmp_path / "a.jsonl", rows("a", "b"))], records=1)
    again = [Partition(**json.loads(json.dumps(asdict(part)))) for part in plan.partitions]
    assert tuple(again) == plan.partitions


def test_real_texts_are_all_documents() -> None:
    where = os.environ.get("DATAGEN_TEST_DATA")
    if not where:
        pytest.skip("DATAGEN_TEST_DATA is not set")
    plan = plan_partitions(
        [f"{where}/docs/openstax_sections.jsonl.gz", f"{where}/math/napkin.jsonl.gz"]
    )
    kinds = [document.kind for document in documents(plan, SourceOptions(kind="auto"))]
    assert plan.records == len(kinds) == 2408 + 110
    assert kinds[:2408].count("math") < 24
    assert kinds[2408:].count("knowledge") < 2
