"""The page of a person: clients, questions that wait, the last writes, and what attackers try with its forms."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import run_sync

from b24_mcp.access import Approvals, AuditTrail, Caller, PendingApproval, RecentWrites, calling
from b24_mcp.rest import plan_call
from b24_mcp.secrets import Redactor
from tests.loopback import LoopbackPortal
from tests.server.http.pages.kit import (
    ADMINISTRATOR,
    HOME,
    MANAGER,
    SELLER,
    Browser,
    PeopleServer,
    form_token,
    people_server,
)

DELETE: dict[str, Any] = {"method": "crm.deal.delete", "params": {"id": 5}}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> & {request}"


async def signed_in(server: PeopleServer, user: int = ADMINISTRATOR) -> Browser:
    browser = server.browser(user)
    await browser.log_in()
    return browser


async def asked(server: PeopleServer, user: int = ADMINISTRATOR, said: str = "Delete deal 5?", n: int = 0) -> str:
    """Store a question to a person and return its code."""
    pending = PendingApproval(
        f"digest {user} {n} {said}", server.key(user), "Claude", "acme", said, "{}", "environment"
    )
    return await Approvals(server.state).ask(pending)


def deletes(server: PeopleServer) -> int:
    return sum(call.method == "crm.deal.delete" for call in server.portal.calls)


# --- Questions ----------------------------------------------------------------------------------------------------


async def test_a_call_that_waits_is_shown_whole_approved_on_the_page_and_runs_once(server: PeopleServer) -> None:
    browser = await signed_in(server)
    before = deletes(server)
    refused = await server.answer(ADMINISTRATOR, "call_method", **DELETE)
    code = re.findall(r"/approve/(\w+)", refused["error"]["hint"])[0]
    assert f"open {HOME}/approve/{code} in a browser, or run `b24-mcp approve {code}`" in refused["error"]["hint"]
    page = await browser.page()
    assert f"Asked by Claude, just now. Code {code}" in page
    assert "crm.deal.delete" in page
    assert '{"id": 5}' in page
    assert deletes(server) == before
    response = await browser.send(f"/approve/{code}", answer="approve")
    assert response.headers["location"] == f"{HOME}/?said=approved"
    assert "Nothing waits for you" in await browser.page("/?said=approved")
    answer = await server.answer(ADMINISTRATOR, "call_method", approval=code)
    assert deletes(server) == before + 1, answer
    again = await server.answer(ADMINISTRATOR, "call_method", approval=code)
    assert again["error"]["code"] == "B24MCP_APPROVAL"


@pytest.mark.parametrize("by_code", [True, False])
async def test_a_declined_call_is_not_made_and_the_model_learns_it_once(server: PeopleServer, by_code: bool) -> None:
    browser = await signed_in(server)
    before = deletes(server)
    refused = await server.answer(ADMINISTRATOR, "call_method", **DELETE)
    code = re.findall(r"/approve/(\w+)", refused["error"]["hint"])[0]
    await browser.send(f"/approve/{code}", answer="decline")
    again = {"approval": code} if by_code else DELETE
    answer = await server.answer(ADMINISTRATOR, "call_method", **again)
    assert (answer["error"]["code"], answer["error"]["executed"]) == ("B24MCP_DECLINED", "no")
    assert "The person declined this call" in answer["error"]["message"]
    assert "Do not repeat" in answer["error"]["hint"]
    second = await server.answer(ADMINISTRATOR, "call_method", **DELETE)
    assert second["error"]["code"] == "B24MCP_APPROVAL"
    assert deletes(server) == before


async def test_opening_a_question_approves_nothing(server: PeopleServer) -> None:
    browser = await signed_in(server)
    code = await asked(server)
    for path in (f"/approve/{code}", f"/approve/{code}?answer=approve", f"/approve/{code.lower()}"):
        page = await browser.page(path)
        assert "Delete deal 5?" in page
        assert "Approve this change?" in page
    assert (await browser.http.head(f"/approve/{code}")).status_code in (200, 405)
    assert await Approvals(server.state).find(code) is not None


async def test_a_question_needs_the_login_first_and_is_shown_after_it(server: PeopleServer) -> None:
    code = await asked(server)
    browser = server.browser()
    response = await browser.log_in(f"/approve/{code}")
    assert response.headers["location"] == f"{HOME}/approve/{code}"
    assert "Delete deal 5?" in await browser.page(f"/approve/{code}")


async def test_a_question_of_another_person_is_neither_seen_nor_answered(server: PeopleServer) -> None:
    code = await asked(server, SELLER)
    browser = await signed_in(server, MANAGER)
    for path in ("/", f"/approve/{code}"):
        assert "Delete deal 5?" not in await browser.page(path)
    unknown = await browser.http.get("/approve/ABCDEFGH")
    other = await browser.http.get(f"/approve/{code}")
    assert (other.status_code, other.text) == (404, unknown.text)
    for answer in ("approve", "decline"):
        assert (await browser.send(f"/approve/{code}", answer=answer)).status_code == 404
    assert await Approvals(server.state).find(code) is not None


async def test_a_question_is_answered_once(server: PeopleServer) -> None:
    browser = await signed_in(server)
    code = await asked(server)
    token = form_token(await browser.page("/"))
    assert (await browser.send(f"/approve/{code}", token, answer="decline")).status_code == 303
    replayed = await browser.send(f"/approve/{code}", token, answer="approve")
    assert replayed.status_code == 404
    assert not await Approvals(server.state).is_approved(f"digest {ADMINISTRATOR} 0 Delete deal 5?")


async def test_an_answer_that_is_neither_yes_nor_no_changes_nothing(server: PeopleServer) -> None:
    browser = await signed_in(server)
    code = await asked(server)
    assert (await browser.send(f"/approve/{code}", answer="both")).status_code == 403
    assert (await browser.send(f"/approve/{code}")).status_code == 403
    assert await Approvals(server.state).find(code) is not None


# --- Forms --------------------------------------------------------------------------------------------------------

FORMS = [("/approve/CODE", {"answer": "approve"}), ("/clients/revoke", {"grant": "one"}), ("/logout", {})]
SAME = {"origin": HOME, "sec-fetch-site": "same-origin"}


@pytest.mark.parametrize(("path", "fields"), FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://mcp.example.com"},
        {"origin": "https://mcp.example.com.evil.example"},
        {"origin": "https://mcp.example.com:444"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": HOME, "sec-fetch-site": "cross-site"},
    ],
    ids=str,
)
async def test_a_form_from_another_page_does_nothing(
    server: PeopleServer, path: str, fields: dict[str, str], headers: dict[str, str]
) -> None:
    browser, code = await signed_in(server), await asked(server)
    server.grants.add(server.key(1), "one", "Claude")
    token = form_token(await browser.page())
    response = await browser.http.post(path.replace("CODE", code), data=fields | {"form_token": token}, headers=headers)
    assert response.status_code == 403
    assert "Nothing was done" in response.text
    page = await browser.page()
    assert code in page
    assert "Claude" in page


@pytest.mark.parametrize(("path", "fields"), FORMS)
async def test_a_form_needs_the_token_of_this_session(server: PeopleServer, path: str, fields: dict[str, str]) -> None:
    browser, code = await signed_in(server), await asked(server)
    server.grants.add(server.key(1), "one", "Claude")
    other = form_token(await (await signed_in(server)).page())  # of the same person, in another browser
    for token in ("", "x", other, "é"):
        response = await browser.http.post(
            path.replace("CODE", code), data=fields | {"form_token": token}, headers=SAME
        )
        assert response.status_code == 403
    as_json = {"form_token": form_token(await browser.page()), **fields}
    assert (await browser.http.post(path.replace("CODE", code), json=as_json, headers=SAME)).status_code == 403
    assert code in await browser.page()
    assert "Claude" in await browser.page()


@pytest.mark.parametrize(("path", "fields"), FORMS)
async def test_a_form_without_a_login_does_nothing(server: PeopleServer, path: str, fields: dict[str, str]) -> None:
    browser, code = server.browser(), await asked(server)
    response = await browser.http.post(path.replace("CODE", code), data=fields | {"form_token": "x"}, headers=SAME)
    assert response.status_code == 403
    assert await Approvals(server.state).find(code) is not None


async def test_a_huge_form_is_not_read(server: PeopleServer) -> None:
    browser = await signed_in(server)
    response = await browser.http.post("/clients/revoke", data={"grant": "x" * 100_000}, headers=SAME)
    assert response.status_code == 403


# --- Clients ------------------------------------------------------------------------------------------------------


async def test_clients_are_shown_with_their_rights_and_their_access_is_ended(server: PeopleServer) -> None:
    browser = await signed_in(server)
    server.grants.add(server.key(ADMINISTRATOR), "one", "Claude", "claude.example")
    server.grants.add(server.key(SELLER), "two", "Codex")
    page = await browser.page()
    assert "Claude" in page
    assert "claude.example" in page
    assert "access since: 2 h ago · last used: 2 min ago" in page
    assert "Codex" not in page
    response = await browser.send("/clients/revoke", grant="two")
    assert response.headers["location"] == f"{HOME}/?said=not_revoked"
    assert len(server.grants.granted[server.key(SELLER)]) == 1
    response = await browser.send("/clients/revoke", grant="one")
    assert "The access of the client has ended" in await browser.page(response.headers["location"].removeprefix(HOME))
    assert "No client has access" in await browser.page()


# --- Writes -------------------------------------------------------------------------------------------------------


async def test_the_last_writes_of_the_person_are_shown_without_values(server: PeopleServer) -> None:
    browser, other = await signed_in(server), await signed_in(server, SELLER)
    fields = {"TITLE": "A private title"}
    made = await server.answer(ADMINISTRATOR, "call_method", method="crm.deal.add", params={"fields": fields})
    assert made["ok"], made
    failed = await server.answer(
        ADMINISTRATOR, "call_method", method="crm.deal.update", params={"id": 999_999, "fields": fields}
    )
    assert not failed["ok"]
    page = await browser.page()
    assert re.search(r"crm\.deal\.add</b>: done<", page)
    assert re.search(r"crm\.deal\.update</b>: not done: ", page)
    assert page.index("crm.deal.update") < page.index("crm.deal.add")
    assert "fields.TITLE" in page
    assert "A private title" not in page
    assert "crm.deal.add" not in await other.page()
    russian = await browser.page(**{"accept-language": "ru"})
    assert "выполнено" in russian


async def test_a_write_without_an_answer_is_shown_as_unknown(server: PeopleServer) -> None:
    browser = await signed_in(server)
    line = {"method": "crm.deal.add", "portal": "acme", "client": "x", "fields": ["fields.TITLE"], "approved": True}
    await RecentWrites(server.state).keep(server.key(1), "two", time.time() - 90, [line])
    page = await browser.page()
    assert "no answer is known, perhaps done" in page
    assert "approved by you" in page
    assert "1 min ago" in page


async def test_fifty_writes_are_shown_the_newest_first(server: PeopleServer) -> None:
    browser, writes, now = await signed_in(server), RecentWrites(server.state), time.time()
    for number in range(60):
        line = {"method": f"crm.x{number}.add", "portal": "acme", "outcome": "ok", "executed": "yes"}
        await writes.keep(server.key(1), str(number), now - 600 + number, [line])
    shown = re.findall(r"crm\.x(\d+)\.add", await browser.page())
    assert shown == [str(number) for number in range(59, 9, -1)]


# --- Texts of others ----------------------------------------------------------------------------------------------


async def test_texts_of_others_are_shown_as_text(server: PeopleServer, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await signed_in(server)
    code = await asked(server, said=f"Delete {HOSTILE}")
    server.grants.add(server.key(ADMINISTRATOR), HOSTILE, HOSTILE, HOSTILE)
    line = {"method": HOSTILE, "portal": HOSTILE, "client": HOSTILE, "fields": [HOSTILE], "outcome": HOSTILE}
    await RecentWrites(server.state).keep(server.key(ADMINISTRATOR), "one", time.time(), [line])
    person = await server.logins.current(server.key(ADMINISTRATOR))
    assert person is not None
    named = type(person)(person.portal, person.member_id, person.user_id, HOSTILE)

    async def current(_: str) -> Any:
        return named

    monkeypatch.setattr(server.logins, "current", current)
    for path in ("/", f"/approve/{code}", "/logout", f"/?said={HOSTILE}", "/login/callback?code=<b>&state=<b>"):
        text = (await browser.http.get(path)).text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert 'onerror=alert(2)>"' not in text
    assert "&lt;script&gt;" in (await browser.http.get("/")).text


async def test_the_page_reads_well_without_eyes(server: PeopleServer) -> None:
    """Headings in order, a language, labels of buttons that say what they do, and a status for what was done."""
    browser = await signed_in(server)
    await asked(server)
    server.grants.add(server.key(ADMINISTRATOR), "one", "Claude")
    text = (await browser.http.get("/?said=revoked")).text
    levels = [int(level) for level in re.findall(r"<h(\d)", text)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert '<html lang="en">' in text
    assert 'aria-label="End the access of Claude"' in text
    assert 'role="status"' in text
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for name in re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', text):
        assert name in ids


async def test_another_server_with_the_same_state_knows_the_session_and_the_question(
    server: PeopleServer, company: LoopbackPortal
) -> None:
    browser = await signed_in(server)
    code = await asked(server)
    async with people_server(company) as replica:
        other = replica.browser()
        other.http.cookies = browser.http.cookies
        assert code in await other.page()
        assert (await other.send(f"/approve/{code}", answer="approve")).status_code == 303
    assert "Nothing waits" in await browser.page()


@pytest.mark.parametrize(
    ("caller", "is_shown"),
    [
        ({"is_identified": True}, True),
        ({"is_identified": True, "is_program": True}, False),  # a program whose name looks like the key of a person
        ({}, False),
    ],
    ids=str,
)
async def test_writes_of_programs_are_on_the_page_of_nobody(
    server: PeopleServer, tmp_path: Path, caller: dict[str, Any], is_shown: bool
) -> None:
    browser = await signed_in(server)
    trail = AuditTrail(tmp_path / "trail", Redactor(), recent=RecentWrites(server.state))
    with calling(Caller(server.key(ADMINISTRATOR), **caller)):
        call = await run_sync(plan_call, "crm.deal.add", {"fields": {"TITLE": "x"}})
        await trail.entry("acme", [(call, "write", [])], approved=False).sent()
    assert ("crm.deal.add" in await browser.page()) is is_shown
