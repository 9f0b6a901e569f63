"""The data sets of the portal that answers, opened when they are first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_mcp.rest import Redactor
from b24_mcp.server.portals import OpenPortal, Portals

if TYPE_CHECKING:
    from b24_mcp.records import Library

_FOLDER = "records"


class DataSets:
    """One file for each portal. Those of the sandbox lie apart from all others, as its name is no portal's."""

    def __init__(self, portals: Portals, redactor: Redactor) -> None:
        self._portals = portals
        self._redactor = redactor
        self._open: dict[str, Library] = {}

    def of(self, opened: OpenPortal) -> Library:
        """The data sets of a portal. Nothing of them is read yet."""
        host = opened.portal.host
        if host not in self._open:
            # Not needed to start and list the tools.
            from platformdirs import user_data_path

            from b24_mcp.records import Library, RecordsFile, path_for

            settings = self._portals.settings
            assert settings is not None  # they were read when the portal was opened
            folder = (settings.data_dir or user_data_path("b24-mcp")) / _FOLDER
            file = RecordsFile(path_for(folder, host), keep_days=settings.records_ttl)
            self._open[host] = Library(file, self._redactor)
        return self._open[host]

    @property
    def files_dir(self) -> str | None:
        """The folders that exports may be written to, as the person configured them."""
        return None if self._portals.settings is None else self._portals.settings.files_dir

    async def aclose(self) -> None:
        """Close the files."""
        for library in self._open.values():
            await library.aclose()
        self._open.clear()
