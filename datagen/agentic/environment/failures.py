"""Failures by a recorded plan: which call of which tool fails how.

A plan is drawn when a task is drawn and stands in it, so that recovery can be checked. Kinds are
balanced by quota: over any seven consecutive numbers each kind a tool can suffer comes up. A write
that fails is not committed: the agent may repeat it. A failure hits one occurrence, so that asking
again helps."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from datagen.agentic.environment.answers import error_text
from datagen.agentic.environment.base import Result
from datagen.agentic.nouns import Call, FailureKind, InjectedFailure
from datagen.schemas import derived_seed

KINDS: tuple[FailureKind, ...] = get_args(FailureKind)
WRITE_KINDS: tuple[FailureKind, ...] = ("timeout", "rate_limit", "server_error", "permission")
"""What a write can suffer and be repeated without doing it twice."""
BEFORE: tuple[FailureKind, ...] = WRITE_KINDS
"""Failures that stand in for the tool's answer; the others spoil it."""
_MESSAGES: Mapping[FailureKind, tuple[str, str]] = {
    "timeout": ("timeout", "The request timed out and was not processed. Try again."),
    "rate_limit": ("rate_limited", "Too many requests (429). Try again in 2 seconds."),
    "server_error": ("server_error", "Internal server error (503). Nothing was changed."),
    "permission": (
        "permission_denied",
        "The session has expired and was renewed. Nothing was changed; repeat the request.",
    ),
}


def kind_of(number: int, *, writes: bool, seed: int = 0) -> FailureKind:
    """The failure of the number-th planned one: each kind once per round, in shuffled order."""
    kinds = list(WRITE_KINDS if writes else KINDS)
    round_number, place = divmod(number, len(kinds))
    random.Random(derived_seed(seed, "failures", round_number, str(writes))).shuffle(kinds)
    return kinds[place]


def plan(
    reference: Sequence[Call], writing: frozenset[str], *, number: int, seed: int, count: int = 1
) -> tuple[InjectedFailure, ...]:
    """Failures for some of the calls that a task's reference makes. `writing`: tools that write."""
    if not reference:
        return ()
    chance = random.Random(derived_seed(seed, "plan"))
    made: list[InjectedFailure] = []
    free = list(range(len(reference)))
    for extra in range(min(count, len(reference))):
        kind = kind_of(number + extra, writes=False)
        fit = [p for p in free if kind in WRITE_KINDS or reference[p].name not in writing]
        if not fit:  # there are only writes, and they can't suffer it
            kind, fit = kind_of(number + extra, writes=True), free
        place = chance.choice(fit)
        free.remove(place)
        name = reference[place].name
        occurrence = sum(call.name == name for call in reference[:place])
        made.append(InjectedFailure(tool=name, occurrence=occurrence, kind=kind))
    return tuple(made)


class FailurePlan:
    """The plan of one rollout, counted off call by call."""

    def __init__(self, planned: Sequence[InjectedFailure]) -> None:
        self._planned = {(one.tool, one.occurrence): one for one in planned}
        self._seen: dict[str, int] = {}
        self.happened: list[InjectedFailure] = []

    def next(self, tool: str) -> FailureKind | None:
        """What befalls the next call of a tool, noted as having come to pass."""
        occurrence = self._seen.get(tool, 0)
        self._seen[tool] = occurrence + 1
        failure = self._planned.get((tool, occurrence))
        if failure is None:
            return None
        self.happened.append(failure)
        return failure.kind

    def withdraw(self) -> None:
        """The failure noted last did not show: the tool itself refused the call."""
        self.happened.pop()


def refused_by(kind: FailureKind) -> Result:
    """The answer where the tool is not reached."""
    return Result(error_text(*_MESSAGES[kind]), is_error=True, injected=kind)


def spoiled(kind: FailureKind, result: Any, stale: Any) -> Result:
    """The tool's answer, spoiled; `stale` is what it was one version earlier."""
    if kind == "stale_read":
        made = {"warning": "cached copy, may be out of date", "result": stale}
        return Result(json.dumps(made, ensure_ascii=False), is_error=False, injected=kind)
    text = json.dumps(result, ensure_ascii=False)
    if kind == "malformed":
        return Result(text[: max(1, len(text) // 2)], is_error=False, injected=kind)
    made = {"warning": "partial result, the request was interrupted", "result": _part(result)}
    return Result(json.dumps(made, ensure_ascii=False), is_error=False, injected=kind)


def _part(result: Any) -> Any:
    """Half of the fields, with half of each list."""
    if isinstance(result, list):
        return result[: len(result) // 2]
    if isinstance(result, dict):
        kept = list(result.items())[: max(1, len(result) // 2)]
        return {key: _part(value) for key, value in kept}
    return result
