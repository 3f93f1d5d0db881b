import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from datagen.errors import RecipeError
from datagen.prompts import (
    CLOSING,
    load_style,
    neutralise,
    perspectives,
    style_names,
    system_prompt,
    user_message,
)

OUR_TAG = re.compile(r"<\s*/?\s*(text|document|so_far)\b[^>]*>", re.IGNORECASE)
TEXT_BLOCK = re.compile(r"<text>\n(.*)\n</text>", re.DOTALL)

# Pieces that a document may hold and that could break the layout, mixed with any other text.
OURS = [
    "<text>",
    "</text>",
    "< TEXT >",
    "<Text id='1'>",
    "<\n/ so_far>",
    "</document\t>",
    "<<text>",
]
HALVES = ["<", "</", "/", "<text", "text>", "so_far", "‹text>", "a < b", "عربي", "🌍", " ", "\n"]
BRACES = ["{audience}", "{tone}", "{", "}", "{0}", "$x^{2}$", "$1", r"\1", "%s"]
PIECES = st.one_of(st.sampled_from(OURS + HALVES + BRACES), st.text(max_size=8))
TEXTS = st.lists(PIECES, max_size=12).map("".join)

GOOD = """+++
kinds = ["knowledge"]
length = [0.5, 2.0]
structured = false
+++
Rewrite for {audience} in a {tone} tone, as in \\begin{align} or {x: 1}.
"""


def written(folder: Path, content: str) -> str:
    path = folder / "mine.md"
    path.write_text(content, encoding="utf-8")
    return str(path)


def mistake(folder: Path, content: str) -> str:
    path = written(folder, content)
    with pytest.raises(RecipeError) as problem:
        load_style(path)
    said = str(problem.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


# Shipped styles


@pytest.mark.parametrize("name", style_names())
def test_a_shipped_style_is_short_and_asks_for_the_same_facts_and_nothing_else(name: str) -> None:
    style = load_style(name)

    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", style.name)
    assert 2 <= len(re.findall(r"[.](?=\s|$)", style.instruction)) <= 6
    assert len(style.instruction.split()) <= 80
    assert "{audience}" in style.instruction
    assert "{tone}" in style.instruction
    assert re.search(r"exactly|unchanged", style.instruction)
    assert re.search(r"\bonly\b", style.instruction)
    assert re.search(r"\b[Aa]dd (no\b|nothing|anything)|nothing else|no other", style.instruction)
    assert style.length[0] < 1 < style.length[1]


def test_both_kinds_of_document_have_several_styles() -> None:
    styles = [load_style(name) for name in style_names()]

    assert sum("knowledge" in style.kinds for style in styles) >= 14
    assert sum("math" in style.kinds for style in styles) >= 4


def test_shipped_texts_hold_no_tag_that_the_layout_would_neutralise() -> None:
    texts = [load_style(name).instruction for name in style_names()] + [system_prompt(), CLOSING]

    assert [text for text in texts if neutralise(text) != text] == []


def test_the_default_perspectives_are_phrases_that_drop_into_a_sentence() -> None:
    defaults = perspectives()

    assert len(defaults.audiences) >= 8
    assert len(defaults.tones) >= 5
    for phrase in [*defaults.audiences, *defaults.tones]:
        assert phrase == phrase.strip(" .,")
        assert phrase[0].islower()


def test_a_style_without_audiences_has_the_default_ones(tmp_path: Path) -> None:
    style = load_style(written(tmp_path, GOOD.replace("structured", 'tones = ["dry"]\nstructured')))

    assert style.audiences == perspectives().audiences
    assert style.tones == ("dry",)


# A user's own style


def test_a_style_of_ones_own_is_named_after_its_file_and_keeps_its_other_braces(
    tmp_path: Path,
) -> None:
    style = load_style(written(tmp_path, GOOD))
    message = user_message(
        window="", style=style, audience="a cook", tone="dry", so_far="", text="Salt."
    )

    assert style.name == "mine"
    assert style.kinds == ("knowledge",)
    assert style.length == (0.5, 2.0)
    assert message.startswith("Rewrite for a cook in a dry tone, as in \\begin{align} or {x: 1}.")


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    plain = load_style(written(tmp_path, GOOD))
    (tmp_path / "mine.md").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())

    assert load_style(str(tmp_path / "mine.md")) == plain


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("a {tone} tone", "the {tone} tone"),
        ("[0.5, 2.0]", "[0.5, 2.1]"),
        ("structured = false", "structured = true"),
        ('["knowledge"]', '["knowledge", "math"]'),
        ("structured = false", 'structured = false\ntones = ["dry"]'),
        ("structured = false", 'structured = false\naudiences = ["a cook"]'),
    ],
)
def test_the_digest_changes_with_everything_that_decides_the_text(
    tmp_path: Path, was: str, becomes: str
) -> None:
    before = load_style(written(tmp_path, GOOD)).digest
    again = load_style(written(tmp_path, GOOD)).digest
    after = load_style(written(tmp_path, GOOD.replace(was, becomes))).digest

    assert before == again
    assert before != after


def test_an_unknown_style_names_the_nearest_and_the_known_ones() -> None:
    with pytest.raises(RecipeError) as problem:
        load_style("tutorail")

    assert "'tutorial'" in str(problem.value)
    assert "study_notes" in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("name", ["", "../perspectives", "faq/", "FAQ\n", "💥"])
