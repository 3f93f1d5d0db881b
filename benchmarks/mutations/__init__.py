"""How many broken trajectories the verifiers catch, and how many right ones they refuse."""
