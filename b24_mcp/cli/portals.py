"""`b24-mcp portals`: the portals in the file, and their secrets in the keyring or a private file."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
from urllib.parse import urlsplit

import click

from b24_mcp.cli.advice import advice
from b24_mcp.cli.login_tokens import forget_login
from b24_mcp.cli.params import complete_portals
from b24_mcp.cli.renames import CommandGroup
from b24_mcp.cli.tables import record_lines, table_lines
from b24_mcp.cli.terminal import echo, encodable
from b24_mcp.cli.webhook_check import webhook_owner, why_not_checked
from b24_mcp.config import Configuration, ConfigurationError, PortalFile, PortalSettings, load_configuration
from b24_mcp.config.portals import ENVIRONMENT, check_name
from b24_mcp.config.secrets import SecretsError
from b24_mcp.config.settings import SettingsError
from b24_mcp.errors import B24Error
from b24_mcp.rest import parse_webhook
from b24_mcp.texts import for_user

_LEVELS = ("read", "write", "full")
_WIDE = 10_000
"""The width of a table in a pipe: nothing is cut there."""


@click.group(cls=CommandGroup)
def portals() -> None:
    """Configure several portals by name.

    The names are kept in a file without secrets. Webhooks are kept in the keyring of this computer, or, where there is
    no keyring, in a file that only you can read. A single portal needs none of this: set B24_WEBHOOK_URL.
    """


@portals.command()
@click.argument("name")
@click.option("--oauth", "address", metavar="ADDRESS", help="Address of the portal, to log in as an application.")
@click.option("--client-id", metavar="ID", help="With --oauth: the client id of the application.")
@click.option("--webhook-env", metavar="VARIABLE", help="Read the webhook from this environment variable.")
@click.option("--plan", type=click.Choice(["basic", "enterprise", "none"]), help="The rate limits to keep.")
@click.option("--access", type=click.Choice(["read", "write", "full"]), help="The access level on this portal.")
@click.option("--allow", multiple=True, metavar="GLOB", help="Allow only methods that match. Can be repeated.")
@click.option("--deny", multiple=True, metavar="GLOB", help="Deny methods that match. Can be repeated.")
@click.option("--yes", "-y", "may_replace", is_flag=True, help="Replace a portal of this name without a question.")
@click.option("--check/--no-check", default=True, help="Ask the portal whose webhook it is before anything is written.")
def add(
    name: str,
    address: str | None,
    client_id: str | None,
    webhook_env: str | None,
    plan: str | None,
    access: str | None,
    allow: tuple[str, ...],
    deny: tuple[str, ...],
    may_replace: bool,
    check: bool,
) -> None:
    """Add the portal NAME. A portal of this name is replaced after a question.

    \b
    b24-mcp portals add sales
    b24-mcp portals add shop --oauth https://shop.bitrix24.com --client-id local.1

    The incoming webhook is a secret, so no option takes it: type it at a hidden prompt, or send it to stdin. With
    --oauth the client secret is read the same way; then run `b24-mcp login NAME`.
    """
    options = {"address": address, "client_id": client_id, "plan": plan, "access": access, "allow": allow, "deny": deny}
    given = {key: value for key, value in options.items() if value}
    configuration = _configuration()
    if name in configuration.portals and not may_replace:
        _ask_to_replace(configuration, name)
    try:
        check_name(name)
        secrets = configuration.open_secrets()
        if address or client_id:
            portal, secret = PortalSettings.model_validate(given), f"{name}.client_secret"
            value = _read_secret("Client secret")
        elif webhook_env:
            given |= {"webhook": "env", "webhook_env": webhook_env}
            portal, secret, value = PortalSettings.model_validate(given), "", ""
        else:
            portal, secret = PortalSettings.model_validate({"webhook": "kept", **given}), f"{name}.webhook"
            value = _read_secret("Incoming webhook (https://PORTAL/rest/USER/CODE/)")
            webhook = parse_webhook(value)
            if check:
                denied = why_not_checked((*configuration.settings.deny, *deny))
                echo(f"{webhook.host}: not checked: {denied}" if denied else webhook_owner(webhook))
        if secret:
            secrets.set(secret, value)
        PortalFile(configuration.file).add(name, portal)
    except (ConfigurationError, SecretsError, B24Error, ValueError) as exc:
        raise click.ClickException(_message(exc)) from None
    echo(f"{name} is in {configuration.file}" + (f", its secret in {secrets.place}" if secret else ""))
    if portal.is_oauth:
        echo(f"Now log in: b24-mcp login {name}")


@portals.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def list_portals(as_json: bool) -> None:
    """List the portals with their host, access level and plan. A star marks the default portal."""
    configuration = _configuration()
    hosts = _hosts(configuration)
    rows = [
        {
            "portal": name,
            "default": name == configuration.default,
            "host": hosts.get(name),
            "access": _access(configuration, name),
            "plan": _plan(configuration, name),
            "opened_by": _opened_by(configuration, name),
        }
        for name in configuration.names
    ]
    if as_json:
        echo(encodable(json.dumps(rows, ensure_ascii=False), sys.stdout.encoding, signs=False))
        return
    columns = ["", "portal", "host", "access", "plan", "opened by"]
    cells = [["*" if row["default"] else " ", row["portal"], *list(row.values())[2:]] for row in rows]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE
    for line in table_lines(columns, cells, width) or record_lines(["default", *columns[1:]], cells):
        echo(line)


@portals.command()
@click.argument("name", shell_complete=complete_portals)
def remove(name: str) -> None:
    """Remove the portal NAME with its secrets and its login."""
    configuration = _configuration()
    _check_exists(configuration, name)
    try:
        secrets = configuration.open_secrets()
        for kind in ("webhook", "client_secret"):
            secrets.delete(f"{name}.{kind}")
        if configuration.portals[name].is_oauth:
            asyncio.run(forget_login(configuration, name))
        PortalFile(configuration.file).remove(name)
    except (ConfigurationError, OSError, ValueError) as exc:
        raise click.ClickException(_message(exc)) from None
    echo(f"{name} is removed")


@portals.command()
@click.argument("name", shell_complete=complete_portals)
def default(name: str) -> None:
    """Make NAME the default portal.

    The default portal is used when no portal is named.
    """
    configuration = _configuration()
    _check_exists(configuration, name)
    try:
        PortalFile(configuration.file).make_default(name)
    except ConfigurationError as exc:
        raise click.ClickException(_message(exc)) from None
    if configuration.settings.has_portal:
        echo("The portal of the environment or of the settings file still comes first.")
    echo(f"{name} is the default")


def _configuration() -> Configuration:
    try:
        return load_configuration()
    except (ConfigurationError, SettingsError) as exc:
        raise click.ClickException(_message(exc)) from None


def _check_exists(configuration: Configuration, name: str) -> None:
    if name not in configuration.portals:
        names = ", ".join(configuration.portals) or "none"
        raise click.ClickException(f"There is no portal {name!r} in {configuration.file}; configured: {names}.")


def _ask_to_replace(configuration: Configuration, name: str) -> None:
    """Ask whether a portal may be replaced.

    Raises:
        click.ClickException: without a terminal to ask at, or when the answer is no.
    """
    what = f"{name} exists already ({_opened_by(configuration, name)})."
    if not sys.stdin.isatty():
        raise click.ClickException(f"{what} Nothing was changed. Add --yes to replace it, or choose another name.")
    if not click.confirm(f"{what} Replace it?", default=False):
        raise click.ClickException("Nothing was changed.")


def _hosts(configuration: Configuration) -> dict[str, str]:
    """Return the host of each portal whose address is known. The host of a webhook is in the store of secrets."""
    portals, settings = configuration.portals, configuration.settings
    found = {name: urlsplit(one.address).netloc for name, one in portals.items() if one.address}
    if settings.portal is not None:
        found[ENVIRONMENT] = urlsplit(settings.portal).netloc
    hooks = {name: os.environ.get(one.webhook_env, "") for name, one in portals.items() if one.webhook_env}
    try:
        kept = [name for name, one in portals.items() if one.webhook == "kept"]
        secrets = configuration.open_secrets() if kept else None
        hooks |= {name: secrets.get(f"{name}.webhook") or "" for name in kept} if secrets is not None else {}
    except (SecretsError, ConfigurationError):
        pass  # a closed keyring hides hosts, not the list
    if (webhook := settings.webhook_url) is not None:
        hooks[ENVIRONMENT] = webhook.get_secret_value()
    for name, address in hooks.items():
        with contextlib.suppress(B24Error):
            found[name] = parse_webhook(address).host
    return found


def _access(configuration: Configuration, name: str) -> str:
    """Return the access level that holds on a portal: the lower of its own and the one of the settings."""
    portal = configuration.portals.get(name)
    levels = [configuration.settings.access, *([portal.access] if portal is not None and portal.access else [])]
    return min(levels, key=_LEVELS.index)


def _plan(configuration: Configuration, name: str) -> str:
    portal = configuration.portals.get(name)
    return (portal.plan if portal is not None else None) or configuration.settings.plan


def _opened_by(configuration: Configuration, name: str) -> str:
    portal = configuration.portals.get(name)
    if portal is None:
        return "the environment" if name != "sandbox" else "this program, with invented data"
    if portal.is_oauth:
        return f"application {portal.client_id} at {portal.address}"
    return f"webhook in {portal.webhook_env}" if portal.webhook_env else "webhook"


def _read_secret(prompt: str) -> str:
    """Return a secret typed at a hidden prompt, or one line of stdin when it is not a terminal."""
    if sys.stdin.isatty():
        return str(click.prompt(for_user(prompt), hide_input=True)).strip()
    return sys.stdin.readline().strip()


def _message(exc: Exception) -> str:
    if isinstance(exc, B24Error):
        return f"{exc.fault.message} {advice(exc.fault)}"
    errors = getattr(exc, "errors", None)
    if callable(errors):  # a ValidationError of pydantic, whose own text would repeat the input
        return "; ".join(str(error["msg"]).removeprefix("Value error, ") for error in errors(include_input=False))
    return str(exc)
