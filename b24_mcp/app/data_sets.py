"""The data sets of each open portal and caller, opened at their first use."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from importlib.util import find_spec
from typing import TYPE_CHECKING

from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from b24_mcp.access import Caller, current_caller
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.errors import our_error
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.records import DataSetLibrary, RecordStore, Turns
    from b24_mcp.records.postgresql import PostgresConnections

_FOLDER = "records"
_PEOPLE = "people"
_MOST_OPEN = 64
_DIGEST_LENGTH = 32


class DataSets:
    """The data set libraries of the portals.

    Each configured portal has its own file: two names for one host may belong to users with different rights. Over
    HTTP each person or program that a token identifies has its own files. `most_open` limits the open files. With
    `B24_RECORDS` each file is a schema of PostgreSQL instead.
    """

    def __init__(self, redactor: Redactor, most_open: int = _MOST_OPEN) -> None:
        self._redactor = redactor
        self._most_open = most_open
        self._open: OrderedDict[tuple[str, str], DataSetLibrary] = OrderedDict()
        self._turns: Turns | None = None
        self._connections: dict[str, PostgresConnections] = {}
        self.background: TaskGroup | None = None
        """Closes files that were not used for the longest time; without it, all files stay open."""

    def of(self, opened: OpenPortal) -> DataSetLibrary:
        """Return the data sets of the current caller on a portal. Nothing is read yet."""
        caller = current_caller()
        owner = caller.identity if caller.is_identified else ""
        key = (owner, f"{opened.name}@{opened.portal.host}")
        if key in self._open:
            self._open.move_to_end(key)
            return self._open[key]
        self._open[key] = library = self._library(opened, *key)
        if len(self._open) > self._most_open and self.background is not None:
            # Work that still uses the library opens its file again.
            _, oldest = self._open.popitem(last=False)
            self.background.start_soon(oldest.aclose)
        return library

    def close_of(self, person: str) -> None:
        """Close the files of a person who lost access, by the key of the person. The files stay until they expire."""
        if self.background is None:
            return
        owner = Caller(person, is_identified=True).identity
        for key in [key for key in self._open if key[0] == owner]:
            self.background.start_soon(self._open.pop(key).aclose)

    def _library(self, opened: OpenPortal, owner: str, portal: str) -> DataSetLibrary:
        from b24_mcp.records import DataSetLibrary, Turns  # not needed to list the tools

        self._turns = self._turns or Turns()  # shared by all portals: they use the memory of one process
        address = opened.settings.records
        store = self._file(opened, owner, portal) if address is None else self._schema(opened, address, owner, portal)
        return DataSetLibrary(store, self._redactor, self._turns)

    @staticmethod
    def _file(opened: OpenPortal, owner: str, portal: str) -> RecordStore:
        from b24_mcp.records import RecordsFile, path_for

        folder = opened.settings.data_folder / _FOLDER
        if owner:
            # All in one folder, so that opening one file removes the expired files of people who left.
            digest = hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
            path = path_for(folder / _PEOPLE, f"{digest}.{portal}")
        else:
            path = path_for(folder, portal)
        return RecordsFile(path, keep_days=opened.settings.records_ttl)

    def _schema(self, opened: OpenPortal, address: str, owner: str, portal: str) -> RecordStore:
        if any(find_spec(name) is None for name in ("psycopg", "psycopg_pool")):
            raise our_error(
                "B24MCP_RECORDS_FILE",
                "B24_RECORDS names a PostgreSQL database, and the extra postgresql is not installed.",
                hint="The user must install b24-mcp[postgresql] on the server.",
            )
        from b24_mcp.records.postgresql import PostgresStore, open_connections

        if address not in self._connections:
            self._connections[address] = open_connections(address)
        connections = self._connections[address]
        return PostgresStore(connections, address, owner, portal, keep_days=opened.settings.records_ttl)

    async def aclose(self) -> None:
        """Close the files and connections."""
        for library in self._open.values():
            await library.aclose()
        self._open.clear()
        for connections in self._connections.values():
            await run_sync(connections.close)
        self._connections.clear()
