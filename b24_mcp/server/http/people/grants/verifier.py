"""The verifier of access tokens: the grant must exist, and the person must have access. Rights are limited to those of
the person now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from mcp.server.auth.provider import AccessToken
from starlette.authentication import AuthenticationError

from b24_mcp.access import LEVELS, Level
from b24_mcp.access.caller import with_included
from b24_mcp.access.person import LoggedInPerson
from b24_mcp.config import SANDBOX
from b24_mcp.server.http.people import BrowserLogin, GrantedClient
from b24_mcp.server.http.people.grants.store import GrantStore

_HIDDEN = "***"
_CURRENT_SECONDS = 60.0


class GrantsUnavailableError(AuthenticationError):
    """The shared state cannot be used, so a token cannot be checked."""


def narrower(*levels: Level) -> Level:
    """Return the narrowest of some levels."""
    return min(levels, key=LEVELS.index)


def scopes_of(level: Level, person: LoggedInPerson) -> list[str]:
    """Return the scopes of a token: the level, and the portal of the person. The sandbox holds no data of people."""
    return with_included([f"b24:{level}", f"b24:portal:{person.portal}", f"b24:portal:{SANDBOX}"])


@dataclass(slots=True)
class CurrentPeople:
    """The people as they are now, read again when older than a minute. `clock` is monotonic."""

    login: BrowserLogin
    clock: Callable[[], float] = time.monotonic

    _known: dict[str, tuple[float, LoggedInPerson]] = field(default_factory=dict, init=False)

    async def find(self, key: str) -> LoggedInPerson | None:
        """Return a person with the rights of the last minute; None for one that has no access any more.

        Raises:
            OSError: when the shared state cannot be used.
        """
        now = self.clock()
        if (known := self._known.get(key)) is not None and now - known[0] < _CURRENT_SECONDS:
            return known[1]
        person = await self.login.current(key)
        self._known = {one: kept for one, kept in self._known.items() if now - kept[0] < _CURRENT_SECONDS}
        if person is not None:  # somebody without access may log in again at any moment
            self._known[key] = (now, person)
        return person


class GrantedTokens:
    """A verifier of the access tokens that this server issued."""

    def __init__(self, store: GrantStore, people: CurrentPeople, issuer: str, resource: str) -> None:
        self._store = store
        self._people = people
        self._issuer = issuer
        self._resource = resource

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return whose token it is and what it allows now; None for a token that is not valid.

        Raises:
            GrantsUnavailableError: when the shared state cannot be used.
        """
        try:
            found = await self._store.verify(token)
            person = None if found is None else await self._people.find(found[0].person)
        except OSError:
            raise GrantsUnavailableError(
                "The state of logins is not available, so the token cannot be checked."
            ) from None
        if found is None or person is None:
            return None
        grant, issued = found
        return AccessToken(
            token=_HIDDEN,
            client_id=grant.client_id,
            subject=person.key,
            scopes=scopes_of(narrower(grant.level, issued.level, person.level), person),
            expires_at=int(issued.expires),
            resource=self._resource,
            claims={"iss": self._issuer, "person": asdict(person), "client_name": grant.name, "grant": grant.id},
        )


class SharedGrants:
    """The `ClientGrants` of the shared state."""

    def __init__(self, store: GrantStore) -> None:
        self._store = store

    async def of(self, person: LoggedInPerson) -> Sequence[GrantedClient]:
        """Return the clients that may act for a person; see `ClientGrants`."""
        grants = sorted(await self._store.grants_of(person.key), key=lambda found: -found[0].granted_at)
        return [
            GrantedClient(one.id, one.name, one.host, narrower(one.level, person.level), one.granted_at, used)
            for one, used in grants
        ]

    async def has(self, grant_id: str) -> bool:
        """Whether a client still has its access; see `ClientGrants`."""
        return await self._store.read_grant(grant_id) is not None

    async def revoke(self, person: LoggedInPerson, grant_id: str) -> bool:
        """End the access of a client; see `ClientGrants`."""
        grant = await self._store.read_grant(grant_id)
        return grant is not None and grant.person == person.key and await self._store.end(grant_id)
