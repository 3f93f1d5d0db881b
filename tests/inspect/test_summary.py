"""A summary counts what the shards hold, says when a run repeats itself, and shows no terminal escapes."""

import math
from pathlib import Path

import pytest
from run_folders import WrittenRun, chunk_of, reject, rephrasing, small_run, tables

from datagen.errors import StorageError
from datagen.inspect.diversity import FEWEST_OPENINGS
from datagen.inspect.render import as_text
from datagen.inspect.summary import summary


def test_counts_add_up(tmp_path: Path) -> None:
    found = summary(small_run(tmp_path))

    assert (found.status, found.model, found.engine) == ("done", "scripted", "scripted")
    assert (found.planned_records, found.pending_records, found.unused_records) == (5, 0, 2)
    assert (found.planned, found.accepted, found.rejected, found.failed) == (6, 4, 1, 1)
    assert found.acceptance == pytest.approx(4 / 5)
    assert found.completions_per_accepted == 2.0
    assert (found.tokens.source, found.tokens.made) == (60, 56)
    assert found.tokens.cache_hits == pytest.approx(0.25)


def test_styles_are_told_apart(tmp_path: Path) -> None:
    faq, textbook = summary(small_run(tmp_path)).styles

    assert (faq.style, faq.accepted, faq.rejected, faq.failed) == ("faq", 1, 1, 1)
    assert (textbook.style, textbook.accepted, textbook.acceptance) == ("textbook", 3, 1.0)
    assert (textbook.length_ratio, textbook.copied) == (1.5, 0.25)
    assert textbook.fidelity == pytest.approx(0.9)


def test_reasons_are_counted_by_stage_and_attempts_apart(tmp_path: Path) -> None:
    found = summary(small_run(tmp_path))

    assert found.reasons == {
        "read.not_json": 1,
        "rewrite.loop": 1,
        "rewrite.no_fitting_style": 1,
        "rewrite.unreachable (failed)": 1,
    }
    assert found.attempt_reasons == {"invented_number": 2, "loop": 1}


def test_a_style_that_was_never_accepted_has_its_row_and_no_means(tmp_path: Path) -> None:
    rows = (reject("a", 0), reject("a", 1))

    found = summary(WrittenRun(tmp_path, [1]).commit(0, tables(*rows)).finish())

    assert [(style.rejected, style.acceptance, style.fidelity) for style in found.styles] == [
        (1, 0.0, None),
        (1, 0.0, None),
    ]
    assert "0.0%" in as_text(found)


def run_of(path: Path, openings: list[str]) -> Path:
    made = [
        rephrasing(f"d{number}", 0, text=f"{opening} and then it ended")
        for number, opening in enumerate(openings)
    ]
    return WrittenRun(path, [len(made)]).commit(0, tables(*made)).finish()


def test_a_run_that_begins_alike_is_said_to(tmp_path: Path) -> None:
    different = [f"word{n} of another kind here" for n in range(8)]
    openings = [*different, "# The SAME *five* words, here", "The same five words: here", "Here"]

    found = summary(run_of(tmp_path, [*openings, "The same five words here"]))

    assert (found.diversity.compared, found.diversity.identical) == (12, 3)
    assert found.diversity.commonest == "the same five words here"
    assert found.diversity.repeats_itself
    said = " ".join(as_text(found).split())
    assert "3 begin with “the same five words here”" in said


def test_a_run_that_begins_differently_is_not_warned_about(tmp_path: Path) -> None:
    openings = [f"word{n} of another kind here" for n in range(FEWEST_OPENINGS)]

    found = summary(run_of(tmp_path, openings))

    assert found.diversity.identical == 0
    assert found.diversity.entropy == pytest.approx(math.log2(len(openings)))
    assert "warning" not in as_text(found)


def test_a_handful_of_rephrasings_is_too_few_to_warn(tmp_path: Path) -> None:
    found = summary(run_of(tmp_path, ["all of them begin so"] * (FEWEST_OPENINGS - 1)))

    assert found.diversity.entropy == 0.0
    assert not found.diversity.repeats_itself


def test_openings_of_any_script_are_compared(tmp_path: Path) -> None:
    texts = [
        "история чисел начинается очень давно",
        "数の歴史はとても古い",
        "",
        "😀😀",
        "تاريخ الأعداد قديم",
    ]

    found = summary(run_of(tmp_path, texts))

    assert found.diversity.compared == 5


def test_examples_are_first_chunks_by_id_with_what_prints(tmp_path: Path) -> None:
    made = [
        rephrasing(f"d{n}", 0, text="\x1b[2Jgone [bold]kept[/bold]\n" + "long " * 900)
        for n in range(5)
    ]
    rows = {"rejects": [], "chunks": [chunk_of(row) for row in made], "rephrasings": made}

    found = summary(WrittenRun(tmp_path, [5]).commit(0, rows).finish())

    ids = sorted((row.id, row.document_id) for row in made)
    assert [example.document for example in found.examples] == [id for _, id in ids[:3]]
    shown = as_text(found)
    assert "\x1b" not in shown
    assert "[bold]kept[/bold]" in shown
    assert len(shown) < 10_000


def test_a_run_that_has_just_begun_is_summed_up(tmp_path: Path) -> None:
    found = summary(WrittenRun(tmp_path, [7]).finish("running"))

    assert (found.pending_records, found.accepted, found.acceptance) == (7, 0, None)
    assert "7 pending" in as_text(found)


def test_lines_fit_the_width(tmp_path: Path) -> None:
    found = summary(small_run(tmp_path))

    for width in (60, 100, 160):
        assert max(map(len, as_text(found, width).splitlines())) <= width


def test_a_damaged_shard_is_one_line(tmp_path: Path) -> None:
    path = small_run(tmp_path)
    (path / "chunks" / "000000.parquet").write_bytes(b"no parquet at all")

    with pytest.raises(StorageError) as told:
        summary(path)

    assert "\n" not in str(told.value)
