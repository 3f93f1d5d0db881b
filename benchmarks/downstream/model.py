"""A causal language model trained from scratch: windows in, likelihoods of the answers out.

A Llama of two layers over whole words, with a stream of texts and a stream of questions cut into
windows; a step takes as many of the one as of the other. Deterministic by seed on one machine and
thread. Not covered: a pretrained model, whose knowledge of language would shift every figure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

WINDOW = 128
"""Tokens of a training window: about five biographies, so that neighbours can teach copying."""
WARM_UP = 50
"""Steps until the learning rate is at its height."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the model is and how it learns."""

    width: int = 128
    layers: int = 2
    rate: float = 2e-3
    """Height of the learning rate; falls to a tenth along a cosine."""
    batch: int = 2
    """Windows of texts per step, and as many of questions."""


def language_model(vocabulary: int, size: Size, seed: int) -> Any:
    """An untrained model."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(  # type: ignore[no-untyped-call]
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=size.width,
            intermediate_size=4 * size.width,
            num_hidden_layers=size.layers,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=WINDOW,
            tie_word_embeddings=False,
        )
    )


def windows(numbers: Sequence[int]) -> torch.Tensor:
    """Token numbers → (windows, WINDOW); what does not fill the last window is left out."""
    count = len(numbers) // WINDOW
    return torch.tensor(numbers[: count * WINDOW]).reshape(count, WINDOW)


def train(model: Any, texts: torch.Tensor, questions: torch.Tensor, size: Size) -> float:
    """One pass over `texts`, `questions` from the start again where they end; the last loss."""
    groups = {True: [], False: []}  # type: dict[bool, list[torch.nn.Parameter]]
    for weight in model.parameters():
        groups[weight.ndim > 1].append(weight)
    optimizer = torch.optim.AdamW(
        [
            {"params": groups[True], "weight_decay": 0.1},
            {"params": groups[False], "weight_decay": 0.0},
        ],
        lr=size.rate,
        betas=(0.9, 0.98),
    )
    steps = len(texts) // size.batch
    model.train()
    loss = math.nan
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = size.rate * _share(step, steps)
        rows = torch.arange(step * size.batch, (step + 1) * size.batch)
        batch = torch.cat([texts[rows], questions[rows % len(questions)]])
        out = model(input_ids=batch, labels=batch)
        out.loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss = float(out.loss.detach())
    return loss


def _share(step: int, steps: int) -> float:
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - WARM_UP) / max(1, steps - WARM_UP)))


@torch.no_grad()
def likeliest(model: Any, prompts: Sequence[Sequence[int]], candidates: Sequence[int]) -> list[int]:
    """The candidate that the model finds likeliest after each prompt; prompts of one length."""
    model.eval()
    logits = model(input_ids=torch.tensor(prompts)).logits[:, -1]
    best = logits[:, torch.tensor(candidates)].argmax(dim=1)
    return [candidates[int(index)] for index in best]
