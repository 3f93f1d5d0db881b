"""The evolve pipeline: one row is one application with its tools, or one derived tool.

A row is plain sequential code: an outline, then tool by tool, each asked again with its fault
named until its attempts are used up. Every tool slot of a row comes to a draft or a reject, so that
drafts + rejects + failed = planned. Duplicates among rows are not seen here: between rounds a table
stage finds them (`datagen.repository`)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, TypeVar

from datagen.agentic.tools.evolve.answers import (
    Answer,
    Application,
    Brief,
    Outline,
    ToolAnswer,
    tidied,
)
from datagen.agentic.tools.evolve.asks import AskPartition, Derivation, NewApplication
from datagen.agentic.tools.evolve.copied import copied
from datagen.agentic.tools.evolve.operators import OPERATORS, operator_fault
from datagen.agentic.tools.evolve.requests import (
    ROLE,
    GrowOptions,
    derivation_request,
    outline_request,
    tool_request,
)
from datagen.agentic.tools.evolve.rows import (
    Made,
    Refused,
    application,
    draft,
    failure,
    reject,
)
from datagen.agentic.tools.evolve.spec import Fault, outline_fault, read_answer, tool_fault
from datagen.engines.base import Completion, Request
from datagen.schemas import AnyReject, Row, Tool, ToolReject
from datagen.stage import Ask, Failure, Preview, Tables, Work

A = TypeVar("A", bound=Answer)
B = TypeVar("B", Outline, Made)
Slots = list[Made | Refused]
"""What became of a row's tool slots, in order."""
TOKENS_OF_A_TOOL = 400
"""A row's size per tool, for the order in which rows start; about what Qwen2.5-Coder-0.5B takes."""


Judge = Callable[[A, Sequence[str], str], B | Fault]
"""What becomes of an answer, the lists in it that repeated entries, and the model's name."""


