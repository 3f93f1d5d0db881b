"""Agents by number: a role and a tool set, drawn from the seed; no two are alike.

A tool set's size is drawn log-uniformly between the recipe's bounds, its core's share uniformly in
[0.4, 0.9]. The core grows from one tool by what it has in common with those chosen (entities it
reads and writes, words of its name), so that two cores overlap as far as their first tools are
related; the rest are distractors, drawn from all others. An agent that comes out like an earlier
one is drawn again."""

import math
import random
import re
import tomllib
from collections.abc import Sequence
from functools import cache

from pydantic import BaseModel, ConfigDict

from datagen.agentic.nouns import AgentSpec
from datagen.agentic.prompting import text_of
from datagen.schemas import Tool, derived_seed, row_id

CORE_SHARE = (0.4, 0.9)
"""Own choice: with less the tool set has no theme, with more nothing distracts."""
LEAST_CORE = 3
MOST_DRAWS = 100
"""Draws for one agent before it may be like another: the pool is used up then."""
SHARED_NOISE = 0.75
"""Spread of what is added to the tools' likeness when a core grows, in shared words: enough that
equal first tools give different cores."""
_WORD = re.compile(r"[a-z]+")


class Roles(BaseModel):
    """What agents are made of: `prompts/agentic/agents.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: str
    roles: tuple[str, ...]
    expertise: tuple[str, ...]
    behaviour: tuple[str, ...]


@cache
def roles() -> Roles:
    return Roles.model_validate(tomllib.loads(text_of("agents.toml")))


class AgentDraws:
    """The agents of a run, in order; drawn as far as asked for and kept."""

    def __init__(
        self,
        own: Sequence[Tool],
        others: Sequence[Tool],
        *,
        about: str,
        policy: str,
        sizes: tuple[int, int],
        seed: int,
    ) -> None:
        """`own` are the tools that cores are made of; `others` only distract."""
        self.own = own
        self.others = others
        self.about = about
        self.policy = policy
        self.sizes = sizes
        self.seed = seed
        self._related = _relations(own)
        self._drawn: list[AgentSpec] = []
        self._known: set[str] = set()

    def __call__(self, number: int) -> AgentSpec:
        while len(self._drawn) <= number:
            self._drawn.append(self._new(len(self._drawn)))
        return self._drawn[number]

    def _new(self, number: int) -> AgentSpec:
        for draw in range(MOST_DRAWS):
            agent = self._draw(random.Random(derived_seed(self.seed, "agent", number, draw)))
            if agent.id not in self._known:
                break
        self._known.add(agent.id)
        return agent

    def _draw(self, chance: random.Random) -> AgentSpec:
        low, high = (math.log(size) for size in (self.sizes[0], self.sizes[1] + 1))
        size = min(self.sizes[1], int(math.exp(chance.uniform(low, high))))
        core = self._core(round(size * chance.uniform(*CORE_SHARE)), chance)
        chosen = {self.own[index].name for index in core}
        rest = [
            tool
            for index, tool in enumerate([*self.own, *self.others])
            if index not in core and tool.name not in chosen
        ]
        chance.shuffle(rest)
        distractors: list[Tool] = []
        for tool in rest:
            if len(core) + len(distractors) >= size:
                break
            if tool.name not in chosen:  # two servers may have a tool of one name
                chosen.add(tool.name)
                distractors.append(tool)
        parts = roles()
        role, expertise, behaviour = (
            chance.choice(lines) for lines in (parts.roles, parts.expertise, parts.behaviour)
        )
        own = [self.own[index] for index in sorted(core)]
        tools = [*own, *distractors]
        chance.shuffle(tools)
        return composed(
            own, tools, (role, expertise, behaviour), about=self.about, policy=self.policy
        )

    def _core(self, size: int, chance: random.Random) -> set[int]:
        """Indices of tools that belong together, grown from one."""
        size = min(len(self.own), max(LEAST_CORE, size))
        core = {chance.randrange(len(self.own))}
        while len(core) < size:
            likeness = {
                index: max(self._related[index][known] for known in core)
                + chance.uniform(0, SHARED_NOISE)
                for index in range(len(self.own))
                if index not in core
            }
            core.add(max(likeness, key=lambda index: likeness[index]))
        return core


def composed(
    core: Sequence[Tool],
    tools: Sequence[Tool],
    parts: tuple[str, str, str],
    *,
    about: str,
    policy: str,
) -> AgentSpec:
    """The agent with these tools. `parts`: role, expertise and behaviour."""
    role, expertise, behaviour = parts
    prompt = roles().template
    for name, text in (
        ("role", role),
        ("domain", about),
        ("expertise", expertise),
        ("behaviour", behaviour),
    ):
        prompt = prompt.replace(f"{{{name}}}", text)
    ids = tuple(tool.id for tool in tools)
    return AgentSpec(
        id=row_id("agent", role, expertise, behaviour, *sorted(ids)),
        role=role,
        expertise=expertise,
        behaviour=behaviour,
        system_prompt=f"{prompt}\n\n{policy}".strip(),
        tools=ids,
        core=tuple(tool.id for tool in core),
    )


def _relations(tools: Sequence[Tool]) -> list[list[float]]:
    """How much each two tools have in common: Jaccard of entities and words of their names."""
    marks = [_marks(tool) for tool in tools]
    return [[len(one & other) / (len(one | other) or 1) for other in marks] for one in marks]


def _marks(tool: Tool) -> set[str]:
    words = {word.removesuffix("s") for word in _WORD.findall(tool.name.lower())}
    return words | {entity.lower().removesuffix("s") for entity in (*tool.reads, *tool.writes)}
