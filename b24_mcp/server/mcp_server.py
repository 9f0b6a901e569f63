"""The MCP server: its name, instructions, tools and resources."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from mcp.server.mcpserver import RequestStateSecurity

from b24_mcp import __version__
from b24_mcp.access.caller import Level
from b24_mcp.app.app import App, open_app
from b24_mcp.secrets import Redactor
from b24_mcp.server.deferred import DeferringServer, read_arguments
from b24_mcp.server.instructions import instructions_for
from b24_mcp.server.offer import Offer
from b24_mcp.server.offering import OfferMiddleware
from b24_mcp.server.prompts import add_prompts
from b24_mcp.server.renamed import RENAMED_ARGUMENTS, RENAMED_TOOLS, RenamingServer
from b24_mcp.server.resources import add_doc_resource, add_method_resource, add_records_resource
from b24_mcp.server.skills import SkillsExtension

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.tools import Tool

    from b24_mcp.app.people_logins import PeopleLogins
    from b24_mcp.rest import Clock


def build_server(
    redactor: Redactor,
    on_close: Callable[[], None] = lambda: None,
    clock: Clock | None = None,
    *,
    level: Level = "write",
    portals: Sequence[str] = (),
    keys: Sequence[str] = (),
    tools: Sequence[str] = (),
    dialect: Literal["SQLite", "PostgreSQL"] = "SQLite",
    people: PeopleLogins | None = None,
) -> DeferringServer:
    """Return a server. It makes no connection and reads no settings before a tool is called.

    `on_close` is called after the server has closed everything that the tools opened. `clock` is for tests. `level`
    selects the listed tools and annotations; at `read`, writes are refused under any settings. `portals` are the names
    that clients may choose from, the default first. `keys` encrypt the state that a client carries from a question to
    its answer: the first encrypts, all decrypt. Servers that accept each other's answers share them. Without keys, this
    process uses one of its own. `tools` are the tools that clients get; empty for all. `dialect` is that of
    queries of data sets. `people` are the logins of the people for whom the server acts.
    """

    running: list[App] = []

    @asynccontextmanager
    async def lifespan(_: MCPServer[App]) -> AsyncGenerator[App]:
        if running:  # another transport of this server
            yield running[-1]
            return
        try:
            async with open_app(redactor, clock, "read" if level == "read" else "full", people) as app:
                running.append(app)
                yield app
        finally:
            running.clear()
            on_close()

    def make_tools() -> list[Tool]:
        from b24_mcp.server.tools.listed import offered_tools

        return offered_tools(offer, portals, dialect)

    offer = Offer(level, tools=frozenset(tools) or None)
    # Only a server with old names has to look at each call for them.
    server_class = RenamingServer if RENAMED_TOOLS or RENAMED_ARGUMENTS else DeferringServer
    server = server_class(
        "b24-mcp",
        title="Bitrix24",
        version=__version__,
        instructions=instructions_for(offer),
        lifespan=lifespan,
        make_tools=make_tools,
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
