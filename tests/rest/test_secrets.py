"""The secret of a webhook is in no error, in no object that an error refers to, and in no log."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.secrets import RedactingFormatter, Redactor
from b24_mcp.secrets.invisible import HIDDEN, has_hidden
from tests.fake_portal import CODE, FakePortal, Reply, http_answer, open_portal, serve


def assert_silent(error: BaseException) -> None:
    """Check that no object reachable from an error, and no text of it, has the code."""
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        todo += [one.__cause__, one.__context__]
        shown = f"{one!s} {one!r} {one.args!r} {getattr(one, '__notes__', '')!r} {vars(one)!r}"
        assert CODE not in shown, shown
    assert CODE not in "".join(traceback.format_exception(error)), "in the traceback"


def assert_logs_silent(caplog: pytest.LogCaptureFixture) -> None:
    assert caplog.records
    for record in caplog.records:
        assert CODE not in f"{record.name} {record.getMessage()} {record.exc_text}", record.name


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"result": 1}),
        Reply({"error": "NO_AUTH_FOUND", "error_description": "Wrong"}, 401),
        Reply("<html>502</html>", 502, "text/html"),
        Reply('{"result":'),
        Reply("", 302, headers=(("location", f"https://new.example/rest/1/{CODE}/profile"),)),
        Reply("", 302, headers=(("location", f"https://{CODE}:x@new.example/"),)),
    ],
)
async def test_an_error_answer_keeps_no_secret(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_portal(FakePortal([reply])) as portal:
        try:
            await portal.call("profile")
        except B24Error as error:
            assert_silent(error)
    assert_logs_silent(caplog)


async def _cut(request: bytes, writer: asyncio.StreamWriter) -> None:
    return None


async def _silent(request: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _no_gzip(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(http_answer(b"x", headers="Content-Encoding: gzip\r\n"))


@pytest.mark.parametrize("answer", [_cut, _silent, _no_gzip])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_error_of_a_broken_connection_keeps_no_secret(
    answer: Callable[..., Any], scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serve(answer) as served, open_portal(None, served.webhook(scheme), seconds=0.2) as portal:
        with anyio.fail_after(5), pytest.raises(B24Error) as caught:
            await portal.call("profile")
    assert_silent(caught.value)
    assert_logs_silent(caplog)


async def test_the_error_of_a_refused_connection_keeps_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_portal(None, f"http://127.0.0.1:1/rest/1/{CODE}/") as portal:
        with anyio.fail_after(10), pytest.raises(B24Error) as caught:
            await portal.call("profile")
    assert_silent(caught.value)
    assert_logs_silent(caplog)


async def test_the_error_of_an_invalid_host_keeps_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(B24Error) as caught:
        async with open_portal(None, f"https://{'a' * 70}.invalid/rest/1/{CODE}/", seconds=2) as portal:
            await portal.call("profile")
    assert_silent(caught.value)
    assert caught.value.fault.executed == "no"


_SECRET = st.from_regex(r"[A-Za-z0-9_-]{6,40}", fullmatch=True)
_OTHER_SECRET = st.text(st.sampled_from("abcXYZ019_-+/=.~:"), min_size=6, max_size=40)
_AROUND = st.text(st.sampled_from(" /?&=.:\"'<>()[]{}\n\\%#,Яx1"), max_size=6)


def _forms(secret: str) -> list[str]:
    return [
        secret,
        quote(secret, safe=""),
        quote(quote(secret, safe=""), safe=""),
        json.dumps(secret)[1:-1],
        json.dumps(secret)[1:-1].replace("/", r"\/"),
    ]


@given(_SECRET | _OTHER_SECRET, _AROUND, _AROUND)
def test_a_known_secret_is_masked_in_every_notation(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    for form in _forms(secret):
        text = redactor.redact(f"{before}{form}{after}")
        assert all(written not in text for written in _forms(secret) if written not in before + "***" + after)


@pytest.mark.parametrize("secret", ["ab12x", "abcdefgh", "k5", "0123456789abcdef"])
@pytest.mark.parametrize(
    "address",
    [
        "https://acme.bitrix24.com/rest/1/{}/crm.deal.list",
        "https://acme.bitrix24.com/rest/api/1/{}/tasks.task.get",
        r"https:\/\/acme.bitrix24.com\/rest\/1\/{}\/download\/?token=x",
        "https%3A%2F%2Facme.bitrix24.com%2Frest%2F1%2F{}%2Fprofile",
        '"https://acme.bitrix24.com/rest/ann@corp/{}"',
    ],
)
def test_the_code_in_an_address_is_masked_at_any_length(secret: str, address: str) -> None:
    text = Redactor([secret]).redact(f"see {address.format(secret)} now")
    assert secret not in text
    assert "***" in text


@pytest.mark.parametrize(
    "text",
    [
        "https://other.bitrix24.com/rest/1/UNKNOWNCODE/crm.deal.list",
        r"https:\/\/other.bitrix24.com\/rest\/1\/UNKNOWNCODE\/download\/",
        "https://x.example/rest/download.json?auth=UNKNOWNCODE&token=UNKNOWNCODE",
        "access_token=UNKNOWNCODE&refresh_token=UNKNOWNCODE",
        "https://oauth.bitrix.info/oauth/token/?client_id=app.1&client_secret=UNKNOWNCODE&grant_type=x",
    ],
)
def test_text_in_the_form_of_a_credential_is_masked_even_if_unknown(text: str) -> None:
    assert "UNKNOWNCODE" not in Redactor().redact(text)


@given(_SECRET, st.randoms(use_true_random=False), st.integers(0, 3))
def test_a_known_secret_is_masked_however_each_of_its_characters_is_encoded(
    secret: str, random: Any, depth: int
) -> None:
    def written(letter: str) -> str:
        code = ord(letter)
        percent = "%" + "25" * depth + f"{code:02x}"
        ways = [letter, percent, f"\\u{code:04x}", f"&#{code};", f"&#x{code:X};", f"&amp;#{code};"]
        return str(random.choice(ways))

    text = "".join(map(written, secret))
    assert Redactor([secret]).redact(f"a {text} b") == "a *** b"


@given(st.binary(max_size=7), st.from_regex(r"[A-Za-z0-9_-]{12,40}", fullmatch=True), st.binary(max_size=7))
def test_a_known_secret_is_masked_inside_base64(before: bytes, secret: str, after: bytes) -> None:
    data = before + secret.encode() + after
    for text in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        assert "***" in Redactor([secret]).redact(text)


LINKS = [
    "https://a.example/rest/1/UNKNOWNCODE/download/?token=disk%7CUNKNOWNTOKEN%7CSIGN",
    "https://a.example/rest/download.json?auth=UNKNOWNCODE&token=disk|UNKNOWN/TOKEN==|SIGN",
    r"https:\/\/a.example\/rest\/download.json?auth=UNKNOWNCODE\u0026token=disk|UNKNOWN\/TOKEN|SIGN",
    "/bitrix/tools/disk/uf.php?attachedId=975&auth%5Bauth%5D=UNKNOWNCODE&action=download",
    "https%3A%2F%2Fa.example%2Frest%2Fdownload.json%3Fauth%3DUNKNOWNCODE%26x%3D1",
    "<a href='https://a.example/rest/1/UNKNOWNCODE/download/?x=1&amp;token=UNKNOWNTOKEN'>",
    "/disk/showFile/931/?&ncc=1&signature=UNKNOWNSIGN&ts=1",
]


@pytest.mark.parametrize("link", LINKS)
def test_the_secrets_in_a_signed_link_are_masked_and_its_address_is_kept(link: str) -> None:
    text = Redactor().redact(link)
    assert "UNKNOWN" not in text
    assert "SIGN" not in text
    assert "***" in text
    assert "rest" in text or "disk" in text


@pytest.mark.parametrize("field", ["access_token", "REFRESH_TOKEN", "client_secret", "PASSWORD", "botToken", "AUTH_ID"])
def test_a_secret_field_is_masked_in_every_form_of_an_answer(field: str) -> None:
    redactor = Redactor()
    plain = {"result": {"ID": "5", field: "UNKNOWN"}, "fields": {field: {"title": "Password"}}, field: None}
    assert redactor.clean(plain) == {
        "result": {"ID": "5", field: "***"}, "fields": {field: {"title": "Password"}}, field: None
    }  # fmt: skip
    table: dict[str, Any] = {
        "table": True,
        "result": {"columns": ["ID", field], "rows": [["1", "UNKNOWN"], ["2", ""], ["3", None]]},
    }
    assert redactor.clean(table)["result"]["rows"] == [["1", "***"], ["2", ""], ["3", None]]
    text = json.dumps(plain)
    for written in (text, json.dumps(text), json.dumps(json.dumps(text))):
        assert "UNKNOWN" not in redactor.redact(written)


@pytest.mark.parametrize(
    "text",
    [
        "The deal 12345678 is in stage NEW of crm.deal.list",
        '{"result":[{"ID":"1","TITLE":"the rest of it"}],"total":1}',
        "https://acme.bitrix24.com/company/personal/user/1/tasks/",
        "author=Ann&authority=x",
        "",
    ],
)
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert Redactor([CODE]).redact(text) == text


def test_a_log_line_is_masked_with_its_arguments_and_its_exception() -> None:
    formatter = RedactingFormatter(Redactor([CODE]))
    try:
        raise ValueError(f"no way to https://acme.example/rest/1/{CODE}/profile")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "f.py", 1, "tried %s", (CODE,), (ValueError, error, None))
    line = formatter.format(record)
    assert CODE not in line
    assert "tried ***" in line
    assert "ValueError" in line


def test_every_invisible_character_is_found_among_others() -> None:
    every = [chr(code) for code in range(0x110000)]
    hidden = HIDDEN.findall("".join(every))
    assert len(hidden) > 4_000
    assert all(has_hidden(f"Сделка — {one} № 5") for one in hidden)
    visible = "".join(set(every) - set(hidden))
    assert not has_hidden(visible)
    assert not has_hidden("— № 5 " * 1_000)  # full of first bytes that invisible characters have too
    assert has_hidden("— № 5 " * 1_000 + hidden[-1])
