"""How much of a rewrite is copied.

An upper bound on copying stands beside every similarity: similarity alone ranks corrupted copies
above paraphrases.
"""

from datagen.rephrase.fidelity.facts import Facts

FEWEST_WORDS = 12
"""Below this a source (a heading, a formula with its label) leaves nothing to rewrite."""


def copied_share(source: Facts, text: Facts) -> float:
    """Share of the text's word 5-grams, outside code and formulas, that stand in the source.

    Texts under five words count as copied when the words are equal.
    """
    grams = text.fivegrams
    if not grams:
        return float(text.prose_words == source.prose_words)
    known = frozenset(source.fivegrams)
    return sum(map(known.__contains__, grams)) / len(grams)
