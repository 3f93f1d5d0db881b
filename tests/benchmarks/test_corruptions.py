import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.corruptions import faithful
from benchmarks.corruptions.corruptions import FINISHED, PROSE, void
from benchmarks.corruptions.documents import programs
from benchmarks.corruptions.material import Material, sentences
from benchmarks.corruptions.pairs import UNFAITHFUL, Document, pairs, split
from benchmarks.corruptions.words import lists
from benchmarks.corruptions.worked import WORKED

APPLIES = {
    "number_changed": "The fleet had 340 ships. It sailed at dawn.",
    "unit_changed": "The road is 12 km long and flat.",
    "date_shifted": "The treaty was signed in 1848 after long talks.",
    "entity_swapped": "In the spring Napoleon marched against the army that Wellington had gathered.",
    "entity_replaced": "In that year Marie Curie moved to a new laboratory.",
    "negation_added": "The method is safe for daily use.",
    "negation_removed": "The engine does not start in cold weather.",
    "quantifier_changed": "In this region all of the farms grow rice.",
    "modality_changed": "The reaction may cause heat in a closed vessel.",
    "cause_swapped": "Heavy winter rain caused floods along the lower river.",
    "comparison_flipped": "The new model is faster than the old one.",
    "antonym": "The measure was successful in the end.",
    "quotation_altered": 'He said "the people deserve a better future than this" and left.',
}
"""A sentence that the kind has to change."""
DOES_NOT_APPLY = {
    "number_changed": ["The fleet sailed at dawn.", "Figure A1 and x_2 and 1848."],
    "unit_changed": ["Kilometres are units of length.", "There are 12 ships."],
    "date_shifted": ["It happened long ago.", "They may march."],
    "entity_swapped": [
        "In the spring Napoleon and Wellington met.",
        "In 1990 France borders Germany.",
        "The senator Barack Obama spoke and later Obama left the room quietly.",
    ],
    "negation_added": [
        "The method is not safe.", "Is the method safe?", "If it is safe, go.", "It is only a test.",
        "The law that is old stays.",
    ],
    "negation_removed": [
        "It is not only fast but also cheap.", "Ask whether or not it works.", "Why not go?",
        "He did not come without a gift.", "The method is safe.",
    ],
    "quantifier_changed": [
        "It is the most famous of them.", "First of all, how many farms?", "After all it rains.",
        "It cost some 500 dollars.", "As many as ten came.",
    ],
    "modality_changed": ["In May the might of the army grew.", "They will come."],
    "cause_swapped": ["Because it rained.", "Rain, which caused floods, came.", "It fell because of rain."],
    "comparison_flipped": ["No more than ten came.", "Higher education costs money."],
    "quotation_altered": ['He said "yes" and left.'],
    "sentence_dropped": ["One two six.", "It is so."],
}  # fmt: skip


def material(source: str, seed: int = 0, test: bool = False) -> Material:
    return Material(
        random.Random(seed),
        lists("test" if test else "train"),
        source,
        ("The harbour of Trieste handles timber, coffee and machinery from overseas.",),
        ("Trieste", "Ottoman Bank"),
    )


@pytest.mark.parametrize("kind", APPLIES)
@pytest.mark.parametrize("seed", range(5))
def test_a_kind_changes_what_a_sentence_says(kind: str, seed: int) -> None:
    draft = sentences(APPLIES[kind])

    made = PROSE[kind](draft, material(APPLIES[kind], seed, test=bool(seed % 2)))

    assert made is not None
    assert not void(draft, made)


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in DOES_NOT_APPLY.items() for text in texts]
)
@pytest.mark.parametrize("seed", range(3))
def test_a_kind_that_does_not_apply_makes_nothing(kind: str, text: str, seed: int) -> None:
    assert PROSE[kind](sentences(text), material(text, seed)) is None


@pytest.mark.parametrize("kind", PROSE)
@pytest.mark.parametrize(
    "text", ["", "?", "🙂 🙂", "Why?", "x" * 5000, "$1 {0} \\1 \\g<0>", "桥于开通。"]
)
def test_odd_texts_are_no_trouble(kind: str, text: str) -> None:
    made = PROSE[kind](sentences(text), material(text))

    assert made is None or not void(sentences(text), made)


def test_a_changed_number_is_not_one_of_the_source() -> None:
    source = "The fleet had 3 ships and 5 boats and 7 rafts and 9 tugs."
    for seed in range(50):
        made = PROSE["number_changed"]([source], material(source, seed))
        if made:
            new = {word for word in made[0].rstrip(".").split() if word.isdigit()}
            assert new - {"3", "5", "7", "9"}


WORKED_TEXT = (
    "Tom has 3 boxes of 4 pens.\nHe has 3 * 4 = 12 pens.\nHe gives 2 away: 12 - 2 = 10.\n#### 10"
)


