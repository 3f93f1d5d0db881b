"""Training data for language models: rephrased text and agentic trajectories."""

__version__ = "0.1.0"
