"""The data sets of each open portal and caller, opened at their first use."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from anyio.abc import TaskGroup

from b24_mcp.access import Caller, current_caller
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.records import DataSetLibrary, Turns

_FOLDER = "records"
_PEOPLE = "people"
_MOST_OPEN = 64
_DIGEST_LENGTH = 32


class DataSets:
    """The data set libraries of the portals.

    Each configured portal has its own file: two names for one host may belong to users with different rights. Over
    HTTP each person or program that a token identifies has its own files. `most_open` limits the open files.
    """

    def __init__(self, redactor: Redactor, most_open: int = _MOST_OPEN) -> None:
        self._redactor = redactor
        self._most_open = most_open
        self._open: OrderedDict[tuple[str, str], DataSetLibrary] = OrderedDict()
        self._turns: Turns | None = None
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
        from b24_mcp.records import DataSetLibrary, RecordsFile, Turns, path_for  # not needed to list the tools

        folder = opened.settings.data_folder / _FOLDER
        if owner:
            # All in one folder, so that opening one file removes the expired files of people who left.
            digest = hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
            path = path_for(folder / _PEOPLE, f"{digest}.{portal}")
        else:
            path = path_for(folder, portal)
        self._turns = self._turns or Turns()  # shared by all portals: they use the memory of one process
        return DataSetLibrary(RecordsFile(path, keep_days=opened.settings.records_ttl), self._redactor, self._turns)

    async def aclose(self) -> None:
        """Close the files."""
        for library in self._open.values():
            await library.aclose()
        self._open.clear()
