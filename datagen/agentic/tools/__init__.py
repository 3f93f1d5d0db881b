"""The tool repository: specs of real MCP servers and specs evolved from a taxonomy."""
