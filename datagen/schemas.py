"""The nouns: what flows between stages and what a run folder's tables hold.

Values that live in memory are frozen dataclasses; rows that are written are frozen pydantic models,
whose fields are the tables' columns, in order. Column names, once shipped, change only with
`SCHEMA_VERSION`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 3
"""Version of the tables' columns; stands in every shard's file metadata. 1 has no `flips` and no
`facts_moved` in `chunks`; up to 2, `rejects` of agentic runs end with `seed`, `tasks` with
`model`."""

Kind = Literal["knowledge", "math"]

ReadReason = Literal[
    "not_json",
    "not_an_object",
    "not_utf8",
    "no_text",
    "not_text",
    "empty",
    "duplicate_id",
    "bad_kind",
    "unreadable_file",
]
HygieneReason = Literal[
    "no_answer",
    "truncated",
    "lead_in",
    "refusal",
    "loop",
    "unfinished",
    "language",
    "length",
    "leaked_markup",
]
LedgerReason = Literal[
    "invented_number",
    "invented_unit",
    "invented_date",
    "invented_name",
    "invented_quotation",
    "invented_link",
    "invented_formula",
    "invented_code",
    "exchanged_figure",
    "lost_facts",
]
AlignmentReason = Literal["unsupported_sentence", "lost_sentence"]
MathReason = Literal[
    "bad_latex",
    "lost_code",
    "lost_formula",
    "invented_formula",
    "false_equation",
    "unproven_equation",
    "lost_answer",
    "lost_number",
    "invented_number",
]
FidelityReason = (
    HygieneReason
    | LedgerReason
    | MathReason
    | AlignmentReason
    | Literal["near_copy", "low_fidelity", "meaning_unchecked", "too_little_to_compare"]
)
RewriteReason = Literal["no_fitting_style"]
AssembleReason = Literal["near_duplicate"]
ToolReason = Literal[
    "not_json",
    "not_an_object",
    "not_utf8",
    "unreadable_file",
    "no_tools_found",
    "no_name",
    "bad_name",
    "bad_schema",
    "unresolvable_ref",
    "too_deep",
    "too_large",
    "contradictory_required",
    "undescribed_parameter",
    "no_description",
    "no_output_schema",
    "incomplete",
    "duplicate",
    "near_duplicate",
    "truncated",
]
"""Why a tool spec is not in the repository."""
ServerReason = Literal[
    "not_installed",
    "no_start",
    "timeout",
    "flooded",
    "bad_protocol",
    "needs_password",
    "no_tools_found",
]
"""Why a server gave no tools."""
FailedReason = Literal[
    "crashed", "unreachable", "timeout", "server_error", "bad_request", "bad_response"
]
Reason = (
    ReadReason
    | RewriteReason
    | FidelityReason
    | AssembleReason
    | ToolReason
    | ServerReason
    | FailedReason
)


def row_id(*parts: str | int) -> str:
    """Identity of a row: a hash of what it is, never of where it ran. 24 hex digits."""
    joined = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def derived_seed(*parts: str | int) -> int:
    """A seed in [0, 2**31) from what it is for, so that a rerun asks the same thing."""
    joined = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> 1


@dataclass(frozen=True, slots=True)
class Document:
    """One source text."""

    id: str
    """The input's own id, or a hash of the text."""
    text: str
    kind: Kind
    source: Mapping[str, Any] = field(default_factory=dict)
    """Everything else the input row held; JSON-serialisable."""
    origin: str = ""
    """File and line, for messages."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A contiguous span of a document."""

    index: int
    """Position in the document, from 0."""
    start: int
    end: int
    """Character offsets into the document's text; chunks are adjacent and cover all of it."""
    tokens: int
    window: int
    """Number of the window (a fixed block of adjacent chunks) that this chunk lies in, from 0."""


