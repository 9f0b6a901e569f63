"""Envelopes, the encoding of JSON and XML."""

from __future__ import annotations

from datetime import datetime
from xml.etree import ElementTree

import pytest

from b24_sandbox import answer, php
from tests.sandbox.conftest import NOW, Caller


async def test_html_characters_and_slashes_are_escaped_and_russian_text_is_not(write: Caller) -> None:
    deal = await write.result("crm.deal.add", {"fields": {"TITLE": "<b>'Ы'</b> & \"q\" \\"}})
    text = (await write.http.post(write.base + "crm.deal.get", json={"id": deal})).text
    assert '"TITLE":"\\u003Cb\\u003E\\u0027Ы\\u0027\\u003C\\/b\\u003E \\u0026 \\u0022q\\u0022 \\\\"' in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "[]"),
        ({"0": 1, "1": 2}, "[1,2]"),
        ({"1": 2, "0": 1}, '{"1":2,"0":1}'),
        ({"0": 1, "2": 2}, '{"0":1,"2":2}'),
        ({"a": {}}, '{"a":[]}'),
        (19000.0, "19000"),
        (999.99, "999.99"),
        ("a\u2028b\ud800", '"a\\u2028b\ufffd"'),
    ],
)
def test_json_text_follows_php_arrays(value: object, text: str) -> None:
    assert php.json_text(value) == text


async def test_time_contains_start_and_duration_in_portal_time(call: Caller) -> None:
    time = (await call("profile"))["time"]
    assert time["start"] == NOW
    assert time["date_start"] == "2026-03-01T12:00:00+03:00"
    assert time["finish"] >= time["start"]
    assert time["duration"] >= 0
    assert time["operating"] == 0
    assert time["operating_reset_at"] == NOW + 600


def test_total_and_next_are_moved_out_of_a_map_result() -> None:
    page = answer.as_page({"tasks": [1], "total": "7", "next": None})
    assert (page.result, page.total, page.next) == ({"tasks": [1]}, 7, 0)


async def test_xml_escapes_text_and_writes_lists_as_items(write: Caller) -> None:
    await write.result("crm.deal.add", {"fields": {"TITLE": "A & \"B\" <'c'>"}})
    response = await write.http.get(
        write.base + "crm.deal.list.xml?select[]=TITLE&select[]=LEAD_ID&order[ID]=DESC&filter[>ID]=400"
    )
    assert response.text.startswith(
        "<response><result><item><ID>401</ID><TITLE>A &amp; &quot;B&quot; &lt;&apos;c&apos;&gt;</TITLE>"
        "<LEAD_ID></LEAD_ID></item></result><total>1</total><time><start>"
    )
    ElementTree.fromstring(response.text)


async def test_xml_has_no_types_as_on_the_portal(call: Caller) -> None:
    text = (await call.http.get(call.base + "user.get.xml?ID=2")).text
    assert "<ACTIVE>1</ACTIVE>" in text
    assert "<UF_DEPARTMENT><item>2</item></UF_DEPARTMENT>" in text
    batch = (await call.http.get(call.base + "batch.xml?cmd[5]=server.time")).text
    assert "<result><result><item>2026-03-01T12:00:00+03:00</item></result><result_error></result_error>" in batch


async def test_errors_in_xml_have_the_same_two_elements(call: Caller) -> None:
    response = await call.http.get("/rest/profile.xml")
    assert response.status_code == 401
    assert response.text == (
        "<response><error>NO_AUTH_FOUND</error><error_description>Wrong authorization data</error_description>"
        "</response>"
    )


async def test_server_time_is_iso_with_the_offset_of_the_portal(call: Caller) -> None:
    moment = datetime.fromisoformat(await call.result("server.time"))
    assert moment.timestamp() == NOW
    assert moment.utcoffset() is not None
