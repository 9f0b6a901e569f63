"""The data sets of each open portal, opened at their first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.records import DataSetLibrary, Turns

_FOLDER = "records"


class DataSets:
    """The data set libraries of the portals.

    Each configured portal has its own file: two names for one host may belong to users with different rights.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._open: dict[str, DataSetLibrary] = {}
        self._turns: Turns | None = None

    def of(self, opened: OpenPortal) -> DataSetLibrary:
        """Return the data sets of a portal. Nothing is read yet."""
        key = f"{opened.name}@{opened.portal.host}"
        if key not in self._open:
            from b24_mcp.records import (  # not needed to start and list the tools
                DataSetLibrary,
                RecordsFile,
                Turns,
                path_for,
            )

            folder = opened.settings.data_folder / _FOLDER
            file = RecordsFile(path_for(folder, key), keep_days=opened.settings.records_ttl)
            self._turns = self._turns or Turns()  # shared by all portals: they use the memory of one process
            self._open[key] = DataSetLibrary(file, self._redactor, self._turns)
        return self._open[key]

    async def aclose(self) -> None:
        """Close the files."""
        for library in self._open.values():
            await library.aclose()
        self._open.clear()
