"""`b24-mcp import`: a file in a data set."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.answers import print_answer
from b24_mcp.cli.data_sets import with_data_sets
from b24_mcp.cli.params import JSON, PORTAL
from b24_mcp.cli.progress import RowProgress
from b24_mcp.cli.terminal import one_line
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App
    from b24_mcp.app.open_portal import OpenPortal

_INTERRUPTED = 130


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--save-as", metavar="NAME", help="Name of the data set. The default comes from FILE.")
@click.option("--sheet", metavar="NAME", help="Sheet of a workbook. The default is the first one with rows.")
@JSON
@PORTAL
def import_(file: Path, save_as: str | None, sheet: str | None, as_json: bool, portal: str | None) -> None:
    """Read FILE into a data set.

    \b
    b24-mcp import leads.xlsx
    b24-mcp query "SELECT * FROM leads LIMIT 20"

    FILE is .csv, .tsv, .jsonl, .json, .xlsx or .parquet. Encoding, separator and types are detected. Values that are
    not of the type of their column are kept and listed. A data set of the same name is replaced.

    Exits with 0 when the file was imported, also with such values, and with 1 when it was not.
    """
    redactor = Redactor()
    configure_logging(redactor)

    async def work(app: App, opened: OpenPortal) -> Form:
        from b24_mcp.app.imports import ImportRun, typed_path  # so that --help answers at once

        place = await asyncio.to_thread(typed_path, file, sheet)
        with RowProgress() as progress:
            return await ImportRun(app, opened, place, save_as).read(progress.rows)

    try:
        form = asyncio.run(with_data_sets(redactor, portal, work))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    print_answer(form, redactor, as_json=as_json, view=_imported)
    sys.exit(0 if form["ok"] else 1)


def _imported(form: Mapping[str, object]) -> Mapping[str, object]:
    """Return what was imported, with a line for each of the first problems."""
    problems = form.get("first_problems")
    lines = []
    for one in problems if isinstance(problems, list) else []:
        where = f"row {one['row']}" + (f", {one['column']}" if one["column"] else "")
        lines.append(f"{where}: {one_line(one['value'])!r}: {one['problem']}")
    hidden = ("first_problems", "problems_by_column")
    rest = {key: value for key, value in form.items() if key not in hidden}
    return rest | ({"text": "\n".join(["problems, the first:", *lines])} if lines else {})
