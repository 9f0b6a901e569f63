"""Answers of a portal about itself: read together in one batch, shared by processes, and renewed in the background.

A reading is used as it is for some minutes. After that it is still used, and renewed in the background; after an hour
it is read again before it is used. Callers that need the same reading wait for one request, and none of them longer
than `patience` seconds: the request continues, and later callers get its result.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from b24_mcp.discovery.asking import FRESH, LONGEST, PAUSE_AFTER_FAILURE, Reading, ask, read_outcome, useless
from b24_mcp.discovery.sources import FactSource
from b24_mcp.errors import B24Error
from b24_mcp.rest import Clock, Outcome, Portal, Succeeded
from b24_mcp.state import ExpiringStore

_LOG = logging.getLogger(__name__)
_MOST_KEPT = 2_000
_LONGEST_NOTE = 4 << 20
_FORMAT = 1


class Readings:
    """The readings of one portal and credential.

    `store` shares them with other processes. `background` runs requests that outlive their caller. `as_probe` marks
    requests as the program's own. Never raises.
    """

    def __init__(
        self,
        portal: Portal,
        clock: Clock,
        *,
        store: ExpiringStore | None,
        owner: str,
        background: TaskGroup | None,
        as_probe: Callable[[], AbstractContextManager[None]],
        patience: float,
    ) -> None:
        self._portal = portal
        self._clock = clock
        self._store = store
        self._prefix = f"facts:{hashlib.sha256(f'{portal.host} {owner}'.encode()).hexdigest()[:24]}:"
        self._background = background
        self._as_probe = as_probe
        self._patience = patience
        self._known: dict[str, Reading] = {}
        self._reading: dict[str, anyio.Event] = {}
        self._forgotten: dict[str, float] = {}
        """The patterns of keys that were forgotten while requests were running."""

    @property
    def portal(self) -> Portal:
        """The portal that is read."""
        return self._portal

    @property
    def is_reading(self) -> bool:
        """Whether a request is running."""
        return bool(self._reading)

    def now(self) -> float:
        """Return the time of the clock."""
        return self._clock.now()

    def known(self, source: FactSource) -> Reading | None:
        """Return the reading that is usable without a request and without a wait."""
        reading = self._known.get(source.key)
        return reading if reading is not None and reading.is_usable(self._clock.now()) else None

    def trouble(self, source: FactSource) -> B24Error | None:
        """Return why the last request of a source failed; None when it did not, or is still running."""
        reading = self._known.get(source.key)
        return None if reading is None else reading.trouble

    async def get(self, sources: Sequence[FactSource], *, since: float | None = None) -> None:
        """Make readings known: those that are missing are read in one batch.

        With `since`, readings older than this time are read again.
        """
        await self._load(sources)
        now = self._clock.now()
        due = [source for source in sources if not self._is_fresh(source, now, since)]
        missing = [source for source in due if since is not None or self.known(source) is None]
        started = self._start([source for source in due if source.key not in self._reading])
        waits = [self._reading[source.key] for source in missing if source.key in self._reading]
        if self._background is None and started is not None:
            await started()
        if waits:
            with anyio.move_on_after(self._patience):
                for event in waits:
                    await event.wait()

    async def due(self, sources: Sequence[FactSource]) -> list[FactSource]:
        """Return the sources that are not known, so that a caller may ask for them in a batch of its own.

        Sources that are being read, or that failed a moment ago, are left out.
        """
        await self._load(sources)
        now = self._clock.now()
        return [
            source
            for source in sources
            if source.key not in self._reading and self.known(source) is None and not self._is_fresh(source, now, None)
        ]

    async def learn(self, source: FactSource, outcome: Outcome | None) -> None:
        """Keep the outcome of a request that a caller made for a source. A list with more pages is not kept."""
        if source.paged and isinstance(outcome, Succeeded) and outcome.answer.next is not None:
            return
        now = self._clock.now()
        await self._keep(source, await run_sync(read_outcome, source, outcome, now), now)

    async def forget(self, patterns: Iterable[str]) -> None:
        """Forget the readings whose keys match a glob, also those that other processes share."""
        patterns = tuple(patterns)
        for pattern in patterns:
            self._forgotten[pattern] = self._clock.now()
        for key in [key for key in self._known if _matches(key, patterns)]:
            del self._known[key]
            await self._drop(key)

    def _is_fresh(self, source: FactSource, now: float, since: float | None) -> bool:
        reading = self._known.get(source.key)
        return reading is not None and reading.is_fresh(now) and (since is None or reading.read_at >= since)

    def _start(self, sources: Sequence[FactSource]) -> Callable[[], Any] | None:
        """Start reading sources; without a task group return what has to be awaited instead."""
        if not sources:
            return None
        done = anyio.Event()
        for source in sources:
            self._reading[source.key] = done
        if self._background is not None:
            self._background.start_soon(self._read, sources, done)
            return None
        return lambda: self._read(sources, done)

    async def _read(self, sources: Sequence[FactSource], done: anyio.Event) -> None:
        started_at = self._clock.now()
        try:
            with self._as_probe():
                found = await ask(self._portal, sources, started_at)
            for source in sources:
                await self._keep(source, found[source.key], started_at)
        except Exception:  # a defect here must not stop the server
            _LOG.exception("The facts of the portal could not be read")
            for source in sources:
                await self._keep(source, Reading(None, started_at, useless(source)), started_at)
        finally:
            for source in sources:
                self._reading.pop(source.key, None)
            done.set()

    async def _keep(self, source: FactSource, reading: Reading, started_at: float) -> None:
        changed = any(at >= started_at and fnmatchcase(source.key, one) for one, at in self._forgotten.items())
        before = self._known.pop(source.key, None)
        if len(self._known) >= _MOST_KEPT:
            del self._known[next(iter(self._known))]  # the one that was read longest ago
        if reading.value is None and before is not None and before.is_usable(started_at):
            # What was known is still the best answer; the next request comes after a pause.
            _LOG.info("%s did not answer %s: %s", self._portal.host, source.method, reading.trouble)
            self._known[source.key] = replace(before, pause_until=started_at + PAUSE_AFTER_FAILURE)
            return
        # Something was changed while the request ran: the answer may be older than the change.
        if changed:
            reading = replace(reading, read_at=started_at - FRESH)
        self._known[source.key] = reading
        if reading.value is not None and not changed:
            await self._save(source, reading)

    async def _load(self, sources: Sequence[FactSource]) -> None:
        """Load the readings of other processes that are newer than those of this process."""
        if self._store is None:
            return
        now = self._clock.now()
        for source in sources:
            if source.key in self._reading or self._is_fresh(source, now, None):
                continue
            try:
                note = await self._store.read_note(self._prefix + source.key, now)
            except OSError:
                return
            reading = None if note is None else await run_sync(_from_note, source, note)
            before = self._known.get(source.key)
            if reading is not None and (before is None or before.read_at < reading.read_at):
                self._known[source.key] = reading

    async def _save(self, source: FactSource, reading: Reading) -> None:
        if self._store is None:
            return
        note = await run_sync(_note, reading)
        if len(note) <= _LONGEST_NOTE:
            try:
                await self._store.put_note(self._prefix + source.key, note, self._clock.now(), seconds=LONGEST)
            except OSError as exc:
                _LOG.debug("The facts of the portal could not be shared: %s", type(exc).__name__)

    async def _drop(self, key: str) -> None:
        if self._store is not None:
            try:
                await self._store.take_note(self._prefix + key, self._clock.now())
            except OSError as exc:
                _LOG.debug("The facts of the portal could not be forgotten: %s", type(exc).__name__)


def _matches(key: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in patterns)


def _note(reading: Reading) -> str:
    return to_json({"format": _FORMAT, "read_at": reading.read_at, "value": reading.value}).decode()


def _from_note(source: FactSource, note: str) -> Reading | None:
    """Read a note; None when it is damaged or of another version of the program."""
    try:
        form = from_json(note)
        if not isinstance(form, dict) or form.get("format") != _FORMAT:
            return None
        return Reading(_adapter(source.form).validate_python(form["value"]), float(form["read_at"]))
    except (ValueError, ValidationError, KeyError, TypeError):
        return None


@cache
def _adapter(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(form)
