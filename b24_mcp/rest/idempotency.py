"""The idempotency keys of writes with an unknown outcome: the same call made again is executed once.

A portal keeps the answer of a write for 24 hours under its key, and returns it for a request with the same key. Two
concurrent requests with the same key may both run. Source: documentation, api-reference/rest-v3.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass

from b24_mcp.rest.wire.request import Content, Request, fingerprint
from b24_mcp.state import ExpiringStore

_LOG = logging.getLogger(__name__)

PORTAL_SECONDS = 60.0
"""The longest time that a portal works on one request."""

_KEPT_SECONDS = 24 * 3600.0
_HONOURED_SECONDS = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class KeptKey:
    """The key of a call whose outcome is unknown, and when the same call may be sent again (Unix time)."""

    key: str
    again_from: float


class Keys:
    """The keys of one portal and credential, shared by every process that shares `store`.

    If the store cannot be used, they are kept in this process.
    """

    def __init__(self, store: ExpiringStore, host: str, owner: str) -> None:
        self._store = store
        self._host = host.lower()
        self._owner = owner
        self._own: dict[str, tuple[float, str]] = {}
        self._honoured = False
        self._store_is_lost = False

    async def honoured(self, now: float) -> bool:
        """Whether the portal is known to honour keys: it has returned one."""
        if not self._honoured:
            try:
                self._honoured = await self._store.read_note(self._honour_note, now) is not None
            except OSError as exc:
                self._warn(exc)
        return self._honoured

    async def learn_honoured(self, now: float) -> None:
        """Record that the portal returned a key."""
        if not self._honoured:
            self._honoured = True
            await self._write(self._honour_note, "yes", now, _HONOURED_SECONDS)

    async def take(self, request: Request, content: Content, now: float) -> KeptKey | None:
        """Remove and return the key of the same call, if it was sent before with an unknown outcome.

        If several callers make the call again at the same time, one of them gets the key; the others are new calls.
        """
        note = self._call_note(request, content)
        own_until, own = self._own.pop(note, (0.0, ""))
        try:
            kept = await self._store.take_note(note, now)
        except OSError as exc:
            self._warn(exc)
            kept = None
        if kept is None:
            kept = own if own_until > now else None
        if kept is None:
            return None
        key, again_from = json.loads(kept)
        # A clock that jumped must not block a call for longer than the portal could work on it.
        return KeptKey(str(key), min(float(again_from), now + PORTAL_SECONDS))

    async def keep(self, request: Request, content: Content, again_from: float, now: float) -> None:
        """Store the key of a call whose outcome is unknown."""
        text = json.dumps([request.key, again_from])
        await self._write(self._call_note(request, content), text, now, _KEPT_SECONDS)

    @property
    def _honour_note(self) -> str:
        return f"keys-honoured:{self._host}"

    def _call_note(self, request: Request, content: Content) -> str:
        """Return the name of the note of a call: a digest of the credential, the method and the parameters."""
        digest = hashlib.sha256()
        for part in (self._host, self._owner, request.version, request.method):
            digest.update(part.encode() + b"\0")
        digest.update(fingerprint(content))
        return f"key:{digest.hexdigest()}"

    async def _write(self, note: str, text: str, now: float, seconds: float) -> None:
        try:
            await self._store.put_note(note, text, now, seconds=seconds)
        except OSError as exc:
            self._warn(exc)
            self._own = {name: kept for name, kept in self._own.items() if kept[0] > now}
            self._own[note] = (now + seconds, text)

    def _warn(self, exc: OSError) -> None:
        if not self._store_is_lost:
            self._store_is_lost = True
            _LOG.warning("Idempotency keys are kept only in this process: %s", exc)
