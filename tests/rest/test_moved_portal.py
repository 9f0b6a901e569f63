"""A portal that was renamed: the same call goes to the new address, when that is surely the same portal."""

from __future__ import annotations

import asyncio

import anyio

from tests.fake_portal import CODE, FakePortal, Reply, http_answer, open_portal, serve

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


async def test_the_new_address_is_remembered_and_told_in_every_answer() -> None:
    fake = FakePortal([moved("https://nova.bitrix24.de/"), Reply({"result": 1}), Reply({"result": 2})])
    async with open_portal(fake, OLD) as portal:
        await portal.call("profile")
        answer = await portal.call("profile")
    assert fake.requests[2].headers["host"] == "nova.bitrix24.de"
    assert answer.warnings


async def test_a_portal_that_moves_on_and_on_is_given_up() -> None:
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


async def test_on_this_computer_a_portal_may_move_to_another_port() -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(b'{"result":1}'))

    async with serve(answer) as new:

        async def redirect(request: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(f"HTTP/1.1 302 Found\r\nLocation: {new.webhook()}\r\nContent-Length: 0\r\n\r\n".encode())

        async with serve(redirect) as old, open_portal(None, old.webhook()) as portal:
            with anyio.fail_after(10):
                assert (await portal.call("profile")).result == 1
    assert new.requests[0].startswith(f"POST /rest/1/{CODE}/profile ".encode())


async def test_calls_that_are_redirected_at_the_same_time_all_reach_the_new_address() -> None:
    arrived = 0
    all_here = anyio.Event()

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(b'{"result":1}'))

    async with serve(answer) as new:

        async def redirect(request: bytes, writer: asyncio.StreamWriter) -> None:
            nonlocal arrived
            arrived += 1
            if arrived == 5:
                all_here.set()
            await all_here.wait()
            writer.write(f"HTTP/1.1 302 Found\r\nLocation: {new.webhook()}\r\nContent-Length: 0\r\n\r\n".encode())

        async with serve(redirect) as old, open_portal(None, old.webhook()) as portal:
            with anyio.fail_after(10):
                answers = await asyncio.gather(*(portal.call("profile") for _ in range(5)))
    assert [answered.result for answered in answers] == [1] * 5
    assert len(new.requests) == 5
