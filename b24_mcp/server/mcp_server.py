"""The MCP server: its name, instructions, tools and resources."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mcp.server.mcpserver import MCPServer, RequestStateSecurity

from b24_mcp import __version__
from b24_mcp.access import Level
from b24_mcp.app.app import App, open_app
from b24_mcp.rest import Clock
from b24_mcp.secrets import Redactor
from b24_mcp.server.instructions import instructions_for
from b24_mcp.server.offer import Offer
from b24_mcp.server.offering import OfferMiddleware
from b24_mcp.server.prompts import add_prompts
from b24_mcp.server.renamed import RENAMED_ARGUMENTS, RENAMED_TOOLS, RenamingServer
from b24_mcp.server.resources import add_method_resource, add_records_resource
from b24_mcp.server.skills import SkillsExtension
from b24_mcp.server.tooling import FormalTool, name_portals, read_arguments
from b24_mcp.server.tools.apply_records import apply_records_tool
from b24_mcp.server.tools.batch_call import batch_call_tool
from b24_mcp.server.tools.call_method import call_method_tool
from b24_mcp.server.tools.describe_fields import describe_fields_tool
from b24_mcp.server.tools.describe_method import describe_method_tool
from b24_mcp.server.tools.download_file import download_file_tool
from b24_mcp.server.tools.export_records import export_records_tool
from b24_mcp.server.tools.find_methods import find_methods_tool
from b24_mcp.server.tools.find_records import find_records_tool
from b24_mcp.server.tools.import_records import import_records_tool
from b24_mcp.server.tools.list_records import list_records_tool
from b24_mcp.server.tools.portal_info import portal_info_tool
from b24_mcp.server.tools.query_records import query_records_tool
from b24_mcp.server.tools.read_batch import read_batch_tool
from b24_mcp.server.tools.read_doc import add_doc_resource, read_doc_tool
from b24_mcp.server.tools.read_method import read_method_tool
from b24_mcp.server.tools.search_docs import search_docs_tool

if TYPE_CHECKING:
    from b24_mcp.app.people_logins import PeopleLogins


def build_server(
    redactor: Redactor,
    on_close: Callable[[], None] = lambda: None,
    clock: Clock | None = None,
    *,
    level: Level = "write",
    portals: Sequence[str] = (),
    keys: Sequence[str] = (),
    tools: Sequence[str] = (),
    people: PeopleLogins | None = None,
) -> MCPServer[App]:
    """Return a server. It makes no connection and reads no settings before a tool is called.

    `on_close` is called after the server has closed everything that the tools opened. `clock` is for tests. `level`
    selects the listed tools and annotations; at `read`, writes are refused under any settings. `portals` are the names
    that clients may choose from, the default first. `keys` encrypt the state that a client carries from a question to
    its answer: the first encrypts, all decrypt. Servers that accept each other's answers share them. Without keys, this
    process uses one of its own. `tools` are the tools that clients get; empty for all. `people` are the logins of the
    people for whom the server acts.
    """

    running: list[App] = []

    @asynccontextmanager
    async def lifespan(_: MCPServer[App]) -> AsyncGenerator[App]:
        try:
            async with open_app(redactor, clock, "read" if level == "read" else "full", people) as app:
                running.append(app)
                yield app
        finally:
            running.clear()
            on_close()

    offer = Offer(level, tools=frozenset(tools) or None)
    # Only a server with old names has to look at each call for them.
    server_class = RenamingServer if RENAMED_TOOLS or RENAMED_ARGUMENTS else MCPServer[App]
    server = server_class(
        "b24-mcp",
        title="Bitrix24",
        version=__version__,
        instructions=instructions_for(offer),
        lifespan=lifespan,
        tools=[name_portals(tool, portals) for tool in tools_for(level) if offer.has(tool.name)],
        request_state_security=RequestStateSecurity(keys=keys) if keys else None,
        extensions=[SkillsExtension()],
        subscriptions=False,  # the list of tools does not change while the server runs
        log_level="WARNING",
        middleware=[read_arguments, OfferMiddleware(offer)],
    )
    add_method_resource(server, lambda: running[-1] if running else None)
    add_doc_resource(server)
    add_records_resource(server)
    add_prompts(server)
    return server


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
