"""The error codes of the use cases."""

from __future__ import annotations

from b24_mcp.errors.table import CodeFact

CODES: dict[str, CodeFact] = {
    "B24MCP_UNKNOWN_METHOD": CodeFact("unknown_method", "Find methods by what they do with find_methods."),
    "B24MCP_WRITES": CodeFact("validation", "Nothing was sent. Use call_method."),
    "B24MCP_STILL_READING": CodeFact(
        "unavailable", "Nothing was changed. The portal answers slowly. Call again in some seconds.", retryable=True
    ),
    "B24MCP_UPLOAD_REQUIRED": CodeFact("not_found", "Nothing was sent. Upload the file and make the call again."),
    "B24MCP_SOURCE": CodeFact("validation", "Nothing was downloaded. Name a file of the portal."),
    "B24MCP_APPLY_PARAMS": CodeFact("validation", "Nothing was sent. Correct params."),
    "B24MCP_APPLY_READS": CodeFact(
        "validation", "Nothing was sent. Read many records with list_records, which stores their fields."
    ),
    "B24MCP_APPLY_ROWS": CodeFact(
        "validation",
        "Nothing was sent, not even the good rows. Correct the query or params, or leave these rows out with WHERE.",
    ),
    "B24MCP_APPLY_CHANGED": CodeFact(
        "conflict",
        "Nothing was sent. Look at the rows with dry_run again, or make the same call once more to use the rows as "
        "they are now.",
    ),
    "B24MCP_APPLY_RESUME": CodeFact(
        "validation", "Nothing was sent. Leave resume out to begin, or repeat the call that was interrupted exactly."
    ),
    "B24MCP_APPLY_MATCH": CodeFact("validation", "Nothing was sent. Correct match, or leave it out."),
    "B24MCP_APPLY_UNKNOWN": CodeFact(
        "unavailable",
        "It may have been executed, and is not sent again. Read the record to see.",
        executed="unknown",
    ),
    "B24MCP_RUNS": CodeFact(
        "rate_limit",
        "Nothing was sent. Wait until one of the runs has ended: its own call, made again, says how far it is.",
        retryable=True,
    ),
    "B24MCP_RUN_STOPPED": CodeFact(
        "unavailable",
        "The server was stopping, or another call cancelled the run. What was done is kept: make the same call again, "
        "list_records with resume=true.",
        executed="unknown",
    ),
    "B24MCP_AMBIGUOUS": CodeFact(
        "conflict", "Nothing was changed for this row. Choose one of the records and update it by its id."
    ),
    "B24MCP_CHART": CodeFact("validation", "No picture was written."),
    "B24MCP_PORTAL": CodeFact("policy", "Nothing was sent. A person configures the portals and who may use them."),
}
