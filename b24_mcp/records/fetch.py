"""Reading a whole list of a portal into a data set."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from b24_mcp.catalog import Version
from b24_mcp.catalog.change_fields import change_facts
from b24_mcp.errors import B24Error
from b24_mcp.records.changes import ListChanges, comparison_of
from b24_mcp.records.columns import Column
from b24_mcp.records.data_set import DataSet, DataSetOrigin
from b24_mcp.records.fields import FieldKinds, request_kinds
from b24_mcp.records.library import DataSetLibrary
from b24_mcp.records.names import check_name, name_for
from b24_mcp.records.run import Run
from b24_mcp.records.store import Database
from b24_mcp.rest import OnWait, Portal
from b24_mcp.rest.wire.params import Params

if TYPE_CHECKING:
    from b24_mcp.rest.listing import Listing

_SECONDS_TO_KEEP = 30.0
_TIME_METHOD = "server.time"

OnRows = Callable[[int, int | None], Awaitable[None]]
"""Called after each page with the number of rows read by this call, and the portal's count, if known."""


@dataclass(frozen=True, slots=True)
class PortalBasics:
    """What a portal says before a list is read: the types of its fields, and its time now where that matters."""

    kinds: FieldKinds
    time: str | None
    requests: int


async def ask_portal(portal: Portal, method: str, params: object, version: Version | None) -> PortalBasics:
    """Ask a portal for the types of the fields of a list, and for its time if the list can be refreshed by it."""
    kinds = await request_kinds(portal, method, params)
    if (await anyio.to_thread.run_sync(change_facts, method, version or "v2")).field is None:
        return PortalBasics(kinds, None, kinds.requests)
    if kinds.asked_at is not None:
        return PortalBasics(kinds, kinds.asked_at.isoformat(), kinds.requests)
    try:
        answer = await portal.call(_TIME_METHOD, {}, bulk=True)
        said = datetime.fromisoformat(str(answer.result)).isoformat()
    except (B24Error, ValueError):
        return PortalBasics(kinds, None, kinds.requests + 1)
    return PortalBasics(kinds, said, kinds.requests + 1)


@dataclass(slots=True)
class Fetched:
    """The outcome of reading a list. It is updated after each page, so it is correct whenever reading ends.

    `count` is the number of rows, including those of the runs that were resumed; `requests` are those of this call.
    `records` is the data set to query, or None. With `kept_apart` the rows of an interrupted run are not in that set,
    but beside it. `changes` are those of a refresh. `error` is the reason why reading ended early.
    """

    name: str
    count: int = 0
    total: int | None = None
    complete: bool = False
    requests: int = 0
    notes: tuple[str, ...] = ()
    records: DataSet | None = None
    kept_apart: bool = False
    resumable: bool = False
    changes: ListChanges | None = None
    error: B24Error | None = None


class Fetch:
    """Reads the list of one method into one data set. Without `name` the set is named after the method.

    With `compared_with`, a data set and the column with the ids of its rows, the changes since then are written into
    the set of changes. `fetched` is the outcome so far, also after a cancellation.
    """

    def __init__(
        self,
        library: DataSetLibrary,
        portal: Portal,
        method: str,
        params: Params | None = None,
        *,
        version: Version | None = None,
        name: str | None = None,
        limit: int | None = None,
        resume: bool = False,
        compared_with: tuple[DataSet, Column] | None = None,
    ) -> None:
        self._library = library
        self._portal = portal
        self._origin = DataSetOrigin(method, params, portal.host)
        self._version = version
        self._limit = limit
        self._resume = resume
        self._compared_with = compared_with
        self._portal_time: str | None = None
        self._kinds_requests = 0
        self._wanted = name
        self.fetched = Fetched(name_for(method, params) if name is None else name)

    async def run(self, on_rows: OnRows | None = None, on_wait: OnWait | None = None) -> Fetched:
        """Read the list. If the portal fails after the first rows, the error is in the outcome, with the rows.

        A cancellation keeps the rows that were read.

        Raises:
            B24Error: if no row was read: the name is not valid, the method is not a list, there is no run to resume,
                the file of data sets cannot be used, or the first request failed.
        """
        run, listing = await self._begin(on_wait)
        done = self.fetched
        try:
            try:
                async with contextlib.aclosing(listing):
                    await self._read(run, listing, on_rows)
                self._update(run, listing)
                await self._finish(run, listing)
                done.complete = listing.complete
            except B24Error as exc:
                self._update(run, listing)
                done.error = exc
                await self._stop(run)
                if not run.rows:
                    raise
        except BaseException:
            self._update(run, listing)
            await self._stop(run)
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await self._find(run)
        return done

    async def _begin(self, on_wait: OnWait | None) -> tuple[Run, Listing]:
        if self._wanted is not None:
            self.fetched.name = await anyio.to_thread.run_sync(check_name, self._wanted)
        name = self.fetched.name
        listing = self._listing(on_wait)
        asked = await ask_portal(self._portal, self._origin.method, self._origin.params, self._version)
        kinds, self._portal_time, self._kinds_requests = asked.kinds, asked.time, asked.requests
        if not self._resume:
            columns = self._compared_with[0].columns if self._compared_with else ()
            fields = [(column.field, column.kind) for column in columns]
            begun = await self._library.begin(name, self._origin, kinds, fields, portal_time=asked.time)
            return begun, listing
        run, cursor = await self._library.resume(name, self._origin, kinds)
        try:
            return run, self._listing(on_wait, cursor)
        except BaseException:
            await self._stop(run)
            raise

    async def _read(self, run: Run, listing: Listing, on_rows: OnRows | None) -> None:
        async with contextlib.aclosing(listing.by_request()) as parts:
            async for rows in parts:
                await run.append(rows, listing.cursor, key=listing.key, total=listing.total)
                self._update(run, listing)
                if on_rows is not None:
                    await on_rows(listing.rows_seen, listing.total)

    async def _finish(self, run: Run, listing: Listing) -> None:
        if self._compared_with is None or not listing.complete:
            await run.finish(complete=listing.complete, notes=listing.notes)
            return
        former, key = self._compared_with
        store = self._library.store
        facts = await anyio.to_thread.run_sync(change_facts, self._origin.method, self._version or "v2")
        comparison = comparison_of(former, key, facts, self._portal_time or store.moment())

        def merge(db: Database, table: str, _: Sequence[Column]) -> int:
            self.fetched.changes = comparison.write(db, table, store.moment())
            return run.rows

        await run.finish(complete=True, notes=listing.notes, merge=merge)

    def _listing(self, on_wait: OnWait | None, cursor: Mapping[str, object] | None = None) -> Listing:
        method, params = self._origin.method, self._origin.params
        return self._portal.listing(
            method, params, version=self._version, limit=self._limit, resume=cursor, on_wait=on_wait
        )

    def _update(self, run: Run, listing: Listing) -> None:
        done = self.fetched
        done.count, done.total = run.rows, listing.total
        done.requests = self._kinds_requests + listing.requests
        done.notes, done.resumable = tuple(listing.notes), listing.cursor is not None

    async def _stop(self, run: Run) -> None:
        """Keep the rows, also when this task is cancelled. A failure here must not hide why reading ended."""
        with anyio.move_on_after(_SECONDS_TO_KEEP, shield=True), contextlib.suppress(B24Error):
            await run.stop(self.fetched.notes)

    async def _find(self, run: Run) -> None:
        """Find the data set that can be queried now."""
        done = self.fetched
        with contextlib.suppress(B24Error):
            done.records = await self._library.find(done.name)
            done.kept_apart = bool(run.rows) and not run.readable
