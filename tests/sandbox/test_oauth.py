"""The authorization server: consent, codes, tokens, renewal, refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.conftest import NOW, Caller, opened


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def portal(clock: Clock) -> AsyncIterator[Caller]:
    async with opened(empty=True, clock=clock) as caller:
        yield caller


def application(portal: Caller) -> dict[str, str]:
    known = portal.sandbox.application
    return {"client_id": known.client_id, "client_secret": known.client_secret}


async def consent(portal: Caller, **params: str) -> tuple[str, dict[str, str]]:
    """The redirect address without its query, and the query."""
    client_id = {"client_id": portal.sandbox.application.client_id}
    response = await portal.http.get("/oauth/authorize/", params={**client_id, **params})
    assert response.status_code == 302
    where = urlsplit(response.headers["Location"])
    query = {name: values[0] for name, values in parse_qs(where.query).items()}
    return f"{where.scheme}://{where.netloc}{where.path}", query


async def token(portal: Caller, **params: str) -> httpx.Response:
    return await portal.http.get("/oauth/token/", params={**application(portal), **params})


async def pair(portal: Caller, **params: str) -> dict[str, Any]:
    _, back = await consent(portal, **params)
    response = await token(portal, grant_type="authorization_code", code=back["code"])
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


async def renewed(portal: Caller, refresh_token: str) -> httpx.Response:
    return await token(portal, grant_type="refresh_token", refresh_token=refresh_token)


async def test_consent_redirects_to_the_handler_with_a_code_and_the_portal(portal: Caller) -> None:
    where, query = await consent(portal, state="my state&1")
    assert where == portal.sandbox.application.handler
    assert query.pop("code")
    assert query == {
        "state": "my state&1",
        "domain": "127.0.0.1",
        "member_id": portal.sandbox.application.member_id,
        "scope": ",".join(sorted(portal.sandbox.portal.scopes)),
        "server_domain": "127.0.0.1",
    }


async def test_consent_redirects_to_redirect_uri_when_it_is_sent(portal: Caller) -> None:
    where, query = await consent(portal, redirect_uri="http://127.0.0.1:9/back?own=1")
    assert where == "http://127.0.0.1:9/back"
    assert query["own"] == "1"
    assert query["code"]


async def test_an_unknown_application_is_an_error_page_without_a_redirect(portal: Caller) -> None:
    response = await portal.http.get("/oauth/authorize/", params={"client_id": "app.wrong"})
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert response.headers["Content-Type"].startswith("text/html")


async def test_a_code_is_exchanged_for_a_pair_of_tokens(portal: Caller) -> None:
    answer = await pair(portal)
    assert answer.pop("access_token") != answer.pop("refresh_token")
    assert answer == {
        "client_endpoint": "http://127.0.0.1/rest/",
        "domain": "127.0.0.1",
        "expires": int(NOW) + 3600,
        "expires_in": 3600,
        "member_id": portal.sandbox.application.member_id,
        "scope": ",".join(sorted(portal.sandbox.portal.scopes)),
        "server_endpoint": "http://127.0.0.1/rest/",
        "status": "L",
        "user_id": 1,
    }


async def test_the_token_acts_as_the_user_who_consented(portal: Caller) -> None:
    answer = await pair(portal)
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    response = await portal.http.get(answer["client_endpoint"] + "profile", headers=headers)
    assert response.json()["result"]["ID"] == "1"


async def test_the_token_endpoint_accepts_a_form(portal: Caller) -> None:
    _, back = await consent(portal)
    sent = {**application(portal), "grant_type": "authorization_code", "code": back["code"]}
    response = await portal.http.post("/oauth/token/", data=sent)
    assert response.status_code == 200
    assert response.json()["access_token"]


async def test_a_code_works_once(portal: Caller) -> None:
    _, back = await consent(portal)
    answers = [await token(portal, grant_type="authorization_code", code=back["code"]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("seconds", "status"), [(29, 200), (30, 400)])
async def test_a_code_expires_after_thirty_seconds(portal: Caller, clock: Clock, seconds: int, status: int) -> None:
    _, back = await consent(portal)
    clock.now += seconds
    assert (await token(portal, grant_type="authorization_code", code=back["code"])).status_code == status


@pytest.mark.parametrize(("seconds", "status"), [(3599, 200), (3600, 401)])
async def test_an_access_token_expires_after_an_hour(portal: Caller, clock: Clock, seconds: int, status: int) -> None:
    answer = await pair(portal)
    clock.now += seconds
    response = await portal.http.get("/rest/profile", params={"auth": answer["access_token"]})
    assert response.status_code == status
    assert response.json().get("error") == (None if status == 200 else "expired_token")


async def test_the_lifetime_of_access_tokens_can_be_configured(clock: Clock) -> None:
    async with opened(empty=True, clock=clock, token_lifetime=5) as portal:
        answer = await pair(portal)
        clock.now += 5
        response = await portal.http.get("/rest/profile", params={"auth": answer["access_token"]})
    assert answer["expires_in"] == 5
    assert response.json()["error"] == "expired_token"


async def test_renewal_issues_a_new_pair_for_another_hour(portal: Caller, clock: Clock) -> None:
    first = await pair(portal)
    clock.now += 1000
    second = (await renewed(portal, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert (second["user_id"], second["expires"]) == (1, first["expires"] + 1000)


async def test_renewal_invalidates_the_old_refresh_token_but_not_the_old_access_token(portal: Caller) -> None:
    first = await pair(portal)
    second = (await renewed(portal, first["refresh_token"])).json()
    again = await renewed(portal, first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await renewed(portal, second["refresh_token"])).status_code == 200
    response = await portal.http.get("/rest/profile", params={"auth": first["access_token"]})
    assert response.status_code == 200


@pytest.mark.parametrize(("days", "status"), [(179, 200), (180, 400)])
async def test_a_refresh_token_expires_after_180_days(portal: Caller, clock: Clock, days: int, status: int) -> None:
    first = await pair(portal)
    clock.now += days * 86400
    assert (await renewed(portal, first["refresh_token"])).status_code == status


async def test_renewal_keeps_the_scopes(portal: Caller) -> None:
    first = await pair(portal, scope="user,nonsense")
    second = (await renewed(portal, first["refresh_token"])).json()
    assert first["scope"] == second["scope"] == "user"
    response = await portal.http.get("/rest/scope", params={"auth": second["access_token"]})
    assert response.json()["result"] == ["user"]


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "invalid_request"),
        ({"refresh_token": ""}, 400, "invalid_request"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"client_id": "app.other"}, 200, "WRONG_CLIENT"),
        ({"client_secret": "wrong"}, 400, "invalid_client"),
        ({"refresh_token": "never issued"}, 400, "invalid_grant"),
    ],
)
async def test_invalid_token_requests_are_refused(
    portal: Caller, changed: dict[str, str], status: int, code: str
) -> None:
    sent = {"grant_type": "refresh_token", "refresh_token": (await pair(portal))["refresh_token"], **changed}
    response = await token(portal, **sent)
    assert (response.status_code, response.json()["error"]) == (status, code)
    assert response.json()["error_description"]


async def test_a_wrong_secret_does_not_consume_the_refresh_token(portal: Caller) -> None:
    first = await pair(portal)
    await token(portal, grant_type="refresh_token", refresh_token=first["refresh_token"], client_secret="wrong")
    assert (await renewed(portal, first["refresh_token"])).status_code == 200


async def test_a_code_is_refused_as_a_refresh_token(portal: Caller) -> None:
    _, back = await consent(portal)
    assert (await renewed(portal, back["code"])).json()["error"] == "invalid_grant"


async def test_app_info_at_the_server_endpoint_describes_the_application(portal: Caller) -> None:
    answer = await pair(portal)
    address = answer["server_endpoint"] + "app.info"
    info = (await portal.http.get(address, params={"auth": answer["access_token"]})).json()["result"]
    assert info["CODE"] == portal.sandbox.application.client_id
    assert (info["STATUS"], info["INSTALLED"], info["PAYMENT_EXPIRED"]) == ("L", True, "N")
    assert {"ID", "VERSION", "DAYS", "LANGUAGE_ID", "LICENSE", "LICENSE_TYPE", "LICENSE_FAMILY"} <= info.keys()


OAUTH = {"Host": "oauth.example:8443"}


@pytest.fixture
async def apart(clock: Clock) -> AsyncIterator[Caller]:
    """A portal whose authorization server has its own name."""
    async with opened(empty=True, clock=clock, name="portal.example", oauth_name="oauth.example") as caller:
        yield caller


async def test_an_answer_of_a_server_with_its_own_name_contains_both_names(apart: Caller) -> None:
    _, back = await consent(apart)
    sent = {**application(apart), "grant_type": "authorization_code", "code": back["code"]}
    answer = (await apart.http.get("/oauth/token/", params=sent, headers=OAUTH)).json()
    assert (back["domain"], back["server_domain"]) == ("portal.example", "oauth.example")
    assert answer["domain"] == "oauth.example:8443"
    assert answer["server_endpoint"] == "http://oauth.example:8443/rest/"
    assert answer["client_endpoint"] == "http://portal.example:8443/rest/"


@pytest.mark.parametrize("path", ["/rest/app.info", "/rest/app.info/", "/rest/app.info.json"])
async def test_the_server_reports_the_portal_of_the_application(apart: Caller, path: str) -> None:
    auth = apart.sandbox.portal.oauth.issue(scopes=frozenset(("crm", "user"))).access_token
    answer = (await apart.http.get(path, params={"auth": auth}, headers=OAUTH)).json()
    known = apart.sandbox.application
    assert "time" in answer
    assert answer["result"] == {
        "client_id": known.client_id,
        "scope": "crm,user",
        "expires": "2026-03-01T13:00:00+03:00",
        "install": {
            "installed": True,
            "version": "1",
            "status": "L",
            "scope": "crm,user",
            "domain": "portal.example:8443",
            "uri": known.handler,
            "client_endpoint": "http://portal.example:8443/rest/",
            "member_id": known.member_id,
            "member_type": "B24",
        },
        "user_id": 1,
    }


async def test_the_server_and_the_portal_do_not_answer_each_others_addresses(apart: Caller) -> None:
    auth = {"auth": apart.sandbox.portal.oauth.issue().access_token}
    assert (await apart.http.get("/rest/profile", params=auth, headers=OAUTH)).status_code == 404
    info = (await apart.http.get("/rest/app.info", params=auth)).json()["result"]
    assert info["STATUS"] == "L"
    assert "install" not in info


@pytest.mark.parametrize(("auth", "error"), [("", "NO_AUTH_FOUND"), ("wrong", "invalid_token")])
async def test_the_server_refuses_as_the_portal_does(apart: Caller, auth: str, error: str) -> None:
    response = await apart.http.get("/rest/app.info", params={"auth": auth}, headers=OAUTH)
    assert (response.status_code, response.json()["error"]) == (401, error)


async def test_on_one_host_app_info_has_both_shapes(portal: Caller) -> None:
    auth = {"auth": (await pair(portal))["access_token"]}
    info = (await portal.http.get("/rest/app.info", params=auth)).json()["result"]
    assert (info["STATUS"], info["install"]["status"]) == ("L", "L")
    assert info["install"]["client_endpoint"] == "http://127.0.0.1/rest/"


async def test_the_identity_of_a_portal_is_stable_and_differs_between_portals(portal: Caller) -> None:
    async with opened(empty=True) as again, opened(empty=True, name="other.example") as other:
        members = [caller.sandbox.application.member_id for caller in (portal, again, other)]
    assert members[0] == members[1] != members[2]


@pytest.mark.parametrize("path", ["/oauth/", "/oauth/other/", "/oauth/token/x/"])
async def test_other_addresses_of_the_server_are_404(portal: Caller, path: str) -> None:
    assert (await portal.http.get(path)).status_code == 404


async def test_the_user_of_the_browser_consents(portal: Caller) -> None:
    oauth = portal.sandbox.portal.oauth
    client_id = {"client_id": portal.sandbox.application.client_id}
    refused = {"SANDBOX_USER=nobody": "not granted", "SANDBOX_USER=999": "not active"}
    for cookie, said in refused.items():
        response = await portal.http.get("/oauth/authorize/", params=client_id, headers={"cookie": cookie})
        assert response.status_code == 400
        assert said in response.text
        assert "Location" not in response.headers
    response = await portal.http.get(
        "/oauth/authorize/", params=client_id, headers={"cookie": "other=2; SANDBOX_USER=1"}
    )
    assert response.status_code == 302
    oauth.consenting = None
    response = await portal.http.get("/oauth/authorize/", params=client_id)
    assert response.status_code == 400
