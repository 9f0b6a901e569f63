"""A question of one server that another server behind the same balancer gets the answer to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from mcp.server.mcpserver import Context, Elicit, ElicitationResult, Resolve
from mcp_types import ElicitResult
from pydantic import BaseModel

from b24_mcp.app.app import App
from b24_mcp.server.http.application import http_application
from b24_mcp.server.http.options import HttpOptions, Issuer
from b24_mcp.state import open_state
from tests.server.http.conftest import MODERN, Served, modern_headers, watched_server
from tests.server.http.issuer import NAME, URL, SignedFor

NEW, OLD = "n" * 32, "o" * 32


class Sure(BaseModel):
    """The answer of the user."""

    sure: bool


async def ask() -> Elicit[Sure]:
    return Elicit("Delete it?", Sure)


async def delete(ctx: Context[App], answer: Annotated[ElicitationResult[Sure], Resolve(ask)]) -> str:
    return answer.action


@asynccontextmanager
async def replicas(*keys: tuple[str, ...], **options: Any) -> AsyncIterator[list[httpx.AsyncClient]]:
    async with AsyncExitStack() as stack:
        clients = []
        for ring in keys:
            server = watched_server(Served(httpx.AsyncClient()), keys=ring)
            server.tool()(delete)
            application, _ = http_application(server, HttpOptions(**options), open_state("memory"))
            await stack.enter_async_context(application.router.lifespan_context(application))
            transport = httpx.ASGITransport(application)
            clients.append(
                await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1"))
            )
        yield clients


async def call(client: httpx.AsyncClient, token: str | None = None, **answered: Any) -> Any:
    capabilities: dict[str, Any] = {"elicitation": {"form": {}}}
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    }
    params = {"name": "delete", "arguments": {}, "_meta": meta} | answered
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return (await client.post("/mcp", headers=modern_headers("delete", token), content=json.dumps(body))).json()


def answers(asked: Any) -> dict[str, Any]:
    yes = ElicitResult(action="accept", content={"sure": True}).model_dump(by_alias=True, exclude_none=True)
    return {
        "requestState": asked["result"]["requestState"],
        "inputResponses": dict.fromkeys(asked["result"]["inputRequests"], yes),
    }


@pytest.mark.parametrize("keys", [((NEW,), (NEW,)), ((OLD, NEW), (NEW, OLD)), ((NEW, OLD), (OLD, NEW))])
async def test_any_server_with_the_key_accepts_the_answer(keys: tuple[tuple[str, ...], ...]) -> None:
    async with replicas(*keys) as (one, other):
        asked = await call(one)
        assert asked["result"]["resultType"] == "input_required"
        told = await call(other, **answers(asked))
    assert told["result"]["content"][0]["text"] == "accept"


@pytest.mark.parametrize("keys", [((NEW,), (OLD,)), ((), ())])
async def test_a_server_with_another_key_refuses_the_answer(keys: tuple[tuple[str, ...], ...]) -> None:
    async with replicas(*keys) as (one, other):
        asked = await call(one)
        assert "error" in await call(other, **answers(asked))


async def test_a_question_to_one_user_cannot_be_answered_by_another(issuer: SignedFor) -> None:
    async with replicas((NEW,), (NEW,), url=URL, issuer=Issuer(NAME, issuer.url, URL)) as (one, other):
        one.headers["host"] = other.headers["host"] = "mcp.example.com"
        asked = await call(one, issuer.token())
        assert "error" in await call(other, issuer.token(sub="bob"), **answers(asked))
        assert (await call(other, issuer.token(), **answers(asked)))["result"]["content"][0]["text"] == "accept"
