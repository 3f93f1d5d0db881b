"""Verifiers: what can be found out about an episode without a model.

`verify` is a pure function of task, episode and tools. All verifiers speak, in a fixed order; the
first failed verdict names the reason of a reject. What they can't see (a wrong choice that leads to
the goal, plain words that claim nothing checkable) is for the judge."""

from collections.abc import Sequence

from datagen.agentic.nouns import Episode, Task, Verdict
from datagen.agentic.verify.bounds import oversized, within
from datagen.agentic.verify.claims import answer, claims
from datagen.agentic.verify.conduct import asking, forbidden, known_tool, order, schema
from datagen.agentic.verify.corpus import Corpus
from datagen.agentic.verify.grounding import grounding
from datagen.agentic.verify.reasons import failed
from datagen.agentic.verify.rewards import reward as reward
from datagen.agentic.verify.state import goal, over_action
from datagen.agentic.verify.structure import ending, markup, structure
from datagen.agentic.verify.toolset import toolset
from datagen.schemas import Tool


def verify(task: Task, episode: Episode, tools: Sequence[Tool]) -> list[Verdict]:
    """One verdict of each verifier."""
    known = toolset(tools)
    excess, episode = oversized(episode), within(episode)
    corpus = Corpus(episode.turns)
    return [
        failed("structure", "oversized", excess) if excess else structure(episode),
        known_tool(episode, known),
        schema(episode, known),
        grounding(episode, known, corpus),
        forbidden(task, episode),
        order(task, episode),
        asking(task, episode, known),
        goal(task, episode),
        over_action(task, episode),
        answer(task, episode),
        claims(task, episode, known, corpus),
        ending(episode),
        markup(episode),
    ]
