"""The tool `search_docs`."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.knowledge import host_of
from b24_mcp.app.library import PageKind
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import READS_LOCALLY


async def search_docs(
    ctx: Context[App],
    query: Annotated[str, Field(description="A question in English or Russian")],
    kind: Annotated[PageKind | SkipJsonSchema[None], Field(description="Only pages of this kind")] = None,
    limit: Annotated[int, Field(description="How many, by default 5", ge=1, le=20)] = 5,
) -> Reply:
    """Search the official Bitrix24 documentation: how things work, tutorials, events and their data, widgets, methods,
    error codes.

    Returns pages, each with the section that answers and an extract. read_doc reads them.
    """
    from b24_mcp.app.doc_pages import search_documentation  # not needed to start and list the tools

    host = host_of(ctx.request_context.lifespan_context)
    return Reply({"ok": True, **await search_documentation(query, kind, limit, host, ctx.report_progress)})


def search_docs_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(search_docs, title="Search the Bitrix24 documentation", annotations=READS_LOCALLY)
