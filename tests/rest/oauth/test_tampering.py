"""Stored tokens that were changed from outside: nothing is sent, and the error says what to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from b24_mcp.errors import B24Error
from b24_mcp.rest.auth.oauth import Application, sealed
from tests.fake_portal import FakePortal, Reply
from tests.rest.oauth.conftest import NAME, ORIGIN, Scene

CHANGES = [
    {"server": "https://oauth.evil.example"},
    {"server": "http://127.0.0.1:9999"},
    {"server": "http://oauth.bitrix.info"},
    {"server": "https://oauth.bitrix.info@evil.example"},
    {"server": ""},
    {"server": "127.0.0.1:8000"},
    {"endpoint": "https://evil.example"},
    {"endpoint": "http://127.0.0.1:9999"},
    {"endpoint": "https://127.0.0.1:8000"},
    {"endpoint": f"{ORIGIN}/"},
    {"endpoint": "http://127.0.0.1:8000@evil.example"},
    {"endpoint": ""},
    {"endpoint": "https://evil.example", "seal": "0" * 64},
    {"endpoint": "https://evil.example", "seal": "é"},
]


@pytest.mark.parametrize("expired", [False, True])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: json.dumps(change))
async def test_tokens_with_a_server_or_portal_that_is_not_allowed_are_refused_and_nothing_is_sent(
    scene: Scene, change: dict[str, Any], expired: bool
) -> None:
    await scene.keep(scene.tokens(**({"expires": 0.0} if expired else {}), **change))
    async with scene.open() as portal:
        with pytest.raises(B24Error) as caught:
            await portal.call("profile")
    fault = caught.value.fault
    assert (fault.code, fault.executed) == ("B24MCP_SETTINGS", "no")
    assert "b24-mcp login" in fault.hint
    assert scene.app.requests == []


async def test_tokens_changed_while_the_server_runs_are_refused_before_the_next_renewal(scene: Scene) -> None:
    await scene.keep(scene.tokens())
    async with scene.open() as portal:
        await portal.call("profile")
        sent = len(scene.app.requests)
        await scene.keep(scene.tokens(expires=0.0, server="https://oauth.evil.example"))
        with pytest.raises(B24Error, match=r"oauth\.evil\.example"):
            await portal.call("profile")
        assert len(scene.app.requests) == sent


async def test_a_configured_authorization_server_is_the_only_one_for_stored_tokens(scene: Scene) -> None:
    known = scene.sandbox.application
    strict = Application(known.client_id, known.client_secret, "https://oauth.corp.example")
    await scene.keep(scene.tokens())
    async with scene.open(scene.login(strict)) as portal:
        with pytest.raises(B24Error, match="B24_OAUTH_SERVER"):
            await portal.call("profile")
    assert scene.app.requests == []


async def test_a_new_address_needs_the_seal_of_this_application_and_login(scene: Scene) -> None:
    moved = scene.tokens(endpoint="http://127.0.0.1:9000")
    scene.app.app = FakePortal([Reply({"result": 1})])
    known = scene.application
    for name, application in (("other", known), (NAME, Application(known.client_id, "another secret"))):
        await scene.keep(sealed(moved, name, application))
        async with scene.open() as portal:
            with pytest.raises(B24Error, match="B24MCP_SETTINGS"):
                await portal.call("profile")
    await scene.keep(sealed(moved, NAME, known))
    async with scene.open() as portal:
        assert (await portal.call("profile")).result == 1
    assert [request.headers["host"] for request in scene.app.requests] == ["127.0.0.1:9000"]


@pytest.mark.parametrize(
    "change",
    [{"server": 5}, {"endpoint": None}, {"expires": "soon"}, {"access_token": ["x"]}, {"serial": "1"}, {"seal": 1}],
    ids=str,
)
async def test_values_of_a_wrong_type_are_reported_as_damage(
    scene: Scene, tmp_path: Path, change: dict[str, Any]
) -> None:
    tokens = scene.tokens()
    await scene.keep(tokens)
    (file,) = (tmp_path / "state" / "tokens").glob("*.json")
    file.write_text(json.dumps(asdict(tokens) | change))
    async with scene.open() as portal:
        with pytest.raises(B24Error, match="B24MCP_TOKENS"):
            await portal.call("profile")
    assert scene.app.requests == []
