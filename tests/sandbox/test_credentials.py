"""Credentials: webhooks and tokens, their places in a request, the errors for invalid ones."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any

import httpx
import pytest

from b24_sandbox import Sandbox
from b24_sandbox.answer import RowPage
from b24_sandbox.app import SCOPE_USER_WEBHOOK, USER_WEBHOOK
from b24_sandbox.call import Call
from b24_sandbox.messages import Response
from b24_sandbox.php import Value
from tests.sandbox.conftest import NOW, Caller, opened


def token(caller: Caller, *args: Any, **kwargs: Any) -> str:
    return caller.sandbox.portal.oauth.issue(*args, **kwargs).access_token


def refusal(response: httpx.Response) -> tuple[int, str]:
    answer = response.json()
    assert "time" not in answer
    return response.status_code, answer["error"]


async def test_a_bearer_header_has_priority_over_both_parameters(call: Caller) -> None:
    response = await call.http.get(
        "/rest/profile",
        params={"auth": "wrong", "access_token": "wrong"},
        headers={"Authorization": f"Bearer {token(call)}"},
    )
    assert response.json()["result"]["ID"] == "1"


async def test_auth_has_priority_over_access_token(call: Caller) -> None:
    good = {"auth": token(call), "access_token": "wrong"}
    bad = {"auth": "wrong", "access_token": token(call)}
    assert (await call.http.get("/rest/profile", params=good)).status_code == 200
    assert refusal(await call.http.get("/rest/profile", params=bad)) == (401, "invalid_token")


async def test_a_token_is_accepted_in_a_form_or_json_body(call: Caller) -> None:
    for sent in ({"json": {"auth": token(call)}}, {"data": {"access_token": token(call)}}):
        assert (await call.http.post("/rest/profile", **sent)).status_code == 200  # type: ignore[arg-type]


async def test_array_values_of_auth_are_ignored(call: Caller) -> None:
    good = await call.http.get(f"/rest/profile?auth[]=x&access_token={token(call)}")
    none = await call.http.get("/rest/profile?auth[]=x")
    assert good.status_code == 200
    assert refusal(none) == (401, "NO_AUTH_FOUND")


async def test_a_header_of_another_scheme_is_ignored(call: Caller) -> None:
    response = await call.http.get("/rest/profile", headers={"Authorization": f"Basic {token(call)}"})
    assert refusal(response) == (401, "NO_AUTH_FOUND")


async def test_an_unknown_token_is_invalid(call: Caller) -> None:
    assert refusal(await call.http.get("/rest/profile?auth=nothing")) == (401, "invalid_token")


async def test_a_token_expires_after_its_lifetime(call: Caller) -> None:
    response = await call.http.get("/rest/profile", params={"auth": token(call, lifetime=0)})
    assert refusal(response) == (401, "expired_token")


async def test_a_refresh_token_is_refused_as_an_access_token(call: Caller) -> None:
    refresh = call.sandbox.portal.oauth.issue().refresh_token
    assert refusal(await call.http.get("/rest/profile", params={"auth": refresh})) == (401, "invalid_token")


async def test_only_answers_to_an_application_contain_its_client_id(call: Caller) -> None:
    by_token = await call.http.get("/rest/profile", params={"auth": token(call)})
    refused = await call.http.get("/rest/crm.deal.get", params={"auth": token(call), "id": 10**6})
    by_webhook = await call.http.get(call.base + "profile")
    client_id = call.sandbox.application.client_id
    assert by_token.headers["X-Bitrix-Rest-Application"] == client_id
    assert refused.headers["X-Bitrix-Rest-Application"] == client_id
    assert "X-Bitrix-Rest-Application" not in by_webhook.headers


async def test_an_ordinary_user_is_not_an_administrator(call: Caller) -> None:
    ordinary = (await call.http.get(f"/rest/{USER_WEBHOOK}/profile")).json()["result"]
    admin = (await call.http.get(f"/rest/{USER_WEBHOOK}/user.admin")).json()["result"]
    assert (ordinary["ID"], ordinary["ADMIN"], admin) == ("4", False, False)
    assert (await call.result("profile"))["ADMIN"] is True


async def test_a_webhook_of_one_scope_gets_insufficient_scope(call: Caller) -> None:
    base = f"/rest/{SCOPE_USER_WEBHOOK}/"
    assert (await call.http.get(base + "scope")).json()["result"] == ["user"]
    assert (await call.http.get(base + "user.current")).status_code == 200
    response = await call.http.get(base + "crm.deal.list")
    assert refusal(response) == (401, "insufficient_scope")
    assert "webhook token" in response.json()["error_description"]


async def test_a_missing_scope_inside_a_batch_has_no_text(call: Caller) -> None:
    response = await call.http.post(f"/rest/{SCOPE_USER_WEBHOOK}/batch", json={"cmd": {"a": "crm.deal.list"}})
    errors = response.json()["result"]["result_error"]
    assert response.status_code == 200
    assert errors == {"a": {"error": "insufficient_scope", "error_description": ""}}


async def test_a_token_may_have_fewer_scopes_than_the_application(call: Caller) -> None:
    narrow = {"auth": token(call, scopes=frozenset(("user",)))}
    assert (await call.http.get("/rest/scope", params=narrow)).json()["result"] == ["user"]
    response = await call.http.get("/rest/crm.deal.list", params=narrow)
    assert refusal(response) == (401, "insufficient_scope")
    assert "access token" in response.json()["error_description"]


async def test_an_application_has_only_its_granted_scopes() -> None:
    async with opened(empty=True, app_scopes=frozenset(("user", "task"))) as call:
        response = await call.http.get("/rest/scope", params={"auth": token(call)})
    assert response.json()["result"] == ["task", "user"]


async def test_credentials_of_a_dismissed_user_are_refused(write: Caller) -> None:
    await write.result("user.update", {"ID": 4, "ACTIVE": "N"})
    by_webhook = await write.http.get(f"/rest/{USER_WEBHOOK}/profile")
    by_token = await write.http.get("/rest/profile", params={"auth": token(write, 4)})
    assert refusal(by_webhook) == (401, "authorization_error")
    assert refusal(by_token) == (401, "user_access_error")


PLAIN, LOCAL = "http://portal.example", "http://127.0.0.1"


@pytest.mark.parametrize(
    ("base", "allowed"),
    [(PLAIN, False), ("https://portal.example", True), (LOCAL, True), ("http://localhost:8024", True)],
)
async def test_a_webhook_over_plain_http_from_another_machine_is_401(shared: Sandbox, base: str, allowed: bool) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=shared), base_url=base) as client:
        response = await client.get(f"/rest/{shared.webhook}/profile")
    assert response.status_code == (200 if allowed else 401)
    if not allowed:
        assert response.json() == {"error": "INVALID_REQUEST", "error_description": "Https required."}


async def test_an_application_may_use_plain_http(call: Caller) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=call.sandbox), base_url=PLAIN) as client:
        assert (await client.get("/rest/profile", params={"auth": token(call)})).status_code == 200


async def test_webhooks_may_use_plain_http_when_the_portal_allows_it() -> None:
    async with opened(empty=True, allow_http=True) as call:
        response = await call.http.get(f"{PLAIN}{call.base}profile")
    assert response.status_code == 200


def seen(call: Call) -> Value:
    return [call.user, call.admin, call.caller.kind, call.base, call.application is not None]


@pytest.fixture
def guarded(own: Sandbox) -> Sandbox:
    """A portal with test methods, one for every kind of restriction."""
    registry = own.portal.registry
    registry.classic("test.app", "", seen, app_only=True)
    registry.classic("test.context", "", seen, app_context=True)
    registry.classic("test.webhook", "", seen, webhook_only=True)
    registry.classic("test.admin", "", seen, admin_only=True)
    registry.controller("test.things", "Bitrix\\Test\\Things", "", {"list": seen})
    registry.controller("test.things", "Bitrix\\Test\\Things", "", {"bind": seen}, app_only=True)
    return own


@pytest.mark.parametrize(
    ("method", "webhook", "user", "application"),
    [
        ("test.app", "WRONG_AUTH_TYPE", "WRONG_AUTH_TYPE", None),
        ("test.context", "ACCESS_DENIED", "ACCESS_DENIED", None),
        ("test.webhook", None, None, "WRONG_AUTH_TYPE"),
        ("test.admin", None, "ACCESS_DENIED", None),
        ("test.things.list", None, None, None),
        ("test.things.bind", "WRONG_AUTH_TYPE", "WRONG_AUTH_TYPE", None),
    ],
)
async def test_methods_refuse_other_kinds_of_callers(
    write: Caller, guarded: Sandbox, method: str, webhook: str | None, user: str | None, application: str | None
) -> None:
    answers = (
        await write.http.get(write.base + method),
        await write.http.get(f"/rest/{USER_WEBHOOK}/{method}"),
        await write.http.get(f"/rest/{method}", params={"auth": token(write)}),
    )
    assert [answer.json().get("error") for answer in answers] == [webhook, user, application]
    assert all(answer.status_code == (403 if "error" in answer.json() else 200) for answer in answers)


async def test_the_refusal_names_the_application_context(write: Caller, guarded: Sandbox) -> None:
    _, answer = await write.refused("test.context")
    assert answer["error_description"] == "Application context required"


async def test_the_restrictions_apply_inside_a_batch(write: Caller, guarded: Sandbox) -> None:
    result = await write.batch({"a": "test.app", "b": "test.things.list"})
    assert result["result_error"]["a"]["error"] == "WRONG_AUTH_TYPE"
    assert result["result"]["b"][0] == 1


async def test_a_method_knows_its_caller_and_the_address_of_the_request(guarded: Sandbox) -> None:
    transport = httpx.ASGITransport(app=guarded)
    async with httpx.AsyncClient(transport=transport, base_url="https://portal.example:8443") as client:
        by_user = await client.get(f"/rest/{USER_WEBHOOK}/test.things.list")
        by_app = await client.get("/rest/test.app", params={"auth": guarded.portal.oauth.issue(1).access_token})
    assert by_user.json()["result"] == [4, False, "webhook", "https://portal.example:8443", False]
    assert by_app.json()["result"] == [1, True, "oauth", "https://portal.example:8443", True]


async def test_links_contain_the_configured_name_of_the_portal() -> None:
    async with opened(empty=True, name="portal.example") as call:
        call.sandbox.portal.registry.classic("test.seen", "", seen)
        response = await call.http.get(call.base + "test.seen", headers={"Host": "127.0.0.1:8024"})
    assert response.json()["result"][3] == "http://portal.example:8024"


def sent(call: Call) -> Value:
    number = str(call.params["id"])
    return Response(200, "image/png", b"\x89PNG" + number.encode(), (("Content-Disposition", "attachment"),))


def kept(call: Call) -> Value:
    part = call.files["file"]
    return {"ID": call.params["id"], "NAME": part.filename, "TYPE": part.content_type, "SIZE": len(part.content)}


def linked(call: Call, name: str) -> Value:
    return call.link(name, {"id": 7, "a": {"b": "c"}})


@pytest.fixture
def with_links(own: Sandbox) -> Sandbox:
    registry = own.portal.registry
    registry.link("download", "crm", sent)
    registry.link("upload", "crm", kept)
    for name in ("download", "upload", "test.shown"):
        registry.classic(f"test.{name}", "crm", partial(linked, name=name))
    registry.classic("test.shown", "crm", lambda call: RowPage([call.params], total=3))
    return own


async def test_a_download_link_of_a_webhook_contains_its_secret_and_returns_bytes(
    write: Caller, with_links: Sandbox
) -> None:
    link = await write.result("test.download")
    assert link.startswith(f"http://127.0.0.1/rest/{with_links.webhook}/download/?token=crm%7C")
    response = await write.http.get(link)
    assert (response.status_code, response.content) == (200, b"\x89PNG7")
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Content-Disposition"] == "attachment"


async def test_a_download_link_of_an_application_contains_its_token(write: Caller, with_links: Sandbox) -> None:
    auth = token(write)
    link = (await write.http.get("/rest/test.download", params={"auth": auth})).json()["result"]
    assert link.startswith(f"http://127.0.0.1/rest/download.json?auth={auth}&token=crm%7C")
    assert (await write.http.get(link)).content == b"\x89PNG7"


async def test_an_upload_link_accepts_a_file_part_and_answers_without_time(write: Caller, with_links: Sandbox) -> None:
    link = await write.result("test.upload")
    response = await write.http.post(link, files={"file": ("отчёт.txt", b"two\r\nlines", "text/plain")})
    assert response.json() == {"result": {"ID": "7", "NAME": "отчёт.txt", "TYPE": "text/plain", "SIZE": 10}}


async def test_a_signed_link_can_call_any_method(write: Caller, with_links: Sandbox) -> None:
    answer = (await write.http.get(await write.result("test.test.shown"))).json()
    assert answer["result"] == [{"id": "7", "a": {"b": "c"}}]
    assert answer["total"] == 3


async def test_a_signed_link_is_valid_for_its_method_parameters_and_credentials_only(
    write: Caller, with_links: Sandbox
) -> None:
    link = httpx.URL(await write.result("test.download"))
    signed = link.params["token"]
    scope, query, signature = signed.split("|")
    assert b"id=7" in base64.b64decode(query)
    other_query = base64.b64encode(b"id=8").decode()
    for path, changed in (
        (f"/rest/{with_links.webhook}/download/", f"{scope}|{other_query}|{signature}"),
        (f"/rest/{with_links.webhook}/download/", f"disk|{query}|{signature}"),
        (f"/rest/{with_links.webhook}/download/", "nonsense"),
        (f"/rest/{with_links.webhook}/upload/", signed),
        (f"/rest/{with_links.webhook}/test.shown", signed),
        (f"/rest/{USER_WEBHOOK}/download/", signed),
    ):
        response = await write.http.get(path, params={"token": changed})
        assert refusal(response) == (403, "ACCESS_DENIED")
        assert response.json()["error_description"] == "Link check failed"


async def test_a_signed_link_expires_with_its_token(own: Sandbox, with_links: Sandbox, write: Caller) -> None:
    moment = NOW
    own.portal.oauth._clock = lambda: moment
    link = (await write.http.get("/rest/test.download", params={"auth": token(write)})).json()["result"]
    moment += 3600
    assert refusal(await write.http.get(link)) == (401, "expired_token")


async def test_download_without_a_token_is_method_not_found(write: Caller, with_links: Sandbox) -> None:
    assert refusal(await write.http.get(write.base + "download")) == (403, "ACCESS_DENIED")
    result = await write.batch({"a": "download"})
    assert result["result_error"]["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


async def test_a_method_that_returns_bytes_fails_inside_a_batch(write: Caller, with_links: Sandbox) -> None:
    with_links.portal.registry.classic("test.bytes", "", sent)
    result = await write.batch({"a": "test.bytes?id=1"})
    assert result["result_error"]["a"]["error"] == "ERROR_UNEXPECTED_ANSWER"
