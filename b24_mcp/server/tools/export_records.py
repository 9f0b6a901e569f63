"""The tool `export_records`."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import WRITES_FILE, PortalName, Sql


async def export_records(
    ctx: Context[App],
    sql: Sql,
    path: Annotated[str, Field(description="A new file: .csv, .jsonl, .xlsx or .parquet")],
    portal: PortalName = None,
) -> Reply:
    """Write all rows of a SELECT over data sets to a file for the user, in their folder for files (see portal_info)."""
    from b24_mcp.app.records import export_data_sets  # not needed to start and list the tools

    return await export_data_sets(ctx.request_context.lifespan_context, sql, path, portal=portal)


def export_records_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(export_records, title="Export data sets", annotations=WRITES_FILE)
