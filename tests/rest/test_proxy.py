"""A company's proxy is used when the environment names one, and never learns the secret."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from b24_mcp.errors import B24Error, Fault
from tests.fake_portal import CODE, http_answer, open_portal, serve


@pytest.mark.parametrize("status", ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway"])
async def test_a_refusing_proxy_is_reported_and_nothing_was_executed(
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


async def fault_through(address: str = f"https://portal.invalid/rest/1/{CODE}/") -> Fault:
    async with open_portal(None, address) as portal:
        with anyio.fail_after(10), pytest.raises(B24Error) as caught:
            await portal.call("crm.deal.add")
    return caught.value.fault


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_the_error_names_an_unreachable_proxy(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    async with serve(_never) as gone:
        port = gone.port
    monkeypatch.setenv(variable, f"http://user:hidden@127.0.0.1:{port}")
    fault = await fault_through()
    assert (fault.code, fault.executed) == ("B24MCP_PROXY", "no")
    assert f"127.0.0.1:{port} (from {variable})" in fault.message
    assert "hidden" not in fault.message


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 2", b"SSH-2.0-x\r\n\r\n"])
async def test_a_proxy_that_closes_without_a_tunnel_executed_nothing(
    monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    async def close(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    async with serve(close) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
        fault = await fault_through()
    assert (fault.code, fault.executed) == ("B24MCP_PROXY", "no")
    assert "HTTPS_PROXY" in fault.message


async def test_the_error_says_that_the_proxy_needs_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    async with serve(refuse) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        fault = await fault_through()
    assert "user name and password" in fault.message


async def test_a_tunnel_that_closes_before_the_request_is_not_blamed_on_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def open_and_close(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

    async with serve(open_and_close) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        fault = await fault_through()
    assert (fault.code, fault.executed) == ("B24MCP_NO_CONNECTION", "no")


@pytest.mark.parametrize("value", ["nonsense://127.0.0.1:1", "http://[::1", "127.0.0.1:not-a-port", "socks5://h:1"])
async def test_an_invalid_proxy_setting_is_reported(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    fault = await fault_through()
    assert (fault.code, fault.executed) == ("B24MCP_PROXY", "no")
    assert "HTTPS_PROXY" in fault.message


@pytest.mark.parametrize(
    "others",
    [
        {"ALL_PROXY": "socks://127.0.0.1:7891/"},
        {"NO_PROXY": "localhost,fe80::/10,[::1],*.corp"},
        {"HTTP_PROXY": "nonsense://x"},
    ],
)
async def test_a_proxy_setting_that_is_not_needed_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, others: dict[str, str]
) -> None:
    async def refuse(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    for name, value in others.items():
        monkeypatch.setenv(name, value)
    async with serve(refuse) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        fault = await fault_through()
    assert "refused the connection (HTTP 403)" in fault.message
    assert len(proxy.requests) == 1


@pytest.mark.parametrize("bypass", ["portal.invalid", ".invalid", "*"])
async def test_a_host_of_no_proxy_is_reached_without_one(monkeypatch: pytest.MonkeyPatch, bypass: str) -> None:
    async with serve(_never) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", bypass)
        fault = await fault_through()
    assert (fault.code, proxy.requests) == ("B24MCP_NO_CONNECTION", [])


async def test_a_portal_on_this_computer_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
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