@dataclass(frozen=True, slots=True)
class ChunkedDocument:
    """A document and the chunks that join back to it, character for character."""

    document: Document
    chunks: tuple[Chunk, ...]


class Row(BaseModel):
    """A row of a table."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str


class Scores(BaseModel):
    """What the gate measured on one chunk; `None` where a tier was off or not needed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    supported: float | None = None
    """Probability in [0, 1] that nothing is invented."""
    kept: float | None = None
    """Probability in [0, 1] that nothing is lost."""
    fidelity: float | None = None
    """Both."""
    length_ratio: float | None = None
    """Words of the text ÷ words of the source."""
    copied: float | None = None
    """Share of the text's word 5-grams that stand in the source: 1 is a copy."""
    facts_invented: int | None = None
    """Protected facts of the text that the source doesn't have."""
    facts_kept: float | None = None
    """Share of the source's protected facts that the text has."""
    sentences_supported: float | None = None
    """Weakest best alignment of a sentence of the text with the source, in [0, 1]."""
    sentences_covered: float | None = None
    """Share of the source's sentences that some sentence of the text covers."""
    flips: int | None = None
    """Words of the text that stand for their opposite, and outright denials that differ."""
    facts_moved: int | None = None
    """Figures of the source that stand with another claim."""
    entailed: float | None = None
    """Least probability, by the NLI model, that a doubtful statement is entailed."""
    judged: float | None = None
    """Least share of the judge's valid votes for a doubtful statement."""
    returned: float | None = None
    """chrF of a translation's way back against the source, in [0, 1]."""


class Rephrasing(Row):
    """One document rewritten in one style: training-ready."""

    document_id: str
    style: str
    number: int
    """Which rephrasing of the document, from 0."""
    text: str
    tokens: int
    """Tokens of `text`, counted with `chunk.tokenizer`."""
    fidelity: float | None
    """Lowest fidelity among its chunks; null when the gate is off."""
    supported: float | None
    kept: float | None
    audience: str
    tone: str
    kind: Kind
    chunks: int
    source_chunks: int
    """Chunks that stand unchanged because no rewrite was faithful (`rewrite.on_failure =
    "source"`)."""
    source_tokens: int
    attempts: int
    """Completions asked for all chunks together."""
    prompt_tokens: int
    completion_tokens: int
    source: str
    """Metadata of the document, as JSON text."""
    model: str


class RewrittenChunk(Row):
    """One chunk of one rephrasing beside its source."""

    rephrasing_id: str
    document_id: str
    style: str
    number: int
    index: int
    start: int
    end: int
    tokens: int
    """Tokens of the source chunk."""
    source_text: str
    text: str
    status: Literal["accepted", "source", "rejected"]
    """`source`: the source chunk stands in for a rewrite that failed; `rejected`: it ended its
    document."""
    attempts: int
    reasons: list[str]
    """Why earlier attempts at this chunk were refused, in order."""
    seed: int
    supported: float | None
    kept: float | None
    fidelity: float | None
    length_ratio: float | None
    copied: float | None
    facts_invented: int | None
    facts_kept: float | None
    sentences_supported: float | None
    sentences_covered: float | None
    flips: int | None = None
    facts_moved: int | None = None
    entailed: float | None = None
    judged: float | None = None
    returned: float | None = None


class Reject(Row):
    """A row that was not passed on, with its reason; failed rows too, marked."""

    document_id: str
    stage: str
    reason: str
    failed: bool
    """True: it could not be tried (server, crash) and is tried again at the next entry."""
    detail: str
    style: str
    number: int
    """-1 where the reject is a document, not a rephrasing."""
    chunk: int
    """Index of the chunk that failed; -1 where none did."""
    attempts: int
    scores: str
    """JSON text."""
    text: str
    """The text that was refused: a rewrite, or the bad input line."""
    source: str
    """Metadata of the document, as JSON text."""
    origin: str
    """File and line of the input."""


ToolOrigin = Literal["harvested", "imported", "evolved"]


