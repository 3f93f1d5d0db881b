"""Hugging Face datasets: `hf:NAME[:CONFIG][@SPLIT]`, or a local folder as `hf:/path`.

Map-style and memory-mapped, so that a range of rows costs the same anywhere in it. `datasets`
takes seconds to import and is imported when an input names one.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from datagen.errors import RecipeError
from datagen.rephrase.read.options import SourceOptions
from datagen.rephrase.read.parquet import BATCH_ROWS, missing, rows_of
from datagen.rephrase.read.partitions import BadRecord, Ends, InputFile, Partition, Position
from datagen.schemas import Document

SLAB_ROWS = 1_000_000


class HubName(NamedTuple):
    path: str
    config: str | None
    split: str


def parse(name: str) -> HubName:
    """The parts of `hf:NAME[:CONFIG][@SPLIT]`; the split is `train` unless named."""
    rest = name.removeprefix("hf:")
    if Path(rest).exists():
        return HubName(os.path.abspath(rest), None, "train")
    rest, _, split = rest.partition("@")
    path, _, config = rest.partition(":")
    if not path:
        raise RecipeError(f"inputs: {name}: names no dataset (hf:NAME[:CONFIG][@SPLIT])")
    return HubName(path, config or None, split or "train")


def load(name: str) -> Any:
    """The dataset as Arrow. Raises `RecipeError` when it can't be had."""
    import datasets

    at = parse(name)
    datasets.disable_progress_bars()
    try:
        if (
            Path(at.path, "dataset_info.json").is_file()
            or Path(at.path, "dataset_dict.json").is_file()
        ):
            saved = datasets.load_from_disk(at.path)
            loaded = saved[at.split] if isinstance(saved, datasets.DatasetDict) else saved
        else:
            loaded = datasets.load_dataset(at.path, at.config, split=at.split)
    except Exception as problem:  # datasets, its hub client and the builders raise a dozen kinds
        raise RecipeError(f"inputs: {name}: {' '.join(str(problem).split())[:300]}") from problem
    return loaded.with_format("arrow")


def identity(name: str, dataset: Any) -> InputFile:
    return InputFile(name, len(dataset), f"fingerprint:{dataset._fingerprint}")


def ends(name: str, dataset: Any, at: Position, source: SourceOptions) -> Iterator[Ends]:
    """Ends of the rows from `at` on, offsets estimated from the dataset's mean."""
    if source.text_field not in dataset.column_names:
        raise missing(name, source.text_field, dataset.column_names)
    mean = max(1, dataset.data.nbytes // max(1, len(dataset)))
    for first in range(at.first, len(dataset), SLAB_ROWS):
        rows = np.arange(first, min(first + SLAB_ROWS, len(dataset)), dtype=np.int64) + 1
        yield Ends(at.start + (rows - at.first) * mean, np.zeros(len(rows), dtype=np.int64))


def read(
    dataset: Any, partition: Partition, source: SourceOptions
) -> Iterator[Document | BadRecord]:
    """Exactly `partition.count` documents and bad records."""
    end = partition.first + partition.count
    if end > len(dataset):
        raise RecipeError(f"inputs: {partition.input}: has fewer rows than were planned")
    for first in range(partition.first, end, BATCH_ROWS):
        table = dataset[first : min(first + BATCH_ROWS, end)]
        yield from rows_of(table, partition.input, first, source)
