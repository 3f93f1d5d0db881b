"""Recipes: a mistake is one line that names the key; tuning is no part of a run's identity."""

from pathlib import Path

import pytest

from datagen.errors import RecipeError
from datagen.recipe import differences, identity, load_recipe, resolved_toml
from datagen.rephrase.pipeline import RephraseRecipe, run_identity


def load(*settings: str, name: str = "rephrase", **overrides: object) -> RephraseRecipe:
    return load_recipe(RephraseRecipe, name, settings, overrides)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("chunk.max_tokens=-1", "chunk.max_tokens"),
        ("chunk.max_tokens=many", "chunk.max_tokens: must be a whole number"),
        ("chunk.max_token=9", "unknown key; did you mean max_tokens?"),
        ("chunks.max_tokens=9", "chunks: unknown key"),
        ("fidelity.tiers=[nonsense]", "fidelity.tiers"),
        ("fidelity.threshold=2", "fidelity.threshold: must be at most 1"),
        ("rewrite.on_failure=shrug", "rewrite.on_failure: must be one of"),
        ("rewrite.rephrasings=0", "rewrite.rephrasings: must be above 0 (is 0)"),
        ("rewrite.ignore_eos=perhaps", "rewrite.ignore_eos: must be true or false"),
        ("seed=-3", "seed: must be at least 0"),
        ("engine.kind=abacus", "engine.kind: must be one of"),
        ("seed.deep=1", "seed"),
        ("rewrite.styles.deep=1", "rewrite.styles"),
    ],
)
def test_a_mistake_is_one_line_that_names_its_key(setting: str, said: str) -> None:
    with pytest.raises(RecipeError) as refused:
        load(setting)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("setting", ["chunk.max_tokens", "max_tokens=3", "=", ""])
def test_a_setting_that_is_none_is_shown_how_one_looks(setting: str) -> None:
    with pytest.raises(RecipeError, match=r"section\.key=value"):
        load(setting)


def test_several_mistakes_are_one_line_that_names_each() -> None:
    with pytest.raises(RecipeError) as refused:
        load("chunk.max_tokens=-1", "rewrite.attempts=0", "nonsense.key=1")
    said = str(refused.value)
    assert "\n" not in said
    assert said.count("; ") == 2
    assert all(key in said for key in ("chunk.max_tokens:", "rewrite.attempts:", "nonsense:"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[chunk\nmax_tokens = 1", "own.toml"),
        (b"\xff\xfe", "own.toml"),
        (b"[chunk]\nmax_tokens = 1\nmax_tokens = 2", "own.toml"),
        (b"chunk = 3", "own.toml: chunk"),
    ],
)
def test_a_recipe_file_that_is_none_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    with pytest.raises(RecipeError) as refused:
        load(name=str(path))
    assert said in str(refused.value)


def test_an_unknown_recipe_says_which_there_are() -> None:
    with pytest.raises(RecipeError, match=r"--recipe nonsense.*rephrase"):
        load(name="nonsense")


@pytest.mark.parametrize(
    ("setting", "styles"),
    [
        ("rewrite.styles=faq", ("faq",)),
        ("rewrite.styles=faq,plain", ("faq", "plain")),
        ("rewrite.styles=[faq, plain]", ("faq", "plain")),
        ('rewrite.styles=["faq"]', ("faq",)),
        ("rewrite.styles=[]", ()),
    ],
)
def test_a_list_may_be_written_as_people_write_it(setting: str, styles: tuple[str, ...]) -> None:
    assert load(setting).rewrite.styles == styles


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("source.text_field=2020", "2020"),
        ("source.text_field=true", "true"),
        ("source.text_field=2020-01-01", "2020-01-01"),
        ("source.text_field=1e3", "1e3"),
        ('source.text_field="quoted"', "quoted"),
        ("source.text_field=[a]", "[a]"),
        ("source.text_field=a.b c", "a.b c"),
    ],
)
def test_a_field_of_text_takes_what_was_written(setting: str, said: str) -> None:
    assert load(setting).source.text_field == said