def test_what_is_neither_a_name_nor_a_path_is_a_recipe_error(name: str) -> None:
    with pytest.raises(RecipeError, match="there is no style"):
        load_style(name)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("kinds", "kind", "kinds: Field required"),
        ('"knowledge"', '"poetry"', "kinds.0: "),
        ('["knowledge"]', "[]", "kinds: "),
        ("[0.5, 2.0]", "[2.0, 0.5]", "length: the first number must be below the second"),
        ("[0.5, 2.0]", "[0, 2.0]", "length.0: "),
        ("[0.5, 2.0]", "[0.5]", "length"),
        ("false", '"no"', "structured: "),
        ("structured = false", "structured = false\ncolour = 1", "colour: unknown key; known: aud"),
        ("structured = false", "structured = false\ntones = []", "tones: "),
        ("structured = false", 'structured = false\ntones = [""]', "tones.0: "),
        ("structured = false", "structured = ", "front matter: "),
        ("structured = false\n+++", "structured = false", "a style is TOML between two"),
        ("+++\nkinds", "kinds", "a style is TOML between two"),
        ("+++\nkinds", "Words\n+++\nkinds", "a style is TOML between two"),
        (GOOD[GOOD.index("Rewrite") :], "  \n", "a style is TOML between two"),
        ("{audience}", "{audiance}", "{audiance} is no placeholder (do you mean {audience}?)"),
    ],
)
def test_a_wrong_style_file_gets_one_line_that_names_the_mistake(
    tmp_path: Path, was: str, becomes: str, said: str
) -> None:
    assert was in GOOD
    assert mistake(tmp_path, GOOD.replace(was, becomes, 1)).startswith(said)


def test_a_style_file_that_is_missing_or_not_text_is_a_recipe_error(tmp_path: Path) -> None:
    (tmp_path / "bytes.md").write_bytes(b"+++\xff\xfe")

    for path in (tmp_path / "absent.md", tmp_path / "bytes.md"):
        with pytest.raises(RecipeError, match="cannot be read as a style"):
            load_style(str(path))


# Tags in texts


@given(TEXTS)
def test_no_tag_of_ours_is_left_in_a_neutralised_text(text: str) -> None:
    assert OUR_TAG.search(neutralise(text)) is None


@given(TEXTS)
def test_neutralising_changes_single_characters_and_changes_them_once(text: str) -> None:
    harmless = neutralise(text)

    assert neutralise(harmless) == harmless
    assert len(harmless) == len(text)
    assert {pair for pair in zip(text, harmless, strict=True) if pair[0] != pair[1]} <= {("<", "‹")}


@pytest.mark.parametrize(
    "text",
    ["a < b", "x<textarea>", "if n <text_length:", "<p>text</p>", "text > document", "‹text>"],
)
def test_what_is_not_our_tag_stays(text: str) -> None:
    assert neutralise(text) == text


# Layout


@given(window=TEXTS, so_far=TEXTS, text=TEXTS, note=TEXTS, audience=TEXTS, tone=TEXTS)
def test_the_text_stands_alone_in_the_only_text_block(
    window: str, so_far: str, text: str, note: str, audience: str, tone: str
) -> None:
    style = load_style("plain")
    message = user_message(
        window=window,
        style=style,
        audience=audience,
        tone=tone,
        so_far=so_far,
        text=text,
        note=note,
    )

    assert message.count("<text>") == 1
    assert message.count("</text>") == 1
    found = TEXT_BLOCK.search(message)
    assert found is not None
    assert found[1] == neutralise(text)
    assert message.count("<so_far>") == message.count("</so_far>") == bool(so_far)
    shown = bool(window) and window != text
    assert message.count("<document>") == message.count("</document>") == shown
    assert message.endswith(f"</text>\n{CLOSING}")


@given(
    texts=st.lists(TEXTS, min_size=1, max_size=5), rewrites=st.lists(TEXTS, min_size=5, max_size=5)
)
def test_each_request_of_a_window_begins_with_the_one_before_up_to_its_so_far(
    texts: list[str], rewrites: list[str]
) -> None:
    # A rewrite that ends with "<" would make a tag with what follows: the gate's unfinished text.
    assume(not any(re.search(r"<[\s/]*$", rewrite) for rewrite in rewrites))
    style = load_style("faq")
    window = "The window. " + "".join(texts)
    before = ""
    told = ""
    for text, rewrite in zip([*texts, "Last."], rewrites, strict=False):
        message = user_message(
            window=window, style=style, audience="a cook", tone="dry", so_far=told, text=text
        )
        assert message.startswith(before)
        before = message[: message.index("\n</so_far>")] if told else message.split("\n\n<text>")[0]
        told += ("\n\n" if told else "") + rewrite


def test_the_parts_come_in_the_order_in_which_they_change() -> None:
    message = user_message(
        window="W {tone}",
        style=load_style("lecture"),
        audience="a cook",
        tone="dry",
        so_far="S {audience}",
        text="T {tone}",
        note="N {tone}",
    )

    parts = ["W {tone}", "a cook", "S {audience}", "N {tone}", "<text>\nT {tone}\n</text>"]
    places = [message.index(part) for part in parts]
    assert places == sorted(places)


def test_a_chunk_that_is_the_whole_window_is_sent_once() -> None:
    message = user_message(
        window="All.",
        style=load_style("faq"),
        audience="a cook",
        tone="dry",
        so_far="",
        text="All.",
    )

    assert message.count("All.") == 1
    assert "<document>" not in message
    assert "<so_far>" not in message
