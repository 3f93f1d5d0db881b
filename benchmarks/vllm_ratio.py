"""Tokens per second of `VllmEngine` against bare `LLM.chat`, on the same prompts in the same run.

Each side is a process of its own that stays loaded while the others work; a round asks every side
the same new prompts (no prefix cache of an earlier round helps), and the order turns round each
time. The figure is the median over rounds of side ÷ bare, paired by round, so that a machine that
slows down slows both. Bare has the engine's own settings and seeds; `plain` is `LLM.chat` with
vLLM's defaults and no seeds, for what those settings cost. It doesn't cover structured output.

    python benchmarks/vllm_ratio.py --model FOLDER --prompts 96 --rounds 5

Needs a machine to itself: a neighbour's load on two cores moves single rounds by 10%.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from datagen.engines.base import Message, Request, Sampling
from datagen.engines.vllm import VllmEngine

SIDES = ("bare", "engine", "actor", "plain")
ASKED = 0.97
"""Least share of bare throughput that is asked of the engine."""
MARK = "@@ "
"""Starts the lines of a side's standard output that are meant for the parent."""
KV_CACHE_BYTES = 2 << 30
"""Of each side; 2 GiB hold 90,000 tokens of SmolLM2, four times what 96 prompts need."""

Ask = Callable[[list[Request]], int]
"""Answers requests and returns the number of tokens generated."""


def requests(count: int, tokens: int, number: int) -> list[Request]:
    """One round's single chunks, about 250 tokens each, with the same text in no two of them."""
    sampling = Sampling(temperature=0.6, top_p=0.95, max_tokens=tokens, ignore_eos=True)
    return [
        Request(
            (
                Message("system", f"Round {number}, text {index}. You rewrite texts faithfully."),
                Message("user", f"Rewrite this text.\n<text>\n{_chunk(number, index)}\n</text>"),
            ),
            replace(sampling, seed=number * count + index),
            row=f"{number}-{index}",
        )
        for index in range(count)
    ]


def _chunk(number: int, index: int) -> str:
    first = 1000 + 17 * index + number
    return " ".join(
        f"In {first + 3 * line} the harbour took in {41 * line + index} ships, and the guild that "
        f"kept its lights paid {7 * line + number + 2} men to row out to them."
        for line in range(7)
    )


@contextmanager
def bare(arguments: argparse.Namespace, *, plain: bool = False) -> Iterator[Ask]:
    from vllm import LLM, SamplingParams

    options: dict[str, Any] = {
        "max_num_seqs": arguments.concurrency,
        "enable_chunked_prefill": False,
    }
    model = LLM(
        arguments.model,
        enforce_eager=arguments.eager,
        kv_cache_memory_bytes=KV_CACHE_BYTES,
        **({} if plain else options),
    )

    def ask(asked: list[Request]) -> int:
        outputs = model.chat(
            [[message.as_dict() for message in request.messages] for request in asked],
            [
                SamplingParams(
                    temperature=request.sampling.temperature,
                    top_p=request.sampling.top_p,
                    max_tokens=request.sampling.max_tokens,
                    ignore_eos=True,
                    seed=None if plain else request.sampling.seed,
                )
                for request in asked
            ],
            use_tqdm=False,
        )
        return sum(len(output.outputs[0].token_ids) for output in outputs)

    yield ask


def make_engine(arguments: argparse.Namespace) -> VllmEngine:
    options = {"enforce_eager": arguments.eager, "kv_cache_memory_bytes": KV_CACHE_BYTES}
    return VllmEngine(arguments.model, concurrency=arguments.concurrency, engine_options=options)


@contextmanager
def direct(arguments: argparse.Namespace) -> Iterator[Ask]:
    engine = make_engine(arguments)
    with asyncio.Runner() as runner:
        runner.run(engine.start())

        async def ask_all(asked: list[Request]) -> int:
            answers = await asyncio.gather(*(engine.complete(request) for request in asked))
            return sum(answer.completion_tokens for answer in answers)

        yield lambda asked: runner.run(ask_all(asked))
        runner.run(engine.close())


