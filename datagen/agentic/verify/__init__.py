"""Verifiers: what can be found out about a trajectory without a model.

`verify` is a pure function of task, trajectory and tools. All verifiers speak, in a fixed order;
the first failed verdict names the reason of a reject. What they can't see (a wrong choice that
leads to the goal, plain words that claim nothing checkable) is for the judge."""

from collections.abc import Sequence

from datagen.agentic.nouns import Task, Trajectory, Verdict
from datagen.agentic.verify.bounds import oversized, within
from datagen.agentic.verify.claims import answer, claims
from datagen.agentic.verify.conduct import asking, forbidden, known_tool, order, schema
from datagen.agentic.verify.corpus import Corpus
from datagen.agentic.verify.grounding import grounding
from datagen.agentic.verify.progress import progress as progress
from datagen.agentic.verify.reasons import failed
from datagen.agentic.verify.state import goal, over_action
from datagen.agentic.verify.structure import ending, markup, structure
from datagen.agentic.verify.toolset import toolset
from datagen.schemas import Tool


def verify(task: Task, trajectory: Trajectory, tools: Sequence[Tool]) -> list[Verdict]:
    """One verdict of each verifier."""
    known = toolset(tools)
    excess, trajectory = oversized(trajectory), within(trajectory)
    corpus = Corpus(trajectory.turns)
    return [
        failed("structure", "oversized", excess) if excess else structure(trajectory),
        known_tool(trajectory, known),
        schema(trajectory, known),
        grounding(trajectory, known, corpus),
        forbidden(task, trajectory),
        order(task, trajectory),
        asking(task, trajectory, known),
        goal(task, trajectory),
        over_action(task, trajectory),
        answer(task, trajectory, known),
        claims(task, trajectory, known, corpus),
        ending(trajectory),
        markup(task, trajectory),
    ]
