"""People over HTTP (`B24_HTTP_LOGIN`): their login with the browser, and the clients that they gave access.

Two parts that depend only on the protocols defined here: `BrowserLogin` knows who uses a browser, and
`ClientGrants` which clients (programs) may act for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from b24_mcp.access import Level
from b24_mcp.access.person import LoggedInPerson

__all__ = ["BrowserLogin", "ClientGrants", "GrantedClient", "SignedIn"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person at a browser. Each form of a page must send `form_token` back as the field `form_token`."""

    person: LoggedInPerson
    form_token: str = field(repr=False)

    def accepts(self, form_token: object) -> bool:
        """Whether a sent form comes from a page of this server for this browser. Compares in constant time."""
        import hmac

        return isinstance(form_token, str) and hmac.compare_digest(form_token.encode(), self.form_token.encode())


class BrowserLogin(Protocol):
    """The login of people with their browser, at Bitrix24.

    Raises (every method):
        OSError: when the shared state cannot be used.
    """

    async def signed_in(self, request: Request) -> SignedIn | None:
        """Return the person whose session cookie a request has; None without a valid one."""
        ...

    async def begin(self, request: Request, back_to: str) -> Response:
        """Return the redirect to Bitrix24's login. Afterwards the browser gets the path `back_to` of this server.

        `back_to` begins with one slash and may have a query.
        """
        ...

    async def current(self, key: str) -> LoggedInPerson | None:
        """Return the person with the rights that they have now, by `LoggedInPerson.key`.

        None when the person has no access any more: dismissed, logged out everywhere, or the application was removed.
        """
        ...


@dataclass(frozen=True, slots=True)
class GrantedClient:
    """A client that may act for a person. Times are Unix time. `id` identifies the grant, and is no secret.

    `name` is the name that the client gave itself, and `host` the host of its redirect address.
    """

    id: str
    name: str
    host: str
    level: Level
    granted_at: float
    used_at: float


class ClientGrants(Protocol):
    """The clients that people gave access.

    Raises (every method):
        OSError: when the shared state cannot be used.
    """

    async def of(self, person: LoggedInPerson) -> Sequence[GrantedClient]:
        """Return the clients that may act for the person, newest first."""
        ...

    async def has(self, grant_id: str) -> bool:
        """Whether the access of a client has not ended. Running work stops without it."""
        ...

    async def revoke(self, person: LoggedInPerson, grant_id: str) -> bool:
        """End the access of a client and all its tokens at once. Return False when the person has no such grant."""
        ...
