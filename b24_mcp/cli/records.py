"""`b24-mcp records`: the data sets of a portal."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.data_sets import with_data_sets
from b24_mcp.cli.output import print_form
from b24_mcp.cli.params import PORTAL
from b24_mcp.cli.renames import CommandGroup
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App
    from b24_mcp.app.open_portal import OpenPortal
    from b24_mcp.cli.data_sets import Work


@click.group(cls=CommandGroup)
def records() -> None:
    """List and remove the data sets of a portal.

    `b24-mcp list` and the tool list_records create them.
    """


@records.command("list")
@PORTAL
def list_sets(portal: str | None) -> None:
    """List the data sets.

    Prints their rows, columns, origin and age, and the file that holds them.
    """
    _run(portal, _list)


@records.command()
@click.argument("name")
@PORTAL
def drop(name: str, portal: str | None) -> None:
    """Remove the data set NAME.

    Exits with 1 when no data set has this name.
    """
    _run(portal, lambda app, opened: _drop(app, opened, name))


@records.command()
@PORTAL
def reset(portal: str | None) -> None:
    """Move the file with all data sets aside and start with an empty one.

    Use this when the file is damaged. The old file is kept beside the new one, with `.damaged` after its name.
    """
    _run(portal, _reset)


def _run(portal: str | None, work: Work) -> None:
    redactor = Redactor()
    configure_logging(redactor)
    form = asyncio.run(with_data_sets(redactor, portal, work))
    print_form(form, redactor)
    sys.exit(0 if form["ok"] else 1)


async def _list(app: App, opened: OpenPortal) -> Form:
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
