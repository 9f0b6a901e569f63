"""The tool `call_method`."""

from __future__ import annotations

from mcp.server.mcpserver import Context

from b24_mcp.access import Level
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.calls import run_call
from b24_mcp.app.planning import CallRequest
from b24_mcp.server.elicitation import ClientQuestion
from b24_mcp.server.progress import CallProgress
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import (
    CHANGES_PORTAL,
    READS_PORTAL,
    AnswerFormat,
    DryRun,
    Method,
    MethodParams,
    PortalName,
    Resolve,
    Validate,
    Version,
)


async def call_method(
    ctx: Context[App],
    method: Method,
    params: MethodParams = None,
    resolve: Resolve = False,
    version: Version = "auto",
    format: AnswerFormat = "json",
    validate: Validate = True,
    dry_run: DryRun = False,
    portal: PortalName = None,
) -> Reply:
    """Call one Bitrix24 REST method, e.g. method crm.deal.list with
    params {"filter": {">=OPPORTUNITY": 1000}, "select": ["ID", "TITLE"], "order": {"ID": "DESC"}}.

    Returns JSON: ok, version, result, and for lists total and next (pass next as start for the next page of 50, in v3
    add it to params). On failure, error.executed says whether the call took effect (no, yes, unknown) and error.hint
    what to do. Use batch_call for several calls.
    """
    app = ctx.request_context.lifespan_context
    request = CallRequest(method, params, version, format, validate, dry_run, resolve=resolve)
    return await run_call(app, request, portal, ask=ClientQuestion(ctx), on_wait=CallProgress(ctx))


def call_method_tool(level: Level) -> FormalTool:
    """Return the tool, for clients of this access level."""
    annotations = READS_PORTAL if level == "read" else CHANGES_PORTAL
    return make_tool(call_method, title="Call a Bitrix24 method", annotations=annotations)
