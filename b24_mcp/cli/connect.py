"""`b24-mcp connect` and `disconnect`: the configuration of a client written, or undone."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from b24_mcp.cli.terminal import echo
from b24_mcp.config.environment import ENV_FILE
from b24_mcp.secrets import Redactor
from b24_mcp.storage.folders import user_folder

if TYPE_CHECKING:
    from b24_mcp.config import Configuration
    from b24_mcp.connect import ConfigChange, Scope, Wanted

_CLIENTS = ("claude-code", "cursor", "codex", "vscode", "claude-desktop", "copilot", "gemini", "goose")
_SECRETS = ("B24_WEBHOOK_URL", "B24_HTTP_TOKEN", "B24_CLIENT_SECRET")


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """What connecting and disconnecting have in common."""
    for option in (
        click.option("--yes", is_flag=True, help="Write without asking."),
        click.option("--dry-run", is_flag=True, help="Show the change and write nothing."),
        click.option(
            "--scope",
            type=click.Choice(["user", "project"]),
            default="user",
            show_default=True,
            help="For you everywhere, or for everybody in this folder's project.",
        ),
        click.option("--portal", metavar="NAME", help="An entry of its own for one portal of several."),
        click.argument("client", type=click.Choice(_CLIENTS)),
    ):
        command = option(command)
    return command


@click.command()
@_options
@click.option("--http", "url", metavar="URL", help="Reach a server that runs already, instead of starting one.")
@click.option(
    "--token/--no-token", default=None, help="With --http: send B24_HTTP_TOKEN. Default: not on this computer."
)
def connect(
    client: str, portal: str | None, scope: Scope, dry_run: bool, yes: bool, url: str | None, token: bool | None
) -> None:
    """Let CLIENT know this server, in the client's own configuration.

    \b
    b24-mcp connect claude-code
    b24-mcp connect cursor --scope project
    b24-mcp connect codex --http https://mcp.example.com/mcp

    The change is shown before it is written, and the file as it was is kept beside it. No secret is written: the server
    reads its own settings, and a token is named by its environment variable.
    """
    from b24_mcp.connect import CLIENTS, ConnectError, Machine, plan_connect

    try:
        wanted = _wanted(scope, portal, url, token)
        change = plan_connect(CLIENTS[client], wanted, Machine.here())
        if change.is_none:
            echo(f"{change.client.title} is connected already: nothing to change in {change.file}.")
        else:
            _write(change, dry_run=dry_run, yes=yes)
    except ConnectError as exc:
        raise click.ClickException(_redacted(str(exc))) from None
    if not dry_run:
        _tell_what_is_next(change, wanted)


@click.command()
@_options
def disconnect(client: str, portal: str | None, scope: Scope, dry_run: bool, yes: bool) -> None:
    """Remove this server from the configuration of CLIENT; everything else in it stays as it is."""
    from b24_mcp.connect import CLIENTS, ConnectError, Machine, entry_name, plan_disconnect

    try:
        change = plan_disconnect(CLIENTS[client], entry_name(portal), scope, Machine.here())
        if change.is_none:
            echo(f"{change.client.title} does not know this server: nothing to change in {change.file}.")
            return
        _write(change, dry_run=dry_run, yes=yes)
    except ConnectError as exc:
        raise click.ClickException(_redacted(str(exc))) from None


def _wanted(scope: Scope, portal: str | None, url: str | None, token: bool | None) -> Wanted:
    from b24_mcp.connect import Wanted, checked_url, entry_name, is_loopback, own_launch

    entry_name(portal)
    if url is None:
        if token is not None:
            raise click.UsageError("--token and --no-token belong to --http")
        launch = own_launch(scope)
        file = os.environ.get(ENV_FILE)
        if file and scope == "user":  # the entry of a project is for everybody, and the file is one person's
            launch = replace(launch, arguments=(*launch.arguments, "--env-file", file))
        return Wanted(scope=scope, launch=launch, portal=portal)
    if portal is not None:
        raise click.UsageError("--portal belongs to a server that is started; one over HTTP has portals of its own")
    with_token = not is_loopback(checked_url(url)) if token is None else token
    return Wanted(scope=scope, url=checked_url(url), token=with_token)


def _write(change: ConfigChange, *, dry_run: bool, yes: bool) -> None:
    """Show the change, ask, and write it. Where the person says no, the program ends with 1."""
    from b24_mcp.connect import difference, write

    echo(f"{change.client.title}, {change.file}:")
    echo(_redacted(difference(change)))
    if dry_run:
        echo("Nothing was written (--dry-run).")
        return
    if not yes:
        try:
            agreed = click.confirm("Write this?")
        except click.Abort:
            agreed = False
            echo("\nNo terminal to ask at: use --yes.", err=True)
        if not agreed:
            echo("Nothing was changed.")
            raise SystemExit(1)
    backup = write(change, datetime.now())
    echo("Removed." if change.after is None else "Written.", nl=backup is None)
    if backup is not None:
        echo(f" The file as it was: {backup}")


def _tell_what_is_next(change: ConfigChange, wanted: Wanted) -> None:
    from b24_mcp.connect.description import TOKEN

    for name in change.left_plain:
        echo(f"{name} stands there in plain text and was left: b24-mcp portals add keeps a webhook safely.")
    if change.left_plain and change.scope == "project":
        echo("A project's file is read by everybody who has the project: create a new secret in the portal.")
    if wanted.url is None:
        _tell_of_the_portal(wanted.portal)
    if wanted.token and change.client.name != "vscode":
        echo(f"The token: set {TOKEN} in the environment {change.client.title} starts in.")
    echo(change.client.check)


def _tell_of_the_portal(portal: str | None) -> None:
    """Say what is missing for the server to reach a portal; nothing when nothing is."""
    from b24_mcp.config import SANDBOX, ConfigurationError, load_configuration
    from b24_mcp.config.settings import SettingsError

    try:
        configuration = load_configuration()
    except (ConfigurationError, SettingsError) as exc:
        echo(f"The server will not find its portal, and refuses every call: {exc}.")
        return
    echo(f"The server reads its settings from {_source(configuration)}; never from a project's folder.")
    if portal is not None and portal not in configuration.names:
        echo(f"There is no portal {portal!r} yet: b24-mcp portals add {portal}. Until then no call is answered.")
    elif portal is None and not configuration.portals:
        known = (
            "" if configuration.default == SANDBOX else " A portal set in this shell is not known to other programs."
        )
        echo(f"Your portal: b24-mcp portals add NAME. Until then the sandbox portal answers.{known}")


def _source(configuration: Configuration) -> str:
    file = configuration.env_file or user_folder("config") / ".env"
    return f"the environment the client hands on, and from {file}"


def _redacted(text: str) -> str:
    return Redactor(value for name in _SECRETS if (value := os.environ.get(name))).redact(text)
