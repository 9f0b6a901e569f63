"""`b24-mcp query` and `b24-mcp export`: SQL over data sets."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.answers import print_answer
from b24_mcp.cli.data_sets import with_data_sets
from b24_mcp.cli.out import FORMAT, RowTarget, TextFormat, print_rows_or_answer
from b24_mcp.cli.params import JSON, PORTAL
from b24_mcp.cli.tables import print_csv
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App
    from b24_mcp.app.open_portal import OpenPortal
    from b24_mcp.cli.data_sets import Work

_INTERRUPTED = 130
_LARGEST_ANSWER = 64 << 20
"""The most characters of the rows that are printed: they are in memory at once. An export has no such limit."""


@click.command()
@click.argument("sql")
@click.option("--limit", metavar="N", type=click.IntRange(1), default=1_000, show_default=True, help="Maximum rows.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: a header and the rows.")
@JSON
@PORTAL
def query(sql: str, limit: int, as_csv: bool, as_json: bool, portal: str | None) -> None:
    """Run one SELECT over the data sets and print its rows.

    \b
    b24-mcp query "SELECT ASSIGNED_BY_ID, count(*) FROM crm_deal_list GROUP BY 1"

    SQL is a SELECT in SQLite syntax, or in PostgreSQL syntax with B24_RECORDS; - reads it from stdin. `SELECT name,
    rows FROM data_sets` lists the data sets. Tables of the portal, such as portal_users and portal_stages, can be
    joined.

    Prints a table on a terminal and JSON in a pipe.
    """
    redactor = Redactor()
    configure_logging(redactor)
    if as_csv and as_json:
        raise click.UsageError("Use --csv or --json, not both.")
    statement = sys.stdin.read() if sql == "-" else sql
    form = _answered(redactor, portal, lambda app, opened: _query(app, opened, statement, limit))
    if as_csv and form["ok"]:
        print_csv(form, redactor)
    else:
        print_answer(form, redactor, as_json=as_json)
    sys.exit(0 if form["ok"] else 1)


@click.command()
@click.argument("sql")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@FORMAT
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@JSON
@PORTAL
def export(sql: str, file: Path, text_format: TextFormat, overwrite: bool, as_json: bool, portal: str | None) -> None:
    """Write all rows of a SELECT to FILE.

    \b
    b24-mcp export "SELECT * FROM crm_deal_list" deals.xlsx
    b24-mcp export "SELECT * FROM crm_deal_list" - | sort

    The name of FILE ends in .csv, .jsonl, .xlsx or .parquet; - prints the rows to stdout. SQL may be - too: stdin.
    """
    redactor = Redactor()
    configure_logging(redactor)
    statement = sys.stdin.read() if sql == "-" else sql
    target = RowTarget(file, text_format, overwrite=overwrite)
    form = _answered(redactor, portal, lambda app, opened: _export(app, opened, statement, target))
    print_rows_or_answer(form, redactor, target, as_json=as_json)
    sys.exit(0 if form["ok"] else 1)


def _answered(redactor: Redactor, portal: str | None, work: Work) -> Form:
    try:
        return asyncio.run(with_data_sets(redactor, portal, work))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


async def _query(app: App, opened: OpenPortal, sql: str, limit: int) -> Form:
    from b24_mcp.app.answers.record_forms import query_form  # so that --help answers at once
    from b24_mcp.app.portal_tables import tables_for
    from b24_mcp.records import ask

    tables = await tables_for(opened, sql, app.redactor)
    library = app.data_sets.of(opened)
    answer = await ask(library, sql, rows=limit, characters=_LARGEST_ANSWER, tables=tables)
    return query_form(answer, opened.notice)


async def _export(app: App, opened: OpenPortal, sql: str, target: RowTarget) -> Form:
    from b24_mcp.app.answers.record_forms import export_form  # so that --help answers at once
    from b24_mcp.app.portal_tables import tables_for

    tables = await tables_for(opened, sql, app.redactor)
    library = app.data_sets.of(opened)
    exported = await target.write(library, sql, tables)
    return export_form(exported, opened.notice)