@pytest.mark.parametrize("kind", ["answer_altered", "step_altered", "step_dropped"])
@pytest.mark.parametrize("seed", range(10))
def test_worked_steps_are_changed_in_a_figure_or_a_line(kind: str, seed: int) -> None:
    draft = WORKED_TEXT.split("\n")

    made = WORKED[kind](draft, material(WORKED_TEXT, seed))

    assert made is not None
    assert not void(draft, made)
    if kind != "answer_altered":
        assert made[-1] == "#### 10"


def test_money_in_prose_is_no_formula() -> None:
    text = "She paid $12 for the books and pens and then $15 for the lamp."

    assert WORKED["formula_altered"]([text], material(text)) is None


def test_a_formula_is_altered_inside_its_marks() -> None:
    text = "We know that $x^2 + 3 \\le 7$ holds."

    made = WORKED["formula_altered"]([text], material(text))

    assert made is not None
    assert made[0].startswith("We know that $")
    assert made[0] != text


def test_altered_code_still_parses_and_means_something_else() -> None:
    made = [
        pair
        for part in ("train", "dev", "test")
        for pair in pairs(programs(), split=part, kinds=["code_altered"])
    ]

    assert made
    for pair in made:
        code = pair.text.split("```python\n")[1].split("```")[0]
        compile(code, "altered", "exec")
        assert code not in pair.source


def test_faithful_rewriting_leaves_programs_alone() -> None:
    text = "It usually works.\n```python\n# usually also many\nx = 1\n```"

    made = faithful.combined(["It usually works.", text[18:]], material(text), steps=True)

    assert made[1] == text[18:]
    assert made[0] != "It usually works."


def test_a_sentence_that_leans_on_another_moves_with_it() -> None:
    draft = ["A a.", "Cats sleep.", "They purr.", "Dogs bark.", "Owls hoot."]
    for seed in range(20):
        made = faithful.reordered(draft, material("", seed))
        assert made is not None
        assert made[made.index("Cats sleep.") + 1] == "They purr."
        assert Counter(made) == Counter(draft)
        assert made != draft


def test_tex_commands_are_not_synonyms() -> None:
    text = "We have \\begin{align*} x \\end{align*} here."

    assert faithful.RULES["synonym"]([text], material(text)) is None


def documents() -> list[Document]:
    lines = [*APPLIES.values(), *(text for texts in DOES_NOT_APPLY.values() for text in texts)]
    found = []
    for number in range(60):
        random.Random(number).shuffle(lines)
        found.append(Document(f"d{number}", " ".join(lines[:12]), f"t{number % 3}"))
    return found


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others() -> None:
    one, same, other = (list(pairs(documents(), seed=seed)) for seed in (1, 1, 2))

    assert one == same
    assert one != other


def test_another_process_makes_the_same_pairs() -> None:
    text = (
        "from benchmarks.corruptions.documents import programs\n"
        "from benchmarks.corruptions.pairs import Document, pairs\n"
        "steps = 'Mia usually buys {0} large boxes.\\nShe does not use 2.\\n{0}-2={1}\\n#### {1}'\n"
        "worked = [Document(str(n), steps.format(n, n - 2), 'school', 'math')\n"
        "          for n in range(3, 60)]\n"
        "for name in ('train', 'dev', 'test'):\n"
        "    for pair in pairs([*programs(), *worked], split=name, per_document=8):\n"
        "        print(pair)\n"
    )
    made = [
        subprocess.run(
            [sys.executable, "-c", text],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 5)
    ]

    assert made[0].count("\n") > 100
    assert len(set(made)) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It cost $8.5 billion.", "It cost $8.5 billion."),
        ("It cost $8,500 million.", "It cost $8,500 million."),
        ("It cost $8,500.50 then.", "It cost 8,500.50 dollars then."),
    ],
)
def test_sums_of_money_are_spelled_whole_or_left(before: str, after: str) -> None:
    material = Material(random.Random(0), lists("test"), before, [], [])

    assert (faithful.RULES["unit_format"]([before], material) or [before]) == [after]


def test_splits_share_no_document_and_labels_are_balanced() -> None:
    made = {
        name: list(pairs(documents(), split=name, per_document=6)) for name in ("train", "test")
    }

    for name, found in made.items():
        assert found
        assert all(split(pair.document) == name for pair in found)
        assert 0.4 < sum(pair.label for pair in found) / len(found) < 0.6
        assert all(pair.text != pair.source for pair in found)


def test_the_words_put_in_differ_between_training_and_testing() -> None:
    train, test = lists("train"), lists("test")

    for name in ("quantifiers", "modalities", "antonyms", "comparatives", "synonyms"):
        one, other = getattr(train, name), getattr(test, name)
        same = [trigger for trigger in one if one[trigger] == other[trigger]]
        assert not same, name
    assert not set(train.inventions) & set(test.inventions)
    assert not set(train.questions) & set(test.questions)


def test_there_are_enough_kinds() -> None:
    assert len(UNFAITHFUL) >= 22
    assert {"truncated", "looped", "led_in"} == set(FINISHED)
