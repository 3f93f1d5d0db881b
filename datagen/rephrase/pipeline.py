"""The rephrase pipeline: read → chunk → rewrite → assemble, in the order data flows."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from numpy.typing import NDArray

from datagen.engines.weights import model_digest, model_name
from datagen.prompts import Style, judge_prompt, load_style, style_names, system_prompt
from datagen.recipe import Recipe, identity
from datagen.rephrase.assemble import AssembleOptions, Assembler, metadata
from datagen.rephrase.chunk import Chunker, ChunkOptions
from datagen.rephrase.draw import draws
from datagen.rephrase.fidelity import FidelityGate, FidelityOptions
from datagen.rephrase.read import BadRecord, Cursors, Partition, SourceOptions, read_partition
from datagen.rephrase.rewrite import Part, RewriteOptions, Rewriter, Rewritten, parts
from datagen.schemas import (
    AnyReject,
    Document,
    Reject,
    Rephrasing,
    RewrittenChunk,
    Row,
    row_id,
)
from datagen.stage import Ask, Failure, Preview, Tables, Work
from datagen.tokenizer import load_tokenizer

Embed = Callable[[Sequence[str]], Awaitable[NDArray[Any]]]


@runtime_checkable
class Reads(Protocol):
    """An `Embed` whose process reads claims for the gate too."""

    async def read(self, pairs: Sequence[tuple[str, str]]) -> NDArray[Any]: ...


CODE_VERSION = 9
"""Raised whenever code that decides what comes out changes: the gate, the chunker, the layout of
requests."""


class RephraseRecipe(Recipe):
    """What a rephrase run makes; its sections stand in the order data flows."""

    source: SourceOptions = SourceOptions()
    chunk: ChunkOptions = ChunkOptions()
    rewrite: RewriteOptions = RewriteOptions()
    fidelity: FidelityOptions = FidelityOptions()
    assemble: AssembleOptions = AssembleOptions()


def load_styles(options: RewriteOptions) -> list[Style]:
    """The styles to draw from. Raises `RecipeError` for one that is not there."""
    return [load_style(name) for name in options.styles or style_names()]


def run_identity(recipe: RephraseRecipe) -> dict[str, Any]:
    """Everything that decides what comes out, by name; what a run folder is compared with.

    A file stands there by its own name and its content: the folder it lies in decides nothing.
    """
    styles = load_styles(recipe.rewrite)
    return {
        **identity(recipe),
        "engine.model": model_name(recipe.engine),
        "engine.model_digest": model_digest(recipe.engine),
        "rewrite.styles": [style.name for style in styles if recipe.rewrite.styles],
        "chunk.tokenizer": Path(recipe.chunk.tokenizer).name,
        "prompts.system": row_id(system_prompt()),
        **{f"prompts.styles.{style.name}": style.digest for style in styles},
        "tokenizer": load_tokenizer(recipe.chunk.tokenizer).digest,
        **_judge_identity(recipe),
        "code": CODE_VERSION,
    }


def _judge_identity(recipe: RephraseRecipe) -> dict[str, str]:
    asked = "judge" in recipe.fidelity.tiers
    return {"prompts.judge": row_id(judge_prompt("", ""))} if asked else {}


TOKENS_OF_A_MODEL = 1.2
"""Tokens that a model counts ÷ tokens of `chunk.tokenizer`: SmolLM2 against MiniLM's on the demo
documents 1.08, with room for others."""
FRAME_TOKENS = 300
"""System message, style, tags and chat template."""


def context_needed(recipe: RephraseRecipe) -> int:
    """Tokens of the longest prompt plus its answer, if rewrites are as long as their sources."""
    chunk, rewrite = recipe.chunk, recipe.rewrite
    whole = chunk.window_tokens if chunk.window_tokens > chunk.max_tokens else 0
    so_far = max(whole, chunk.max_tokens)
    prompt = TOKENS_OF_A_MODEL * (whole + so_far + chunk.max_tokens) + FRAME_TOKENS
    return round(prompt + max(rewrite.min_output_tokens, rewrite.output_ratio * chunk.max_tokens))


class RephrasePipeline:
    """What one worker does with a partition. Not shared between processes."""

    tables: ClassVar[Mapping[str, type[Row]]] = {
        "rejects": Reject,
        "chunks": RewrittenChunk,
        "rephrasings": Rephrasing,
    }

    def __init__(self, recipe: RephraseRecipe, embed: Embed | None) -> None:
        self.recipe = recipe
        self.styles = load_styles(recipe.rewrite)
        self.chunker = Chunker(recipe.chunk)
        self.cursors = Cursors()
        gate = FidelityGate(
            recipe.fidelity, embed, embed.read if isinstance(embed, Reads) else None
        )
        self.rewriter = Rewriter(recipe.rewrite, gate, seed=recipe.seed)
        # With the gate off everything passes, copies of copies too.
        options = recipe.assemble if recipe.fidelity.tiers else AssembleOptions(max_similarity=1)
        self.assembler = Assembler(options, load_tokenizer(recipe.chunk.tokenizer))

    def read(self, partition: Partition) -> Iterator[Work | Reject]:
        for record in read_partition(partition, self.recipe.source, self.cursors):
            if isinstance(record, BadRecord):
                yield _unreadable(record)
            else:
                yield from self.rows_of(record)

    def rows_of(self, document: Document) -> Iterator[Work | Reject]:
        """The document's rows: its parts in every style that was drawn for it."""
        chunked, seed = self.chunker.chunk(document), self.recipe.seed
        count = self.recipe.rewrite.rephrasings
        drawn = draws(self.styles, document=document.id, kind=document.kind, count=count, seed=seed)
        if not drawn:
            yield _no_style(document)
        for draw in drawn:
            made = row_id(document.id, document.text, "rephrasing", draw.style.name, draw.number)
            for part in parts(chunked, draw, rephrasing_id=made):
                yield Work(part.id, sum(chunk.tokens for chunk in part.chunks), part)

    async def work(self, row: Part, ask: Ask) -> list[Rewritten]:
        return await self.rewriter(row, ask)

    def accepted(self, outcome: list[Rewritten]) -> bool:
        return outcome[-1].status != "rejected"

    @property
    def preview(self) -> Preview | None:
        return self.rewriter.preview

    def assemble(
        self,
        outcomes: Sequence[tuple[Work, list[Rewritten] | Failure]],
        rejects: Sequence[AnyReject],
    ) -> Tables:
        return self.assembler([(work.row, outcome) for work, outcome in outcomes], rejects)

    def totals(self, tables: Tables) -> Mapping[str, int]:
        made = [row for row in tables["rephrasings"] if isinstance(row, Rephrasing)]
        return {
            "tokens": sum(row.tokens for row in made),
            "source_tokens": sum(row.source_tokens for row in made),
        }


def _unreadable(record: BadRecord) -> Reject:
    return _document_reject(
        id=row_id("read", record.origin),
        document_id="",
        stage="read",
        reason=record.reason,
        detail=record.detail,
        text=record.text,
        source="{}",
        origin=record.origin,
    )


def _no_style(document: Document) -> Reject:
    return _document_reject(
        id=row_id("draw", document.id, document.text),
        document_id=document.id,
        stage="rewrite",
        reason="no_fitting_style",
        detail=f"none of rewrite.styles is for {document.kind}",
        text=document.text,
        source=metadata(document.source),
        origin=document.origin,
    )


def _document_reject(**fields: str) -> Reject:
    return Reject.model_validate(
        fields
        | {"failed": False, "style": "", "number": -1, "chunk": -1, "attempts": 0, "scores": "{}"}
    )
