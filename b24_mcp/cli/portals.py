"""`b24-mcp portals`: the portals in the file, and their secrets in the keyring or a private file."""

from __future__ import annotations

import asyncio
import json
import sys

import click

from b24_mcp.cli.advice import advice
from b24_mcp.cli.login_tokens import forget_login
from b24_mcp.cli.renames import CommandGroup
from b24_mcp.cli.terminal import echo
from b24_mcp.cli.webhook_check import webhook_owner, why_not_checked
from b24_mcp.config import Configuration, ConfigurationError, PortalFile, PortalSettings, load_configuration
from b24_mcp.config.portals import check_name
from b24_mcp.config.secrets import SecretsError
from b24_mcp.config.settings import SettingsError
from b24_mcp.errors import B24Error
from b24_mcp.rest import parse_webhook
from b24_mcp.texts import for_user


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
    check: bool,
) -> None:
    """Add the portal NAME, or change it.

    \b
    b24-mcp portals add sales
    b24-mcp portals add shop --oauth https://shop.bitrix24.com --client-id local.1

    The incoming webhook is a secret, so no option takes it: type it at a hidden prompt, or send it to stdin. With
    --oauth the client secret is read the same way; then run `b24-mcp login NAME`.
    """
    options = {"address": address, "client_id": client_id, "plan": plan, "access": access, "allow": allow, "deny": deny}
    given = {key: value for key, value in options.items() if value}
    configuration = _configuration()
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
    """List the portals. A star marks the default portal."""
    configuration = _configuration()
    rows = [
        {"portal": name, "default": name == configuration.default, "opened_by": _opened_by(configuration, name)}
        for name in configuration.names
    ]
    if as_json:
        echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        echo(f"{'*' if row['default'] else ' '} {row['portal']:<20} {row['opened_by']}")


@portals.command()
@click.argument("name")
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
@click.argument("name")
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