class Tool(Row):
    """One tool of the repository: the spec as it came, and beside it the form that is used.

    `id` is a hash of name, description and input schema, so that the same tool from two places is
    one id; JSON columns hold text, since Arrow structs corrupt free-form objects."""

    name: str
    """Legal for every trainer and API: `[a-zA-Z0-9_-]{1,64}`; unique within its server."""
    server: str
    """Server, application or file that the tool belongs with; tools of one server are used
    together."""
    title: str
    description: str
    category: str
    """First level of the taxonomy; empty where the source names none."""
    domain: str
    """Application domain inside the category; empty where the source names none."""
    input_schema: str
    """JSON Schema 2020-12 of the arguments, as JSON text; always of type object."""
    output_schema: str
    """JSON Schema of the result, as JSON text; empty where the source gives none."""
    annotations: str
    """MCP's hints (`readOnlyHint`, `destructiveHint`, `idempotentHint`, …), as JSON text; only
    what the source states."""
    reads: list[str]
    """Entities of the application's state that it reads; evolved tools only."""
    writes: list[str]
    """Entities that it creates, changes or deletes; evolved tools only."""
    errors: str
    """Errors it answers with, as JSON text: a list of `{code, when}`; evolved tools only."""
    origin: ToolOrigin
    fixes: list[str]
    """What was changed to get the normalised form, each by name, such as `name_characters`."""
    flags: list[str]
    """What is wrong but tolerated, such as `undescribed_parameter`."""
    licence: str
    """SPDX name where it is known; empty where it is not."""
    date: str
    """Day the spec was taken or made, ISO 8601."""
    source: str
    """Where it came from, as JSON text: package and version, file, URL, recipe digest."""
    raw: str
    """The spec as it came, as JSON text."""
    parent_id: str
    """The tool it was evolved from; empty where there is none."""
    operator: str
    """The evolution step that made it; empty for seed tools."""
    round: int
    """Round of evolution, from 0; -1 for seed tools."""
    model: str
    """The model that wrote it; empty for seed tools."""


class ToolReject(Row):
    """A spec or a server that is not in the repository, with its reason."""

    stage: str
    reason: str
    failed: bool
    """True: it could not be tried and is tried again at the next entry."""
    detail: str
    name: str
    server: str
    scores: str
    """JSON text."""
    text: str
    """The spec that was refused, at most 20,000 characters of it."""
    source: str
    """Where it came from, as JSON text."""
    origin: str
    """File and position of the input."""


class AgenticReject(Row):
    """Table `rejects` of an agentic run: tasks and rollouts that were not passed on.

    A rollout has every column of `trajectories`, so that an accepted and a rejected one of a task
    are a pair; what was not played is empty."""

    stage: str
    reason: str
    failed: bool
    """True: it could not be tried and is tried again at the next entry."""
    detail: str
    blame: str
    task_id: str
    agent_id: str
    number: int
    """Which rollout; -1 where it is none."""
    scores: str
    """JSON text: verdicts and judgement."""
    messages: str
    """JSON text."""
    task: str
    """JSON text."""
    seed: int
    domain: str = ""
    kind: str = ""
    tier: str = ""
    """Of a task that was refused or not drawn: as it was wanted."""
    tools: str = "[]"
    """JSON text: the agent's tools, OpenAI-style."""
    environment: str = ""
    reward: float | None = None
    """Null where nothing was played."""
    verdicts: str = "[]"
    """JSON text."""
    judgement: str = ""
    """JSON text; empty where no judge was asked."""
    rubric: str = "{}"
    """JSON text."""
    injected: str = "[]"
    """JSON text: failures that came to pass."""
    changes: str = "[]"
    """JSON text: the state's versions as patches."""
    turns: int = 0
    calls: int = 0
    ended: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    user_model: str = ""


AnyReject = Reject | ToolReject | AgenticReject
