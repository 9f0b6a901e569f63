"""`b24-mcp call`: one call of a REST method."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.advice import for_terminal
from b24_mcp.cli.answers import print_answer
from b24_mcp.cli.params import JSON, METHOD, PARAMS, PORTAL, read_params
from b24_mcp.cli.progress import RowProgress
from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.planning import CallRequest

Generation = Literal["auto", "v2", "v3"]


@click.command()
@METHOD
@PARAMS
@click.option("--xml", "as_xml", is_flag=True, help="Request XML from the portal. The output is still JSON.")
@click.option(
    "--rest",
    "version",
    type=click.Choice(["auto", "v2", "v3"]),
    default="auto",
    show_default=True,
    help="Version of the REST API.",
)
@click.option(
    "--validate/--no-validate", default=True, help="Check the parameters against the documentation, or send them as is."
)
@click.option("--yes", "-y", "approved", is_flag=True, help="Approve the call in advance, without a question.")
@JSON
@PORTAL
def call(
    method: str,
    params_source: str,
    as_xml: bool,
    version: Generation,
    validate: bool,
    approved: bool,
    as_json: bool,
    portal: str | None,
) -> None:
    """Call one REST METHOD and print the answer.

    \b
    b24-mcp call crm.deal.list --params '{"select": ["ID", "TITLE"]}'

    A file in your folder for files (B24_FILES_DIR) is sent with {"$file": "offer.pdf"} as a value.

    Prints tables on a terminal and JSON in a pipe. B24_ACCESS, B24_ALLOW and B24_DENY apply. The terminal asks about a
    call that needs approval.

    Exits with 0 when the call succeeded, 1 when it failed, 2 when the command line is wrong.
    """
    redactor = Redactor()
    configure_logging(redactor)
    from b24_mcp.app.planning import CallRequest  # so that --help answers at once

    # A script reads this answer, so every value of the portal stays in it.
    request = CallRequest(
        method, read_params(params_source), version, "xml" if as_xml else "json", validate, empty=True
    )
    form = for_terminal(asyncio.run(make_call(redactor, request, portal, approved=approved)))
    print_answer(form, redactor, as_json=as_json, view=_result)
    sys.exit(0 if form["ok"] else 1)


def _result(form: Mapping[str, object]) -> Mapping[str, object]:
    """Return what a person reads of a call: its result and the counts."""
    return {key: value for key, value in form.items() if key not in ("method", "version")}


async def make_call(redactor: Redactor, request: CallRequest, portal: str | None, *, approved: bool) -> Form:
    """Make the call and return its answer, or its failure, in the normal form."""
    # Imported here so that --help answers at once.
    from b24_mcp.access import Caller, calling, os_user
    from b24_mcp.app.answers.forms import failure_form
    from b24_mcp.app.app import open_app
    from b24_mcp.app.calls import run_call
    from b24_mcp.cli.approval import TerminalQuestion

    async with open_app(redactor) as app:
        try:
            with RowProgress() as progress, calling(Caller(os_user(), "b24-mcp call")):
                ask = TerminalQuestion(approved)
                return (await run_call(app, request, portal, ask=ask, on_wait=progress.wait)).form
        except B24Error as exc:
            return failure_form(exc)
