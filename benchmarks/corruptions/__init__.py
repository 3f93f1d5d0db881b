"""Labelled pairs made by rules from any texts, to measure what the fidelity gate catches."""
