"""Tools that say what another tool says, found by their embeddings.

Tools are taken in an order of their own (real before synthetic, better specs first, then by id)
and a tool is out if one that was kept is too near. So the outcome depends on the set of tools
alone, and no chain of small steps takes a tool out whose like is gone. Two thresholds: on one
server, tools that lie very close are meant to differ (`delete_route_of_service`,
`delete_service_of_route`); across servers, not. MiniLM hardly sees opposites, so names with
opposite actions tell tools apart whatever the cosine. Not here: duplicates by text, which share an
id or are found before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.agentic.tools.coverage.neighbours import Vectors, unit
from datagen.agentic.tools.coverage.text import words
from datagen.schemas import Tool

ACROSS_SERVERS = 0.92
"""Cosine from which tools of two servers are one. Source: 5,194 tools of 870 servers (Toucan),
read by eye: of 25 random pairs at 0.92–0.95, 23 do the same (`navigate to a URL` twice); at
0.88–0.92, 17 of 25. Random pairs: 0.40 at the 99th percentile, 0.64 at the 99.9th."""
WITHIN_SERVER = 0.995
"""The same for tools of one server. Source: the 17 pairs of one server at 0.98 and above, all read:
15 are different tools (0.980 to 0.994), 2 are one tool twice (0.994 and 0.997)."""
BLOCK = 512

_AXES: tuple[tuple[str, ...], ...] = (
    (
        "create add insert new generate register",
        "get list read fetch retrieve search find show view query lookup",
        "update edit modify change rename set patch",
        "delete remove drop clear purge destroy cancel",
    ),
    ("encrypt encode", "decrypt decode"),
    (
        "open start begin enable activate lock mute",
        "close stop end disable deactivate unlock unmute",
    ),
    ("send upload export push sent outgoing", "receive download import pull received incoming"),
    ("approve accept", "reject decline deny"),
    ("subscribe follow join", "unsubscribe unfollow leave"),
    ("buy deposit increase", "sell withdraw decrease"),
    ("forward next", "back backward previous"),
    ("min minimum lowest", "max maximum highest"),
    ("first oldest", "last latest newest"),
)
"""Actions by axis, one string of words per side. Chosen by hand from the verbs of
Toucan's names."""


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """A tool that is out, and the kept tool that it repeats; the reject's reason is
    `near_duplicate`."""

    id: str
    other_id: str
    cosine: float

    @property
    def detail(self) -> str:
        return f"cosine {self.cosine:.3f} with {self.other_id}"


def near_duplicates(
    tools: Sequence[Tool],
    vectors: Vectors,
    *,
    across: float = ACROSS_SERVERS,
    within: float = WITHIN_SERVER,
) -> list[NearDuplicate]:
    """What is out, in order of ids; everything else stays.

    Vectors are (tools, dim), in the order of the tools. Of tools with one id, the first in order
    stays and no `NearDuplicate` says so. Memory: a block of 512 times what is kept.

    Raises: RecipeError where an embedding is zero or not finite.
    """
    if len(tools) != len(vectors):
        raise ValueError(f"{len(tools)} tools, {len(vectors)} embeddings")
    if not tools:
        return []
    ranked = _ranked(tools)
    points = unit(np.asarray(vectors)[ranked])
    kept = _Kept([tools[row] for row in ranked], points, across, within)
    for start in range(0, len(ranked), BLOCK):
        kept.take(np.arange(start, min(start + BLOCK, len(ranked))))
    return sorted(kept.out, key=lambda duplicate: duplicate.id)


def opposed(name: str, other: str) -> bool:
    """True where the names' words lie on opposite sides of an axis: `encrypt_text`,
    `decrypt_text`. Words in no table decide nothing."""
    return bool(_clash(np.array([_sides(name)]), np.array([_sides(other)]))[0])


