"""Client-id documents: which addresses are fetched, and that no address leads the server into its own network."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.server.http.people.grants.fetching import (
    MAX_BYTES,
    FetchError,
    GuardedFetcher,
    Resolve,
    is_public,
    problem_with_address,
)
from b24_sandbox.certificates import issue
from tests.server.http.people.world import ANNA, World, document, open_world

ADDRESS = "https://app.example.org/mcp/client.json"
REDIRECT = "https://app.example.org/callback"
GOOD = {"client_id": ADDRESS, "client_name": "The App", "redirect_uris": [REDIRECT]}
PUBLIC = "93.184.215.14"

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "::10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::1",
    "2002:c0a8:101::",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "fec0::1",
    "not an address",
    "",
]

REFUSED = [
    "http://app.example.org/client",
    "HTTPS://app.example.org/client",
    "https://app.example.org",
    "https://app.example.org/",
    "https://app.example.org:8443/client",
    "https://app.example.org:443/client",
    "https://user@app.example.org/client",
    "https://app.example.org@127.0.0.1/client",
    "https://app.example.org/client?x=1",
    "https://app.example.org/client?",
    "https://app.example.org/client#x",
    "https://app.example.org/a/../client",
    "https://app.example.org/a/%2e%2e/client",
    "https://app.example.org/a/%252e%252e/client",
    "https://App.example.org/client",
    "https://app.example.org./client",
    "https://app.example.org\\@127.0.0.1/client",
    "https://app.example.org/cli ent",
    "https://app.example.org/client\r\nhost: x",
    "https://127.0.0.1/client",
    "https://127.1/client",
    "https://2130706433/client",
    "https://0x7f000001/client",
    "https://0x7f.0.0.1/client",
    "https://017700000001/client",
    "https://0177.0.0.1/client",
    "https://[::1]/client",
    "https://[::ffff:127.0.0.1]/client",
    "https://localhost/client",
    "https://app.localhost/client",
    "https://redis/client",
    "https://db.internal/client",
    "https://printer.local/client",
    "https://router.home.arpa/client",
    "https://intranet.corp/client",
    "https://ａpp.example.org/client",
    "https://app.example.org/клиент",
    "https://app.example.org/" + "x" * 600,
    "https:///client",
    "https://[x/client",
    "https://app_.example.org/client",
    "https://-app.example.org/client",
    "file:///etc/passwd",
    "gopher://app.example.org/client",
]


async def resolving(*addresses: str) -> Sequence[str]:
    return addresses


def fetcher(answer: Callable[[httpx.Request], httpx.Response], *addresses: str) -> tuple[GuardedFetcher, list[str]]:
    """Return a fetcher whose hosts have these addresses, and the list of the addresses it connects to."""
    connected: list[str] = []

    def watched(request: httpx.Request) -> httpx.Response:
        connected.append(request.url.host)
        return answer(request)

    resolve: Resolve = lambda host: resolving(*addresses)  # noqa: E731
    return GuardedFetcher(resolve=resolve, transport=lambda: httpx.MockTransport(watched)), connected


def good(_: httpx.Request) -> httpx.Response:
    return document(b"{}")


def test_only_addresses_of_the_internet_are_public() -> None:
    assert [address for address in PRIVATE if is_public(address)] == []
    for address in (PUBLIC, "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808"):
        assert is_public(address), address


@given(st.ip_addresses(v=4))
@settings(max_examples=200, deadline=None)
def test_an_ipv4_address_inside_an_ipv6_address_counts_as_itself(address: Any) -> None:
    inside = int(address)
    assert is_public(f"::ffff:{address}") is is_public(str(address))
    if not is_public(str(address)):
        assert not is_public(f"64:ff9b::{inside >> 16:x}:{inside & 0xFFFF:x}")
        assert not is_public(f"2002:{inside >> 16:x}:{inside & 0xFFFF:x}::1")


def test_only_plain_https_addresses_of_public_names_are_fetched() -> None:
    assert [url for url in REFUSED if problem_with_address(url) is None] == []
    for url in (
        ADDRESS,
        "https://a.io/c",
        "https://xn--80ak6aa92e.com/client",
        "https://claude.ai/oauth/client-metadata",
    ):
        assert problem_with_address(url) is None, url


async def test_a_host_with_a_private_address_is_not_connected_to() -> None:
    for address in PRIVATE:
        for answers in ((address,), (PUBLIC, address), (address, PUBLIC)):
            guarded, connected = fetcher(good, *answers)
            with pytest.raises(FetchError, match="not on the internet"):
                await guarded.fetch(ADDRESS)
            assert connected == [], answers


async def test_a_host_without_an_address_is_not_connected_to() -> None:
    guarded, connected = fetcher(good)
    with pytest.raises(FetchError, match="not on the internet"):
        await guarded.fetch(ADDRESS)
    assert connected == []


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"])
async def test_the_connection_goes_to_the_address_that_was_checked(address: str) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return document(b"{}")

    guarded, connected = fetcher(answer, address)
    assert await guarded.fetch(ADDRESS) == b"{}"
    assert connected == [address]
    (request,) = seen
    assert request.headers["host"] == "app.example.org"
    assert request.extensions["sni_hostname"] == "app.example.org"
    assert "authorization" not in request.headers
    assert "cookie" not in request.headers


@pytest.mark.parametrize("proxy", ["HTTPS_PROXY", "ALL_PROXY"])
async def test_no_proxy_chooses_the_address(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(proxy, "http://127.0.0.1:1")
    guarded, connected = fetcher(good, PUBLIC)
    assert await guarded.fetch(ADDRESS) == b"{}"
    assert connected == [PUBLIC]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (document(b"", 302, location="https://app.example.org/other"), "status 302"),
        (document(b"", 301, location="http://169.254.169.254/"), "status 301"),
        (document(b"", 404), "status 404"),
        (document(b"{}", 201), "status 201"),
        (document(b"<html>", content_type="text/html"), "not JSON"),
        (document(b"{}", content_type=""), "not JSON"),
        (document(b"{}", content_encoding="gzip"), "compressed"),
        (document(b" " * (MAX_BYTES + 1)), "larger"),
        (document(b" " * 100_000_000), "larger"),
    ],
)
async def test_what_is_no_moderate_json_document_is_not_read(answer: httpx.Response, reason: str) -> None:
    guarded, connected = fetcher(lambda _: answer, PUBLIC)
    with pytest.raises(FetchError, match=reason):
        await guarded.fetch(ADDRESS)
    assert connected == [PUBLIC]


async def test_a_host_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    monkeypatch.setattr("b24_mcp.server.http.people.grants.fetching._TIMEOUT", 0.01)
    guarded = GuardedFetcher(resolve=lambda _: resolving(PUBLIC), transport=lambda: httpx.MockTransport(never))
    with pytest.raises(FetchError, match="in time"):
        await guarded.fetch(ADDRESS)


@pytest.mark.parametrize("name", ["app.example.org", "other.example.org"])
async def test_the_certificate_must_be_that_of_the_name(name: str, tmp_path: Path) -> None:
    files = issue(tmp_path, [name])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]

    class ToPort(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.url = request.url.copy_with(port=port)
            return await super().handle_async_request(request)

    trusting = ssl.create_default_context(cafile=str(files.ca))
    guarded = GuardedFetcher(
        resolve=lambda _: resolving("127.0.0.1"), is_allowed=lambda _: True, transport=lambda: ToPort(verify=trusting)
    )
    async with server:
        if name == "app.example.org":
            assert await guarded.fetch(ADDRESS) == b"{}"
        else:
            with pytest.raises(FetchError, match="cannot be reached"):
                await guarded.fetch(ADDRESS)


# On the page


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"client_id": ADDRESS + "/"}, "not its address"),
        ({"client_id": None}, "not its address"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": ["http://evil.example/cb"]}, "https"),
        ({"client_secret": "x"}, "must be public"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "must be public"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "must be public"),
        ({"client_name": ["x"]}, "must be a text"),
        ({"grant_types": ["client_credentials"]}, "grant_types"),
    ],
)
async def test_a_document_that_cannot_be_used_is_explained(world: World, changed: dict[str, Any], reason: str) -> None:
    world.documents[ADDRESS] = GOOD | changed
    page = await world.browser().open(world.request(ADDRESS, redirect_uri=REDIRECT).url)
    assert page.status == 400
    assert reason in page.text
    assert "href" not in page.html


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b"[" * 5_000, b'{"client_id": "a", "client_id": "b"}'])
async def test_a_document_that_is_no_json_object_is_explained(world: World, content: bytes) -> None:
    world.documents[ADDRESS] = document(content)
    page = await world.browser().open(world.request(ADDRESS, redirect_uri=REDIRECT).url)
    assert page.status == 400
    assert "cannot be used" in page.text


async def test_a_stranger_cannot_make_the_server_fetch_a_document(world: World) -> None:
    world.documents[ADDRESS] = GOOD
    response = await world.browser().http.get(world.request(ADDRESS, redirect_uri=REDIRECT).url)
    assert response.is_redirect  # to the login; world.documents would raise KeyError for another address
    fetched: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        fetched.append(str(request.url))
        return document(b"{}")

    guarded, connected = fetcher(answer, PUBLIC)
    async with open_world(fetcher=guarded) as other:
        await other.browser().http.get(other.request(ADDRESS, redirect_uri=REDIRECT).url)
        await other.token(grant_type="refresh_token", refresh_token="x", client_id=ADDRESS)
        assert connected == []


async def test_a_document_is_fetched_once_in_ten_minutes() -> None:
    import json

    guarded, connected = fetcher(lambda _: document(json.dumps(GOOD).encode()), PUBLIC)
    async with open_world(fetcher=guarded) as world:
        for _ in range(3):
            assert (await world.browser().open(world.request(ADDRESS, redirect_uri=REDIRECT).url)).status == 200
        assert len(connected) == 1
        world.clock.now += 601
        await world.browser().open(world.request(ADDRESS, redirect_uri=REDIRECT).url)
        assert len(connected) == 2


async def test_a_person_cannot_make_the_server_fetch_without_end() -> None:
    guarded, connected = fetcher(lambda _: document(b"", 404), PUBLIC)
    async with open_world(fetcher=guarded) as world:
        browser = world.browser(ANNA)
        for number in range(20):
            address = f"https://app.example.org/{number}"
            page = await browser.open(world.request(address, redirect_uri=REDIRECT).url)
            assert page.status == 400
        assert len(connected) == 10
        assert "too many documents" in page.text


async def test_a_document_of_one_host_cannot_take_the_tokens_of_another(world: World) -> None:
    other = "https://evil.example.org/client"
    world.documents[ADDRESS] = GOOD
    world.documents[other] = GOOD | {"client_id": other}
    login = world.request(ADDRESS, redirect_uri=REDIRECT)
    code = await world.code(login)
    assert (await world.redeem(login, code, client_id=other)).json()["error"] == "invalid_grant"
    tokens = await world.log_in(ANNA, ADDRESS, redirect_uri=REDIRECT)
    assert (await world.renew(other, tokens["refresh_token"])).json()["error"] == "invalid_grant"
