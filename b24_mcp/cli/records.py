"""`b24-mcp records`: the data sets of a portal."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.answers import View, print_answer
from b24_mcp.cli.data_sets import with_data_sets
from b24_mcp.cli.params import JSON, PORTAL
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
@JSON
@PORTAL
def list_sets(as_json: bool, portal: str | None) -> None:
    """List the data sets.

    Prints their rows, columns, origin and age, and the file or the schema that holds them.
    """
    _run(portal, _list, as_json=as_json, view=_without_columns)


@records.command()
@click.argument("name")
@JSON
@PORTAL
def drop(name: str, as_json: bool, portal: str | None) -> None:
    """Remove the data set NAME.

    Exits with 1 when no data set has this name.
    """
    _run(portal, lambda app, opened: _drop(app, opened, name), as_json=as_json)


@records.command()
@JSON
@PORTAL
def reset(as_json: bool, portal: str | None) -> None:
    """Move the file with all data sets aside and start with an empty one.

    Use this when the file is damaged. The old file is kept beside the new one, with `.damaged` after its name. With
    B24_RECORDS the schema of the data sets is renamed instead.
    """
    _run(portal, _reset, as_json=as_json)


def _run(portal: str | None, work: Work, *, as_json: bool, view: View | None = None) -> None:
    redactor = Redactor()
    configure_logging(redactor)
    form = asyncio.run(with_data_sets(redactor, portal, work))
    print_answer(form, redactor, as_json=as_json, view=view)
    sys.exit(0 if form["ok"] else 1)


def _without_columns(form: Mapping[str, object]) -> Mapping[str, object]:
    """Return the data sets with the number of their columns; `query` shows the columns."""
    sets = form.get("data_sets")
    rows = [one | {"columns": len(one["columns"])} for one in sets] if isinstance(sets, list) else []
    shown = ("records", "count", "complete", "columns", "method", "updated_at")
    return dict(form) | {"data_sets": [{key: row.get(key) for key in shown} for row in rows]}


async def _list(app: App, opened: OpenPortal) -> Form:
    from b24_mcp.app.answers.forms import head
    from b24_mcp.app.answers.record_forms import set_form

    library = app.data_sets.of(opened)
    sets = [set_form(data_set) for data_set in await library.sets()]
    return head(True, opened.notice) | {**library.store.place, "data_sets": sets}


async def _drop(app: App, opened: OpenPortal, name: str) -> Form:
    from b24_mcp.errors import our_error

    if not await app.data_sets.of(opened).drop(name):
        raise our_error("B24MCP_RECORDS_NAME", f"There is no data set {name[:80]!r}.", hint="")
    return {"ok": True, "dropped": name}


async def _reset(app: App, opened: OpenPortal) -> Form:
    library = app.data_sets.of(opened)
    aside = await library.reset()
    return {"ok": True, **library.store.place, "set_aside": aside}
