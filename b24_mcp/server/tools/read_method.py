"""The tool `read_method`."""

from __future__ import annotations

from mcp.server.mcpserver import Context

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.calls import run_call
from b24_mcp.app.planning import CallRequest
from b24_mcp.server.progress import CallProgress
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import (
    READS_PORTAL,
    AnswerFormat,
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
    resolve: Resolve = False,
    version: Version = "auto",
    format: AnswerFormat = "json",
    validate: Validate = True,
    portal: PortalName = None,
) -> Reply:
    """call_method for methods that only read (effect read in describe_method). Prefer it for reading: clients run it
    without asking the user. Other methods are refused.
    """
    app = ctx.request_context.lifespan_context
    request = CallRequest(method, params, version, format, validate, reading_only=True, resolve=resolve)
    return await run_call(app, request, portal, on_wait=CallProgress(ctx))


def read_method_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(read_method, title="Read with a Bitrix24 method", annotations=READS_PORTAL)
