"""Asking a portal what it offers: once, in the background, and never so that a caller waits for long.

The document takes a portal a while to write, and while it does others are told to come back. So whoever wants to know
waits a moment at most and gets what is known by then; the asking goes on, and later questions are answered better.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from b24_mcp.discovery.cache import CachedDocument, DocumentCache
from b24_mcp.discovery.knowledge import Knowledge, documented, known_with
from b24_mcp.errors import B24Error
from b24_mcp.rest import Clock, Portal, SystemClock

_LOG = logging.getLogger(__name__)
_DOCUMENT = "rest.documentation.openapi"
_MINUTE = 60.0
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


class Discovery:
    """What one portal says of its REST 3.0. `cache` keeps it beyond this process. Nothing here raises."""

    def __init__(self, portal: Portal, cache: DocumentCache | None = None, clock: Clock | None = None) -> None:
        self._portal = portal
        self._cache = cache
        self._clock = clock or SystemClock()
        self._known: Knowledge | None = None
        self._trouble = ""
        self._failures = 0
        self._due_at = float("-inf")
        self._asking: anyio.Event | None = None

    @property
    def known(self) -> Knowledge:
        """What is known now."""
        return self._known or replace(documented(), trouble=self._trouble)

    @property
    def is_asking(self) -> bool:
        """Whether the portal is being asked at this moment."""
        return self._asking is not None

    async def look(self, background: TaskGroup, patience: float = 0.0) -> Knowledge:
        """Give what is known after `patience` seconds at most, and have the portal asked in `background` when due."""
        if self._asking is None and self._clock.now() >= self._due_at:
            self._asking = anyio.Event()
            background.start_soon(self._ask, self._asking)
        if self._asking is not None and self._known is None and patience > 0:
            with anyio.move_on_after(patience):
                await self._asking.wait()
        return self.known

    async def _ask(self, done: anyio.Event) -> None:
        try:
            await self._learn()
        except Exception:  # nobody asked for this: it may be wrong, but it may not end the server
            _LOG.exception("What the portal offers could not be read")
            self._put_off("internal")
        finally:
            self._asking = None
            done.set()

    async def _learn(self) -> None:
        kept = None if self._cache is None else await run_sync(self._cache.load)
        if kept is not None and self._is_fresh(kept) and await self._understand(kept):
            return
        try:
            kept = CachedDocument(await self._document(), self._clock.now())
        except B24Error as exc:
            # Among others "Generation in progress.": somebody else asked before, and it is not written yet.
            _LOG.info("%s does not say what it offers: %s", self._portal.host, exc.fault.code or "no code")
            self._put_off(exc.fault.code)
            return
        if not await self._understand(kept):
            self._put_off("B24MCP_BAD_ANSWER")
        elif self._cache is not None:
            await run_sync(self._cache.save, kept)

    def _is_fresh(self, kept: CachedDocument) -> bool:
        age = self._clock.now() - kept.read_at
        return -_MINUTE < age < _lifetime(kept)  # of the future only a clock that was wrong knows

    async def _understand(self, kept: CachedDocument) -> bool:
        """Take a document over; False when there is no method in it."""
        known = await run_sync(known_with, kept.document)
        if known is None:
            return False
        self._known = known
        self._failures = 0
        self._due_at = kept.read_at + _lifetime(kept)
        return True

    async def _document(self) -> Any:
        """Ask the portal; None when it has no REST 3.0."""
        try:
            return (await self._portal.call(_DOCUMENT, {}, version="v3", bulk=True)).result
        except B24Error as exc:
            if exc.fault.status == 404:
                return None
            raise

    def _put_off(self, trouble: str) -> None:
        self._trouble = trouble[:80]
        self._due_at = self._clock.now() + min(_MINUTE * 2 ** min(self._failures, 10), _HOUR)
        self._failures += 1


def _lifetime(kept: CachedDocument) -> float:
    """Seconds a document is good for. That there is no REST 3.0 may change with any update of the portal."""
    return _HOUR if kept.document is None else _DAY
