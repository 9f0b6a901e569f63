"""The tool `batch_call`."""

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
    NO_COMMANDS,
    AnswerFormat,
    Approval,
    Commands,
    DryRun,
    Halt,
    PortalName,
    Resolve,
    Validate,
    Version,
)


async def batch_call(
    ctx: Context[App],
    commands: Commands = NO_COMMANDS,
    halt: Halt = False,
    resolve: Resolve = False,
    version: Version = "auto",
    format: AnswerFormat = "json",
    validate: Validate = True,
    dry_run: DryRun = False,
    approval: Approval = None,
    portal: PortalName = None,
) -> Reply:
    """call_method for several commands in few requests, with references as in read_batch, e.g. commands
    {"anna": {"method": "crm.contact.add", "params": {"fields": {"NAME": "Anna"}}},
    "deal": {"method": "crm.deal.add", "params": {"fields": {"TITLE": "Order", "CONTACT_ID": "$result[anna]"}}}}.

    Returns as read_batch, and why a command did not run. Independent commands still run after a failure unless halt
    is true.
    """
    # Not needed to start and list the tools.
    from b24_mcp.app.calls import run_batch
    from b24_mcp.app.planning import BatchRequest

    if approval and not commands and not dry_run:
        return await repeat_approved(ctx, approval, portal)
    if not commands:
        raise missing("commands")
    app = ctx.request_context.lifespan_context
    request = BatchRequest(commands, halt, version, format, validate, dry_run, resolve=resolve)
    return await run_batch(app, request, portal, ask=ClientQuestion(ctx), on_wait=CallProgress(ctx))


def batch_call_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(batch_call, title="Call many Bitrix24 methods", annotations=CHANGES_PORTAL)
