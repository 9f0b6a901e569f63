"""A renamed portal: the call is sent to the new address, if that is certainly the same portal."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import httpx
import pytest

from b24_mcp.errors import B24Error
from tests.fake_portal import CODE, FakePortal, Reply, open_portal

OLD = f"https://acme.bitrix24.de/rest/1/{CODE}/"


def moved(address: str) -> Reply:
    return Reply("", 302, "text/html", (("location", address),))


async def test_a_cloud_portal_renamed_within_its_zone_is_followed_with_the_same_post() -> None:
    fake = FakePortal([moved("https://nova.bitrix24.de/rest/1/x/crm.deal.add"), Reply({"result": 5})])
    async with open_portal(fake, OLD) as portal:
        answer = await portal.call("crm.deal.add", {"fields": {"TITLE": "x"}})
    assert answer.result == 5
    assert [request.headers["host"] for request in fake.requests] == ["acme.bitrix24.de", "nova.bitrix24.de"]
    assert [request.verb for request in fake.requests] == ["POST", "POST"]
    assert fake.requests[0].json == fake.requests[1].json == {"fields": {"TITLE": "x"}}
    assert "nova.bitrix24.de" in answer.warnings[-1]


async def test_the_new_address_is_kept_and_every_answer_says_so() -> None:
    fake = FakePortal([moved("https://nova.bitrix24.de/"), Reply({"result": 1}), Reply({"result": 2})])
    async with open_portal(fake, OLD) as portal:
        await portal.call("profile")
        answer = await portal.call("profile")
    assert fake.requests[2].headers["host"] == "nova.bitrix24.de"
    assert answer.warnings


async def test_a_portal_that_redirects_again_and_again_is_not_followed() -> None:
    fake = FakePortal([moved(f"https://b24-{n}.bitrix24.de/") for n in range(5)])
    async with open_portal(fake, OLD) as portal:
        answer = await portal.batch({"a": {"method": "profile"}})
    assert answer.error is not None
    assert answer.error.fault.code == "B24MCP_PORTAL_CLOSED"
    assert len(fake.requests) == 2


async def test_no_cookie_of_the_old_address_goes_to_the_new_one() -> None:
    with_cookie = Reply(
        "", 302, "text/html", (("location", "https://nova.bitrix24.de/"), ("set-cookie", "PHPSESSID=1"))
    )
    fake = FakePortal([with_cookie, Reply({"result": 1})])
    async with open_portal(fake, OLD) as portal:
        await portal.call("profile")
    assert "cookie" not in fake.requests[1].headers


@pytest.mark.parametrize(
    ("configured", "named"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:9000/"),
        ("http://127.0.0.1:8000", "https://nova.bitrix24.de/"),
        ("https://127.0.0.1:8000", "https://localhost/"),
        ("https://acme.bitrix24.de", "https://www.bitrix24.de/"),
        ("https://www.bitrix24.de", "https://acme.bitrix24.de/"),
        ("https://acme.bitrix24.de", "https://helpdesk.bitrix24.de/"),
        ("https://acme.bitrix24.de", "https://nova.bitrix24.com/"),
        ("https://acme.bitrix24.de", "https://nova.bitrix24.de:8443/"),
        ("https://acme.bitrix24.de", "http://nova.bitrix24.de/"),
        ("https://acme.bitrix24.de", "https://a.nova.bitrix24.de/"),
        ("https://acme.bitrix24.de", "https://nova.bitrix24.de.evil.example/"),
        ("https://acme.bitrix24.de", "https://bitrix24.de/"),
        ("https://b24.corp.example", "https://www.b24.corp.example/"),
    ],
)
async def test_no_other_address_is_followed(configured: str, named: str) -> None:
    fake = FakePortal([moved(named), Reply({"result": 1})])
    async with open_portal(fake, f"{configured}/rest/1/{CODE}/") as portal:
        with pytest.raises(B24Error) as caught:
            await portal.call("crm.deal.add")
    assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_PORTAL_MOVED", "no")
    assert len(fake.requests) == 1


async def test_calls_that_are_redirected_at_the_same_time_all_reach_the_new_address() -> None:
    arrived, all_here = 0, anyio.Event()
    fake = FakePortal()

    async def portals(scope: Any, receive: Any, send: Any) -> None:
        nonlocal arrived
        if dict(scope["headers"])[b"host"] == b"acme.bitrix24.de":
            arrived += 1
            if arrived == 5:
                all_here.set()
            await all_here.wait()
            fake.replies.insert(0, moved("https://nova.bitrix24.de/"))
        else:
            fake.replies.insert(0, Reply({"result": 1}))
        await fake(scope, receive, send)

    async with open_portal(portals, OLD) as portal:
        with anyio.fail_after(10):
            answers = await asyncio.gather(*(portal.call("profile") for _ in range(5)))
    assert [answered.result for answered in answers] == [1] * 5
    hosts = [request.headers["host"] for request in fake.requests]
    assert hosts.count("nova.bitrix24.de") == 5


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ConnectError("CERTIFICATE_VERIFY_FAILED")])
async def test_an_address_that_was_followed_and_no_longer_answers_is_given_up(failure: Exception) -> None:
    fake = FakePortal([moved("https://nova.bitrix24.de/"), *[Reply({"result": n}) for n in (1, 2, 3)]])
    gone = False

    async def portals(scope: Any, receive: Any, send: Any) -> None:
        if gone and dict(scope["headers"])[b"host"] == b"nova.bitrix24.de":
            raise failure
        await fake(scope, receive, send)

    async with open_portal(portals, OLD) as portal:
        assert (await portal.call("profile")).result == 1
        gone = True
        answer = await portal.call("crm.deal.add")
        again = await portal.call("crm.deal.add")
    assert [request.headers["host"].partition(".")[0] for request in fake.requests] == ["acme", "nova", "acme", "acme"]
    assert (answer.result, answer.warnings, again.result) == (2, (), 3)


async def test_a_portal_that_leads_to_an_address_without_an_answer_executed_nothing() -> None:
    fake = FakePortal([moved("https://nova.bitrix24.de/")] * 9)

    async def portals(scope: Any, receive: Any, send: Any) -> None:
        if dict(scope["headers"])[b"host"] == b"nova.bitrix24.de":
            raise httpx.ConnectError("refused")
        await fake(scope, receive, send)

    async with open_portal(portals, OLD, deadline=55) as portal:
        with pytest.raises(B24Error) as caught:
            await portal.call("crm.deal.add")
    assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_NO_CONNECTION", "no")
    assert len(fake.requests) == 3
