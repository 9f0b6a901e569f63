"""A response is parsed by its body: text around the JSON object is accepted, and a page is never an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.rest import Failed, Succeeded
from b24_mcp.rest.wire.json_object import excerpt, find_object
from tests.fake_portal import CODE, FakePortal, Reply, open_portal

WARNING = "<br />\n<b>Warning</b>: Undefined variable $x in <b>/home/bitrix/a.php</b> on line <b>3</b><br />\n"
HTML = "text/html; charset=UTF-8"


async def answer(reply: Reply, method: str = "crm.deal.add") -> Any:
    async with open_portal(FakePortal([reply])) as portal:
        return await portal.call(method)


async def failure(reply: Reply, **options: Any) -> Any:
    with pytest.raises(B24Error) as caught:
        async with open_portal(FakePortal([reply])) as portal:
            await portal.call("crm.deal.add", **options)
    return caught.value.fault


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + b'{"result":11,"time":{}}',
        b"\n \xef\xbb\xbf" + b'{"result":11}\0\n',
        WARNING.encode() + b'{"result":11,"time":{"duration":0.1}}',
        b"Notice: something in {curly} braces\n" + b'{"total":1,"result":11}',
        b'{"result":11}\n<br>Warning: late',
        b'{"result":11} trailing',
        b'{"result":11}null',
        b'{"time":{"note":"{\\"result\\":5}"},"result":11}',
        b"<html><body>debug</body></html>" + b'{"result":11}',
        b'{"status":"success","data":11,"errors":[]}',
        b'{"error":null,"error_description":null,"result":11}',
        b'{"error":"","error_description":"","result":11}',
        b'{"error":[],"result":11}',
        b'{"error":false,"error_description":"","result":11}',
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", HTML, "text/plain", "text/xml", None])
async def test_a_result_is_found_in_surrounding_text(body: bytes, content_type: str | None) -> None:
    assert (await answer(Reply(body, content_type=content_type))).result == 11


async def test_the_text_around_an_answer_is_reported_without_its_tags() -> None:
    warning = (await answer(Reply(WARNING + '{"result":11}'))).warnings[0]
    assert "Undefined variable $x" in warning
    assert "<" not in warning


@pytest.mark.parametrize(
    "body",
    [
        '<html><script>window.x = {"result":11};</script></html>',
        '<!DOCTYPE html><html><body><pre>{"result":11}</pre></body></html>',
        '{"result":11}{"result":12}',
        '{"result":11}\nHTTP/1.1 200 OK\n\n{"error":"X","error_description":"y"}',
        '{"result":[1,2',
        '{"payload":11}',
        "x" * 50,
    ],
)
async def test_a_page_or_two_answers_are_not_an_answer(body: str) -> None:
    fault = await failure(Reply(body, content_type=HTML))
    assert (fault.code, fault.executed) == ("B24MCP_BAD_ANSWER", "unknown")


async def test_a_message_quotes_the_first_words_of_an_invalid_response() -> None:
    fault = await failure(Reply("<html><style>p{}</style><h1>Sign in</h1>\u202e\u200b to\x1b[31m Bitrix24", 200, HTML))
    assert "It begins: Sign in to [31m Bitrix24" in fault.message


@given(st.text(max_size=300), st.integers(0, 200))
def test_a_quote_never_holds_part_of_a_secret(text: str, position: int) -> None:
    secret = "s3cr3tCodeOfAWebhook"
    said = excerpt((text[:position] + secret + text[position:]).encode("utf-8", "replace"))
    assert secret in said or secret[:8] not in said
    assert len(said) <= 103
    assert said.isprintable()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_any_result_survives_php_output_before_it(result: Any) -> None:
    text = WARNING + json.dumps({"result": result})
    found = find_object(text.encode())
    assert found is not None
    assert found.value == json.loads(json.dumps({"result": result}).encode("utf-8", "replace"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("1e400", "1e400"),
        ("[1E+999, -1e999, 1e5]", ["1E+999", "-1e999", 100000.0]),
        ("1" * 5000, "1" * 5000),
        ('"NaN 1e400"', "NaN 1e400"),
        ('"\\ud800"', "\ufffd"),
        ('"a\nb"', "a\nb"),
    ],
)
async def test_a_number_that_json_cannot_express_becomes_text(written: str, read: Any) -> None:
    result = (await answer(Reply('{"result":' + written + ',"total":NaN}'))).result
    assert result == read
    assert json.loads(json.dumps(result, allow_nan=False)) == read


async def test_an_error_of_a_controller_is_shown_with_code_and_messages() -> None:
    errors = [{"message": "No access", "code": "c1"}, {"message": "Nor here", "code": 0}]
    fault = await failure(Reply({"status": "error", "data": None, "errors": errors}))
    assert (fault.code, fault.message, fault.executed) == ("c1", "No access; Nor here", "unknown")


@pytest.mark.parametrize("entry", [False, None, [], "", {}, {"error": None, "error_description": None}])
async def test_an_empty_entry_among_the_errors_of_a_batch_reports_nothing(entry: Any) -> None:
    body = {"result": {"result": {"a": 11}, "result_error": {"a": entry}}}
    async with open_portal(FakePortal([Reply(body)])) as portal:
        outcome = (await portal.batch({"a": {"method": "crm.deal.add"}})).outcomes["a"]
    assert isinstance(outcome, Succeeded)
    assert outcome.answer.result == 11


async def test_an_entry_of_a_controller_in_a_batch_is_a_failure() -> None:
    entry = {"status": "error", "errors": [{"message": "m", "code": "c"}]}
    body = {"result": {"result": [], "result_error": {"a": entry}}}
    async with open_portal(FakePortal([Reply(body)])) as portal:
        outcome = (await portal.batch({"a": {"method": "crm.deal.add"}})).outcomes["a"]
    assert isinstance(outcome, Failed)
    assert (outcome.error.fault.code, outcome.error.fault.message) == ("c", "m")


@pytest.mark.parametrize(
    ("error", "description", "status", "kind"),
    [
        ("", "Элемент не найден", 400, "not_found"),
        ("", "Not found", 400, "not_found"),
        (0, "Сделка #5 не найдена", 400, "not_found"),
        ("1021", "Задача не существует", 400, "not_found"),
        ("ERROR_CORE", "Task not found or not accessible", 400, "not_found"),
        ("", "Поле «Название» не заполнено", 400, "portal"),
        ("", "Client error: the phone was wrong, so no client could be made", 400, "portal"),
        ("ACCESS_DENIED", "REST API is available only on commercial plans", 401, "plan"),
        ("ACCESS_DENIED", "REST is available only by subscription.", 403, "plan"),
        ("ACCESS_DENIED", "Функция недоступна на вашем тарифе", 403, "plan"),
        ("ACCESS_DENIED", "Access denied!", 403, "permission"),
        ("WRONG_LICENSE", "x", 403, "plan"),
    ],
)
async def test_a_kind_fits_what_the_message_says(error: Any, description: str, status: int, kind: str) -> None:
    fault = await failure(Reply({"error": error, "error_description": description}, status))
    assert fault.kind == kind
    if kind == "plan":
        assert "plan" in fault.hint
    assert "this user may not" not in fault.hint or kind == "not_found"


@pytest.mark.parametrize(("status", "kind"), [(401, "unavailable"), (403, "unavailable"), (413, "validation")])
async def test_a_refusal_by_a_front_end_is_not_about_the_rights_of_the_user(status: int, kind: str) -> None:
    fault = await failure(Reply("<html><h1>403 Forbidden</h1></html>", status, HTML))
    assert (fault.kind, fault.executed) == (kind, "no")
    assert "user behind this webhook" not in fault.hint


async def test_a_webhook_that_is_refused_may_have_expired() -> None:
    fault = await failure(Reply({"error": "INVALID_CREDENTIALS", "error_description": "Invalid request"}, 401))
    assert "expired" in fault.hint


async def test_a_quote_of_a_page_that_repeats_the_address_keeps_the_code_whole() -> None:
    page = f"<html>{'word ' * 18}/rest/1/{CODE}/crm.deal.add</html>"
    assert CODE[:6] not in (await failure(Reply(page, 200, HTML))).message.replace(CODE, "")
