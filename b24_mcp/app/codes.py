"""The error codes of the use cases."""

from __future__ import annotations

from b24_mcp.errors.table import CodeFact

CODES: dict[str, CodeFact] = {
    "B24MCP_ARGUMENTS": CodeFact("validation", "Nothing was sent. Correct the arguments of the tool and call again."),
    "B24MCP_UNKNOWN_METHOD": CodeFact("unknown_method", "Find methods by what they do with find_methods."),
    "B24MCP_WRITES": CodeFact("validation", "Nothing was sent. Use call_method."),
    "B24MCP_STILL_READING": CodeFact(
        "unavailable", "Nothing was changed. The portal answers slowly. Call again in some seconds.", retryable=True
    ),
    "B24MCP_SOURCE": CodeFact("validation", "Nothing was downloaded. Name a file of the portal."),
    "B24MCP_PORTAL": CodeFact("policy", "Nothing was sent. A person configures the portals and who may use them."),
}
