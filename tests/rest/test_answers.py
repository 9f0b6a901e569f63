"""Successful answers, and arbitrary content in place of an answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.rest import Answer, Format
from b24_mcp.rest.wire.answer import HttpReply, read_answer
from b24_mcp.rest.wire.request import Request
from tests.fake_portal import FakePortal, Page, Reply, open_portal


async def call(body: Any, content_type: str = "application/json; charset=utf-8") -> Answer:
    async with open_portal(FakePortal([Reply(body, content_type=content_type)])) as portal:
        return await portal.call("crm.deal.list")


async def test_a_list_comes_with_total_next_and_time() -> None:
    fake = FakePortal(methods={"crm.deal.list": lambda _: Page([{"ID": "1", "T": "</a> & 'b' \\ я"}], 120, 50)})
    async with open_portal(fake) as portal:
        answer = await portal.call("crm.deal.list")
    assert answer.result == [{"ID": "1", "T": "</a> & 'b' \\ я"}]
    assert (answer.method, answer.total, answer.next, answer.warnings) == ("crm.deal.list", 120, 50, ())
    assert answer.time is not None
    assert (answer.time.duration, answer.time.operating) == (0.3, 0.28)
    assert answer.time.operating_reset_at == datetime.fromtimestamp(1763650600, UTC)


@pytest.mark.parametrize("result", [None, True, False, 0, 5, 1.5, "", "text", [], {}, [1], {"a": [{"b": None}]}])
async def test_a_result_of_any_type_is_kept(result: Any) -> None:
    answer = await call({"result": result})
    assert answer.result == ([] if result == {} else result)
    assert type(answer.result) is type(result) or result == {}
    assert (answer.total, answer.next, answer.time) == (None, None, None)


@pytest.mark.parametrize(
    ("time", "duration", "operating"),
    [
        ({"duration": 1, "operating": 2}, 1.0, 2.0),
        ({"duration": "0.5"}, 0.5, None),
        ({}, None, None),
        ({"duration": None, "operating": True, "operating_reset_at": "x"}, None, None),
        ({"operating_reset_at": 1e300}, None, None),
    ],
)
async def test_time_may_be_whole_text_partial_or_odd(time: Any, duration: Any, operating: Any) -> None:
    read = (await call({"result": 1, "time": time})).time
    if read is None:  # PHP writes an empty map as a list
        assert time == {}
    else:
        assert (read.duration, read.operating, read.operating_reset_at) == (duration, operating, None)


@pytest.mark.parametrize(
    ("total", "read"), [(0, 0), ("7", 7), (None, None), ("", None), ([], None), (True, None), (-1, -1), ("x", None)]
)
async def test_total_may_be_text_or_odd(total: Any, read: int | None) -> None:
    answer = await call({"result": [], "total": total, "next": total})
    assert (answer.total, answer.next) == (read, read)


@pytest.mark.parametrize(
    "content_type", ["application/json", "APPLICATION/JSON;charset=UTF-8", "application/problem+json"]
)
async def test_every_spelling_of_json_is_json(content_type: str) -> None:
    assert (await call({"result": 1}, content_type)).result == 1


async def test_json_without_a_content_type_is_accepted() -> None:
    async with open_portal(FakePortal([Reply({"result": 1}, content_type=None)])) as portal:
        assert (await portal.call("profile")).result == 1


_FRAGMENTS = st.sampled_from(
    b'{"result": {"error": "error_description": "total": "time":{"operating_reset_at": {"result":1} [ ] { } "" 1e999'
    b" NaN null , -1 \xff \0 \xef\xbb\xbf <response> </response> <result> </result> <item> </item> <error>"
    b" </error> <total> </total> &amp; &x; <?xml <response><result>1</result></response> <!DOCTYPE".split(b" ")
)
_BODY = st.binary(max_size=60) | st.lists(_FRAGMENTS, max_size=12).map(b"".join)
_MEDIA = st.sampled_from(["", "application/json", "text/xml", "application/xml", "text/html", "text/plain", "a+json"])


@given(_BODY, _MEDIA, st.integers(100, 599), st.sampled_from(["json", "xml"]))
def test_any_response_is_an_answer_or_a_b24_error(body: bytes, media_type: str, status: int, wanted: Format) -> None:
    try:
        answer = read_answer(HttpReply(status, media_type, body), Request("crm.deal.list", {}, format=wanted))
    except B24Error:
        return
    assert isinstance(answer, Answer)
    assert 200 <= status < 300


_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_KEYS = st.sampled_from(["result", "error", "error_description", "total", "next", "time", "argument"])
_TIME = st.fixed_dictionaries(
    {}, optional={"duration": _VALUE, "operating": _VALUE, "operating_reset_at": _VALUE | st.floats()}
)


@given(st.dictionaries(_KEYS, _VALUE), st.none() | _TIME, st.sampled_from([200, 400, 401, 404, 500, 503]))
def test_any_json_object_can_be_read(body: dict[str, Any], time: Any, status: int) -> None:
    text = json.dumps(body if time is None else {**body, "time": time}).encode()
    try:
        answer = read_answer(HttpReply(status, "application/json", text), Request("crm.deal.list", {}))
    except B24Error:
        return
    assert "result" in body
    assert status == 200
    assert answer.total is None or isinstance(answer.total, int)
