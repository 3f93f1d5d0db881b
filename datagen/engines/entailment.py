"""An NLI model of the user's choice, in this process: does a passage entail a statement?

Any sequence classifier with a label for entailment, by name or folder. Its probabilities are its
own: nothing here calibrates them.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.errors import RecipeError

BATCH = 16
LONGEST = 512
"""Tokens of passage and statement together; the passage is cut."""


class Entailment:
    """Answers for many callers on one event loop, one batch after the other."""

    def __init__(self, model: str, *, threads: int = 1) -> None:
        self.model = model
        self.threads = threads
        self._thread: ThreadPoolExecutor | None = None
        self._starting: asyncio.Future[None] | None = None
        self._parts: tuple[Any, Any, int] | None = None

    async def start(self) -> None:
        """Load the model. Idempotent. Raises RecipeError for one that can't be used."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._load())
        await asyncio.shield(self._starting)

    async def __call__(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """(passage, statement) pairs → probabilities of entailment, (pairs,)."""
        await self.start()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._compute, pairs)

    async def close(self) -> None:
        """Release the model; idempotent."""
        thread, self._thread, self._parts, self._starting = self._thread, None, None, None
        if thread is not None:
            await asyncio.to_thread(thread.shutdown)

    async def _load(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nli")
        loop = asyncio.get_running_loop()
        self._parts = await loop.run_in_executor(self._thread, self._loaded)

    def _loaded(self) -> tuple[Any, Any, int]:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(self.threads)
        try:
            tokenizer: Any = AutoTokenizer.from_pretrained(self.model)
            model: Any = AutoModelForSequenceClassification.from_pretrained(self.model)
        except Exception as problem:  # not there, not readable, not a model
            line = str(problem).strip().partition("\n")[0][:300]
            raise RecipeError(f"fidelity.nli={self.model}: {line}") from problem
        labels = {name.lower(): int(index) for index, name in model.config.id2label.items()}
        wanted = [index for name, index in labels.items() if name.startswith("entail")]
        if len(wanted) != 1:
            raise RecipeError(
                f"fidelity.nli={self.model}: has no label for entailment ({', '.join(labels)})"
            )
        return tokenizer, model.eval(), wanted[0]

    def _compute(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        import torch

        assert self._parts is not None
        tokenizer, model, wanted = self._parts
        made: list[NDArray[np.float32]] = [np.zeros(0, dtype=np.float32)]
        for start in range(0, len(pairs), BATCH):
            clean = [
                [part.encode("utf-8", "replace").decode() for part in pair]
                for pair in pairs[start : start + BATCH]
            ]
            batch = tokenizer(
                [pair[0] for pair in clean], [pair[1] for pair in clean], padding=True,
                truncation="longest_first", max_length=LONGEST, return_tensors="pt",
            )  # fmt: skip
            with torch.inference_mode():
                shares = torch.softmax(model(**batch).logits.float(), dim=1)[:, wanted]
            made.append(np.nan_to_num(shares.numpy(), nan=0.0))
        return np.concatenate(made)
