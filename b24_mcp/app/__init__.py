"""The use cases: everything the tools and the command line do, without MCP and without a terminal."""
