"""Addresses, credentials, the order of checks, headers."""

from __future__ import annotations

import pytest

from b24_sandbox import LoggedCall, Sandbox
from tests.sandbox.conftest import Caller, opened


@pytest.mark.parametrize("suffix", ["", ".json", ".JSON", "/", ".json/"])
async def test_a_json_suffix_and_a_trailing_slash_have_no_effect(call: Caller, suffix: str) -> None:
    response = await call.http.get(call.base + "profile" + suffix)
    assert response.status_code == 200
    assert response.json()["result"]["ID"] == "1"


async def test_any_other_suffix_stays_part_of_the_name(call: Caller) -> None:
    response = await call.http.get(call.base + "crm.deal.list.yaml")
    assert response.status_code == 404
    assert response.json() == {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"}


async def test_only_one_suffix_is_taken_off(call: Caller) -> None:
    assert (await call.http.get(call.base + "profile.xml.json")).status_code == 404


@pytest.mark.parametrize("name", ["CRM.Deal.LIST", "crm.item.LIST", "Tasks.Task.getfields", "PROFILE"])
async def test_method_names_are_case_insensitive(call: Caller, name: str) -> None:
    assert "result" in await call(name, {"entityTypeId": 2})


async def test_an_unknown_method_is_reported_before_a_bad_secret(call: Caller) -> None:
    response = await call.http.get("/rest/1/wrong/no.such.method")
    assert (response.status_code, response.json()["error"]) == (404, "ERROR_METHOD_NOT_FOUND")


@pytest.mark.parametrize("credentials", ["1/wrong", "2/sandboxdemocode", "nobody/sandboxdemocode"])
async def test_a_bad_webhook_is_401(call: Caller, credentials: str) -> None:
    response = await call.http.get(f"/rest/{credentials}/profile")
    assert (response.status_code, response.json()["error"]) == (401, "INVALID_CREDENTIALS")


async def test_no_credentials_at_all_are_401(call: Caller) -> None:
    response = await call.http.get("/rest/profile")
    assert response.status_code == 401
    assert response.json() == {"error": "NO_AUTH_FOUND", "error_description": "Wrong authorization data"}


async def test_webhook_credentials_are_accepted_as_parameters(call: Caller) -> None:
    user, secret = call.sandbox.webhook.split("/")
    answer = (await call.http.get("/rest/profile", params={"aplogin": user, "ap": secret})).json()
    assert answer["result"]["ID"] == "1"


async def test_credentials_in_the_path_have_priority_over_parameters(call: Caller) -> None:
    response = await call.http.get(call.base + "profile", params={"aplogin": "9", "ap": "wrong"})
    assert response.status_code == 200


async def test_a_webhook_accepts_the_login_instead_of_the_user_id(call: Caller) -> None:
    login = (await call.result("user.current"))["EMAIL"]
    secret = call.sandbox.webhook.split("/")[1]
    assert (await call.http.get(f"/rest/{login}/{secret}/profile")).status_code == 200


async def test_a_wrong_action_of_a_controller_is_22002_instead_of_404(call: Caller) -> None:
    status, answer = await call.refused("crm.item.nonsense")
    assert (status, answer["error"]) == (400, "22002")
    assert "Could not find description of nonsense in Bitrix\\Crm\\Controller\\Item" in answer["error_description"]
    assert (await call.http.get("/rest/1/wrong/crm.item.nonsense")).status_code == 401


async def test_a_parameter_called_token_makes_any_call_a_signed_link(call: Caller) -> None:
    status, answer = await call.refused("profile", {"token": "x"})
    assert (status, answer["error"], answer["error_description"]) == (403, "ACCESS_DENIED", "Link check failed")


async def test_a_method_outside_the_scopes_is_401(write: Caller) -> None:
    write.sandbox.portal.scopes = frozenset(("task",))
    status, answer = await write.refused("crm.deal.list")
    assert (status, answer["error"]) == (401, "insufficient_scope")
    assert (await write.result("scope")) == ["task"]


async def test_options_returns_an_empty_body_with_cors_headers(call: Caller) -> None:
    response = await call.http.options(call.base + "profile")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_every_answer_carries_the_portal_headers(call: Caller) -> None:
    for address in ("profile", "no.such.method"):
        headers = (await call.http.get(call.base + address)).headers
        assert headers["Access-Control-Allow-Headers"] == "origin, content-type, accept"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Type"] == "application/json; charset=utf-8"
    xml = await call.http.get(call.base + "profile.xml")
    assert xml.headers["Content-Type"] == "text/xml; charset=utf-8"


@pytest.mark.parametrize("address", ["/", "/rest", "/rest/1/sandboxdemocode/", "/rest/api/1/x", "/a/b"])
async def test_an_address_outside_the_templates_is_an_html_404(call: Caller, address: str) -> None:
    response = await call.http.get(address)
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


async def test_any_verb_is_accepted_but_only_post_bodies_are_read(call: Caller) -> None:
    params = {"filter": {"ID": 1}}
    posted = (await call.http.post(call.base + "crm.deal.list", json=params)).json()
    put = (await call.http.request("PUT", call.base + "crm.deal.list", json=params)).json()
    assert (posted["total"], put["total"]) == (1, 400)


async def test_every_call_is_logged_without_the_secret() -> None:
    heard: list[LoggedCall] = []
    async with opened(empty=True, log=heard.append) as call:
        await call.http.get(f"{call.base}profile?auth=a&x=1")
        await call.http.get(f"{call.base}nope")
    assert [(entry.method, entry.params, entry.status, entry.error) for entry in heard] == [
        ("profile", {"x": "1"}, 200, None),
        ("nope", {}, 404, "ERROR_METHOD_NOT_FOUND"),
    ]
    assert "sandboxdemocode" not in repr(heard)


def test_the_webhook_address_is_the_base_with_the_credentials() -> None:
    sandbox = Sandbox(empty=True, webhook="1/other")
    sandbox.close()
    assert sandbox.webhook_url("http://127.0.0.1:8000") == "http://127.0.0.1:8000/rest/1/other/"
