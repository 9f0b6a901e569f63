"""`b24-mcp connect` and `b24-mcp disconnect`: this server in the configuration of an MCP client."""

from __future__ import annotations

import os
import sys
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
    from b24_mcp.connect import ConfigChange, Scope, ServerSpec

_CLIENTS = ("claude-code", "cursor", "codex", "vscode", "claude-desktop", "copilot", "gemini", "goose")
_SECRETS = ("B24_WEBHOOK_URL", "B24_HTTP_TOKEN", "B24_CLIENT_SECRET")


def _common_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that both commands have."""
    for option in (
        click.option("--yes", is_flag=True, help="Write the change without a question."),
        click.option("--dry-run", is_flag=True, help="Show the change and write nothing."),
        click.option(
            "--scope",
            type=click.Choice(["user", "project"]),
            default="user",
            show_default=True,
            help="Use the configuration of your user, or that of the project in the current folder.",
        ),
        click.option("--portal", metavar="NAME", help="Use the entry for this portal instead of the general one."),
        click.argument("client", type=click.Choice(_CLIENTS)),
    ):
        command = option(command)
    return command


@click.command()
@_common_options
@click.option("--http", "url", metavar="URL", help="Connect to a running server instead of starting one.")
@click.option(
    "--token/--no-token",
    default=None,
    help="With --http: whether to send B24_HTTP_TOKEN. The default is to send it to other computers only.",
)
def connect(
    client: str, portal: str | None, scope: Scope, dry_run: bool, yes: bool, url: str | None, token: bool | None
) -> None:
    """Add this server to the configuration of CLIENT.

    \b
    b24-mcp connect claude-code
    b24-mcp connect cursor --scope project
    b24-mcp connect codex --http https://mcp.example.com/mcp

    Shows the change and asks before it is written. A copy of the file is kept beside it. No secret is written: the
    server reads its own settings, and a token is named by its environment variable.
    """
    from b24_mcp.connect import CLIENTS, ConnectError, Machine, plan_connect

    try:
        server = _server(scope, portal, url, token)
        change = plan_connect(CLIENTS[client], server, Machine.here())
        if change.is_empty:
            echo(f"{change.client.title} is connected already: nothing to change in {change.file}.")
        else:
            _write(change, dry_run=dry_run, yes=yes)
    except ConnectError as exc:
        raise click.ClickException(_redacted(str(exc))) from None
    if not dry_run:
        _print_next_steps(change, server)
        if server.url is None and not yes:
            _offer_documentation()


@click.command()
@_common_options
def disconnect(client: str, portal: str | None, scope: Scope, dry_run: bool, yes: bool) -> None:
    """Remove this server from the configuration of CLIENT.

    \b
    b24-mcp disconnect claude-code

    Everything else in the configuration stays unchanged.
    """
    from b24_mcp.connect import CLIENTS, ConnectError, Machine, entry_name, plan_disconnect

    try:
        change = plan_disconnect(CLIENTS[client], entry_name(portal), scope, Machine.here())
        if change.is_empty:
            echo(f"{change.client.title} does not know this server: nothing to change in {change.file}.")
            return
        _write(change, dry_run=dry_run, yes=yes)
    except ConnectError as exc:
        raise click.ClickException(_redacted(str(exc))) from None


def _server(scope: Scope, portal: str | None, url: str | None, token: bool | None) -> ServerSpec:
    from b24_mcp.connect import ServerSpec, checked_url, entry_name, is_loopback, own_launch

    entry_name(portal)
    if url is None:
        if token is not None:
            raise click.UsageError("--token and --no-token need --http.")
        launch = own_launch(scope)
        file = os.environ.get(ENV_FILE)
        if file and scope == "user":  # the entry of a project is shared, and the settings file belongs to one user
            launch = replace(launch, arguments=(*launch.arguments, "--env-file", file))
        return ServerSpec(scope=scope, launch=launch, portal=portal)
    if portal is not None:
        raise click.UsageError("--portal does not go with --http: a server over HTTP has its own portals.")
    with_token = not is_loopback(checked_url(url)) if token is None else token
    return ServerSpec(scope=scope, url=checked_url(url), token=with_token)


def _write(change: ConfigChange, *, dry_run: bool, yes: bool) -> None:
    """Show the change, ask, and write it. The program exits with 1 when the user declines."""
    from b24_mcp.connect import change_diff, write

    echo(f"{change.client.title}, {change.file}:")
    echo(_redacted(change_diff(change)))
    if dry_run:
        echo("Nothing was written (--dry-run).")
        return
    if not yes:
        try:
            agreed = click.confirm("Write this change?")
        except click.Abort:
            agreed = False
            echo("\nThere is no terminal to ask at: use --yes.", err=True)
        if not agreed:
            echo("Nothing was changed.")
            raise SystemExit(1)
    backup = write(change, datetime.now())
    echo("Removed the file." if change.after is None else "Written.", nl=backup is None)
    if backup is not None:
        echo(f" Copy of the earlier file: {backup}")


def _print_next_steps(change: ConfigChange, server: ServerSpec) -> None:
    from b24_mcp.connect.description import TOKEN

    for name in change.left_plain:
        echo(f"{name} is in this file in plain text and was not changed: b24-mcp portals add keeps a webhook safely.")
    if change.left_plain and change.scope == "project":
        echo("Everybody with the project can read its files: create a new secret in the portal.")
    if server.url is None:
        _print_portal_steps(server.portal)
    if server.token and change.client.name != "vscode":
        echo(f"Set {TOKEN} in the environment that {change.client.title} starts in.")
    echo(change.client.check)


def _print_portal_steps(portal: str | None) -> None:
    """Print what is missing for the server to reach a portal, if anything."""
    from b24_mcp.config import SANDBOX, ConfigurationError, load_configuration
    from b24_mcp.config.settings import SettingsError

    try:
        configuration = load_configuration()
    except (ConfigurationError, SettingsError) as exc:
        echo(f"The server will not find its portal, and refuses every call: {exc}.")
        return
    echo(
        f"The server reads its settings from {_source(configuration)}. It never reads settings from a project's folder."
    )
    if portal is not None and portal not in configuration.names:
        echo(f"There is no portal {portal!r} yet: run b24-mcp portals add {portal}. Until then every call fails.")
    elif portal is None and not configuration.portals:
        shell_only = (
            "" if configuration.default == SANDBOX else " Other programs do not see a portal that is set in this shell."
        )
        echo(f"To add your portal: b24-mcp portals add NAME. Until then the sandbox portal answers.{shell_only}")


def _offer_documentation() -> None:
    """Offer to download the documentation now, if this computer has none and a person is at the terminal."""
    from b24_mcp.app.library import docs_now, languages_for
    from b24_mcp.errors import B24Error

    if not sys.stdin.isatty():
        return
    try:
        copies = docs_now()
    except B24Error:
        return  # the settings cannot be used, which was printed above
    if copies.source.is_off or copies.languages or copies.running is not None:
        return
    echo(f"The official documentation is fetched from {copies.source.name} with the first question (B24_DOCS=auto).")
    try:
        agreed = click.confirm("Fetch it now (35 MB for a language)?", default=True)
    except click.Abort:
        agreed = False
    if agreed:
        from b24_mcp.cli.docs import synchronise

        synchronise(languages_for("", []))


def _source(configuration: Configuration) -> str:
    file = configuration.env_file or user_folder("config") / ".env"
    return f"the environment that the client passes on, and from {file}"


def _redacted(text: str) -> str:
    return Redactor(value for name in _SECRETS if (value := os.environ.get(name))).redact(text)
