"""`b24-mcp apply`: one call for each row of a query."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Literal

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.answers import print_answer
from b24_mcp.cli.data_sets import with_data_sets
from b24_mcp.cli.params import JSON, METHOD, PARAMS, PORTAL, read_params
from b24_mcp.cli.progress import RowProgress
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App
    from b24_mcp.app.apply.request import ApplyRequest
    from b24_mcp.app.open_portal import OpenPortal

_INTERRUPTED = 130


@click.command("apply")
@METHOD
@click.option("--sql", required=True, metavar="SELECT", help="The query: one call for each of its rows.")
@PARAMS
@click.option("--match", metavar="FIELDS", help="For crm.*.add: find records that exist, e.g. PHONE,EMAIL.")
@click.option(
    "--on-match",
    type=click.Choice(["update", "skip"]),
    default="update",
    show_default=True,
    help="Update records that exist, or leave them.",
)
@click.option("--save-as", metavar="NAME", help="Name of the data set of outcomes. The default is NAME_applied.")
@click.option("--resume", is_flag=True, help="Continue the same command after an interruption; begin nothing.")
@click.option("--dry-run", is_flag=True, help="Send nothing. Print counts, risks and the first three calls.")
@click.option("--yes", "-y", "approved", is_flag=True, help="Approve the calls in advance, without a question.")
@JSON
@PORTAL
def apply(
    method: str,
    sql: str,
    params_source: str,
    match: str | None,
    on_match: Literal["update", "skip"],
    save_as: str | None,
    resume: bool,
    dry_run: bool,
    approved: bool,
    as_json: bool,
    portal: str | None,
) -> None:
    """Call METHOD once for each row of a query over data sets.

    \b
    b24-mcp apply crm.deal.update --sql 'SELECT ID FROM deals WHERE SOURCE_ID IS NULL' \\
        --params '{"id": "$ID", "fields": {"SOURCE_ID": "WEB"}}'

    "$ID" alone is the value of a column, "Deal ${TITLE}" inserts it into a text, "$$" is a dollar sign. All rows are
    checked before anything is sent. Prints the number of rows by outcome; a data set holds each outcome. Ctrl-C
    stops between two requests, and the same command continues: no row is sent twice.

    Exits with 0 when all rows succeeded, 1 when some did not, 2 when the command line is wrong, 130 when it was
    interrupted.
    """
    redactor = Redactor()
    configure_logging(redactor)
    from b24_mcp.app.apply.request import ApplyRequest  # so that --help answers at once

    fields = tuple(part.strip() for part in (match or "").split(",") if part.strip())
    request = ApplyRequest(sql, method, read_params(params_source), fields, on_match, save_as, resume, dry_run)
    try:
        form = asyncio.run(with_data_sets(redactor, portal, ApplyCommand(request, approved=approved).run))
    except KeyboardInterrupt:
        note = "The same command continues: no row is sent twice."
        print_answer({"ok": False, "interrupted": True, "notes": [note]}, redactor, as_json=as_json)
        sys.exit(_INTERRUPTED)
    print_answer(form, redactor, as_json=as_json)
    sys.exit(0 if form["ok"] and not form.get("running") else 1)


class ApplyCommand:
    """One run of the command."""

    def __init__(self, request: ApplyRequest, *, approved: bool) -> None:
        self._request = request
        self._approved = approved

    async def run(self, app: App, opened: OpenPortal) -> Form:
        """Apply the method to the rows, however long it takes, and return the answer."""
        from b24_mcp.access import Caller, calling, os_user
        from b24_mcp.app.apply.job import ApplyCall
        from b24_mcp.cli.advice import for_terminal
        from b24_mcp.cli.approval import TerminalQuestion

        call = ApplyCall(app, opened, self._request, is_patient=True)
        with RowProgress() as progress, calling(Caller(os_user(), "b24-mcp apply")):
            ask = TerminalQuestion(self._approved)
            reply = await call.run(ask, progress.rows, progress.wait)
        return for_terminal(reply.form)
