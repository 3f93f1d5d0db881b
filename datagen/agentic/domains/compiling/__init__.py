"""From the tool specs of a server to a domain with a deterministic backend, where their meaning is
clear."""
