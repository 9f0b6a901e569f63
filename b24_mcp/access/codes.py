"""The error codes of access: rules, approvals and the audit log."""

from __future__ import annotations

from b24_mcp.errors.table import CodeFact

CODES: dict[str, CodeFact] = {
    "B24MCP_POLICY": CodeFact(
        "policy",
        "Nothing was sent. The settings of b24-mcp do not allow this call. Report this to the user, and do not try "
        "to reach the same result another way.",
    ),
    "B24MCP_APPROVAL": CodeFact("approval", "Nothing was sent. A person has to allow this call first."),
    "B24MCP_DECLINED": CodeFact(
        "approval",
        "Nothing was sent. The person or the client declined this call. Ask what to do instead, and do not repeat the "
        "call on your own.",
    ),
    "B24MCP_AUDIT": CodeFact(
        "policy", "Nothing was sent. A person has to make the folder in B24_AUDIT writable, or set it to off."
    ),
}
