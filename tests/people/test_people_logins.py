"""The logins of people: who they are, which level they have, and how a login ends."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import urlencode

import pytest

from b24_mcp.app.people_logins import FRESH, LONGEST, PeopleLogins
from b24_mcp.config import ENVIRONMENT
from b24_mcp.errors import B24Error
from b24_mcp.rest import Portal as RestPortal
from b24_mcp.rest import PortalOptions
from b24_mcp.secrets import PERSON
from tests.people.kit import ADMINISTRATOR, KEY, SELLER, Portal

OTHER_KEY = "o" * 32


async def test_a_person_is_described_by_the_portal(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    assert (person.user_id, person.is_admin, person.portal) == (SELLER, False, ENVIRONMENT)
    assert person.member_id == people.sandbox.application.member_id
    assert person.departments
    assert person.name
    assert person.level == "write"
    assert person.language == "ru"
    assert await logins.current(person.key) == person


async def test_a_login_of_an_administrator_has_the_level_of_the_role(people: Portal) -> None:
    logins = people.logins(http_roles="admin=full,*=read", access="full")
    assert (await people.log_in(logins, ADMINISTRATOR)).level == "full"
    assert (await people.log_in(logins, SELLER)).level == "read"
    await logins.aclose()


async def test_a_role_never_gives_more_than_the_setting_of_the_server(people: Portal) -> None:
    logins = people.logins(http_roles="*=full", access="write")
    assert (await people.log_in(logins, SELLER)).level == "write"
    await logins.aclose()


async def test_a_person_without_a_role_cannot_log_in_and_nothing_is_stored(people: Portal) -> None:
    logins = people.logins(http_roles="admin=full")
    with pytest.raises(B24Error, match="may not use this server") as refused:
        await people.log_in(logins, SELLER)
    assert "B24_HTTP_ROLES" in refused.value.fault.hint
    assert not list((people.folder / "state").glob("tokens/*.json"))
    await logins.aclose()


async def test_a_change_of_roles_applies_at_once(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    stricter = people.logins(http_roles=f"user:{SELLER}=none,*=write")
    assert await stricter.current(person.key) is None
    await stricter.aclose()


async def test_without_the_scope_of_users_the_narrowest_department_applies(people: Portal) -> None:
    people.sandbox.portal.scopes = frozenset(("crm",))
    logins = people.logins(http_roles="department:5=read,*=write")
    assert (await people.log_in(logins, SELLER)).level == "read"
    await logins.aclose()


async def test_the_portal_is_asked_again_after_ten_minutes(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    asked = people.requests
    people.change_user(SELLER, LAST_NAME="Renamed")
    people.clock.time += FRESH - 1
    assert (await logins.current(person.key)) == person
    assert people.requests == asked
    people.clock.time += 2
    current = await logins.current(person.key)
    assert current is not None
    assert "Renamed" in current.name
    assert people.requests == asked + 1


async def test_a_dismissed_person_loses_access_and_the_tokens(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    forgotten: list[str] = []
    logins.on_forgotten = forgotten.append
    people.change_user(SELLER, ACTIVE=False)
    people.clock.time += FRESH + 1
    assert await logins.current(person.key) is None
    assert forgotten
    assert set(forgotten) == {person.key}
    assert not await logins.forget(person.key)


async def test_a_refused_renewal_ends_the_login(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    people.clock.time += 181 * 86_400  # the refresh token is valid for 180 days
    assert await logins.current(person.key) is None
    assert not await logins.forget(person.key)


async def test_a_portal_that_is_down_dismisses_nobody_for_an_hour(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    people.is_down = True
    people.clock.time += LONGEST - 1
    assert await logins.current(person.key) == person
    people.clock.time += 61
    with pytest.raises(OSError, match="cannot be asked"):
        await logins.current(person.key)
    people.is_down = False
    people.clock.time += 61
    assert await logins.current(person.key) == person


async def test_a_portal_that_is_down_is_asked_once_a_minute(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    people.is_down = True
    people.clock.time += FRESH + 1
    await logins.current(person.key)
    tries = len(people.paths)
    await logins.current(person.key)
    assert len(people.paths) == tries


async def test_a_call_of_a_dismissed_person_ends_the_login(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    people.change_user(SELLER, ACTIVE=False)
    portal = RestPortal(logins.credential(person), PortalOptions(plan="none"), clock=people.clock, app=people)
    with pytest.raises(B24Error, match="ended the login") as refused:
        await portal.call("profile")
    assert refused.value.fault.code == "B24MCP_LOGIN_ENDED"
    assert "log in again" in refused.value.fault.hint
    assert refused.value.fault.executed == "no"
    assert await logins.current(person.key) is None
    await portal.aclose()


async def test_all_servers_forget_a_person_who_logs_out_everywhere(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    other = people.logins()
    assert await other.current(person.key) == person
    assert await logins.forget(person.key)
    assert await other.current(person.key) is None
    await other.aclose()


async def test_a_person_who_was_never_here_has_no_access(logins: PeopleLogins) -> None:
    assert await logins.current("member:7") is None


async def test_tokens_of_another_portal_are_refused(people: Portal, logins: PeopleLogins) -> None:
    pending = logins.begin(None)
    people.sandbox.portal.oauth.granted = _unknown  # type: ignore[method-assign,assignment]  # as for a token of elsewhere
    query = urlencode({"code": people.code(SELLER), "state": pending.state})
    with pytest.raises(B24Error):
        await logins.complete(ENVIRONMENT, pending, query)


def _unknown(token: str) -> None:
    from b24_sandbox import errors

    raise errors.unknown_token()


async def test_a_redirect_of_another_login_is_refused(people: Portal, logins: PeopleLogins) -> None:
    pending, other = logins.begin(None), logins.begin(None)
    query = urlencode({"code": people.code(SELLER), "state": other.state})
    with pytest.raises(B24Error, match="does not belong"):
        await logins.complete(ENVIRONMENT, pending, query)


async def test_nothing_in_the_state_can_be_read_without_the_key(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    stored = b"".join(path.read_bytes() for path in (people.folder / "state").rglob("*") if path.is_file())
    for text in (person.name, 'access_token": "' + "0", people.sandbox.application.client_id):
        assert text.encode() not in stored


async def test_the_tokens_of_one_person_are_refused_under_the_name_of_another(
    people: Portal, logins: PeopleLogins
) -> None:
    boss, seller = await people.log_in(logins, ADMINISTRATOR), await people.log_in(logins, SELLER)
    files = {path.name: path for path in (people.folder / "state" / "tokens").glob("*.json")}
    of = {
        person.key: next(path for name, path in files.items() if name.endswith(f"%3A{person.user_id}.json"))
        for person in (boss, seller)
    }
    of[seller.key].write_bytes(of[boss.key].read_bytes())
    people.clock.time += FRESH + 1
    fresh = people.logins()
    assert await fresh.current(seller.key) is None
    portal = RestPortal(fresh.credential(seller), PortalOptions(plan="none"), clock=people.clock, app=people)
    with pytest.raises(B24Error, match="cannot be decrypted"):
        await portal.call("profile")
    await portal.aclose()
    await fresh.aclose()


async def test_a_description_of_one_person_is_refused_for_another(people: Portal, logins: PeopleLogins) -> None:
    boss, seller = await people.log_in(logins, ADMINISTRATOR), await people.log_in(logins, SELLER)
    await logins.aclose()
    database = sqlite3.connect(people.folder / "state" / "limits.db")
    (text,) = database.execute("SELECT text FROM note WHERE key = ?", (f"person:{boss.key}",)).fetchone()
    database.execute("UPDATE note SET text = ? WHERE key = ?", (text, f"person:{seller.key}"))
    database.commit()
    database.close()
    current = await logins.current(seller.key)
    assert current is not None
    assert (current.user_id, current.is_admin) == (SELLER, False)


async def test_the_key_can_be_replaced(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    both = people.logins(http_key=f"{OTHER_KEY},{KEY}")
    people.clock.time += 3600  # the tokens are renewed, and encrypted with the first key
    assert await both.current(person.key) == person
    new = people.logins(http_key=OTHER_KEY)
    assert await new.current(person.key) == person
    assert await logins.current(person.key) is None
    for one in (both, new):
        await one.aclose()


async def test_after_the_key_is_lost_people_log_in_again(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    new = people.logins(http_key=OTHER_KEY)
    assert await new.current(person.key) is None
    assert await people.log_in(new, SELLER) == person
    assert await new.current(person.key) == person
    await new.aclose()


@pytest.mark.parametrize(
    "wrong", [{"http_key": None}, {"http_key": "short"}, {"portal": None, "client_id": None, "client_secret": None}]
)
def test_a_server_without_what_logins_need_does_not_start(people: Portal, wrong: dict[str, None]) -> None:
    with pytest.raises(B24Error) as refused:
        people.logins(**wrong)
    assert refused.value.fault.code == "B24MCP_SETTINGS"


def test_people_cannot_log_in_to_a_portal_with_a_webhook(people: Portal, tmp_path: Path) -> None:
    with pytest.raises(B24Error, match="needs a portal with an application"):
        people.logins(
            webhook_url="https://acme.bitrix24.com/rest/1/secret/", portal=None, client_id=None, client_secret=None
        )


async def test_tokens_of_a_new_login_are_masked_by_a_server_that_used_the_former_ones(
    people: Portal, logins: PeopleLogins
) -> None:
    person = await people.log_in(logins, SELLER)
    other = people.logins()
    credential = other.credential(person)
    await credential.route()
    await logins.forget(person.key)
    await people.log_in(logins, SELLER)
    route = await credential.route()
    await other.aclose()
    token = route.headers["Authorization"].removeprefix("Bearer ")
    context = PERSON.set(person.key)
    try:
        assert people.redactor.redact(f"x {token} y") == "x *** y"
    finally:
        PERSON.reset(context)
