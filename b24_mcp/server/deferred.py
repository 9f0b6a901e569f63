"""A server whose tools are made when they are first needed.

A client waits for the answer to its first message, and the imports of the tools take longer than all other work before
that answer. So they follow it: while the client reads the answer, or with the first request that needs a tool.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import anyio
from anyio.to_thread import run_sync
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.tools import Tool, ToolManager

from b24_mcp.app.app import App

_FIRST = ("initialize", "server/discover")
_SECONDS_TO_ANSWER = 0.02
"""Seconds in which the answer to the first message is sent. The imports would delay it."""


class DeferredTools(ToolManager):
    """The tools that `make` returns, made at the first use."""

    def __init__(self, make: Callable[[], Sequence[Tool]]) -> None:
        super().__init__()
        self._make = make
        self._lock = threading.Lock()
        self.is_loaded = False

    def load(self) -> None:
        """Make the tools, unless they were made. Any thread may call this."""
        if self.is_loaded:
            return
        with self._lock:
            if not self.is_loaded:
                self._tools.update((tool.name, tool) for tool in self._make())
                self.is_loaded = True

    def get_tool(self, name: str) -> Tool | None:
        """Return a tool by its name."""
        self.load()
        return super().get_tool(name)

    def list_tools(self) -> list[Tool]:
        """Return all tools."""
        self.load()
        return super().list_tools()


class DeferringServer(MCPServer[App]):
    """A server with deferred tools. `load_tools` makes them at once, where no client waits."""

    def __init__(self, *arguments: Any, make_tools: Callable[[], Sequence[Tool]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deferred = DeferredTools(make_tools)
        self._tool_manager = self._deferred
        self.load_tools = self._deferred.load
        self.middleware.append(self._load)

    async def _load(self, ctx: ServerRequestContext[App, Any], call_next: CallNext) -> HandlerResult:
        """Load the tools in a thread: before a request about them, or after the answer to the first message."""
        if not self._deferred.is_loaded and ctx.method.startswith("tools/"):
            await run_sync(self.load_tools)
        result = await call_next(ctx)
        if ctx.method in _FIRST:
            ctx.lifespan_context.background.start_soon(self._load_soon)
        return result

    async def _load_soon(self) -> None:
        await anyio.sleep(_SECONDS_TO_ANSWER)
        await run_sync(self.load_tools)


async def read_arguments(ctx: ServerRequestContext[App, Any], call_next: CallNext) -> HandlerResult:
    """Middleware that reads the arguments of a tool that a client sends as JSON text, before the SDK refuses them."""
    arguments = ctx.params.get("arguments") if ctx.method == "tools/call" and ctx.params else None
    if isinstance(arguments, str) and ctx.params is not None:
        read = _read(arguments)
        if read is not None:
            ctx = replace(ctx, params={**ctx.params, "arguments": read})
    return await call_next(ctx)


def _read(arguments: str) -> dict[str, object] | None:
    from b24_mcp.catalog import RepeatedNameError, read_json_text  # not needed to start
    from b24_mcp.server.given import is_nothing

    try:
        read = {} if is_nothing(arguments) else read_json_text(arguments)
    except RepeatedNameError:
        return None
    return read if isinstance(read, dict) else None
