"""Words in other scripts than Latin and Greek, inside a text that is Latin for the most part.

They are names and terms that a rewrite copies; a letter of another script inside a Latin word looks
like the letter it replaces. Texts that are written in another script are not read here.
"""

import re
from collections.abc import Iterator

from datagen.rephrase.fidelity.facts import Facts

_OTHER = (
    "\u0400-\u1cff\u2c00-\u2c5f\u2c80-\u2dff\u3040-\u30ff\u3105-\ua6ff\ua800-\uab2f\uabc0-\ud7ff"
    "\uf900-\ufaff\ufb1d-\ufdff\ufe70-\ufefc"
)
_SIGN = re.compile(f"[{_OTHER}]")
_FOREIGN = re.compile(rf"(?<![^\W\d_])[^\W\d_]*[{_OTHER}][^\W\d_]*+")
_MOST = 0.3
"""Share of a text's letters in other scripts from which it is written in one. Own choice."""


def foreign_words(source: Facts, text: Facts) -> Iterator[str]:
    """The words in another script that the source does not have, lower case."""
    if text.prose.isascii() or _SIGN.search(text.prose) is None:
        return
    found = _FOREIGN.findall(text.prose)
    if _share(found, text.prose) > _MOST:
        return
    theirs = source.text.lower()
    if _share(_FOREIGN.findall(theirs), theirs) > _MOST:
        return
    for word in dict.fromkeys(word.lower() for word in found):
        if word not in theirs:
            yield word


def _share(words: list[str], text: str) -> float:
    return sum(map(len, words)) / max(1, len(text))
