"""Expired tokens are renewed once, and a request that was refused for them is sent again."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import pytest

from b24_mcp.errors import B24Error
from b24_mcp.rest import Succeeded
from b24_mcp.rest.auth.oauth import Application
from b24_mcp.rest.auth.oauth.trust import sealed
from b24_mcp.secrets import RedactingFormatter
from tests.fake_portal import FakePortal, Reply
from tests.rest.oauth.conftest import NAME, ORIGIN, Scene


async def failure(scene: Scene, method: str = "profile", **options: float) -> B24Error:
    async with scene.open(**options) as portal:  # type: ignore[arg-type]
        with pytest.raises(B24Error) as caught:
            await portal.call(method)
    assert caught.value.fault.executed == "no"
    return caught.value


async def test_a_call_sends_its_token_in_a_header_only(scene: Scene) -> None:
    tokens = scene.tokens()
    await scene.keep(tokens)
    async with scene.open() as portal:
        assert (await portal.call("profile")).result["ID"] == "1"
        assert (await portal.call("profile", format="xml")).result["ID"] == "1"
        assert (await portal.call("tasks.task.list", {"select": ["id"]}, version="v3")).version == "v3"
        batch = await portal.batch({"me": {"method": "profile"}, "also": {"method": "crm.deal.list"}})
        assert all(isinstance(outcome, Succeeded) for outcome in batch.outcomes.values())
    assert [request.path for request in scene.app.requests] == [
        "/rest/profile",
        "/rest/profile.xml",
        "/rest/api/tasks.task.list",
        "/rest/batch",
    ]
    for request in scene.app.requests:
        assert request.headers["authorization"] == f"Bearer {tokens.access_token}"
        assert tokens.access_token not in request.path + request.query + request.body.decode()


async def test_an_expired_token_is_renewed_before_the_call_and_stored(scene: Scene) -> None:
    old = scene.tokens(expires=scene.clock.now() - 1)
    await scene.keep(old)
    async with scene.open() as portal:
        assert (await portal.call("profile")).result["ID"] == "1"
        await portal.call("profile")
    assert [request.path for request in scene.app.requests] == ["/oauth/token/", "/rest/profile", "/rest/profile"]
    new = await scene.kept()
    assert new.refresh_token != old.refresh_token
    assert new.renewing_since is None
    assert new.expires == pytest.approx(scene.clock.now() + 3600, abs=60)
    assert scene.app.requests[-1].headers["authorization"] == f"Bearer {new.access_token}"


async def test_the_client_secret_is_sent_in_the_body_and_not_in_an_address(scene: Scene) -> None:
    await scene.keep(scene.tokens(expires=0.0))
    async with scene.open() as portal:
        await portal.call("profile")
    asked = scene.app.requests[0]
    assert asked.query == ""
    assert f"client_secret={scene.application.client_secret}".encode() in asked.body
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_a_token_is_renewed_by_the_first_call_after_its_lifetime(scene: Scene) -> None:
    await scene.keep(scene.tokens(expires=0.0))
    async with scene.open() as portal:
        for _ in range(3):
            await portal.call("profile")
            scene.clock.time += 3560
            await portal.call("profile")
            assert scene.renewals == 1
            scene.clock.time += 30
            await portal.call("profile")
            assert scene.renewals == 2
            scene.app.requests.clear()
            scene.clock.time += 4000


@pytest.mark.parametrize("version", ["v2", "v3"])
async def test_a_call_refused_for_its_token_is_sent_again_with_a_new_one(scene: Scene, version: str) -> None:
    await scene.keep(scene.tokens(lifetime=-1.0))
    async with scene.open() as portal:
        answer = await portal.call("tasks.task.list", {"select": ["id"]}, version=version)  # type: ignore[arg-type]
    assert answer.version == version
    path = "/rest/tasks.task.list" if version == "v2" else "/rest/api/tasks.task.list"
    assert [request.path for request in scene.app.requests] == [path, "/oauth/token/", path]


async def test_a_write_refused_for_its_token_is_done_exactly_once(scene: Scene) -> None:
    await scene.keep(scene.tokens(lifetime=-1.0))
    async with scene.open() as portal:
        made = (await portal.call("crm.deal.add", {"fields": {"TITLE": "once"}})).result
        batch = await portal.batch({"a": {"method": "crm.deal.get", "params": {"id": made}}})
        assert isinstance(batch.outcomes["a"], Succeeded)
        listed = await portal.call("crm.deal.list", {"filter": {"TITLE": "once"}})
    assert listed.total == 1


async def test_a_token_that_the_portal_does_not_know_is_renewed(scene: Scene) -> None:
    await scene.keep(scene.tokens(access_token="never given out"))
    async with scene.open() as portal:
        assert (await portal.call("profile")).result["ID"] == "1"
    assert scene.renewals == 1


async def test_a_portal_that_refuses_new_tokens_too_gets_no_further_requests(scene: Scene) -> None:
    await scene.keep(scene.tokens())
    refusing = FakePortal([Reply({"error": "expired_token", "error_description": "Expired"}, 401)] * 2)
    scene.app.app, scene.server = refusing, scene.sandbox
    error = await failure(scene)
    assert (error.fault.code, error.fault.kind) == ("expired_token", "auth")
    assert "b24-mcp login" in error.fault.hint
    assert len(refusing.requests) == 2


async def test_other_refusals_of_rest_3_do_not_renew_tokens_repeatedly(scene: Scene) -> None:
    """REST 3.0 reports an expired token with the same code as other refusals."""
    denied = Reply({"error": {"code": "BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION", "message": "No"}}, 401)
    await scene.keep(scene.tokens())
    scene.server = server = type(scene.app)(scene.sandbox)
    scene.app.app = FakePortal([denied] * 20)
    async with scene.open() as portal:
        for _ in range(6):
            with pytest.raises(B24Error, match="ACCESSDENIED"):
                await portal.call("tasks.task.get", {"id": 1}, version="v3")
    assert [request.path for request in server.requests] == ["/oauth/token/"]


async def test_a_refusal_of_rest_3_for_missing_rights_renews_nothing(scene: Scene) -> None:
    denied = Reply({"error": {"code": "BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION", "message": "No"}}, 403)
    await scene.keep(scene.tokens())
    scene.app.app, scene.server = FakePortal([denied]), FakePortal()
    async with scene.open() as portal:
        with pytest.raises(B24Error, match="ACCESSDENIED"):
            await portal.call("tasks.task.get", {"id": 1}, version="v3")


@pytest.mark.parametrize("knows", ["we", "the portal"])
async def test_twenty_concurrent_calls_renew_once(scene: Scene, knows: str) -> None:
    await scene.keep(scene.tokens(expires=0.0) if knows == "we" else scene.tokens(lifetime=-1.0))
    results: list[object] = []

    async with scene.open() as portal:

        async def call() -> None:
            results.append((await portal.call("profile")).result["ID"])

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(call)
    assert results == ["1"] * 20
    assert scene.renewals == 1


async def test_several_portals_that_share_a_login_renew_once(scene: Scene) -> None:
    await scene.keep(scene.tokens(expires=0.0))

    async def call() -> None:
        async with scene.open() as portal:
            await portal.call("profile")

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(call)
    assert scene.renewals == 1


async def test_a_renewal_completes_when_its_call_is_cancelled(scene: Scene) -> None:
    old = scene.tokens(expires=0.0)
    await scene.keep(old)
    async with scene.open() as portal:
        with anyio.CancelScope() as scope:
            reached = scene.app.app

            async def cancelling(*asgi: object) -> None:
                scope.cancel()
                await reached(*asgi)

            scene.app.app = cancelling
            await portal.call("profile")
        assert scope.cancelled_caught
        scene.app.app = reached
        await portal.aclose()
        assert (await scene.kept()).refresh_token != old.refresh_token
        await portal.call("profile")
    assert scene.renewals == 1


async def test_without_a_login_the_hint_is_to_log_in(scene: Scene) -> None:
    error = await failure(scene)
    assert (error.fault.code, error.fault.kind) == ("B24MCP_NO_LOGIN", "auth")
    assert "b24-mcp login" in error.fault.hint
    assert scene.app.requests == []


async def test_the_login_of_another_application_is_not_used(scene: Scene) -> None:
    await scene.keep(scene.tokens())
    async with scene.open(scene.login(Application("app.other", "x"))) as portal:
        with pytest.raises(B24Error, match="another application"):
            await portal.call("profile")
    assert scene.app.requests == []


async def test_a_logout_in_another_process_takes_effect_at_once(scene: Scene) -> None:
    await scene.keep(scene.tokens())
    async with scene.open() as portal:
        await portal.call("profile")
        async with scene.store.alone(NAME) as lease:
            assert await lease.forget()
        with pytest.raises(B24Error, match="B24MCP_NO_LOGIN"):
            await portal.call("profile")


async def test_a_new_login_in_another_process_takes_effect_at_once(scene: Scene) -> None:
    await scene.keep(scene.tokens(expires=0.0, refresh_token="revoked"))
    async with scene.open() as portal:
        with pytest.raises(B24Error, match="invalid_grant"):
            await portal.call("profile")
        await scene.keep(scene.tokens())
        assert (await portal.call("profile")).result["ID"] == "1"


async def test_a_moved_portal_is_found_through_the_authorization_server(scene: Scene) -> None:
    moved = {
        "access_token": "n" * 20,
        "refresh_token": "r" * 20,
        "expires_in": 3600,
        "member_id": scene.sandbox.application.member_id,
        "client_endpoint": "http://127.0.0.1:9000/rest/",
    }
    await scene.keep(scene.tokens(expires=0.0))
    scene.server = FakePortal([Reply(moved)])
    scene.app.app = FakePortal([Reply({"result": 1})] * 2)
    async with scene.open() as portal:
        await portal.call("profile")
        assert portal.host == "127.0.0.1:9000"
    assert scene.app.requests[0].headers["host"] == "127.0.0.1:9000"
    async with scene.open() as portal:
        await portal.call("profile")
    assert scene.app.requests[1].headers["host"] == "127.0.0.1:9000"


async def test_a_redirect_of_a_moved_portal_is_followed_with_the_token(scene: Scene) -> None:
    old, new = "https://acme.bitrix24.de", "https://nova.bitrix24.de"
    away = Reply("", 302, "text/html", (("Location", f"{new}/rest/profile"),))
    await scene.keep(sealed(scene.tokens(endpoint=old), NAME, scene.application))
    scene.app.app = FakePortal([away, Reply({"result": 1}), Reply({"result": 2})])
    async with scene.open() as portal:
        answer = await portal.call("profile")
        assert (await portal.call("profile")).result == 2
    assert "B24_PORTAL" in answer.warnings[0]
    assert [request.headers["host"] for request in scene.app.requests] == ["acme.bitrix24.de"] + [
        "nova.bitrix24.de"
    ] * 2
    assert len({request.headers["authorization"] for request in scene.app.requests}) == 1


@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_redirect_to_another_host_gets_the_token_only_if_the_authorization_server_names_that_host(
    scene: Scene, confirmed: bool
) -> None:
    """The cloud zone proves nothing here; the server knows the address of the login's portal."""
    origin, new = "https://b24.corp.example", "https://b24.new.example"
    answer = {
        "access_token": "n" * 20,
        "refresh_token": "r" * 20,
        "expires_in": 3600,
        "member_id": scene.sandbox.application.member_id,
        "client_endpoint": f"{new if confirmed else origin}/rest/",
    }
    await scene.keep(scene.tokens(endpoint=origin, server="https://oauth.bitrix.info"))
    away = Reply("", 302, "text/html", (("Location", f"{new}/rest/profile"),))
    scene.server = FakePortal([Reply(answer)])
    scene.app.app = FakePortal([away, Reply({"result": 1})])
    async with scene.open(scene.login(portal=origin)) as portal:
        if confirmed:
            assert (await portal.call("profile")).result == 1
        else:
            with pytest.raises(B24Error, match="B24MCP_PORTAL_MOVED"):
                await portal.call("profile")
    hosts = [request.headers["host"] for request in scene.app.requests]
    assert hosts == ["b24.corp.example", "b24.new.example"][: 2 if confirmed else 1]


