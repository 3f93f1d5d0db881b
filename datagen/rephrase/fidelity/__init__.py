"""Does a rewrite say what its source says? The gate that every rewritten chunk passes.

| tier | looks at | misses |
|---|---|---|
| hygiene | the answer as a text | what it says |
| ledger | numbers, units, dates, names, quotations, code, formulas, links | ordinary words |
| alignment | whole sentences, both ways | a changed word in one that aligns |
"""

from datagen.rephrase.fidelity.cleaning import clean
from datagen.rephrase.fidelity.gate import Embed, FidelityGate, Finding
from datagen.rephrase.fidelity.options import Expectation, FidelityOptions, Tier

__all__ = [
    "Embed",
    "Expectation",
    "FidelityGate",
    "FidelityOptions",
    "Finding",
    "Tier",
    "clean",
]
