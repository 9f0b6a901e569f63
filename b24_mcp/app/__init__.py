"""The use cases: everything that the tools and the command line do, independent of MCP and of a terminal."""

from b24_mcp.app.codes import CODES
from b24_mcp.errors.table import register

register("app", CODES)
