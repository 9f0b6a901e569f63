"""People log in with their browser, through the portal's own login."""

from __future__ import annotations

import json
import re
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from tests.loopback import LoopbackPortal
from tests.server.http.pages.kit import HOME, MANAGER, SELLER, PeopleServer, people_server

SESSION = "__Host-b24-session"


def cookies_of(response: httpx.Response) -> dict[str, Any]:
    """Return the cookies that a response sets, with their attributes."""
    found: dict[str, Any] = {}
    for header in response.headers.get_list("set-cookie"):
        found |= SimpleCookie(header)
    return found


async def test_a_person_logs_in_through_the_portal_and_sees_their_page(server: PeopleServer) -> None:
    browser = server.browser(SELLER)
    assert "Log in with Bitrix24" in await browser.page()
    address = await browser.begin()
    assert address.startswith(f"{server.portal.origin}/oauth/authorize/?client_id=local.")
    assert "redirect_uri" not in address
    response = await browser.log_in()
    assert (response.status_code, response.headers["location"]) == (303, f"{HOME}/")
    page = await browser.page()
    person = await server.logins.current(server.key(SELLER))
    assert person is not None
    assert person.name in page
    assert "read and change; they ask before risky changes" in page


async def test_the_session_cookie_is_for_this_host_and_not_for_scripts(server: PeopleServer) -> None:
    cookie = cookies_of(await server.browser().log_in())[SESSION]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (True, True, "lax", "/")
    assert cookie["domain"] == ""
    assert int(cookie["max-age"]) == 30 * 86_400
    assert len(cookie.value) >= 40


async def test_the_state_of_the_server_does_not_hold_the_id_of_a_session(server: PeopleServer, tmp_path: Path) -> None:
    cookie = cookies_of(await server.browser().log_in())[SESSION]
    stored = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert b"session:begun:" in stored
    assert cookie.value.encode() not in stored


async def test_on_this_computer_without_tls_cookies_have_no_prefix(company: LoopbackPortal) -> None:
    async with people_server(company, url="http://127.0.0.1:8024/mcp") as served:
        response = await served.browser().http.get("/login")
    (name,) = cookies_of(response)
    assert name.startswith("b24-login-")
    assert not cookies_of(response)[name]["secure"]


async def test_a_login_that_another_browser_began_is_refused(server: PeopleServer) -> None:
    """The attacker begins a login and makes the victim's browser finish it (login CSRF)."""
    attacker, victim = server.browser(SELLER), server.browser(MANAGER)
    address = await attacker.callback()
    await victim.begin()
    response = await victim.http.get(address)
    assert response.status_code == 400
    assert SESSION not in cookies_of(response)
    assert "not begun in this browser" in response.text
    assert "Log in with Bitrix24" in await victim.page()
    assert (await attacker.http.get(address)).status_code == 303


@pytest.mark.parametrize("change", ["state=", "state=x", ""])
async def test_a_redirect_without_the_state_of_the_login_is_refused(server: PeopleServer, change: str) -> None:
    browser = server.browser()
    address = re.sub(r"state=[^&]*", change, await browser.callback())
    response = await browser.http.get(address)
    assert response.status_code == 400
    assert SESSION not in cookies_of(response)


async def test_the_state_of_one_login_does_not_finish_with_the_cookie_of_another(server: PeopleServer) -> None:
    browser = server.browser()
    first = await browser.callback()
    (name,) = [cookie.name for cookie in browser.http.cookies.jar]
    second = await browser.callback()
    other = next(cookie for cookie in browser.http.cookies.jar if cookie.name != name)
    browser.http.cookies = httpx.Cookies({name: other.value or ""})
    assert (await browser.http.get(first)).status_code == 400
    assert (await browser.http.get(second)).status_code == 400


async def test_two_logins_begun_in_two_tabs_both_finish(server: PeopleServer) -> None:
    browser = server.browser()
    first, second = await browser.callback("/login?back_to=/?tab=1"), await browser.callback("/login?back_to=/?tab=2")
    assert (await browser.http.get(second)).headers["location"] == f"{HOME}/?tab=2"
    assert (await browser.http.get(first)).headers["location"] == f"{HOME}/?tab=1"


async def test_a_browser_keeps_the_cookies_of_few_logins(server: PeopleServer) -> None:
    browser = server.browser()
    for _ in range(15):
        await browser.begin()
    assert len(browser.http.cookies) <= 6


