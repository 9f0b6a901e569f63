"""Addresses such as `/mcp?access=read&portal=sales&tools=find,docs`: they only narrow, and say what they offer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from b24_mcp.config import ConfigurationOverview
from b24_mcp.config.tool_groups import TOOL_GROUPS, TOOL_NAMES
from b24_mcp.secrets import Redactor
from b24_mcp.server.http.application import http_application
from b24_mcp.server.http.options import HttpOptions, Issuer
from b24_mcp.server.mcp_server import build_server
from b24_mcp.server.tools.listed import tools_for
from b24_mcp.state import open_state
from tests.server.http.conftest import TOKEN, modern_call, modern_headers
from tests.server.http.issuer import NAME, URL, SignedFor

WRONG = [
    ("acces=read", "access is probably meant"),
    ("Access=read", "access is probably meant"),
    ("tool=find", "tools is probably meant"),
    ("level=read", "cannot be set there"),
    ("access=admin", "access is one of read, write, full"),
    ("access=READ", "access is one of"),
    ("access=", "access is one of"),
    ("access", "access is one of"),
    ("access=read&access=full", "access is given twice"),
    ("access=read&%61ccess=full", "access is given twice"),
    ("access=read;tools=find", "access is one of"),
    ("tools=", "a list without entries"),
    ("tools=,", "a list without entries"),
    ("tools=serach", "is no group and no tool"),
    ("tools=read_metod", "read_method is probably meant"),
    ("portal=", "portal names none"),
    ("portal=nowhere", "there is no portal 'nowhere'"),
    ("x=" + "y" * 3000, "too long"),
]


@dataclass
class Narrowed:
    http: httpx.AsyncClient
    application: Any = None
    token: str | None = None

    async def call(self, query: str, tool: str, **arguments: Any) -> httpx.Response:
        headers = modern_headers(tool, self.token)
        return await self.http.post(f"/mcp?{query}", headers=headers, content=modern_call(tool, arguments))

    async def offer(self, query: str = "") -> Any:
        headers = {} if self.token is None else {"authorization": f"Bearer {self.token}"}
        response = await self.http.get(f"/mcp/offer?{query}", headers=headers)
        assert response.status_code == 200, response.text
        return response.json()


@asynccontextmanager
async def narrowed(
    overview: ConfigurationOverview | None = None, sent: str | None = None, **options: Any
) -> AsyncIterator[Narrowed]:
    overview = overview or ConfigurationOverview()
    server = build_server(Redactor(), level=overview.level, portals=overview.portals, tools=overview.tools)
    application, _ = http_application(server, HttpOptions(**options), open_state("memory"), overview=overview)
    transport = httpx.ASGITransport(application)
    host = "https://mcp.example.com" if "url" in options else "http://127.0.0.1:8024"
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=transport, base_url=host) as http,
    ):
        yield Narrowed(http, application, sent)


def names(offer: Any) -> set[str]:
    return {tool["name"] for tool in offer["tools"]}


@asynccontextmanager
async def client_of(served: Narrowed, query: str, era: Any) -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(served.application)) as http:
        streams = streamable_http_client(f"http://127.0.0.1:8024/mcp?{query}", http_client=http)
        async with Client(streams, mode=era) as client:
            yield client


def text_of(response: httpx.Response) -> Any:
    return json.loads(response.json()["result"]["content"][0]["text"])


def test_each_tool_is_in_one_group() -> None:
    assert {tool.name for tool in tools_for("full")} == TOOL_NAMES
    assert len(TOOL_NAMES) == sum(map(len, TOOL_GROUPS.values()))


async def test_an_address_offers_only_its_tools_and_the_page_says_the_same(era: Any) -> None:
    query = "tools=find,read_method&access=read"
    async with narrowed() as served:
        async with client_of(served, query, era) as client:
            listed = {tool.name for tool in (await client.list_tools()).tools}
            templates = {one.uri_template for one in (await client.list_resource_templates()).resource_templates}
        assert listed == {*TOOL_GROUPS["find"], "read_method"} == names(await served.offer(query))
    assert templates == {"b24://method/{method}"}


async def test_the_instructions_of_an_address_speak_only_of_its_tools(era: Any) -> None:
    async with narrowed() as served, client_of(served, "tools=docs", era) as client:
        said = (client.session.discover_result or client.session.initialize_result).instructions or ""  # type: ignore[union-attr]
    assert [name for name in sorted(TOOL_NAMES) if name in said] == ["read_doc", "search_docs"]


@pytest.mark.parametrize("query", ["tools=find", "access=read", "tools=docs,find&access=full"])
async def test_a_tool_that_an_address_leaves_out_cannot_be_called(query: str) -> None:
    async with narrowed() as served:
        answer = text_of(await served.call(query, "call_method", method="crm.deal.add", params={"fields": {}}))
    assert (answer["error"]["code"], answer["error"]["executed"]) == ("B24MCP_POLICY", "no")
    assert "find_methods" in answer["error"]["hint"]


async def test_the_tools_of_an_address_cannot_pass_the_level_of_the_address() -> None:
    async with narrowed() as served:
        answer = text_of(await served.call("access=read", "read_method", method="crm.deal.delete", params={"id": 1}))
    assert answer["ok"] is False
    assert answer["error"]["executed"] == "no"


@pytest.mark.parametrize("uri", ["b24://records", "b24://records/x", "B24://records", "b24://records?method=x"])
async def test_data_sets_are_no_resources_of_an_address_without_the_tools_for_them(uri: str, era: Any) -> None:
    async with narrowed() as served, client_of(served, "tools=find,docs", era) as client:
        with pytest.raises(Exception, match=r"not offered|not found|Unknown"):
            await client.read_resource(uri)


@pytest.mark.parametrize(("query", "why"), WRONG)
async def test_an_address_that_cannot_be_understood_serves_nothing(query: str, why: str) -> None:
    async with narrowed(ConfigurationOverview("full", ("sales", "sandbox"))) as served:
        response = await served.call(query, "portal_info")
        page = await served.http.get(f"/mcp/offer?{query}")
    assert (response.status_code, page.status_code) == (400, 400)
    assert why in response.json()["error"]["message"]


@pytest.mark.parametrize("asked", ["full", "write", "read"])
async def test_an_address_cannot_raise_the_level_of_the_settings(asked: str) -> None:
    async with narrowed(ConfigurationOverview("read")) as served:
        offer = await served.offer(f"access={asked}&tools=find,write,read")
    assert offer["access"] == "read"
    assert names(offer) == {*TOOL_GROUPS["find"], *TOOL_GROUPS["read"]}


async def test_an_address_cannot_bring_back_a_tool_that_the_settings_leave_out() -> None:
    async with narrowed(ConfigurationOverview("write", (), ("find_methods", "search_docs"))) as served:
        assert names(await served.offer("tools=find,write,docs")) == {"find_methods", "search_docs"}
        assert names(await served.offer()) == {"find_methods", "search_docs"}
        response = await served.call("tools=write", "call_method", method="crm.deal.add")
    assert "Unknown tool" in response.text


@pytest.mark.parametrize(
    ("query", "offered"),
    [("portal=hr", None), ("portal=hr,sandbox", ["hr", "sandbox"]), ("", ["sales", "hr", "sandbox"])],
)
async def test_an_address_narrows_the_portals_that_a_client_may_choose(
    query: str, offered: Sequence[str] | None, era: Any
) -> None:
    async with narrowed(ConfigurationOverview("write", ("sales", "hr", "sandbox"))) as served:
        async with client_of(served, query, era) as client:
            tools = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
        page = await served.offer(query)
    argument = tools["read_method"]["properties"].get("portal")
    assert (argument or {}).get("enum") == offered
    assert page["portals"] == (offered or ["hr"])


async def test_a_portal_outside_the_address_cannot_be_called() -> None:
    async with narrowed() as served:
        answer = text_of(await served.call("portal=sales", "read_method", method="user.current", portal="sandbox"))
    assert answer["error"]["code"] == "B24MCP_PORTAL"


async def test_the_offer_needs_the_token_and_counts_its_rights(issuer: SignedFor) -> None:
    oauth: dict[str, Any] = {"host": "0.0.0.0", "url": URL, "issuer": Issuer(NAME, issuer.url, URL)}
    async with narrowed(ConfigurationOverview("full", ("sales", "hr")), **oauth) as served:
        assert (await served.http.get("/mcp/offer")).status_code == 401
        served.token = issuer.token(scope="b24:write b24:portal:hr")
        whole = await served.offer("access=full")
        served.token = issuer.token(scope="b24:read")
        reading = await served.offer("access=full&portal=sales")
    assert (whole["access"], whole["portals"]) == ("write", ["hr"])
    assert (reading["access"], reading["portals"]) == ("read", ["sales"])
    assert not names(reading) & set(TOOL_GROUPS["write"])


async def test_a_shared_token_protects_the_offer_too() -> None:
    options: dict[str, Any] = {"token": TOKEN}
    async with narrowed(sent=TOKEN, **options) as served:
        assert (await served.http.get("/mcp/offer?access=read")).status_code == 401
        assert (await served.offer("access=read"))["access"] == "read"


async def test_an_address_narrows_the_rights_of_a_token(issuer: SignedFor) -> None:
    oauth: dict[str, Any] = {"host": "0.0.0.0", "url": URL, "issuer": Issuer(NAME, issuer.url, URL)}
    async with narrowed(**oauth) as served:
        served.token = issuer.token(scope="b24:full")
        deletion = {"method": "crm.deal.delete", "params": {"id": 2}}
        asked = text_of(await served.call("access=write", "call_method", **deletion))
        served.token = issuer.token(scope="b24:read")
        refused = text_of(await served.call("access=full", "call_method", **deletion))
    assert asked["error"]["kind"] == "approval"
    assert refused["error"]["kind"] == "policy"


async def test_b24_tools_narrows_a_server_on_stdio(era: Any) -> None:
    async with Client(build_server(Redactor(), tools=("read_method", "search_docs")), mode=era) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["read_method", "search_docs"]
        assert not [one for one in (await client.list_resource_templates()).resource_templates if "records" in one.name]
        with pytest.raises(Exception, match="not offered"):
            await client.read_resource("b24://records")
