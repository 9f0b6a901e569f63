"""A company's proxy is used when the environment names one, and never learns the secret."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from b24_mcp.rest import B24Error
from tests.fake_portal import CODE, http_answer, open_portal, serve


@pytest.mark.parametrize("status", ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway"])
async def test_a_proxy_that_refuses_is_said_so_and_nothing_was_executed(
    monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    async def refuse(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    async with serve(refuse) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with open_portal(None, f"https://portal.invalid/rest/1/{CODE}/") as portal:
            with anyio.fail_after(10), pytest.raises(B24Error) as caught:
                await portal.call("profile")
    assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_PROXY", "no")
    assert proxy.requests[0].startswith(b"CONNECT portal.invalid:443")
    assert CODE.encode() not in proxy.requests[0]


async def test_a_proxy_that_is_not_there_is_an_unreachable_portal(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(_never) as gone:
        port = gone.port
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    async with open_portal(None, f"https://portal.invalid/rest/1/{CODE}/") as portal:
        with anyio.fail_after(10), pytest.raises(B24Error) as caught:
            await portal.call("profile")
    assert (caught.value.fault.kind, caught.value.fault.executed) == ("unavailable", "no")


@pytest.mark.parametrize("value", ["nonsense://127.0.0.1:1", "http://[::1", "127.0.0.1:not-a-port"])
async def test_a_proxy_setting_that_is_none_is_said_so(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    async with open_portal(None, f"https://portal.invalid/rest/1/{CODE}/") as portal:
        with anyio.fail_after(10), pytest.raises(B24Error) as caught:
            await portal.call("profile")
    assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_PROXY", "no")


async def test_no_proxy_stands_before_a_portal_on_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(b'{"result":1}'))

    async with serve(_never) as proxy, serve(answer) as served:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with open_portal(None, served.webhook()) as portal:
            with anyio.fail_after(10):
                assert (await portal.call("profile")).result == 1
    assert proxy.requests == []


async def _never(request: bytes, writer: asyncio.StreamWriter) -> None:
    raise AssertionError("nothing should have come here")
