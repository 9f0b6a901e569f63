"""`b24-mcp portals`: the portals in the file, and their secrets where secrets are kept."""

from __future__ import annotations

import asyncio
import json
import sys

import click

from b24_mcp.cli.advice import advice
from b24_mcp.cli.login import forget
from b24_mcp.cli.terminal import echo, one_line
from b24_mcp.config import Configuration, ConfigurationError, PortalFile, PortalSettings, load_configuration
from b24_mcp.config.portals import check_name
from b24_mcp.config.secrets import SecretsError
from b24_mcp.config.settings import SettingsError
from b24_mcp.errors import B24Error
from b24_mcp.rest import Webhook, parse_webhook
from b24_mcp.secrets import Redactor


@click.group()
def portals() -> None:
    """Name several portals and choose between them.

    Their names stand in a file without secrets; webhooks are kept in the keyring of this computer, or where there is
    none in a file only you can read. A portal in the environment or in the file of settings needs none of this.
    """


@portals.command()
@click.argument("name")
@click.option("--oauth", "address", metavar="ADDRESS", help="Open it as an application at https://PORTAL, by login.")
@click.option("--client-id", metavar="ID", help="The application's client id, with --oauth.")
@click.option("--webhook-env", metavar="VARIABLE", help="Read the webhook from this variable each time.")
@click.option("--plan", type=click.Choice(["basic", "enterprise", "none"]), help="The limits to keep.")
@click.option("--access", type=click.Choice(["read", "write", "full"]), help="What may be done there.")
@click.option("--allow", multiple=True, metavar="GLOB", help="Only methods like this; may be repeated.")
@click.option("--deny", multiple=True, metavar="GLOB", help="No methods like this; may be repeated.")
@click.option("--check/--no-check", default=True, help="Ask the portal who we are before anything is written.")
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

    The incoming webhook is asked for, unseen, or read from stdin: it is a secret, so it is no option. With --oauth
    the client secret is asked for instead; then run b24-mcp login NAME.
    """
    given = {"address": address, "client_id": client_id, "plan": plan, "access": access, "allow": allow, "deny": deny}
    given = {key: value for key, value in given.items() if value}
    configuration = _configuration()
    try:
        check_name(name)
        secrets = configuration.open_secrets()
        if address or client_id:
            portal, secret = PortalSettings.model_validate(given), f"{name}.client_secret"
            value = _secret("Client secret")
        elif webhook_env:
            given |= {"webhook": "env", "webhook_env": webhook_env}
            portal, secret, value = PortalSettings.model_validate(given), "", ""
        else:
            portal, secret = PortalSettings.model_validate({"webhook": "kept", **given}), f"{name}.webhook"
            value = _secret("Incoming webhook (https://PORTAL/rest/USER/CODE/)")
            webhook = parse_webhook(value)
            if check:
                denied = _why_not_checked((*configuration.settings.deny, *deny))
                echo(f"{webhook.host}: not checked: {denied}" if denied else _who_we_are(webhook))
        if secret:
            secrets.set(secret, value)
        PortalFile(configuration.file).add(name, portal)
    except (ConfigurationError, SecretsError, B24Error, ValueError) as exc:
        raise click.ClickException(_said(exc)) from None
    echo(f"{name} is in {configuration.file}" + (f", its secret in {secrets.place}" if secret else ""))
    if portal.is_oauth:
        echo(f"Now log in: b24-mcp login {name}")


@portals.command("list")
@click.option("--json", "as_json", is_flag=True, help="As one line of JSON.")
def list_portals(as_json: bool) -> None:
    """List the portals; the one that is meant when none is named has a star."""
    configuration = _configuration()
    rows = [
        {"portal": name, "default": name == configuration.default, **_described(configuration, name)}
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
    """Forget the portal NAME, its secrets and its login."""
    configuration = _configuration()
    _known(configuration, name)
    try:
        secrets = configuration.open_secrets()
        for kind in ("webhook", "client_secret"):
            secrets.delete(f"{name}.{kind}")
        if configuration.portals[name].is_oauth:
            asyncio.run(forget(configuration, name))
        PortalFile(configuration.file).remove(name)
    except (ConfigurationError, OSError, ValueError) as exc:
        raise click.ClickException(_said(exc)) from None
    echo(f"{name} is forgotten")


@portals.command()
@click.argument("name")
def default(name: str) -> None:
    """Make NAME the portal that is meant when none is named."""
    configuration = _configuration()
    _known(configuration, name)
    try:
        PortalFile(configuration.file).make_default(name)
    except ConfigurationError as exc:
        raise click.ClickException(_said(exc)) from None
    if configuration.settings.has_portal:
        echo("The portal of the environment or the file of settings still comes first.")
    echo(f"{name} is the default")


def _configuration() -> Configuration:
    try:
        return load_configuration()
    except (ConfigurationError, SettingsError) as exc:
        raise click.ClickException(_said(exc)) from None


def _known(configuration: Configuration, name: str) -> None:
    if name not in configuration.portals:
        names = ", ".join(configuration.portals) or "none"
        raise click.ClickException(f"There is no portal {name!r} in {configuration.file}; there are: {names}.")


def _described(configuration: Configuration, name: str) -> dict[str, str]:
    portal = configuration.portals.get(name)
    if portal is None:
        return {"opened_by": "the environment" if name != "sandbox" else "this program, with invented data"}
    if portal.is_oauth:
        return {"opened_by": f"application {portal.client_id} at {portal.address}"}
    return {"opened_by": f"webhook in {portal.webhook_env}" if portal.webhook_env else "webhook"}


def _secret(prompt: str) -> str:
    """Ask a person without showing it, or read a line from a pipe."""
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True)).strip()
    return sys.stdin.readline().strip()


def _why_not_checked(deny: tuple[str, ...]) -> str | None:
    """Return why the portal is not asked who we are; None when it is. What is only not allowed does not count here.

    Raises:
        ValueError: for a glob that cannot be used.
    """
    from b24_mcp.access import AccessRules

    return AccessRules(deny=deny).why_refused("profile")


def _who_we_are(webhook: Webhook) -> str:
    """Ask the portal whose webhook this is.

    Raises:
        B24Error: when it does not say.
    """
    from b24_mcp.rest import Portal

    async def ask() -> str:
        portal = Portal(webhook)
        try:
            profile = (await portal.call("profile")).result
        finally:
            await portal.aclose()
        name = " ".join(str(profile.get(part) or "") for part in ("NAME", "LAST_NAME")).strip()
        name = one_line(name)
        return f"{webhook.host}: {name or 'user ' + str(profile.get('ID'))}" + (
            ", administrator" if profile.get("ADMIN") else ""
        )

    redactor = Redactor()
    redactor.add(webhook.code)
    return redactor.redact(asyncio.run(ask()))


def _said(exc: Exception) -> str:
    if isinstance(exc, B24Error):
        return f"{exc.fault.message} {advice(exc.fault)}"
    errors = getattr(exc, "errors", None)
    if callable(errors):  # pydantic's, whose own text would repeat what was given
        return "; ".join(str(error["msg"]).removeprefix("Value error, ") for error in errors(include_input=False))
    return str(exc)
