"""The MCP server. Importing the package itself does not import `mcp` or other large libraries."""