@pytest.mark.parametrize(
    ("setting", "styles"),
    [("rewrite.styles=2020", ("2020",)), ("rewrite.styles=[2020, faq]", ("2020", "faq"))],
)
def test_a_list_of_texts_takes_what_was_written(setting: str, styles: tuple[str, ...]) -> None:
    assert load(setting).rewrite.styles == styles


def test_files_are_known_by_content_and_not_by_the_way_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.md").write_text(
        '+++\nkinds = ["math"]\nlength = [0.5, 2]\nstructured = false\n+++\nRewrite it.\n'
    )
    (tmp_path / "reply.py").write_text("def reply(request): return 'x'\n")
    monkeypatch.chdir(tmp_path)
    identities = [
        run_identity(
            load(
                f"rewrite.styles={folder}own.md",
                f"engine.model={folder}reply.py:reply",
                "engine.kind=scripted",
            )
        )
        for folder in ("", "./", f"{tmp_path}/")
    ]
    assert identities[0] == identities[1] == identities[2]
    (tmp_path / "reply.py").write_text("def reply(request): return 'y'\n")
    now = run_identity(load("engine.model=reply.py:reply", "engine.kind=scripted"))
    assert now["engine.model_digest"] != identities[0]["engine.model_digest"]


def test_a_later_setting_wins_and_a_flag_wins_over_both() -> None:
    settings = ("chunk.max_tokens=64", "chunk.max_tokens=32", "engine.model=a")
    recipe = load(*settings, **{"engine.model": "b"})
    assert (recipe.chunk.max_tokens, recipe.engine.model) == (32, "b")


def test_a_resolved_recipe_reads_back_as_it_was(tmp_path: Path) -> None:
    recipe = load("rewrite.styles=faq,plain", "fidelity.tiers=[]", "engine.concurrency=7", "seed=3")
    path = tmp_path / "recipe.toml"
    path.write_text(resolved_toml(recipe))
    assert load(name=str(path)) == recipe


@pytest.mark.parametrize(
    "setting",
    [
        "engine.concurrency=3",
        "engine.base_url=http://elsewhere:1/v1",
        "engine.timeout_s=5",
        "engine.patience_s=5",
        "engine.kind=scripted",
        "runner.workers=4",
        "runner.shard_rows=10",
        "runner.rows_in_flight=9",
    ],
)
def test_tuning_is_no_part_of_what_a_run_is(setting: str) -> None:
    assert run_identity(load(setting)) == run_identity(load())


@pytest.mark.parametrize(
    ("setting", "field"),
    [
        ("seed=1", "seed"),
        ("engine.model=other", "engine.model"),
        ("chunk.max_tokens=128", "chunk.max_tokens"),
        ("fidelity.threshold=0.7", "fidelity.threshold"),
        ("fidelity.tiers=[]", "fidelity.tiers"),
        ("rewrite.temperature=0.9", "rewrite.temperature"),
        ("source.text_field=body", "source.text_field"),
        ("assemble.max_similarity=0.5", "assemble.max_similarity"),
    ],
)
def test_what_decides_the_output_is_named_where_it_differs(setting: str, field: str) -> None:
    (line,) = differences(run_identity(load()), run_identity(load(setting)))
    assert line.startswith(f"{field}: was ")


def test_another_style_shows_in_the_choice_and_in_the_prompts() -> None:
    lines = differences(
        run_identity(load("rewrite.styles=faq")), run_identity(load("rewrite.styles=plain"))
    )
    assert [line.partition(":")[0] for line in lines] == [
        "rewrite.styles",
        "prompts.styles.faq",
        "prompts.styles.plain",
    ]


def test_no_key_is_part_of_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-of-mine")
    recipe = load("engine.kind=openai")
    assert "secret-of-mine" not in resolved_toml(recipe) + str(identity(recipe))
