"""The user simulator: who talks to the agent, by rule or by model, and what it may not do."""
