"""The tool `query_records`."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.image_clients import shows_images
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import READS_PORTAL, Chart, PortalName, Sql


async def query_records(
    ctx: Context[App],
    sql: Sql,
    limit: Annotated[int, Field(description="Maximum rows, by default 100", ge=1, le=5_000)] = 100,
    chart: Chart = False,
    portal: PortalName = None,
) -> Reply:
    """Query data sets of list_records and import_records, with joins, e.g.
    SELECT ASSIGNED_BY_ID, count(*), sum(OPPORTUNITY) FROM crm_deal_list GROUP BY 1.

    SELECT name, rows, columns FROM data_sets lists them. datetime columns hold ISO texts with an offset:
    substr(x, 1, 7) is the month, julianday(x) counts days. For json columns: json_extract, json_each.
    Tables of the portal itself, for joins: portal_users (id, name), portal_departments,
    portal_stages (join on entity, e.g. deal, and stage_id for the name),
    portal_options, portal_fields, portal_notes (what words mean here, named queries).
    """
    from b24_mcp.app.records import query_data_sets  # not needed to start and list the tools

    app = ctx.request_context.lifespan_context
    images = shows_images(ctx)
    return await query_data_sets(app, sql, limit=limit, chart=chart, shows_images=images, portal=portal)


def query_records_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(query_records, title="Query data sets", annotations=READS_PORTAL)
