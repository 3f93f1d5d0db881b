"""One text, read once: its words, and the facts in it that a faithful rewrite may not change.

Reading costs about 0.15 ms for 250 tokens; what only a doubtful case needs (stems, acronyms,
squashed text) is computed when it is asked for.
"""

import re
from functools import cached_property

from datagen.rephrase.fidelity.language import speaks
from datagen.rephrase.fidelity.names import CAPITALISED, Names, bare, initials, read_names, stem
from datagen.rephrase.fidelity.numbers import read_numbers
from datagen.rephrase.fidelity.quantities import Number, Numbers, canonical, gather
from datagen.rephrase.fidelity.spans import formula, quotations, take

WORD = re.compile(r"[^\W_]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]")
CJK_CHARACTERS_PER_WORD = 1.6
"""Chinese characters that one English word takes; measured on the sentence pairs of MGSM zh/en."""


def words_of(text: str) -> list[str]:
    """Words, lower case, in order; in scripts without spaces each character is one."""
    if text and max(text) > "\u3000":
        text = _CJK.sub(lambda match: f" {match.group()} ", text)
    return WORD.findall(text.lower())


class Facts:
    """A text and what the gate reads out of it."""

    __slots__ = ("__dict__", "prose", "prose_words", "spans", "text", "vocabulary", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans = take(text)
        self.prose = self.spans.prose
        self.prose_words = words_of(self.prose)
        """Words outside code, formulas and links."""
        self.words = self.prose_words if self.prose is text else words_of(text)
        self.vocabulary = frozenset(self.words)

    @cached_property
    def length(self) -> float:
        """Words; characters of Chinese and Japanese count as the words they would make."""
        if self.text.isascii():
            return len(self.words)
        characters = len(_CJK.findall(self.text))
        return len(self.words) - characters + characters / CJK_CHARACTERS_PER_WORD

    def speaks(self, language: str) -> bool:
        """False if the text is in another language or script."""
        known = self._spoken.get(language)
        if known is None:
            known = self._spoken[language] = speaks(self.text, self.prose_words, language)
        return known

    @cached_property
    def _spoken(self) -> dict[str, bool]:
        return {}

    @cached_property
    def fivegrams(self) -> list[tuple[str, ...]]:
        """Word 5-grams of the prose, in order."""
        words = self.prose_words
        return list(zip(words, words[1:], words[2:], words[3:], words[4:], strict=False))

    @cached_property
    def numbers(self) -> Numbers:
        """Numbers, measures and dates of the prose."""
        return read_numbers(self.prose, self.prose_words)

    @cached_property
    def every_number(self) -> Numbers:
        """The same, with the numbers inside code, formulas and links."""
        own = self.numbers
        if self.prose is self.text:
            return own
        loose = [
            Number(canonical(float(raw)), "", raw, False, "soft", "")
            for raw in _LOOSE_NUMBER.findall(self.text.replace(",", ""))
        ]
        return gather((*own.facts, *loose), own.days)

    @cached_property
    def names(self) -> Names:
        """Words that are names."""
        return read_names(self.prose)

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of every capitalised word."""
        return frozenset(stem(bare(word)) for word in CAPITALISED.findall(self.text)) - {""}

    @cached_property
    def acronyms(self) -> set[str]:
        """Acronyms that its capitalised words make, and those it has."""
        own = {word.lower() for word in re.findall(r"\b[A-Z]{2,8}\b", self.text.replace(".", ""))}
        return initials(self.prose) | own

    @cached_property
    def quotations(self) -> list[list[str]]:
        """Words of each quotation, lower case."""
        return [words_of(quotation) for quotation in quotations(self.prose)]

    @cached_property
    def running(self) -> str:
        """All words, joined by single spaces: quotations are looked up here."""
        return f" {' '.join(self.words)} "

    @cached_property
    def squashed(self) -> str:
        """The text without white space: code is looked up here."""
        return "".join(self.text.split())

    @cached_property
    def symbols(self) -> str:
        """Formulas and the whole text, normalised like formulas: formulas are looked up here."""
        return "\n".join((*self.spans.formulas, formula(self.text)))


_LOOSE_NUMBER = re.compile(r"\d+(?:\.\d+)?")
