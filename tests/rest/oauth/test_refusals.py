"""Refusals of the authorization server, and missing or broken responses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from b24_mcp.errors import B24Error
from b24_mcp.rest.auth.oauth.login import Login
from b24_mcp.state import TokenLease, Tokens
from tests.fake_portal import FakePortal, Reply, http_answer, serve
from tests.rest.oauth.conftest import NAME, Scene


def refusal(code: str, status: int = 400) -> Reply:
    return Reply({"error": code, "error_description": "The server says no"}, status)


async def failure(scene: Scene, deadline: float = 0.0) -> B24Error:
    async with scene.open(deadline=deadline) as portal:
        with pytest.raises(B24Error) as caught:
            await portal.call("crm.deal.add", {"fields": {"TITLE": "x"}})
    assert caught.value.fault.executed == "no"
    assert not any(request.path.startswith("/rest/") for request in scene.app.requests)
    return caught.value


@pytest.mark.parametrize(
    ("reply", "kind", "hint"),
    [
        (refusal("invalid_grant"), "auth", "b24-mcp login"),
        (refusal("INVALID_GRANT"), "auth", "b24-mcp login"),
        (refusal("invalid_client", 401), "auth", "B24_CLIENT_SECRET"),
        (refusal("invalid_client", 400), "auth", "B24_CLIENT_SECRET"),
        (refusal("WRONG_CLIENT", 200), "auth", "B24_CLIENT_ID"),
        (refusal("PAYMENT_REQUIRED", 401), "plan", "paid or trial time"),
        (refusal("NOT_INSTALLED", 401), "auth", "installed"),
        (refusal("verification_needed", 401), "auth", "licence"),
        (refusal("invalid_request"), "auth", "request"),
        (refusal("invalid_scope", 403), "permission", "scope"),
        (refusal("insufficient_scope", 403), "permission", "scope"),
        (refusal("something_new", 400), "auth", ""),
        (refusal("something_new", 404), "auth", ""),
        (refusal("something_new", 200), "auth", ""),
    ],
    ids=lambda value: str(value.body["error"]) + str(value.status) if isinstance(value, Reply) else "",
)
async def test_a_refusal_has_a_hint_and_leaves_the_stored_tokens_unchanged(
    scene: Scene, reply: Reply, kind: str, hint: str
) -> None:
    before = scene.tokens(expires=0.0)
    await scene.keep(before)
    scene.server = FakePortal([reply])
    error = await failure(scene, deadline=100.0)
    assert (error.fault.kind, error.fault.retryable) == (kind, False)
    assert "The server says no" in error.fault.message
    assert hint in error.fault.hint
    assert (await scene.kept()).refresh_token == before.refresh_token


@pytest.mark.parametrize(
    "reply",
    [
        Reply("<html>502</html>", 502, "text/html"),
        Reply("<html>welcome</html>", 200, "text/html"),
        Reply("", 503),
        Reply("", 200),
        Reply({"error": "INTERNAL_SERVER_ERROR", "error_description": "x"}, 500),
        Reply({"error": "too_many", "error_description": "x"}, 429),
        Reply("", 302, headers=(("Location", "https://evil.example/oauth/token/"),)),
        Reply("[1]"),
        Reply('{"access_token":'),
        Reply({"result": 1}, 403),
    ],
    ids=lambda reply: f"{reply.status} {str(reply.body)[:12]}",
)
async def test_after_an_unusable_response_the_same_refresh_token_is_sent_again(scene: Scene, reply: Reply) -> None:
    before = scene.tokens(expires=0.0)
    await scene.keep(before)
    scene.server = server = FakePortal([reply] * 3)
    error = await failure(scene, deadline=100.0)
    assert (error.fault.code, error.fault.kind, error.fault.retryable) == ("B24MCP_OAUTH_SERVER", "unavailable", True)
    assert [f"refresh_token={before.refresh_token}".encode() in one.body for one in server.requests] == [True] * 3
    scene.server = scene.app
    async with scene.open() as portal:
        assert (await portal.call("profile")).result["ID"] == "1"


@pytest.mark.parametrize("missing", ["access_token", "refresh_token", "member_id"])
async def test_an_incomplete_pair_of_tokens_is_refused(scene: Scene, missing: str) -> None:
    whole = {"access_token": "a" * 20, "refresh_token": "r" * 20, "member_id": "m", "expires_in": 3600}
    before = scene.tokens(expires=0.0)
    await scene.keep(before)
    scene.server = FakePortal([Reply({name: value for name, value in whole.items() if name != missing})])
    error = await failure(scene)
    assert "has no access_token" in error.fault.message
    assert (await scene.kept()).refresh_token == before.refresh_token


async def test_tokens_of_another_portal_are_refused_and_not_stored(scene: Scene) -> None:
    before = scene.tokens(expires=0.0)
    await scene.keep(before)
    other = {"access_token": "a" * 20, "refresh_token": "r" * 20, "member_id": "other", "expires_in": 3600}
    scene.server = FakePortal([Reply(other)])
    assert (await failure(scene)).fault.code == "B24MCP_OTHER_PORTAL"
    assert (await scene.kept()).refresh_token == before.refresh_token


async def test_a_refused_refresh_token_is_not_sent_again_for_a_minute(scene: Scene) -> None:
    await scene.keep(scene.tokens(expires=0.0))
    scene.server = server = FakePortal([refusal("PAYMENT_REQUIRED", 401)])
    async with scene.open() as portal:
        for _ in range(3):
            with pytest.raises(B24Error, match="PAYMENT_REQUIRED"):
                await portal.call("profile")
        assert len(server.requests) == 1
        scene.clock.time += 61
        server.replies.append(refusal("PAYMENT_REQUIRED", 401))
        with pytest.raises(B24Error, match="PAYMENT_REQUIRED"):
            await portal.call("profile")
        assert len(server.requests) == 2


@pytest.mark.parametrize("kind", ["cut_before", "truncated", "html", "500"])
async def test_a_renewal_is_repeated_after_a_broken_connection(scene: Scene, kind: Any) -> None:
    """A connection that breaks after the server decided has used the token up here; one that broke before has not."""
    await scene.keep(scene.tokens(expires=0.0))

    async def broken_once(request: bytes, writer: asyncio.StreamWriter) -> None:
        if kind == "truncated":
            writer.write(http_answer(b'{"access_token": "', length=400))
        elif kind in ("html", "500"):
            writer.write(http_answer(b"<html>", status="500 Oh no"))

    async with serve(broken_once) as served:
        stored = await scene.kept()
        scene.oauth_server = f"http://127.0.0.1:{served.port}"
        await scene.keep(replace(stored, server=scene.oauth_server))
        scene.server = False
        login = scene.login()
        async with scene.open(login) as portal:
            with pytest.raises(B24Error, match="B24MCP_OAUTH_SERVER"):
                await portal.call("profile")
        assert served.connections == 1
    await scene.keep(replace(await scene.kept(), server=stored.server))
    scene.server, scene.oauth_server = scene.app, None
    async with scene.open() as portal:
        assert (await portal.call("profile")).result["ID"] == "1"


async def test_the_error_says_when_a_lost_response_may_have_used_the_token_up(scene: Scene) -> None:
    await scene.keep(scene.tokens(expires=0.0))

    async def losing(scope: Any, receive: Any, send: Any) -> None:
        async def swallow(message: Any) -> None:
            return None

        await scene.sandbox(scope, receive, swallow)
        await send({"type": "http.response.start", "status": 502, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<html>"})

    scene.server = losing
    assert (await failure(scene)).fault.code == "B24MCP_OAUTH_SERVER"
    scene.server = scene.sandbox
    error = await failure(scene)
    assert (error.fault.code, error.fault.kind) == ("invalid_grant", "auth")
    assert "got no answer" in error.fault.message
    assert "b24-mcp login" in error.fault.hint


async def test_calls_that_wait_for_one_renewal_share_its_failure(scene: Scene) -> None:
    """The calls do not wait one after the other for a server that hangs."""
    await scene.keep(scene.tokens(expires=0.0))
    failing = FakePortal([Reply("", 503)] * 2)
    others, arrived = 19, 0

    class Counted(Login):
        async def _renewed(self, rejected: str) -> Tokens:
            nonlocal arrived
            arrived += 1
            return await super()._renewed(rejected)

    async def hanging(*asgi: Any) -> None:
        while arrived < 1 + others:
            await anyio.lowlevel.checkpoint()
        await failing(*asgi)

    scene.server = hanging
    login = scene.login(of=Counted)
    codes: list[str] = []
    async with scene.open(login) as portal:

        async def call() -> None:
            with pytest.raises(B24Error) as caught:
                await portal.call("profile")
            codes.append(caught.value.fault.code)

        async with anyio.create_task_group() as tasks:
            for _ in range(1 + others):
                tasks.start_soon(call)
        assert codes == ["B24MCP_OAUTH_SERVER"] * 20
        assert len(failing.requests) == 1
        others = 0
        await call()
        assert len(failing.requests) == 2


async def test_the_error_of_a_revoked_login_mentions_no_lost_response(scene: Scene) -> None:
    await scene.keep(scene.tokens(expires=0.0, refresh_token="revoked"))
    error = await failure(scene)
    assert error.fault.code == "invalid_grant"
    assert "got no answer" not in error.fault.message


async def test_a_login_survives_an_authorization_server_that_is_down(scene: Scene) -> None:
    scene.oauth_server = "http://127.0.0.1:1"
    await scene.keep(scene.tokens(expires=0.0, server=scene.oauth_server))
    scene.server = False
    error = await failure(scene)
    assert error.fault.code == "B24MCP_OAUTH_SERVER"
    assert "authorization server cannot be reached" in error.fault.message


async def test_no_request_is_sent_when_tokens_cannot_be_stored(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await scene.keep(scene.tokens(expires=0.0))

    def full(*args: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("b24_mcp.storage.files.os.write", full)
    error = await failure(scene)
    assert (error.fault.code, error.fault.kind) == ("B24MCP_TOKENS", "unavailable")
    assert scene.renewals == 0
    monkeypatch.undo()
    async with scene.open() as portal:
        await portal.call("profile")


async def test_a_pair_that_could_not_be_stored_is_stored_by_the_next_call(scene: Scene) -> None:
    """Only this pair is valid: it is neither used before it is stored nor discarded."""
    await scene.keep(scene.tokens(expires=0.0))
    writes, lost = 0, False
    login = scene.login()

    class FullDisk:
        def __init__(self, lease: TokenLease) -> None:
            self.lease = lease
            self.read, self.forget = lease.read, lease.forget

        async def write(self, tokens: Tokens) -> None:
            nonlocal writes
            writes += 1
            if lost and tokens.renewing_since is None:
                raise OSError(28, "No space left on device")
            await self.lease.write(tokens)

    class Store:
        read, aclose = scene.store.read, scene.store.aclose

        def alone(self, name: str) -> Any:
            from contextlib import asynccontextmanager

            @asynccontextmanager
            async def alone() -> Any:
                async with scene.store.alone(name) as lease:
                    yield FullDisk(lease)

            return alone()

    login._store = Store()
    async with scene.open(login) as portal:
        lost = True
        for _ in range(2):
            with pytest.raises(B24Error, match="B24MCP_TOKENS"):
                await portal.call("profile")
        assert not any(request.path.startswith("/rest/") for request in scene.app.requests)
        lost = False
        assert (await portal.call("profile")).result["ID"] == "1"
    assert scene.renewals == 1
    assert writes == 4


async def test_a_valid_token_is_used_while_the_store_cannot_be_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.keep(scene.tokens())

    async def gone(name: str) -> Tokens:
        raise OSError("Redis cannot be used")

    async with scene.open() as portal:
        await portal.call("profile")
        monkeypatch.setattr(scene.store, "read", gone)
        assert (await portal.call("profile")).result["ID"] == "1"
        scene.clock.time += 4000
        with pytest.raises(B24Error, match="B24MCP_TOKENS"):
            await portal.call("profile")


async def test_damaged_tokens_are_reported_and_not_changed(scene: Scene) -> None:
    await scene.keep(scene.tokens())
    folder = scene.store._folder  # type: ignore[attr-defined]
    (file,) = folder.glob("*.json")
    await anyio.Path(file).write_text('{"client_id": ')
    error = await failure(scene)
    assert error.fault.code == "B24MCP_TOKENS"
    assert "damaged" in error.fault.message
    assert NAME.split(":")[0] in file.name
