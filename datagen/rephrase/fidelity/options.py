"""What the gate is told: the recipe's `[fidelity]` section, and what a style does to its source.

With `relations` or `verifier`, `fidelity` is a calibrated probability, and its threshold was chosen
on `benchmarks.corruptions`; without, scores only order rewrites, and the thresholds are starting
points.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datagen.schemas import Kind

Tier = Literal[
    "hygiene", "ledger", "mathematics", "alignment", "relations", "verifier", "nli", "judge"
]
COMPARING = frozenset[Tier](["ledger", "alignment"])
"""Tiers that hold a text against its source; without any of them it can't be called faithful."""
Share = Annotated[float, Field(ge=0, le=1)]
CALIBRATED, ORDERED = 0.9, 0.35
"""Thresholds that tiers with and without calibrated scores have unless one is set."""


class FidelityOptions(BaseModel):
    """How strict the gate is. Part of the run's identity."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    tiers: tuple[Tier, ...] = ("hygiene", "ledger", "relations", "verifier")
    """Which checks run, cheapest first whatever the order here; `[]` turns the gate off, the
    near-copy check with it."""
    threshold: Share = CALIBRATED
    """Lowest `fidelity` that passes; above it a rewrite still fails for any single hard reason.
    Unless it is set, tiers without `relations` and `verifier` have 0.35: their scores are no
    probabilities."""
    max_copied: Share = 0.92
    """Largest share of the text's word 5-grams that may stand in the source; 1 allows copies."""
    min_facts_kept: Share = 0.6
    """Smallest weighted share of the source's protected facts that a prose style keeps."""
    min_facts_kept_structured: Share = 0.3
    """The same for styles that select (FAQ, table, Q&A)."""
    min_sentence_support: Share = 0.3
    """A sentence whose best alignment with the source is below this is unsupported."""
    min_covered: Share = 0.8
    """Smallest share of the source's sentences that a prose style covers."""
    min_covered_structured: Share = 0.2
    """The same for styles that select."""
    judge_votes: int = Field(default=3, ge=1, le=15)
    """With the tier `judge`: votes of the engine on each statement that the verifier doubts, the
    source shown."""
    judge_band: tuple[Share, Share] = (0.3, 0.97)
    """`fidelity` between which the judge and the NLI model are asked."""
    nli: str = ""
    """With the tier `nli`: name or folder of the NLI model that reads the statements that the
    verifier doubts, in the same band."""
    multilingual: str = ""
    """Name or folder of a sentence embedding that knows the languages of sources that are
    translated; empty: their meaning is not compared."""
    min_meant: Share = 0.5
    """Least cosine of a sentence of a translation, or of its source, with its best match. Own
    choice; models differ."""
    translate_back: bool = False
    """Have the engine translate a translation back, and compare with the source."""
    min_returned: Share = 0.3
    """Least chrF of the way back. Own choice."""

    @model_validator(mode="after")
    def _doubts_have_facts(self) -> Self:
        asked = [tier for tier in ("relations", "verifier") if tier in self.tiers]
        if asked and "ledger" not in self.tiers:
            raise ValueError(f"tiers: {asked[0]} needs ledger beside it: it weighs facts too")
        return self

    @model_validator(mode="after")
    def _judges_have_doubts(self) -> Self:
        asked = [tier for tier in ("nli", "judge") if tier in self.tiers]
        if asked and not {"relations", "verifier"}.intersection(self.tiers):
            raise ValueError(f"tiers: {asked[0]} needs relations or verifier beside it: they doubt")
        if ("nli" in self.tiers) != bool(self.nli):
            raise ValueError("nli: the tier nli and the model fidelity.nli go together")
        return self

    @model_validator(mode="before")
    @classmethod
    def _threshold_by_tiers(cls, told: Any) -> Any:
        if not isinstance(told, dict) or "threshold" in told or "tiers" not in told:
            return told
        tiers = told["tiers"] if isinstance(told["tiers"], list | tuple) else ()
        calibrated = not tiers or {"relations", "verifier"}.intersection(map(str, tiers))
        return {**told, "threshold": CALIBRATED if calibrated else ORDERED}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a style does to its source, as far as the gate has to know."""

    length_ratio: tuple[float, float] = (0.5, 2.0)
    """Smallest and largest words of the text ÷ words of the source."""
    structured: bool = False
    """The style selects (FAQ, table, Q&A): recall is relaxed, precision never is."""
    kind: Kind = "knowledge"
    """`math` may add derived numbers and formulas; what can be computed has to be true."""
    language: str = "en"
    """ISO 639-1 code of the language the text has to be in."""
