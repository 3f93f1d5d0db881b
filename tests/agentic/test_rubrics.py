"""Rubric files that users edit: one line says what is wrong with one."""

from pathlib import Path

import pytest

from datagen.agentic.rubrics import load_rubric
from datagen.errors import RecipeError

GOOD = """[[criteria]]
name = "clear"
text = "It is clear."
weight = 1
options = ["no", "yes"]
passes = 1
"""


def written(folder: Path, text: str) -> str:
    path = folder / "own.toml"
    path.write_text(text)
    return str(path)


def test_the_shipped_rubric_has_mandatory_criteria_with_options_from_worst_to_best() -> None:
    rubric = load_rubric("trajectory")

    assert [question.name for question in rubric.criteria if question.mandatory]
    assert all(0 < question.passes < len(question.options) for question in rubric.criteria)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("weight = 1", "wieght = 1"), "unknown key; did you mean weight[?]$"),
        (GOOD.replace("weight = 1", "weight = 0"), "add up to 0"),
        (GOOD.replace("weight = 1", "weight = -1"), "weight"),
        (GOOD.replace("weight = 1", "weight = nan"), "weight"),
        (GOOD.replace("passes = 1", "passes = 2"), "only 2 options"),
        (GOOD.replace('["no", "yes"]', '["no", "no"]'), "twice"),
        (GOOD.replace('["no", "yes"]', '["no"]'), "options"),
        (GOOD + GOOD, "one name"),
        ("threshold = 1\n" + GOOD, "unknown key"),
        ("criteria = []", "criteria"),
        ("[[criteria", "own.toml"),
        ("", "criteria"),
    ],
)
def test_a_wrong_rubric_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said) as raised:
        load_rubric(written(tmp_path, text))

    assert "\n" not in str(raised.value).strip() or text.startswith("[[criteria")


def test_a_rubric_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(RecipeError, match="trajectory"):
        load_rubric("trajectroy")
