"""Token counts, from one tokenizer file that is part of a run's identity.

A word that a WordPiece vocabulary doesn't know is one `[UNK]` however long it is; it is counted by
its bytes instead, so that a budget of tokens bounds the text. WordPiece counts add up over words,
which are cached: counting runs at several times the tokenizer's speed. Special tokens are not
counted.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from datagen.assets import minilm_tokenizer_path
from datagen.errors import RecipeError

UNKNOWN_BYTES = 3
"""UTF-8 bytes of unknown text that count as one token: what a word of one CJK character takes, and
close to what byte-pair vocabularies spend on scripts they know little of."""
CACHED_CHARS = 40
CACHED_WORDS = 500_000
"""Words up to 40 characters are cached, 500,000 of them: some 60 MB at most."""

_PIECES = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]|[!-/:-@\[-`{-~]"
    r"|[^!-/:-@\[-`{-~\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]+"
)
"""Where BERT's pre-tokenizer always cuts inside a word: around CJK characters and ASCII marks."""


class TokenCounter:
    """Counts with one tokenizer. Safe to share between threads of one process."""

    def __init__(self, tokenizer: Tokenizer, digest: str) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True  # "[SEP]" in a document is five characters of text
        self._tokenizer = tokenizer
        self._unknown = tokenizer.token_to_id(getattr(tokenizer.model, "unk_token", None) or "")
        self.digest = digest
        """Hash of the tokenizer's file, 32 hex digits."""
        self.additive = _is_bert(tokenizer)
        """Whether the count of a text is the sum of its words' counts."""
        self._words = _Words(self._word)

    def count(self, text: str) -> int:
        """Tokens of a text."""
        if self.additive:
            return sum(map(self._words.__getitem__, text.split()))
        return self._cost(text)

    def count_many(self, texts: Iterable[str]) -> list[int]:
        """Tokens of each text."""
        return [self.count(text) for text in texts]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span of each token, in order; an unknown word is one."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)

    def _word(self, word: str) -> int:
        """Tokens of a text without white space, by the pieces that a long one falls into."""
        if len(word) <= CACHED_CHARS:
            return self._cost(word)
        pieces = _PIECES.findall(word)
        if len(pieces) == 1:
            return self._cost(word)
        return sum(map(self._words.__getitem__, pieces))

    def _cost(self, text: str) -> int:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        ids: list[int] = encoding.ids
        if self._unknown is None or self._unknown not in ids:
            return len(ids)
        spans = (
            span for id, span in zip(ids, encoding.offsets, strict=True) if id == self._unknown
        )
        unknown = [len(text[start:end].encode("utf-8", "surrogatepass")) for start, end in spans]
        return len(ids) - len(unknown) + sum(-(-size // UNKNOWN_BYTES) for size in unknown)


class _Words(dict[str, int]):
    """Counts of words, filled on demand; emptied when full, so that memory is bounded."""

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = count

    def __missing__(self, word: str) -> int:
        tokens = self._count(word)
        if len(word) <= CACHED_CHARS:
            if len(self) >= CACHED_WORDS:
                self.clear()
            self[word] = tokens
        return tokens


def load_tokenizer(name: str) -> TokenCounter:
    """The tokenizer called `minilm`, in a tokenizer.json or its folder, or of a Hugging Face model.

    Raises:
        RecipeError: there is none by that name, or it can't be read.
    """
    path = minilm_tokenizer_path() if name == "minilm" else Path(name)
    if path.is_dir():
        path = path / "tokenizer.json"
    try:
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            tokenizer = Tokenizer.from_str(text)
        elif path.suffix == ".json" or name.startswith((".", "/", "~")):
            raise FileNotFoundError("no such file")
        else:
            tokenizer = Tokenizer.from_pretrained(name)
            text = tokenizer.to_str()
    except Exception as problem:  # the library raises bare Exception for files and for the hub
        reason = " ".join(str(problem).split())[:200]
        raise RecipeError(f"chunk.tokenizer: {name}: {reason}") from problem
    return TokenCounter(tokenizer, hashlib.blake2b(text.encode(), digest_size=16).hexdigest())


def _is_bert(tokenizer: Tokenizer) -> bool:
    return (
        isinstance(tokenizer.model, models.WordPiece)
        and isinstance(tokenizer.normalizer, normalizers.BertNormalizer)
        and isinstance(tokenizer.pre_tokenizer, pre_tokenizers.BertPreTokenizer)
    )
