"""Spread within a document is told from sameness, and means the same in a small and a large run."""

from pathlib import Path

import numpy as np
import pytest
from run_folders import WrittenRun, rephrasing, tables

from datagen.inspect.diversity import overlap
from datagen.inspect.render import as_text
from datagen.inspect.summary import summary

ONE = "the tide rises twice a day along this coast"
OTHER = "nobody here has ever seen snow in the middle of July"


def run_of(path: Path, *documents: list[str]) -> Path:
    made = [
        rephrasing(f"d{number}", turn, text=text)
        for number, texts in enumerate(documents)
        for turn, text in enumerate(texts)
    ]
    return WrittenRun(path, [len(made)]).commit(0, tables(*made)).finish()


def test_copies_share_everything_and_strangers_nothing() -> None:
    assert overlap([ONE, ONE]) == (0.5, 1.0)
    assert overlap([ONE, OTHER]) == (1.0, 0.0)


def test_texts_too_short_for_a_gram_say_nothing() -> None:
    assert overlap(["two words", "", ONE]) == (1.0, 0.0)


def test_a_gram_repeated_within_one_text_is_not_shared() -> None:
    distinct, shared = overlap([f"{ONE} {ONE}", OTHER])

    assert shared == 0.0
    assert distinct < 1.0


def test_only_documents_with_two_rephrasings_are_compared(tmp_path: Path) -> None:
    found = summary(run_of(tmp_path, [ONE, ONE], [ONE, OTHER], [OTHER])).diversity

    assert found.documents == 2
    assert found.shared == pytest.approx(0.5)
    assert found.distinct == pytest.approx(0.75)
    assert found.spread is None


def test_spread_is_the_mean_distance_within_a_document_not_between(tmp_path: Path) -> None:
    def embed(texts: object) -> np.ndarray:
        assert list(texts) == [ONE, OTHER, ONE, ONE]  # type: ignore[call-overload]
        return np.array([[1, 0], [0, 1], [1, 0], [1, 0]], dtype=np.float32)

    found = summary(run_of(tmp_path, [ONE, OTHER], [ONE, ONE]), embed=embed)

    assert found.diversity.spread == pytest.approx(0.5)
    assert "spread" in as_text(found)


def test_a_run_without_pairs_says_nothing_of_spread(tmp_path: Path) -> None:
    found = summary(run_of(tmp_path, [ONE], [OTHER]))

    assert found.diversity.shared is None
    assert "documents compared" not in as_text(found)
