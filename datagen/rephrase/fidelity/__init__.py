"""Does a rewrite say what its source says? The gate that every rewritten chunk passes.

| tier | looks at | misses |
|---|---|---|
| hygiene | the answer as a text | what it says |
| ledger | numbers, units, dates, names, quotations, code, formulas, links | ordinary words |
| alignment | whole sentences, both ways | a changed word in one that aligns |
| relations | each claim beside its evidence, by words: denials, opposites | what lists lack |
| verifier | claims left in doubt, read by a small model | what has to be thought about |
"""

from datagen.rephrase.fidelity.cleaning import clean
from datagen.rephrase.fidelity.gate import Embed, FidelityGate, Finding
from datagen.rephrase.fidelity.judging import Asker
from datagen.rephrase.fidelity.options import Expectation, FidelityOptions, Tier
from datagen.rephrase.fidelity.verification import Read

__all__ = [
    "Asker",
    "Embed",
    "Expectation",
    "FidelityGate",
    "FidelityOptions",
    "Finding",
    "Read",
    "Tier",
    "clean",
]
