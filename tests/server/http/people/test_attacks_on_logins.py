"""Attacks on the login of clients: each is refused, and nobody gets the access of somebody else."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from b24_mcp.server.http.server import behind_proxies
from tests.server.http.people.world import (
    ANNA,
    BORIS,
    CLIENT,
    HOST,
    REDIRECT,
    ROOT,
    URL,
    Browser,
    World,
    answered,
    challenge,
)

WEB = "https://client.example.com/cb"


# Codes


async def test_a_code_works_once_and_its_second_use_ends_the_access(world: World) -> None:
    login = world.request((await world.register())["client_id"])
    code = await world.code(login)
    tokens = (await world.redeem(login, code)).json()
    assert await world.call(tokens["access_token"]) == 200
    assert (await world.redeem(login, code)).json()["error"] == "invalid_grant"
    assert await world.call(tokens["access_token"]) == 401
    assert (await world.renew(login.client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_code_works_for_a_minute_only(world: World) -> None:
    login = world.request((await world.register())["client_id"])
    code = await world.code(login)
    world.clock.now += 61
    assert (await world.redeem(login, code)).json()["error"] == "invalid_grant"


async def test_a_code_of_one_client_does_not_work_for_another_and_is_used_up(world: World) -> None:
    login = world.request((await world.register())["client_id"])
    other = (await world.register())["client_id"]
    code = await world.code(login)
    assert (await world.redeem(login, code, client_id=other)).json()["error"] == "invalid_grant"
    assert (await world.redeem(login, code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": secrets.token_urlsafe(48)},
        {"code_verifier": "short"},
        {"code_verifier": "ы" * 43},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:41001/callback"},
        {"redirect_uri": REDIRECT + "/"},
        {"resource": "https://other.example.com/mcp"},
        {"code": "x"},
        {"code": "x" * 5_000},
        {"grant_type": "password"},
        {"grant_type": "client_credentials"},
        {"client_id": "unknown"},
        {"client_id": "https://app.example.org/client"},
        {"client_id": ""},
    ],
)
async def test_a_stolen_code_is_worth_nothing_without_the_proof_of_its_client(
    world: World, changed: dict[str, str]
) -> None:
    login = world.request((await world.register())["client_id"])
    answer = await world.redeem(login, **{"code": await world.code(login)} | changed)
    assert answer.status_code in (400, 401)
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"


async def test_the_challenge_itself_is_not_a_proof(world: World) -> None:
    verifier = secrets.token_urlsafe(48)
    login = world.request((await world.register())["client_id"], code_challenge=challenge(verifier))
    code = await world.code(login)
    assert (await world.redeem(login, code, code_verifier=challenge(verifier))).json()["error"] == "invalid_grant"


async def test_a_code_that_is_put_into_the_login_of_somebody_else_is_refused(world: World) -> None:
    client_id = (await world.register())["client_id"]
    victim, attacker = world.request(client_id), world.request(client_id)
    code = await world.code(attacker, ROOT)
    assert (await world.redeem(victim, code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short"},
        {"code_challenge": "A" * 44},
        {"code_challenge": "A" * 42 + "="},
        {"code_challenge": "", "code_challenge_method": ""},
    ],
)
async def test_no_login_begins_without_a_proof_key(world: World, changed: dict[str, str | None]) -> None:
    login = world.request((await world.register())["client_id"], **changed)
    answer = answered(await world.browser().get(login.url))
    assert answer["error"] == "invalid_request"
    assert "code" not in answer


# Tokens


async def test_a_refresh_token_of_one_client_does_not_work_for_another(world: World) -> None:
    mine, yours = await world.log_in(ANNA), await world.log_in(BORIS)
    answer = await world.renew(yours["client_id"], mine["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"
    assert (await world.renew(mine["client_id"], mine["refresh_token"])).status_code == 200


async def test_a_client_cannot_end_the_access_of_another(world: World) -> None:
    mine, yours = await world.log_in(ANNA), await world.log_in(BORIS)
    form = {"token": mine["refresh_token"], "client_id": yours["client_id"]}
    assert (await world.http.post("/oauth/revoke", data=form)).status_code == 200
    assert await world.call(mine["access_token"]) == 200


async def test_a_token_acts_for_its_own_person_only(world: World) -> None:
    client_id = (await world.register())["client_id"]
    mine = await world.log_in(ANNA, client_id)
    yours = await world.log_in(BORIS, client_id)
    assert (await world.caller(mine["access_token"])).name == ANNA.key
    caller = await world.caller(yours["access_token"])
    assert (caller.name, caller.level) == (BORIS.key, "read")


@pytest.mark.parametrize("what", ["refresh_token", "code", "client_id", "changed", "empty", "long"])
async def test_only_access_tokens_open_the_endpoint(world: World, what: str) -> None:
    tokens = await world.log_in(ANNA)
    login = world.request(tokens["client_id"])
    wrong = {
        "refresh_token": tokens["refresh_token"],
        "code": await world.code(login),
        "client_id": tokens["client_id"],
        "changed": tokens["access_token"][:-1],
        "empty": "",
        "long": tokens["access_token"] * 100,
    }
    assert await world.call(wrong[what]) == 401
    if what == "refresh_token":
        answer = await world.renew(tokens["client_id"], tokens["access_token"])
        assert answer.json()["error"] == "invalid_grant"


async def test_a_refresh_token_that_is_used_again_later_ends_the_access(world: World) -> None:
    tokens = await world.log_in(ANNA)
    renewed = (await world.renew(tokens["client_id"], tokens["refresh_token"])).json()
    world.clock.now += 31
    assert (await world.renew(tokens["client_id"], tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await world.call(renewed["access_token"]) == 401
    assert (await world.renew(tokens["client_id"], renewed["refresh_token"])).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("days", [0.1, 30, 89])
async def test_a_thief_who_renewed_first_is_found_when_the_client_renews_later(world: World, days: float) -> None:
    tokens = await world.log_in(ANNA)
    stolen = (await world.renew(tokens["client_id"], tokens["refresh_token"])).json()
    for _ in range(3):
        world.clock.now += days * 86_400 / 3
        stolen = (await world.renew(tokens["client_id"], stolen["refresh_token"])).json()
    assert await world.call(stolen["access_token"]) == 200
    assert (await world.renew(tokens["client_id"], tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await world.call(stolen["access_token"]) == 401
    assert (await world.renew(tokens["client_id"], stolen["refresh_token"])).json()["error"] == "invalid_grant"


async def test_an_invented_refresh_token_does_not_end_the_access_of_anybody(world: World) -> None:
    tokens = await world.log_in(ANNA)
    grant, family, own = tokens["refresh_token"].split(".")
    for invented in (
        f"{grant}.{'0' * 32}.{own}",
        f"{grant}..{own}",
        f"{grant}.{own}",
        f"{grant}.{family}",
        f"..{own}",
        ".",
    ):
        assert (await world.renew(tokens["client_id"], invented)).json()["error"] == "invalid_grant"
        form = {"token": invented, "client_id": tokens["client_id"]}
        await world.http.post("/oauth/revoke", data=form)
    assert await world.call(tokens["access_token"]) == 200
    assert (await world.renew(tokens["client_id"], tokens["refresh_token"])).status_code == 200


async def test_a_refresh_token_whose_answer_was_lost_works_again_for_a_short_time(world: World) -> None:
    tokens = await world.log_in(ANNA)
    await world.renew(tokens["client_id"], tokens["refresh_token"])
    world.clock.now += 29
    renewed = (await world.renew(tokens["client_id"], tokens["refresh_token"])).json()
    world.clock.now += 60
    assert (await world.renew(tokens["client_id"], renewed["refresh_token"])).status_code == 200


async def test_a_refresh_token_is_not_excused_once_its_successor_was_used(world: World) -> None:
    tokens = await world.log_in(ANNA)
    first = (await world.renew(tokens["client_id"], tokens["refresh_token"])).json()
    second = (await world.renew(tokens["client_id"], first["refresh_token"])).json()
    assert (await world.renew(tokens["client_id"], tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await world.call(second["access_token"]) == 401


# The consent


async def asked_page(world: World, browser: Browser, **changed: Any) -> Any:
    return await browser.open(world.request((await world.register())["client_id"], **changed).url)


async def test_the_page_cannot_be_shown_in_a_frame_or_kept(world: World) -> None:
    page = await asked_page(world, world.browser())
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "script" not in page.html
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    # A client may have opened the page in a small window, which reports to it at the end.
    assert page.headers["cross-origin-opener-policy"] == "unsafe-none"
    assert "access-control-allow-origin" not in page.headers


@pytest.mark.parametrize(
    ("redirect", "source"),
    [
        (REDIRECT, "http://127.0.0.1:*"),
        ("http://localhost:5/cb", "http://localhost:*"),
        ("http://[::1]:5/cb", "http:"),
        (WEB, "https:"),
        ("cursor://anysphere.cursor-mcp/oauth", "cursor:"),
        ("com.example.app:/cb", "com.example.app:"),
    ],
)
async def test_the_browser_may_follow_the_answer_to_the_client(world: World, redirect: str, source: str) -> None:
    client = await world.register(redirect_uris=[redirect])
    browser = world.browser()
    page = await browser.open(world.request(client["client_id"], redirect_uri=redirect).url)
    (forms,) = (part for part in page.headers["content-security-policy"].split("; ") if part.startswith("form-action"))
    assert source in forms.split()
    assert answered(await browser.send(page))["code"]


async def test_a_consent_for_one_client_cannot_be_used_for_another(world: World) -> None:
    browser = world.browser()
    shown = await asked_page(world, browser)
    evil = (await world.register(redirect_uris=[WEB]))["client_id"]
    for fields in ({"client_id": evil, "redirect_uri": WEB}, {"client_id": evil}, {"redirect_uri": WEB}):
        page = await asked_page(world, browser)
        answer = await browser.send(page, **fields)
        assert answer.headers["location"].startswith(REDIRECT)
        login = world.request(evil, redirect_uri=WEB)
        assert (await world.redeem(login, answered(answer)["code"])).json()["error"] == "invalid_grant"
    assert answered(await browser.send(shown))["code"]


async def test_the_question_of_one_person_cannot_be_answered_by_another(world: World) -> None:
    anna, root = world.browser(ANNA), world.browser(ROOT)
    asked, own = await asked_page(world, anna), await asked_page(world, root)
    answer = await root.send(own, request=asked.hidden["request"])
    assert answer.status_code == 400
    assert answered(await anna.send(asked))["code"]


async def test_the_question_of_one_browser_cannot_be_answered_in_another_of_the_same_person(world: World) -> None:
    first, second = world.browser(ANNA), world.browser(ANNA)
    asked, own = await asked_page(world, first), await asked_page(world, second)
    assert (await second.send(own, request=asked.hidden["request"])).status_code == 400


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({}, {"form_token": ""}),
        ({}, {"form_token": "0" * 32}),
        ({}, {"form_token": "ы"}),
        ({"origin": "https://evil.example"}, {}),
        ({"origin": "null"}, {}),
        ({"origin": "http://mcp.example.com"}, {}),
        ({"sec-fetch-site": "cross-site"}, {}),
        ({"sec-fetch-site": "same-site"}, {}),
    ],
)
async def test_a_form_of_another_web_site_is_refused_and_does_not_use_up_the_question(
    world: World, headers: dict[str, str], fields: dict[str, str]
) -> None:
    browser = world.browser()
    page = await asked_page(world, browser)
    answer = await browser.send(page, headers=headers, **fields)
    assert answer.status_code == 403
    assert "location" not in answer.headers
    assert answered(await browser.send(page))["code"]


async def test_the_form_token_of_another_person_is_refused(world: World) -> None:
    anna, boris = world.browser(ANNA), world.browser(BORIS)
    asked, other = await asked_page(world, anna), await asked_page(world, boris)
    assert (await anna.send(asked, form_token=other.hidden["form_token"])).status_code == 403


async def test_an_answer_without_a_session_gives_nothing(world: World) -> None:
    browser = world.browser()
    page = await asked_page(world, browser)
    browser.http.cookies.clear()
    answer = await browser.send(page)
    assert answer.status_code == 403
    assert "location" not in answer.headers


async def test_a_session_that_an_attacker_chose_is_not_a_login(world: World) -> None:
    browser = world.browser()
    browser.http.cookies.set("session", "chosen-by-the-attacker")
    page = await asked_page(world, browser)
    assert len(world.login.begun) == 1
    assert page.hidden["form_token"] not in ("", "chosen-by-the-attacker")


async def test_a_question_is_answered_once_and_within_ten_minutes(world: World) -> None:
    browser = world.browser()
    page = await asked_page(world, browser)
    assert answered(await browser.send(page))["code"]
    assert (await browser.send(page)).status_code == 400
    late = await asked_page(world, browser)
    world.clock.now += 601
    assert (await browser.send(late)).status_code == 400


@pytest.mark.parametrize("fields", [{"answer": ""}, {"answer": "yes"}, {"level": ""}, {"level": "admin"}])
async def test_only_a_clear_yes_is_a_consent(world: World, fields: dict[str, str]) -> None:
    browser = world.browser()
    answer = await browser.send(await asked_page(world, browser), **fields)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_a_person_who_was_dismissed_while_the_page_was_open_cannot_allow_anything(world: World) -> None:
    browser = world.browser()
    page = await asked_page(world, browser)
    del world.login.people[ANNA.key]
    session = next(iter(world.login.sessions.values()))
    world.login.sessions = dict.fromkeys(world.login.sessions, session)
    world.login.signed_in = _always(session)  # type: ignore[method-assign]
    assert (await browser.send(page)).status_code == 403


def _always(session: Any) -> Any:
    async def signed_in(_: object) -> Any:
        return session

    return signed_in


async def test_every_client_is_asked_about_again_also_one_that_was_allowed(world: World) -> None:
    client_id = (await world.register())["client_id"]
    await world.log_in(ANNA, client_id)
    page = await world.browser(ANNA).open(world.request(client_id).url)
    assert page.hidden["request"]


# Redirects

TRICKS = [
    REDIRECT + "/more",
    REDIRECT + "x",
    REDIRECT + "?x=1",
    REDIRECT + "#fragment",
    REDIRECT + "/../evil",
    REDIRECT.replace("callback", "%63allback"),
    REDIRECT.replace("callback", "Callback"),
    REDIRECT.replace("http:", "HTTP:"),
    REDIRECT.replace("http:", "https:"),
    REDIRECT.replace("127.0.0.1", "localhost"),
    REDIRECT.replace("127.0.0.1", "127.0.0.2"),
    REDIRECT.replace("127.0.0.1", "2130706433"),
    REDIRECT.replace("127.0.0.1", "127.1"),
    REDIRECT.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
    REDIRECT.replace("127.0.0.1", "user@127.0.0.1"),
    REDIRECT.replace("127.0.0.1:41000", "127.0.0.1:41000@evil.example"),
    REDIRECT.replace("127.0.0.1:41000", "127.0.0.1:x"),
    REDIRECT.replace("127.0.0.1:41000", "127.0.0.1.evil.example"),
    REDIRECT.replace("//", "/\\"),
    REDIRECT.replace("//", "///"),
    REDIRECT + "\r\nset-cookie: a=b",
    REDIRECT + "\t",
    " " + REDIRECT,
    WEB + "/",
    WEB + "?",
    WEB + ";x",
    WEB + "%2f..%2fevil",
    WEB + "/..",
    WEB.replace("https", "HTTPS"),
    WEB.replace("https", "http"),
    WEB.replace("client.example.com", "CLIENT.example.com"),
    WEB.replace("client.example.com", "client.example.com."),
    WEB.replace("client.example.com", "client.example.com:443"),
    WEB.replace("client.example.com", "client.example.com@evil.example"),
    WEB.replace("client.example.com", "evil.example/client.example.com"),
    WEB.replace("client.example.com", "client.example.com.evil.example"),
    WEB.replace("client.example.com", "сlient.example.com"),
    "//client.example.com/cb",
    "/cb",
    "javascript:alert(1)",
    "data:text/html,x",
    "",
]


@pytest.mark.parametrize("wrong", [{}, {"scope": "b24:nothing"}], ids=["right", "with an error"])
async def test_nothing_is_sent_to_an_address_that_is_not_registered(world: World, wrong: dict[str, str]) -> None:
    client = await world.register(redirect_uris=["http://127.0.0.1/callback", WEB])
    browser = world.browser()
    for trick in TRICKS:
        response = await browser.get(world.request(client["client_id"], redirect_uri=trick, **wrong).url)
        assert response.status_code == 400, trick
        assert "location" not in response.headers, trick
        assert "href" not in response.text, trick
        assert "Access cannot be given" in response.text, trick


@pytest.mark.parametrize("port", ["", ":1", ":65535"])
async def test_a_native_client_can_listen_on_any_port(world: World, port: str) -> None:
    login = world.request((await world.register())["client_id"], redirect_uri=f"http://127.0.0.1{port}/callback")
    browser = world.browser()
    answer = await browser.send(await browser.open(login.url))
    assert answer.headers["location"].startswith(f"http://127.0.0.1{port}/callback?code=")


DANGEROUS: list[Any] = [
    "http://client.example.com/cb",
    "http://localhost.evil.example/cb",
    "http://127.0.0.2/cb",
    "http://0.0.0.0/cb",
    "https://user@client.example.com/cb",
    "https://user:pass@client.example.com/cb",
    "https://client.example.com/cb#x",
    "https://client.example.com/cb?code=stolen",
    "https://client.example.com/cb?a=1&state=x",
    "https://client.example.com/a/../cb",
    "https://client.example.com/a/%2e%2e/cb",
    "https://client.example.com/a/%252e%252e/cb",
    "https://client.example.com/c b",
    "https://client.example.com\\@evil.example/cb",
    "https://client.example.com:x/cb",
    "https:///cb",
    "https://",
    "//client.example.com/cb",
    "/cb",
    "cb",
    "",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>",
    "file:///etc/passwd",
    "blob:https://client.example.com/x",
    "view-source:https://client.example.com/",
    "ms-msdt:/id",
    "intent://x#Intent;end",
    "https://client.example.com/" + "x" * 2_000,
    "https://кли.example/cb",
    7,
    None,
    ["https://client.example.com/cb"],
]


async def test_a_dangerous_redirect_address_cannot_be_registered(world: World) -> None:
    for uri in DANGEROUS:
        metadata = CLIENT | {"redirect_uris": ["http://127.0.0.1/callback", uri]}
        answer = await world.http.post("/oauth/register", json=metadata)
        assert answer.status_code == 400, uri
        assert answer.json()["error"] == "invalid_redirect_uri", uri


async def test_an_error_does_not_send_people_to_a_web_site_on_its_own(world: World) -> None:
    client = await world.register(redirect_uris=[WEB])
    login = world.request(client["client_id"], redirect_uri=WEB, response_type="token")
    response = await world.browser().get(login.url)
    assert response.status_code == 400
    assert "location" not in response.headers
    assert "refresh" not in response.text
    link = f'href="{WEB}?error=unsupported_response_type'
    assert link in response.text
    assert "Return to client.example.com" in response.text


async def test_an_error_goes_back_to_a_program_on_the_same_computer_at_once(world: World) -> None:
    login = world.request((await world.register())["client_id"], scope="b24:nothing")
    response = await world.browser().get(login.url)
    assert response.headers["location"].startswith(REDIRECT)
    answer = answered(response)
    assert (answer["error"], answer["state"], answer["iss"]) == ("invalid_scope", "a state & more", HOST)


async def test_the_login_leads_back_to_this_server_only(world: World) -> None:
    login = world.request((await world.register())["client_id"])
    await world.browser().get(login.url + "&back_to=https://evil.example&next=//evil.example")
    (back,) = world.login.begun
    assert back.startswith("/oauth/authorize?")
    for path in ("/%2f/evil.example/oauth/authorize", "/oauth/authorize/"):
        assert (await world.http.get(path)).status_code == 404


# Requests


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"request_uri": "https://evil.example/x"}, "request_not_supported"),
        ({"request": "e30."}, "request_not_supported"),
        ({"resource": "https://other.example.com/mcp"}, "invalid_target"),
        ({"resource": HOST}, "invalid_target"),
        ({"resource": URL + "/more"}, "invalid_target"),
        ({"resource": URL + "#x"}, "invalid_target"),
        ({"resource": URL.replace("https", "http")}, "invalid_target"),
        ({"resource": URL.replace("mcp.", "user@mcp.")}, "invalid_target"),
        ({"resource": "http://[x"}, "invalid_target"),
        ({"scope": "b24:admin"}, "invalid_scope"),
        ({"scope": "b24:portal:other"}, "invalid_scope"),
        ({"scope": "b24:read b24:portal:default b24:portal:other"}, "invalid_scope"),
        ({"state": "x" * 2_100}, "invalid_request"),
    ],
)
async def test_a_request_for_something_else_is_refused(world: World, changed: dict[str, str | None], code: str) -> None:
    login = world.request((await world.register())["client_id"], **changed)
    answer = answered(await world.browser().get(login.url))
    assert answer["error"] == code
    assert "code" not in answer


@pytest.mark.parametrize("resource", [None, URL, URL + "/", URL + "?access=read", URL.replace("mcp.", "MCP.")])
async def test_the_address_of_the_server_can_be_named_as_clients_write_it(world: World, resource: str | None) -> None:
    login = world.request((await world.register())["client_id"], resource=resource)
    assert (await world.browser().open(login.url)).hidden["request"]


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope", "state", "code_challenge", "response_type"])
async def test_a_parameter_that_is_there_twice_is_refused(world: World, name: str) -> None:
    login = world.request((await world.register())["client_id"])
    response = await world.browser().get(f"{login.url}&{name}=x")
    assert response.status_code == 400
    assert "location" not in response.headers


@pytest.mark.parametrize("name", ["code", "client_id", "code_verifier", "grant_type", "redirect_uri"])
async def test_a_field_that_is_there_twice_is_refused(world: World, name: str) -> None:
    login = world.request((await world.register())["client_id"])
    form = {"grant_type": "authorization_code", "code": await world.code(login), "client_id": login.client_id}
    form |= {"code_verifier": login.verifier, "redirect_uri": login.redirect_uri}
    body = "&".join(f"{key}={quote(value, safe='')}" for key, value in [*form.items(), (name, form[name])])
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await world.http.post("/oauth/token", content=body, headers=headers)
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("query", ["", "client_id", "client_id=%ff", "a=1&" * 100, "x=" + "y" * 9_000])
async def test_a_request_that_cannot_be_read_gets_a_page(world: World, query: str) -> None:
    response = await world.browser().get(f"/oauth/authorize?{query}")
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{}", "application/json"),
        (b"grant_type=refresh_token", "text/plain"),
        (b"grant_type=refresh_token&client_id=%ff", "application/x-www-form-urlencoded"),
        (b"\xff", "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
    ],
)
async def test_a_token_request_that_is_no_form_is_refused(world: World, content: bytes, kind: str) -> None:
    answer = await world.http.post("/oauth/token", content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !", "Basic eDo=", "Basic eA==", "Bearer x", "Basic /w==", "Digest x"],
)
async def test_a_header_that_proves_nothing_is_refused(world: World, header: str) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    answer = await world.http.post("/oauth/token", data=form, headers={"authorization": header})
    assert answer.json()["error"] in ("invalid_client", "invalid_request")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'"x"',
        b"null",
        b"\xff\xfe",
        b'{"redirect_uris": ["http://127.0.0.1/a"], "redirect_uris": ["http://127.0.0.1/b"]}',
        b'{"redirect_uris": "http://127.0.0.1/a"}',
        b'{"redirect_uris": []}',
        b'{"client_name": "x"}',
        b'{"redirect_uris": ["http://127.0.0.1/a"], "client_name": 7}',
        b'{"redirect_uris": ["http://127.0.0.1/a"], "grant_types": ["client_credentials"]}',
        b'{"redirect_uris": ["http://127.0.0.1/a"], "response_types": ["token"]}',
        b'{"redirect_uris": ["http://127.0.0.1/a"], "token_endpoint_auth_method": "private_key_jwt"}',
        b'{"redirect_uris": ["http://127.0.0.1/a"], "token_endpoint_auth_method": {}}',
        b"[" * 5_000,
        b'{"redirect_uris": [' + b",".join([b'"http://127.0.0.1/a"'] * 100) + b"]}",
    ],
)
async def test_a_registration_that_makes_no_sense_is_refused(world: World, content: bytes) -> None:
    answer = await world.http.post("/oauth/register", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_client_metadata", "invalid_redirect_uri")


async def test_a_stranger_cannot_fill_the_state_with_one_registration(world: World) -> None:
    uris = [f"https://client.example.com/{number}/{'x' * 900}" for number in range(10)]
    answer = await world.http.post("/oauth/register", json={"redirect_uris": uris})
    assert answer.json()["error"] == "invalid_redirect_uri"
    more = CLIENT | {"client_name": "x" * 20_000, "logo_uri": "https://x.example/" + "x" * 20_000}
    answer = await world.http.post("/oauth/register", json=more)
    assert answer.status_code == 201
    assert len(answer.content) < 1_000


@pytest.mark.parametrize("path", ["/oauth/register", "/oauth/token", "/oauth/revoke", "/oauth/consent"])
async def test_a_huge_request_is_refused(world: World, path: str) -> None:
    assert (await world.http.post(path, content=b"x" * 100_000)).status_code == 413


# Floods


async def test_a_computer_cannot_register_without_end(world: World) -> None:
    statuses = [(await world.http.post("/oauth/register", json=CLIENT)).status_code for _ in range(25)]
    assert statuses == [201] * 20 + [429] * 5
    refused = await world.http.post("/oauth/register", json=CLIENT)
    assert int(refused.headers["retry-after"]) > 0
    browser = Browser(world.application, ANNA, "203.0.113.200")
    assert (await browser.http.post("/oauth/register", json=CLIENT)).status_code == 201


async def test_addresses_of_one_network_count_together(world: World) -> None:
    statuses = set()
    for number in range(25):
        browser = Browser(world.application, ANNA, f"2001:db8:1:2::{number:x}")
        statuses.add((await browser.http.post("/oauth/register", json=CLIENT)).status_code)
    assert statuses == {201, 429}


async def test_behind_a_named_proxy_the_address_that_the_proxy_saw_counts(world: World) -> None:
    proxy = Browser(behind_proxies(world.application, ("10.0.0.2",)), ANNA, "10.0.0.2")
    for number in range(25):
        headers = {"x-forwarded-for": f"1.2.3.4, 198.51.100.{number}"}
        assert (await proxy.http.post("/oauth/register", json=CLIENT, headers=headers)).status_code == 201


@pytest.mark.parametrize("peer", ["203.0.113.7", "10.0.0.7", "127.0.0.1"])
async def test_a_client_cannot_choose_the_address_it_is_counted_by(world: World, peer: str) -> None:
    statuses = set()
    browser = Browser(behind_proxies(world.application, ("10.0.0.2",)), ANNA, peer)
    for number in range(25):
        headers = {"x-forwarded-for": f"198.51.100.{number}"}
        statuses.add((await browser.http.post("/oauth/register", json=CLIENT, headers=headers)).status_code)
    assert statuses == {201, 429}


async def test_a_registration_that_nobody_uses_is_forgotten_after_a_week(world: World) -> None:
    unused, used = await world.register(), await world.register()
    await world.log_in(ANNA, used["client_id"])
    world.clock.now += 7 * 86_400 + 1
    assert (await world.browser().get(world.request(unused["client_id"]).url)).status_code == 400
    assert (await world.browser().open(world.request(used["client_id"]).url)).hidden["request"]


async def test_too_many_unused_registrations_replace_the_oldest_and_no_used_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24_mcp.server.http.people.grants.clients._MAX_UNUSED", 3)
    used = await world.register()
    await world.log_in(ANNA, used["client_id"])
    clients = []
    for _ in range(5):
        world.clock.now += 1
        clients.append((await world.register())["client_id"])
    known = [(await world.browser().get(world.request(client).url)).status_code == 200 for client in clients]
    assert known == [False, False, True, True, True]
    assert (await world.browser().get(world.request(used["client_id"]).url)).status_code == 200


async def test_the_answer_of_the_server_names_itself_so_that_no_other_can_take_its_place(world: World) -> None:
    client = await world.register(redirect_uris=[WEB])
    browser = world.browser()
    for answer in ("allow", "decline"):
        page = await browser.open(world.request(client["client_id"], redirect_uri=WEB).url)
        location = (await browser.send(page, answer=answer)).headers["location"]
        assert parse_qs(urlsplit(location).query)["iss"] == [HOST]
