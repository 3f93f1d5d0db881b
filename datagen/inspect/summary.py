"""What is in a run: where it stands, what it cost, how its styles fare, whether they sound alike.

Everything is asked of the shards, so that a run that goes on, or was killed, is summed up as it
lies there.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from datagen.errors import StorageError
from datagen.inspect.diversity import Diversity, Embed, diversity
from datagen.inspect.views import find_run, first_line, open_run
from datagen.shards import RunFolder

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Tokens:
    """What went in and out: texts by the recipe's tokenizer, what was asked by the engine's."""

    source: int
    """Of the source of each accepted rephrasing."""
    made: int
    """Of accepted rephrasings."""
    prompt: int
    completion: int
    cached: int
    """Prompt tokens that the prefix cache answered, where the engine says so."""
    completions: int
    """Requests that were answered."""

    @property
    def cache_hits(self) -> float | None:
        """Share of prompt tokens that the prefix cache answered."""
        return self.cached / self.prompt if self.prompt else None


@dataclass(frozen=True, slots=True)
class StyleFigures:
    """How one style fares. Means are of accepted chunks, fidelity of accepted rephrasings."""

    style: str
    accepted: int
    rejected: int
    failed: int
    length_ratio: float | None
    fidelity: float | None
    copied: float | None

    @property
    def acceptance(self) -> float | None:
        return _share(self.accepted, self.accepted + self.rejected)


@dataclass(frozen=True, slots=True)
class Example:
    """An accepted chunk beside its source."""

    document: str
    style: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What `datagen inspect` shows."""

    path: str
    status: str
    model: str
    engine: str
    recipe: Mapping[str, Any]
    """The settings that say most, by key."""
    entries: int
    seconds: float
    planned_records: int
    pending_records: int
    unused_records: int
    """Not readable, or without a fitting style."""
    planned: int
    """Rephrasings that the committed records were to give."""
    accepted: int
    rejected: int
    failed: int
    tokens: Tokens
    styles: tuple[StyleFigures, ...]
    reasons: Mapping[str, int]
    """Rejects and failures by `stage.reason`, the most frequent first."""
    attempt_reasons: Mapping[str, int]
    """Why attempts at chunks were refused; most of them were made good by the next."""
    diversity: Diversity
    examples: tuple[Example, ...]

    @property
    def acceptance(self) -> float | None:
        return _share(self.accepted, self.accepted + self.rejected)

    @property
    def completions_per_accepted(self) -> float | None:
        return self.tokens.completions / self.accepted if self.accepted else None


def summary(path: Path, *, embed: Embed | None = None) -> Summary:
    """Sum up a run; with `embed`, how far apart a document's rephrasings lie in meaning too.

    Raises `StorageError` if there is no run or a shard cannot be read.
    """
    folder, manifest = find_run(path)
    commits = list(folder.commits())
    totals: Counter[str] = Counter()
    for commit in commits:
        totals.update(commit.totals)
    with open_run(path) as connection:
        try:
            styles = _styles(connection)
            asked = {
                "styles": styles,
                "reasons": _reasons(connection),
                "attempt_reasons": _attempt_reasons(connection),
                "diversity": diversity(
                    connection, accepted=sum(style.accepted for style in styles), embed=embed
                ),
                "examples": _examples(connection),
                "unused_records": _count(connection, "rejects WHERE number < 0"),
            }
        except duckdb.Error as problem:
            raise StorageError(f"{path}: {first_line(problem)}; see datagen audit") from problem
    recipe = _recipe(folder)
    accepted, rejected, failed = (
        sum(getattr(style, name) for style in styles) for name in ("accepted", "rejected", "failed")
    )
    planned_records = int(manifest.get("counts", {}).get("planned_records", 0))
    return Summary(
        path=str(path),
        status=str(manifest.get("status")),
        model=str(manifest.get("model")),
        engine=str(recipe.get("engine", {}).get("kind", "")),
        recipe=_settings(recipe),
        entries=int(manifest.get("entries", 0)),
        seconds=float(manifest.get("seconds", 0.0)),
        planned_records=planned_records,
        pending_records=max(0, planned_records - sum(commit.planned for commit in commits)),
        planned=accepted + rejected + failed,
        accepted=accepted,
        rejected=rejected,
        failed=failed,
        tokens=Tokens(
            source=totals["source_tokens"],
            made=totals["tokens"],
            prompt=totals["prompt_tokens"],
            completion=totals["completion_tokens"],
            cached=totals["cached_tokens"],
            completions=totals["completions"],
        ),
        **asked,  # type: ignore[arg-type]
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {rows}").fetchone()
    return int(found[0]) if found else 0


def _styles(connection: duckdb.DuckDBPyConnection) -> tuple[StyleFigures, ...]:
    rows = connection.execute(
        """WITH made AS (
            SELECT style, count(*) AS accepted, avg(fidelity) AS fidelity
            FROM rephrasings GROUP BY 1
        ), refused AS (
            SELECT style, count_if(NOT failed) AS rejected, count_if(failed) AS failed
            FROM rejects WHERE number >= 0 GROUP BY 1
        ), chunked AS (
            SELECT style, avg(length_ratio) AS length_ratio, avg(copied) AS copied
            FROM chunks WHERE status = 'accepted' GROUP BY 1
        )
        SELECT style, coalesce(accepted, 0), coalesce(rejected, 0), coalesce(failed, 0),
            length_ratio, fidelity, copied
        FROM made FULL JOIN refused USING (style) LEFT JOIN chunked USING (style) ORDER BY style"""
    ).fetchall()
    return tuple(StyleFigures(*row) for row in rows)


def _reasons(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    rows = connection.execute(
        """SELECT concat(stage, '.', reason, if(failed, ' (failed)', '')) AS name,
            sum(rejects)::BIGINT
        FROM rejects_by_reason GROUP BY name ORDER BY 2 DESC, 1"""
    )
    return dict(rows.fetchall())


def _attempt_reasons(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    rows = connection.execute(
        """SELECT unnest(reasons) AS reason, count(*) FROM chunks WHERE len(reasons) > 0
        GROUP BY reason ORDER BY 2 DESC, 1"""
    )
    return dict(rows.fetchall())


def _examples(connection: duckdb.DuckDBPyConnection) -> tuple[Example, ...]:
    """The first chunks of the first rephrasings by id. Ids are looked up first, texts are wide."""
    ids = connection.execute(
        f"""SELECT id FROM chunks WHERE status = 'accepted' AND index = 0
        ORDER BY id LIMIT {EXAMPLES}"""
    ).fetchall()
    rows = connection.execute(
        """SELECT document_id, style, source_text, text FROM chunks
        WHERE id IN (SELECT unnest($ids)) ORDER BY id""",
        {"ids": [row[0] for row in ids]},
    ).fetchmany(EXAMPLES)
    return tuple(Example(*row) for row in rows)


def _recipe(folder: RunFolder) -> dict[str, Any]:
    path = folder.path / "recipe.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        raise StorageError(f"{path}: {problem}") from problem


def _settings(recipe: Mapping[str, Any]) -> dict[str, Any]:
    keys = (
        "seed",
        "chunk.max_tokens",
        "chunk.window_tokens",
        "rewrite.styles",
        "rewrite.rephrasings",
        "rewrite.attempts",
        "rewrite.on_failure",
        "fidelity.tiers",
        "fidelity.threshold",
    )
    chosen = {}
    for key in keys:
        value: Any = recipe
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            chosen[key] = value
    return chosen
