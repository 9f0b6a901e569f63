"""The tools of a server, in the order of the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mcp.server.mcpserver.tools import Tool

from b24_mcp.access import Level
from b24_mcp.server.offer import Offer
from b24_mcp.server.tooling import FormalTool, name_portals
from b24_mcp.server.tools.apply_records import apply_records_tool
from b24_mcp.server.tools.batch_call import batch_call_tool
from b24_mcp.server.tools.call_method import call_method_tool
from b24_mcp.server.tools.describe_fields import describe_fields_tool
from b24_mcp.server.tools.describe_method import describe_method_tool
from b24_mcp.server.tools.dialects import name_dialect
from b24_mcp.server.tools.download_file import download_file_tool
from b24_mcp.server.tools.export_records import export_records_tool
from b24_mcp.server.tools.find_methods import find_methods_tool
from b24_mcp.server.tools.find_records import find_records_tool
from b24_mcp.server.tools.import_records import import_records_tool
from b24_mcp.server.tools.list_records import list_records_tool
from b24_mcp.server.tools.portal_info import portal_info_tool
from b24_mcp.server.tools.query_records import query_records_tool
from b24_mcp.server.tools.read_batch import read_batch_tool
from b24_mcp.server.tools.read_doc import read_doc_tool
from b24_mcp.server.tools.read_method import read_method_tool
from b24_mcp.server.tools.search_docs import search_docs_tool


def offered_tools(offer: Offer, portals: Sequence[str], dialect: Literal["SQLite", "PostgreSQL"]) -> list[Tool]:
    """Return the tools of an offer.

    `portals` are the names that clients may choose from, the default first. `dialect` is that of queries of data sets.
    """
    offered = [tool for tool in tools_for(offer.level) if offer.has(tool.name)]
    return [name_portals(name_dialect(tool, dialect), portals) for tool in offered]


def tools_for(level: Level) -> list[FormalTool]:
    """Return the tools for clients of this access level, in the order of the list."""
    tools = [find_records_tool(), find_methods_tool(), describe_method_tool(), describe_fields_tool()]
    tools += [read_method_tool(), read_batch_tool()]
    if level != "read":
        tools += [call_method_tool(), batch_call_tool()]
    tools += [list_records_tool(), import_records_tool(), query_records_tool()]
    if level != "read":
        tools += [export_records_tool(), apply_records_tool(), download_file_tool()]
    return [*tools, search_docs_tool(), read_doc_tool(), portal_info_tool()]
