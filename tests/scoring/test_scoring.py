import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datagen.errors import DatagenError, RecipeError
from datagen.rephrase.fidelity.verification import FEATURES
from datagen.scoring import report, score
from datagen.scoring.measures import Judged, auroc, by_kind
from datagen.scoring.score import gate_options, label_of

SOURCE = (
    "The bridge was opened in 1932 by the governor of the state. It carries 160,000 vehicles a day. "
    "Engineers inspect the steel cables every spring and replace worn parts."
)
FAITHFUL = (
    "In 1932 the governor of the state opened the bridge. Each day 160,000 vehicles cross it. "
    "Every spring, engineers inspect its steel cables and replace parts that are worn."
)
UNFAITHFUL = FAITHFUL.replace("1932", "1952")


def written(path: Path, rows: list[Any]) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def scored_rows(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()


def test_the_input_columns_stay_and_scores_stand_beside_them(tmp_path: Path) -> None:
    path = written(
        tmp_path / "pairs.jsonl",
        [
            {"source": SOURCE, "text": FAITHFUL, "label": 1, "kind": "good", "note": {"a": [1]}},
            {"source": SOURCE, "text": UNFAITHFUL, "label": 0, "kind": "date", "note": "b"},
        ],
    )

    found = score(path)

    good, bad = scored_rows(tmp_path / "pairs.scored.parquet")
    assert good["note"] == '{"a": [1]}'
    assert (good["label"], good["kind"]) == (1, "good")
    assert good["faithful"]
    assert good["fidelity"] > bad["fidelity"]
    assert (bad["faithful"], bad["reason"]) == (False, "invented_date")
    assert "1952" in bad["detail"]
    assert any("AUROC 1.000" in line for line in report(found))


def test_a_copy_is_faithful(tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.jsonl", [{"source": SOURCE, "text": SOURCE}])

    assert score(path).faithful == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{broken", "not_json"),
        ("[" * 100_000, "not_json"),
        ("[1, 2]", "not_an_object"),
        ({"text": FAITHFUL}, "source_missing"),
        ({"source": SOURCE}, "text_missing"),
        ({"source": SOURCE, "text": None}, "text_missing"),
        ('{"source": "A b.", "text": NaN}', "text_missing"),
        ({"source": 5, "text": FAITHFUL}, "source_not_text"),
        ({"source": SOURCE, "text": ["a"]}, "text_not_text"),
        ({"source": "", "text": FAITHFUL}, "source_empty"),
        ({"source": SOURCE, "text": " \n\u200b"}, "text_empty"),
        ({"source": SOURCE, "text": "..."}, "text_empty"),
    ],
)
def test_a_row_that_cannot_be_scored_is_kept_with_its_reason(
    tmp_path: Path, row: Any, reason: str
) -> None:
    path = written(tmp_path / "pairs.jsonl", [row, {"source": SOURCE, "text": FAITHFUL}])

    found = score(path)

    bad, good = scored_rows(found.output)
    assert (bad["faithful"], bad["reason"], bad["fidelity"]) == (False, reason, None)
    assert good["faithful"]
    assert found.rejected == {reason: 1}


@pytest.mark.parametrize(
    "text",
    [
        "word",
        "no full stop " * 20_000,
        "桥于1932年由州长开通。每天有十六万辆车通过。",
        "الجسر افتتح عام 1932",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "```python\nprint(1)\n```",
        "$x^2 + y^2 = z^2$",
        "\ud800 lone",
        "🙂" * 50,
        "\x00\x07 bell",
        "{} {0} %s $&",
    ],
)
def test_odd_texts_get_a_reason_and_never_pass(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "pairs.jsonl", [{"source": SOURCE, "text": text}])

    [row] = scored_rows(score(path).output)

    assert not row["faithful"]
    assert row["reason"]


def test_odd_sources_never_make_a_text_faithful(tmp_path: Path) -> None:
    sources = ["word", "$x$", "桥于1932年开通。", "| a | b |", "🙂 a"]
    path = written(tmp_path / "pairs.jsonl", [{"source": s, "text": FAITHFUL} for s in sources])

    assert score(path).faithful == 0


def test_parquet_and_gzip_give_the_same_scores_as_json_lines(tmp_path: Path) -> None:
    rows = [{"source": SOURCE, "text": FAITHFUL}, {"source": SOURCE, "text": UNFAITHFUL}]
    plain = written(tmp_path / "a.jsonl", rows)
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "c.parquet")

    first, second, third = (
        scored_rows(score(path).output)
        for path in (plain, tmp_path / "b.jsonl.gz", tmp_path / "c.parquet")
    )

    assert first == second == third


