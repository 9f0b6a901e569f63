"""MCP clients for the tests of the server: in memory, in both protocol eras, on the sandbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Literal

import pytest
from blockbuster import blockbuster_ctx
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from tests.loopback import LoopbackPortal, loopback_portal

Answer = dict[str, Any]
CallTool = Callable[..., Awaitable[Answer]]


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> Literal["auto", "legacy"]:
    """The protocol generation of the client: the current one, and the older one."""
    found: Literal["auto", "legacy"] = request.param
    return found


@pytest.fixture
async def client(era: Literal["auto", "legacy"]) -> AsyncIterator[Client]:
    async with Client(build_server(Redactor()), mode=era) as connected:
        yield connected


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[None]:
    """Make a blocking call of the package inside the event loop an error."""
    with blockbuster_ctx("b24_mcp") as blocking:
        # The first request of a process may import the tools.
        blocking.functions["io.TextIOWrapper.read"].can_block_in("b24_mcp/server/given.py", "_host_arguments")
        # They read and write only what is ready.
        blocking.functions["os.read"].can_block_in("b24_mcp/server/pipes.py", "_read")
        blocking.functions["os.write"].can_block_in("b24_mcp/server/pipes.py", "_write_now")
        yield


@pytest.fixture
def call_tool(client: Client) -> CallTool:
    """Call a tool and return its parsed answer, after checks that apply to every answer."""

    async def call(name: str, **arguments: Any) -> Answer:
        result = await client.call_tool(name, arguments)
        (block,) = result.content
        text = getattr(block, "text", "")
        answer: Answer = json.loads(text)
        assert result.is_error is not answer["ok"]
        assert result.structured_content is None
        assert text == json.dumps(answer, ensure_ascii=False, separators=(",", ":")), "the answer is not compact"
        return answer

    return call


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackPortal]:
    """A portal on loopback, configured as a user would configure it."""
    with loopback_portal() as served:
        monkeypatch.setenv("B24_WEBHOOK_URL", served.address)
        yield served
