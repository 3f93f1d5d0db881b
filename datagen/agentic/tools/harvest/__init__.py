"""Takes tool specs from real MCP servers: install, start in the sandbox, ask `tools/list`, stop.

A server is not trusted: it is installed from wheels or without scripts, runs without network and
with an empty environment, and whatever it does wrong ends as one reject with a reason. Not covered:
calling tools, and resources and prompts, which are not tools."""
