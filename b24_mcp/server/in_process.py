"""An MCP client in this process: it speaks the protocol with the real server, without a second program."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult, TextContent

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server


@dataclass(frozen=True, slots=True)
class InProcessClient:
    """A connected client. Each call goes through the server as it would from another program."""

    client: Client

    async def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Call a tool and return its answer, parsed."""
        (block,) = (await self.client.call_tool(tool, arguments)).content
        assert isinstance(block, TextContent)
        answer: dict[str, Any] = json.loads(block.text)
        return answer


@asynccontextmanager
async def in_process_client(redactor: Redactor, allows: Callable[[str], bool]) -> AsyncIterator[InProcessClient]:
    """Start the server and yield a client of it. `allows` answers each question for approval."""

    async def answer(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        if allows(params.message):
            return ElicitResult(action="accept", content={"allow": True})
        return ElicitResult(action="decline")

    async with Client(build_server(redactor), elicitation_callback=answer) as client:
        yield InProcessClient(client)
