"""Environments: what answers an agent's calls and keeps state."""
