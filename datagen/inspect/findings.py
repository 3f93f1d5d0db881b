"""What an audit says: what does not hold, and what was proved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

FindingKind = Literal[
    "unreadable_shard",
    "wrong_schema",
    "unreadable_marker",
    "marker_mismatch",
    "lost_records",
    "uneven_document",
    "unknown_reject",
    "duplicate_rows",
    "repeated_document",
    "chunks_mismatch",
    "manifest_mismatch",
    "plan_gap",
    "unplanned_partition",
    "pending",
]

MOST_SHOWN = 20
"""Findings of one check that are listed; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold."""

    kind: FindingKind
    where: str
    """A partition, a table or a file."""
    detail: str

    def __str__(self) -> str:
        return f"{self.where}: {self.detail} ({self.kind})"


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check came to."""

    findings: Sequence[Finding]
    proved: str
    """What holds if there are no findings."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found and what was proved. A run is sound if nothing was found."""

    path: str
    findings: tuple[Finding, ...]
    proved: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """What `datagen audit` prints."""
        for line in self.proved:
            yield f"  holds  {line}"
        for finding in self.findings:
            yield f"  FOUND  {finding}"
        found = len(self.findings)
        yield f"{self.path}: {many(found, 'finding') if found else 'everything holds'}"


def many(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def clipped(findings: Sequence[Finding]) -> list[Finding]:
    """The first findings of a check, and one that counts the rest."""
    shown = list(findings[:MOST_SHOWN])
    if len(findings) > len(shown):
        more = f"{len(findings) - len(shown):,} more like these"
        shown.append(Finding(shown[0].kind, "and more", more))
    return shown
