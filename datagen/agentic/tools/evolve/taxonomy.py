"""The taxonomy that evolved tools come from: categories and the application domains in each.

A TOML file that people edit; the order of categories and domains in it decides nothing. Its digest
is part of a run's identity, so a run is not continued with another tree."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from datagen.assets import shipped
from datagen.errors import RecipeError
from datagen.schemas import row_id

_NAME = re.compile(r"[a-z][a-z0-9_]{1,63}")
Cell = tuple[str, str]
"""Category and domain."""


class Category(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=80)]
    domains: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=120)], ...], Field(min_length=1)
    ]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Categories by name."""

    categories: dict[str, Category]

    @property
    def cells(self) -> list[Cell]:
        """All pairs of category and domain, sorted."""
        pairs = ((name, d) for name, category in self.categories.items() for d in category.domains)
        return sorted(pairs)

    @property
    def digest(self) -> str:
        return row_id(*(part for cell in self.cells for part in cell))

    def title(self, category: str) -> str:
        return self.categories[category].title


def load_taxonomy(file: str = "", only: Sequence[str] = ()) -> Taxonomy:
    """The taxonomy of a file (empty: the one that ships), narrowed to the categories named.

    Raises: RecipeError, one line, if the file is not there or wrong, or lacks a category.
    """
    path = Path(file).expanduser() if file else shipped("tool_specs", "taxonomy.toml")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise RecipeError(f"taxonomy.file: {path}: {' '.join(str(problem).split())}") from problem
    if not content:
        raise RecipeError(f"taxonomy.file: {path}: holds no category")
    categories = {name: _category(path, name, value) for name, value in content.items()}
    for name in only:
        if name not in categories:
            known = ", ".join(sorted(categories))
            raise RecipeError(f"taxonomy.categories: no category {name!r} (there are: {known})")
    return Taxonomy({name: categories[name] for name in sorted(only or categories)})


def _category(path: Path, name: str, value: object) -> Category:
    if not _NAME.fullmatch(name):
        raise RecipeError(f"taxonomy.file: {path}: {name!r} is not a name like smart_home")
    try:
        category = Category.model_validate(value)
    except ValidationError as problem:
        mistake = problem.errors()[0]
        key = ".".join(str(part) for part in (name, *mistake["loc"]))
        raise RecipeError(f"taxonomy.file: {path}: {key}: {mistake['msg']}") from problem
    if len(set(category.domains)) != len(category.domains):
        raise RecipeError(f"taxonomy.file: {path}: {name}.domains: holds a domain twice")
    return category
