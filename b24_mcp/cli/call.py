"""`b24-mcp call`: one call of a REST method."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.output import print_form
from b24_mcp.cli.params import PARAMS, PORTAL, read_params
from b24_mcp.errors import B24Error
from b24_mcp.rest import Params
from b24_mcp.secrets import Redactor

Generation = Literal["auto", "v2", "v3"]


@dataclass(frozen=True, slots=True)
class CallCommand:
    """The arguments of `b24-mcp call`. `approved` means that `--yes` approves the call without a question."""

    method: str
    params: Params
    format: Literal["json", "xml"]
    version: Generation
    approved: bool
    portal: str | None


@click.command()
@click.argument("method")
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
@click.option("--yes", "-y", "approved", is_flag=True, help="Approve the call in advance, without a question.")
@PORTAL
def call(
    method: str, params_source: str, as_xml: bool, version: Generation, approved: bool, portal: str | None
) -> None:
    """Call one REST METHOD and print the answer as JSON.

    \b
    b24-mcp call crm.deal.list --params '{"select": ["ID", "TITLE"]}'

    B24_ACCESS, B24_ALLOW and B24_DENY apply. The terminal asks about a call that needs approval.

    Exits with 0 when the call succeeded, 1 when it failed, 2 when the command line is wrong.
    """
    redactor = Redactor()
    configure_logging(redactor)
    command = CallCommand(method, read_params(params_source), "xml" if as_xml else "json", version, approved, portal)
    form = asyncio.run(make_call(command, redactor))
    print_form(form, redactor)
    sys.exit(0 if form["ok"] else 1)


async def make_call(command: CallCommand, redactor: Redactor) -> Mapping[str, object]:
    """Make the call and return its answer, or its failure, in the normal form."""
    # Imported here so that --help answers at once.
    from dataclasses import replace

    from b24_mcp.access import Caller, calling, os_user
    from b24_mcp.app.answers.forms import call_form, error_form
    from b24_mcp.app.checks import check_call
    from b24_mcp.app.portals import Portals
    from b24_mcp.cli.approval import permit_at_terminal
    from b24_mcp.rest import act_of_call

    portals = Portals(redactor)
    notice = None
    try:
        opened = await portals.get(command.portal)
        notice = opened.notice
        checked = check_call(command.method, command.params, command.version, validate=False, arranging=True)
        version, params = checked.version, checked.params
        act = act_of_call(command.method, params, version, command.format)
        permit = permit_at_terminal(opened.gate, act, redactor, approved=command.approved)
        with calling(Caller(os_user(), "b24-mcp call")):
            answer = await opened.portal.call(act.method, params, version=version, format=command.format, permit=permit)
        return call_form(replace(answer, warnings=(*answer.warnings, *checked.warnings)), notice)
    except B24Error as exc:
        return error_form(exc, notice)
    finally:
        await portals.aclose()
