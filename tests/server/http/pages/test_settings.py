"""The settings of a server where people log in: what they need of each other, and what `serve` and `doctor` say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import httpx
import pytest

from b24_mcp.cli.diagnosis import Finding, diagnose
from b24_mcp.config.settings import Settings, SettingsError
from b24_mcp.secrets import Redactor
from b24_mcp.server.http.options import HttpOptions
from tests.loopback import LoopbackPortal
from tests.server.http.conftest import server_process
from tests.server.http.pages.kit import KEY

GOOD = {"http_login": "bitrix24", "http_url": "https://mcp.example.com/mcp", "http_key": KEY, "state": "/tmp/x.db"}


def options(**changes: Any) -> HttpOptions:
    values = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return HttpOptions.of(Settings.model_validate(values), "0.0.0.0", 8024)


def test_the_login_of_people_serves_other_computers_without_a_token() -> None:
    assert options().login
    assert options(http_roles="admin=full, department:5=read, user:12=none, *=write").login


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"http_url": None}, "B24_HTTP_URL"),
        ({"http_key": None}, "B24_HTTP_KEY"),
        ({"http_key": "short"}, "B24_HTTP_KEY"),
        ({"http_url": "http://mcp.example.com/mcp"}, "B24_HTTP_URL"),
        ({"http_token": "t" * 32}, "B24_HTTP_TOKEN"),
        ({"http_issuer": "https://login.example.com", "http_jwks": "https://login.example.com/k"}, "B24_HTTP_ISSUER"),
        ({"state": "memory"}, "B24_STATE"),
        ({"http_login": None, "http_token": "t" * 32, "http_roles": "*=read"}, "B24_HTTP_ROLES needs B24_HTTP_LOGIN"),
    ],
    ids=str,
)
def test_settings_that_do_not_go_together_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        options(**changes)


@pytest.mark.parametrize(
    "roles",
    [
        "",
        "admin",
        "admin=root",
        "admins=full",
        "department:x=read",
        "*=full,*=read",
        "*=read;admin=full",
        "user:0=full",
    ],
)
def test_roles_that_cannot_be_read_stop_the_server(roles: str) -> None:
    if not roles:
        roles = ","
    with pytest.raises((SettingsError, ValueError), match=r"(?i)http_roles"):
        options(http_roles=roles)


async def doctor(*, offline: bool = True) -> list[Finding]:
    return await diagnose(Redactor(), offline=offline)


@pytest.fixture
def no_blocking_calls() -> None:
    """A command may block."""


def test_serve_says_that_no_portal_has_a_login(company: LoopbackPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("B24_PORTAL", "B24_CLIENT_ID", "B24_CLIENT_SECRET"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("B24_WEBHOOK_URL", company.address)
    command = [sys.executable, "-m", "b24_mcp", "serve", "--http"]
    served = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ)
    assert served.returncode == 2
    assert "B24_HTTP_LOGIN needs a portal with" in served.stderr
    assert "B24_CLIENT_ID" in served.stderr


async def test_doctor_says_that_no_portal_has_a_login(company: LoopbackPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("B24_CLIENT_SECRET")
    (finding,) = [one for one in await doctor() if one.about == "login of people"]
    assert finding.status == "wrong"
    assert "B24_CLIENT_SECRET" in finding.said


async def test_doctor_names_everything_that_is_missing_and_then_the_addresses(
    company: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_HTTP_TOKEN", "t" * 32)
    monkeypatch.delenv("B24_HTTP_URL")
    said = " ".join(one.said for one in await doctor() if one.about == "login of people")
    assert "B24_HTTP_TOKEN" in said
    assert "B24_HTTP_URL" in said
    monkeypatch.delenv("B24_HTTP_TOKEN")
    monkeypatch.setenv("B24_HTTP_URL", "https://mcp.example.com/mcp")
    found = await doctor(offline=False)
    (finding,) = [one for one in found if one.about == "login of people"]
    assert finding.status == "ok"
    assert "https://mcp.example.com/login/callback" in finding.to_do
    (portal,) = [one for one in found if one.about == "portal environment"]
    assert portal.status == "ok"


async def test_serve_says_where_people_log_in_and_refuses_calls_without_a_token(company: LoopbackPortal) -> None:
    with server_process() as served:
        line = next(one for one in served.log if "serves MCP" in one)
        assert "people who log in through Bitrix24. Their page is https://mcp.example.com/," in line
        assert "https://mcp.example.com/login/callback" in line
        async with httpx.AsyncClient() as http:
            page = await http.get(served.url.removesuffix("mcp"))
            assert page.status_code == 200
            assert re.search("Log in with Bitrix24|Войти", page.text)
            refused = await http.post(served.url, headers={"authorization": "Bearer x", "host": "mcp.example.com"})
            assert refused.status_code == 401
