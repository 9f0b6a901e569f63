"""The texts of tools about SQL, in the dialect of the database that holds the data sets."""

from __future__ import annotations

from typing import Any, Literal

from b24_mcp.server.tooling import FormalTool

_TEXTS = {
    "One SELECT in SQLite syntax": "One SELECT in PostgreSQL syntax",
    "datetime columns hold ISO texts with an offset:\nsubstr(x, 1, 7) is the month, julianday(x) counts days. "
    "For json columns: json_extract, json_each.": "Dates and JSON are texts, flags 1 and 0:\n"
    "substr(x, 1, 7) is the month, x::timestamptz a time, x::json JSON.",
}
"""What stands in the texts for SQLite, and what takes its place for PostgreSQL. It is no longer, because the list of
tools has a budget.
"""


def name_dialect(tool: FormalTool, dialect: Literal["SQLite", "PostgreSQL"]) -> FormalTool:
    """Set the texts of a tool about SQL to those of a dialect."""
    if dialect == "SQLite":
        return tool
    tool.description = _written(tool.description)
    for argument in tool.parameters.get("properties", {}).values():
        _rewrite(argument)
    return tool


def _rewrite(argument: dict[str, Any]) -> None:
    if "description" in argument:
        argument["description"] = _written(argument["description"])


def _written(text: str) -> str:
    for former, new in _TEXTS.items():
        text = text.replace(former, new)
    return text
