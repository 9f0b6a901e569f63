"""The sessions of browsers: they end without use, after their longest time, and when they are ended."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from b24_mcp.server.http.people.sessions import IDLE, LONGEST, Sessions, form_token
from b24_mcp.state import SharedState, open_state
from tests.loopback import LoopbackPortal
from tests.server.http.pages.kit import people_server


@dataclass
class Hours:
    """A clock that a test moves by hours."""

    seconds: float = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def move(self, hours: float) -> None:
        self.seconds += hours * 3_600


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def store() -> SharedState:
    return open_state("memory")


@pytest.fixture
def sessions(hours: Hours, store: SharedState) -> Sessions:
    return Sessions(store, hours)


async def test_a_session_ends_after_twelve_hours_without_use(sessions: Sessions, hours: Hours) -> None:
    session = await sessions.begin("acme:1")
    hours.move(11.9)
    assert await sessions.person(session) == "acme:1"
    hours.move(11.9)
    assert await sessions.person(session) == "acme:1"
    hours.move(IDLE / 3_600)
    assert await sessions.person(session) is None


async def test_a_session_ends_after_thirty_days_of_use(sessions: Sessions, hours: Hours) -> None:
    session = await sessions.begin("acme:1")
    for _ in range(30 * 3 - 1):
        hours.move(8)
        assert await sessions.person(session) == "acme:1"
    hours.move(8)
    assert LONGEST == 30 * 86_400
    assert await sessions.person(session) is None


async def test_a_session_that_was_ended_stays_ended_whoever_used_it_meanwhile(
    sessions: Sessions, hours: Hours, store: SharedState
) -> None:
    session, other = await sessions.begin("acme:1"), await sessions.begin("acme:1")
    hours.move(1)
    await sessions.end(session)
    await Sessions(store, hours)._use(session)  # another server renews it at the same moment
    assert await sessions.person(session) is None
    assert await sessions.person(other) == "acme:1"


async def test_all_sessions_of_one_person_are_ended_and_those_of_others_stay(sessions: Sessions) -> None:
    own = [await sessions.begin("acme:1") for _ in range(3)]
    other = await sessions.begin("acme:11")
    await sessions.end_all("acme:1")
    assert [await sessions.person(one) for one in own] == [None, None, None]
    assert await sessions.person(other) == "acme:11"


async def test_ids_are_random_and_the_token_of_forms_does_not_reveal_them(sessions: Sessions) -> None:
    ids = {await sessions.begin("acme:1") for _ in range(50)}
    assert len(ids) == 50
    for one in ids:
        assert one not in form_token(one)
    assert len({form_token(one) for one in ids}) == 50


async def test_a_login_has_to_be_finished_within_ten_minutes(company: LoopbackPortal) -> None:
    hours = Hours(time.time())
    async with people_server(company, now=hours) as served:
        browser = served.browser()
        address = await browser.callback()
        hours.move(1 / 6)
        response = await browser.http.get(address)
        assert response.status_code == 400
        assert "older than ten minutes" in response.text
