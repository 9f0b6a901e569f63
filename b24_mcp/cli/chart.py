"""`b24-mcp chart`: the rows of a query as a picture."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.answers import print_answer
from b24_mcp.cli.data_sets import with_data_sets
from b24_mcp.cli.params import JSON, PORTAL
from b24_mcp.cli.terminal import echo, one_line
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App
    from b24_mcp.app.charts.shape import ChartShape
    from b24_mcp.app.open_portal import OpenPortal
    from b24_mcp.records import QueryAnswer

Kind = Literal["bar", "line", "pie"]
Picture = Literal["png", "svg"]
_INTERRUPTED = 130
_ROWS_SHOWN = 100
"""The most rows that are printed when no chart is drawn."""
_LARGEST_ANSWER = 1 << 20


@click.command()
@click.argument("sql")
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the picture: a .png or .svg file, or - for stdout. By default the folder for files.",
)
@click.option("--kind", type=click.Choice(["bar", "line", "pie"]), help="Kind of the chart. By default what fits.")
@click.option("--title", metavar="TEXT", default="", help="Title of the chart. By default the names of the columns.")
@click.option(
    "--format",
    "picture_format",
    type=click.Choice(["png", "svg"]),
    default="png",
    show_default=True,
    help="Format without --out and on stdout. A file has the format of its name.",
)
@click.option("--overwrite", is_flag=True, help="With --out: replace an existing file.")
@JSON
@PORTAL
def chart(
    sql: str,
    out: Path | None,
    kind: Kind | None,
    title: str,
    picture_format: Picture,
    overwrite: bool,
    as_json: bool,
    portal: str | None,
) -> None:
    """Draw the rows of a SELECT over the data sets.

    \b
    b24-mcp chart "SELECT substr(DATE_CREATE, 1, 7) AS month, count(*) FROM crm_deal_list GROUP BY 1"

    SELECT a name or a time first, then one or more numbers. A time makes a line, a name makes bars, and a few counts or
    sums that are parts of a whole make a pie. SQL may be - for stdin, as in `b24-mcp query`.

    Prints where the picture is, the kind and why it was chosen.

    Exits with 0 when the picture was written, 1 when not, 2 when the command line is wrong.
    """
    redactor = Redactor()
    configure_logging(redactor)
    is_stdout = out is not None and str(out) == "-"
    if out is not None and not is_stdout:
        picture_format = _format_of(out)
    if is_stdout and picture_format == "png" and sys.stdout.isatty():
        raise click.UsageError("A PNG is no text for a terminal. Use --out FILE, or redirect stdout.")
    statement = sys.stdin.read() if sql == "-" else sql
    run = ChartRun(statement, out, kind, title, picture_format, overwrite=overwrite)
    try:
        form = asyncio.run(with_data_sets(redactor, portal, run.draw))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    if is_stdout and run.picture is not None:
        sys.stdout.buffer.write(run.picture)
        sys.stdout.buffer.flush()
        for note in form.get("notes", ()):
            echo(redactor.redact(f"note: {one_line(note)}"), err=True)
    else:
        print_answer(form, redactor, as_json=as_json)
    sys.exit(0 if form["ok"] else 1)


def _format_of(file: Path) -> Picture:
    """Return the format that the name of a file means."""
    match file.suffix.lower():
        case ".png":
            return "png"
        case ".svg":
            return "svg"
    raise click.BadParameter(f"the name of {file.name!r} has to end in .png or .svg", param_hint="--out")


class ChartRun:
    """One run of the command. `picture` is what was drawn."""

    def __init__(
        self, sql: str, out: Path | None, kind: Kind | None, title: str, picture_format: Picture, *, overwrite: bool
    ) -> None:
        self._sql = sql
        self._out = out
        self._kind: Kind | None = kind
        self._title = title
        self._format: Picture = picture_format
        self._overwrite = overwrite
        self.picture: bytes | None = None

    async def draw(self, app: App, opened: OpenPortal) -> Form:
        """Run the query, write the picture, and return the answer. Rows that cannot be drawn are in the answer instead.

        Raises:
            B24Error: when the query fails, or the file exists or cannot be written.
        """
        # Imported here so that --help answers at once.
        from b24_mcp.app.charts.draft import NoChartError
        from b24_mcp.app.charts.drawing import can_draw
        from b24_mcp.app.charts.query import NO_EXTRA, draw_picture, rows_to_draw, shape_for
        from b24_mcp.app.charts.shape import ChartWish
        from b24_mcp.app.portal_tables import tables_for
        from b24_mcp.cli.extras import command_for

        self._check()
        tables = await tables_for(opened, self._sql, app.redactor)
        answer = await rows_to_draw(app.data_sets.of(opened), self._sql, tables=tables)
        if not can_draw():
            hint = f"Install it with: {command_for('charts')}"
            return self._only_rows(opened, answer, f"{NO_EXTRA}, so only the rows are printed.", hint)
        try:
            wish = ChartWish(self._kind, self._title)
            shape = await shape_for(app.redactor, opened, answer, self._sql, wish)
            self.picture = await draw_picture(app, shape, self._format)
        except NoChartError as exc:
            return self._only_rows(opened, answer, str(exc), "")
        return await asyncio.to_thread(self._written, opened, shape, answer, self.picture)

    def _check(self) -> None:
        """Check before anything is read that the file can be written."""
        from b24_mcp.errors import our_error

        out = self._out
        if out is not None and str(out) != "-" and out.exists() and not self._overwrite:
            raise our_error("B24MCP_CHART", f"{out} exists already.", hint="--overwrite replaces it.")

    def _written(self, opened: OpenPortal, shape: ChartShape, answer: QueryAnswer, picture: bytes) -> Form:
        """Write the file and return the answer."""
        from b24_mcp.app.answers.forms import head
        from b24_mcp.app.answers.record_forms import chart_form, query_form
        from b24_mcp.app.charts.query import picture_name, save_picture
        from b24_mcp.app.files.folders import place_for
        from b24_mcp.storage.new_file import new_file
        from b24_mcp.storage.places import place_of

        path: Path | None = None
        if self._out is None:
            place = place_for(opened.settings, picture_name(shape, self._format))
            path = save_picture(place, picture).path
        elif str(self._out) != "-":
            with new_file(place_of(self._out), overwrite=self._overwrite) as file:
                file.write(picture)
            path = self._out
        form = head(True, opened.notice) | chart_form(shape, None if path is None else str(path))
        if notes := [*form.get("notes", ()), *query_form(answer, None).get("notes", ())]:
            form["notes"] = notes
        return form

    def _only_rows(self, opened: OpenPortal, answer: QueryAnswer, why: str, hint: str) -> Form:
        """Return the answer without a picture: the reason, and the rows."""
        from b24_mcp.app.answers.forms import failure_form
        from b24_mcp.app.answers.record_forms import query_form
        from b24_mcp.app.charts.query import shortened
        from b24_mcp.errors import our_error

        rows = query_form(shortened(answer, _ROWS_SHOWN, _LARGEST_ANSWER), opened.notice)
        return failure_form(our_error("B24MCP_CHART", why, hint=hint), opened.notice) | rows | {"ok": False}
