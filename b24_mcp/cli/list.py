"""`b24-mcp list`: a whole list in a data set and, on request, in a file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.data_sets import with_data_sets
from b24_mcp.cli.output import print_form
from b24_mcp.cli.params import PARAMS, PORTAL, read_params
from b24_mcp.cli.progress import RowProgress
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App
    from b24_mcp.app.lists import ListRequest, ListRun
    from b24_mcp.app.open_portal import OpenPortal
    from b24_mcp.records import DataSetLibrary

_INTERRUPTED = 130


@click.command("list")
@click.argument("method")
@PARAMS
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Read at most N rows.")
@click.option("--save-as", metavar="NAME", help="Name of the data set. The default comes from METHOD.")
@click.option("--resume", is_flag=True, help="Continue the same list after an interruption or a --limit.")
@click.option("--refresh", is_flag=True, help="Read only what changed since the list was read.")
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all rows to FILE as well. Its name ends in .csv, .jsonl, .xlsx or .parquet.",
)
@click.option("--overwrite", is_flag=True, help="Let --out replace an existing file.")
@PORTAL
def list_(
    method: str,
    params_source: str,
    limit: int | None,
    save_as: str | None,
    resume: bool,
    refresh: bool,
    out: Path | None,
    overwrite: bool,
    portal: str | None,
) -> None:
    """Read the whole list of METHOD into a data set.

    \b
    b24-mcp list crm.deal.list --params '{"select": ["ID", "TITLE"]}' --out deals.csv

    Prints the number of rows and the first rows as JSON. Ctrl-C keeps the rows read so far; --resume continues.

    Exits with 0 when the list was read, 1 when it failed or is incomplete, 2 when the command line is wrong, 130 when
    it was interrupted.
    """
    redactor = Redactor()
    configure_logging(redactor)
    from b24_mcp.app.lists import ListRequest  # so that --help answers at once

    # Without --params a refresh uses those of the data set.
    params = None if refresh and params_source == "{}" else read_params(params_source)
    request = ListRequest(method, params, limit, save_as, resume, refresh)
    run = ListToFile(request, out, overwrite=overwrite)
    try:
        form = asyncio.run(with_data_sets(redactor, portal, run.read))
    except KeyboardInterrupt:
        print_form(run.interrupted(), redactor)
        sys.exit(_INTERRUPTED)
    print_form(form, redactor)
    sys.exit(0 if form["ok"] and (form["complete"] or limit is not None) else 1)


class ListToFile:
    """One run of the command. It keeps what is needed for an answer after an interruption."""

    def __init__(self, request: ListRequest, out: Path | None, *, overwrite: bool) -> None:
        self._request = request
        self._out = out
        self._overwrite = overwrite
        self._notice: str | None = None
        self._run: ListRun | None = None

    async def read(self, app: App, opened: OpenPortal) -> Form:
        """Read the list, write the file, and return the answer.

        Raises:
            B24Error: when the arguments are wrong or the list cannot be read.
        """
        from b24_mcp.access import Caller, calling, os_user
        from b24_mcp.app.lists import ListRun

        self._notice = opened.notice
        if self._out is not None:
            _check_file(self._out, overwrite=self._overwrite)
        self._run = ListRun(app, opened, self._request)
        with RowProgress() as progress, calling(Caller(os_user(), "b24-mcp list")):
            form = await self._run.read(progress.rows, progress.wait)
        fetched = self._run.fetched
        if self._out is not None and form["ok"] and fetched.records is not None:
            columns = [column.name for column in fetched.records.columns]
            library = app.data_sets.of(opened)
            form |= await _write_file(library, fetched.name, columns, self._out, overwrite=self._overwrite)
        return form

    def interrupted(self) -> Form:
        """Return the answer after an interruption: the rows that were kept, and how to continue."""
        from b24_mcp.app.answers.record_forms import interrupted_form

        if self._run is None or self._run.fetch is None:
            return {"ok": False, "interrupted": True}
        return interrupted_form(self._run.fetched, self._notice)


def _check_file(file: Path, *, overwrite: bool) -> None:
    """Check before anything is read that the rows can be written to this file.

    Raises:
        B24Error: when they cannot.
    """
    from b24_mcp.errors import our_error
    from b24_mcp.records import check_format, place_of

    check_format(file)
    place_of(file)
    if file.exists() and not overwrite:
        raise our_error("B24MCP_EXPORT", f"{file} exists already.", hint="--overwrite replaces it.")


async def _write_file(
    library: DataSetLibrary, data_set: str, columns: list[str], file: Path, *, overwrite: bool
) -> dict[str, object]:
    """Write all rows of a data set to a file, and return what the answer says about it.

    Raises:
        B24Error: when the file cannot be written.
    """
    from b24_mcp.records import export, place_of, quoted

    sql = f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(data_set)}"  # noqa: S608  # the names are quoted
    exported = await export(library, sql, place_of(file), overwrite=overwrite)
    return {"file": str(exported.path), "written": exported.rows}
