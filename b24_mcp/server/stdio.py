"""Serving one client over stdin and stdout."""

from __future__ import annotations

import os
import signal
import sys

import anyio

from b24_mcp.app.logs import configure_logging
from b24_mcp.secrets import Redactor
from b24_mcp.server.announcement import Announced
from b24_mcp.server.mcp_server import build_server

_SECONDS_TO_STOP = 2.0


def serve_stdio() -> None:
    """Serve until the client closes stdin, or until SIGINT or SIGTERM; then close what is open."""
    redactor = Redactor()
    configure_logging(redactor)
    if sys.stdin.isatty():
        sys.stderr.write(
            "b24-mcp waits for an MCP client on stdin. Clients start it themselves; `b24-mcp --help` says what else "
            "it can do. Ctrl-C ends it.\n"
        )
    anyio.run(_serve, redactor, Announced())


async def _serve(redactor: Redactor, announced: Announced) -> None:
    closed = anyio.Event()
    server = build_server(redactor, on_close=closed.set, level=announced.level, portals=announced.portals)
    async with anyio.create_task_group() as tasks:
        if sys.platform != "win32":
            tasks.start_soon(_stop_on_signal, tasks.cancel_scope, closed)
        await server.run_stdio_async()
        tasks.cancel_scope.cancel()


async def _stop_on_signal(scope: anyio.CancelScope, closed: anyio.Event) -> None:
    """Cancel the server, let it close what is open, and leave: a thread still reading stdin would hold the process."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()
            with anyio.move_on_after(_SECONDS_TO_STOP, shield=True):
                await closed.wait()
            os._exit(0)
