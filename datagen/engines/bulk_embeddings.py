"""Sentence embeddings of many texts at once, from MiniLM in this process.

For callers that hold all their texts, where `Embedder` serves many callers that each hold few.
Texts of one length in word pieces go through the model together, so nothing is padded and a vector
does not depend on what else is in its batch; where the processor multiplies in bfloat16, the model
does. Both together are five to ten times `Embedder`'s rate. The model sees the first
`MAX_WORD_PIECES` of a text. Blocks the calling thread.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.assets import minilm_folder

DIMENSIONS = 384
MAX_WORD_PIECES = 128
"""Half of what the model takes: twice the texts in a second. Enough for 500 characters of English;
text in other scripts is cut earlier."""
BATCH_WORD_PIECES = 1024
"""Word pieces that go through the model together: 512 to 2048 were equally fast on two cores, more
leave the cache."""
TOKENIZED_TOGETHER = 4096

Vectors = NDArray[np.float32]


class BulkEmbedder:
    """Loads the model with the first text; `threads` is torch's number, for the whole process."""

    def __init__(self, *, threads: int) -> None:
        self.threads = threads
        self._model: Any = None
        self._tokenizer: Any = None

    def embed(
        self, texts: Sequence[str], *, said: Callable[[int], None] = lambda count: None
    ) -> Vectors:
        """Embeddings in the order of the texts: (n, 384), rows of length 1.

        `said` is called with the number of texts that are done, after each batch.
        """
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        if not texts:
            return vectors
        self._load()
        import torch

        done = 0
        with torch.inference_mode(), self._precision():
            for rows, pieces in _batches(self._pieces(texts)):
                hidden = self._model(input_ids=torch.tensor(pieces)).last_hidden_state
                mean = hidden.float().mean(dim=1)
                vectors[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
                said(done := done + len(rows))
        return vectors

    def _load(self) -> None:
        if self._model is not None:
            return
        # OpenMP reads it once, when torch is loaded. Its threads spin at barriers otherwise: alone
        # on two cores 600 texts took 2 s, on busy ones 4 s instead of over 100.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(self.threads)
        whole = SentenceTransformer(str(minilm_folder()), device="cpu", local_files_only=True)
        self._tokenizer = whole.tokenizer
        self._model = whole[0].auto_model.eval()

    def _precision(self) -> AbstractContextManager[Any]:
        """bfloat16 in matrix products where the processor has them; it is slower where not."""
        import torch

        if not torch.cpu._is_avx512_bf16_supported():
            return nullcontext()
        return torch.autocast("cpu", dtype=torch.bfloat16)

    def _pieces(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        # A lone surrogate is no text, and one would fail its whole batch.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        pieces: list[NDArray[np.int32]] = []
        for start in range(0, len(clean), TOKENIZED_TOGETHER):
            found = self._tokenizer(
                clean[start : start + TOKENIZED_TOGETHER],
                truncation=True,
                max_length=MAX_WORD_PIECES,
            )["input_ids"]
            pieces.extend(np.asarray(ids, dtype=np.int32) for ids in found)
        return pieces


def _batches(pieces: list[NDArray[np.int32]]) -> Iterator[tuple[list[int], NDArray[np.int64]]]:
    """Rows of one length and their word pieces, (rows, length), shortest texts first."""
    by_length: dict[int, list[int]] = {}
    for row, ids in enumerate(pieces):
        by_length.setdefault(len(ids), []).append(row)
    for length in sorted(by_length):
        rows, size = by_length[length], max(1, BATCH_WORD_PIECES // length)
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            yield batch, np.stack([pieces[row] for row in batch]).astype(np.int64)
