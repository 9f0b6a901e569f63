"""Who calls the portal: an incoming webhook, an application, and the verified caller of a method.

Documentation: local-integrations/local-webhooks, settings/oauth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from b24_sandbox import php
from b24_sandbox.php import Map

Kind = Literal["webhook", "oauth"]


@dataclass(frozen=True, slots=True)
class InboundWebhook:
    """An incoming webhook. `scopes` `None`: every scope of the portal."""

    user: int
    secret: str = field(repr=False)
    scopes: frozenset[str] | None = None

    @property
    def path(self) -> str:
        """User and secret as an address contains them."""
        return f"{self.user}/{self.secret}"


@dataclass(frozen=True, slots=True)
class RegisteredApplication:
    """A local application installed on the portal. The browser is sent to `handler` after consent."""

    client_id: str
    client_secret: str = field(repr=False)
    member_id: str
    application_token: str = field(repr=False)
    handler: str = "http://127.0.0.1/handler"
    scopes: frozenset[str] | None = None
    status: str = "L"
    code: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class PortalCaller:
    """The verified caller of a method. Operating time is charged to `credential`; `secret` is a webhook's code or a
    token.

    `application` is set only for calls with an OAuth token.
    """

    user: int
    admin: bool
    kind: Kind
    scopes: frozenset[str]
    credential: str
    application: RegisteredApplication | None = None
    secret: str = field(default="", repr=False)


def access_token_of(authorization: str, params: Map) -> str:
    """The access token of a call: the `Authorization: Bearer` header, else `auth`, else `access_token`.

    Array values are ignored. The result is empty when the call has no token.
    """
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    for name in ("auth", "access_token"):
        value = params.get(name)
        if not php.is_array(value) and php.text(value):
            return php.text(value)
    return ""
