"""The tool `read_batch`."""

from __future__ import annotations

from mcp.server.mcpserver import Context

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.progress import CallProgress
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import READS_PORTAL, Commands, PortalName, Resolve, Validate, Version


async def read_batch(
    ctx: Context[App],
    commands: Commands,
    resolve: Resolve = False,
    version: Version = "auto",
    validate: Validate = True,
    portal: PortalName = None,
) -> Reply:
    """read_method for several commands in few requests. A value may refer to an earlier result, e.g. commands
    {"me": {"method": "user.current"},
    "dep": {"method": "department.get", "params": {"ID": "$result[me][UF_DEPARTMENT][0]"}}}.

    A reference is a whole value, or stands between spaces. Also: $total[name], $next[name].
    Returns a summary and the result or error of each command. "equal" joins equal outcomes, "tables" similar results.
    """
    # Not needed to start and list the tools.
    from b24_mcp.app.calls import run_batch
    from b24_mcp.app.planning import BatchRequest

    app = ctx.request_context.lifespan_context
    request = BatchRequest(commands, version=version, validate=validate, reading_only=True, resolve=resolve)
    return await run_batch(app, request, portal, on_wait=CallProgress(ctx))


def read_batch_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(read_batch, title="Read with many Bitrix24 methods", annotations=READS_PORTAL)