class EvolvePipeline:
    """What one worker does with a partition of asks."""

    tables: ClassVar[Mapping[str, type[Row]]] = {"rejects": ToolReject, "drafts": Tool}

    def __init__(self, grow: GrowOptions, seed: int, embed: object = None) -> None:
        """`embed` is what the runner offers every pipeline; none of it is needed here."""
        self.grow = grow
        self.seed = seed
        self._preview: Preview | None = None

    def read(self, partition: AskPartition) -> Iterator[Work | AnyReject]:
        for ask in partition.read():
            yield Work(ask.id, float(ask.slots * TOKENS_OF_A_TOOL), ask)

    async def work(self, row: NewApplication | Derivation, ask: Ask) -> Slots:
        if isinstance(row, Derivation):
            return [await self._derive(row, ask)]
        return await self._grow(row, ask)

    def accepted(self, outcome: Slots) -> bool:
        return any(isinstance(slot, Made) for slot in outcome)

    @property
    def preview(self) -> Preview | None:
        return self._preview

    def assemble(
        self, outcomes: Sequence[tuple[Work, Slots | Failure]], rejects: Sequence[AnyReject]
    ) -> Tables:
        """Drafts and rejects by id, whatever the order in which rows ended."""
        drafts: list[Tool] = []
        refused = [row for row in rejects if isinstance(row, ToolReject)]
        for work, outcome in outcomes:
            ask: NewApplication | Derivation = work.row
            if isinstance(outcome, Failure):
                refused += [
                    failure(ask, slot, reason=outcome.reason, detail=outcome.detail)
                    for slot in range(ask.slots)
                ]
                continue
            for number, slot in enumerate(outcome):
                if isinstance(slot, Made):
                    drafts.append(slot.row)
                else:
                    refused.append(reject(ask, number, slot))
        drafts.sort(key=order)
        refused.sort(key=lambda row: row.id)
        return {"rejects": refused, "drafts": drafts}

    def totals(self, tables: Tables) -> Mapping[str, int]:
        return {"tools": len(tables["drafts"])}

    async def _grow(self, row: NewApplication, ask: Ask) -> Slots:
        """The application's outline, then its tools one after the other."""
        outlined = await self._asked(
            ask,
            Outline,
            lambda **step: outline_request(row, self.grow, **step),
            lambda outline, _, __: outline_fault(outline, row.slots) or outline,
            step=0,
        )
        if isinstance(outlined, Refused):
            # The text once: the other slots have the same.
            return [outlined, *[replace(outlined, text="")] * (row.slots - 1)]
        place = application(row, outlined)
        slots: Slots = []
        for number, brief in enumerate(outlined.tools, start=1):
            slots.append(await self._specify(row, place, brief, slots, ask, number))
        return slots

    async def _specify(
        self,
        row: NewApplication,
        place: Application,
        brief: Brief,
        slots: Sequence[Made | Refused],
        ask: Ask,
        step: int,
    ) -> Made | Refused:
        taken = {slot.tool.name for slot in slots if isinstance(slot, Made)}

        def fault(tool: ToolAnswer) -> Fault | None:
            if tool.name in taken:
                return Fault("duplicate", f"the name {tool.name} is taken")
            return tool_fault(tool, place)

        specified = await self._asked(
            ask,
            ToolAnswer,
            lambda **step: tool_request(row, place, brief, self.grow, **step),
            self._drafted(row, place, fault),
            step=step,
            name=brief.name,
        )
        return self._shown(specified, brief.purpose)

    async def _derive(self, row: Derivation, ask: Ask) -> Made | Refused:
        new_errors = OPERATORS[row.operator].new_errors
        place = row.application

        def fault(tool: ToolAnswer) -> Fault | None:
            return operator_fault(tool, row) or tool_fault(tool, place, new_errors=new_errors)

        derived = await self._asked(
            ask,
            ToolAnswer,
            lambda **step: derivation_request(row, self.grow, **step),
            self._drafted(row, place, fault),
            step=0,
            name=row.parents[0].tool.name,
        )
        return self._shown(derived, row.parents[0].tool.description)

    def _drafted(
        self,
        row: NewApplication | Derivation,
        place: Application,
        fault: Callable[[ToolAnswer], Fault | None],
    ) -> Judge[ToolAnswer, Made]:
        """Makes a row of an answer that has no fault."""

        def judge(tool: ToolAnswer, repeated: Sequence[str], model: str) -> Made | Fault:
            if found := copied(tool, place) or fault(tool):
                return found
            made = draft(row, tool, place, model=model, repeated=repeated)
            return made if isinstance(made, Fault) else Made(tool, made)

        return judge

    def _shown(self, outcome: Made | Refused, before: str) -> Made | Refused:
        """The outcome; the first tool made here is kept for the console."""
        if self._preview is None and isinstance(outcome, Made):
            tool = outcome.row
            self._preview = Preview(f"{tool.server}: {tool.name}", before, tool.description)
        return outcome

    async def _asked(
        self,
        ask: Ask,
        form: type[A],
        request: Callable[..., Request],
        judge: Judge[A, B],
        *,
        step: int,
        name: str = "",
    ) -> B | Refused:
        """Ask until an answer has no fault or the attempts are used up."""
        faults: list[Fault] = []
        completion = Completion("")
        for attempt in range(self.grow.attempts):
            said = faults[-1].said if faults else ""
            asked = request(seed=self.seed, step=step, attempt=attempt, faults=said)
            completion = await ask(ROLE, asked)
            answer = read_answer(completion, form)
            if isinstance(answer, Fault):
                faults.append(answer)
                continue
            judged = judge(*tidied(answer), completion.model)
            if not isinstance(judged, Fault):
                return judged
            faults.append(judged)
        return Refused(
            stage="outline" if form is Outline else "specify",
            fault=faults[-1],
            name=name,
            text=completion.text,
            attempts=len(faults),
            earlier=[known.reason for known in faults[:-1]],
        )


def order(tool: Tool) -> tuple[str, str]:
    """Where a tool stands among others: by content, then by application."""
    return tool.id, tool.server


def context_needed(grow: GrowOptions) -> int:
    """Tokens of the longest prompt plus its answer: two parents, the application, the answer."""
    return 4 * grow.max_tokens