def _ranked(tools: Sequence[Tool]) -> list[int]:
    """Rows in the order in which tools are kept, each id once."""
    first: dict[str, int] = {}
    for row in sorted(range(len(tools)), key=lambda row: _rank(tools[row])):
        first.setdefault(tools[row].id, row)
    return list(first.values())


def _rank(tool: Tool) -> tuple[bool, int, bool, bool, int, str, str, str]:
    """Real first, then early rounds, then the fuller spec; server and category only for tools with
    one id."""
    return (
        tool.origin == "evolved",
        tool.round,
        not tool.description,
        not tool.output_schema,
        len(tool.flags),
        tool.id,
        tool.server,
        tool.category,
    )


class _Kept:
    """Tools in rank order, those kept so far, and those that are out."""

    def __init__(
        self, tools: Sequence[Tool], points: Vectors, across: float, within: float
    ) -> None:
        self.tools = tools
        self.points = points
        self.across = across
        self.within = within
        numbers: dict[str, int] = {}
        self.servers = np.array([numbers.setdefault(t.server, len(numbers)) for t in tools])
        self.sides = np.array([_sides(tool.name) for tool in tools], dtype=np.int64)
        self.rows = np.empty(len(tools), dtype=np.int64)
        self.vectors = np.empty_like(points)
        self.count = 0
        self.out: list[NearDuplicate] = []

    def take(self, block: NDArray[np.int64]) -> None:
        """Settle a block: first against what was kept before it, then among itself, in order."""
        rows, vectors = self.rows[: self.count], self.vectors[: self.count]
        cosines = self._counting(self.points[block] @ vectors.T, block, rows)
        fresh = [
            row
            for row, line in zip(block, cosines, strict=True)
            if not self._is_out(row, rows, line)
        ]
        inner = np.array(fresh, dtype=np.int64)
        cosines = self._counting(self.points[inner] @ self.points[inner].T, inner, inner)
        chosen: list[int] = []
        for position, row in enumerate(inner):
            if not self._is_out(row, inner[chosen], cosines[position, chosen]):
                chosen.append(position)
        added = inner[chosen]
        self.rows[self.count : self.count + len(added)] = added
        self.vectors[self.count : self.count + len(added)] = self.points[added]
        self.count += len(added)

    def _counting(
        self, cosines: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The cosines, -1 where a pair is no duplicate."""
        r, c = np.nonzero(cosines >= self.across)
        values = cosines[r, c]
        a, b = rows[r], columns[c]
        same = self.servers[a] == self.servers[b]
        counts = (values >= np.where(same, self.within, self.across)) & ~_clash(
            self.sides[a], self.sides[b]
        )
        cosines.fill(-1)
        cosines[r[counts], c[counts]] = values[counts]
        return cosines

    def _is_out(self, row: int, others: NDArray[np.int64], cosines: NDArray[np.float32]) -> bool:
        if not len(others) or cosines[nearest := int(cosines.argmax())] == -1:
            return False
        other = self.tools[int(others[nearest])].id
        cosine = min(1.0, float(cosines[nearest]))
        self.out.append(NearDuplicate(self.tools[row].id, other, round(cosine, 4)))
        return True


def _table() -> tuple[Mapping[str, int], tuple[int, ...]]:
    """Each word's bit, and each axis as the mask of its sides."""
    bits: dict[str, int] = {}
    masks, position = [], 0
    for axis in _AXES:
        mask = 0
        for side in axis:
            bits |= dict.fromkeys(side.split(), 1 << position)
            mask |= 1 << position
            position += 1
        masks.append(mask)
    return bits, tuple(masks)


_BITS, _MASKS = _table()


def _sides(name: str) -> int:
    found = 0
    for word in re.findall(r"[a-z]+", words(name)):
        found |= _BITS.get(word, 0)
    return found


def _clash(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Pairwise: both lie on an axis and share no side of it."""
    clash = np.zeros(len(a), dtype=bool)
    for mask in _MASKS:
        clash |= ((a & mask) != 0) & ((b & mask) != 0) & ((a & b & mask) == 0)
    return clash
