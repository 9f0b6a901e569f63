"""Configurations that do not start, and requests that are refused by host, origin or token."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from b24_mcp.cli import cli
from b24_mcp.config.settings import load_settings
from b24_mcp.server.http.options import HttpOptions
from tests.server.http.conftest import TOKEN, Serve

PUBLIC = "https://mcp.example.com/mcp"
OAUTH = {"B24_HTTP_ISSUER": "https://login.example.com", "B24_HTTP_JWKS": "https://login.example.com/keys"}


def options(monkeypatch: pytest.MonkeyPatch, host: str = "127.0.0.1", **settings: str) -> HttpOptions:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return HttpOptions.of(load_settings(), host, 8024)


@pytest.mark.parametrize(
    ("host", "settings", "said"),
    [
        ("0.0.0.0", {}, "set B24_HTTP_TOKEN"),
        ("::", {}, "set B24_HTTP_TOKEN"),
        ("192.0.2.1", {"B24_HTTP_URL": PUBLIC}, "set B24_HTTP_TOKEN"),
        ("mcp.internal", {}, "set B24_HTTP_TOKEN"),
        ("127.0.0.1", {"B24_HTTP_URL": PUBLIC}, "set B24_HTTP_TOKEN"),
        ("0.0.0.0", {"B24_HTTP_TOKEN": TOKEN}, "set B24_HTTP_URL"),
        ("127.0.0.1", {"B24_HTTP_TOKEN": "short"}, "at least 32"),
        ("127.0.0.1", {"B24_HTTP_TOKEN": "ключ" * 10}, "ASCII"),
        ("127.0.0.1", {"B24_HTTP_TOKEN": "spaces in the token are not good at all"}, "spaces"),
        ("127.0.0.1", {"B24_HTTP_KEY": f"{TOKEN},old"}, "B24_HTTP_KEY must be"),
        ("0.0.0.0", {"B24_HTTP_TOKEN": TOKEN, "B24_HTTP_URL": "http://mcp.example.com/mcp"}, "begin with https"),
        ("0.0.0.0", {"B24_HTTP_TOKEN": TOKEN, "B24_HTTP_URL": "https://mcp.example.com"}, "must end with /mcp"),
        ("0.0.0.0", {"B24_HTTP_TOKEN": TOKEN, "B24_HTTP_URL": "https://u:p@example.com/mcp"}, "must be an address"),
        ("0.0.0.0", {"B24_HTTP_TOKEN": TOKEN, "B24_HTTP_URL": "https://mcp.example.com:x/mcp"}, "must be an address"),
        ("0.0.0.0", {"B24_HTTP_TOKEN": TOKEN, "B24_HTTP_URL": "mcp.example.com/mcp"}, "must be an address"),
        ("0.0.0.0", {"B24_HTTP_TOKEN": TOKEN, "B24_HTTP_URL": PUBLIC} | OAUTH, "not both"),
        ("0.0.0.0", {"B24_HTTP_URL": PUBLIC, "B24_HTTP_ISSUER": "https://login.example.com"}, "needs B24_HTTP_JWKS"),
        ("0.0.0.0", OAUTH, "needs B24_HTTP_URL"),
        (
            "0.0.0.0",
            {"B24_HTTP_URL": PUBLIC, "B24_HTTP_JWKS": "https://login.example.com/keys"},
            "need B24_HTTP_ISSUER",
        ),
        (
            "0.0.0.0",
            OAUTH | {"B24_HTTP_URL": PUBLIC, "B24_HTTP_JWKS": "http://login.example.com/k"},
            "begin with https",
        ),
        ("0.0.0.0", OAUTH | {"B24_HTTP_URL": PUBLIC, "B24_HTTP_JWKS": "file:///etc/keys"}, "must be an address"),
        ("127.0.0.1", {"B24_STATE": "http://elsewhere"}, "neither an address of Redis"),
    ],
)
def test_an_unsafe_configuration_does_not_start(
    monkeypatch: pytest.MonkeyPatch, host: str, settings: dict[str, str], said: str
) -> None:
    ended = CliRunner().invoke(cli, ["serve", "--http", "--host", host], env=settings)
    assert ended.exit_code == 2
    assert said in ended.stderr.replace("\n", " ")
    for secret in ("short", TOKEN, "u:p@", "ключ"):
        assert secret not in ended.stderr


def test_host_and_port_need_http() -> None:
    ended = CliRunner().invoke(cli, ["serve", "--port", "1"])
    assert ended.exit_code == 2
    assert "--http" in ended.stderr


def test_a_port_in_use_is_an_error(taken_port: int) -> None:
    ended = CliRunner().invoke(cli, ["serve", "--http", "--port", str(taken_port)])
    assert ended.exit_code == 1
    assert "already in use" in ended.stderr


@pytest.mark.parametrize(
    ("host", "settings"),
    [
        ("127.0.0.1", {}),
        ("::1", {}),
        ("localhost", {"B24_HTTP_TOKEN": TOKEN}),
        ("0.0.0.0", {"B24_HTTP_TOKEN": TOKEN, "B24_HTTP_URL": PUBLIC}),
        ("0.0.0.0", {"B24_HTTP_TOKEN": TOKEN, "B24_HTTP_URL": "http://localhost:8024/mcp"}),
        ("0.0.0.0", OAUTH | {"B24_HTTP_URL": PUBLIC}),
    ],
)
def test_a_safe_configuration_is_accepted(monkeypatch: pytest.MonkeyPatch, host: str, settings: dict[str, str]) -> None:
    made = options(monkeypatch, host, **settings)
    assert made.host == host
    assert made.issuer is None or made.issuer.audience == PUBLIC


@pytest.mark.parametrize(
    ("url", "good", "bad"),
    [
        (
            None,
            ["127.0.0.1:8024", "localhost", "[::1]:1"],
            ["evil.example", "127.0.0.1.evil.example", "localhost.x:80"],
        ),
        ("http://localhost:9/mcp", ["localhost:9", "127.0.0.1:8024"], ["mcp.example.com"]),
        (PUBLIC, ["mcp.example.com", "mcp.example.com:443"], ["127.0.0.1:8024", "mcp.example.com:8024", "example.com"]),
        ("https://MCP.example.com:8443/b24/mcp", ["mcp.example.com:8443"], ["mcp.example.com", "mcp.example.com:443"]),
    ],
)
async def test_only_requests_with_a_host_name_of_the_server_are_answered(
    serve: Serve, url: str | None, good: list[str], bad: list[str]
) -> None:
    async with serve(url=url) as served:
        for host in good:
            served.http.headers["host"] = host
            assert (await served.call("who")).status_code == 200, host
        for host in bad:
            served.http.headers["host"] = host
            assert (await served.call("who")).status_code == 421, host
        assert len(served.callers) == len(good)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example:80", "file://"])
@pytest.mark.parametrize("era", ["2025-11-25", "2026-07-28"])
async def test_a_request_of_a_foreign_web_page_is_refused(serve: Serve, origin: str, era: str) -> None:
    async with serve() as served:
        served.http.headers["origin"] = origin
        answer = await served.http.post(
            "/mcp", headers={"mcp-protocol-version": era, "content-type": "application/json"}, content=b"{}"
        )
    assert answer.status_code == 403


async def test_a_request_of_a_local_web_page_is_answered(serve: Serve) -> None:
    async with serve() as served:
        served.http.headers["origin"] = "http://localhost:6274"
        assert (await served.call("who")).status_code == 200


async def test_a_caller_on_loopback_without_a_token_is_named_local(serve: Serve) -> None:
    async with serve() as served:
        await served.call("who")
    assert [(caller.name, caller.level) for caller in served.callers] == [("local", None)]


async def test_only_the_shared_token_is_accepted(serve: Serve) -> None:
    async with serve(host="0.0.0.0", url=PUBLIC, token=TOKEN) as served:
        served.http.headers["host"] = "mcp.example.com"
        wrong: list[dict[str, Any]] = [
            {},
            {"authorization": f"Bearer {TOKEN}x"},
            {"authorization": f"Bearer {TOKEN[:-1]}"},
            {"authorization": "Bearer "},
            {"authorization": f"Basic {TOKEN}"},
            {"authorization": TOKEN},
            {"authorization": b"Bearer \xff\xfe"},
            {"x-api-key": TOKEN},
        ]
        for headers in wrong:
            answer = await served.http.post("/mcp", headers=headers, content=b"{}")
            assert answer.status_code == 401, headers
            assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
        assert (await served.http.post(f"/mcp?access_token={TOKEN}", content=b"{}")).status_code == 401
        assert (await served.call("who", TOKEN)).status_code == 200
    (caller,) = served.callers
    assert (caller.name, caller.level) == ("shared token", "full")
