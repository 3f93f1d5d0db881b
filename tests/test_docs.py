"""The README against the program: what it shows exists, what exists is in it.

Its figures and its pasted output are not checked; a benchmark's command is only held to name a file
that is there once its figure is filled in.
"""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel
from typer.main import get_command

from datagen.agentic.recipe import AgenticRecipe
from datagen.agentic.tools.evolve.recipe import EvolveRecipe
from datagen.cli import app
from datagen.inspect.views import sql
from datagen.prompts import load_style
from datagen.recipe import Recipe, load_recipe
from datagen.rephrase.pipeline import RephraseRecipe

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BENCHMARKS = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
MOST_LINES = 250


class Command(NamedTuple):
    """A verb and the words after it."""

    verb: str
    command: Any
    words: list[str]


def blocks(language: str) -> list[str]:
    """The code blocks of a language; "" for those that name none."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [content for named, content in fenced if named == language]


def verbs(group: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from verbs(command, (*above, name))
        else:
            yield " ".join((*above, name)), command


VERBS = dict(verbs(get_command(app)))
RECIPES: dict[str, type[Recipe]] = {"tools evolve": EvolveRecipe, "agentic": AgenticRecipe}
"""Of the verbs that take another recipe than `rephrase` does."""


def found(line: str) -> Command:
    """The verb that a command line calls. Raises if there is none of that name."""
    words = shlex.split(line, comments=True)[1:]
    length = 1 if words[0] in VERBS else 2
    verb = " ".join(words[:length])
    return Command(verb, VERBS[verb], words[length:])


def command_lines() -> list[str]:
    """The `datagen` command lines of the shell blocks, each with its further lines."""
    starts = re.compile(r"^(?=datagen )", re.MULTILINE)
    pieces = [piece for block in blocks("sh") for piece in starts.split(block)]
    lines = [piece.replace("\\\n", " ") for piece in pieces if piece.startswith("datagen ")]
    return [re.split(r"\n(?:\n|#)", line)[0].strip() for line in lines]


def flags(command: Any) -> Iterator[str]:
    for parameter in command.params:
        names = (*parameter.opts, *parameter.secondary_opts)
        yield from (name for name in names if name.startswith("--"))


def mapped() -> list[tuple[str, int]]:
    """The paths of the file map, whole, each with the column of its comment."""
    above: list[str] = []
    paths = []
    for line in README.split("## Files\n")[1].split("```")[1].strip("\n").splitlines():
        name = line.split("#")[0].rstrip()
        depth = (len(name) - len(name.lstrip())) // 2
        above = [*above[:depth], name.strip()]
        paths.append(("".join(above), line.find("#")))
    return paths


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_shown_in_a_command(verb: str) -> None:
    assert verb in {found(line).verb for line in command_lines()}


@pytest.mark.parametrize(
    ("verb", "flag"), [(verb, flag) for verb, command in VERBS.items() for flag in flags(command)]
)
def test_every_flag_is_named(verb: str, flag: str) -> None:
    assert re.search(rf"{flag}(?![\w-])", README), f"{verb} has {flag}"


@pytest.mark.parametrize("flag", sorted(set(re.findall(r"(?<!\S)`?(--[a-z][a-z-]+)", README))))
def test_every_flag_named_outside_other_programs_exists(flag: str) -> None:
    known = {"--help", *(name for command in VERBS.values() for name in flags(command))}
    assert flag in known


@pytest.mark.parametrize("line", command_lines())
def test_every_command_line_parses(line: str) -> None:
    verb, command, words = found(line)
    with command.make_context(verb, words) as context:
        chosen = dict(context.params)
    if "recipe" in chosen:
        load_recipe(RECIPES.get(verb, RephraseRecipe), chosen["recipe"], chosen["settings"] or ())


@pytest.mark.parametrize("line", [line for line in command_lines() if found(line).verb == "sql"])
def test_every_query_fits_the_tables(line: str, tmp_path: Path) -> None:
    pipeline = "agentic" if "outputs/agentic" in line else "rephrase"
    (tmp_path / "manifest.json").write_text(json.dumps({"pipeline": pipeline}))
    _, command, words = found(line)
    with command.make_context("sql", words) as context:
        answer = sql(tmp_path, context.params["query"])
    assert answer.columns
    assert list(answer.rows) == []


def test_the_handy_views_it_names_are_there(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"pipeline": "rephrase"}))
    for view in ("rejects_by_reason", "tokens_by_style"):
        assert f"`{view}`" in README
        assert list(sql(tmp_path, f"FROM {view}").rows) == []


@pytest.mark.parametrize("path", [path for path, _ in mapped()])
def test_the_file_map_names_what_is_there(path: str) -> None:
    named = ROOT / path
    assert named.is_dir() if path.endswith("/") else named.is_file()


def test_the_file_map_leaves_out_no_part_of_the_package() -> None:
    parts = {path.name for path in (ROOT / "datagen").iterdir() if path.name[0] not in "_."}
    named = {Path(path).name for path, _ in mapped() if Path(path).parent.name == "datagen"}
    assert parts == named


def test_the_comments_of_the_file_map_stand_in_one_column() -> None:
    assert len({column for _, column in mapped()}) == 1


@pytest.mark.parametrize("target", re.findall(r"\bmake (demo|test|[a-z]+(?=`))", README))
def test_make_targets_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "key",
    sorted(
        set(
            re.findall(
                rf"(?<![\w/.])((?:{'|'.join(RephraseRecipe.model_fields)})\.(?!py\b|toml\b|md\b)\w+)",
                README,
            )
        )
    ),
)
def test_recipe_keys_exist(key: str) -> None:
    section, _, name = key.partition(".")
    annotation = RephraseRecipe.model_fields[section].annotation
    assert isinstance(annotation, type)
    assert issubclass(annotation, BaseModel)
    assert name in annotation.model_fields


@pytest.mark.parametrize("content", blocks("toml"))
def test_the_recipe_it_shows_is_one(content: str) -> None:
    recipe = RephraseRecipe.model_validate(tomllib.loads(content))
    assert recipe != RephraseRecipe()


@pytest.mark.parametrize("content", blocks("markdown"))
def test_the_style_it_shows_is_one(content: str, tmp_path: Path) -> None:
    path = tmp_path / "my_style.md"
    path.write_text(content, encoding="utf-8")
    assert load_style(str(path)).kinds == ("knowledge",)


def figures() -> list[tuple[str, str]]:
    """What was measured, and the command that measures it."""
    tables = README.split("## Figures\n")[1] + BENCHMARKS
    rows = [line.split(" | ") for line in tables.splitlines()]
    return [(row[2], row[3]) for row in rows if len(row) == 4 and "`" in row[3]]


@pytest.mark.parametrize(("measured", "command"), figures())
def test_the_program_behind_a_measured_figure_is_there(measured: str, command: str) -> None:
    module = re.search(r"-m (benchmarks[.\w]+)", command)
    script = re.search(r"((?:benchmarks|tests)/[\w/]+\.py)", command)
    named = module[1].replace(".", "/") if module else script[1] if script else None
    if named and measured != "TBD":
        assert any((ROOT / f"{named}{end}").is_file() for end in ("", ".py", "/__main__.py"))
