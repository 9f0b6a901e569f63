"""`b24-mcp list`: a whole list in a data set and, on request, in a file."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.answers import print_answer
from b24_mcp.cli.data_sets import with_data_sets
from b24_mcp.cli.out import FORMAT, RowTarget, TextFormat, print_rows_or_answer
from b24_mcp.cli.params import JSON, METHOD, PARAMS, PORTAL, read_params
from b24_mcp.cli.progress import RowProgress
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App
    from b24_mcp.app.lists import ListRequest, ListRun
    from b24_mcp.app.open_portal import OpenPortal

_INTERRUPTED = 130
_REMEMBERED_SECONDS = 30 * 86_400.0


@click.command("list")
@METHOD
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
    help="Write all rows to FILE as well. Its name ends in .csv, .jsonl, .xlsx or .parquet; - is stdout.",
)
@FORMAT
@click.option("--overwrite", is_flag=True, help="With --out: replace an existing file.")
@JSON
@PORTAL
def list_(
    method: str,
    params_source: str,
    limit: int | None,
    save_as: str | None,
    resume: bool,
    refresh: bool,
    out: Path | None,
    text_format: TextFormat,
    overwrite: bool,
    as_json: bool,
    portal: str | None,
) -> None:
    """Read the whole list of METHOD into a data set.

    \b
    b24-mcp list crm.deal.list --params '{"select": ["ID", "TITLE"]}' --out deals.csv

    Prints the number of rows and the first rows. Ctrl-C keeps the rows read so far; --resume continues, also with the
    --out of the first command.

    Exits with 0 when the list was read, 1 when it failed or is incomplete, 2 when the command line is wrong, 130 when
    it was interrupted.
    """
    redactor = Redactor()
    configure_logging(redactor)
    from b24_mcp.app.lists import ListRequest  # so that --help answers at once

    # Without --params a refresh uses those of the data set.
    params = None if refresh and params_source == "{}" else read_params(params_source)
    request = ListRequest(method, params, limit, save_as, resume, refresh)
    target = None if out is None else RowTarget(out, text_format, overwrite=overwrite)
    run = ListToFile(request, target)
    try:
        form = asyncio.run(with_data_sets(redactor, portal, run.read))
    except KeyboardInterrupt:
        print_answer(run.interrupted(), redactor, as_json=as_json)
        sys.exit(_INTERRUPTED)
    print_rows_or_answer(form, redactor, target, as_json=as_json)
    sys.exit(0 if form["ok"] and (form["complete"] or limit is not None) else 1)


class ListToFile:
    """One run of the command. It keeps what is needed for an answer after an interruption."""

    def __init__(self, request: ListRequest, target: RowTarget | None) -> None:
        self._request = request
        self._target = target
        self._notice: str | None = None
        self._run: ListRun | None = None

    async def read(self, app: App, opened: OpenPortal) -> Form:
        """Read the list, write the file, and return the answer.

        Raises:
            B24Error: when the arguments are wrong or the list cannot be read.
        """
        from b24_mcp.access import Caller, calling, os_user
        from b24_mcp.app.lists import ListRun
        from b24_mcp.records import quoted

        self._notice = opened.notice
        target = self._target
        is_ours = target is not None and self._request.resume and await _was_written(opened, target.path)
        if target is not None:
            target.check(may_exist=is_ours)
        self._run = ListRun(app, opened, self._request)
        with RowProgress() as progress, calling(Caller(os_user(), "b24-mcp list")):
            form = await self._run.read(progress.rows, progress.wait)
        fetched = self._run.fetched
        if target is not None and form["ok"] and fetched.records is not None:
            names = ", ".join(quoted(column.name) for column in fetched.records.columns)
            sql = f"SELECT {names} FROM {quoted(fetched.name)}"  # noqa: S608  # the names are quoted
            exported = await target.write(app.data_sets.of(opened), sql, replace=is_ours)
            form |= {"file": str(exported.path), "written": exported.rows}
            if not target.is_stdout:
                await _remember_written(opened, target.path)
        return form

    def interrupted(self) -> Form:
        """Return the answer after an interruption: the rows that were kept, and how to continue."""
        from b24_mcp.app.answers.record_forms import interrupted_form

        if self._run is None or self._run.fetch is None:
            return {"ok": False, "interrupted": True}
        return interrupted_form(self._run.fetched, self._notice)


async def _was_written(opened: OpenPortal, file: Path) -> bool:
    """Whether this command wrote the file, and it was not changed since."""
    if opened.approvals is None:
        return False
    with contextlib.suppress(OSError):
        known = await opened.approvals.store.read_note(_note_key(file), opened.approvals.now())
        return known is not None and known == await asyncio.to_thread(_digest, file)
    return False


async def _remember_written(opened: OpenPortal, file: Path) -> None:
    """Note that this command wrote the file, so that --resume may replace it."""
    if opened.approvals is None:
        return
    with contextlib.suppress(OSError):
        store, now = opened.approvals.store, opened.approvals.now()
        await store.put_note(_note_key(file), await asyncio.to_thread(_digest, file), now, seconds=_REMEMBERED_SECONDS)


def _note_key(file: Path) -> str:
    return f"written:{hashlib.sha256(os.fsencode(file.absolute())).hexdigest()}"


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
