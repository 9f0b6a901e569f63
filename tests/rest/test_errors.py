"""The errors of a portal, or of a server in front of it, in every form, become one form."""

from __future__ import annotations

from typing import Any

import pytest

from b24_mcp.errors import B24Error, FieldProblem
from tests.fake_portal import FakePortal, Reply, open_portal

HTML = "text/html; charset=UTF-8"


async def failure(reply: Reply, method: str = "crm.deal.get", **options: Any) -> B24Error:
    fake = FakePortal([reply])
    async with open_portal(fake) as portal:
        with pytest.raises(B24Error) as caught:
            await portal.call(method, {"id": 5}, **options)
    assert len(fake.requests) == 1
    assert caught.value.method == method
    return caught.value


SHAPES: dict[str, tuple[Any, int, str, str]] = {
    "text": (
        {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"},
        404,
        "ERROR_METHOD_NOT_FOUND",
        "Method not found!",
    ),
    "empty text": ({"error": "", "error_description": "Not found"}, 400, "", "Not found"),
    "number as text": ({"error": "100", "error_description": "No value"}, 400, "100", "No value"),
    "int": ({"error": 1021, "error_description": "No"}, 400, "1021", "No"),
    "int 0": ({"error": 0, "error_description": "No"}, 400, "0", "No"),
    "no description": ({"error": "ERROR_CORE"}, 400, "ERROR_CORE", ""),
    "null description": ({"error": "ERROR_CORE", "error_description": None}, 400, "ERROR_CORE", ""),
    "empty description": ({"error": "insufficient_scope", "error_description": ""}, 401, "insufficient_scope", ""),
    "with 200": ({"error": "WRONG_ENCODING", "error_description": "Wrong"}, 200, "WRONG_ENCODING", "Wrong"),
    "beside a result": ({"result": False, "error": "X_Y", "error_description": "Z"}, 200, "X_Y", "Z"),
    "html in the description": ({"error": "E", "error_description": "One<br>two &lt;3<br/>"}, 400, "E", "One two <3"),
    "object": (
        {"error": {"code": "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION", "message": "None"}},
        400,
        "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION",
        "None",
    ),
    "object with a number": ({"error": {"code": 7, "message": "None"}}, 400, "7", "None"),
    "object of a module": ({"error": {"code": "invalid_date_range", "message": "M"}}, 400, "invalid_date_range", "M"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "status", "code", "message"), SHAPES.values(), ids=SHAPES.keys())
async def test_every_shape_of_an_error_keeps_its_code_message_and_status(
    body: Any, status: int, code: str, message: str
) -> None:
    fault = (await failure(Reply(body, status))).fault
    assert (fault.code, fault.message, fault.status) == (code, message, status)
    assert fault.hint


@pytest.mark.parametrize("status", [400, 404])
async def test_an_empty_code_with_the_message_not_found_means_a_missing_record(status: int) -> None:
    fault = (await failure(Reply({"error": "", "error_description": "Not found"}, status))).fault
    assert (fault.code, fault.kind, fault.executed, fault.retryable) == ("", "not_found", "no", False)


async def test_validation_of_rest_3_names_each_field() -> None:
    body = {
        "error": {
            "code": "BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTVALIDATIONEXCEPTION",
            "message": "Wrong",
            "validation": [{"message": "Required", "field": "title"}, {"message": "Whole", "field": "id"}],
        }
    }
    fault = (await failure(Reply(body, 400))).fault
    assert list(fault.validation) == [FieldProblem("title", "Required"), FieldProblem("id", "Whole")]
    assert (fault.kind, fault.executed) == ("validation", "no")


async def test_the_argument_of_a_v2_error_becomes_a_field_problem() -> None:
    body = {"error": "ERROR_ARGUMENT", "error_description": "Bad order", "argument": "ORDER"}
    fault = (await failure(Reply(body, 400))).fault
    assert list(fault.validation) == [FieldProblem("ORDER", "Bad order")]


@pytest.mark.parametrize("odd", ["x", [], {}, 5, [5, None, {"field": "a"}, {"message": ["x"]}]])
async def test_malformed_validation_is_ignored(odd: Any) -> None:
    fault = (await failure(Reply({"error": {"code": "X", "message": "M", "validation": odd}}, 400))).fault
    assert (fault.code, fault.message) == ("X", "M")


@pytest.mark.parametrize("odd", [["x"], {"a": 1}, 5.5, True])
async def test_a_malformed_error_is_still_an_error(odd: Any) -> None:
    assert (await failure(Reply({"error": odd, "error_description": ["y"]}, 400))).fault.status == 400


@pytest.mark.parametrize("status", [403, 404, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("body", ["<!DOCTYPE html><html><body>nginx</body></html>", "<html>", "", "  "])
@pytest.mark.parametrize("content_type", [HTML, None])
async def test_a_page_of_a_server_in_front_of_the_portal_is_a_bad_answer(
    status: int, body: str, content_type: str | None
) -> None:
    fault = (await failure(Reply(body, status, content_type))).fault
    assert fault.code == "B24MCP_BAD_ANSWER"
    assert fault.status == status
    assert str(status) in fault.message
    assert fault.executed == ("no" if status < 500 else "unknown")
    assert fault.retryable == (status == 429)
    assert "<" not in fault.message
    assert ("It begins: nginx" in fault.message) == ("nginx" in body)


@pytest.mark.parametrize(
    "reply",
    [
        Reply('{"result":[{"ID":"1"},{"I'),
        Reply(b""),
        Reply(b"\n"),
        Reply("[1,2]"),
        Reply("5"),
        Reply("null"),
        Reply('"text"'),
        Reply("{}"),
        Reply('{"time":{}}'),
        Reply("<html>busy</html>", content_type=HTML),
        Reply("<html>busy</html>"),
        Reply('{"result":1} {"result":2}'),
        Reply('<html><script>var a = {"result":1};</script></html>', content_type=HTML),
        Reply('<!DOCTYPE html><body>{"result":1}', content_type=HTML),
        Reply("<response><result>1</result></response>", content_type="text/xml"),
        Reply("<response><result>1</result></response>"),
        Reply('{"result":1}', 500),
        Reply("", 204),
        Reply('{"result":' + "[" * 100_000),
    ],
    ids=lambda reply: f"{reply.status} {reply.content_type} {reply.content()[:30]!r}",
)
async def test_after_a_bad_answer_the_call_may_have_been_executed(reply: Reply) -> None:
    """Status 200 without an answer, or a body cut off after 60 s: the method may have been executed."""
    fault = (await failure(reply)).fault
    assert (fault.code, fault.executed, fault.retryable) == ("B24MCP_BAD_ANSWER", "unknown", False)


@pytest.mark.parametrize("content_type", ["application/json", HTML, None])
async def test_an_error_with_the_content_type_of_xml_may_be_json(content_type: str | None) -> None:
    reply = Reply({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}, 503, content_type)
    fault = (await failure(reply, format="xml")).fault
    assert (fault.code, fault.kind, fault.retryable) == ("QUERY_LIMIT_EXCEEDED", "rate_limit", True)


async def test_an_error_in_xml_is_the_same_error() -> None:
    body = "<response><error>NO_AUTH_FOUND</error><error_description>Wrong data</error_description></response>"
    fault = (await failure(Reply(body, 401, "text/xml; charset=utf-8"), format="xml")).fault
    assert (fault.code, fault.message, fault.kind) == ("NO_AUTH_FOUND", "Wrong data", "auth")


async def test_an_empty_error_code_in_xml_is_an_error() -> None:
    body = "<response><error></error><error_description>Not found</error_description></response>"
    fault = (await failure(Reply(body, 400, "text/xml"), format="xml")).fault
    assert (fault.code, fault.message, fault.kind) == ("", "Not found", "not_found")


async def test_a_long_description_is_truncated() -> None:
    fault = (await failure(Reply({"error": "X", "error_description": "long " * 10_000}, 400))).fault
    assert len(fault.message) < 2_000


@pytest.mark.parametrize(
    "result", [False, [], {"result": False, "error": "inner"}, {"status": "x", "errors": []}, None]
)
async def test_a_result_that_reports_a_failure_stays_a_result(result: Any) -> None:
    async with open_portal(FakePortal([Reply({"result": result, "time": {}})])) as portal:
        assert (await portal.call("imconnector.register")).result == result


@pytest.mark.parametrize("error", ["", None, False, 0, []])
async def test_an_empty_error_without_description_beside_a_result_is_ignored(error: Any) -> None:
    async with open_portal(FakePortal([Reply({"result": 1, "error": error})])) as portal:
        assert (await portal.call("profile")).result == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("https://portal.example/rest/1/secretcode123/crm.deal.get", "B24MCP_PORTAL_MOVED"),
        ("//acme.bitrix24.site/", "B24MCP_PORTAL_MOVED"),
        ("http://new.bitrix24.com/", "B24MCP_PORTAL_MOVED"),
        ("https://new.bitrix24.com.evil.example/", "B24MCP_PORTAL_MOVED"),
        ("https://new.bitrix24.com:8443/", "B24MCP_PORTAL_MOVED"),
        ("https://new.bitrix24.de/", "B24MCP_PORTAL_MOVED"),
        ("https://acme.bitrix24.com/bitrix/coupon_activation.php", "B24MCP_PORTAL_CLOSED"),
        ("https://ACME.bitrix24.com:443/bitrix/coupon_activation.php", "B24MCP_PORTAL_CLOSED"),
        ("/bitrix/coupon_activation.php", "B24MCP_PORTAL_CLOSED"),
        ("https://[broken", "B24MCP_PORTAL_CLOSED"),
    ],
)
async def test_a_redirect_that_may_lead_to_another_portal_is_reported_and_not_followed(
    status: int, location: str, code: str
) -> None:
    fake = FakePortal([Reply("", status, HTML, (("location", location),)), Reply({"result": 1})])
    async with open_portal(fake, "https://acme.bitrix24.com/rest/1/secretcode123/") as portal:
        with pytest.raises(B24Error) as caught:
            await portal.call("crm.deal.add", {"fields": {}})
    fault = caught.value.fault
    assert (fault.code, fault.executed, fault.retryable, fault.status) == (code, "no", False, status)
    assert ("not certain that this is the same portal" in fault.message) == (code == "B24MCP_PORTAL_MOVED")
    assert "secretcode123" not in repr(fault)
    assert len(fake.requests) == 1


async def test_a_redirect_without_a_location_is_reported() -> None:
    assert (await failure(Reply("", 302, HTML))).fault.code == "B24MCP_PORTAL_CLOSED"
