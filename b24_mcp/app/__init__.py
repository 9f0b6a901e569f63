"""The use cases: everything the tools and the command line do, without MCP and without a terminal."""

from b24_mcp.app.codes import CODES
from b24_mcp.errors.table import register

register("app", CODES)
