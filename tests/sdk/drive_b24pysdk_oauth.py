"""b24pysdk over OAuth: tokens that expire, are renewed, are wrong; and what only applications may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from b24pysdk import BitrixApp, Client, errors
from b24pysdk.errors import oauth as oauth_errors

from tests.sdk.conftest import setting


def test_an_expired_access_token_is_renewed_and_the_new_pair_is_used(oauth_token: Callable[..., Any]) -> None:
    granted = oauth_token(setting("access_token"), setting("refresh_token")).refresh_oauth_token().oauth_token
    token = oauth_token(setting("expired_token"), granted.refresh_token)
    assert Client(token).user.current().response.result["ID"] == "1"
    assert token.auth_token != setting("expired_token")
    assert token.refresh_token != granted.refresh_token
    assert token.expires_in == 3600
    renewed = token.auth_token
    assert Client(token).profile().response.result["ID"] == "1"
    assert token.auth_token == renewed, "the new token is good for the next call"


def test_an_expired_access_token_alone_is_an_error(oauth_token: Callable[..., Any]) -> None:
    with pytest.raises(errors.BitrixAPIExpiredToken) as raised:
        _ = Client(oauth_token(setting("expired_token"))).profile().response
    assert raised.value.status_code == 401


def test_an_unknown_access_token_is_an_error(oauth_token: Callable[..., Any]) -> None:
    with pytest.raises(errors.BitrixAPIInvalidToken):
        _ = Client(oauth_token("INVALID_OAUTH_TOKEN_123")).profile().response


def test_an_unknown_refresh_token_is_an_invalid_grant(oauth_token: Callable[..., Any]) -> None:
    with pytest.raises(oauth_errors.BitrixOAuthInvalidGrant) as raised:
        oauth_token("anything", "invalid_refresh_token").refresh_oauth_token()
    assert raised.value.status_code == 400


@pytest.mark.usefixtures("by_oauth")
def test_a_wrong_application_secret_is_an_invalid_client() -> None:
    with pytest.raises(oauth_errors.BitrixOAuthInvalidClient):
        BitrixApp(client_id=setting("client_id"), client_secret="WRONG").get_oauth_token(code="any")


@pytest.mark.usefixtures("by_oauth")
def test_an_unknown_application_is_an_error_in_an_answer_with_status_200() -> None:
    with pytest.raises(oauth_errors.BitrixOauthWrongClient) as raised:
        BitrixApp(client_id="WRONG", client_secret=setting("client_secret")).get_oauth_token(code="any")
    assert raised.value.status_code == 200


def test_an_application_learns_about_itself(by_oauth: Any) -> None:
    info = by_oauth.app.info().response.value
    assert info.status.value == "L"
    assert info.installed is True
    assert isinstance(info.version, int)
    assert info.license


def test_the_authorization_server_tells_which_portal_a_token_is_of(by_oauth: Any) -> None:
    told = by_oauth.get_token().get_app_info().result
    assert (told.client_id, told.user_id) == (setting("client_id"), 1)
    assert told.install.member_id == setting("member_id")
    assert told.install.client_endpoint == f"{setting('url')}/rest/"
    assert "crm" in told.scope


def test_an_application_keeps_its_options(by_oauth: Any) -> None:
    assert by_oauth.app.option.set(options={"theme": "dark"}).response.result is True
    assert by_oauth.app.option.get(option="theme").response.result == "dark"


def test_an_application_binds_finds_and_unbinds_an_event(by_oauth: Any) -> None:
    binding = {"event": "ONCRMDEALADD", "handler": "https://example.com/handler/", "auth_type": 1}
    assert by_oauth.event.bind(**binding).response.result is True
    bound = [row for row in by_oauth.event.get().response.result if row["event"] == "ONCRMDEALADD"]
    assert [row["auth_type"] for row in bound] == ["1"]
    assert by_oauth.event.unbind(**binding).response.result == {"count": 1}
