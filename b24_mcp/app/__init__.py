"""The use cases: everything that the tools and the command line do, independent of MCP and of a terminal."""
