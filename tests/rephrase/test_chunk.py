"""Chunks join back to their document, keep to their budget, and are cut where a reader would."""

import gzip
import json
import os
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tokenizers import Tokenizer, models, pre_tokenizers

from datagen.errors import RecipeError
from datagen.rephrase.chunk import Chunker, ChunkOptions
from datagen.schemas import Document
from datagen.tokenizer import load_tokenizer

MINILM = load_tokenizer("minilm")
CHUNKERS = {
    (most, window): Chunker(ChunkOptions(max_tokens=most, window_tokens=window))
    for most, window in ((16, 16), (16, 100), (40, 200), (256, 4096))
}


def texts(text: str, most: int = 40, window: int = 200) -> list[str]:
    """The chunks of a text, checked for what always holds."""
    chunker = CHUNKERS[most, window]
    chunks = chunker.chunk(Document("d", text, "knowledge")).chunks
    parts = [text[chunk.start : chunk.end] for chunk in chunks]
    assert "".join(parts) == text
    assert all(parts)
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert [chunk.tokens for chunk in chunks] == [MINILM.count(part) for part in parts]
    assert all(chunk.tokens <= most for chunk in chunks)
    windows: dict[int, int] = {}
    for chunk in chunks:
        windows[chunk.window] = windows.get(chunk.window, 0) + chunk.tokens
    assert list(windows) == list(range(len(windows)))
    assert all(tokens <= window for tokens in windows.values())
    return parts


NASTY = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    "\n",
                    "\n\n",
                    "\r\n",
                    "\t",
                    " ",
                    "# Title\n",
                    "| a | b |\n",
                    "- item\n",
                    "1. one\n",
                ),
                *(
                    "$x + y$",
                    "$$",
                    "$",
                    "\\[",
                    "\\]",
                    "\\(",
                    "\\begin{align}",
                    "\\end{align}",
                    "\\\\",
                ),
                *(
                    "```\n",
                    "~~~",
                    "---\n",
                    "\\item ",
                    "Dr. ",
                    "3.14",
                    "e.g. ",
                    "。",
                    "圆心",
                    "؟",
                    "{",
                    "}",
                ),
                *(
                    "e\u0301",
                    "\u200d",
                    "👨‍👩‍👧‍👦",
                    "🇫🇷",
                    "\x00",
                    "\u2028",
                    "\x85",
                    "\ufeff",
                    "한글",
                    "x" * 300,
                ),
                *("A sentence ends here. ", "word " * 30, "\u0301" * 40, "\U0010ffff", "[UNK]"),
            ]
        ),
        st.text(max_size=20),
    ),
    max_size=60,
).map("".join)


@pytest.mark.parametrize(("most", "window"), list(CHUNKERS))
@settings(max_examples=120, deadline=None)
@given(text=NASTY)
def test_chunks_join_back_and_keep_to_their_budget(most: int, window: int, text: str) -> None:
    texts(text, most, window)


@settings(max_examples=120, deadline=None)
@given(text=NASTY)
def test_white_space_belongs_to_the_chunk_before_it(text: str) -> None:
    for part in texts(text, 16, 100)[1:]:
        assert not part[0].isspace()


@settings(max_examples=100, deadline=None)
@given(
    text=st.lists(
        st.sampled_from(["e\u0301", "👍🏽", "a", "\r\n", "नि", "🇫🇷", "ö"]), max_size=200
    ).map("".join)
)
def test_no_cut_splits_what_a_reader_sees_as_one_character(text: str) -> None:
    for part in texts(text, 16, 100)[1:]:
        assert unicodedata.category(part[0])[0] != "M"
        assert part[0] not in "\n🏽"


