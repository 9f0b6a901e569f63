"""`b24-mcp list` and `b24-mcp records`: whole lists into data sets and files."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.advice import for_terminal
from b24_mcp.cli.params import HELP, PORTAL, read_params
from b24_mcp.cli.showing import show_form
from b24_mcp.cli.terminal import echo
from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App
    from b24_mcp.app.lists import ListRequest, ListRun
    from b24_mcp.app.portals import OpenPortal

    Work = Callable[[App, OpenPortal], Awaitable[Form]]

_INTERRUPTED = 130


@click.command("list")
@click.argument("method")
@click.option("-p", "--params", "params_source", metavar="JSON", default="{}", help=HELP)
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Read at most N rows.")
@click.option("--save-as", metavar="NAME", help="Name the data set; it is called after the method unless given.")
@click.option("--resume", is_flag=True, help="Go on where the same command was interrupted or limited.")
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all rows to FILE too: .csv, .jsonl, .xlsx or .parquet.",
)
@click.option("--overwrite", is_flag=True, help="Let --out replace a file.")
@PORTAL
def list_(
    method: str,
    params_source: str,
    limit: int | None,
    save_as: str | None,
    resume: bool,
    out: Path | None,
    overwrite: bool,
    portal: str | None,
) -> None:
    """Read the whole list of METHOD into a data set.

    \b
    b24-mcp list crm.deal.list --params '{"select": ["ID", "TITLE"]}' --out deals.csv

    Prints counts and the first rows as JSON. Ctrl-C keeps what was read; --resume goes on with it.

    Ends with 0 when the list was read, 1 when it was not or not to its end, 2 when the command was not understood, 130
    when it was interrupted.
    """
    redactor = Redactor()
    configure_logging(redactor)
    from b24_mcp.app.lists import ListRequest  # so that --help answers at once

    request = ListRequest(method, read_params(params_source), limit, save_as, resume)
    reading = _Reading(redactor, request, out, overwrite, portal)
    try:
        form = asyncio.run(reading.read())
    except KeyboardInterrupt:
        show_form(reading.interrupted(), redactor)
        sys.exit(_INTERRUPTED)
    show_form(form, redactor)
    sys.exit(0 if form["ok"] and (form["complete"] or limit is not None) else 1)


@click.group()
def records() -> None:
    """The data sets of the portal."""


@records.command("list")
@PORTAL
def list_sets(portal: str | None) -> None:
    """List the data sets: their rows, columns, origin and age, and the file they are in."""
    _run(portal, _sets)


@records.command()
@click.argument("name")
@PORTAL
def drop(name: str, portal: str | None) -> None:
    """Remove the data set NAME.

    Ends with 1 when there is none.
    """
    _run(portal, lambda app, opened: _drop(app, opened, name))


@records.command()
@PORTAL
def reset(portal: str | None) -> None:
    """Set the file of all data sets aside and begin with an empty one.

    For a file that is damaged. The former file stays beside it, with `.damaged` after its name.
    """
    _run(portal, _reset)


@dataclass
class _Reading:
    """One list that is read. What is known of it outlives an interruption."""

    redactor: Redactor
    request: ListRequest
    out: Path | None
    overwrite: bool
    portal: str | None
    notice: str | None = None
    run: ListRun | None = field(default=None, init=False)

    async def read(self) -> Form:
        return await _with_portal(self.redactor, self.portal, self._read)

    async def _read(self, app: App, opened: OpenPortal) -> Form:
        from b24_mcp.access import Caller, calling, os_user
        from b24_mcp.app.lists import ListRun
        from b24_mcp.errors import our_error
        from b24_mcp.records import check_format, export, place_of, quoted

        self.notice = opened.notice
        if self.out is not None:
            check_format(self.out)
            place_of(self.out)
            if self.out.exists() and not self.overwrite:
                raise our_error("B24MCP_EXPORT", f"{self.out} exists already.", hint="--overwrite replaces it.")
        self.run = ListRun(app, opened, self.request)
        with _Bar() as bar, calling(Caller(os_user(), "b24-mcp list")):
            form = await self.run.read(bar.rows, bar.wait)
        fetched = self.run.fetched
        if self.out is not None and form["ok"] and fetched.records is not None:
            columns = ", ".join(quoted(column.name) for column in fetched.records.columns)
            sql = f"SELECT {columns} FROM {quoted(fetched.name)}"  # noqa: S608  # the names are quoted
            exported = await export(app.data_sets.of(opened), sql, place_of(self.out), overwrite=self.overwrite)
            form |= {"file": str(exported.path), "written": exported.rows}
        return form

    def interrupted(self) -> Form:
        from b24_mcp.app.answers.record_forms import interrupted_form

        if self.run is None or self.run.fetch is None:
            return {"ok": False, "interrupted": True}
        return interrupted_form(self.run.fetched, self.notice)


class _Bar:
    """How far reading is, on a terminal; nothing anywhere else."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._shown = 0
        self._is_seen = sys.stderr.isatty()

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()

    async def rows(self, rows: int, total: int | None) -> None:
        if not self._is_seen:
            return
        if total is None:
            echo(before="\r", text=f"{rows} rows ", nl=False, err=True)
            return
        if self._bar is None:
            self._bar = click.progressbar(length=total, label="rows", show_pos=True, file=sys.stderr)
        self._bar.update(rows - self._shown)
        self._shown = rows

    async def wait(self, waited: float, whole: float, why: str) -> None:
        if self._is_seen:
            echo(before="\r", text=f"waiting {whole - waited:.0f} s: {why} ", nl=False, err=True)


def _run(portal: str | None, work: Work) -> None:
    redactor = Redactor()
    configure_logging(redactor)
    form = asyncio.run(_with_portal(redactor, portal, work))
    show_form(form, redactor)
    sys.exit(0 if form["ok"] else 1)


async def _sets(app: App, opened: OpenPortal) -> Form:
    from b24_mcp.app.answers.forms import head
    from b24_mcp.app.answers.record_forms import set_form

    library = app.data_sets.of(opened)
    sets = [set_form(data_set) for data_set in await library.sets()]
    return head(True, opened.notice) | {"file": str(library.file.path), "data_sets": sets}


async def _drop(app: App, opened: OpenPortal, name: str) -> Form:
    from b24_mcp.errors import our_error

    if not await app.data_sets.of(opened).drop(name):
        raise our_error("B24MCP_RECORDS_NAME", f"There is no data set {name[:80]!r}.", hint="")
    return {"ok": True, "dropped": name}


async def _reset(app: App, opened: OpenPortal) -> Form:
    library = app.data_sets.of(opened)
    aside = await library.reset()
    return {"ok": True, "file": str(library.file.path), "set_aside": None if aside is None else str(aside)}


async def _with_portal(redactor: Redactor, portal: str | None, work: Work) -> Form:
    """Open a portal, run some work on it, and return its form, or that of its failure."""
    # Imported here so that --help answers at once.
    from b24_mcp.app.answers.forms import failure_form
    from b24_mcp.app.app import open_app

    notice = None
    async with open_app(redactor) as app:
        try:
            opened = await app.portals.get(portal)
            notice = opened.notice
            return await work(app, opened)
        except B24Error as exc:
            return for_terminal(failure_form(exc, notice))
