"""Train the reader: MiniLM made to read evidence and claim together, and mark what is unsupported.

    DATAGEN_TEST_DATA=… python -m benchmarks.verifier.train_reader FOLDER [MINUTES [THREADS]]
        [--written]

Low-rank adapters (rank 32) on the linear layers of the upper four of six layers, because only they
have to ship: 2 MB beside the 90 MB model that the project has anyway. Two heads share the layers:
one per claim token, which is told by the edit where the fault is, and one for the whole claim. With
`--written` an epoch has every sentence of the written texts beside `RULED` examples made by rule;
the shipped weights were made without. The learning rate follows the clock, so that a shared machine
ends in time; 0 again at the end. One core with bfloat16 instructions reads some 40 examples a
second, one without 8. A FOLDER that has weights goes on from them; the seed then comes from their
digest, so that other batches come first.
"""

import itertools
import json
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from benchmarks.verifier.edits import Neighbours
from benchmarks.verifier.examples import (
    Example,
    by_hand,
    choices,
    dialogue,
    knowledge_split,
    questions,
    sections,
)  # fmt: skip
from datagen.assets import minilm_folder
from datagen.engines.reader import has_bfloat16
from datagen.scoring.measures import auroc

RANK, SCALE, RATE, BATCH, LONGEST, FROZEN = 32, 2.0, 1e-3, 32, 224, 2
RULED = 8000
"""Examples by rule in an epoch, beside some 13,000 by hand."""
KIND = torch.bfloat16 if has_bfloat16(torch) else torch.float32


class Adapted(nn.Module):
    """A linear layer with a low-rank addition."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer
        self.down = nn.Parameter(torch.randn(RANK, layer.in_features) / layer.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(layer.out_features, RANK))

    def forward(self, x: Tensor) -> Tensor:
        down, up = self.down.to(x.dtype), self.up.to(x.dtype)
        added: Tensor = self.layer(x) + SCALE * (x @ down.T) @ up.T
        return added


class Reader(nn.Module):
    """MiniLM with adapters and two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.bert: Any = AutoModel.from_pretrained(str(minilm_folder()), add_pooling_layer=False)
        self.bert.to(KIND)
        for parameter in self.bert.parameters():
            parameter.requires_grad = False
        for layer in self.bert.encoder.layer[FROZEN:]:
            for name, part in list(layer.named_modules()):
                if isinstance(part, nn.Linear):
                    owner, _, leaf = name.rpartition(".")
                    setattr(layer.get_submodule(owner), leaf, Adapted(part))
        width = self.bert.config.hidden_size
        self.segments = nn.Parameter(torch.zeros(2, width))
        self.token_head, self.claim_head = nn.Linear(width, 1), nn.Linear(width, 1)

    @torch.no_grad()
    def lower(self, batch: dict[str, Tensor]) -> Tensor:
        """States below the adapted layers."""
        states: Tensor = self.bert.embeddings(
            input_ids=batch["input_ids"], token_type_ids=batch["token_type_ids"]
        )
        mask = _mask(batch)
        for layer in self.bert.encoder.layer[:FROZEN]:
            states = _states(layer(states, mask))
        return states

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """(claim logits, token logits): positive means unsupported."""
        states = batch["states"] + self.segments.to(KIND)[batch["token_type_ids"]]
        mask = _mask(batch)
        for layer in self.bert.encoder.layer[FROZEN:]:
            states = _states(layer(states, mask))
        top = states.float()
        return self.claim_head(top[:, 0])[:, 0], self.token_head(top)[..., 0]


def _mask(batch: dict[str, Tensor]) -> Tensor:
    """(batch, 1, 1, tokens): 0 where a token is, far below where padding is."""
    return ((1 - batch["attention_mask"][:, None, None, :]) * -1e4).to(KIND)


def _states(made: Any) -> Tensor:
    states: Tensor = made[0] if isinstance(made, tuple) else made
    return states


def collected(cache: Path) -> dict[str, list[Example]]:
    """Examples per part, made once."""
    if cache.exists():
        known: dict[str, list[Example]] = {}
        for line in cache.read_text(encoding="utf-8").splitlines():
            part, *row = json.loads(line)
            known.setdefault(part, []).append(Example(*row))
        return known
    tokenizer = AutoTokenizer.from_pretrained(str(minilm_folder()))
    model = AutoModel.from_pretrained(str(minilm_folder()))
    table = model.embeddings.word_embeddings.weight.detach().numpy()
    words = sorted(
        (row, word)
        for word, row in tokenizer.get_vocab().items()
        if word.isalpha() and word.isascii() and len(word) > 3
    )[:14_000]
    near = Neighbours(table, [word for _, word in words], [row for row, _ in words])
    made: dict[str, list[Example]] = {}
    for part in ("train", "dev", "test"):
        made[part] = [*questions(part, 1, near, 2), *choices(part, 1), *sections(part, 1, near, 1)]
    answers = list(dialogue())
    made["train"] += [one for one in answers if knowledge_split(one.document) == "train"]
    made["dialogue_test"] = [one for one in answers if knowledge_split(one.document) == "test"]
    with cache.open("w", encoding="utf-8") as lines:
        for part, examples in made.items():
            lines.writelines(json.dumps([part, *one]) + "\n" for one in examples)
    return made


