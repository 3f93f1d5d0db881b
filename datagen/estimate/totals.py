"""An estimate of a run: planned for real, a sample of documents asked about, the rest inferred.

What a document asks for grows with its text, and how much text there is is known better than what
is in it; so that figures are measured per character and multiplied. Intervals are of a bootstrap
over the sampled documents and the partitions read (90%); they hold the sample's chance, not the
assumptions: that answers are as long as their sources, that nothing fails unless `acceptance` says.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datagen.errors import RecipeError
from datagen.estimate.requests import Asked, Chain, Chances, Requester
from datagen.estimate.sampling import ReadPartition, Sample, sample
from datagen.rephrase.pipeline import RephraseRecipe
from datagen.rephrase.read import Plan, plan_partitions
from datagen.schemas import Document

SAMPLED_DOCUMENTS = 200
SAMPLED_CHARS = 6_000_000
"""Characters rewritten for the estimate, all rephrasings together: some ten seconds on one core."""
FEWEST_DOCUMENTS = 10
BOOTSTRAPS = 1000
QUANTILES = (0.05, 0.95)
COPIES = 3
"""Times that a text is written: in `rephrasings`, in `chunks` as text and as source."""
PACKED_CHARS = 1 << 20
"""About a Parquet page, which is packed by itself."""
FIGURES = tuple(field.name for field in fields(Asked))

BY_DOCUMENT = ("rephrasings",)
"""Figures that go with the number of documents; the others go with their length."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Range:
    """An estimated figure with its 90% interval."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Range":
        return Range(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast an engine may answer."""

    name: str
    tokens_per_second: float
    """Output tokens, all requests together."""


