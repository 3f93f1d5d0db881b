"""How different accepted rephrasings are: from their sources, from each other, in how they begin.

How alike openings are depends on how many are compared; they are measured on a sample of fixed
size, drawn by id, so that figures of a small run and a large one can be compared. The same holds
for documents whose rephrasings are set side by side.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], NDArray[Any]]
"""Texts to unit embeddings, a row each."""

OPENING_WORDS = 5
SAMPLED_OPENINGS = 10_000
"""Openings compared; half a second of reading, and a share of 1% is known to ±0.2%."""
FEWEST_OPENINGS = 10
MOST_IDENTICAL = 0.2
"""Share of identical openings above which a run is said to repeat itself. Own choice."""
SAMPLED_DOCUMENTS = 100
"""Documents whose rephrasings are compared with each other. Own choice: a second of reading."""
GRAM = 4
"""Words of an n-gram; four, as in Self-BLEU. Source: Zhu et al., "Texygen" (2018), section 3.1."""
_IDS = 16**12
_WORD = re.compile(r"\w+")


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
    documents: int
    """Documents of which two or more rephrasings were compared, up to 100."""
    distinct: float | None
    """Distinct word 4-grams ÷ all of them, over the rephrasings of a document; mean."""
    shared: float | None
    """Share of a rephrasing's word 4-grams that another one of its document has; mean."""
    spread: float | None
    """Cosine distance between two rephrasings of a document; mean. None without embeddings."""

    @property
    def repeats_itself(self) -> bool:
        enough = self.compared >= FEWEST_OPENINGS
        return enough and self.identical > MOST_IDENTICAL * self.compared


def diversity(
    connection: duckdb.DuckDBPyConnection, *, accepted: int, embed: Embed | None = None
) -> Diversity:
    """Ask the views of a run; `accepted` is the number of its rephrasings."""
    compared, identical, commonest, count, entropy = _openings(connection, accepted)
    novelty = connection.execute(
        "SELECT avg(1 - copied) FROM chunks WHERE status = 'accepted'"
    ).fetchone()
    families = _families(connection)
    overlaps = [overlap(texts) for texts in families]
    return Diversity(
        compared=compared,
        identical=identical,
        commonest=commonest or "",
        commonest_count=count or 0,
        entropy=abs(entropy or 0.0),
        novelty=novelty[0] if novelty else None,
        documents=len(families),
        distinct=_mean(distinct for distinct, _ in overlaps),
        shared=_mean(shared for _, shared in overlaps),
        spread=_mean(_distances(families, embed)) if embed else None,
    )


def overlap(texts: Sequence[str]) -> tuple[float, float]:
    """Of two or more texts: distinct 4-grams ÷ all, and the mean share that another one has.

    Texts without a 4-gram don't count; (1, 0) if fewer than two have any.
    """
    counted = [grams for text in texts if (grams := Counter(_grams(text)))]
    if len(counted) < 2:
        return 1.0, 0.0
    holders = Counter(gram for grams in counted for gram in grams)
    shares = [
        sum(count for gram, count in grams.items() if holders[gram] > 1) / grams.total()
        for grams in counted
    ]
    return len(holders) / sum(grams.total() for grams in counted), fmean(shares)


def _grams(text: str) -> Iterable[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return zip(*(words[start:] for start in range(GRAM)), strict=False)


def _distances(families: Sequence[Sequence[str]], embed: Embed) -> Iterable[float]:
    vectors = embed([text for texts in families for text in texts])
    start = 0
    for texts in families:
        rows = vectors[start : start + len(texts)]
        start += len(texts)
        pairs = np.triu_indices(len(texts), k=1)
        yield float(1 - (rows @ rows.T)[pairs].mean())


def _mean(values: Iterable[float]) -> float | None:
    present = list(values)
    return fmean(present) if present else None


def _families(connection: duckdb.DuckDBPyConnection) -> list[list[str]]:
    """The rephrasings of documents that have two or more; which, goes by a hash of their ids."""
    rows = connection.execute(
        f"""WITH chosen AS (
            SELECT document_id FROM rephrasings GROUP BY document_id HAVING count(*) > 1
            ORDER BY md5(document_id) LIMIT {SAMPLED_DOCUMENTS}
        )
        SELECT list(text ORDER BY number, id) FROM rephrasings
        WHERE document_id IN (FROM chosen) GROUP BY document_id ORDER BY document_id"""
    ).fetchall()
    return [row[0] for row in rows]


def _openings(connection: duckdb.DuckDBPyConnection, accepted: int) -> tuple[Any, ...]:
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
    return row or (0, 0, None, None, None)


def _bound(accepted: int) -> str:
    """The id up to which about `SAMPLED_OPENINGS` of so many rows lie: ids are even hashes."""
    if accepted <= SAMPLED_OPENINGS:
        return "~"
    return f"{_IDS * SAMPLED_OPENINGS // accepted:012x}"
