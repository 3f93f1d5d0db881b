"""The picture: tools in the plane by t-SNE, coloured by category and by source.

Neighbours in the picture are neighbours in the embedding; distances between groups and their sizes
say nothing. Above `MAX_POINTS` a sample is drawn, with every category and source in its share,
the same for the same tools. Import this module late: it loads matplotlib and scikit-learn.
"""

import io
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from datagen.agentic.tools.coverage.measure import UNNAMED, Kept, is_real
from datagen.agentic.tools.coverage.neighbours import Vectors
from datagen.schemas import Tool

MAX_POINTS = 5_000
"""t-SNE's time grows a little faster than the points: 5,000 take some 20 s on two cores, and more
dots than that lie on top of each other."""
MAX_CATEGORIES = 18
"""Colours in the left panel; the rest is grey."""
PERPLEXITY = 30
COMPONENTS = 50
"""Principal components that t-SNE works on. Source: van der Maaten and Hinton, "Visualizing Data
using t-SNE" (2008), section 4, which takes 30; 50 is scikit-learn's advice."""
ONE_THREAD_BELOW = 1000
"""Points; a round over fewer takes about a millisecond, less than a busy machine's time slice."""
SEED = 0
LABEL_CHARACTERS = 34
_GREY = "#c4c4c4"
_COLOURS = [to_hex(colormaps["tab20"](number)) for number in range(20) if number not in (14, 15)]
"""matplotlib's twenty without its two greys, which stand for the rest."""


def drawn(repository: Kept, *, limit: int = MAX_POINTS) -> tuple[bytes, int]:
    """A PNG and the number of tools in it. Works from one tool on."""
    rows = sample(repository.tools, limit)
    tools = [repository.tools[row] for row in rows]
    places = plane(repository.vectors[rows])
    return _png(tools, places, len(repository.tools)), len(rows)


def sample(tools: Sequence[Tool], limit: int) -> list[int]:
    """Rows, at most `limit`: from each (source, category) its share, lowest ids first.

    Ids are hashes, so the lowest are a random choice that stays.
    """
    if len(tools) <= limit:
        return list(range(len(tools)))
    strata: dict[tuple[bool, str], list[int]] = {}
    for row, tool in enumerate(tools):
        strata.setdefault((is_real(tool), tool.category), []).append(row)
    # Rows that are first in their stratum come before the second ones and so on, each at the share
    # of its stratum that is drawn with it.
    keyed = [
        ((position + 0.5) / len(rows), tools[row].id, row)
        for rows in strata.values()
        for position, row in enumerate(sorted(rows, key=lambda row: tools[row].id))
    ]
    return sorted(row for _, _, row in sorted(keyed)[:limit])


def plane(vectors: Vectors) -> NDArray[np.float32]:
    """(tools, 2) by t-SNE; the same for the same vectors."""
    spread = float(np.ptp(vectors, axis=0).max(initial=0)) if len(vectors) else 0.0
    if len(vectors) < 5 or spread < 1e-6:
        # Too few or all alike: t-SNE has no neighbours to keep.
        return np.stack([np.arange(len(vectors)), np.zeros(len(vectors))], axis=1).astype(
            np.float32
        )
    components = min(COMPONENTS, *vectors.shape)
    reduced = PCA(components, random_state=SEED).fit_transform(vectors)
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    # Threads meet a thousand times a second here: with few points they wait more than they work.
    with threadpool_limits(1 if len(vectors) < ONE_THREAD_BELOW else None):
        places = TSNE(2, perplexity=perplexity, init="pca", random_state=SEED).fit_transform(
            reduced
        )
    return np.asarray(places, dtype=np.float32)


def _png(tools: list[Tool], places: NDArray[np.float32], total: int) -> bytes:
    figure = Figure(figsize=(19, 8.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    shown = f"{len(tools):,} of {total:,} tools" if len(tools) < total else f"{total:,} tools"
    figure.suptitle(f"{shown}, by what they do (t-SNE of MiniLM embeddings)", fontsize=14)
    _by_category(left, tools, places)
    _by_source(right, tools, places)
    out = io.BytesIO()
    with warnings.catch_warnings():
        # Signs that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _by_category(axes: Any, tools: list[Tool], places: NDArray[np.float32]) -> None:
    names = np.array([tool.category or UNNAMED for tool in tools])
    largest = sorted(Counter(names.tolist()).items(), key=lambda pair: (-pair[1], pair[0]))
    chosen = [name for name, _ in largest[:MAX_CATEGORIES]]
    for colour, name in zip(_COLOURS, chosen, strict=False):
        mask = names == name
        label = name if len(name) <= LABEL_CHARACTERS else f"{name[: LABEL_CHARACTERS - 1]}…"
        _dots(axes, places[mask], colour, f"{label} ({mask.sum():,})")
    rest = ~np.isin(names, chosen)
    others = len(largest) - len(chosen)
    _dots(axes, places[rest], _GREY, f"{others} more categories ({rest.sum():,})")
    _finished(axes, "by category")


def _by_source(axes: Any, tools: list[Tool], places: NDArray[np.float32]) -> None:
    real = np.array([is_real(tool) for tool in tools], dtype=bool)
    _dots(axes, places[~real], "#f28e2b", f"synthetic ({(~real).sum():,})")
    _dots(axes, places[real], "#1f4e9c", f"real ({real.sum():,})")
    _finished(axes, "by source")


def _dots(axes: Any, places: NDArray[np.float32], colour: str, label: str) -> None:
    if len(places):
        size = 5 if len(places) > 300 else 9
        axes.scatter(
            places[:, 0], places[:, 1], s=size, c=colour, label=label, linewidths=0, alpha=0.75
        )


def _finished(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=12)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.02)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles,
        [_drawable(label) for label in labels],
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        fontsize=9,
        markerscale=3.5,
        frameon=False,
    )


def _drawable(label: str) -> str:
    """A dollar sign would start a formula, and a lone surrogate is in no font."""
    return label.encode("utf-8", "replace").decode().replace("$", r"\$")
