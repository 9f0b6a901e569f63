"""What is open for people is bounded, shared where it belongs to the portal, and renewed once."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace

import anyio
import pytest

from b24_mcp.access.person import LoggedInPerson
from b24_mcp.app.people_logins import FRESH, PeopleLogins
from b24_mcp.app.people_portals import PeoplePortals
from b24_mcp.rest import Portal as RestPortal
from b24_mcp.rest import PortalOptions
from b24_mcp.state import open_state
from tests.people.kit import ADMINISTRATOR, SELLER, Portal


def somebody(number: int) -> LoggedInPerson:
    return LoggedInPerson("environment", "m" * 32, number, f"Person {number}")


async def test_thousands_of_people_leave_only_the_last_ones_open(people: Portal, logins: PeopleLogins) -> None:
    portals = PeoplePortals(logins, people.redactor, people.clock, "full", most_open=50)
    state = open_state("memory")
    for number in range(60):
        await portals.open(somebody(number), state, None)
    gc.collect()
    tracemalloc.start()
    for number in range(60, 2_060):
        await portals.open(somebody(number), state, None)
    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(portals) == 50
    assert grown < 50 * 40_000
    assert portals.opened(somebody(2_059)) is not None
    assert portals.opened(somebody(60)) is None
    await portals.aclose()
    await state.aclose()


async def test_a_portal_that_nobody_used_for_a_while_is_closed(people: Portal, logins: PeopleLogins) -> None:
    portals = PeoplePortals(logins, people.redactor, people.clock, "full")
    state = open_state("memory")
    for number in (1, 2):
        await portals.open(somebody(number), state, None)
    people.clock.time += 800
    assert portals.opened(somebody(2)) is not None
    people.clock.time += 800
    await portals.open(somebody(3), state, None)
    assert portals.opened(somebody(1)) is None
    assert portals.opened(somebody(2)) is not None
    await portals.aclose()
    await state.aclose()


async def test_people_of_one_portal_share_its_limits_and_connections(people: Portal, logins: PeopleLogins) -> None:
    portals = PeoplePortals(logins, people.redactor, people.clock, "full")
    state = open_state("memory")
    first, second = [(await portals.open(somebody(number), state, None)).portal for number in (1, 2)]
    assert first._sender.limits is second._sender.limits
    assert first._sender.transport() is second._sender.transport()
    assert first._sender.credential is not second._sender.credential
    await portals.aclose()
    await state.aclose()


async def test_two_servers_on_one_redis_renew_the_tokens_of_a_person_once(people: Portal, redis_url: str) -> None:
    servers = [people.logins(state=redis_url) for _ in range(2)]
    person = await people.log_in(servers[0], SELLER)
    renewals = people.paths.count("/oauth/token/")
    people.clock.time += 3_600
    portals = [
        RestPortal(one.credential(person), PortalOptions(plan="none"), clock=people.clock, app=people)
        for one in servers
        for _ in range(5)
    ]
    answers: list[object] = []

    async def call(portal: RestPortal) -> None:
        answers.append((await portal.call("user.current")).result["ID"])

    async with anyio.create_task_group() as group:
        for portal in portals:
            group.start_soon(call, portal)
    assert answers == [str(SELLER)] * 10
    assert people.paths.count("/oauth/token/") == renewals + 1
    for portal in portals:
        await portal.aclose()
    for one in servers:
        await one.aclose()


async def test_a_server_learns_from_redis_that_a_person_was_dismissed(people: Portal, redis_url: str) -> None:
    servers = [people.logins(state=redis_url) for _ in range(2)]
    boss, seller = [await people.log_in(servers[0], user) for user in (ADMINISTRATOR, SELLER)]
    assert [await servers[1].current(one.key) for one in (boss, seller)] == [boss, seller]
    people.change_user(SELLER, ACTIVE=False)
    people.clock.time += FRESH + 1
    assert await servers[0].current(seller.key) is None
    assert await servers[1].current(seller.key) is None
    assert await servers[1].current(boss.key) == replace(boss)
    for one in servers:
        await one.aclose()


async def test_many_calls_at_once_ask_the_portal_once_who_it_is(people: Portal, logins: PeopleLogins) -> None:
    person = await people.log_in(logins, SELLER)
    people.clock.time += FRESH + 1
    asked = people.requests
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(logins.current, person.key)
    assert people.requests == asked + 1


async def test_a_redis_that_is_down_gives_nobody_access(people: Portal) -> None:
    logins = people.logins(state="redis://127.0.0.1:1/0")
    with pytest.raises(OSError, match="Redis cannot be used"):
        await logins.current("member:2")
    await logins.aclose()