@contextmanager
def actor(arguments: argparse.Namespace) -> Iterator[Ask]:
    """The engine in one Ray actor, asked request by request from another."""
    import ray

    class Replica:
        def __init__(self) -> None:
            self.engine = make_engine(arguments)

        async def start(self) -> None:
            await self.engine.start()

        async def complete(self, request: Request) -> Any:
            return await self.engine.complete(request)

        async def close(self) -> None:
            await self.engine.close()

    class Worker:
        async def ask(self, replica: Any, asked: list[Request]) -> int:
            answers = await asyncio.gather(*(replica.complete.remote(one) for one in asked))
            return sum(answer.completion_tokens for answer in answers)

    # Ray runs its workers at niceness 15; the other sides aren't nice, so neither is this one.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 (Ray spells it so)
    ray.init(address="local", include_dashboard=False, logging_level="ERROR")
    places = arguments.concurrency + 8
    replica = ray.remote(Replica).options(
        num_cpus=0, num_gpus=arguments.gpus, max_concurrency=places
    ).remote()  # fmt: skip
    worker = ray.remote(Worker).options(num_cpus=0).remote()
    ray.get(replica.start.remote())
    yield lambda asked: int(ray.get(worker.ask.remote(replica, asked)))
    ray.get(replica.close.remote())
    ray.shutdown()


def serve(arguments: argparse.Namespace) -> None:
    """Be one side: for each line on standard input, the number of a round, answer its prompts."""
    makers: dict[str, Callable[[], Any]] = {
        "bare": lambda: bare(arguments),
        "plain": lambda: bare(arguments, plain=True),
        "engine": lambda: direct(arguments),
        "actor": lambda: actor(arguments),
    }
    with makers[arguments.side]() as ask:
        sys.stdout.write(f"{MARK}{{}}\n")
        sys.stdout.flush()
        for line in sys.stdin:
            asked = requests(arguments.prompts, arguments.tokens, int(line))
            begun = time.perf_counter()
            tokens = ask(asked)
            seconds = time.perf_counter() - begun
            sys.stdout.write(f"{MARK}{json.dumps({'tokens': tokens, 'seconds': seconds})}\n")
            sys.stdout.flush()


class Side:
    """A side's process, as the parent sees it."""

    def __init__(self, name: str, flags: Sequence[str]) -> None:
        self.name = name
        self.rates: list[float] = []
        command = [sys.executable, str(Path(__file__).resolve()), *flags, "--side", name]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.answer()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(MARK):
                return dict(json.loads(line.removeprefix(MARK)))
        raise SystemExit(f"the side {self.name!r} ended early; its error is above")

    def play(self, number: int, expected: int) -> None:
        """One round; round 0 is a warm-up and isn't counted."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        answer = self.answer()
        if answer["tokens"] != expected:
            raise SystemExit(f"{self.name}: {answer['tokens']} tokens instead of {expected}")
        if number:
            self.rates.append(answer["tokens"] / answer["seconds"])

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)


def measure(arguments: argparse.Namespace, flags: Sequence[str]) -> dict[str, list[float]]:
    """Tokens per second of each side, round by round."""
    with ExitStack() as stack:
        sides = []
        for name in arguments.sides:
            sides.append(Side(name, flags))
            stack.callback(sides[-1].close)
        for number in range(arguments.rounds + 1):
            for side in sides if number % 2 else reversed(sides):
                side.play(number, arguments.prompts * arguments.tokens)
        return {side.name: side.rates for side in sides}


def table_row(arguments: argparse.Namespace, rates: dict[str, list[float]]) -> str:
    base = rates["bare"]
    cells = [f"vLLM, {arguments.prompts} × {arguments.tokens} tokens, {arguments.rounds} rounds"]
    cells.append(f"`LLM.chat` {statistics.median(base):.0f} tokens/s")
    for name in arguments.sides:
        if name != "bare":
            shares = [mine / other for mine, other in zip(rates[name], base, strict=True)]
            cells.append(
                f"{name} {statistics.median(rates[name]):.0f} tokens/s, ratio "
                f"{statistics.median(shares):.3f} ({min(shares):.3f}–{max(shares):.3f})"
            )
    return f"| {' | '.join(cells)} | asked ≥ {ASKED} |"


def main() -> int:
    parser = argparse.ArgumentParser(description="tokens/s of VllmEngine against bare LLM.chat")
    parser.add_argument("--model", required=True, help="Hugging Face folder or hub name")
    parser.add_argument("--prompts", type=int, default=48)
    parser.add_argument("--tokens", type=int, default=128, help="generated for each prompt")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=["bare", "engine"])
    parser.add_argument("--gpus", type=float, default=0, help="GPUs of the actor; 0 on a CPU")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.eager = not arguments.gpus
    if arguments.side:
        serve(arguments)
        return 0
    if "bare" not in arguments.sides:
        parser.error("--sides needs bare, which the others are compared with")
    rates = measure(arguments, sys.argv[1:])
    sys.stdout.write(table_row(arguments, rates) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
