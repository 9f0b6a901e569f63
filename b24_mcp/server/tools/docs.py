"""The tools and the resource of the official documentation, as `build_server` registers them."""

from __future__ import annotations

from b24_mcp.server.tooling import FormalTool
from b24_mcp.server.tools.read_doc import add_doc_resource, read_doc_tool
from b24_mcp.server.tools.search_docs import search_docs_tool

__all__ = ["add_doc_resource", "doc_tools"]


def doc_tools() -> list[FormalTool]:
    """Return the tools, in the order in which they are listed."""
    return [search_docs_tool(), read_doc_tool()]