async def test_a_redirect_works_once(server: PeopleServer) -> None:
    browser = server.browser()
    address = await browser.callback()
    assert (await browser.http.get(address)).status_code == 303
    again = await browser.http.get(address)
    assert again.status_code == 400
    assert "was used already" in again.text


async def test_a_session_id_from_before_the_login_is_of_no_use(server: PeopleServer) -> None:
    """Session fixation: the attacker sets the cookie of the victim and waits for the login."""
    attacker, victim = server.browser(SELLER), server.browser(MANAGER)
    planted = cookies_of(await attacker.log_in())[SESSION].value
    victim.http.cookies.set(SESSION, planted, domain="mcp.example.com")
    new = cookies_of(await victim.log_in())[SESSION].value
    assert new != planted
    assert "Log in with Bitrix24" in await attacker.page()  # the old session has ended
    for invented in ("x" * 43, "", "../..", "x" * 5_000):
        victim.http.cookies.clear()
        victim.http.cookies.set(SESSION, invented, domain="mcp.example.com")
        assert "Log in with Bitrix24" in await victim.page()


@pytest.mark.parametrize(
    "back_to",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/%2fevil.example",
        "/%5Cevil.example",
        "/\t/evil.example",
        "/%09/evil.example",
        "/x\r\nLocation: https://evil.example/",
        "javascript:alert(1)",
        "/../../evil",
        "@evil.example",
        ".evil.example",
        "/login",
        "/login/callback?code=1",
        "/logout",
        "/" + "x" * 3_000,
        "/профиль",
    ],
)
async def test_the_way_back_never_leaves_the_server(server: PeopleServer, back_to: str) -> None:
    browser = server.browser()
    response = await browser.log_in(f"/login?back_to={quote(back_to, safe='')}")
    assert response.headers["location"] == f"{HOME}/"


async def test_the_way_back_keeps_a_path_and_its_query(server: PeopleServer) -> None:
    path = "/oauth/authorize?client_id=https%3A%2F%2Fclient.example%2Fme&state=a%2Fb&scope=b24:read"
    response = await server.browser().log_in(f"/login?back_to={quote(path, safe='')}")
    assert response.headers["location"] == HOME + path


async def test_a_person_who_declines_stays_at_the_portal(server: PeopleServer) -> None:
    browser = server.browser(None)
    response = await browser.at_portal(await browser.begin())
    assert response.status_code == 400
    assert "location" not in response.headers


async def test_a_redirect_without_a_code_is_a_page_that_says_what_to_do(server: PeopleServer) -> None:
    browser = server.browser()
    state = parse_qs(urlsplit(await browser.begin()).query)["state"][0]
    response = await browser.http.get(f"/login/callback?error=access_denied&state={state}")
    assert response.status_code == 400
    assert "sent no permission" in response.text
    assert "Log in again" in response.text


async def test_a_code_that_expired_is_a_page_that_says_what_to_do(server: PeopleServer) -> None:
    browser = server.browser()
    address = re.sub(r"code=\w+", "code=0123456789abcdef", await browser.callback())
    page = (await browser.http.get(address)).text
    assert "30 seconds and only once" in page
    assert "0123456789abcdef" not in page


async def test_tokens_of_another_portal_are_refused(server: PeopleServer) -> None:
    browser = server.browser()
    address = re.sub(r"member_id=\w+", "member_id=ffff", await browser.callback())
    response = await browser.http.get(address)
    assert "another Bitrix24" in response.text
    assert SESSION not in cookies_of(response)


