"""The tool `list_records`."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.progress import ListProgress
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import READS_PORTAL, Params, PortalName, SaveAs


async def list_records(
    ctx: Context[App],
    method: Annotated[str, Field(description="A list method, e.g. crm.deal.list")],
    params: Annotated[Params, Field(description="Its parameters, without paging")] = None,
    limit: Annotated[
        Annotated[int, Field(ge=1)] | SkipJsonSchema[None], Field(description="Maximum rows, by default all")
    ] = None,
    save_as: SaveAs = None,
    resume: Annotated[bool, Field(description="Continue where the same call was interrupted or limited.")] = False,
    refresh: Annotated[
        bool, Field(description="Bring the data set up to date: reads only what changed, listed in NAME_changes.")
    ] = False,
    portal: PortalName = None,
) -> Reply:
    """Read all pages of a Bitrix24 list into a local data set, e.g. method crm.deal.list with
    params {"filter": {"CLOSED": "N"}, "select": ["ID", "OPPORTUNITY", "ASSIGNED_BY_ID"]}. Select only the fields you
    need.

    Returns counts, columns and the first rows. query_records queries all of them.
    """
    from b24_mcp.app.lists import ListRequest, read_list  # not needed to start and list the tools

    app = ctx.request_context.lifespan_context
    progress = ListProgress(ctx)
    request = ListRequest(method, params, limit, save_as, resume, refresh)
    return await read_list(app, request, portal, on_rows=progress.rows, on_wait=progress.wait)


def list_records_tool() -> FormalTool:
    """Return the tool. It changes nothing on the portal: data sets are local."""
    return make_tool(list_records, title="Read a whole Bitrix24 list", annotations=READS_PORTAL)
