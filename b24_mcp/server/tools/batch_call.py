"""The tool `batch_call`."""

from __future__ import annotations

from mcp.server.mcpserver import Context

from b24_mcp.access import Level
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.calls import run_batch
from b24_mcp.app.planning import BatchRequest
from b24_mcp.server.elicitation import ClientQuestion
from b24_mcp.server.progress import CallProgress
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import (
    CHANGES_PORTAL,
    READS_PORTAL,
    AnswerFormat,
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
    commands: Commands,
    halt: Halt = False,
    resolve: Resolve = False,
    version: Version = "auto",
    format: AnswerFormat = "json",
    validate: Validate = True,
    dry_run: DryRun = False,
    portal: PortalName = None,
) -> Reply:
    """Call several Bitrix24 REST methods in few requests. A value may refer to an earlier result, e.g. commands
    {"me": {"method": "user.current"},
    "dep": {"method": "department.get", "params": {"ID": "$result[me][UF_DEPARTMENT][0]"}}}.

    A reference is a whole value, or stands between spaces. Also: $total[name], $next[name].
    Returns a summary and, for each command, its result, its error, or why it did not run. In large batches "equal"
    joins equal outcomes and "tables" similar results. Independent commands still run after a failure unless halt is
    true.
    """
    app = ctx.request_context.lifespan_context
    request = BatchRequest(commands, halt, version, format, validate, dry_run, resolve)
    return await run_batch(app, request, portal, ask=ClientQuestion(ctx), on_wait=CallProgress(ctx))


def batch_call_tool(level: Level) -> FormalTool:
    """Return the tool, for clients of this access level."""
    annotations = READS_PORTAL if level == "read" else CHANGES_PORTAL
    return make_tool(batch_call, title="Call many Bitrix24 methods", annotations=annotations)