def test_a_scored_file_can_be_scored_again_and_loses_no_column(tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.jsonl", [{"source": SOURCE, "text": FAITHFUL, "reason": "x"}])

    once = score(path)
    twice = score(once.output, tmp_path / "twice.parquet")

    [row] = scored_rows(twice.output)
    assert row["input_reason"] == "x"
    assert row["input_faithful"] is True


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("absent.jsonl", None),
        ("empty.jsonl", b""),
        ("other.jsonl", b'{"a": 1}\n'),
        ("bad.parquet", b"no parquet"),
        ("bad.jsonl.gz", b"no gzip"),
    ],
)
def test_a_file_that_cannot_be_scored_is_one_line(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(RecipeError) as caught:
        score(tmp_path / name)

    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("*.scored.parquet"))


def test_the_input_is_never_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    pq.write_table(pa.Table.from_pylist([{"source": SOURCE, "text": FAITHFUL}]), path)
    before = path.read_bytes()

    with pytest.raises(DatagenError):
        score(path, path)

    assert path.read_bytes() == before


def test_ties_count_half() -> None:
    assert auroc([0.5, 0.5], [0.5, 0.5]) == 0.5
    assert auroc([1.0, 0.5], [0.5, 0.0]) == 0.875


def test_a_kind_is_measured_against_all_of_the_other_label() -> None:
    judged = [
        Judged(True, "good", True, 0.9, ""),
        Judged(True, "fine", False, 0.2, "low_fidelity"),
        Judged(False, "date", False, 0.3, "invented_date"),
    ]

    lines = {line.kind: line for line in by_kind(judged)}

    assert lines["date"].auroc == 0.5
    assert lines["good"].auroc == 1.0
    assert lines["fine"].reasons == (("low_fidelity", 1),)


def test_a_kind_with_both_labels_is_measured_within_itself() -> None:
    judged = [
        Judged(True, "mixed", True, 0.6, ""),
        Judged(False, "mixed", False, 0.4, "low_fidelity"),
        Judged(True, "other", False, 0.1, "low_fidelity"),
        Judged(False, "other", True, 0.9, ""),
    ]

    lines = {(line.kind, line.label): line for line in by_kind(judged)}

    assert lines["mixed", True].auroc == lines["mixed", False].auroc == 1.0
    assert lines["mixed", True].balanced == 1.0
    assert lines["mixed", True].precision == 1.0
    assert lines["other", False].balanced == 0.0


def test_an_altered_formula_of_mathematics_is_found(tmp_path: Path) -> None:
    source = "The roots of the equation depend on $b^2 - 4ac$, which is called the discriminant."
    text = "What the roots of the equation are depends on $b^2 + 4ac$, called the discriminant."
    path = written(tmp_path / "pairs.jsonl", [{"source": source, "text": text}])
    score(path, subject="math")
    (row,) = scored_rows(tmp_path / "pairs.scored.parquet")
    assert not row["faithful"]
    assert "formula" in row["reason"]


def test_labels_that_say_neither_are_counted(tmp_path: Path) -> None:
    pair = {"source": SOURCE, "text": FAITHFUL}
    path = written(tmp_path / "pairs.jsonl", [pair | {"label": "maybe"}, pair | {"label": 1}])
    found = score(path)
    assert (found.unlabelled, len(found.judged)) == (1, 1)
    assert any("1 labels are neither" in line for line in report(found))


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (1, True),
        (0.0, False),
        (True, True),
        ("Faithful", True),
        ("no", False),
        (None, None),
        ("?", None),
        (float("nan"), None),
    ],
)
def test_labels_are_read_or_left_out(value: Any, label: bool | None) -> None:
    assert label_of(value) is label


