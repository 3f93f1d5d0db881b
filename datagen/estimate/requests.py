"""What one document asks for: the real rewriter runs over it and is answered with its own chunks.

So that no request is imagined: parts, windows, styles and layout are those of a run. Tokens are
counted with `chunk.tokenizer`, message texts only: a chat template adds some ten per request.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from datagen.engines.base import Completion, Request
from datagen.rephrase.fidelity import FidelityOptions
from datagen.rephrase.pipeline import RephrasePipeline, RephraseRecipe
from datagen.schemas import Document
from datagen.stage import Work
from datagen.tokenizer import TokenCounter, load_tokenizer


@dataclass(frozen=True, slots=True)
class Asked:
    """What documents ask for. With an acceptance below 1: what is expected of them."""

    chunks: float = 0.0
    """Chunks of the sources."""
    rephrasings: float = 0.0
    """Accepted ones."""
    requests: float = 0.0
    prompt_tokens: float = 0.0
    shared_tokens: float = 0.0
    """Prompt tokens that the call before it in its chain began with: a prefix cache can answer."""
    output_tokens: float = 0.0
    text_bytes: float = 0.0
    """UTF-8 bytes of the text to rewrite, once for each rephrasing."""

    def __add__(self, other: "Asked") -> "Asked":
        return Asked(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Chain:
    """Requests of one row, each of which waits for the one before."""

    requests: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Chances:
    """How requests go on average."""

    acceptance: float = 1.0
    """Share of attempts that pass the gate, each by itself."""
    attempts: int = 1
    """Most attempts at one chunk."""
    goes_on: bool = False
    """Whether a chain goes on after a chunk that failed for good."""

    @property
    def passing(self) -> float:
        """Probability that one of a chunk's attempts passes."""
        return 1.0 - (1.0 - self.acceptance) ** self.attempts

    @property
    def tries(self) -> float:
        """Attempts at one chunk, expected."""
        return sum((1.0 - self.acceptance) ** attempt for attempt in range(self.attempts))

    def weight(self, step: int) -> float:
        """Requests expected for a chain's chunk of that number, from 0."""
        return self.tries * (1.0 if self.goes_on else self.passing**step)

    def accepted(self, chunks: int) -> float:
        """Probability that a rephrasing of so many chunks is accepted."""
        return 1.0 if self.goes_on else self.passing**chunks


class Requester:
    """Finds out what documents ask for."""

    def __init__(self, recipe: RephraseRecipe, chances: Chances) -> None:
        open_gate = FidelityOptions(tiers=())
        self.pipeline = RephrasePipeline(recipe.model_copy(update={"fidelity": open_gate}), None)
        self.tokens = load_tokenizer(recipe.chunk.tokenizer)
        self.chances = chances
        self.longest = Chain()
        """The chain with most output tokens so far."""

    async def __call__(self, document: Document) -> Asked:
        rows = [row.row for row in self.pipeline.rows_of(document) if isinstance(row, Work)]
        made: dict[str, int] = {}
        asked = Asked(chunks=len(rows[0].chunked.chunks) if rows else 0)
        for part in rows:
            probe = Probe(self.tokens, self.chances)
            await self.pipeline.work(part, probe)
            made[part.rephrasing_id] = made.get(part.rephrasing_id, 0) + probe.chain.requests
            asked += probe.asked
            if probe.chain.output_tokens > self.longest.output_tokens:
                self.longest = probe.chain
        return asked + Asked(rephrasings=_accepted(made.values(), self.chances))


class Probe:
    """Answers one row's requests with the text that they hold, and counts their tokens.

    A prompt is counted from where it leaves the one before it, which is whole words before the end
    of what both begin with; so that a chain costs what its chunks are long, not its windows.
    """

    def __init__(self, tokens: TokenCounter, chances: Chances) -> None:
        self.tokens = tokens
        self.chances = chances
        self.asked = Asked()
        self.chain = Chain()
        self._prompt = ""
        self._count = 0

    async def __call__(self, role: str, request: Request) -> Completion:
        prompt = "\n".join(message.content for message in request.messages)
        both = common_prefix(self._prompt, prompt)
        shared = self._count - self.tokens.count(self._prompt[both:])
        count = shared + self.tokens.count(prompt[both:])
        text = text_to_rewrite(request)
        sampling = request.sampling
        output = sampling.max_tokens if sampling.ignore_eos else self.tokens.count(text)
        weight = self.chances.weight(self.chain.requests)
        self.asked += Asked(
            requests=weight,
            prompt_tokens=weight * count,
            shared_tokens=weight * shared,
            output_tokens=weight * output,
            text_bytes=len(text.encode("utf-8", "replace")),
        )
        self.chain = Chain(self.chain.requests + 1, self.chain.output_tokens + output)
        self._prompt, self._count = prompt, count
        return Completion(text, "stop", count, output, shared, "estimate")


def text_to_rewrite(request: Request) -> str:
    """What stands between the text tags of a request."""
    _, _, after = request.messages[-1].content.rpartition("<text>\n")
    return after.partition("\n</text>")[0]


def common_prefix(one: str, other: str) -> int:
    """Characters with which both begin, back to the last line end or space."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return max(one.rfind(" ", 0, low), one.rfind("\n", 0, low)) + 1


def _accepted(chunks: Iterable[int], chances: Chances) -> float:
    return sum(chances.accepted(count) for count in chunks)
