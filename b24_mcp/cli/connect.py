"""`b24-mcp connect` and `b24-mcp disconnect`: this server in the configuration of an MCP client."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from b24_mcp.cli.client_name import CLIENT_NAMES, ClientName
from b24_mcp.cli.terminal import echo, one_line
from b24_mcp.config.environment import ENV_FILE
from b24_mcp.secrets import Redactor
from b24_mcp.storage.folders import user_folder
from b24_mcp.texts import for_user

if TYPE_CHECKING:
    from b24_mcp.config import Configuration
    from b24_mcp.connect import Client, ConfigChange, Machine, Scope, ServerSpec

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
        click.option("--name", "named", metavar="NAME", help="Use this name for the entry instead of bitrix24."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("client", type=ClientName(), required=False)
@click.option("--all", "everyone", is_flag=True, help="Connect every client that is installed.")
@_common_options
@click.option("--http", "url", metavar="URL", help="Connect to a running server instead of starting one.")
@click.option(
    "--token/--no-token",
    default=None,
    help="With --http: whether to send B24_HTTP_TOKEN. The default is to send it to other computers only.",
)
def connect(
    client: str | None,
    everyone: bool,
    portal: str | None,
    named: str | None,
    scope: Scope,
    dry_run: bool,
    yes: bool,
    url: str | None,
    token: bool | None,
) -> None:
    """Add this server to the configuration of CLIENT.

    \b
    b24-mcp connect claude-code
    b24-mcp connect cursor --scope project
    b24-mcp connect codex --http https://mcp.example.com/mcp
    b24-mcp connect --all

    CLIENT is claude-code, cursor, codex, vscode, claude-desktop, zed, copilot, gemini or goose.

    Shows the change and asks before it is written. A copy of the file is kept beside it. No secret is written: the
    server reads its own settings, and a token is named by its environment variable. An entry of another program is
    never changed.
    """
    from b24_mcp.connect import CLIENTS, ConnectError, Machine

    if (client is None) is not everyone:
        raise click.UsageError("Name one client, or use --all.")
    machine = Machine.here()
    try:
        server = _server(scope, portal, url, token, named)
    except ConnectError as exc:
        raise click.ClickException(_redacted(str(exc))) from None
    chosen = [CLIENTS[client]] if client is not None else _installed_clients(machine, server)
    failed = False
    connected: list[ConfigChange] = []
    for one in chosen:
        try:
            connected.append(_connect(one, server, machine, dry_run=dry_run, yes=yes))
        except ConnectError as exc:
            if not everyone:
                raise click.ClickException(_redacted(str(exc))) from None
            failed = True
            echo(f"{one.title}: {_redacted(str(exc))}", err=True)
    if connected and not dry_run:
        _print_next_steps(connected, server)
        if server.url is None and not yes:
            _offer_documentation()
    if failed:
        raise SystemExit(1)


def _installed_clients(machine: Machine, server: ServerSpec) -> list[Client]:
    """Return the installed clients that can be connected in this way. The program exits with 1 without any."""
    from b24_mcp.connect import CLIENTS, is_installed

    found = [one for one in CLIENTS.values() if is_installed(one, machine)]
    possible = [one for one in found if (server.url is None or one.http) and (server.scope == "user" or one.project)]
    for one in found:
        if one not in possible:
            echo(f"{one.title} is left out: it cannot be connected in this way.")
    if not possible:
        echo(f"No client was found. Those that can be connected: {', '.join(CLIENT_NAMES)}.", err=True)
        raise SystemExit(1)
    echo(f"Found: {', '.join(one.title for one in possible)}.")
    return possible


def _connect(client: Client, server: ServerSpec, machine: Machine, *, dry_run: bool, yes: bool) -> ConfigChange:
    """Connect one client, and return the change.

    Raises:
        ConnectError: when it cannot be connected. Nothing was changed.
    """
    from b24_mcp.connect import is_installed, plan_connect

    change = plan_connect(client, server, machine)
    if change.is_empty:
        echo(f"{client.title} is connected already: nothing to change in {change.file}.")
        return change
    if server.scope == "user" and not is_installed(client, machine):
        echo(f"{client.title} does not seem to be installed: neither its program nor its folder was found.")
    if change.lost:
        echo(f"The entry {server.name} is changed. What would be lost: {', '.join(map(one_line, change.lost))}.")
    _write(change, dry_run=dry_run, yes=yes)
    return change


@click.command()
@click.argument("client", type=ClientName())
@_common_options
def disconnect(client: str, portal: str | None, named: str | None, scope: Scope, dry_run: bool, yes: bool) -> None:
    """Remove this server from the configuration of CLIENT.

    \b
    b24-mcp disconnect claude-code

    Everything else in the configuration stays unchanged.
    """
    from b24_mcp.connect import CLIENTS, ConnectError, Machine, entry_name, plan_disconnect

    try:
        change = plan_disconnect(CLIENTS[client], entry_name(portal, named), scope, Machine.here())
        if change.is_empty:
            echo(f"{change.client.title} does not know this server: nothing to change in {change.file}.")
            return
        _write(change, dry_run=dry_run, yes=yes)
    except ConnectError as exc:
        raise click.ClickException(_redacted(str(exc))) from None


def _server(scope: Scope, portal: str | None, url: str | None, token: bool | None, named: str | None) -> ServerSpec:
    from b24_mcp.connect import ServerSpec, checked_url, entry_name, is_loopback, own_launch

    entry_name(portal)
    entry_name(portal, named)
    if url is None:
        if token is not None:
            raise click.UsageError("--token and --no-token need --http.")
        launch = own_launch(scope)
        file = os.environ.get(ENV_FILE)
        if file and scope == "user":  # the entry of a project is shared, and the settings file belongs to one user
            launch = replace(launch, arguments=(*launch.arguments, "--env-file", file))
        return ServerSpec(scope=scope, launch=launch, portal=portal, named=named)
    if portal is not None:
        raise click.UsageError("--portal does not go with --http: a server over HTTP has its own portals.")
    with_token = not is_loopback(checked_url(url)) if token is None else token
    return ServerSpec(scope=scope, url=checked_url(url), token=with_token, named=named)


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
            agreed = click.confirm(for_user("Write this change?"))
        except click.Abort:
            agreed = False
            echo("\nThere is no terminal to ask at: use --yes.", err=True)
        if not agreed:
            echo(for_user("Nothing was changed."))
            raise SystemExit(1)
    backup = write(change, datetime.now())
    echo("Removed the file." if change.after is None else "Written.", nl=backup is None)
    if backup is not None:
        echo(f" Copy of the earlier file: {backup}")


def _print_next_steps(changes: Sequence[ConfigChange], server: ServerSpec) -> None:
    from b24_mcp.connect import why_not_lasting
    from b24_mcp.connect.description import TOKEN

    for change in changes:
        where = "this file" if len(changes) == 1 else str(change.file)
        for name in change.left_plain:
            echo(f"{name} is in {where} in plain text and was not changed: b24-mcp portals add keeps a webhook safely.")
        if change.left_plain and change.scope == "project":
            echo("Everybody with the project can read its files: create a new secret in the portal.")
    if server.url is None:
        if server.scope == "user" and (why := why_not_lasting()):
            echo(why)
        _print_portal_steps(server.portal)
    for change in changes:
        if server.token and change.client.name != "vscode":
            echo(f"Set {TOKEN} in the environment that {change.client.title} starts in.")
        echo(change.client.check if len(changes) == 1 else f"{change.client.title}: {change.client.check}")


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
        near = get_close_matches(portal, [name for name in configuration.names if name != SANDBOX], 2)
        meant = f"Did you mean {' or '.join(near)}? Otherwise " if near else ""
        echo(
            f"There is no portal {portal!r} yet: {meant}run b24-mcp portals add {portal}. Until then every call fails."
        )
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
        agreed = click.confirm(for_user("Fetch it now (35 MB for a language)?"), default=True)
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
