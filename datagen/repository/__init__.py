"""Drivers of the tool repository: what the verbs of `datagen tools` run."""
