"""Plans a round: which applications to invent and which accepted tools to derive from.

A function of what was accepted and asked before, the holes of the coverage and the seed; nothing
is drawn that another entry would draw otherwise. Applications go to holes first (a region of real
tools that no evolved tool comes near, a thin cell of the taxonomy), the rest to the cells with the
fewest applications; parents are the tools that were derived from least. An ask that was planned
before is not planned again."""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from datagen.agentic.tools.coverage.holes import Hole
from datagen.agentic.tools.evolve.answers import Application, ToolAnswer, touched
from datagen.agentic.tools.evolve.asks import (
    AskPartition,
    Derivation,
    NewApplication,
    OperatorName,
    Parent,
)
from datagen.agentic.tools.evolve.requests import GrowOptions
from datagen.agentic.tools.evolve.rows import answer_of, application_of
from datagen.agentic.tools.evolve.taxonomy import Cell, Taxonomy
from datagen.recipe import Section
from datagen.schemas import Tool, derived_seed

Ask = NewApplication | Derivation
MARGIN = 1.1
"""A round that should be the last asks for a tenth more than it needs: a yield measured on hundreds
of slots is good to a few percent."""
LEAST_YIELD = 0.02
LIKE = 4
"""Tools of a hole that an ask shows."""
OTHER = 6
"""Applications of the cell that an ask names."""
TAKEN = 24
"""Names of the application's tools that a derivation is shown."""


class RoundOptions(Section):
    """How rounds grow and what they are spent on."""

    first: int = Field(default=32, ge=1)
    """Tool slots of the first round; each next round has twice as many."""
    largest: int = Field(default=4096, ge=1)
    operator_share: float = Field(default=0.5, ge=0, le=1)
    """Of a round's slots: tools derived from accepted ones, as far as there are parents."""
    guidance: Literal["holes", "random"] = "holes"
    hole_share: float = Field(default=0.7, ge=0, le=1)
    """Of a round's applications: those meant for holes."""
    partition_slots: int = Field(default=64, ge=1)
    """Tool slots of one partition, about."""


@dataclass
class History:
    """What earlier rounds asked for."""

    ids: set[str] = field(default_factory=set)
    applications: Counter[Cell] = field(default_factory=Counter)
    parents: Counter[str] = field(default_factory=Counter)
    """Derivations by parent."""
    slots: int = 0

    def add(self, partition: AskPartition) -> None:
        """Take in the asks of a partition that was planned."""
        for ask in partition.read():
            self.ids.add(ask.id)
            self.slots += ask.slots
            if isinstance(ask, NewApplication):
                self.applications[ask.category, ask.domain] += 1
            else:
                self.parents.update(parent.id for parent in ask.parents)


