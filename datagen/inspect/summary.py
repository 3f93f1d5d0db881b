"""What is in a run: where it stands, what it cost, how its styles fare, whether they sound alike.

Everything is asked of the shards, so that a run that goes on, or was killed, is summed up as it
lies there. How alike openings are depends on how many are compared; they are measured on a sample
of fixed size, drawn by id, so that figures of a small run and a large one can be compared.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from datagen.errors import StorageError
from datagen.inspect.views import find_run, first_line, open_run
from datagen.shards import RunFolder

OPENING_WORDS = 5
SAMPLED_OPENINGS = 10_000
"""Openings compared; half a second of reading, and a share of 1% is known to ±0.2%."""
FEWEST_OPENINGS = 10
MOST_IDENTICAL = 0.2
"""Share of identical openings above which a run is said to repeat itself. Own choice."""
EXAMPLES = 3
_IDS = 16**12


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
class Diversity:
    """How alike accepted rephrasings begin, and how far they are from their sources."""

    compared: int
    """Openings compared: the first five words of up to 10,000 rephrasings."""
    identical: int
    """Those that some other one shares."""
    commonest: str
    commonest_count: int
    entropy: float
    """Of the openings, in bits; log2 of `compared` where all differ."""
    novelty: float | None
    """Mean share of a chunk's word 5-grams that do not stand in its source."""

    @property
    def repeats_itself(self) -> bool:
        enough = self.compared >= FEWEST_OPENINGS
        return enough and self.identical > MOST_IDENTICAL * self.compared


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


def summary(path: Path) -> Summary:
    """Sum up a run. Raises `StorageError` if there is none or a shard cannot be read."""
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
                "diversity": _diversity(connection, sum(style.accepted for style in styles)),
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


def _diversity(connection: duckdb.DuckDBPyConnection, accepted: int) -> Diversity:
    row = connection.execute(
        f"""WITH openings AS (
            SELECT array_to_string(
                regexp_extract_all(lower(left(text, 400)), '[\\p{{L}}\\p{{M}}\\p{{N}}]+')
                    [1:{OPENING_WORDS}], ' ') AS opening
            FROM rephrasings WHERE id <= $bound
        ), counted AS (
            SELECT opening, count(*) AS n, sum(count(*)) OVER () AS total
            FROM openings GROUP BY opening
        )
        SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(n) FILTER (n > 1), 0)::BIGINT,
            first(opening ORDER BY n DESC, opening), max(n), -sum(n / total * log2(n / total))
        FROM counted""",
        {"bound": _bound(accepted)},
    ).fetchone()
    compared, identical, commonest, count, entropy = row or (0, 0, None, None, None)
    novelty = connection.execute(
        "SELECT avg(1 - copied) FROM chunks WHERE status = 'accepted'"
    ).fetchone()
    return Diversity(
        compared=compared,
        identical=identical,
        commonest=commonest or "",
        commonest_count=count or 0,
        entropy=abs(entropy or 0.0),
        novelty=novelty[0] if novelty else None,
    )


def _bound(accepted: int) -> str:
    """The id up to which about `SAMPLED_OPENINGS` of so many rows lie: ids are even hashes."""
    if accepted <= SAMPLED_OPENINGS:
        return "~"
    return f"{_IDS * SAMPLED_OPENINGS // accepted:012x}"


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
