"""The tool `import_records`."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.progress import ListProgress
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import READS_LOCALLY, PortalName, SaveAs


async def import_records(
    ctx: Context[App],
    path: Annotated[
        str, Field(description=".csv, .tsv, .jsonl, .json, .xlsx or .parquet. book.xlsx#Sheet2 names a sheet")
    ],
    save_as: SaveAs = None,
    portal: PortalName = None,
) -> Reply:
    """Read a file from the user's folder into a local data set for query_records. Nothing is sent to the portal.

    Returns counts, columns with types, the first rows, and problems by row and column. Phones, tax and account numbers
    stay text.
    """
    from b24_mcp.app.imports import import_file  # not needed to start and list the tools

    progress = ListProgress(ctx)
    app = ctx.request_context.lifespan_context
    return await import_file(app, path, save_as, portal, on_rows=progress.rows, on_wait=progress.wait)


def import_records_tool() -> FormalTool:
    """Return the tool. It reads a file on this computer and changes nothing on the portal."""
    return make_tool(import_records, title="Import a file", annotations=READS_LOCALLY)
