"""The tool `read_method`."""

from __future__ import annotations

from mcp.server.mcpserver import Context

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.progress import CallProgress
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import (
    READS_PORTAL,
    AnswerFormat,
    Empty,
    Limit,
    Method,
    MethodParams,
    PortalName,
    Resolve,
    Validate,
    Version,
)


async def read_method(
    ctx: Context[App],
    method: Method,
    params: MethodParams = None,
    limit: Limit = None,
    resolve: Resolve = False,
    empty: Empty = False,
    version: Version = "auto",
    format: AnswerFormat = "json",
    validate: Validate = True,
    portal: PortalName = None,
) -> Reply:
    """Call one Bitrix24 REST method that only reads, e.g. the largest open deals: method crm.deal.list with
    params {"filter": {"CLOSED": "N"}, "order": {"OPPORTUNITY": "DESC"}, "select": ["ID", "TITLE", "OPPORTUNITY"]} and
    limit 5. Clients run it without asking the user. Methods that write are refused.

    Returns JSON: ok, version, result, and for lists total and next (pass next as start for the next page of 50, in v3
    add it to params). "empty" counts empty values that are left out.
    """
    # Not needed to start and list the tools.
    from b24_mcp.app.calls import run_call
    from b24_mcp.app.planning import CallRequest

    app = ctx.request_context.lifespan_context
    request = CallRequest(
        method, params, version, format, validate, reading_only=True, resolve=resolve, limit=limit, empty=empty
    )
    return await run_call(app, request, portal, on_wait=CallProgress(ctx))


def read_method_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(read_method, title="Read with a Bitrix24 method", annotations=READS_PORTAL)