@dataclass(frozen=True)
class RoundPlanning:
    """What stays the same from round to round."""

    taxonomy: Taxonomy
    rounds: RoundOptions
    grow: GrowOptions
    seed: int
    date: str
    """Of the rounds planned here, ISO 8601."""

    def slots(self, number: int, *, missing: int, accepted: int, asked: int) -> int:
        """Tool slots of a round: doubled each time, and not much more than is missing."""
        size = min(self.rounds.largest, self.rounds.first << min(number, 40))
        if not asked:
            return min(size, math.ceil(missing * MARGIN))
        share = max(accepted / asked, LEAST_YIELD)
        return max(1, min(size, math.ceil(missing * MARGIN / share)))

    def asks(
        self,
        number: int,
        slots: int,
        accepted: Sequence[Tool],
        history: History,
        holes: Sequence[Hole] = (),
        real: Mapping[str, Tool] | None = None,
    ) -> list[Ask]:
        """The round's asks; `real` are the tools that holes represent, by id."""
        wanted = round(slots * self.rounds.operator_share) if accepted else 0
        derived = self._derivations(number, wanted, accepted, history)
        each = self.grow.tools_per_application
        count = math.ceil((slots - len(derived)) / each)
        return [*self._applications(number, count, accepted, history, holes, real or {}), *derived]

    def _applications(
        self,
        number: int,
        count: int,
        accepted: Sequence[Tool],
        history: History,
        holes: Sequence[Hole],
        real: Mapping[str, Tool],
    ) -> Iterator[NewApplication]:
        planned = Counter(history.applications)
        names = _application_names(accepted)
        queue = [
            (planned[cell], derived_seed(self.seed, number, *cell), cell)
            for cell in self.taxonomy.cells
        ]
        heapq.heapify(queue)
        meant = round(count * self.rounds.hole_share) if holes else 0
        targets = [*_spread(holes, meant), *[None] * (count - meant)]
        shown: Counter[int] = Counter()
        for hole in targets:
            place: Cell | None = None
            like: tuple[str, ...] = ()
            if hole is not None:
                place = self._cell_of(hole)
                like = _likes(hole, real, turn=shown[id(hole)])
                shown[id(hole)] += 1
            if place is None:
                times, order, place = heapq.heappop(queue)
                heapq.heappush(queue, (times + 1, order, place))
            category, domain = place
            turn = planned[place]
            planned[place] += 1
            yield NewApplication(
                round=number,
                date=self.date,
                category=category,
                title=self.taxonomy.title(category),
                domain=domain,
                number=turn,
                slots=self.grow.tools_per_application,
                audience=_drawn(self.grow.audiences, self.seed, *place, turn),
                like=like,
                other=tuple(names[place][-OTHER:]),
            )

    def _cell_of(self, hole: Hole) -> Cell | None:
        """Where in the taxonomy the hole lies; None where it names no cell of ours."""
        known = set(self.taxonomy.cells)
        for place in (
            (hole.category, hole.domain),
            (hole.nearest_category, hole.nearest_domain),
        ):
            if place in known:
                return place
        return None

    def _derivations(
        self, number: int, wanted: int, accepted: Sequence[Tool], history: History
    ) -> list[Derivation]:
        families: defaultdict[str, list[Tool]] = defaultdict(list)
        for tool in sorted(accepted, key=lambda tool: tool.id):
            families[tool.server].append(tool)
        ranked = sorted(
            accepted,
            key=lambda tool: (
                history.parents[tool.id],
                derived_seed(self.seed, number, tool.id, tool.server),
                tool.id,
                tool.server,
            ),
        )
        found: dict[str, Derivation] = {}
        for tool in ranked:
            if len(found) >= wanted:
                break
            ask = self._derivation(number, tool, families[tool.server], history.ids | found.keys())
            if ask is not None:
                found[ask.id] = ask
        return list(found.values())

    def _derivation(
        self, number: int, tool: Tool, family: Sequence[Tool], known: set[str]
    ) -> Derivation | None:
        """An operator applied to the tool that was not applied before, if one is left."""
        place, answer = application_of(tool), answer_of(tool)
        for operator in _shuffled(self.grow.operators, self.seed, number, tool.id):
            partners = _partners(operator, tool, answer, family, place)
            for partner, entity in partners:
                parents = tuple(
                    Parent(id=parent.id, tool=answer_of(parent))
                    for parent in (tool, partner)
                    if parent is not None
                )
                ask = Derivation(
                    round=number,
                    date=self.date,
                    operator=operator,
                    application=_with_errors(place, parents),
                    parents=parents,
                    entity=entity,
                    taken=tuple(sorted(other.name for other in family)[:TAKEN]),
                )
                if ask.id not in known:
                    return ask
        return None


def _partners(
    operator: OperatorName,
    tool: Tool,
    answer: ToolAnswer,
    family: Sequence[Tool],
    place: Application,
) -> Iterator[tuple[Tool | None, str]]:
    """What an operator takes beside its parent: a second tool, an entity, or nothing."""
    if operator == "combine":
        yield from ((other, "") for other in family if other.id > tool.id)
    elif operator == "change_entity":
        yield from ((None, name) for name in place.entity_names if name not in touched(answer))
    else:
        yield None, ""


def _with_errors(place: Application, parents: Sequence[Parent]) -> Application:
    """The application with the errors that its derived tools brought along."""
    errors = {error.code: error for error in place.errors}
    for parent in parents:
        for error in parent.tool.errors:
            errors.setdefault(error.code, error)
    return place.model_copy(update={"errors": list(errors.values())})


def _likes(hole: Hole, real: Mapping[str, Tool], *, turn: int) -> tuple[str, ...]:
    """Tools of the hole to show, others at each turn."""
    known = [real[tool] for tool in hole.representatives if tool in real]
    start = turn * LIKE % len(known) if known else 0
    turned = [*known[start:], *known[:start]][:LIKE]
    return tuple(f"{tool.name}: {_brief(tool.description)}" for tool in turned)


def _brief(text: str, longest: int = 120) -> str:
    joined = " ".join(text[: longest * 4].split())
    return joined if len(joined) <= longest else joined[:longest].rsplit(" ", 1)[0]


def _spread(holes: Sequence[Hole], count: int) -> list[Hole]:
    """The holes, each as often as its weight gives it, heaviest first; `count` in all."""
    spread: list[Hole] = []
    for hole in holes:
        spread += [hole] * min(max(1, round(hole.weight * count)), count - len(spread))
    while holes and len(spread) < count:
        spread.append(holes[len(spread) % len(holes)])
    return spread


def _application_names(accepted: Sequence[Tool]) -> defaultdict[Cell, list[str]]:
    """Names of the applications in each cell, in the order in which they were accepted."""
    names: defaultdict[Cell, dict[str, str]] = defaultdict(dict)
    for tool in accepted:
        place = (tool.category, tool.domain)
        if tool.server not in names[place]:
            names[place][tool.server] = application_of(tool).name
    return defaultdict(list, {place: list(found.values()) for place, found in names.items()})


def _drawn(choices: Sequence[str], *parts: str | int) -> str:
    return choices[derived_seed("draw", *parts) % len(choices)]


def _shuffled(
    names: Sequence[OperatorName], seed: int, number: int, tool: str
) -> list[OperatorName]:
    return sorted(names, key=lambda name: derived_seed(seed, number, tool, name))
