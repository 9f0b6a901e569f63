"""The error codes of the local documentation."""

from __future__ import annotations

from b24_mcp.errors.table import CodeFact

CODES: dict[str, CodeFact] = {
    "B24MCP_NO_PAGE": CodeFact("not_found", "Find pages by a question with search_docs."),
    "B24MCP_NO_DOCS": CodeFact("not_found", "search_docs and describe_method still know the methods."),
    "B24MCP_DOCS": CodeFact("unavailable", "Ask the user to run `b24-mcp docs sync`."),
}
