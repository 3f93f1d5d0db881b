"""Reads a claim beside its evidence: MiniLM with adapters trained for it, in this process.

Adapters ship (`adapters/reader.safetensors`, made by `benchmarks/verifier/train_reader.py`) and are
merged into the layers of the MiniLM that the project has anyway. What comes out are log-odds, not
probabilities: the verifier calibrates them. Requests of many rows are gathered, as the embedder
does. On a processor with instructions for bfloat16 the model computes in it (3 times as fast);
lengths are padded to multiples of 32, so that a pair's figures hardly depend on its
neighbours. English; other languages read as their word pieces allow.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.assets import minilm_folder

WEIGHTS = Path(__file__).parent / "adapters" / "reader.safetensors"
BATCH = 64
MODEL_BATCH = 32
LONGEST = 224
"""Word pieces of evidence and claim together, as in training; the evidence is cut."""
WINDOW_S = 0.003
OUTPUTS = ("claim", "word", "second_word")
"""Log-odds that the claim is unsupported, that its worst word is, that its second worst is."""

Pair = tuple[str, str]
"""Evidence and claim."""


class Reader:
    """Reads pairs for many callers on one event loop. At most `cached` results are kept."""

    def __init__(self, *, threads: int = 1, cached: int = 50_000) -> None:
        self.threads = threads
        self.cached = cached
        self.computed = 0
        """Pairs that went through the model."""
        self._network: Any = None
        self._thread: ThreadPoolExecutor | None = None
        self._starting: asyncio.Future[None] | None = None
        self._known: OrderedDict[Pair, NDArray[np.float32]] = OrderedDict()
        self._asked: dict[Pair, asyncio.Future[NDArray[np.float32]]] = {}
        self._computing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the model and merge the adapters; asks no network. Idempotent: who comes while
        another starts it waits for the same model."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._load())
        await asyncio.shield(self._starting)

    async def _load(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reader")
        loop = asyncio.get_running_loop()
        self._network = await loop.run_in_executor(self._thread, Network, self.threads)

    async def read(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        """(pairs, `OUTPUTS`), in the order of the pairs."""
        if self._network is None:
            raise RuntimeError("the reader is not started")
        found: dict[Pair, NDArray[np.float32]] = {}
        waiting: dict[Pair, asyncio.Future[NDArray[np.float32]]] = {}
        for pair in pairs:
            if (known := self._known.get(pair)) is not None:
                self._known.move_to_end(pair)
                found[pair] = known
            elif pair not in waiting:
                waiting[pair] = self._ask(pair)
        if waiting:
            await asyncio.wait(waiting.values())
            found |= {pair: future.result() for pair, future in waiting.items()}
        if not pairs:
            return np.zeros((0, len(OUTPUTS)), dtype=np.float32)
        return np.stack([found[pair] for pair in pairs])

    async def close(self) -> None:
        """Release the model, after the pairs that were asked; idempotent."""
        if self._computing is not None:
            await asyncio.wait([self._computing])
        thread, self._thread, self._network, self._starting = self._thread, None, None, None
        if thread is not None:
            await asyncio.to_thread(thread.shutdown)

    def _ask(self, pair: Pair) -> "asyncio.Future[NDArray[np.float32]]":
        if pair not in self._asked:
            self._asked[pair] = asyncio.get_running_loop().create_future()
            if self._computing is None or self._computing.done():
                self._computing = asyncio.create_task(self._compute())
        return self._asked[pair]

    async def _compute(self) -> None:
        """Work off what is asked, oldest first, until nothing is."""
        await asyncio.sleep(WINDOW_S)
        loop = asyncio.get_running_loop()
        while batch := list(self._asked)[:BATCH]:
            try:
                rows = await loop.run_in_executor(self._thread, self._network, batch)
            except Exception as problem:
                for pair in batch:
                    self._asked.pop(pair).set_exception(problem)
                continue
            self.computed += len(batch)
            for pair, row in zip(batch, rows, strict=True):
                self._known[pair] = row
                if len(self._known) > self.cached:
                    self._known.popitem(last=False)
                self._asked.pop(pair).set_result(row)


class Network:
    """The model itself, synchronous."""

    def __init__(self, threads: int = 1, weights: Path = WEIGHTS) -> None:
        import torch
        from safetensors import safe_open
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        torch.set_num_threads(threads)
        folder = str(minilm_folder())
        self._torch: Any = torch
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._bert: Any = AutoModel.from_pretrained(
            folder, local_files_only=True, add_pooling_layer=False
        ).eval()
        with safe_open(str(weights), framework="pt") as file:
            kept = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
            scale, frozen = (float(file.metadata()[name]) for name in ("scale", "frozen"))
        modules = dict(self._bert.named_modules())
        for name in [name for name in kept if name.endswith(".down")]:
            stem = name.removesuffix(".down")
            added = scale * kept[f"{stem}.up"] @ kept[name]
            modules[stem].weight.data += added
        self._frozen = int(frozen)
        self._kind = torch.bfloat16 if has_bfloat16(torch) else torch.float32
        self._bert.to(self._kind)
        self._segments = kept["segments"].to(self._kind)
        self._heads = {
            name: (kept[f"{name}_head.weight"][0], kept[f"{name}_head.bias"][0])
            for name in ("claim", "token")
        }

    def __call__(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        """(pairs, `OUTPUTS`), through the model by like length."""
        order = sorted(range(len(pairs)), key=lambda at: sum(map(len, pairs[at])))
        made = np.zeros((len(pairs), len(OUTPUTS)), dtype=np.float32)
        for start in range(0, len(order), MODEL_BATCH):
            group = order[start : start + MODEL_BATCH]
            made[group] = self._batch([pairs[at] for at in group])
        return made

    def _batch(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        torch = self._torch
        # A lone surrogate is no text, and one would fail its whole batch.
        clean = [[part.encode("utf-8", "replace").decode() for part in pair] for pair in pairs]
        batch = self._tokenizer(
            [pair[0] for pair in clean], [pair[1][:1200] for pair in clean],
            padding=True, pad_to_multiple_of=32, truncation="longest_first", max_length=LONGEST,
            return_tensors="pt",
        )  # fmt: skip
        with torch.inference_mode():
            states = self._states(batch).float()
            claim = states[:, 0] @ self._heads["claim"][0] + self._heads["claim"][1]
            words = states @ self._heads["token"][0] + self._heads["token"][1]
            # The claim's own words: its segment, without the closing mark.
            own = (batch["token_type_ids"] == 1) & (batch["attention_mask"] == 1)
            own &= batch["input_ids"] != self._tokenizer.sep_token_id
            top = words.masked_fill(~own, -9.0).topk(2, dim=1).values
            rows: NDArray[np.float32] = torch.cat([claim[:, None], top], 1).numpy()
        return np.nan_to_num(rows, nan=9.0, posinf=9.0, neginf=-9.0)

    def _states(self, batch: Any) -> Any:
        bert = self._bert
        states = bert.embeddings(
            input_ids=batch["input_ids"], token_type_ids=batch["token_type_ids"]
        )
        mask = ((1 - batch["attention_mask"][:, None, None, :]) * -1e4).to(self._kind)
        for number, layer in enumerate(bert.encoder.layer):
            if number == self._frozen:
                states = states + self._segments[batch["token_type_ids"]]
            made = layer(states, mask)
            states = made[0] if isinstance(made, tuple) else made
        return states


def has_bfloat16(torch: Any) -> bool:
    """True where bfloat16 products are computed by the processor, not emulated."""
    known = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, name, bool)() for name in known)
