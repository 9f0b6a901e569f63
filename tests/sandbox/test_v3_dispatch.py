"""REST 3.0: addresses, order of checks, bodies, the shape of errors."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from b24_sandbox import LoggedCall, Sandbox
from b24_sandbox.app import SCOPE_USER_WEBHOOK, USER_WEBHOOK
from tests.sandbox.conftest import http
from tests.sandbox.rest_v3 import PREFIX, REQUEST, V3, fields, portal, refusal


@pytest.fixture
async def v3(shared: Sandbox) -> AsyncIterator[V3]:
    async with http(shared) as client:
        yield V3(shared, client)


async def test_a_webhook_address_answers_with_result_and_time_only(v3: V3) -> None:
    answer = (await v3.send("tasks.task.get", {"id": 5, "select": ["id"]})).json()
    assert answer["result"] == {"item": {"id": 5}}
    assert {"start", "finish", "duration", "processing", "date_start", "date_finish"} <= set(answer["time"])


async def test_a_trailing_slash_has_no_effect(v3: V3) -> None:
    response = await v3.send("tasks.task.get/", {"id": 5, "select": ["id"]})
    assert response.json()["result"] == {"item": {"id": 5}}


@pytest.mark.parametrize("suffix", [".json", ".xml"])
async def test_a_suffix_is_part_of_the_name(v3: V3, suffix: str) -> None:
    assert (await v3.refused("tasks.task.get" + suffix, {"id": 5}))[:2] == (404, "METHODNOTFOUNDEXCEPTION")


async def test_method_names_must_be_lower_case(v3: V3) -> None:
    assert (await v3.refused("Tasks.Task.Get", {"id": 5}))[0] == 404


@pytest.mark.parametrize("method", ["crm.deal.list", "profile", "user.get", "tasks.task.complete", "methods"])
async def test_methods_of_version_2_only_are_not_found(v3: V3, method: str) -> None:
    assert (await v3.refused(method))[:2] == (404, "METHODNOTFOUNDEXCEPTION")


@pytest.mark.parametrize(
    "method", ["main.eventlog.list", "rest.scope.list", "tasks.task.chat.message.send", "note.collection.list"]
)
async def test_methods_of_version_3_only_are_not_found_by_version_2(v3: V3, method: str) -> None:
    response = await v3.http.post(f"/rest/{v3.sandbox.webhook}/{method}", json={})
    assert (response.status_code, response.json()["error"]) == (404, "ERROR_METHOD_NOT_FOUND")


async def test_the_same_name_has_a_different_contract_in_each_version(v3: V3) -> None:
    old = (await v3.http.post(f"/rest/{v3.sandbox.webhook}/tasks.task.get", json={"taskId": 5})).json()
    new = await v3.result("tasks.task.get", {"id": 5})
    assert (old["result"]["task"]["id"], new["item"]["id"]) == ("5", 5)
    assert old["result"]["task"]["title"] == new["item"]["title"]


async def test_an_unknown_method_is_reported_before_credentials_are_checked(v3: V3) -> None:
    response = await v3.http.post("/rest/api/1/wrong/no.such.method", json={})
    assert refusal(response)[:2] == (404, "METHODNOTFOUNDEXCEPTION")


@pytest.mark.parametrize(
    "address",
    [
        "/rest/api/1/wrong/tasks.task.get",
        "/rest/api/7/sandboxdemocode/tasks.task.get",
        "/rest/api/tasks.task.get",
        "/rest/api/tasks.task.get?auth=unknown",
    ],
)
async def test_every_failure_of_authentication_is_the_same_401(v3: V3, address: str) -> None:
    status, code, error = refusal(await v3.http.post(address, json={"id": 5}))
    assert (status, code) == (401, "ACCESSDENIEDEXCEPTION")
    assert "validation" not in error


async def test_an_expired_token_gets_the_same_error_as_an_invalid_one() -> None:
    now = [1_772_355_600.0]
    async with portal(clock=lambda: now[0]) as v3:
        token = v3.sandbox.portal.oauth.issue(1).access_token
        bearer = {"Authorization": f"Bearer {token}"}
        assert (await v3.http.post("/rest/api/tasks.task.get", json={"id": 5}, headers=bearer)).status_code == 200
        now[0] += 3601
        late = refusal(await v3.http.post("/rest/api/tasks.task.get", json={"id": 5}, headers=bearer))
        assert late[:2] == (401, "ACCESSDENIEDEXCEPTION")


async def test_a_token_is_accepted_in_header_address_or_body() -> None:
    async with portal() as v3:
        token = v3.sandbox.portal.oauth.issue(1).access_token
        wanted = {"id": 5, "select": ["id"]}
        for params, headers, body in (
            ({}, {"Authorization": f"Bearer {token}"}, wanted),
            ({"auth": token}, {}, wanted),
            ({}, {}, {**wanted, "auth": token}),
        ):
            response = await v3.http.post("/rest/api/tasks.task.get", params=params, headers=headers, json=body)
            assert response.json()["result"] == {"item": {"id": 5}}
            assert response.headers["X-Bitrix-Rest-Application"] == v3.sandbox.application.client_id


async def test_plain_http_from_another_machine_is_401(v3: V3) -> None:
    response = await v3.http.post(v3.base + "tasks.task.get", json={"id": 5}, headers={"Host": "portal.example"})
    assert refusal(response)[:2] == (401, "ACCESSDENIEDEXCEPTION")


async def test_a_missing_scope_is_403_and_reported_before_validation(v3: V3) -> None:
    narrow = V3(v3.sandbox, v3.http, SCOPE_USER_WEBHOOK)
    assert (await narrow.refused("tasks.task.get", {"id": "x"}))[:2] == (403, "INSUFFICIENTSCOPEEXCEPTION")
    broken = await narrow.http.post(narrow.base + "tasks.task.get", content=b"{")
    assert refusal(broken)[1] == "INSUFFICIENTSCOPEEXCEPTION"


async def test_methods_without_a_scope_are_open_to_narrow_credentials(v3: V3) -> None:
    narrow = V3(v3.sandbox, v3.http, SCOPE_USER_WEBHOOK)
    assert "tasks" in await narrow.result("rest.scope.list")


async def test_the_event_log_is_for_administrators(v3: V3) -> None:
    seller = V3(v3.sandbox, v3.http, USER_WEBHOOK)
    assert (await seller.refused("main.eventlog.list"))[:2] == (403, "ACCESSDENIEDEXCEPTION")


@pytest.mark.parametrize("body", [b"{", b"", b"5", b'"text"', b"null", b'{"id":NaN}', b'{"a":"\\ud800"}', b"\xff"])
async def test_a_body_that_is_not_a_json_array_or_object_is_refused(v3: V3, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = await v3.http.post(v3.base + "tasks.task.list", content=body, headers=headers)
    assert refusal(response)[:2] == (400, "INVALIDJSONEXCEPTION")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""])
async def test_json_under_another_content_type_is_refused(v3: V3, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = await v3.http.post(v3.base + "tasks.task.get", content=b'{"id":5}', headers=headers)
    assert refusal(response)[:2] == (400, "INVALIDJSONEXCEPTION")


async def test_parameters_are_not_read_from_the_address(v3: V3) -> None:
    status, code, error = refusal(await v3.http.get(v3.base + "tasks.task.get?id=5"))
    assert (status, code, fields(error)) == (400, REQUEST, ["id"])


@pytest.mark.parametrize("method", ["rest.documentation.openapi", "documentation", "rest.scope.list", "scopes"])
async def test_documentation_methods_accept_get_and_an_empty_post(v3: V3, method: str) -> None:
    got, posted = await v3.http.get(v3.base + method), await v3.http.post(v3.base + method)
    assert got.status_code == posted.status_code == 200


async def test_unknown_parameters_are_tolerated(v3: V3) -> None:
    response = await v3.http.post(
        v3.base + "tasks.task.get?bx24_request_id=1&bx24_sdk_ver=2.2.0", json={"id": 5, "select": ["id"], "extra": 1}
    )
    assert response.json()["result"] == {"item": {"id": 5}}


@pytest.mark.parametrize("value", ["5", 5.0, True, [5], 2**70])
async def test_types_are_strict(v3: V3, value: object) -> None:
    status, code, error = await v3.refused("tasks.task.get", {"id": value})
    assert (status, code, fields(error)) == (400, REQUEST, ["id"])
    assert error["code"] == PREFIX + REQUEST


async def test_a_missing_parameter_is_named(v3: V3) -> None:
    _, code, error = await v3.refused("tasks.task.get", {"select": ["id"]})
    assert (code, fields(error)) == (REQUEST, ["id"])


async def test_the_operating_limit_is_429() -> None:
    async with portal(cost=300.0, operating_limit=480.0) as v3:
        for _ in range(2):
            await v3.result("tasks.task.get", {"id": 5})
        assert (await v3.refused("tasks.task.get", {"id": 5}))[:2] == (429, "RATELIMITEXCEPTION")
        assert await v3.result("tasks.task.list", {})


async def test_a_path_of_another_length_is_an_html_404(v3: V3) -> None:
    response = await v3.http.post("/rest/api/1/tasks.task.get", json={})
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


async def test_answered_calls_are_logged_without_secrets() -> None:
    seen: list[LoggedCall] = []
    async with portal(log=seen.append) as v3:
        await v3.http.post("/rest/api/tasks.task.get", json={"id": 5, "auth": "secret-token"})
        await v3.http.post("/rest/api/batch", json={"cmd": {}, "auth": "secret-token"})
        await v3.send("batch", {"0": {"method": "tasks.task.list", "query": {}}, "auth": "secret-token"})
        await v3.send("tasks.task.get", {"id": 5, "auth": "secret-token"})
    assert [(call.method, call.status) for call in seen] == [
        ("tasks.task.get", 401),
        ("batch", 401),
        ("batch", 400),
        ("tasks.task.get", 200),
    ]
    assert seen[-1].params == {"id": 5}
    assert "secret" not in repr(seen)


async def test_a_defect_of_the_sandbox_is_an_internal_error_and_is_logged(
    own: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with http(own) as client:
        v3 = V3(own, client)
        await v3.result("tasks.task.list")

        def fail(*args: object) -> None:
            raise ZeroDivisionError("ours")

        monkeypatch.setattr(own.portal.storage, "rows", fail)
        assert (await v3.refused("tasks.task.list"))[:2] == (500, "INTERNAL_INTERNALEXCEPTION")
    assert "ours" in caplog.text
