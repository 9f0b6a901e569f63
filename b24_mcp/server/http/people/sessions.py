"""The sessions of browsers: a random id in a cookie, and its hash in the shared state.

A session has two notes. The first lives for the longest life of a session and is never written again, so a session that
was ended stays ended. The second is renewed by use, and expires when the browser was idle for too long.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from b24_mcp.state import ExpiringStore

IDLE = 12 * 3_600.0
LONGEST = 30 * 86_400.0
"""Seconds after which a session ends without use, and in any case."""
_RENEW_AFTER = 300.0
_LONGEST_ID = 100


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions in the shared state. `now` returns Unix time; tests replace it.

    Raises (every method):
        OSError: when the state cannot be used.
    """

    store: ExpiringStore
    now: Callable[[], float] = time.time

    async def begin(self, person: str) -> str:
        """Begin a session of the person with this key. Return its new id, which is a secret of the browser."""
        session = secrets.token_urlsafe(32)
        mark = _mark(session)
        await self._use(mark)
        await self.store.put_note(_begun(mark), person, self.now(), seconds=LONGEST, group=_group(person))
        return session

    async def person(self, session: str) -> str | None:
        """Return the key of the person of a session; None when the session has ended. It counts as a use."""
        if not session or len(session) > _LONGEST_ID:
            return None
        mark, now = _mark(session), self.now()
        person = await self.store.read_note(_begun(mark), now)
        used = None if person is None else await self.store.read_note(_used(mark), now)
        if used is None:
            return None
        if now - float(used) >= _RENEW_AFTER:
            await self._use(mark)
        return person

    async def end(self, session: str) -> None:
        """End a session."""
        await self.store.take_note(_begun(_mark(session)), self.now())

    async def end_all(self, person: str) -> None:
        """End all sessions of a person."""
        for key in await self.store.read_group(_group(person), self.now()):
            await self.store.take_note(key, self.now())

    async def _use(self, mark: str) -> None:
        await self.store.put_note(_used(mark), repr(self.now()), self.now(), seconds=IDLE)


def form_token(session: str) -> str:
    """Return the token that the forms of a session contain. It does not reveal the id of the session."""
    return hmac.new(session.encode(), b"form", hashlib.sha256).hexdigest()


def _mark(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()


def _begun(mark: str) -> str:
    return f"session:begun:{mark}"


def _used(mark: str) -> str:
    return f"session:used:{mark}"


def _group(person: str) -> str:
    return f"sessions:{person}"
