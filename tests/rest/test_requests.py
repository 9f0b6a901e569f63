"""Requests: one POST for each call, with the right headers, without cookies, to the address of the method."""

from __future__ import annotations

from asyncio import StreamWriter

import anyio
import pytest

from b24_mcp import __version__
from b24_mcp.errors import B24Error
from tests.fake_portal import CODE, FakePortal, Reply, http_answer, open_portal, serve


async def test_a_call_is_a_post_of_json_to_the_address_of_the_method() -> None:
    fake = FakePortal([Reply({"result": 1})])
    async with open_portal(fake) as portal:
        await portal.call("crm.deal.add", {"fields": {"TITLE": "Я & <b>", "N": 1.5, "OK": True, "NO": None}})
    (request,) = fake.requests
    assert (request.verb, request.path) == ("POST", f"/rest/1/{CODE}/crm.deal.add")
    assert request.json == {"fields": {"TITLE": "Я & <b>", "N": 1.5, "OK": True, "NO": None}}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == str(len(request.body))
    assert "application/json" in request.headers["accept"]
    assert request.headers["user-agent"] == f"b24-mcp/{__version__}"
    assert "cookie" not in request.headers
    assert "authorization" not in request.headers


async def test_a_call_for_xml_says_so_in_address_and_accept_and_still_sends_json() -> None:
    fake = FakePortal([Reply("<response><result>1</result></response>", content_type="text/xml")])
    async with open_portal(fake) as portal:
        await portal.call("crm.deal.get", {"id": 1}, format="xml")
    (request,) = fake.requests
    assert request.path == f"/rest/1/{CODE}/crm.deal.get.xml"
    assert "xml" in request.headers["accept"]
    assert request.headers["content-type"] == "application/json"
    assert request.json == {"id": 1}


async def test_a_cookie_is_never_sent_back() -> None:
    """A session of another user beside the webhook makes the portal refuse the call."""
    cookies = (("set-cookie", "PHPSESSID=abc; path=/"), ("set-cookie", "BITRIX_SM_LOGIN=ann; path=/; HttpOnly"))
    fake = FakePortal([Reply({"result": 1}, headers=cookies), Reply({"result": 1})])
    async with open_portal(fake) as portal:
        await portal.call("profile")
        await portal.call("profile")
    assert all("cookie" not in request.headers for request in fake.requests)


async def test_a_failed_call_is_not_repeated_here() -> None:
    fake = FakePortal([Reply({"error": "INTERNAL_SERVER_ERROR", "error_description": "x"}, 500), Reply({"result": 1})])
    async with open_portal(fake) as portal:
        with pytest.raises(B24Error):
            await portal.call("crm.deal.add")
    assert len(fake.requests) == 1


async def test_a_closed_portal_opens_a_new_connection() -> None:
    async def answer(request: bytes, writer: StreamWriter) -> None:
        writer.write(http_answer(b'{"result":1}'))

    async with serve(answer, keep=True) as served, open_portal(None, served.webhook()) as portal:
        with anyio.fail_after(5):
            for _ in range(3):
                assert (await portal.call("profile")).result == 1
            assert served.connections == 1
            await portal.aclose()
            assert (await portal.call("profile")).result == 1
            assert served.connections == 2


async def test_many_calls_at_once_are_all_answered() -> None:
    fake = FakePortal(methods={"echo": lambda params: params["n"]})
    answers: dict[int, object] = {}
    async with open_portal(fake) as portal:

        async def call(number: int) -> None:
            answers[number] = (await portal.call("echo", {"n": number})).result

        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                for number in range(60):
                    group.start_soon(call, number)
    assert answers == {number: number for number in range(60)}


async def test_the_address_on_the_socket_is_the_webhook_and_nothing_more() -> None:
    async def answer(request: bytes, writer: object) -> None:
        writer.write(http_answer(b'{"result":1}'))  # type: ignore[attr-defined]

    async with serve(answer) as served, open_portal(None, served.webhook()) as portal:
        with anyio.fail_after(5):
            await portal.call("crm.deal.list")
    (request,) = served.requests
    assert request.startswith(f"POST /rest/1/{CODE}/crm.deal.list HTTP/1.1\r\n".encode())
    assert request.endswith(b"\r\n\r\n{}")
