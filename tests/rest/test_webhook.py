"""The parsing of a webhook, and errors that do not repeat its secret."""

from __future__ import annotations

import pytest

from b24_mcp.errors import B24Error
from b24_mcp.rest import parse_webhook
from tests.fake_portal import CODE


@pytest.mark.parametrize("path", ["", "profile", "profile.json", "crm.deal.list/"])
@pytest.mark.parametrize(
    "written",
    [
        '"{}"',
        "'{}'",
        "“{}”",
        "«{}»",
        "<{}>",
        "`{}`",
        ' "{}" ',
        "\ufeff{}",
        "\u200b{}\u200b",
        '\ufeff"{}"\r\n',
        "{}\u2060",
        "\u00a0{}\u00a0",
        "\u202a{}\u202c",
        "{},",
        "{};",
        "B24_WEBHOOK_URL={}",
        'export B24_WEBHOOK_URL="{}"',
        "B24_WEBHOOK_URL = {}",
    ],
)
@pytest.mark.parametrize("scheme", ["https://", "", "//"])
def test_a_pasted_webhook_is_understood(written: str, path: str, scheme: str) -> None:
    webhook = parse_webhook(written.format(f"{scheme}acme.bitrix24.com/rest/1/{CODE}/{path}"))
    assert (webhook.origin, webhook.user, webhook.code) == ("https://acme.bitrix24.com", "1", CODE)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "localhost:8000"])
def test_a_webhook_of_this_computer_without_a_scheme_means_http(host: str) -> None:
    assert parse_webhook(f"{host}/rest/1/{CODE}/").origin == f"http://{host}"


def test_an_invisible_character_inside_a_webhook_is_left_out() -> None:
    webhook = parse_webhook(f"https://acme.bitrix24.com/rest/1/{CODE[:4]}\u200b{CODE[4:]}/")
    assert webhook.code == CODE


@pytest.mark.parametrize(
    ("text", "origin", "user"),
    [
        ("https://acme.bitrix24.com/rest/1/secretcode123/", "https://acme.bitrix24.com", "1"),
        ("https://acme.bitrix24.com/rest/1/secretcode123", "https://acme.bitrix24.com", "1"),
        ("  https://acme.bitrix24.com/rest/1/secretcode123/\n", "https://acme.bitrix24.com", "1"),
        ("HTTPS://Acme.Bitrix24.com/rest/1/secretcode123/", "https://acme.bitrix24.com", "1"),
        ("https://acme.bitrix24.com/rest/1/secretcode123/profile.json", "https://acme.bitrix24.com", "1"),
        ("https://acme.bitrix24.com/rest/1/secretcode123/crm.deal.list/", "https://acme.bitrix24.com", "1"),
        ("https://b24.corp.example:8443/rest/1/secretcode123/", "https://b24.corp.example:8443", "1"),
        (
            "https://b24.corp.example/rest/ann@corp.example/secretcode123/",
            "https://b24.corp.example",
            "ann@corp.example",
        ),
        ("http://127.0.0.1:8000/rest/1/secretcode123/", "http://127.0.0.1:8000", "1"),
        ("http://localhost/rest/1/secretcode123/", "http://localhost", "1"),
        ("http://[::1]:8000/rest/1/secretcode123/", "http://[::1]:8000", "1"),
    ],
)
def test_a_webhook_is_parsed_in_every_common_form(text: str, origin: str, user: str) -> None:
    webhook = parse_webhook(text)
    assert (webhook.origin, webhook.user, webhook.code) == (origin, user, CODE)
    assert webhook.host == origin.partition("://")[2]
    assert webhook.address_of("crm.deal.list") == f"{origin}/rest/{user}/{CODE}/crm.deal.list"
    assert webhook.address_of("crm.deal.list", ".xml") == f"{origin}/rest/{user}/{CODE}/crm.deal.list.xml"
    assert CODE not in repr(webhook)
    assert CODE not in str(webhook)


BAD = {
    "empty": "",
    "blank": "   ",
    "words": "my portal secretcode123",
    "no scheme and no domain": "acme/rest/1/secretcode123/",
    "no scheme and a user": "ann@acme.bitrix24.com/rest/1/secretcode123/",
    "a scheme with one slash": "https:/acme.bitrix24.com/rest/1/secretcode123/",
    "the name of the setting only": "B24_WEBHOOK_URL=",
    "two addresses": "https://a.bitrix24.com/rest/1/secretcode123/ https://b.bitrix24.com/rest/1/secretcode123/",
    "other scheme": "ftp://acme.bitrix24.com/rest/1/secretcode123/",
    "no host": "https:///rest/1/secretcode123/",
    "http to a foreign host": "http://acme.bitrix24.com/rest/1/secretcode123/",
    "http to a name that only starts like this computer": "http://localhost.acme.com/rest/1/secretcode123/",
    "http to an address that only looks local": "http://127.0.0.1.acme.com/rest/1/secretcode123/",
    "http with the local address as a user": "http://127.0.0.1@acme.com/rest/1/secretcode123/",
    "user and password": "https://ann:secretcode123@acme.bitrix24.com/rest/1/secretcode123/",
    "no rest": "https://acme.bitrix24.com/1/secretcode123/",
    "no code": "https://acme.bitrix24.com/rest/1/",
    "only the portal": "https://acme.bitrix24.com/",
    "a page of the portal": "https://acme.bitrix24.com/company/personal/user/1/secretcode123/",
    "query": "https://acme.bitrix24.com/rest/1/secretcode123/?x=secretcode123",
    "fragment": "https://acme.bitrix24.com/rest/1/secretcode123/#secretcode123",
    "encoded slash in the code": "https://acme.bitrix24.com/rest/1/secretcode123%2Fx/",
    "space in the code": "https://acme.bitrix24.com/rest/1/secretcode123 x/",
    "brackets": "https://[acme/rest/1/secretcode123/",
    "port out of range": "https://acme.bitrix24.com:99999/rest/1/secretcode123/",
    "port that is the secret": "https://acme.bitrix24.com:secretcode123/rest/1/x/",
    "host with a space": "https://acme bitrix24.com/rest/1/secretcode123/",
    "too many parts": "https://acme.bitrix24.com/rest/1/secretcode123/a/b/c",
    "dots for a user": "https://acme.bitrix24.com/rest/../secretcode123/",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_an_invalid_webhook_is_refused_without_repeating_the_secret(text: str) -> None:
    with pytest.raises(B24Error) as caught:
        parse_webhook(text)
    fault = caught.value.fault
    assert fault.code == "B24MCP_WEBHOOK"
    assert (fault.executed, fault.retryable) == ("no", False)
    error: BaseException | None = caught.value
    while error is not None:
        assert CODE not in f"{error!s}{error!r}{error.args!r}"
        error = error.__cause__ or error.__context__
    assert CODE not in repr(fault)


def test_the_address_of_rest_3_is_not_taken_for_a_user_called_api() -> None:
    """/rest/api/USER/CODE/ is the same webhook for REST 3.0."""
    try:
        webhook = parse_webhook(f"https://acme.bitrix24.com/rest/api/1/{CODE}/")
    except B24Error:
        return
    assert (webhook.user, webhook.code) == ("1", CODE)
