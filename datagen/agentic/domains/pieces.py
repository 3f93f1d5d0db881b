"""Pieces of tasks: one wish each, with the calls that fulfil it; and how several make one task."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from datagen.agentic.nouns import Call


@dataclass(frozen=True, slots=True)
class Piece:
    """One wish: "renew loan L-1234"."""

    clause: str
    calls: tuple[Call, ...]
    answer: tuple[str, ...] = ()
    vague: str = ""
    """The clause with a fact left out; empty where nothing can be."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """The fact left out, by name."""
    identified: bool = False
    """Whether who wishes has to be known."""
    before: tuple[tuple[str, str], ...] = ()
    about: str = ""
    """What it reads or changes, where its last call doesn't name it: two pieces about one thing
    don't go together."""


def ordered(first: Sequence[Call], pieces: Sequence[Piece], *, together: bool) -> tuple[Call, ...]:
    """The calls of all pieces, equal ones once; those that can be made together side by side."""
    calls = list(first)
    steps = [piece.calls for piece in pieces]
    if together:
        steps = [tuple(p.calls[0] for p in pieces), *(p.calls[1:] for p in pieces)]
    for call in itertools.chain.from_iterable(steps):
        if call not in calls:
            calls.append(call)
    return tuple(calls)


def before(pieces: Sequence[Piece]) -> tuple[tuple[str, str], ...]:
    """What has to come first, but for tools that another piece uses without it."""
    free = {piece.calls[-1].name for piece in pieces if not piece.before}
    pairs = (pair for piece in pieces for pair in piece.before if pair[1] not in free)
    return tuple(dict.fromkeys(pairs))
