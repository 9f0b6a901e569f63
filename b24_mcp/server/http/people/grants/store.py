"""Grants, authorization codes and tokens in the shared state, so that any replica can handle any step.

Codes and tokens are random and stored as hashes only. A grant is the root of its tokens: without it none of them is
valid, so deleting it ends them all at once, on every replica. Nothing ever writes a grant again.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from b24_mcp.access import Level
from b24_mcp.server.http.people.grants.clients import hashed
from b24_mcp.server.http.people.grants.records import (
    ACCESS_SECONDS,
    GRANT_SECONDS,
    REFRESH_SECONDS,
    Grant,
    IssuedCode,
    IssuedToken,
    PendingConsent,
    SpentToken,
    from_text,
    to_text,
)
from b24_mcp.state import SharedState

_LOG = logging.getLogger(__name__)
_CONSENT_SECONDS = 600.0
_CODE_SECONDS = 60.0
LEEWAY_SECONDS = 30.0
"""Seconds for which a used refresh token works again, if the one that replaced it was not used."""
_SPENT_SECONDS = 600.0
_USED_EVERY = 60.0
_MAX_TOKEN_LENGTH = 200


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens of an answer."""

    access: str
    refresh: str


class GrantStore:
    """The grants in the shared state.

    Raises (every method):
        OSError: when the shared state cannot be used.
    """

    def __init__(self, state: SharedState, clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock
        self._noted_use: dict[str, float] = {}

    # Consents

    async def ask(self, pending: PendingConsent) -> str:
        """Store a request until the person has answered. Return its id."""
        request = secrets.token_urlsafe(24)
        key = f"oauth:consent:{hashed(request)}"
        await self._state.put_note(key, to_text(pending), self._clock(), seconds=_CONSENT_SECONDS)
        return request

    async def take_asked(self, request: str, person: str, session: str) -> PendingConsent | None:
        """Return a request that this person was asked about in this browser, once."""
        key = f"oauth:consent:{hashed(request)}"
        pending = from_text(PendingConsent, await self._state.read_note(key, self._clock()))
        if pending is None or pending.person != person or not secrets.compare_digest(pending.session, session):
            return None
        return from_text(PendingConsent, await self._state.take_note(key, self._clock()))

    async def grant(self, pending: PendingConsent, level: Level, host: str) -> str:
        """Store the permission, and return an authorization code for it. It is shown when its tokens are issued."""
        now = self._clock()
        code = secrets.token_urlsafe(32)
        grant = Grant(
            id=secrets.token_urlsafe(12),
            family=hashed(_family_of(code)),
            client_id=pending.client_id,
            name=pending.client_name,
            host=host,
            level=level,
            person=pending.person,
            granted_at=now,
        )
        issued = IssuedCode(grant.id, pending.client_id, pending.redirect_uri, pending.challenge)
        key = _grant_key(grant.id)
        await self._state.put_note(key, to_text(grant), now, seconds=GRANT_SECONDS, group=_group(grant.person))
        await self._state.put_note(f"oauth:code:{hashed(code)}", to_text(issued), now, seconds=_SPENT_SECONDS)
        await self._state.put_note(f"oauth:fresh:{hashed(code)}", "", now, seconds=_CODE_SECONDS)
        return code

    # Codes

    async def redeem(self, code: str) -> IssuedCode | None:
        """Return what a code stands for, at its first use within a minute. A second use ends its grant.

        A code is used up also by a request with a wrong proof, because it may have been stolen.
        """
        key = hashed(code)
        issued = from_text(IssuedCode, await self._state.read_note(f"oauth:code:{key}", self._clock()))
        if issued is None:
            return None
        if not await self._state.add_note(f"oauth:spent:{key}", "", self._clock(), seconds=_SPENT_SECONDS):
            await self._end_stolen(issued.grant, "An authorization code")
            return None
        is_fresh = await self._state.take_note(f"oauth:fresh:{key}", self._clock()) is not None
        return issued if is_fresh else None

    # Tokens

    async def issue(self, grant: Grant, code: str, level: Level) -> TokenPair:
        """Return the first tokens, for the code of the grant. The refresh token has the level of the grant."""
        return await self._new_pair(grant, _family_of(code), level)

    async def renewable(self, token: str) -> Grant | None:
        """Return the grant of a refresh token, also of one that was used; None when the grant has ended."""
        parts = _parts_of(token)
        grant = None if parts is None else await self.read_grant(parts[0])
        if parts is None or grant is None or not secrets.compare_digest(grant.family, hashed(parts[1])):
            return None
        return grant

    async def renew(self, token: str, grant: Grant, level: Level) -> TokenPair | None:
        """Return new tokens for a refresh token of the grant. Each is used once; a later use of it ends the grant.

        The answer to the first use may be lost, or two windows of a client renew at the same moment. So for a short
        time it can be used again, as long as the refresh token of the first answer was not used.
        """
        _, family, _ = token.split(".")
        key, spent = f"oauth:refresh:{hashed(token)}", f"oauth:spent:{hashed(token)}"
        is_known = await self._state.read_note(key, self._clock()) is not None
        pair = await self._new_pair(grant, family, level)
        use = to_text(SpentToken(self._clock(), hashed(pair.refresh)))
        if is_known and await self._state.add_note(spent, use, self._clock(), seconds=_SPENT_SECONDS):
            await self._state.take_note(key, self._clock())
            return pair
        first = from_text(SpentToken, await self._state.read_note(spent, self._clock()))
        if first is not None and self._clock() - first.at <= LEEWAY_SECONDS:
            is_used = await self._state.read_note(f"oauth:spent:{first.successor}", self._clock()) is not None
            if not is_used:
                return pair
        await self._end_stolen(grant.id, "A refresh token")
        return None

    async def verify(self, token: str) -> tuple[Grant, IssuedToken] | None:
        """Return the grant of an access token, and what the token stands for; None when it is not valid any more."""
        issued = await self._read_access(token)
        grant = None if issued is None else await self.read_grant(issued.grant)
        if issued is None or grant is None:
            return None
        await self._note_use(grant)
        return grant, issued

    async def grant_of(self, token: str) -> Grant | None:
        """Return the grant of a token of either kind."""
        if (grant := await self.renewable(token)) is not None:
            return grant
        issued = await self._read_access(token)
        return None if issued is None else await self.read_grant(issued.grant)

    # Grants

    async def read_grant(self, grant_id: str) -> Grant | None:
        """Return a grant; None when it has ended."""
        return from_text(Grant, await self._state.read_note(_grant_key(grant_id), self._clock()))

    async def grants_of(self, person: str) -> list[tuple[Grant, float]]:
        """Return the grants of a person whose tokens can still be used, with the time of the last use."""
        found = await self._state.read_group(_group(person), self._clock())
        grants = [from_text(Grant, text) for key, text in found.items() if key.startswith(_grant_key(""))]
        uses = {key: float(text) for key, text in found.items() if key.startswith(_used_key(""))}
        return [(one, uses[_used_key(one.id)]) for one in grants if one is not None and _used_key(one.id) in uses]

    async def end(self, grant_id: str) -> bool:
        """End a grant and with it all its tokens. Return False when there was none."""
        return await self._state.take_note(_grant_key(grant_id), self._clock()) is not None

    async def _end_stolen(self, grant_id: str, what: str) -> None:
        if await self.end(grant_id):
            _LOG.warning("%s was sent again after its use or its end: the grant %s was ended", what, grant_id)

    async def _new_pair(self, grant: Grant, family: str, level: Level) -> TokenPair:
        """Return new tokens, which are stored. The access token has this level."""
        pair = TokenPair(secrets.token_urlsafe(32), f"{grant.id}.{family}.{secrets.token_urlsafe(24)}")
        now = self._clock()
        left = grant.granted_at + GRANT_SECONDS - now
        issued = IssuedToken(grant.id, level, now + min(ACCESS_SECONDS, left))
        for key, text, seconds in (
            (f"oauth:access:{hashed(pair.access)}", to_text(issued), ACCESS_SECONDS),
            (f"oauth:refresh:{hashed(pair.refresh)}", "", REFRESH_SECONDS),
        ):
            if left > 0:
                await self._state.put_note(key, text, now, seconds=min(seconds, left))
        await self._note_use(grant)
        return pair

    async def _read_access(self, token: str) -> IssuedToken | None:
        if not 0 < len(token) <= _MAX_TOKEN_LENGTH:
            return None
        return from_text(IssuedToken, await self._state.read_note(f"oauth:access:{hashed(token)}", self._clock()))

    async def _note_use(self, grant: Grant) -> None:
        """Note when a grant was used last, at most once a minute."""
        now = self._clock()
        if now - self._noted_use.get(grant.id, -_USED_EVERY) < _USED_EVERY:
            return
        self._noted_use = {id: at for id, at in self._noted_use.items() if now - at < _USED_EVERY} | {grant.id: now}
        key, group = _used_key(grant.id), _group(grant.person)
        await self._state.put_note(key, str(now), now, seconds=REFRESH_SECONDS, group=group)


def _family_of(code: str) -> str:
    """Return the secret in all refresh tokens that begin with this code. Only the client had the code."""
    return hashed(f"family of {code}")[:32]


def _parts_of(token: str) -> tuple[str, str, str] | None:
    """Return the parts of a refresh token: its grant, the secret of its grant, and its own."""
    parts = token.split(".") if len(token) <= _MAX_TOKEN_LENGTH else []
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def _grant_key(grant_id: str) -> str:
    return f"oauth:grant:{grant_id}"


def _used_key(grant_id: str) -> str:
    return f"oauth:used:{grant_id}"


def _group(person: str) -> str:
    return f"oauth:grants of {person}"
