"""Words to numbers: a word-level vocabulary of the texts that a benchmark trains on."""

import re
from collections.abc import Iterable, Sequence

END = "<end>"
"""Stands after every text."""
_WORD = re.compile(r"\w+|[^\w\s]")


def words(text: str) -> list[str]:
    """Words and punctuation marks, one token each."""
    return _WORD.findall(text)


class Vocabulary:
    """Every word of the texts, in alphabetical order, after the end marker."""

    def __init__(self, texts: Iterable[str]) -> None:
        known = sorted({word for text in texts for word in words(text)})
        self._numbers = {word: number for number, word in enumerate([END, *known])}

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, word: str) -> int:
        return self._numbers[word]

    def encode(self, texts: Sequence[str]) -> list[int]:
        """The texts one after another, the end marker after each."""
        numbers = self._numbers
        return [numbers[word] for text in texts for word in (*words(text), END)]
