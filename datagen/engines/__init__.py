"""Engines run models. `base` is the seam; every other file here is one kind of engine."""
