"""Clients of one portal that is already open; everything about it comes from the environment (see ``run.py``)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest


def setting(name: str) -> str:
    """A setting of the portal under test, for instance ``client_id``."""
    return os.environ[f"B24_{name.upper()}"]


def host() -> str:
    """Host and port, as b24pysdk wants a domain."""
    return setting("url").removeprefix("https://")


def webhook_token(name: str = "webhook") -> str:
    """User and code of a webhook, for instance ``1/code``."""
    return setting(name).rstrip("/").partition("/rest/")[2]


@pytest.fixture(scope="session")
def by_webhook() -> Any:
    """A client of b24pysdk with the administrator's webhook."""
    from b24pysdk import BitrixWebhook, Client

    return Client(BitrixWebhook(domain=host(), webhook_token=webhook_token()))


@pytest.fixture(scope="session")
def oauth_token() -> Callable[..., Any]:
    """Makes OAuth tokens of b24pysdk.

    The SDK knows one authorization server by its address; the sandbox plays that server too, so the address is the one
    thing that is changed in the SDK.
    """
    from b24pysdk import BitrixApp, BitrixToken
    from b24pysdk.api.requesters import BitrixOAuthRequester

    BitrixOAuthRequester._OAUTH_TOKEN_URL = setting("token_url")
    BitrixOAuthRequester._APP_INFO_URL = f"{setting('server_endpoint')}app.info/"

    def make(access: str, refresh: str | None = None) -> Any:
        app = BitrixApp(client_id=setting("client_id"), client_secret=setting("client_secret"))
        return BitrixToken(domain=host(), auth_token=access, refresh_token=refresh, bitrix_app=app)

    return make


@pytest.fixture(scope="session")
def by_oauth(oauth_token: Callable[..., Any]) -> Any:
    """A client of b24pysdk with an application's access token."""
    from b24pysdk import Client

    return Client(oauth_token(setting("access_token"), setting("refresh_token")))


@pytest.fixture(scope="session", params=["webhook", "oauth"])
def client(request: pytest.FixtureRequest) -> Any:
    """The same calls over a webhook and over OAuth."""
    return request.getfixturevalue(f"by_{request.param}")


@pytest.fixture(scope="session", params=["webhook", "oauth"])
def client_v3(request: pytest.FixtureRequest) -> Any:
    """A client that prefers version 3 of the REST API, over a webhook and over OAuth."""
    from b24pysdk import Client

    return Client(request.getfixturevalue(f"by_{request.param}").get_token(), prefer_version=3)
