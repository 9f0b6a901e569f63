"""The error codes that belong to no single package."""

from __future__ import annotations

from b24_mcp.errors.table import CHECK_FIRST, CodeFact

CODES: dict[str, CodeFact] = {
    "B24MCP_ARGUMENTS": CodeFact("validation", "Nothing was sent. Correct the arguments of the tool and call again."),
    "B24MCP_SETTINGS": CodeFact("auth", "Nothing was sent. A person has to correct the settings of b24-mcp."),
    "B24MCP_INTERNAL": CodeFact("internal", f"This is a defect in b24-mcp; please report it. {CHECK_FIRST}", "unknown"),
}
