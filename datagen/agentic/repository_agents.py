"""Agents over a repository, by number: an application, a core of its tools, distractors of all.

Applications are gone through in shuffled order, large ones several times a round; a core begins
with a tool that is in no core yet and grows by what is about the same records. Distractors come off
a shuffled deck of all tools, so that each is in some tool set as soon as can be. A tool of another
application that is about the same kind of thing is no distractor, but a second way; nor is a tool
of the same application that has no backend."""

import math
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datagen.agentic.agents import CORE_SHARE, LEAST_CORE, SHARED_NOISE, composed, roles
from datagen.agentic.domains.compiling.plans import Action, ServerPlan
from datagen.agentic.domains.compiling.verbs import READS
from datagen.agentic.domains.compiling.words import one, words_of
from datagen.agentic.nouns import AgentSpec
from datagen.agentic.repository_ground import RepositoryGround
from datagen.schemas import Tool, derived_seed

TOOLS_A_TURN = 8
"""Tools with a backend for each of which an application has one turn in a round: as many as the
median core has, with tool sets of up to 30."""
MOST_SKIPPED = 60
"""Cards of the deck that one agent may pass over."""
FRESH = 0.5
"""What a tool that is in no core yet is preferred by, in shared words."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """An agent without its prompt: what the draw of later ones depends on."""

    server: str
    core: tuple[Tool, ...]
    tools: tuple[Tool, ...]
    role: str
    expertise: str
    behaviour: str


class RepositoryDraws:
    """The agents of a run, in order; drawn as far as asked for and kept."""

    def __init__(self, ground: RepositoryGround, *, sizes: tuple[int, int], seed: int) -> None:
        self.ground = ground
        self.sizes = sizes
        self.seed = seed
        self._turns = self._rounds()
        self._deck = deque(sorted(ground.tools, key=lambda tool: (tool.id, tool.server)))
        chance = random.Random(derived_seed(seed, "deck"))
        chance.shuffle(self._deck)
        self._covered: set[str] = set()
        self._sketches: list[Sketch] = []

    def __call__(self, number: int) -> AgentSpec:
        while len(self._sketches) <= number:
            place = len(self._sketches)
            self._sketches.append(
                self._sketch(random.Random(derived_seed(self.seed, "agent", place)))
            )
        sketch = self._sketches[number]
        ground = self.ground.of(sketch.server, sketch.tools)
        return composed(
            sketch.core,
            sketch.tools,
            (sketch.role, sketch.expertise, sketch.behaviour),
            about=ground.about,
            policy=ground.policy,
        )

    def _rounds(self) -> Iterator[str]:
        """Names of applications, round after round."""
        plans = [plan for plan in self.ground.plans.values() if plan.actions]
        names = [p.server for p in plans for _ in range(math.ceil(len(p.actions) / TOOLS_A_TURN))]
        number = 0
        while True:
            shuffled = random.Random(derived_seed(self.seed, "round", number)).sample(
                names, len(names)
            )
            yield from shuffled
            number += 1

    def _sketch(self, chance: random.Random) -> Sketch:
        plan = self.ground.plans[next(self._turns)]
        low, high = (math.log(size) for size in (self.sizes[0], self.sizes[1] + 1))
        size = min(self.sizes[1], int(math.exp(chance.uniform(low, high))))
        core = self._core(plan, round(size * chance.uniform(*CORE_SHARE)), chance)
        self._covered |= {action.tool.id for action in core}
        tools = [action.tool for action in core]
        tools += self._distractors(plan, core, size - len(core))
        chance.shuffle(tools)
        parts = roles()
        role, expertise, behaviour = (
            chance.choice(lines) for lines in (parts.roles, parts.expertise, parts.behaviour)
        )
        own = tuple(action.tool for action in core)
        return Sketch(plan.server, own, tuple(tools), role, expertise, behaviour)

    def _core(self, plan: ServerPlan, size: int, chance: random.Random) -> list[Action]:
        """Tools that belong together, among them one that looks at what another one is about."""
        left = [plan.actions[name] for name in sorted(plan.actions)]
        size = min(len(left), max(LEAST_CORE, size))
        fresh = [action for action in left if action.tool.id not in self._covered]
        core = [chance.choice(fresh or left)]
        left.remove(core[0])
        while len(core) < size:
            lacks = not any(a.entity == core[0].entity and a.operation in READS for a in core)

            def liking(action: Action, lacks: bool = lacks) -> float:
                looks = action.operation in READS and action.entity == core[0].entity
                new = action.tool.id not in self._covered
                noise = chance.uniform(0, SHARED_NOISE)
                return _alike(plan, action, core) + noise + FRESH * new + 9 * (lacks and looks)

            best = max([(liking(action), -n) for n, action in enumerate(left)])
            core.append(left.pop(-best[1]))
        return core

    def _distractors(self, plan: ServerPlan, core: Sequence[Action], count: int) -> list[Tool]:
        found: list[Tool] = []
        names = {action.tool.name for action in core}
        about = {plan.entities[action.entity].noun[-1] for action in core}
        passed: list[Tool] = []
        for _ in range(len(self._deck)):
            if len(found) >= count or len(passed) > MOST_SKIPPED:
                break
            tool = self._deck.popleft()
            if tool.name in names or not _distracts(tool, plan, about):
                passed.append(tool)
                continue
            names.add(tool.name)
            found.append(tool)
        self._deck.extend(found)
        self._deck.extendleft(reversed(passed))
        return found


def _distracts(tool: Tool, plan: ServerPlan, about: set[str]) -> bool:
    """Whether a tool is beside the point of a core."""
    if tool.server == plan.server:
        known = plan.actions.get(tool.name)
        return known is not None and known.tool.id == tool.id
    return not about & set(one((word,))[0] for word in words_of(tool.name))


def _alike(plan: ServerPlan, action: Action, core: Sequence[Action]) -> float:
    """How much a tool has in common with the core: the records it is about, or refers to."""
    entities = {known.entity for known in core}
    if action.entity in entities:
        return 1.0
    refers = {field.refers for field in plan.entities[action.entity].fields.values()}
    back = {f.refers for name in entities for f in plan.entities[name].fields.values()}
    return 0.6 if refers & entities or action.entity in back else 0.0
