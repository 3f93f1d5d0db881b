"""Scores (source, text) pairs from anywhere with the gate that the pipeline uses."""

from datagen.scoring.score import Column, Scored, report, score

__all__ = ["Column", "Scored", "report", "score"]
