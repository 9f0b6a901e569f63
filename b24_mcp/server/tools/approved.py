"""The argument `approval` of tools that write: an approved request is repeated by its code alone."""

from __future__ import annotations

from mcp.server.mcpserver import Context

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.errors import B24Error, FieldProblem, our_error
from b24_mcp.server.elicitation import ClientQuestion
from b24_mcp.server.progress import CallProgress


async def repeat_approved(ctx: Context[App], code: str, portal: str | None) -> Reply:
    """Run the request that was approved under a code; see `b24_mcp.app.approved`."""
    from b24_mcp.app.approved import run_approved  # only after an approval in a terminal

    app = ctx.request_context.lifespan_context
    return await run_approved(app, code, portal, ask=ClientQuestion(ctx), on_wait=CallProgress(ctx))


def missing(argument: str) -> B24Error:
    """Return the error for an argument that only the code of an approval can replace."""
    problem = FieldProblem(argument, "is required but missing")
    return our_error(
        "B24MCP_ARGUMENTS",
        f"The arguments do not fit: {problem.field}: {problem.message}.",
        validation=[problem],
    )
