"""The tool `download_file`."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.progress import CallProgress
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import WRITES_FILE, PortalName


async def download_file(
    ctx: Context[App],
    source: Annotated[
        str,
        Field(
            description="A download handle of an answer, disk 123, attachment 45, or METHOD ID FIELD [position]: "
            "crm.deal.get 17 UF_CRM_1 2"
        ),
    ],
    path: Annotated[str | None, Field(description="Name, or folder/. Default: the portal's name.")] = None,
    preview: Annotated[bool, Field(description="Add the first text: txt, CSV, PDF, DOCX, XLSX.")] = False,
    portal: PortalName = None,
) -> Reply:
    """Save a file of the portal in the user's folder for files (see portal_info). Never replaces a file."""
    from b24_mcp.app.files import downloads  # not needed to start and list the tools

    app = ctx.request_context.lifespan_context
    on_wait = CallProgress(ctx)
    return await downloads.download_file(app, source, path, preview=preview, portal=portal, on_wait=on_wait)


def download_file_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(download_file, title="Download a file", annotations=WRITES_FILE)