async def test_every_token_is_masked_before_it_is_used(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    old = scene.tokens(expires=0.0)
    await scene.keep(old)
    async with scene.open() as portal:
        await portal.call("profile")
    new = await scene.kept()
    for secret in (old.access_token, old.refresh_token, new.access_token, new.refresh_token):
        assert secret not in scene.redactor.redact(f"x {secret} x")
        assert secret not in f"{new!r} {old!r}"
    formatter = RedactingFormatter(scene.redactor)
    assert caplog.records
    for record in caplog.records:
        assert new.access_token not in record.getMessage()
        assert old.refresh_token not in formatter.format(record)


async def test_operating_time_is_counted_for_the_application_whatever_the_token(scene: Scene) -> None:
    login = scene.login()
    await scene.keep(scene.tokens(expires=0.0))
    before = (login.owner, login.host)
    await login.route()
    assert (login.owner, login.host) == before
    assert login.owner == scene.application.client_id
    assert ORIGIN.endswith(login.host)


async def test_a_call_ends_at_its_deadline_while_the_renewal_continues(scene: Scene) -> None:
    old = scene.tokens(expires=0.0)
    await scene.keep(old)
    goes_on = anyio.Event()

    async def slow(*asgi: Any) -> None:
        await scene.clock.sleep(60)
        await goes_on.wait()
        await scene.app(*asgi)

    scene.server = slow
    async with scene.open(deadline=55) as portal:
        with anyio.fail_after(10), pytest.raises(B24Error) as caught:
            await portal.call("crm.deal.add")
        assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_DEADLINE", "no")
        goes_on.set()
        await portal.aclose()
        assert (await scene.kept()).refresh_token != old.refresh_token
    assert [request.path for request in scene.app.requests] == ["/oauth/token/"]
