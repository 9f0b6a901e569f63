"""Import of files into data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from b24_mcp.access import NOTICE, current_caller
from b24_mcp.app.answers.forms import Form, failure_form, with_notice
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.app.runs import BackgroundRun, OnRows, run_key, running_form
from b24_mcp.config.settings import Settings
from b24_mcp.errors import B24Error
from b24_mcp.rest import OnWait

if TYPE_CHECKING:
    from b24_mcp.records import ImportPlace

_STOPPED = "If the server is stopped meanwhile, the data sets stay as they were, and the same call begins again."


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
    app: App,
    path: str,
    save_as: str | None = None,
    portal: str | None = None,
    *,
    on_rows: OnRows,
    on_wait: OnWait,
) -> Reply:
    """Import a file of the folder for files into a data set and return the reply: counts, columns, the first rows.

    An import that takes longer than a call goes on in the server; see `b24_mcp.app.runs`.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    opened = await app.portals.get(portal)
    budget = opened.settings.budget

    async def work(run: BackgroundRun) -> Reply:
        try:
            place = await run_sync(_place_for, opened.settings, path)
            form = await ImportRun(app, opened, place, save_as).read(run.report_rows)
        except B24Error as exc:
            from b24_mcp.app.files.exchange import upload_required

            missing = await upload_required(opened.settings, path.partition("#")[0], exc)
            return Reply(failure_form(missing, opened.notice), budget)
        return Reply(with_notice(form, NOTICE), budget)

    def running(run: BackgroundRun) -> Reply:
        return Reply(running_form(run, opened.notice, {"path": path}, "count", _STOPPED), budget)

    key = run_key("import_records", opened, [path, save_as])
    seconds = opened.settings.deadline
    return await app.runs.follow(key, work, running, seconds=seconds, on_rows=on_rows, on_wait=on_wait)


def _place_for(settings: Settings, path: str) -> ImportPlace:
    from b24_mcp.app.files.folders import folders_setting
    from b24_mcp.records import import_place_in  # not needed to start and list the tools

    return import_place_in(folders_setting(settings), path)


def typed_path(path: Path, sheet: str | None = None) -> ImportPlace:
    """Return the place of a path that the user typed in a terminal.

    Raises:
        B24Error: `B24MCP_FILE` when it is not the name of a file.
    """
    from b24_mcp.records import import_place_of

    return import_place_of(path, sheet)
