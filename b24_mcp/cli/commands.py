"""The commands of `b24-mcp`, each thin: it reads arguments, calls one thing, and shows the outcome."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Literal

import click

from b24_mcp import __version__
from b24_mcp.app.logs import configure_logging

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.planning import CallRequest
from b24_mcp.cli.advice import for_terminal
from b24_mcp.cli.approve import approve
from b24_mcp.cli.catalog import catalog
from b24_mcp.cli.connect import connect, disconnect
from b24_mcp.cli.docs import docs
from b24_mcp.cli.doctor import doctor
from b24_mcp.cli.env_file import add_env_file_option
from b24_mcp.cli.lists import list_, records
from b24_mcp.cli.login import login, logout
from b24_mcp.cli.params import HELP, PORTAL, read_params
from b24_mcp.cli.portals import portals
from b24_mcp.cli.sandbox import sandbox
from b24_mcp.cli.showing import show_form
from b24_mcp.cli.terminal import SafeGroup
from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor


@click.group(cls=SafeGroup, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Bitrix24 for AI assistants.

    Without a command, b24-mcp is an MCP server on stdin and stdout, to be started by a client. Which portal it
    works with is set by B24_WEBHOOK_URL, in the environment, in the file that --env-file names, or in b24-mcp/.env in
    your configuration folder; without it a sandbox portal with invented data answers. Nothing is read from the folder
    the program is started in.
    """
    if context.invoked_subcommand is None:
        from b24_mcp.server.stdio import serve_stdio

        serve_stdio()


@cli.command()
@click.option("--http", "over_http", is_flag=True, help="Serve many clients over HTTP instead.")
@click.option("--host", help="Where to listen (127.0.0.1). Other than this computer: needs a token and B24_HTTP_URL.")
@click.option("--port", type=click.IntRange(0, 65535), help="The same (8024); 0 takes a free one.")
def serve(over_http: bool, host: str | None, port: int | None) -> None:
    """Serve an MCP client on stdin and stdout (the same as no command), or clients over HTTP.

    Ends with 2 when serving over HTTP as it is configured would not be safe.
    """
    if not over_http:
        if host is not None or port is not None:
            raise click.UsageError("--host and --port are for --http.")
        from b24_mcp.server.stdio import serve_stdio

        serve_stdio()
        return
    from b24_mcp.config.settings import SettingsError, load_settings
    from b24_mcp.server.http import serve_http

    host, port = host or "127.0.0.1", 8024 if port is None else port
    try:
        serve_http(load_settings(), host, port)
    except SettingsError as exc:
        raise click.UsageError(f"{exc}.") from None
    except OSError as exc:
        raise click.ClickException(f"b24-mcp cannot listen on {host}, port {port}: {exc.strerror}.") from None


@cli.command()
@click.argument("method")
@click.option(
    "-p",
    "--params",
    "params_source",
    metavar="JSON",
    default="{}",
    help=HELP,
)
@click.option("--xml", "as_xml", is_flag=True, help="Ask the portal for XML; the output stays JSON.")
@click.option("--rest", type=click.Choice(["auto", "v2", "v3"]), default="auto", help="Generation of the API.")
@click.option("--validate/--no-validate", default=True, help="Check the parameters against the documentation first.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before what needs approval.")
@PORTAL
def call(
    method: str,
    params_source: str,
    as_xml: bool,
    rest: Literal["auto", "v2", "v3"],
    validate: bool,
    yes: bool,
    portal: str | None,
) -> None:
    """Call one REST METHOD and print the answer as JSON.

    \b
    b24-mcp call crm.deal.list --params '{"select": ["ID", "TITLE"]}'

    The rules of B24_ACCESS, B24_ALLOW and B24_DENY hold here too; what they want approved is asked in the terminal.

    Ends with 0 when the call succeeded, 1 when it failed, 2 when it was not understood.
    """
    redactor = Redactor()
    configure_logging(redactor)
    from b24_mcp.app.planning import CallRequest  # so that --help answers at once

    params = read_params(params_source)
    request = CallRequest(method, params, rest, "xml" if as_xml else "json", validate)
    form = for_terminal(asyncio.run(_call(redactor, request, yes, portal)))
    show_form(form, redactor)
    sys.exit(0 if form["ok"] else 1)


cli.add_command(approve)
cli.add_command(sandbox)
cli.add_command(catalog)
cli.add_command(portals)
cli.add_command(connect)
cli.add_command(disconnect)
cli.add_command(login)
cli.add_command(logout)
cli.add_command(docs)
cli.add_command(doctor)
cli.add_command(list_)
cli.add_command(records)
add_env_file_option(cli)


async def _call(redactor: Redactor, request: CallRequest, yes: bool, portal: str | None) -> Form:
    # All are imported here so that --help answers at once.
    from b24_mcp.access import Caller, calling, os_user
    from b24_mcp.app.answers.forms import failure_form
    from b24_mcp.app.app import open_app
    from b24_mcp.app.calls import run_call
    from b24_mcp.cli.approve import TerminalQuestion

    async with open_app(redactor) as app:
        try:
            with calling(Caller(os_user(), "b24-mcp call")):
                return (await run_call(app, request, portal, ask=TerminalQuestion(yes))).form
        except B24Error as exc:
            return failure_form(exc)
