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
    "B24MCP_RUNS": CodeFact(
        "rate_limit",
        "Nothing was sent. Wait until one of the runs has ended: its own call, made again, says how far it is.",
        retryable=True,
    ),
    "B24MCP_RUN_STOPPED": CodeFact(
        "unavailable",
        "The server was stopping, or another call cancelled the run. What was done is kept: the same call continues "
        "it, list_records with resume=true.",
        executed="unknown",
        retryable=True,
    ),
    "B24MCP_PORTAL": CodeFact("policy", "Nothing was sent. A person configures the portals and who may use them."),
}
