"""The request for consent, the parsing of its result, and the choice of the authorization server."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.rest.auth.address import PortalAddress, parse_portal
from b24_mcp.rest.auth.oauth import (
    Application,
    AuthorizationServer,
    authorization_server,
    begin_login,
    read_install_event,
    save_login,
)
from tests.fake_portal import FakePortal, Reply
from tests.rest.oauth.conftest import NAME, ORIGIN, Scene

CLOUD = PortalAddress("https://acme.bitrix24.de")
APPLICATION = Application("local.1&2", "secretsecret")


@pytest.mark.parametrize(
    ("portal", "named", "server"),
    [
        ("https://acme.bitrix24.com", None, "https://oauth.bitrix.info"),
        ("https://acme.bitrix24.de", "", "https://oauth.bitrix.info"),
        ("https://acme.bitrix24.com.br", None, "https://oauth.bitrix.info"),
        ("https://b24.corp.example", None, "https://oauth.bitrix.info"),
        ("https://acme.bitrix24.ru.example", None, "https://oauth.bitrix.info"),
        *(
            (f"https://acme.bitrix24.{zone}", None, "https://oauth.bitrix24.tech")
            for zone in ["ru", "by", "kz", "kg", "uz", "am", "az", "ge"]
        ),
        ("https://acme.bitrix24.ru", "oauth.bitrix.info", "https://oauth.bitrix.info"),
        ("https://acme.bitrix24.de", "https://oauth.bitrix24.tech/rest/", "https://oauth.bitrix24.tech"),
        ("http://127.0.0.1:8000", None, "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000", "localhost:8000", "http://localhost:8000"),
    ],
)
def test_the_authorization_server_is_the_named_one_or_that_of_the_region(
    portal: str, named: str | None, server: str
) -> None:
    assert authorization_server(PortalAddress(portal), named, APPLICATION) == server


@pytest.mark.parametrize(
    "named",
    [
        "evil.example",
        "https://evil.example/oauth.bitrix.info",
        "oauth.bitrix.info.evil.example",
        "oauth.bitrix.info:8443",
        "http://oauth.bitrix.info",
        "oauth.bitrix.info@evil.example",
        "evil.example#oauth.bitrix.info",
        "127.0.0.1:9000",
        "//",
        "a b",
    ],
)
def test_a_portal_cannot_send_the_client_secret_to_a_server_of_its_choice(named: str) -> None:
    with pytest.raises(B24Error, match="B24_OAUTH_SERVER") as caught:
        authorization_server(CLOUD, named, APPLICATION)
    assert caught.value.fault.executed == "no"


def test_another_port_of_this_computer_does_not_get_the_client_secret() -> None:
    with pytest.raises(B24Error, match="B24_OAUTH_SERVER"):
        authorization_server(PortalAddress("http://127.0.0.1:8000"), "127.0.0.1:9000", APPLICATION)


def test_a_configured_server_is_the_only_one_used() -> None:
    named = Application("app", "x", "https://oauth.corp.example")
    assert authorization_server(CLOUD, "evil.example", named) == "https://oauth.corp.example"
    with pytest.raises(B24Error, match="http; secrets are sent over https"):
        authorization_server(CLOUD, None, Application("app", "x", "http://oauth.corp.example"))
    with pytest.raises(B24Error, match="B24_OAUTH_SERVER"):
        authorization_server(CLOUD, None, Application("app", "x", "ftp://x"))


def test_the_consent_address_has_the_application_and_a_state_but_no_secret() -> None:
    first, second = begin_login(CLOUD, APPLICATION), begin_login(CLOUD, APPLICATION)
    parts = urlsplit(first.address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://acme.bitrix24.de/oauth/authorize/"
    assert parse_qs(parts.query) == {"client_id": ["local.1&2"], "state": [first.state]}
    assert first.state != second.state
    assert len(first.state) >= 32
    assert APPLICATION.client_secret not in first.address
    assert APPLICATION.client_secret not in repr(first)
    assert first.state not in repr(first)


@pytest.mark.parametrize("form", ["{query}", "?{query}", "http://127.0.0.1:8025/callback?{query}", " {query}\n"])
def test_a_pasted_redirect_is_parsed_in_each_form(form: str) -> None:
    pending = begin_login(CLOUD, APPLICATION)
    sent = {"code": "c0de" * 8, "state": pending.state, "member_id": "m", "server_domain": "oauth.bitrix24.tech"}
    consent = pending.read_pasted(form.format(query=urlencode(sent)))
    assert (consent.code, consent.server, consent.member_id) == ("c0de" * 8, "oauth.bitrix24.tech", "m")
    assert "c0de" not in repr(consent)


def test_a_pasted_code_is_enough() -> None:
    assert begin_login(CLOUD, APPLICATION).read_pasted(" avmocpghblyi01m3h42bljvqtyd19sw1\n").code.startswith("avmoc")


@pytest.mark.parametrize("state", [None, "", "x", "{}x"])
def test_a_different_state_is_refused(state: str | None) -> None:
    pending = begin_login(CLOUD, APPLICATION)
    shown = {} if state is None else {"state": state.format(pending.state)}
    query = urlencode({"code": "c0dec0de", **shown})
    for text in (query, f"http://127.0.0.1:8025/callback?{query}"):
        with pytest.raises(B24Error, match="its state is different"):
            pending.read_pasted(text)


def test_a_redirect_without_a_code_is_refused() -> None:
    pending = begin_login(CLOUD, APPLICATION)
    with pytest.raises(B24Error, match="no code"):
        pending.read_redirect(f"state={pending.state}&code=")


@given(st.text())
def test_any_pasted_text_is_parsed_or_refused(text: str) -> None:
    try:
        begin_login(CLOUD, APPLICATION).read_pasted(text)
    except B24Error as error:
        assert error.fault.code == "B24MCP_CONSENT"  # noqa: PT017


@pytest.mark.parametrize("text", ["acme.bitrix24.de", "https://acme.bitrix24.de/", " https://acme.bitrix24.de/rest/ "])
def test_a_portal_address_is_parsed_in_each_common_form(text: str) -> None:
    assert parse_portal(text) == CLOUD


@pytest.mark.parametrize(
    "text",
    ["", "http://acme.bitrix24.de", "https://acme.bitrix24.de/rest/1/code/", "https://u:p@acme.bitrix24.de", "ftp://x"],
)
def test_an_invalid_portal_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(B24Error) as caught:
        parse_portal(text)
    assert caught.value.fault.code == "B24MCP_SETTINGS"
    assert not text or text not in caught.value.fault.message


def event(**changes: object) -> dict[str, object]:
    auth = {
        "access_token": "access1234",
        "refresh_token": "refresh1234",
        "expires": 1_800_003_000,
        "expires_in": 3600,
        "scope": "crm",
        "domain": "acme.bitrix24.de",
        "server_endpoint": "https://oauth.bitrix.info/rest/",
        "client_endpoint": "https://acme.bitrix24.de/rest/",
        "member_id": "m",
        "user_id": "7",
        "application_token": "x",
        "status": "L",
    }
    return {**auth, **changes}


@pytest.mark.parametrize("form", ["event", "auth", "form", "flat"])
def test_an_install_event_is_parsed_in_each_form(form: str) -> None:
    auth = event()
    bracketed = {"event": "ONAPPINSTALL", **{f"auth[{name}]": value for name, value in auth.items()}}
    text = {
        "event": json.dumps({"event": "ONAPPINSTALL", "auth": auth}),
        "auth": json.dumps(auth),
        "form": urlencode(bracketed),
        "flat": json.dumps(bracketed),
    }[form]
    tokens = read_install_event(text, CLOUD, APPLICATION, 1_800_000_000.0)
    assert (tokens.access_token, tokens.refresh_token, tokens.user_id) == ("access1234", "refresh1234", 7)
    assert (tokens.endpoint, tokens.server) == ("https://acme.bitrix24.de", "https://oauth.bitrix.info")
    # The event may have been sent long ago, so the absolute expiry counts, not the lifetime.
    assert 1_800_002_900 < tokens.expires <= 1_800_003_000


@pytest.mark.parametrize("missing", ["access_token", "refresh_token", "member_id"])
def test_an_event_without_tokens_is_refused(missing: str) -> None:
    with pytest.raises(B24Error, match="B24MCP_CONSENT"):
        read_install_event(json.dumps(event(**{missing: None})), CLOUD, APPLICATION, 0.0)


def test_an_event_cannot_name_a_foreign_server() -> None:
    with pytest.raises(B24Error, match="B24_OAUTH_SERVER"):
        read_install_event(json.dumps(event(server_endpoint="https://evil.example/rest/")), CLOUD, APPLICATION, 0.0)


@given(
    st.text()
    | st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ).map(json.dumps)
)
def test_any_event_is_parsed_or_refused(text: str) -> None:
    with pytest.raises(B24Error):
        read_install_event(text, CLOUD, APPLICATION, 0.0)


@pytest.mark.parametrize(
    ("endpoint", "kept"),
    [
        ("https://new.bitrix24.de/rest/", "https://new.bitrix24.de"),
        ("http://acme.bitrix24.de/rest/", "https://acme.bitrix24.de"),
        ("not an address", "https://acme.bitrix24.de"),
        (None, "https://acme.bitrix24.de"),
        (5, "https://acme.bitrix24.de"),
    ],
)
def test_the_portals_address_comes_from_the_tokens_unless_it_is_less_secure(endpoint: object, kept: str) -> None:
    tokens = read_install_event(json.dumps(event(client_endpoint=endpoint)), CLOUD, APPLICATION, 0.0)
    assert tokens.endpoint == kept


async def test_a_code_is_exchanged_at_the_server_of_the_portal_and_the_tokens_are_stored(scene: Scene) -> None:
    pending = begin_login(PortalAddress(ORIGIN), scene.application)
    code = scene.sandbox.portal.oauth._keep("code", 1, None, scene.clock.now() + 30)
    consent = pending.read_pasted(code)
    tokens = await pending.complete(consent, AuthorizationServer(scene.application, app=scene.app), scene.clock.now())
    await save_login(scene.store, NAME, tokens)
    async with scene.open() as portal:
        assert (await portal.call("profile")).result["ID"] == "1"


@pytest.mark.parametrize("code", ["too late", "wrong", "used"])
async def test_an_invalid_code_leaves_the_stored_tokens_unchanged(scene: Scene, code: str) -> None:
    before = scene.tokens()
    await scene.keep(before)
    pending = begin_login(PortalAddress(ORIGIN), scene.application)
    server = AuthorizationServer(scene.application, app=scene.app)
    given = scene.sandbox.portal.oauth._keep("code", 1, None, scene.clock.now() + 30)
    if code == "too late":
        scene.clock.time += 31
    elif code == "used":
        await server.exchange(ORIGIN, given)
    with pytest.raises(B24Error, match="invalid_grant") as caught:
        await pending.complete(pending.read_pasted("x" * 20 if code == "wrong" else given), server, 0.0)
    assert "30 seconds" in caught.value.fault.hint
    assert (await scene.kept()).access_token == before.access_token


async def test_tokens_of_another_portal_than_consented_are_refused(scene: Scene) -> None:
    pending = begin_login(PortalAddress(ORIGIN), scene.application)
    code = scene.sandbox.portal.oauth._keep("code", 1, None, scene.clock.now() + 30)
    consent = pending.read_redirect(urlencode({"code": code, "state": pending.state, "member_id": "another"}))
    with pytest.raises(B24Error, match="B24MCP_OTHER_PORTAL"):
        await pending.complete(consent, AuthorizationServer(scene.application, app=scene.app), 0.0)


async def test_a_login_to_another_portal_does_not_replace_the_stored_one(scene: Scene) -> None:
    await scene.keep(scene.tokens())
    with pytest.raises(B24Error, match="B24MCP_OTHER_PORTAL") as caught:
        await save_login(scene.store, NAME, scene.tokens(member_id="another"))
    assert "b24-mcp logout" in caught.value.fault.hint
    assert (await scene.kept()).member_id == scene.sandbox.application.member_id


async def test_a_lost_response_to_a_code_requires_a_new_login(scene: Scene) -> None:
    pending = begin_login(PortalAddress(ORIGIN), scene.application)
    server = AuthorizationServer(scene.application, app=FakePortal([Reply("<html>", 502, "text/html")]))
    with pytest.raises(B24Error, match="B24MCP_OAUTH_SERVER") as caught:
        await pending.complete(pending.read_pasted("x" * 20), server, 0.0)
    assert "b24-mcp login again" in caught.value.fault.hint
