"""Recipes: TOML files that say what a run makes, checked before Ray or a model is touched.

Identity and tuning are apart: `engine` (all but its model) and `runner` only say how fast and
where, so they are not part of what a run folder is compared with."""

import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from datagen.assets import shipped
from datagen.errors import RecipeError

EngineKind = Literal["llamacpp", "openai", "vllm", "scripted"]


class Section(BaseModel):
    """A table of a recipe."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


class EngineOptions(Section):
    """The model and how it is run. Only `model` decides what comes out."""

    kind: EngineKind = "llamacpp"
    model: str = ""
    """Name or path; empty: the embedded default, or the only model that a server offers."""
    base_url: str = ""
    """`openai`: where the server is, such as http://127.0.0.1:8000/v1."""
    concurrency: int | None = Field(default=None, gt=0)
    """Requests at a time, all replicas together; None: what suits the engine."""
    replicas: int = Field(default=1, gt=0)
    """Copies of an in-process model, one Ray actor each."""
    timeout_s: float = Field(default=600.0, gt=0)
    """Longest wait for one answer."""
    patience_s: float = Field(default=60.0, gt=0, le=86_400)
    """`openai`: seconds without any answer after which the server counts as gone."""
    api_key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; the key itself is never written."""
    context_tokens: int | None = Field(default=None, gt=0)
    """`llamacpp`, `vllm`: longest prompt plus answer; None: what suits the engine."""
    threads: int | None = Field(default=None, gt=0)
    """`llamacpp`: threads of one replica; None: all cores."""
    gpus: float = Field(default=0, ge=0)
    """GPUs that one replica of an in-process model takes from Ray."""
    options: dict[str, Any] = Field(default_factory=dict)
    """`vllm`: further engine arguments."""


class RunnerOptions(Section):
    """How the work is spread. Changing it changes nothing that comes out."""

    workers: int | None = Field(default=None, gt=0)
    """Worker processes; None: one per two cores, as far as the engine's concurrency needs them."""
    rows_in_flight: int | None = Field(default=None, gt=0)
    """Rows open at a time, all workers together; None: what suits the engine."""
    shard_rows: int = Field(default=50_000, gt=0)
    """Most rows of one Parquet file."""
    partition_records: int = Field(default=1_000, gt=0)
    """Most input records of one partition; fixed by the first entry."""
    partition_bytes: int = Field(default=8 << 20, gt=0)
    """Input bytes after which a partition is cut; fixed by the first entry."""
    embed_threads: int = Field(default=1, gt=0)
    """Threads of the sentence embedder."""


class Recipe(Section):
    """What every recipe has."""

    seed: int = Field(default=0, ge=0)
    """All seeds are derived from it."""
    engine: EngineOptions = EngineOptions()
    runner: RunnerOptions = RunnerOptions()


R = TypeVar("R", bound=Recipe)


def load_recipe(
    model: type[R],
    name: str,
    settings: Sequence[str] = (),
    overrides: Mapping[str, Any] | None = None,
) -> R:
    """The recipe that `name` (a shipped one, or a file) holds, with `--set` and flags applied.

    `settings` are `section.key=value` lines, `overrides` dotted keys. Raises `RecipeError`, one
    line that names every mistake."""
    path = find_recipe(name)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise RecipeError(f"{path}: {problem}") from problem
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator or ("." not in key and key != "seed"):
            raise RecipeError(f"--set {setting}: must look like section.key=value")
        _assign(content, key.strip(), _parsed(model, key.strip(), value.strip()))
    for key, value in (overrides or {}).items():
        _assign(content, key, value)
    try:
        return model.model_validate(content)
    except ValidationError as problem:
        raise RecipeError(f"{path.name}: {mistakes(model, problem)}") from problem


def find_recipe(name: str) -> Path:
    """A recipe by path, or by the name of one that ships."""
    if Path(name).is_file():
        return Path(name)
    folder = shipped("pipelines")
    if (folder / f"{name}.toml").is_file():
        return folder / f"{name}.toml"
    known = sorted(path.stem for path in folder.glob("*.toml"))
    raise RecipeError(
        f"--recipe {name}: no such file, and no recipe of that name (there are: {', '.join(known)})"
    )


