"""A company's proxy is used when the environment names one, and never learns the secret."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from b24_mcp.errors import B24Error, Fault
from b24_mcp.rest.wire.proxies import proxy_for
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
        {"ALL_PROXY": "nonsense"},
        {"ALL_PROXY": '"socks://127.0.0.1:7891/"', "NO_PROXY": '"localhost;fe80::/10"'},
        {"NO_PROXY": "2001:db8::/32 10.0.0.0/8, ,192.168.0.0/99,[::1]:443,portal.invalid.example,ortal.invalid"},
        {"NO_PROXY": "[,]:,://,*.,.,/8,::/999"},
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


@pytest.mark.parametrize("quote", ['"{}"', "'{}'", " {} ", "\ufeff{}", "{},", "HTTP://{}"])
async def test_an_address_with_quotes_is_understood(monkeypatch: pytest.MonkeyPatch, quote: str) -> None:
    async def refuse(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    async with serve(refuse) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", quote.format(f"127.0.0.1:{proxy.port}"))
        fault = await fault_through()
    assert f"127.0.0.1:{proxy.port} (from HTTPS_PROXY) refused the connection" in fault.message


@pytest.mark.parametrize("scheme", ["socks", "socks5", "socks5h", "SOCKS5"])
@pytest.mark.parametrize("variable", ["ALL_PROXY", "HTTPS_PROXY"])
async def test_a_socks_proxy_is_asked_for_the_portal(
    monkeypatch: pytest.MonkeyPatch, scheme: str, variable: str
) -> None:
    pytest.importorskip("socksio")
    asked: list[bytes] = []

    async def socks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeting = await reader.readexactly(2)
        await reader.readexactly(greeting[1])
        writer.write(b"\x05\x00")
        head = await reader.readexactly(5)
        asked.append(await reader.readexactly(head[4] + 2))
        writer.write(b"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00")  # the connection is not allowed
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(socks, "127.0.0.1", 0)
    async with server:
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        fault = await fault_through()
    assert (fault.code, fault.executed) == ("B24MCP_PROXY", "no")
    assert f"(from {variable})" in fault.message
    assert asked == [b"portal.invalid" + (443).to_bytes(2)]


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x04\x00", b"\x05\xff", b"\x05\x02", b""])
async def test_a_proxy_that_does_not_speak_socks_is_named(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    pytest.importorskip("socksio")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        monkeypatch.setenv("ALL_PROXY", f"socks://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        fault = await fault_through()
    assert (fault.code, fault.executed) == ("B24MCP_PROXY", "no")
    assert "(from ALL_PROXY)" in fault.message


async def test_the_error_names_the_extra_for_a_socks_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("b24_mcp.rest.wire.connections.find_spec", lambda name: None)
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:7891/")
    fault = await fault_through()
    assert (fault.code, fault.executed) == ("B24MCP_PROXY", "no")
    assert "127.0.0.1:7891 (from ALL_PROXY) is a SOCKS proxy" in fault.message
    assert "b24-mcp[socks]" in fault.message


@pytest.mark.parametrize(
    ("host", "entries", "bypassed"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3:443", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("fe80::1", "fe80::/10", True),
        ("[fe80::1]", "[fe80::]/10, [fe80::1]", True),
        ("2001:db8::1", "2001:db8::1", True),
        ("2001:db8::1", "[2001:db8::1]:443", True),
        ("2001:db8::2", "2001:db8::1", False),
        ("b24.corp.example", "*.corp.example", True),
        ("b24.corp.example", ".corp.example", True),
        ("b24.corp.example", "corp.example", True),
        ("b24.corp.example", "CORP.example:443", True),
        ("b24.corp.example.", "corp.example", True),
        ("b24.corp.example", "https://b24.corp.example", True),
        ("b24.notcorp.example", "corp.example", False),
        ("b24.corp.example", "corp.example.org", False),
        ("b24.corp.example", '"localhost corp.example"', True),
        ("b24.corp.example", "a;corp.example", True),
        ("b24.corp.example", "*", True),
        ("b24.corp.example", "*.,.", False),
        ("b24.corp.example", "::/0,0.0.0.0/0", False),
    ],
)
def test_entries_of_no_proxy_are_read_in_every_common_form(
    monkeypatch: pytest.MonkeyPatch, host: str, entries: str, bypassed: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", entries)
    assert (proxy_for(host) is None) is bypassed


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
