"""Import of files into data sets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from b24_mcp.access import NOTICE, current_caller
from b24_mcp.app.answers.forms import Form, failure_form, with_notice
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.errors import B24Error

if TYPE_CHECKING:
    from b24_mcp.records import ImportPlace

OnRows = Callable[[int, int | None], Awaitable[None]]
"""Called with the number of rows that are stored, and the number of all rows once it is known."""


def files_folders(opened: OpenPortal) -> str | None:
    """Return the folders in which files of the user may lie, separated as in `PATH`."""
    return opened.settings.files_dir


async def import_place(opened: OpenPortal, path: str) -> ImportPlace:
    """Return the place of a path that a model wrote.

    Raises:
        B24Error: `B24MCP_IMPORT_FOLDER` or `B24MCP_IMPORT`, when nothing may be read there.
    """
    from b24_mcp.records import import_place_in  # not needed to start and list the tools

    return await run_sync(import_place_in, files_folders(opened), path)


class ImportRun:
    """One import. A place is where a model may read, or where the user of a terminal said."""

    def __init__(self, app: App, opened: OpenPortal, place: ImportPlace, save_as: str | None = None) -> None:
        self._app = app
        self._opened = opened
        self._place = place
        self._save_as = save_as

    async def read(self, on_rows: OnRows | None = None) -> Form:
        """Import the file and return the form of what was read.

        Raises:
            B24Error: when the file cannot be imported. The data sets are as they were.
        """
        from b24_mcp.app.answers.record_forms import import_form
        from b24_mcp.records import FileImport  # not needed to start and list the tools

        library = self._app.data_sets.of(self._opened)
        host = self._opened.portal.host
        imported = await FileImport(library, self._place, host, name=self._save_as, caller=current_caller().name).run(
            on_rows
        )
        return await import_form(imported, library, self._opened.notice)


async def import_file(
    app: App, path: str, save_as: str | None = None, portal: str | None = None, *, on_rows: OnRows
) -> Reply:
    """Import a file of the folder for files into a data set and return the reply: counts, columns, the first rows.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    opened = await app.portals.get(portal)
    try:
        place = await import_place(opened, path)
        form = await ImportRun(app, opened, place, save_as).read(on_rows)
    except B24Error as exc:
        return Reply(failure_form(exc, opened.notice), opened.settings.budget)
    return Reply(with_notice(form, NOTICE), opened.settings.budget)


def typed_path(path: Path, sheet: str | None = None) -> ImportPlace:
    """Return the place of a path that the user typed in a terminal.

    Raises:
        B24Error: `B24MCP_IMPORT` when it is not the name of a file.
    """
    from b24_mcp.records import import_place_of

    return import_place_of(path, sheet)
