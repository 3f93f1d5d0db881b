"""Inputs: what the user names, cut into partitions, and the documents in them."""

from datagen.rephrase.read.inputs import changed_inputs, identify, plan_partitions
from datagen.rephrase.read.options import SourceOptions
from datagen.rephrase.read.partitions import BadRecord, InputFile, Partition, Plan
from datagen.rephrase.read.reading import Cursors, read_partition
from datagen.rephrase.read.repeats import mark_repeats

__all__ = [
    "BadRecord",
    "Cursors",
    "InputFile",
    "Partition",
    "Plan",
    "SourceOptions",
    "changed_inputs",
    "identify",
    "mark_repeats",
    "plan_partitions",
    "read_partition",
]