def test_byte_pair_counts_keep_to_the_budget_too(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.BPE(unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.model = models.BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    chunker = Chunker(ChunkOptions(max_tokens=30, tokenizer=str(tmp_path)))
    text = "A sentence in bytes. " * 20 + "圆心在原点上与直线相切的圆" * 9 + " " * 200 + "👍🏽" * 50

    chunks = chunker.chunk(Document("d", text, "knowledge")).chunks

    counter = load_tokenizer(str(tmp_path / "tokenizer.json"))
    assert "".join(text[chunk.start : chunk.end] for chunk in chunks) == text
    assert [counter.count(text[chunk.start : chunk.end]) for chunk in chunks] == [
        chunk.tokens for chunk in chunks
    ]
    assert max(chunk.tokens for chunk in chunks) <= 30


FILLER = "The river rises in the hills and runs to the sea past mills and meadows. "
FORMULA = r"x_1 + x_2 + x_3 + x_4. Y = \frac{a}{b}"


@pytest.mark.parametrize(
    "block",
    [
        f"${FORMULA}$",
        f"$${FORMULA}$$",
        f"\\[{FORMULA}\\]",
        f"\\({FORMULA}\\)",
        "\\begin{align}\na &= b. \\\\\nC &= d.\n\\end{align}",
        "```python\nx = 1. \n\nprint(x)\n```",
        "| a | b |\n|---|---|\n| One. Two. | 2 |",
        "- An item. It has two sentences. And a third.",
    ],
)
@pytest.mark.parametrize("before", range(1, 5))
def test_a_block_that_fits_is_never_divided(block: str, before: int) -> None:
    separator = "\n\n" if block[0] in "`|-" else " "
    text = FILLER * before + separator + block + separator + FILLER * 3

    assert any(block in part for part in texts(text))


@pytest.mark.parametrize(
    "stop",
    [
        "as Dr. Smith and J. R. Jones of the U.S. Army said",
        "about 3. 5 per cent, i.e. Ten of them, see Fig. 2 and pp. 3",
        "and asked what is new? and went on",
    ],
)
def test_full_stops_inside_a_sentence_are_no_place_to_cut(stop: str) -> None:
    sentence = f"It was found {stop} in the report of the year. "
    for part in texts(sentence * 6):
        if not part.startswith("It was found"):
            pytest.fail(f"cut inside a sentence, before {part!r}")


def test_a_heading_stays_with_its_text_and_sections_are_cut_first() -> None:
    text = "".join(f"## Part {i}\n\n{FILLER * 2}\n\n" for i in range(6))
    assert all(part.startswith("## Part") and "river" in part for part in texts(text))


def test_a_plain_title_stays_with_its_text() -> None:
    text = "".join(f"The Upper River\n{FILLER * 2}\n" for _ in range(6))
    assert all(part.startswith("The Upper River") for part in texts(text))


def test_wrapped_lines_are_cut_at_sentences() -> None:
    words = (FILLER * 12).split(" ")
    text, line = "", ""
    for word in words:
        if len(line) + len(word) > 70:
            text, line = text + line.rstrip() + "\n", ""
        line += word + " "
    assert all(part.startswith("The river") for part in texts(text + line))


def test_no_chunk_is_tiny_beside_its_neighbours() -> None:
    for sentences in range(3, 40):
        parts = texts(FILLER * sentences)
        counts = [MINILM.count(part) for part in parts]
        assert min(counts) >= 10, (sentences, counts)


def test_chinese_is_cut_after_its_full_stops() -> None:
    text = "圆心在原点上与直线相切的圆的方程如下。" * 12
    assert all(part.endswith("。") for part in texts(text))


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "圆" * 20_000,
        "👨‍👩‍👧‍👦" * 4_000,
        "e\u0301" * 20_000,
        "a" + "\u0301" * 20_000,
        " " * 100_000,
    ],
    ids=["letters", "cjk", "emoji", "accents", "marks", "spaces"],
)
def test_a_run_without_spaces_is_cut_within_the_budget(text: str) -> None:
    assert texts(text, 256, 4096)


@pytest.mark.parametrize(
    "text",
    [
        "$" * 50_000,
        "\\begin{a}" * 20_000,
        "`" * 50_000,
        "\n" * 100_000,
        ". " * 50_000,
        "| |\n" * 30_000,
        "\\end{b}\\begin{a}" * 10_000,
        "- a\n" * 30_000,
        "\\[ " * 30_000,
        "A\n\n" * 30_000,
        "(" * 50_000,
    ],
)
def test_no_text_takes_more_than_linear_time(text: str) -> None:
    began = time.perf_counter()
    texts(text, 256, 4096)
    assert time.perf_counter() - began < 8


def test_windows_begin_at_sections_where_that_is_cheap() -> None:
    text = "".join(f"# Part {i}\n\n{FILLER * 4}\n\n" for i in range(12))
    chunker = Chunker(ChunkOptions(max_tokens=40, window_tokens=176))
    chunks = chunker.chunk(Document("d", text, "knowledge")).chunks
    first = [a for a, b in zip(chunks[1:], chunks, strict=False) if a.window != b.window]

    assert len(first) > 2
    assert all(text.startswith("# Part", chunk.start) for chunk in first)


def test_unknown_words_count_by_their_bytes() -> None:
    assert MINILM.count("x" * 300) == 100
    assert MINILM.count("圆") == 1
    assert MINILM.count("hello, world") == 3
    assert MINILM.count("[SEP]") == MINILM.count("[ sep ]")
    assert MINILM.offsets("hello, world") == [(0, 5), (5, 6), (7, 12)]
    assert MINILM.count_many(["a", "", " \n", "a b"]) == [1, 0, 0, 2]


@settings(max_examples=100, deadline=None)
@given(left=NASTY, right=NASTY)
def test_counts_add_up_over_words(left: str, right: str) -> None:
    assert MINILM.count(left + " " + right) == MINILM.count(left) + MINILM.count(right)


@pytest.mark.parametrize("name", ["/missing/tokenizer.json", "./nowhere"])
def test_a_missing_tokenizer_is_named_in_one_line(name: str) -> None:
    with pytest.raises(RecipeError, match=f"chunk.tokenizer: {name}: no such file"):
        load_tokenizer(name)


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(RecipeError, match=r"chunk\.tokenizer"):
        load_tokenizer(str(tmp_path))


def test_a_window_smaller_than_a_chunk_is_refused() -> None:
    with pytest.raises(ValidationError, match="window_tokens"):
        ChunkOptions(max_tokens=256, window_tokens=128)


def test_real_chunks_are_cut_at_sentences_or_better() -> None:
    where = os.environ.get("DATAGEN_TEST_DATA")
    if not where:
        pytest.skip("DATAGEN_TEST_DATA is not set")
    with gzip.open(f"{where}/docs/openstax_sections.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line, _ in zip(file, range(300), strict=False)]
    parts = [part for row in rows for part in texts(row["text"], 256, 4096)[:-1]]
    clean = [part for part in parts if part.rstrip()[-1] in ".?!:”\"')]$|…" or part[-1] == "\n"]
    assert len(clean) / len(parts) > 0.99