EMBEDDED = Rate("the embedded SmolLM2-135M on 2 cores (measured)", 150.0)
ONE_GPU = Rate("one H100 with Qwen3-4B in vLLM (datatrove's benchmark)", 8000.0)
"""Source: datatrove, examples/inference/benchmark/README.md: 8,086 output tokens/s, tuned."""
ONE_REQUEST = 100.0
"""Output tokens/s of a single request, for the time that the longest chain takes. Own assumption,
the order of a 4B model on one GPU."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Money per million tokens, without a discount for cached ones."""

    prompt: float
    output: float

    def __post_init__(self) -> None:
        for flag, price in (("--price-in", self.prompt), ("--price-out", self.output)):
            if not 0 <= price < math.inf:
                raise RecipeError(f"{flag} {price:g}: must be at least 0")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would ask and take."""

    inputs: int
    partitions: int
    records: int
    """Planned; exact."""
    sampled: int
    """Documents asked about."""
    read_partitions: int
    unusable: float
    """Share of the records read that are no documents."""
    documents: Range
    asked: dict[str, Range]
    """Totals by the names of `Asked`."""
    parquet_bytes: Range
    longest: Chain
    """Of the sample. Its requests follow each other: no engine makes the run shorter."""
    acceptance: float
    rates: tuple[Rate, ...]
    prices: Prices | None

    def seconds(self, rate: Rate) -> Range:
        """Time at a rate, never less than the longest chain takes."""
        least = self.longest.output_tokens / min(ONE_REQUEST, rate.tokens_per_second)
        tokens = self.asked["output_tokens"].times(1 / rate.tokens_per_second)
        return Range(*(max(least, seconds) for seconds in (tokens.value, tokens.low, tokens.high)))

    @property
    def cost(self) -> Range | None:
        if self.prices is None:
            return None
        prompt, output = self.asked["prompt_tokens"], self.asked["output_tokens"]
        price = self.prices
        return Range(
            *(
                (price.prompt * getattr(prompt, at) + price.output * getattr(output, at)) / 1e6
                for at in ("value", "low", "high")
            )
        )


def estimate(
    inputs: Sequence[str],
    recipe: RephraseRecipe,
    *,
    limit: int | None = None,
    documents: int = SAMPLED_DOCUMENTS,
    tokens_per_second: float | None = None,
    prices: Prices | None = None,
    acceptance: float = 1.0,
) -> Estimate:
    """Estimate a run of a recipe over inputs. Asks no model and writes nothing.

    `acceptance` is the share of attempts that the gate passes. Raises `RecipeError` for inputs that
    cannot be read, or that hold no documents.
    """
    if not 0 < acceptance <= 1:
        raise RecipeError(f"--acceptance {acceptance}: must be above 0 and at most 1")
    if tokens_per_second is not None and not 0 < tokens_per_second < math.inf:
        raise RecipeError(f"--tokens-per-second {tokens_per_second}: must be above 0")
    runner = recipe.runner
    plan = plan_partitions(
        inputs,
        recipe.source,
        records=runner.partition_records,
        size=runner.partition_bytes,
        limit=limit,
    )
    drawn = sample(plan, recipe.source, size=documents, seed=recipe.seed)
    chosen = _affordable(drawn.documents, recipe.rewrite.rephrasings)
    if not chosen:
        raise RecipeError(_no_document(plan, drawn))
    chances = Chances(
        acceptance, recipe.rewrite.attempts, goes_on=recipe.rewrite.on_failure == "source"
    )
    requester = Requester(recipe, chances)
    asked = asyncio.run(_ask(requester, chosen))
    population = Population(plan, drawn)
    totals = population.totals(chosen, asked, seed=recipe.seed)
    return Estimate(
        inputs=len(plan.inputs),
        partitions=len(plan.partitions),
        records=plan.records,
        sampled=len(chosen),
        read_partitions=len(drawn.read),
        unusable=population.unusable,
        documents=population.documents,
        asked=totals,
        parquet_bytes=totals["text_bytes"].times(COPIES * _packed(chosen)),
        longest=requester.longest,
        acceptance=acceptance,
        rates=(Rate("the given rate", tokens_per_second),)
        if tokens_per_second
        else (EMBEDDED, ONE_GPU),
        prices=prices,
    )


def _no_document(plan: Plan, drawn: Sample) -> str:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in drawn.unusable.most_common())
    hint = "; --set source.text_field=… names the text's field" if drawn.unusable["no_text"] else ""
    return f"inputs: no document in {plan.records:,} records ({reasons or 'nothing to read'}){hint}"


def _affordable(documents: Sequence[Document], rephrasings: int) -> Sequence[Document]:
    """As many of the sample as `SAMPLED_CHARS` allow: books ask for thousands of requests each."""
    if not documents:
        return documents
    mean = sum(len(document.text) for document in documents) * rephrasings / len(documents)
    return documents[: max(FEWEST_DOCUMENTS, int(SAMPLED_CHARS / mean))]


async def _ask(requester: Requester, documents: Sequence[Document]) -> list[Asked]:
    return [await requester(document) for document in documents]


class Population:
    """All that was planned, of which some partitions were read."""

    def __init__(self, plan: Plan, drawn: Sample) -> None:
        self.plan = plan
        self.read = drawn.read
        self.unread = 1 - len(drawn.read) / max(len(plan.partitions), 1)
        """Share of the partitions that were not read."""
        self.bytes = sum(partition.bytes for partition in plan.partitions)
        found = _column(self.read, "documents").sum()
        self.unusable = float(1 - found / max(_column(self.read, "records").sum(), 1))
        self.documents = self._documents(int(found))

    def chars(self, picked: NDArray[np.intp]) -> Floats:
        """Characters of all texts, as picked partitions tell: (draws, partitions) → (draws,)."""
        chars, size = _column(self.read, "chars"), np.maximum(_column(self.read, "bytes"), 1)
        if not self.unread:
            return np.full(len(picked), chars.sum())
        told = self.bytes * chars[picked].sum(axis=1) / size[picked].sum(axis=1)
        return np.asarray(told, dtype=np.float64)

    def totals(
        self, documents: Sequence[Document], asked: Sequence[Asked], *, seed: int
    ) -> dict[str, Range]:
        """What all documents ask for, from what the sampled ones do."""
        chance = np.random.default_rng(seed)
        ys = np.array([[getattr(one, name) for name in FIGURES] for one in asked], np.float64)
        picks = chance.integers(0, len(ys), (BOOTSTRAPS, len(ys)))
        parts = chance.integers(0, len(self.read), (BOOTSTRAPS, len(self.read)))
        lengths = np.array([len(document.text) for document in documents], np.float64)
        chars = float(self.chars(np.arange(len(self.read))[None, :])[0])
        found = self.documents.value
        known = {
            name: (np.ones_like(lengths), found) if name in BY_DOCUMENT else (lengths, chars)
            for name in FIGURES
        }
        sizes = np.stack([known[name][0] for name in FIGURES], axis=1)
        totals = np.array([known[name][1] for name in FIGURES])
        values = totals * ys.sum(axis=0) / sizes.sum(axis=0)
        again = np.stack([ys[pick].sum(axis=0) / sizes[pick].sum(axis=0) for pick in picks])
        left = 1 - len(ys) / max(found, len(ys))
        by_document = (again * totals - values) * np.sqrt(left)
        by_partition = values * (self.chars(parts) / chars - 1)[:, None] * np.sqrt(self.unread)
        spread = np.quantile(values + by_document + by_partition, QUANTILES, axis=0)
        return {
            name: Range(float(values[i]), float(max(spread[0, i], 0.0)), float(spread[1, i]))
            for i, name in enumerate(FIGURES)
        }

    def _documents(self, found: int) -> Range:
        """Documents of all records. What varies is the share of unusable records."""
        if not self.unread:
            return Range(found, found, found)
        shares = _column(self.read, "documents") / _column(self.read, "records")
        off = 1.645 * float(shares.std() / np.sqrt(len(shares)) * np.sqrt(self.unread))
        share = 1 - self.unusable
        records = self.plan.records
        return Range(
            records * share, records * max(0.0, share - off), records * min(1.0, share + off)
        )


def _column(read: Sequence[ReadPartition], name: str) -> Floats:
    return np.array([getattr(one, name) for one in read], np.float64)


def _packed(documents: Sequence[Document]) -> float:
    """Share of their size that texts keep when a shard is written."""
    text = "\n".join(document.text for document in documents)[:PACKED_CHARS]
    plain = text.encode("utf-8", "replace")
    return len(pa.compress(plain, codec="zstd", asbytes=True)) / max(len(plain), 1)