def test_settings_change_the_gate(tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.jsonl", [{"source": SOURCE, "text": FAITHFUL}])
    loose, strict = (gate_options([f"fidelity.threshold={bar}"], "math") for bar in (0.5, 1))

    assert "mathematics" in loose.tiers
    assert score(path, options=loose).faithful == 1
    assert score(path, options=strict).faithful == 0


def test_tiers_that_are_set_are_the_tiers(tmp_path: Path) -> None:
    options = gate_options(["fidelity.tiers=hygiene,ledger"], "math")

    assert (options.tiers, options.threshold) == (("hygiene", "ledger"), 0.35)
    path = written(tmp_path / "pairs.jsonl", [{"source": SOURCE, "text": FAITHFUL}])
    score(path, options=options)
    [row] = scored_rows(tmp_path / "pairs.scored.parquet")
    assert row["flips"] is None


def test_tiers_that_compare_nothing_score_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.jsonl", [{"source": SOURCE, "text": FAITHFUL}])
    for tiers in ("", "hygiene"):
        with pytest.raises(RecipeError, match="nothing is compared"):
            score(path, options=gate_options([f"fidelity.tiers={tiers}"], "knowledge"))
    assert not (tmp_path / "pairs.scored.parquet").exists()


def test_copies_are_refused_where_a_setting_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.jsonl", [{"source": SOURCE, "text": SOURCE}])
    score(path, options=gate_options(["fidelity.max_copied=0.9"], "knowledge"))
    [row] = scored_rows(tmp_path / "pairs.scored.parquet")
    assert row["reason"] == "near_copy"


def test_every_feature_is_a_column_and_null_where_nothing_was_compared(tmp_path: Path) -> None:
    pair = {"source": SOURCE, "text": FAITHFUL, "supported_worst": "mine"}
    path = written(tmp_path / "pairs.jsonl", [pair, {"source": "", "text": FAITHFUL}])

    found = score(path)

    good, bad = scored_rows(found.output)
    assert {"supported_worst", "kept_lost_share", "supported_read_claim", "kept_read_mean"} <= {
        *FEATURES
    }
    assert all(isinstance(good[name], float) for name in FEATURES)
    assert all(bad[name] is None for name in FEATURES)
    assert good["input_supported_worst"] == "mine"


def test_features_of_the_reader_are_null_where_it_does_not_read(tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.jsonl", [{"source": SOURCE, "text": FAITHFUL}])
    tiers = "fidelity.tiers=hygiene,ledger,relations"

    [row] = scored_rows(score(path, options=gate_options([tiers], "knowledge")).output)

    assert row["supported_worst"] is not None
    assert {row[f"{side}_read_claim"] for side in ("supported", "kept")} == {None}


def test_pairs_judged_together_keep_their_own_features(tmp_path: Path) -> None:
    rows = [{"source": SOURCE, "text": text} for text in (FAITHFUL, UNFAITHFUL, SOURCE)]
    together = scored_rows(score(written(tmp_path / "all.jsonl", rows)).output)

    for number, row in enumerate(rows):
        [alone] = scored_rows(score(written(tmp_path / f"{number}.jsonl", [row])).output)
        assert alone == pytest.approx(together[number])


def test_a_kind_is_unnamed_only_where_it_has_no_name(tmp_path: Path) -> None:
    rows = [
        {"source": SOURCE, "text": FAITHFUL, "label": 1, "kind": kind} for kind in (0, None, "")
    ]

    found = score(written(tmp_path / "pairs.jsonl", rows))

    assert [judged.kind for judged in found.judged] == ["0", "unnamed", "unnamed"]


def test_another_language_names_the_flag(tmp_path: Path) -> None:
    text = "桥于1932年由州长开通。每天有十六万辆车通过。"
    path = written(tmp_path / "pairs.jsonl", [{"source": SOURCE, "text": text}])

    [row] = scored_rows(score(path).output)

    assert row["reason"] == "language"
    assert "--language zh" in row["detail"]


SHOP = (
    "A shop sells pens. Anna buys 3 pens at 4 dollars each and pays with a 20 dollar bill. How much "
    "change does she get? {}The answer is 8."
)
ROOTS = "Solve $x^2-5x+6=0$. Factoring gives $(x-2)(x-3)=0$, so $x=2$ or $x=3$.{}"


@pytest.mark.parametrize(
    ("source", "step", "faithful"),
    [
        (SHOP, "The pens cost 3 * 4 = 12 dollars. So 20 - 12 = 8 dollars are left. ", True),
        (ROOTS, " Check: $2^2-5\\cdot 2+6=0$.", True),
        (SHOP, "So 20 - 12 = 9 dollars are left. ", False),
        (SHOP, "The thieves of the town escaped with 3 * 4 = 12 dollars. ", False),
        (SHOP, "She loses 3 * 4 = 12 pens. ", False),
    ],
)
def test_an_added_step_that_is_true_claims_only_its_other_words(
    tmp_path: Path, source: str, step: str, faithful: bool
) -> None:
    pair = {"source": source.format(""), "text": source.format(step)}

    found = score(written(tmp_path / "pairs.jsonl", [pair]), subject="math")

    assert found.faithful == faithful
