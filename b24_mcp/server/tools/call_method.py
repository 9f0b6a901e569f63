"""The tool `call_method`."""

from __future__ import annotations

from mcp.server.mcpserver import Context

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.elicitation import ClientQuestion
from b24_mcp.server.progress import CallProgress
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.approved import missing, repeat_approved
from b24_mcp.server.tools.arguments import (
    CHANGES_PORTAL,
    AnswerFormat,
    Approval,
    DryRun,
    OptionalMethod,
    PortalName,
    Resolve,
    Validate,
    Version,
    WriteParams,
)


async def call_method(
    ctx: Context[App],
    method: OptionalMethod = None,
    params: WriteParams = None,
    resolve: Resolve = False,
    version: Version = "auto",
    format: AnswerFormat = "json",
    validate: Validate = True,
    dry_run: DryRun = False,
    approval: Approval = None,
    portal: PortalName = None,
) -> Reply:
    """Call one Bitrix24 REST method that writes (for reading use read_method), e.g. method crm.deal.update with
    params {"id": 7, "fields": {"COMMENTS": "Paid"}}.

    Returns JSON: ok, version, result. "left_out" counts values of a written record that are not shown. On failure,
    error.executed says whether the call took effect (no, yes, unknown) and error.hint what to do.
    """
    # Not needed to start and list the tools.
    from b24_mcp.app.calls import run_call
    from b24_mcp.app.planning import CallRequest

    if approval and params is None and not dry_run:
        return await repeat_approved(ctx, approval, portal)
    if method is None:
        raise missing("method")
    app = ctx.request_context.lifespan_context
    request = CallRequest(method, params, version, format, validate, dry_run, resolve=resolve)
    return await run_call(app, request, portal, ask=ClientQuestion(ctx), on_wait=CallProgress(ctx))


def call_method_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(call_method, title="Call a Bitrix24 method", annotations=CHANGES_PORTAL)
