"""The tool `find_methods`."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import READS_LOCALLY


async def find_methods(
    ctx: Context[App],
    query: Annotated[str, Field(description="What to do, in English or Russian, or part of a method name")],
    scope: Annotated[str | SkipJsonSchema[None], Field(description="Only methods of this scope, e.g. crm")] = None,
    limit: Annotated[int, Field(description="Number of methods, by default 8", ge=1, le=30)] = 8,
) -> Reply:
    """Find Bitrix24 REST methods by what they do, e.g. "put a deal on hold" or "кто в отпуске".

    Returns each method with its effect (read, write, destructive), risks, and parameters (* required). Works offline.
    describe_method has the details.
    """
    from b24_mcp.app.methods import search_methods  # not needed to start and list the tools

    return await search_methods(ctx.request_context.lifespan_context, query, scope=scope, limit=limit)


def find_methods_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(find_methods, title="Find Bitrix24 methods", annotations=READS_LOCALLY)
