"""The MCP server over stdin and stdout, for one client."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import anyio
from mcp.server.mcpserver import MCPServer
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError

from b24_mcp.app.app import App
from b24_mcp.app.logs import configure_logging
from b24_mcp.config import ConfigurationOverview, load_overview
from b24_mcp.secrets import Redactor
from b24_mcp.server.lines import ClientMessages, ServerMessages
from b24_mcp.server.mcp_server import build_server
from b24_mcp.server.pipes import InputLines, Output, private_stdin, private_stdout

_SECONDS_TO_STOP = 8.0  # a request that writes is answered first


def serve_stdio() -> None:
    """Serve until the client closes stdin, or until SIGINT or SIGTERM. Then close all connections and files."""
    redactor = Redactor()
    configure_logging(redactor)
    if sys.stdin.isatty():
        sys.stderr.write(
            "b24-mcp is waiting for an MCP client on stdin. Clients start it themselves; `b24-mcp --help` shows the "
            "other commands. Press Ctrl-C to stop.\n"
        )
    anyio.run(_serve, redactor, load_overview())


async def _serve(redactor: Redactor, overview: ConfigurationOverview) -> None:
    closed = anyio.Event()
    server = build_server(
        redactor,
        on_close=closed.set,
        level=overview.level,
        portals=overview.portals,
        tools=overview.tools,
        dialect=overview.dialect,
    )
    async with anyio.create_task_group() as tasks:
        if sys.platform != "win32":
            tasks.start_soon(_stop_on_signal, tasks.cancel_scope, closed)
        await _serve_lines(server, tasks.cancel_scope.cancel)
        tasks.cancel_scope.cancel()


async def _serve_lines(server: MCPServer[App], on_lost: Callable[[], None]) -> None:
    """Serve as `MCPServer.run_stdio_async` does, and also answer lines that cannot be parsed."""
    answers = ServerMessages(Output(private_stdout()), on_lost)

    async def answer(error: JSONRPCError) -> None:
        await answers.send(SessionMessage(error))

    messages = ClientMessages(InputLines(private_stdin()), answer)
    lowlevel = server._lowlevel_server
    await lowlevel.run(messages, answers, lowlevel.create_initialization_options())


async def _stop_on_signal(scope: anyio.CancelScope, closed: anyio.Event) -> None:
    """Cancel the server, wait until it has closed everything, and exit: a thread reading stdin would block the exit."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()
            with anyio.move_on_after(_SECONDS_TO_STOP, shield=True):
                await closed.wait()
            os._exit(0)
