"""The face towards MCP clients. Importing the package itself imports neither `mcp` nor anything else heavy."""