def encoded(tokenizer: Any, examples: Sequence[Example]) -> dict[str, Tensor]:
    """Token ids, and per token 1 wrong, 0 right, -1 not judged."""
    batch = tokenizer(
        [one.evidence for one in examples], [one.claim for one in examples], padding=True,
        truncation="only_first", max_length=LONGEST, return_tensors="pt",
        return_offsets_mapping=True,
    )  # fmt: skip
    marks = torch.full(batch["input_ids"].shape, -1.0)
    for row, one in enumerate(examples):
        if one.wrong is None:
            continue
        for at, owner in enumerate(batch.encodings[row].sequence_ids):
            if owner == 1:
                start, end = batch["offset_mapping"][row, at].tolist()
                marks[row, at] = float(any(start < b and a < end for a, b in one.wrong))
    batch["marks"] = marks
    batch["labels"] = torch.tensor([0.0 if one.supported else 1.0 for one in examples])
    return {name: batch[name] for name in (
        "input_ids", "attention_mask", "token_type_ids", "marks", "labels")}  # fmt: skip


def batches(
    reader: Reader,
    tokenizer: Any,
    examples: Sequence[Example],
    rng: random.Random,
    *,
    shuffle: bool = False,
) -> Iterator[tuple[list[int], dict[str, Tensor]]]:
    """Batches of like length, with the states below the adapters."""
    jitter = [(len(one.evidence) + len(one.claim)) * rng.uniform(0.9, 1.1) for one in examples]
    order = sorted(range(len(examples)), key=jitter.__getitem__)
    groups = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    if shuffle:
        rng.shuffle(groups)
    for group in groups:
        batch = encoded(tokenizer, [examples[index] for index in group])
        batch["states"] = reader.lower(batch)
        yield group, batch


def loss_of(claims: Tensor, tokens: Tensor, batch: dict[str, Tensor]) -> Tensor:
    weight = torch.tensor(0.6)  # two edits are made of each true claim
    whole = nn.functional.binary_cross_entropy_with_logits(
        claims.float(), batch["labels"], pos_weight=weight
    )
    judged = batch["marks"] >= 0
    each = nn.functional.binary_cross_entropy_with_logits(
        tokens.float()[judged], batch["marks"][judged], pos_weight=torch.tensor(3.0)
    )
    return whole + each


@torch.no_grad()
def measured(
    reader: Reader, tokenizer: Any, examples: Sequence[Example], rng: random.Random
) -> dict[str, float]:
    """AUROC of the claim head, of the worst token, and of their sum."""
    whole = np.zeros(len(examples))
    worst = np.zeros(len(examples))
    for group, batch in batches(reader, tokenizer, examples, rng):
        claims, tokens = reader(batch)
        mine = (batch["token_type_ids"] == 1) & (batch["attention_mask"] == 1)
        whole[group] = claims.float().numpy()
        worst[group] = tokens.float().masked_fill(~mine, -99.0).max(1).values.numpy()
    bad = np.array([not one.supported for one in examples])
    return {
        name: auroc(list(score[bad]), list(score[~bad]))
        for name, score in (("claim", whole), ("token", worst), ("both", whole + worst))
    }


def saved(reader: Reader, path: Path) -> None:
    kept = {
        name.removeprefix("bert."): value.detach().half().contiguous()
        for name, value in reader.state_dict().items()
        if name.endswith((".down", ".up")) or name.startswith(("segments", "token", "claim"))
    }
    save_file(
        kept, str(path), metadata={"rank": str(RANK), "scale": str(SCALE), "frozen": str(FROZEN)}
    )


def resumed(reader: Reader, path: Path) -> None:
    """Go on from what an earlier run saved."""
    kept = load_file(str(path))
    own = dict(reader.named_parameters())
    for name, value in kept.items():
        known = own.get(name, own.get(f"bert.{name}"))
        if known is None or known.shape != value.shape:
            raise ValueError(f"{path}: {name} is no part of this reader")
        known.data.copy_(value.float())


def main() -> None:
    told = [one for one in sys.argv[1:] if one != "--written"]
    folder, minutes = Path(told[0]), float(told[1]) if len(told) > 1 else 20.0
    torch.manual_seed(7)
    torch.set_num_threads(int(told[2]) if len(told) > 2 else 1)
    rng = random.Random(7)
    examples = collected(folder / "examples.jsonl")
    tokenizer = AutoTokenizer.from_pretrained(str(minilm_folder()))
    reader = Reader()
    if (folder / "reader.safetensors").exists():
        resumed(reader, folder / "reader.safetensors")
        rng = random.Random((folder / "reader.safetensors").read_bytes())
    tuned = [parameter for parameter in reader.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(tuned, lr=RATE, weight_decay=0.01)
    begun, step, done = time.time(), 0, 0.0
    for epoch in itertools.count():
        if done >= 1.0:
            break
        drawn = examples["train"]
        if "--written" in sys.argv:
            ruled = rng.sample(drawn, min(RULED, len(drawn)))
            drawn = [*by_hand("train", epoch), *ruled]
        for _, batch in batches(reader, tokenizer, drawn, rng, shuffle=True):
            done = (time.time() - begun) / (60 * minutes)
            optimizer.param_groups[0]["lr"] = RATE * rate(done)
            claims, tokens = reader(batch)
            loss = loss_of(claims, tokens, batch)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(tuned, 1.0)
            optimizer.step()
            step += 1
            if step % 25 == 0:
                say(f"{step} {loss.item():.3f} {done:.2f}")
            if done >= 1.0:
                break
    saved(reader, folder / "reader.safetensors")
    reader.eval()
    examples |= {"written dev": list(by_hand("dev", 0)), "written test": list(by_hand("test", 0))}
    for part in ("dev", "dialogue_test", "written dev", "written test"):
        chosen = rng.sample(examples[part], min(1200, len(examples[part])))
        say(f"{part} {measured(reader, tokenizer, chosen, rng)}")


def rate(done: float) -> float:
    """Up over the first twentieth, then down to 0 along a cosine."""
    return done / 0.05 if done < 0.05 else 0.5 + 0.5 * math.cos(math.pi * min(done, 1.0))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
