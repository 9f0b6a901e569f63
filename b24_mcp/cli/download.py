"""`b24-mcp download`: one file of the portal."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.advice import for_terminal
from b24_mcp.cli.answers import print_answer
from b24_mcp.cli.params import JSON, PORTAL
from b24_mcp.cli.progress import RowProgress
from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form


@click.command()
@click.argument("source", nargs=-1, required=True)
@click.option("--to", "path", default="", help="Name of the file, or a folder with a / at its end.")
@JSON
@PORTAL
def download(source: tuple[str, ...], path: str, as_json: bool, portal: str | None) -> None:
    """Download a file of the portal into the folder for files, and print where it lies.

    \b
    b24-mcp download disk 123
    b24-mcp download crm.deal.get 17 UF_CRM_1 2

    SOURCE is the id of a file on the disk, `attachment` and an id, or a method that reads a record, its id, the field,
    and the position among several files. B24_FILES_DIR sets the folder.

    Exits with 0 when the file was written, 1 when not, 2 when the command line is wrong.
    """
    redactor = Redactor()
    configure_logging(redactor)
    form = for_terminal(asyncio.run(_download(redactor, " ".join(source), path, portal)))
    print_answer(form, redactor, as_json=as_json)
    sys.exit(0 if form["ok"] else 1)


async def _download(redactor: Redactor, source: str, path: str, portal: str | None) -> Form:
    # Imported here so that --help answers at once.
    from b24_mcp.access import Caller, calling, os_user
    from b24_mcp.app.answers.forms import failure_form
    from b24_mcp.app.app import open_app
    from b24_mcp.app.files.downloads import download_file

    async with open_app(redactor) as app:
        try:
            with RowProgress() as progress, calling(Caller(os_user(), "b24-mcp download")):
                return (await download_file(app, source, path, portal=portal, on_wait=progress.wait)).form
        except B24Error as exc:
            return failure_form(exc)
