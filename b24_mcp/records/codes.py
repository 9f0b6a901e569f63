"""The error codes of data sets, queries and exports."""

from __future__ import annotations

from b24_mcp.errors.table import CodeFact

CODES: dict[str, CodeFact] = {
    "B24MCP_RECORDS_NAME": CodeFact(
        "validation", "Nothing was sent. Choose a name of letters, digits and underscores, such as deals_2026."
    ),
    "B24MCP_RECORDS_RESUME": CodeFact(
        "validation",
        "Nothing was sent. Omit resume to read the list from its beginning, or repeat the call that began the data "
        "set.",
    ),
    "B24MCP_RECORDS_REFRESH": CodeFact(
        "validation",
        "Nothing was sent. Omit params to refresh the list that the data set holds, or omit refresh to read another "
        "list.",
    ),
    "B24MCP_RECORDS_TAKEN": CodeFact(
        "conflict", "The other run keeps the fetched rows. Look at the data set before you read the list again."
    ),
    "B24MCP_RECORDS_JOB": CodeFact(
        "conflict",
        "This process sent no more rows. The same call says how far the job is.",
        executed="unknown",
    ),
    "B24MCP_RECORDS_FILE": CodeFact("unavailable", "Nothing on the portal was changed."),
    "B24MCP_SQL": CodeFact(
        "validation",
        "Write one SELECT of SQLite over the data sets. SELECT name, rows, columns FROM data_sets lists them.",
    ),
    "B24MCP_SQL_LIMIT": CodeFact(
        "validation", "Read less: filter earlier, join on an equality, aggregate, or select fewer columns."
    ),
    "B24MCP_QUERY_BUSY": CodeFact(
        "rate_limit",
        "This query was not run. Call again in a few seconds, with fewer queries at the same time.",
        retryable=True,
    ),
    "B24MCP_PORTAL_TABLE": CodeFact(
        "unavailable",
        "The query was not run. The portal did not answer in time, or this user has no scope or right for it "
        "(portal_info shows the scopes). list_records reads whole lists of the portal too.",
    ),
    "B24MCP_EXPORT": CodeFact("validation", "Nothing was written. Use a free file name in an existing folder."),
    "B24MCP_IMPORT": CodeFact(
        "validation", "Nothing was imported. A file ends in .csv, .tsv, .jsonl, .json, .xlsx or .parquet."
    ),
}
