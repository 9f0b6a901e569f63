"""The error codes of files in the folders of the user."""

from __future__ import annotations

from b24_mcp.errors.table import CodeFact

CODES: dict[str, CodeFact] = {
    "B24MCP_FILE": CodeFact(
        "validation",
        "Nothing was done with the file. Use a plain file name, or a path below the folder for files that portal_info "
        "shows.",
    ),
    "B24MCP_FILE_FOLDER": CodeFact(
        "policy",
        "Nothing was read or written. The path has to be inside a folder for files, which portal_info shows. A person "
        "can set others with B24_FILES_DIR.",
    ),
    "B24MCP_FILE_CHANGED": CodeFact(
        "conflict", "Nothing was executed. Make the call again when the file is complete.", executed="no"
    ),
}
