"""Two routes to the meaning of a translation, both optional: a multilingual embedding of each
sentence, and a translation back through the run's engine. Neither is needed for figures, formulas
and answers, which are compared without them. What they measure, chrF and a cosine, is no
probability: `scaled` enters it into `fidelity` so that the bound of the route is the threshold."""

from dataclasses import dataclass, field, replace

from datagen.engines.base import Message, Request, Sampling
from datagen.prompts import neutralise
from datagen.rephrase.fidelity import language
from datagen.rephrase.fidelity.facts import Facts
from datagen.rephrase.fidelity.judging import Asker
from datagen.rephrase.fidelity.options import FidelityOptions
from datagen.rephrase.fidelity.translation import BACK, Embed, meant, returned
from datagen.schemas import FidelityReason, derived_seed

ROLE = "rewriter"


@dataclass(frozen=True, slots=True)
class Carried:
    """What the routes found."""

    reason: FidelityReason | None = None
    detail: str = ""
    marks: dict[str, float] = field(default_factory=dict)
    """Scores to enter."""


def scaled(measured: float, least: float, threshold: float) -> float:
    """`fidelity` of what a route measured: rising, `threshold` at the route's bound, linear on both
    sides of it. Not calibrated: it orders translations measured by the same route."""
    if not measured >= least:
        return threshold * max(measured, 0.0) / least if measured == measured else 0.0
    above = (measured - least) / (1 - least) if least < 1 else 1.0
    return min(threshold + (1 - threshold) * above, 1.0)


async def carried(
    source: Facts, text: str, options: FidelityOptions, embed: Embed | None, by: Asker | None
) -> Carried:
    """Ask the routes that are on; the first that fails decides. `fidelity` is by the weakest."""
    made = await _asked(source, text, options, embed, by)
    bounds = {
        "sentences_supported": options.min_meant,
        "sentences_covered": options.min_meant,
        "returned": options.min_returned,
    }
    found = [
        scaled(made.marks[name], least, options.threshold)
        for name, least in bounds.items()
        if name in made.marks
    ]
    if made.reason == "low_fidelity" and "returned" not in made.marks:
        found.append(0.0)
    return replace(made, marks={**made.marks, "fidelity": min(found, default=0.0)})


async def _asked(
    source: Facts, text: str, options: FidelityOptions, embed: Embed | None, by: Asker | None
) -> Carried:
    marks: dict[str, float] = {}
    if embed is not None:
        found = await meant(source.text, text, embed)
        marks |= {"sentences_supported": found.supported, "sentences_covered": found.kept}
        # What is no number is below any bound.
        if not found.supported >= options.min_meant:
            return Carried("unsupported_sentence", found.least, marks)
        if not found.kept >= options.min_meant:
            return Carried("lost_sentence", found.lost, marks)
    if options.translate_back and by is not None:
        named = language.named(source.text, source.words)
        if named is None:
            return Carried("low_fidelity", "no way back: the source's language is not known", marks)
        share = returned(source.text, await _back(text, named, by))
        marks["returned"] = share
        if share < options.min_returned:
            detail = f"{share:.2f} of the source comes back into {named}"
            return Carried("low_fidelity", detail, marks)
    return Carried(marks=marks)


async def _back(text: str, named: str, by: Asker) -> str:
    content = BACK.format(language=named, text=neutralise(text))
    request = Request(
        messages=(Message("user", content),),
        sampling=Sampling(
            temperature=0.0,
            max_tokens=max(256, len(text)),
            seed=derived_seed(by.seed, by.row, "back", text),
            stop=("</text>",),
        ),
        row=by.row,
    )
    return (await by.ask(ROLE, request)).text
