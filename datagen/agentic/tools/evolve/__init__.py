"""Evolved tools: category → domain → application → tool, by a model that is checked at each
step."""
