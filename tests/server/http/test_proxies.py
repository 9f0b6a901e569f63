"""The address of a client behind a proxy."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from b24_mcp.cli import cli
from b24_mcp.config.settings import Settings
from b24_mcp.server.http.options import HttpOptions
from b24_mcp.server.http.server import behind_proxies

PROXY, CLIENT, STRANGER = "10.0.0.2", "203.0.113.9", "198.51.100.7"


async def who(scope: Any, receive: Any, send: Any) -> None:
    client = Request(scope).client
    await PlainTextResponse("" if client is None else client.host)(scope, receive, send)


async def address_seen(proxies: tuple[str, ...], peer: str, forwarded: str) -> str:
    transport = httpx.ASGITransport(behind_proxies(who, proxies), client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return (await http.get("/", headers={"x-forwarded-for": forwarded})).text


@pytest.mark.parametrize("proxies", [(PROXY,), ("10.0.0.0/8",), ("192.0.2.1", "10.0.0.0/8")])
async def test_a_known_proxy_names_the_client(proxies: tuple[str, ...]) -> None:
    assert await address_seen(proxies, PROXY, CLIENT) == CLIENT


async def test_what_a_client_wrote_before_the_proxy_does_not_count() -> None:
    assert await address_seen((PROXY,), PROXY, f"{STRANGER}, {CLIENT}") == CLIENT


@pytest.mark.parametrize("proxies", [(), ("10.0.0.0/8",)])
async def test_nobody_else_can_name_a_client(proxies: tuple[str, ...]) -> None:
    assert await address_seen(proxies, STRANGER, CLIENT) == STRANGER


def test_the_setting_is_a_list_of_addresses_and_networks() -> None:
    settings = Settings.model_validate({"http_proxies": f"{PROXY}, 10.1.0.0/16 ,fd00::/8"})
    assert HttpOptions.of(settings, "127.0.0.1", 0).proxies == (PROXY, "10.1.0.0/16", "fd00::/8")


@pytest.mark.parametrize("wrong", ["proxy.example.com", "10.0.0.0/99", "*", "127.0.0.1;10.0.0.1"])
def test_anything_else_stops_the_server(wrong: str) -> None:
    ended = CliRunner().invoke(cli, ["serve", "--http"], env={"B24_HTTP_PROXIES": wrong})
    assert ended.exit_code == 2
    assert "B24_HTTP_PROXIES" in ended.stderr
