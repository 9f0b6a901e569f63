"""The discovery of the methods of a portal: one request in the background, for which no caller waits long.

A portal takes some time to generate its OpenAPI document and refuses other requests for it meanwhile. A caller
therefore waits a short time at most and gets what is known by then. The request continues, and later callers get its
result.
"""

from __future__ import annotations

import logging
from dataclasses import replace

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
    """The methods of the REST 3.0 of one portal, asked with one credential. Never raises.

    `cache` keeps the document for other processes. The document is the same for all credentials of a portal, so what
    is known of it may be shared in this process: `methods`.
    """

    def __init__(
        self,
        portal: Portal,
        cache: DocumentCache | None = None,
        clock: Clock | None = None,
        *,
        methods: DiscoveredMethods | None = None,
    ) -> None:
        self._portal = portal
        self._methods = methods or DiscoveredMethods(cache, clock)

    @property
    def known(self) -> Knowledge:
        """The methods that are known now."""
        return self._methods.known

    @property
    def is_asking(self) -> bool:
        """Whether a request to the portal is running."""
        return self._methods.is_asking

    async def look(self, background: TaskGroup, patience: float = 0.0) -> Knowledge:
        """Return what is known after `patience` seconds at most; start a request in `background` when one is due."""
        return await self._methods.look(self._portal, background, patience)


class DiscoveredMethods:
    """What is known of the methods of a portal. A request for more is made with the portal of the one who asks."""

    def __init__(self, cache: DocumentCache | None = None, clock: Clock | None = None) -> None:
        self._cache = cache
        self._clock = clock or SystemClock()
        self.known = documented()
        """The methods that are known now."""
        self._is_known = False
        self._failures = 0
        self._due_at = float("-inf")
        self._asking: anyio.Event | None = None

    @property
    def is_asking(self) -> bool:
        """Whether a request to the portal is running."""
        return self._asking is not None

    async def look(self, portal: Portal, background: TaskGroup, patience: float) -> Knowledge:
        """Return what is known after `patience` seconds at most; see `Discovery`."""
        if self._asking is None and self._clock.now() >= self._due_at:
            self._asking = anyio.Event()
            background.start_soon(self._ask, portal, self._asking)
        if self._asking is not None and not self._is_known and patience > 0:
            with anyio.move_on_after(patience):
                await self._asking.wait()
        return self.known

    async def _ask(self, portal: Portal, done: anyio.Event) -> None:
        try:
            await self._update(portal)
        except Exception:  # a defect here must not stop the server
            _LOG.exception("The methods of the portal could not be read")
            self._put_off("internal")
        finally:
            self._asking = None
            done.set()

    async def _update(self, portal: Portal) -> None:
        kept = None if self._cache is None else await run_sync(self._cache.load)
        if kept is not None and self._is_fresh(kept) and await self._use(kept):
            return
        try:
            kept = CachedDocument(await _document(portal), self._clock.now())
        except B24Error as exc:
            # Among others "Generation in progress.": the document is being generated for another request.
            _LOG.info("%s did not send its OpenAPI document: %s", portal.host, exc.fault.code or "no code")
            self._put_off(exc.fault.code)
            return
        if not await self._use(kept):
            self._put_off("B24MCP_BAD_ANSWER")
        elif self._cache is not None:
            await run_sync(self._cache.save, kept)

    def _is_fresh(self, kept: CachedDocument) -> bool:
        age = self._clock.now() - kept.read_at
        return -_MINUTE < age < _lifetime(kept)  # a time in the future comes from a wrong clock

    async def _use(self, kept: CachedDocument) -> bool:
        """Use a document; False when it has no method."""
        known = await run_sync(known_with, kept.document)
        if known is None:
            return False
        self.known = known
        self._is_known = True
        self._failures = 0
        self._due_at = kept.read_at + _lifetime(kept)
        return True

    def _put_off(self, trouble: str) -> None:
        if not self._is_known:
            self.known = replace(self.known, trouble=trouble[:80])
        self._due_at = self._clock.now() + min(_MINUTE * 2 ** min(self._failures, 10), _HOUR)
        self._failures += 1


async def _document(portal: Portal) -> object:
    """Request the document of the portal; None when the portal has no REST 3.0."""
    try:
        return (await portal.call(_DOCUMENT, {}, version="v3", bulk=True)).result
    except B24Error as exc:
        if exc.fault.status == 404:
            return None
        raise


def _lifetime(kept: CachedDocument) -> float:
    """Return for how many seconds a document is valid. An update of the portal may add REST 3.0 at any time."""
    return _HOUR if kept.document is None else _DAY