async def test_a_portal_that_does_not_answer_is_a_page_that_says_what_to_do(
    server: PeopleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Any:
        raise RuntimeError("down")

    browser = server.browser()
    address = await browser.callback()
    monkeypatch.setattr(server.portal.sandbox.portal.oauth, "_token", fails)
    response = await browser.http.get(address)
    assert response.status_code == 503
    assert "Bitrix24 does not answer" in response.text
    assert SESSION not in cookies_of(response)


async def test_a_person_without_a_role_gets_no_session(
    company: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_HTTP_ROLES", "admin=full,user:4=read")
    async with people_server(company) as served:
        refused = await served.browser(MANAGER).log_in()
        assert refused.status_code == 403
        assert "You may not use this server" in refused.text
        assert SESSION not in cookies_of(refused)
        seller = served.browser(SELLER)
        await seller.log_in()
        assert "Assistants may at most</dt><dd>read</dd>" in (await seller.http.get("/")).text


async def test_a_session_ends_when_the_person_has_no_access_any_more(server: PeopleServer) -> None:
    browser = server.browser()
    await browser.log_in()
    await server.logins.forget(server.key(1))
    assert "Log in with Bitrix24" in await browser.page()


async def test_logging_out_needs_a_form_and_ends_the_session(server: PeopleServer) -> None:
    browser = server.browser()
    cookie = cookies_of(await browser.log_in())[SESSION].value
    assert "Log out here" in await browser.page("/logout")
    response = await browser.send("/logout")
    assert (response.status_code, response.headers["location"]) == (303, f"{HOME}/")
    assert SESSION not in browser.http.cookies
    browser.http.cookies.set(SESSION, cookie, domain="mcp.example.com")
    assert "Log in with Bitrix24" in await browser.page()


async def test_logging_out_everywhere_ends_every_session_and_every_client(server: PeopleServer) -> None:
    desk, phone = server.browser(), server.browser()
    other = server.browser(SELLER)
    for browser in (desk, phone, other):
        await browser.log_in()
    server.grants.add(server.key(1), "one", "Claude")
    server.grants.add(server.key(SELLER), "two", "Codex")
    await desk.send("/logout", everywhere="1")
    assert "Log in with Bitrix24" in await phone.page()
    assert await server.logins.current(server.key(1)) is None
    assert server.grants.granted[server.key(1)] == []
    assert "Codex" in await other.page()


@pytest.mark.parametrize(
    ("accepts", "said"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", "Войти через Битрикс24"),
        ("de,en;q=0.5", "Log in"),
        ("", "Log in"),
        ("ru;q=0,en", "Log in"),
    ],
)
async def test_pages_are_in_the_language_of_the_browser(server: PeopleServer, accepts: str, said: str) -> None:
    page = await server.browser().http.get("/", headers={"accept-language": accepts})
    assert said in page.text
    assert f'<html lang="{"ru" if said.startswith("В") else "en"}">' in page.text


async def test_opening_the_application_inside_the_portal_leads_to_a_tab_of_its_own(server: PeopleServer) -> None:
    response = await server.browser().http.post(
        "/login/callback?DOMAIN=x&PROTOCOL=1", data={"AUTH_ID": "secret-token", "member_id": "x"}
    )
    assert response.status_code == 200
    assert 'target="_blank"' in response.text
    assert f"frame-ancestors {server.portal.origin}" in response.headers["content-security-policy"]
    assert "x-frame-options" not in response.headers
    assert "secret-token" not in response.text


async def test_pages_load_nothing_and_are_neither_framed_nor_kept(server: PeopleServer) -> None:
    browser = server.browser()
    await browser.log_in()
    for path in ("/", "/logout", "/approve/NOTHING1", "/login/callback"):
        response = await browser.http.get(path)
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "'unsafe-inline'" not in policy
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "same-origin"
        assert "<script" not in response.text
        assert " style=" not in response.text


async def test_a_store_that_fails_is_a_page_that_says_what_to_do(
    server: PeopleServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = server.browser()
    await browser.log_in()

    async def fails(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(server.state, "read_note", fails)
    response = await browser.http.get("/")
    assert response.status_code == 503
    assert "Try again in a minute" in response.text
    assert "disk" not in response.text


async def test_with_several_portals_the_person_chooses_one(company: LoopbackPortal, tmp_path: Path) -> None:
    file = tmp_path / "config" / "portals.toml"
    file.parent.mkdir()
    known = company.sandbox.application
    file.write_text(f'[portals.second]\naddress = "{company.origin}"\nclient_id = "{known.client_id}"\n')
    secrets = file.with_name("secrets.json")
    secrets.write_text(json.dumps({"second.client_secret": known.client_secret}))
    secrets.chmod(0o600)
    async with people_server(company) as served:
        browser = served.browser()
        page = await browser.page("/login?back_to=/?tab=1")
        assert "Which Bitrix24" in page
        (way,) = re.findall(r'href="https://mcp.example.com(/login\?portal=second[^"]*)"', page)
        response = await browser.log_in(way)
        assert response.headers["location"] == f"{HOME}/?tab=1"
        assert f"<dd>{urlsplit(company.origin).netloc}</dd>" in (await browser.http.get("/")).text
        unknown = await browser.http.get("/login?portal=elsewhere")
        assert unknown.status_code == 404
        assert "no such portal" in unknown.text
