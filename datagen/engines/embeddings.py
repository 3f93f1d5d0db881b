"""Sentence embeddings for the alignment tier, from MiniLM in this process.

Requests of many rows are gathered: what comes while the model computes is its next batch, so a
machine under load gets large batches and an idle one waits a few milliseconds. A chunk's sentences
come back with each attempt and style, so vectors are kept. The model sees the first 256
word pieces of a sentence. Embeddings find the sentence that another one may come from; they don't
say whether it is faithful.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.assets import minilm_folder
from datagen.errors import RecipeError

DIMENSIONS = 384
BATCH = 128
"""Sentences per call of the model: about a second of work on one core (150 sentences of 22 words a
second), which is what a short request waits behind a long one."""
MODEL_BATCH = 32
"""Sentences of like length that go through the model together: 8 to 32 were equally fast on one
core, 128 a fifth slower."""
WINDOW_S = 0.003
"""How long the first request of an idle embedder waits for others: little beside its own 50 ms."""

Vector = NDArray[np.float32]


class Embedder:
    """Embeds sentences for many callers on one event loop.

    `threads` is torch's number of threads, for the whole process. At most `cached` vectors are
    kept, those unused longest go first; one takes about 2 kB. `model`: name or folder of another
    sentence embedding than MiniLM.
    """

    def __init__(self, *, threads: int = 1, cached: int = 20_000, model: str = "") -> None:
        self.model = model
        self.threads = threads
        self.cached = cached
        self.computed = 0
        """Sentences that went through the model."""
        self._model: Any = None
        self._thread: ThreadPoolExecutor | None = None
        self._vectors: OrderedDict[str, Vector] = OrderedDict()
        self._asked: dict[str, asyncio.Future[Vector]] = {}
        self._computing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the model from its package; asks no network. Idempotent."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedder")
            loop = asyncio.get_running_loop()
            self._model = await loop.run_in_executor(self._thread, self._load)

    async def embed(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings in the order of the sentences: (n, 384), rows of length 1."""
        if self._model is None:
            raise RuntimeError("the embedder is not started")
        known: dict[str, Vector] = {}
        waiting: dict[str, asyncio.Future[Vector]] = {}
        for sentence in sentences:
            if (vector := self._vectors.get(sentence)) is not None:
                self._vectors.move_to_end(sentence)
                known[sentence] = vector
            elif sentence not in waiting:
                waiting[sentence] = self._ask(sentence)
        if waiting:
            # Others may wait for the same futures; `wait` leaves them whole when this caller is
            # cancelled.
            await asyncio.wait(waiting.values())
            known |= {sentence: future.result() for sentence, future in waiting.items()}
        if not sentences:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        return np.stack([known[sentence] for sentence in sentences])

    async def close(self) -> None:
        """Release the model, after the sentences that were asked; idempotent."""
        if self._computing is not None:
            await asyncio.wait([self._computing])
        thread, self._thread, self._model = self._thread, None, None
        if thread is not None:
            await asyncio.to_thread(thread.shutdown)

    def _ask(self, sentence: str) -> "asyncio.Future[Vector]":
        if sentence not in self._asked:
            self._asked[sentence] = asyncio.get_running_loop().create_future()
            if self._computing is None or self._computing.done():
                self._computing = asyncio.create_task(self._compute())
        return self._asked[sentence]

    async def _compute(self) -> None:
        """Work off what is asked, oldest first, until nothing is."""
        await asyncio.sleep(WINDOW_S)
        loop = asyncio.get_running_loop()
        while batch := list(self._asked)[:BATCH]:
            try:
                vectors = await loop.run_in_executor(self._thread, self._encode, batch)
            except Exception as problem:
                for sentence in batch:
                    self._asked.pop(sentence).set_exception(problem)
                continue
            for sentence, vector in zip(batch, vectors, strict=True):
                self._keep(sentence, vector)
                self._asked.pop(sentence).set_result(vector)

    def _keep(self, sentence: str, vector: Vector) -> None:
        self._vectors[sentence] = vector
        if len(self._vectors) > self.cached:
            self._vectors.popitem(last=False)

    def _load(self) -> Any:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(self.threads)
        if not self.model:
            return SentenceTransformer(str(minilm_folder()), device="cpu", local_files_only=True)
        try:
            return SentenceTransformer(self.model, device="cpu")
        except Exception as problem:  # not there, not readable, not a model
            line = str(problem).strip().partition("\n")[0][:300]
            raise RecipeError(f"embedding model {self.model}: {line}") from problem

    def _encode(self, sentences: list[str]) -> NDArray[np.float32]:
        """Through the model, longest first, so that a batch holds like lengths and little
        padding."""
        # A lone surrogate is no text, and one would fail its whole batch.
        texts = [text.encode("utf-8", "replace").decode() for text in sentences]
        vectors: NDArray[np.float32] = self._model.encode(
            texts,
            batch_size=MODEL_BATCH,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        self.computed += len(sentences)
        return np.asarray(vectors, dtype=np.float32)