def resolved_toml(recipe: Recipe) -> str:
    """The recipe with all defaults filled in, as TOML."""
    return tomli_w.dumps(recipe.model_dump(mode="json", exclude_none=True, by_alias=True))


def identity(recipe: Recipe) -> dict[str, Any]:
    """Flat `section.key: value` of everything in the recipe that decides what comes out."""
    content = recipe.model_dump(mode="json", by_alias=True)
    content.pop("runner")
    content["engine"] = {"model": content["engine"]["model"]}
    return dict(_flat(content))


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """One line for each field that differs: `chunk.max_tokens: was 256, is 128`."""
    keys = [*before, *(key for key in now if key not in before)]
    return [
        f"{key}: was {_shown(before.get(key))}, is {_shown(now.get(key))}"
        for key in keys
        if before.get(key) != now.get(key)
    ]


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}…"


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _assign(content: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        content = content.setdefault(section, {})
        if not isinstance(content, dict):
            raise RecipeError(f"--set {key}: {section} is not a section")
    content[last] = value


def _parsed(model: type[Recipe], key: str, value: str) -> Any:
    """A `--set` value: TOML where it is TOML, else the text itself; `a,b` or `[a,b]` for a list.

    A field of text takes what was written: `source.text_field=2020` names the field 2020."""
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    wanted = _annotation(model, key)
    if get_origin(wanted) in (tuple, list):
        return _parts(value, parsed, texts=get_args(wanted)[0] is str)
    return value if wanted is str and not isinstance(parsed, str) else parsed


def _parts(value: str, parsed: Any, *, texts: bool) -> Any:
    """The parts of a list that was written as TOML or as people write one."""
    if isinstance(parsed, list) and not (texts and any(not isinstance(x, str) for x in parsed)):
        return parsed
    if not isinstance(parsed, str | list) and not texts:
        return parsed
    bare = (parsed if isinstance(parsed, str) else value).removeprefix("[").removesuffix("]")
    return [part.strip().strip("\"'") for part in bare.split(",") if part.strip()]


def _annotation(model: type[BaseModel], key: str) -> Any:
    """The type of the field that a dotted key names; None if there is no such field."""
    current: Any = model
    for part in key.split("."):
        fields = getattr(current, "model_fields", {})
        named = {known.alias or name: known for name, known in fields.items()}
        field = named.get(part)
        current = None if field is None else field.annotation
    return current


_MESSAGES = {
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "too_short": "must have at least {min_length} entries",
    "missing": "is missing",
}


def mistakes(model: type[BaseModel], problem: ValidationError) -> str:
    """All that is wrong with a file's content, in one line."""
    errors = problem.errors()
    # A list that has lost its entries by their mistakes is not too short.
    broken = {error["loc"][:depth] for error in errors for depth in range(len(error["loc"]))}
    own = (error for error in errors if error["type"] != "too_short" or error["loc"] not in broken)
    return "; ".join(_explained(model, error) for error in own)


def _explained(model: type[BaseModel], error: ErrorDetails) -> str:
    where = ".".join(str(part) for part in error["loc"] if part != "[key]")
    kind = error["type"]
    if not where:
        return error["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"{where}: unknown key{_nearest(model, error['loc'])}"
    if kind in _MESSAGES:
        message = _MESSAGES[kind].format(**error.get("ctx", {}))
    else:
        message = error["msg"].removeprefix("Value error, ")
    shown = kind != "missing" and not isinstance(error["input"], Mapping)
    return f"{where}: {message}" + (f" (is {_shown_any(error['input'])})" if shown else "")


def _shown_any(value: Any) -> str:
    try:
        return _shown(value)
    except TypeError:
        return str(value)


def _nearest(model: type[BaseModel], location: Sequence[str | int]) -> str:
    current: Any = model
    for part in location[:-1]:
        if isinstance(part, int):
            current = get_args(current)[0]
        else:
            current = current.model_fields[part].annotation
    near = difflib.get_close_matches(str(location[-1]), list(current.model_fields), n=1)
    return (
        f"; did you mean {near[0]}?" if near else f" (there are: {', '.join(current.model_fields)})"
    )
