"""Agents, their tools and tasks, and the trajectories they make."""
