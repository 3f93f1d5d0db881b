"""Rows of tables and lists: which figures stand with which name, and which have changed places.

A text of rows keeps every figure when two rows exchange theirs, and no sentence shows it. So a row
of the text is held to the rows of the source with its name: it has a figure that these lack and
another name's row has, and one that they have has gone to a row that should not have it. Both
together: a text may add a rank or leave out a column. Not covered: columns that change places,
figures before the name, rows of one side beside prose of the other, dates without a year.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datagen.rephrase.fidelity.facts import Facts
from datagen.rephrase.fidelity.names import STYLE_WORDS
from datagen.rephrase.fidelity.sentences import content

_LISTED = re.compile(r"[\s>*•+–-]*(?:\d{1,3}[.)]\s+)?(?P<name>[^\n:|\t]{1,60}?)\s*(?::|\s[–—-])\s+")
LONGEST_VALUE = 8
"""Words after a list's name; more are a sentence. Own choice."""
MOST_ROWS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A line that binds figures to a name."""

    name: str
    stems: frozenset[str]
    figures: dict[str, str]
    """Canonical value → as written, of what stands behind the name."""
    every: frozenset[str]
    """Values in the whole line."""


def exchanged(source: str, text: str) -> Iterator[str]:
    """Rows of the text that got another row's figure for their own, as "name: figure"."""
    mine = rows(text)
    theirs = rows(source) if len(mine) > 1 else []
    if len(theirs) < 2:
        return
    strange = {row: found for row in mine if (found := _of_others(row, theirs))}
    for row, found in strange.items():
        lost = frozenset(value for own in _own(row, theirs) for value in own.figures) - row.every
        if any(lost & others for other, others in strange.items() if other is not row):
            yield f"{row.name}: {row.figures[min(found)]}"


def _of_others(row: Row, theirs: Sequence[Row]) -> frozenset[str]:
    """Figures that rows of other names have, and no row of this name."""
    own = _own(row, theirs)
    if not own:
        return frozenset()
    known = frozenset(value for one in own for value in one.every)
    other = frozenset(value for one in theirs if one not in own for value in one.figures)
    return other.intersection(row.figures) - known


def _own(row: Row, theirs: Sequence[Row]) -> list[Row]:
    return [one for one in theirs if row.stems <= one.stems or one.stems <= row.stems]


def rows(text: str) -> list[Row]:
    """The rows of a text, in order; at most `MOST_ROWS`."""
    if "|" not in text and "\t" not in text and text.count("\n") < 1:
        return []
    found = []
    for line in text.splitlines()[: 4 * MOST_ROWS]:
        cells = _cells(line)
        if len(cells) >= 2 and (row := _row(cells)):
            found.append(row)
    return found[:MOST_ROWS]


def _cells(line: str) -> list[str]:
    plain = line.replace("**", "").replace("__", "").strip()
    if "|" in plain:
        return [cell.strip() for cell in plain.strip("|").split("|")]
    if "\t" in plain:
        return [cell.strip() for cell in plain.split("\t")]
    listed = _LISTED.match(plain)
    if listed is None or len(plain[listed.end() :].split()) > LONGEST_VALUE:
        return []
    return [listed["name"], plain[listed.end() :]]


def _row(cells: Sequence[str]) -> Row | None:
    """The first cell with a letter names the row."""
    at = next((n for n, cell in enumerate(cells) if any(map(str.isalpha, cell))), None)
    if at is None:
        return None
    stems = content(cells[at])
    figures = {
        number.value: number.surface
        for cell in cells[at + 1 :]
        for number in Facts(cell).every_number.facts
        if number.weight != "soft"
    }
    if not stems or not figures or stems <= STYLE_WORDS:
        return None
    every = {number.value for cell in cells for number in Facts(cell).every_number.facts}
    return Row(cells[at], stems, figures, frozenset(every))
