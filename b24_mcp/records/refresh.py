"""Refreshing a data set: only the rows that changed on the portal since it was read, and those that are gone.

The time since when is the portal's own, so its clock may differ from ours. A list without a time of changes is read
whole, and compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from b24_mcp.catalog import Version
from b24_mcp.catalog.change_fields import ChangeFacts, change_facts
from b24_mcp.errors import our_error
from b24_mcp.records.changes import Gone, add_unchanged, comparison_of, count_together, keep_present, knows_present
from b24_mcp.records.columns import Column, fits
from b24_mcp.records.data_set import DataSet, DataSetOrigin
from b24_mcp.records.fetch import Fetch, Fetched, OnRows, ask_portal
from b24_mcp.records.library import DataSetLibrary
from b24_mcp.records.names import check_name, name_for
from b24_mcp.records.run import Run
from b24_mcp.records.store import Database
from b24_mcp.rest import OnWait, Portal
from b24_mcp.rest.wire.params import Params

if TYPE_CHECKING:
    from b24_mcp.rest.listing import Listing

# Rows whose change was not visible yet when the former reading began are read again.
_OVERLAP = timedelta(minutes=2)
_KEYS = ("ID", "id", "Id")
_SECONDS_TO_CLEAN = 30.0


class Refresh:
    """Brings the data set of one list up to date, and writes what changed into `NAME_changes`.

    `fetched` is the outcome so far, also after a cancellation.
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
    ) -> None:
        self._library = library
        self._portal = portal
        self._origin = DataSetOrigin(method, params, portal.host)
        self._version = version
        self._wanted = name
        self._requests = 0
        self._facts = ChangeFacts()
        self.fetched = Fetched(name_for(method, params) if name is None else name)

    async def run(self, on_rows: OnRows | None = None, on_wait: OnWait | None = None) -> Fetched:
        """Refresh the data set, or read the list whole if there is no complete set of it.

        If it fails, the data set stays as it was.

        Raises:
            B24Error: as `Fetch`; `B24MCP_RECORDS_REFRESH` if the data set holds another list.
        """
        if self._wanted is not None:
            self.fetched.name = await run_sync(check_name, self._wanted)
        former = await self._library.find(self.fetched.name)
        key = None if former is None else next((one for one in former.columns if one.field in _KEYS), None)
        if former is None or not former.complete:
            why = "there was no complete data set to compare with, so the list was read whole"
            return await self._read_whole(None, on_rows, on_wait, why)
        if not self._library.is_list(former, self._origin):
            raise our_error(
                "B24MCP_RECORDS_REFRESH",
                f"The data set {former.name!r} holds {former.method} with params {former.params}.",
            )
        if key is None:
            why = "its rows have no id, so the list was read whole and changes cannot be told"
            return await self._read_whole(None, on_rows, on_wait, why)
        since = await self._library.portal_time(former.name)
        self._facts = await run_sync(change_facts, self._origin.method, self._version or "v2")
        params = None if since is None else self._changed_since(since)
        if params is not None and await self._read_changed(former, key, params, on_rows, on_wait):
            return self.fetched
        return await self._read_whole((former, key), on_rows, on_wait)

    async def _read_whole(
        self,
        compared_with: tuple[DataSet, Column] | None,
        on_rows: OnRows | None,
        on_wait: OnWait | None,
        note: str | None = None,
    ) -> Fetched:
        fetch = Fetch(
            self._library,
            self._portal,
            self._origin.method,
            self._origin.params,
            version=self._version,
            name=self.fetched.name,
            compared_with=compared_with,
        )
        self.fetched = fetch.fetched
        await fetch.run(on_rows, on_wait)
        self.fetched.requests += self._requests
        if note is not None:
            self.fetched.notes = (*self.fetched.notes, note)
        return self.fetched

    def _changed_since(self, since: str) -> Params | None:
        """Return the params of the rows that changed since then; None if the list cannot be filtered by it."""
        params = self._origin.params or {}
        field = self._facts.field
        if field is None or not isinstance(params, dict):
            return None
        name = _name_in(params, "filter")
        conditions = params.get(name) or {}
        if not isinstance(conditions, Mapping) or any(_squeezed(field) in _squeezed(one) for one in conditions):
            return None
        moment = (datetime.fromisoformat(since) - _OVERLAP).astimezone(UTC)
        return params | {name: dict(conditions) | {f">={field}": moment.isoformat(timespec="seconds")}}

    async def _read_changed(
        self, former: DataSet, key: Column, params: Params, on_rows: OnRows | None, on_wait: OnWait | None
    ) -> bool:
        """Read the rows that changed. Return False if the list has rows that neither were known nor changed."""
        asked = await ask_portal(self._portal, self._origin.method, self._origin.params, self._version)
        self._requests += asked.requests
        fields = [(column.field, column.kind) for column in former.columns]
        run = await self._library.begin(former.name, self._origin, asked.kinds, fields, portal_time=asked.time)
        try:
            listing = self._portal.listing(self._origin.method, params, version=self._version, on_wait=on_wait)
            async with aclosing(listing), aclosing(listing.by_request()) as parts:
                async for rows in parts:
                    await run.append(rows, None, key=key.field, total=None)
                    if on_rows is not None:
                        await on_rows(run.rows, listing.total)
            self._requests += listing.requests
            ids = await self._ids_if_needed(former, key, run, on_wait)
            if ids is not None and not await self._knows(former, key, run, ids):
                await run.discard()
                return False
            await self._finish(run, former, key, asked.time, ids)
        except BaseException:
            with anyio.move_on_after(_SECONDS_TO_CLEAN, shield=True):
                await run.discard()
            raise
        done = self.fetched
        done.count = done.total = run.rows
        done.complete, done.requests = True, self._requests
        done.records = await self._library.find(former.name)
        return True

    async def _finish(
        self, run: Run, former: DataSet, key: Column, now: str | None, ids: Sequence[object] | None
    ) -> None:
        store = self._library.store
        comparison = comparison_of(former, key, self._facts, now or store.moment())

        def merge(db: Database, table: str, columns: Sequence[Column]) -> int:
            if ids is not None:
                keep_present(db, ids)
            gone: Gone = "none" if ids is None else "not present"
            self.fetched.changes = comparison.write(db, table, store.moment(), gone)
            return add_unchanged(db, comparison, table, present=ids is not None)

        await run.finish(complete=True, merge=merge)

    async def _ids_if_needed(
        self, former: DataSet, key: Column, run: Run, on_wait: OnWait | None
    ) -> list[object] | None:
        """Return the ids of all rows of the list; None if its count shows that no row is gone."""
        expected = await self._library.store.do(lambda db: count_together(db, former.name, run.table_name, key))
        first = self._ids_listing(key, on_wait, limit=1)
        async for _ in first:
            break
        self._requests += first.requests
        if first.total == expected:
            return None
        listing = self._ids_listing(key, on_wait)
        ids: list[object] = []
        async with aclosing(listing):
            async for rows in listing:
                ids += [_stored_id(row.get(key.field), key) for row in rows if isinstance(row, Mapping)]
        self._requests += listing.requests
        if not listing.complete:
            raise our_error(
                "B24MCP_RECORDS_REFRESH",
                "The ids of the list could not be read to the end, so the data set was not changed.",
                hint="Read the list again without refresh.",
            )
        return ids

    def _ids_listing(self, key: Column, on_wait: OnWait | None, *, limit: int | None = None) -> Listing:
        params = dict(self._origin.params) if isinstance(self._origin.params, Mapping) else {}
        wanted = params | {_name_in(params, "select"): [key.field]}
        return self._portal.listing(self._origin.method, wanted, version=self._version, limit=limit, on_wait=on_wait)

    async def _knows(self, former: DataSet, key: Column, run: Run, ids: Sequence[object]) -> bool:
        """Whether every id of the list is in the former set or among the rows that were read."""
        return await self._library.store.do(lambda db: knows_present(db, former.name, run.table_name, key, ids))


def _name_in(params: Mapping[str, object], name: str) -> str:
    """Return how the name of a parameter is written in these."""
    return next((given for given in params if given.lower() == name), name)


def _stored_id(value: object, key: Column) -> object:
    """Return an id as its column holds it."""
    if key.kind == "integer" and isinstance(value, str) and fits("integer", value):
        return int(value)
    return value if isinstance(value, int | str) else str(value)


def _squeezed(name: str) -> str:
    return name.replace("_", "").lower()
