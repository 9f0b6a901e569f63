"""The tool `read_doc`."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.knowledge import host_of
from b24_mcp.app.library import SampleLanguage
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import READS_LOCALLY


async def read_doc(
    ctx: Context[App],
    page: Annotated[
        str,
        Field(description="Page from search_docs, its address, or the name of a method, event, error code or field"),
    ],
    section: Annotated[
        str | SkipJsonSchema[None], Field(description="Only this section. To read on: the value of cut.section")
    ] = None,
    code: Annotated[SampleLanguage, Field(description="Language of code samples, by default curl")] = "curl",
) -> Reply:
    """Read a page of the official Bitrix24 documentation, or a section of it, as Markdown."""
    from b24_mcp.app.doc_pages import read_documentation  # not needed to start and list the tools

    host = host_of(ctx.request_context.lifespan_context)
    answer, budget = await read_documentation(page, section or "", code, host, ctx.report_progress)
    return Reply({"ok": True, **answer}, budget)


def read_doc_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(read_doc, title="Read the Bitrix24 documentation", annotations=READS_LOCALLY)
