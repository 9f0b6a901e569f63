"""The tool `search_docs`."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from mcp.server.mcpserver import Context
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.app import App
from b24_mcp.app.doc_pages import PageKind, search_pages
from b24_mcp.server.tooling import FormalTool, make_tool

OFFLINE = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
"""The annotations of tools that only read the local copy of the documentation."""


async def search_docs(
    ctx: Context[App],
    query: Annotated[str, Field(description="A question in English or Russian")],
    kind: Annotated[PageKind | SkipJsonSchema[None], Field(description="Only pages of this kind")] = None,
    limit: Annotated[int, Field(description="How many, by default 5", ge=1, le=20)] = 5,
) -> CallToolResult:
    """Search the official Bitrix24 documentation: how things work, tutorials, events, widgets, methods.

    Returns pages, each with the section that matches and an extract; read_doc reads them. Works offline.
    """
    app = ctx.request_context.lifespan_context
    found = await run_sync(search_pages, query, kind, limit)
    return await app.answer({"ok": True, **found}, failed=False)


def search_docs_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(search_docs, title="Search the Bitrix24 documentation", annotations=OFFLINE)
