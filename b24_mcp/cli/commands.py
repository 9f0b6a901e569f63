"""The program `b24-mcp`: its top-level group and the commands in it."""

from __future__ import annotations

import os

import click

from b24_mcp import __version__
from b24_mcp.cli.apply import apply
from b24_mcp.cli.approve import approve
from b24_mcp.cli.call import call
from b24_mcp.cli.catalog import catalog
from b24_mcp.cli.chart import chart
from b24_mcp.cli.connect import connect, disconnect
from b24_mcp.cli.demo import demo
from b24_mcp.cli.docs import docs
from b24_mcp.cli.doctor import doctor
from b24_mcp.cli.download import download
from b24_mcp.cli.env_file import add_env_file_option
from b24_mcp.cli.find import describe, fields, find
from b24_mcp.cli.import_ import import_
from b24_mcp.cli.list import list_
from b24_mcp.cli.login import login, logout
from b24_mcp.cli.notes import notes
from b24_mcp.cli.portals import portals
from b24_mcp.cli.query import export, query
from b24_mcp.cli.records import records
from b24_mcp.cli.renames import CommandGroup
from b24_mcp.cli.sandbox import sandbox
from b24_mcp.cli.serve import serve, serve_on_stdio
from b24_mcp.cli.stats import stats


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Bitrix24 for AI assistants.

    Without a command, b24-mcp runs as an MCP server on stdin and stdout. MCP clients start it this way; `b24-mcp
    connect CLIENT` adds it to the configuration of a client.

    B24_WEBHOOK_URL sets the portal. It is read from the environment, from the file that --env-file names, or from
    b24-mcp/.env in your configuration folder. Without it a sandbox portal with invented data answers. No settings are
    read from the current folder.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
    if context.invoked_subcommand is None:
        serve_on_stdio()


for command in (
    *(demo, serve, connect, disconnect, doctor),
    *(portals, notes, login, logout, approve),
    *(find, describe, fields),
    *(call, list_, import_, query, export, chart, apply, records, download),
    *(docs, catalog, sandbox, stats),
):
    cli.add_command(command)
add_env_file_option(cli)
