"""`refilter`: a run decided again is a run, stricter in what was asked and equal in all else."""

from pathlib import Path

import pytest
from run_folders import SOURCE, WrittenRun, chunk_of, reject, rephrasing, small_run, tables

from datagen.errors import RecipeError, StorageError
from datagen.inspect.audit import audit
from datagen.inspect.views import open_run
from datagen.scoring.refiltering import refilter


def rows(run: Path, query: str) -> list[tuple[object, ...]]:
    with open_run(run) as connection:
        return connection.execute(query).fetchall()


def scored(path: Path, recipe: str = "") -> Path:
    """One document, two rephrasings: one far above the threshold, one just above it."""
    strong, weak = rephrasing("a", 0), rephrasing("a", 1, chunks=2, fidelity=0.92)
    run = WrittenRun(path, [1])
    made = {
        "rejects": [],
        "chunks": [
            chunk_of(strong, fidelity=0.99),
            chunk_of(weak, fidelity=0.97),
            chunk_of(weak, id=f"{weak.id}-00001", index=1, fidelity=0.92),
        ],
        "rephrasings": [strong, weak],
    }
    run.commit(0, made)
    run.finish()
    if recipe:
        (path / "recipe.toml").write_text(recipe)
    return path


def test_a_higher_threshold_rejects_what_lies_below_and_the_new_run_is_sound(
    tmp_path: Path,
) -> None:
    run = scored(tmp_path / "run")
    again = tmp_path / "again"
    manifest = refilter(run, again, ["fidelity.threshold=0.95"])
    assert manifest["counts"]["accepted"] == 1
    assert rows(again, "SELECT number, stage, reason, chunk FROM rejects") == [
        (1, "refilter", "low_fidelity", 1)
    ]
    assert rows(again, "SELECT number FROM rephrasings") == [(0,)]
    assert audit(again).findings == ()


def test_the_run_it_came_from_is_not_touched(tmp_path: Path) -> None:
    run = scored(tmp_path / "run")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    refilter(run, tmp_path / "again", ["fidelity.threshold=0.95"])
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_where_the_source_stands_in_for_a_failure_it_does_so_again(tmp_path: Path) -> None:
    recipe = '[engine]\nkind = "scripted"\n[rewrite]\nrephrasings = 2\non_failure = "source"\n'
    run = scored(tmp_path / "run", recipe)
    refilter(run, tmp_path / "again", ["fidelity.threshold=0.95"])
    (made,) = rows(
        tmp_path / "again",
        "SELECT text, source_chunks, fidelity FROM rephrasings WHERE number = 1",
    )
    assert str(made[0]).endswith(SOURCE)
    assert made[1:] == (1, 0.97)


def test_entering_it_again_changes_nothing(tmp_path: Path) -> None:
    run = scored(tmp_path / "run")
    first = refilter(run, tmp_path / "again", ["fidelity.threshold=0.95"])
    second = refilter(run, tmp_path / "again", ["fidelity.threshold=0.95"])
    assert first["counts"] == second["counts"]
    with pytest.raises(StorageError, match="holds another run"):
        refilter(run, tmp_path / "again", ["fidelity.threshold=0.96"])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("fidelity.threshold=0.2", "looser"),
        ("fidelity.max_copied=0.99", "looser"),
        ("fidelity.tiers=[hygiene]", "stored scores don't decide it"),
        ("rewrite.attempts=9", "only fidelity"),
        ("fidelity.threshold=0.9", "nothing is set"),
    ],
)
def test_what_cannot_be_decided_again_is_refused(tmp_path: Path, setting: str, said: str) -> None:
    run = scored(tmp_path / "run")
    with pytest.raises(RecipeError, match=said):
        refilter(run, tmp_path / "again", [setting])
    assert not (tmp_path / "again").exists()


BACK = '[engine]\nkind = "scripted"\n[fidelity]\ntranslate_back = true\n'


def one_chunk(path: Path, recipe: str, **scores: object) -> Path:
    made = rephrasing("a", 0)
    run = WrittenRun(path, [1])
    run.commit(0, {"rejects": [], "chunks": [chunk_of(made, **scores)], "rephrasings": [made]})
    run.finish()
    (path / "recipe.toml").write_text(recipe)
    return path


def test_a_translation_is_decided_again_by_what_came_back(tmp_path: Path) -> None:
    marks = {"supported": None, "kept": None, "fidelity": 0.97, "returned": 0.7463}
    run = one_chunk(tmp_path / "run", BACK, **marks)
    kept = refilter(run, tmp_path / "kept", ["fidelity.min_returned=0.7"])
    strict = refilter(run, tmp_path / "strict", ["fidelity.min_returned=0.9"])
    assert (kept["counts"]["accepted"], strict["counts"]["accepted"]) == (1, 0)
    assert rows(tmp_path / "strict", "SELECT reason FROM rejects") == [("low_fidelity",)]


def test_a_translation_is_decided_again_by_what_was_meant(tmp_path: Path) -> None:
    recipe = '[engine]\nkind = "scripted"\n[fidelity]\nmultilingual = "x"\n'
    marks = {"supported": None, "kept": None, "sentences_supported": 0.8, "sentences_covered": 0.6}
    run = one_chunk(tmp_path / "run", recipe, **marks)
    refilter(run, tmp_path / "strict", ["fidelity.min_meant=0.7"])
    assert rows(tmp_path / "strict", "SELECT reason FROM rejects") == [("lost_sentence",)]


@pytest.mark.parametrize("option", ["min_returned", "min_meant", "min_covered"])
def test_an_option_without_scores_is_refused(tmp_path: Path, option: str) -> None:
    run = scored(tmp_path / "run")
    with pytest.raises(RecipeError, match=f"{option}: the run has no scores for it"):
        refilter(run, tmp_path / "again", [f"fidelity.{option}=0.95"])
    assert not (tmp_path / "again").exists()


def test_what_the_run_let_pass_stays_where_its_own_option_is_unchanged(tmp_path: Path) -> None:
    """The gate lets a single lost fact pass, whatever its share."""
    recipe = '[engine]\nkind = "scripted"\n'
    run = one_chunk(tmp_path / "run", recipe, fidelity=0.99, facts_kept=0.5)
    kept = refilter(run, tmp_path / "kept", ["fidelity.threshold=0.95"])
    strict = refilter(run, tmp_path / "strict", ["fidelity.min_facts_kept=0.7"])
    assert (kept["counts"]["accepted"], strict["counts"]["accepted"]) == (1, 0)


def test_a_partition_with_failed_rows_is_carried_over(tmp_path: Path) -> None:
    run = small_run(tmp_path / "run")
    manifest = refilter(run, tmp_path / "again", ["fidelity.threshold=0.99"])
    assert manifest["counts"]["failed"] == 1
    assert manifest["status"] == "unfinished"


def test_a_run_that_goes_on_is_refused(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path / "run", [1, 1])
    run.commit(0, tables(rephrasing("a", 0), reject("a", 1)))
    with pytest.raises(StorageError, match="not finished"):
        refilter(run.finish("unfinished"), tmp_path / "again", ["fidelity.threshold=0.99"])
