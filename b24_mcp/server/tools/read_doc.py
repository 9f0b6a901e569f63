"""The tool `read_doc`, and the same pages as a resource."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.knowledge import host_of
from b24_mcp.app.library import DOC_ADDRESS, SampleLanguage
from b24_mcp.errors import B24Error
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


def add_doc_resource(server: MCPServer[App]) -> None:
    """Add the resource template of documentation pages to a server."""

    @server.resource(DOC_ADDRESS, name="doc", title="A page of the Bitrix24 documentation", mime_type="text/markdown")
    def doc_page(page: str) -> str:
        """A page of the official documentation as Markdown, e.g. en/settings/oauth/index."""
        from b24_mcp.app.doc_pages import page_as_markdown

        try:
            return page_as_markdown(page)
        except B24Error as exc:
            raise ResourceNotFoundError(str(exc)) from None
